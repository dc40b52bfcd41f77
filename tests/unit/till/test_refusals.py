"""What the cashier reads when something is not done: in the till's own language, whatever it is."""

import ast
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from edge_agent import till
from edge_agent.domain.basket import EntryMode, PresentedCard, ReturnedLine
from edge_agent.domain.member import Standing
from edge_agent.domain.programme.texts import LANGUAGES
from edge_agent.errors import OverReturn, Refused, UnknownCard
from edge_agent.ledger.reservations import ReservationState
from edge_agent.till.authority import RESERVED_FOR
from edge_agent.till.present import AT_TILL
from edge_agent.till.redeem import Wish
from edge_agent.till.refusals import OF_STANDING, OF_STATE, Refusal
from tests.tills import JAN, Shop, jan, milk, open_shop, sale, scanned

FOLDER = Path(till.__file__).parent
CASHIER_READS = {"Refused", "UnknownCard", "OverReturn", "PaymentCard"}
"""The errors whose words a cashier can act on; the others are for whoever built the POS."""


def wish(redemption_id: str = "R1", **more: object) -> Wish:
    return Wish(redemption_id, **{"card": scanned(JAN), "reward": "coffee", **more})  # type: ignore[arg-type]


def opened(folder: Path, language: str, **member: Standing) -> Shop:
    shop = open_shop(folder, language=language)
    shop.confirm(jan(300, **member))
    return shop


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nl", "met een getypt nummer kan niet worden ingewisseld; scan de kaart"),
        ("en", "a typed number redeems nothing; scan the card"),
        ("de", "mit einer getippten Nummer wird nichts eingelöst; die Karte scannen"),
        ("fr", "un numéro saisi ne permet pas d’utiliser de points ; scannez la carte"),
    ],
)
def test_a_typed_number_is_refused_in_the_tills_language(
    tmp_path: Path, language: str, said: str
) -> None:
    shop = opened(tmp_path, language)
    with pytest.raises(Refused) as caught:
        shop.till.reserve(wish(card=PresentedCard(JAN, EntryMode.KEYED)))
    assert caught.value.detail == said
    shop.close()


@pytest.mark.parametrize(
    ("standing", "said"),
    [(Standing.BLOCKED, "diese Karte ist gesperrt"), (Standing.ERASED, "wurde gelöscht")],
)
def test_an_account_that_cannot_be_used_says_which_it_is(
    tmp_path: Path, standing: Standing, said: str
) -> None:
    shop = opened(tmp_path, "de", standing=standing)
    with pytest.raises(Refused, match=said):
        shop.till.reserve(wish())
    shop.close()


def test_what_lapsed_was_used_or_let_go_says_so_of_that_redemption(tmp_path: Path) -> None:
    shop = opened(tmp_path, "fr")
    for redemption_id in ("R1", "R2", "R3"):
        shop.till.reserve(wish(redemption_id))
    shop.till.commit("R1")
    shop.till.cancel("R2")
    shop.system.at += RESERVED_FOR + timedelta(seconds=1)
    for redemption_id, said in (
        ("R1", "cette utilisation a déjà servi ; le retour de l’achat la rend"),
        ("R2", "l’utilisation R2 a été annulée"),
        ("R3", "l’utilisation R3 est périmée ; recommencez"),
    ):
        with pytest.raises(Refused) as caught:
            (shop.till.cancel if redemption_id == "R1" else shop.till.commit)(redemption_id)
        assert caught.value.detail == said
    shop.close()


def test_at_the_till_nobody_a_strange_card_and_too_much_brought_back(tmp_path: Path) -> None:
    shop = opened(tmp_path, "nl")
    with pytest.raises(Refused, match="er is niemand aan de kassa; scan eerst de kaart"):
        shop.till.print_slip(AT_TILL)
    with pytest.raises(UnknownCard, match="dit is geen kaart van deze winkel"):
        shop.till.identify(scanned("123456"))
    shop.till.sell(sale("S", milk(amount=258)))
    with pytest.raises(OverReturn, match="er komt meer terug dan er is gekocht"):
        shop.till.give_back("S", "B", (ReturnedLine(1, Decimal(9)),), None)
    shop.close()


def test_every_account_and_redemption_that_cannot_be_used_has_its_words() -> None:
    assert set(OF_STANDING) == set(Standing) - {Standing.KNOWN}
    assert set(OF_STATE) == set(ReservationState) - {ReservationState.RESERVED}
    for each in Refusal:
        said = {
            each.in_words(language, redemption="R", sale="S", left="9") for language in LANGUAGES
        }
        assert len(said) == len(LANGUAGES), each


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_no_words_for_the_cashier_are_written_in_one_language_only(path: Path) -> None:
    calls = (each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.Call))
    written = [
        ast.unparse(call)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in CASHIER_READS
        for part in ast.walk(call.args[0])
        if isinstance(part, ast.Constant)
        and isinstance(part.value, str)
        and " " in part.value.strip(": ")
    ]
    assert written == []

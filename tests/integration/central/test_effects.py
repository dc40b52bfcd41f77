"""Draws can be audited, and offers with a control group compared, from what the records say."""

from collections.abc import Mapping

import pytest

from edge_agent.domain.draws import draw_from, draw_key
from edge_agent.domain.programme.offers import HELD_OUT, SHOWN
from edge_agent.domain.programme.surprises import Drawn
from edge_agent.domain.programme.unmet import Obstacle
from edge_agent.domain.record import RecordKind
from sync.central.central import Central
from sync.central.keys import card_key
from tests.central import Till, settings_in
from tests.integration.central.looking import states

CARDS = {"ref-1": "2912345678906", "ref-2": "2912345678913"}


def sale(
    till: Till, sale_id: str, notes: Mapping[str, str], ref: str = "ref-1", paid: int = 1000
) -> None:
    till.append(
        RecordKind.SALE,
        {
            "programme": None,
            "sale": {"sale_id": sale_id},
            "facts": {"account": ref, "standing": "unknown"},
            "basket": {"lines": [], "total": {"amount": paid + 50, "currency": "EUR"}},
            "reductions": [{"line": 1, "amount": 50, "rule": "offer"}],
            "notes": dict(notes),
            "entries": [],
        },
        {"card": {"code": CARDS[ref], "entry": "scanned"}},
    )


@pytest.fixture
def key(central: Central, tmp_path: object) -> bytes:
    """The key of the draws of this central's terminals."""
    return draw_key(card_key(settings_in(tmp_path).data))  # type: ignore[arg-type]


def test_draws_are_counted_and_each_is_worked_out_again(
    central: Central, till: Till, key: bytes
) -> None:
    def number(sale_id: str) -> int:
        return draw_from(key, "0412", "03", sale_id)("joy")

    notes = {
        "s-1": Drawn(number("s-1"), 20),
        "s-2": Drawn(number("s-2"), 20, "coffee"),
        "s-3": Drawn(number("s-3"), 20, "coffee", Obstacle.USED_UP),
        "s-4": Drawn(number("s-4") ^ 1, 20, "cake"),
    }
    for sale_id, drawn in notes.items():
        sale(till, sale_id, {"joy": drawn.note()})
    central.push(till.message())
    central.push(till.message())
    (report,) = central.effects.draws()
    assert (report["rule"], report["one_in"], report["draws"], report["won"]) == ("joy", 20, 4, 2)
    assert report["prizes"] == {"coffee": 1, "cake": 1}
    assert report["kept_back"] == {Obstacle.USED_UP.value: 1}
    assert [(each["terminal"], each["sale_id"]) for each in report["wrong"]] == [("0412/03", "s-4")]


def test_an_offer_shown_is_set_against_the_same_offer_held_out(
    central: Central, till: Till
) -> None:
    sale(till, "s-1", {"cheese": SHOWN}, paid=1000)
    sale(till, "s-2", {"cheese": SHOWN, "other": "paid by partner"}, paid=2000)
    sale(till, "s-3", {"cheese": HELD_OUT}, "ref-2", paid=500)
    central.push(till.message())
    assert central.effects.offers() == [
        {
            "rule": "cheese",
            "shown": {"members": 1, "sales": 2, "paid": 3000},
            "held_out": {"members": 1, "sales": 1, "paid": 500},
        }
    ]


def test_a_note_that_nobody_reads_costs_no_sale(central: Central, till: Till) -> None:
    sale(till, "s-1", {"q": "screen receipt", "joy": "drew nonsense"})
    central.push(till.message())
    assert states(central) == [(1, "accepted", None)]
    assert (central.effects.draws(), central.effects.offers()) == ([], [])

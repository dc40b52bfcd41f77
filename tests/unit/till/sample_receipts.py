"""The sample receipts: one shop, one member, every case that the paper has to get right."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from edge_agent.domain.balance import Balance, Expiring
from edge_agent.domain.member import Standing
from edge_agent.till.receipt import compose
from edge_agent.till.receipt_facts import (
    Change,
    MemberShown,
    NextReward,
    ReceiptFacts,
    ReceiptKind,
    ReceiptTexts,
    sale_reference,
)
from edge_agent.till.receipt_layout import plain
from edge_agent.till.receipt_texts import Language, UnitName

GOLDEN: Final = Path(__file__).parents[2] / "data" / "receipts"
WIDTHS: Final = (32, 42, 48)

AT: Final = datetime(2026, 11, 21, 13, 3, 11, tzinfo=UTC)
"""14:03 in Amsterdam."""


def plain_lines(facts: ReceiptFacts, columns: int) -> list[str]:
    """What `receipt.lines` of an answer has for these facts."""
    document = compose(facts, columns)
    return [] if document is None else plain(document, columns)


YESTERDAY: Final = datetime(2026, 11, 20, 17, 48, 2, tzinfo=UTC)

SALE_ID: Final = "0412-03-20261121-000173"

UNITS: Final[Mapping[Language, Mapping[str, UnitName]]] = {
    Language.NL: {"points": UnitName("punt", "punten"), "coffee": UnitName("zegel", "zegels")},
    Language.EN: {"points": UnitName("point", "points"), "coffee": UnitName("stamp", "stamps")},
    Language.DE: {
        "points": UnitName("Punkt", "Punkte"),
        "coffee": UnitName("Stempel", "Stempel"),
    },
    Language.FR: {"points": UnitName("point", "points"), "coffee": UnitName("timbre", "timbres")},
}

BASE_WHY: Final = {
    Language.NL: "1 punt per hele euro",
    Language.EN: "1 point per whole euro",
    Language.DE: "1 Punkt je voller Euro",
    Language.FR: "1 point par euro entier",
}
BONUS_WHY: Final = {
    Language.NL: "dubbele punten op zuivel van Zuiver",
    Language.EN: "double points on dairy from Zuiver",
    Language.DE: "doppelte Punkte auf Milchprodukte von Zuiver",
    Language.FR: "points doublés sur les produits laitiers Zuiver",
}
EXTRA_WHY: Final = {
    Language.NL: "extra op zaterdag",
    Language.EN: "Saturday extra",
    Language.DE: "Extra am Samstag",
    Language.FR: "extra du samedi",
}
GREETING: Final = {
    Language.NL: "Fijn dat u er weer was!",
    Language.EN: "Good to see you again!",
    Language.DE: "Schön, dass Sie wieder da waren!",
    Language.FR: "Au plaisir de vous revoir !",
}
FOOTER: Final = {
    Language.NL: "Vragen over uw punten? Kom naar de servicebalie.",
    Language.EN: "Questions about your points? Ask at the service desk.",
    Language.DE: "Fragen zu Ihren Punkten? Besuchen Sie den Serviceschalter.",
    Language.FR: "Une question sur vos points ? Rendez-vous à l'accueil.",
}


def sale(language: Language) -> ReceiptFacts:
    """A sale with two bonuses; the member's figures are fresh."""
    return ReceiptFacts(
        kind=ReceiptKind.SALE,
        language=language,
        programme="Zuiver Spaarplan",
        terminal="Zuiver Markt Utrecht, kassa 03"
        if language is Language.NL
        else "Zuiver Markt Utrecht, 03",
        at=AT,
        time_zone=ZoneInfo("Europe/Amsterdam"),
        sale_id=SALE_ID,
        member=MemberShown(card="*********8906", name="Anna"),
        changes=(
            Change("points", 38, BASE_WHY[language]),
            Change("points", 12, BONUS_WHY[language], bonus=True),
            Change("points", 5, EXTRA_WHY[language], bonus=True),
        ),
        balances={"points": Balance(confirmed=1_363, unconfirmed=55, as_of=AT)},
        expiring=Expiring("points", 120, date(2027, 11, 30)),
        next_reward=NextReward("", "points", have=1_418, cost=1_500, value=500),
        reference=sale_reference("0412", "03", SALE_ID),
        unit_names=UNITS[language],
        texts=ReceiptTexts(greeting=GREETING[language], footer=FOOTER[language]),
    )


def offline(language: Language) -> ReceiptFacts:
    """Central has been away for a day: unconfirmed points of more than this sale, and the time of the balance."""
    return replace(
        sale(language),
        balances={
            "points": Balance(confirmed=1_308, unconfirmed=110, maturing=40, as_of=YESTERDAY)
        },
        fresh=False,
        offline=True,
        excluded=True,
    )


def stamps(language: Language) -> ReceiptFacts:
    """Two units, the reward reached, a title of the programme's own."""
    return replace(
        sale(language),
        changes=(
            Change("points", 1, BASE_WHY[language]),
            Change("coffee", 1, "cappuccino", bonus=True),
        ),
        balances={
            "points": Balance(confirmed=1_234_567, unconfirmed=1, as_of=AT),
            "coffee": Balance(confirmed=9, unconfirmed=1, as_of=AT),
        },
        next_reward=NextReward("Cappuccino", "coffee", have=10, cost=10, value=250, usable=False),
    )


def returned(language: Language) -> ReceiptFacts:
    """A part of the sale comes back the next day."""
    return replace(
        sale(language),
        kind=ReceiptKind.RETURN,
        at=datetime(2026, 11, 22, 9, 15, tzinfo=UTC),
        changes=(
            Change("points", -6, BASE_WHY[language]),
            Change("points", -6, BONUS_WHY[language], bonus=True),
        ),
        balances={"points": Balance(confirmed=1_418, unconfirmed=-12, as_of=AT)},
        next_reward=NextReward("", "points", have=1_406, cost=1_500, value=500),
        texts=ReceiptTexts(footer=FOOTER[language]),
    )


def returned_unknown_sale(language: Language) -> ReceiptFacts:
    """A return of a sale that this till does not know."""
    return replace(
        returned(language),
        changes=(),
        awaiting_original=True,
        balances={"points": Balance(confirmed=1_418, as_of=AT)},
    )


def voided(language: Language) -> ReceiptFacts:
    """The whole sale is taken back."""
    return replace(
        sale(language),
        kind=ReceiptKind.VOID,
        changes=tuple(replace(c, quantity=-c.quantity) for c in sale(language).changes),
        balances={"points": Balance(confirmed=1_363, as_of=AT)},
        next_reward=NextReward("", "points", have=1_363, cost=1_500, value=500),
    )


def unknown_card(language: Language) -> ReceiptFacts:
    """A well-formed card that central has not told of: earns, has no balance yet."""
    return replace(
        sale(language),
        member=MemberShown(card="*********8906", standing=Standing.UNKNOWN),
        balances={"points": Balance(unconfirmed=55)},
        expiring=None,
        next_reward=None,
    )


def refused_card(language: Language) -> ReceiptFacts:
    """A blocked card: nothing earned, no balance."""
    return replace(
        sale(language),
        member=MemberShown(card="*********8906", standing=Standing.BLOCKED),
        changes=(),
        balances={},
        expiring=None,
        next_reward=None,
    )


def copy(language: Language) -> ReceiptFacts:
    """The sale printed once more."""
    return replace(sale(language), copy=True)


def training(language: Language) -> ReceiptFacts:
    """A sale for practice."""
    return replace(sale(language), training=True, reference="")


def slip(language: Language) -> ReceiptFacts:
    """A balance slip, with central away."""
    return replace(
        sale(language),
        kind=ReceiptKind.SLIP,
        sale_id="",
        changes=(),
        balances={"points": Balance(confirmed=1_363, held=55, as_of=YESTERDAY)},
        next_reward=NextReward("", "points", have=1_363, cost=1_500, value=500),
        fresh=False,
        offline=True,
        reference="",
        texts=ReceiptTexts(footer=FOOTER[language]),
    )


def no_card(language: Language) -> ReceiptFacts:
    """A customer without a card, the built-in invitation."""
    return replace(
        sale(language),
        member=None,
        changes=(),
        balances={},
        expiring=None,
        next_reward=None,
        texts=ReceiptTexts(),
    )


CASES: Final[Mapping[str, Callable[[Language], ReceiptFacts]]] = {
    "sale": sale,
    "offline": offline,
    "stamps": stamps,
    "return": returned,
    "return-of-unknown-sale": returned_unknown_sale,
    "void": voided,
    "unknown-card": unknown_card,
    "refused-card": refused_card,
    "copy": copy,
    "training": training,
    "slip": slip,
    "no-card": no_card,
}


def golden_path(language: Language, columns: int, case: str) -> Path:
    """Where the golden text of one case lies."""
    return GOLDEN / f"{language}-{columns}" / f"{case}.txt"


def rendered(language: Language, columns: int, case: str) -> str:
    """One case as text, a line break after every line."""
    return "".join(f"{line}\n" for line in plain_lines(CASES[case](language), columns))

"""The sample receipts: one shop, one member, every case that the paper has to get right."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from edge_agent.domain.balance import Balance
from edge_agent.domain.member import Standing
from edge_agent.till.receipt import compose
from edge_agent.till.receipt_facts import (
    Change,
    Dated,
    MemberShown,
    NextReward,
    QuestionShown,
    ReceiptFacts,
    ReceiptKind,
    ReceiptTexts,
    Refund,
    Running,
    Saving,
    StampCard,
    TierShown,
    VoucherShown,
    Won,
    sale_reference,
)
from edge_agent.till.receipt_layout import plain
from edge_agent.till.receipt_texts import Language, UnitName
from tests.unit.till.sample_texts import (
    AHEAD,
    ASKED,
    BASE_WHY,
    BIRTHDAY,
    BONUS_WHY,
    BREAD,
    CHEESE,
    COFFEE,
    COFFEE_CARD,
    EXTRA_WHY,
    FISH,
    FIVE_EURO,
    FOOTER,
    FOR_RETURNS,
    GOLD,
    GREETING,
    LUCK,
    NEWS,
    PLUS,
    PRIZE,
    TAKEN,
    UNITS,
)

GOLDEN: Final = Path(__file__).parents[2] / "data" / "receipts"
WIDTHS: Final = (32, 42, 48)

AT: Final = datetime(2026, 11, 21, 13, 3, 11, tzinfo=UTC)
"""14:03 in Amsterdam."""


def plain_lines(facts: ReceiptFacts, columns: int) -> list[str]:
    """What `receipt.lines` of an answer has for these facts."""
    document = compose(facts, columns)
    return [] if document is None else plain(document, columns)


NEXT_DAY: Final = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
YESTERDAY: Final = datetime(2026, 11, 20, 17, 48, 2, tzinfo=UTC)

SALE_ID: Final = "0412-03-20261121-000173"


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
        member=MemberShown(card="*********8906"),
        changes=(
            Change("points", 38, BASE_WHY[language]),
            Change("points", 12, BONUS_WHY[language], bonus=True),
            Change("points", 5, EXTRA_WHY[language], bonus=True),
        ),
        balances={"points": Balance(confirmed=1_363, unconfirmed=55, as_of=AT)},
        expiring=(Dated("points", 120, date(2027, 11, 30)),),
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
        at=NEXT_DAY,
        changes=(
            Change("points", -6, BASE_WHY[language]),
            Change("points", -6, BONUS_WHY[language], bonus=True),
        ),
        balances={"points": Balance(confirmed=1_418, unconfirmed=-12, as_of=NEXT_DAY)},
        next_reward=NextReward("", "points", have=1_406, cost=1_500, value=500),
        texts=ReceiptTexts(footer=FOOTER[language]),
    )


def returned_unknown_sale(language: Language) -> ReceiptFacts:
    """A return of a sale that this till does not know."""
    return replace(
        returned(language),
        changes=(),
        awaiting_original=True,
        balances={"points": Balance(confirmed=1_418, as_of=NEXT_DAY)},
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
        expiring=(),
        next_reward=None,
    )


def refused_card(language: Language) -> ReceiptFacts:
    """A blocked card: nothing earned, no balance."""
    return replace(
        sale(language),
        member=MemberShown(card="*********8906", standing=Standing.BLOCKED),
        changes=(),
        balances={},
        expiring=(),
        next_reward=None,
    )


def copy(language: Language) -> ReceiptFacts:
    """The sale printed once more."""
    return replace(sale(language), copy=True)


def unworked(language: Language) -> ReceiptFacts:
    """A copy of a sale that the rules failed on: nothing is known of its points."""
    return replace(
        refused_card(language), member=sale(language).member, not_worked_out=True, copy=True
    )


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
        expiring=(),
        next_reward=None,
        texts=ReceiptTexts(),
    )


def rewarded(language: Language) -> ReceiptFacts:
    """Points are used, an offer applies, what was earned can be used once goods cannot come back any more."""
    return replace(
        sale(language),
        changes=(Change("points", 23, BASE_WHY[language]),),
        spent=(Change("points", -500, FIVE_EURO[language]),),
        savings=(Saving(CHEESE[language], 125), Saving(FIVE_EURO[language], 500)),
        balances={"points": Balance(confirmed=1_363, unconfirmed=-500, maturing=63, as_of=AT)},
        pending=(Dated("points", 40, date(2026, 12, 1)), Dated("points", 23, date(2026, 12, 5))),
        expiring=(Dated("points", 120, date(2026, 12, 31), soon=True),),
        next_reward=NextReward("", "points", have=863, cost=1_000, value=500),
    )


def coffee_card(language: Language) -> ReceiptFacts:
    """A coffee bar: the card was filled, a cup lies ready and half a stamp is on the next card."""
    unit = UnitName(UNITS[language]["coffee"].one, UNITS[language]["coffee"].other, 1)
    return replace(
        sale(language),
        changes=(Change("coffee", 15, COFFEE_CARD[language]),),
        spent=(Change("coffee", -100, COFFEE_CARD[language]),),
        balances={"coffee": Balance(confirmed=90, unconfirmed=-85, as_of=AT)},
        expiring=(),
        stamps=(StampCard(COFFEE_CARD[language], "coffee", 5, 100, COFFEE[language]),),
        ready=(COFFEE[language],),
        next_reward=None,
        unit_names={"coffee": unit},
    )


def everything(language: Language) -> ReceiptFacts:
    """A sale at which every block has something to say."""
    address = "https://zuiver.example/a/0412/03/0412-03-20261121-000173/visit"
    return replace(
        rewarded(language),
        stamps=(StampCard(COFFEE_CARD[language], "coffee", 7, 10, COFFEE[language]),),
        balances={
            "points": Balance(confirmed=1_363, unconfirmed=-500, maturing=63, as_of=AT),
            "coffee": Balance(confirmed=6, unconfirmed=1, as_of=AT),
        },
        tier=TierShown(GOLD[language], ahead=AHEAD[language]),
        memberships=(Running(PLUS[language], date(2026, 12, 31)),),
        challenges=(FISH[language],),
        ready=(COFFEE[language],),
        vouchers=(
            VoucherShown(
                BIRTHDAY[language],
                500,
                begins=date(2026, 11, 22),
                until=date(2027, 1, 31),
                code="V1-" + "-".join(["0123A", "BCD45"] * 13),
            ),
            VoucherShown(BREAD[language], None, uses=2, until=date(2026, 12, 24)),
        ),
        offers=(Running(CHEESE[language], date(2026, 11, 28)),),
        question=QuestionShown(ASKED[language], address),
        surprises=(Won(LUCK[language], PRIZE[language]),),
        messages=(NEWS[language],),
        offline=True,
    )


def returned_reward(language: Language) -> ReceiptFacts:
    """Goods come back that points were used for; what is missing of a bonus is off the refund."""
    return replace(
        returned(language),
        spent=(Change("points", 200, FOR_RETURNS[language]),),
        taken=(TAKEN[language],),
        refund=Refund(350, 25),
        balances={"points": Balance(confirmed=1_418, unconfirmed=188, as_of=NEXT_DAY)},
        next_reward=NextReward("", "points", have=1_606, cost=2_000, value=500),
    )


def slip_ahead(language: Language) -> ReceiptFacts:
    """A balance slip of a member with a tier, a card, a membership and a challenge."""
    full = everything(language)
    return replace(
        slip(language),
        offline=False,
        fresh=True,
        balances=full.balances,
        pending=full.pending,
        expiring=full.expiring,
        stamps=full.stamps,
        tier=full.tier,
        memberships=full.memberships,
        challenges=full.challenges,
        ready=full.ready,
        offers=full.offers,
        next_reward=full.next_reward,
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
    "unworked": unworked,
    "copy": copy,
    "training": training,
    "slip": slip,
    "no-card": no_card,
    "rewarded": rewarded,
    "coffee-card": coffee_card,
    "everything": everything,
    "return-of-reward": returned_reward,
    "slip-ahead": slip_ahead,
}


def golden_path(language: Language, columns: int, case: str) -> Path:
    """Where the golden text of one case lies."""
    return GOLDEN / f"{language}-{columns}" / f"{case}.txt"


def rendered(language: Language, columns: int, case: str) -> str:
    """One case as text, a line break after every line."""
    return "".join(f"{line}\n" for line in plain_lines(CASES[case](language), columns))

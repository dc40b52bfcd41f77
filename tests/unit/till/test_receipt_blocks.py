"""Block by block: what each prints, and what it leaves out."""

from dataclasses import replace
from datetime import date

import pytest

from drivers.document import QrCode, Text
from edge_agent.domain.balance import Balance
from edge_agent.domain.member import Standing
from edge_agent.domain.programme.receipt import ReceiptBlock
from edge_agent.till.receipt import compose
from edge_agent.till.receipt_facts import (
    Change,
    Dated,
    MemberShown,
    NextReward,
    QuestionShown,
    ReceiptFacts,
    ReceiptKind,
    Refund,
    Running,
    Saving,
    StampCard,
    TierShown,
    VoucherShown,
    Won,
)
from edge_agent.till.receipt_texts import Language, UnitName
from tests.unit.till.sample_receipts import AT, everything, no_card, plain_lines, returned, sale

NL = Language.NL
B = ReceiptBlock
DEC = date(2026, 12, 1)


def block(of: ReceiptBlock, **facts: object) -> list[str]:
    """What one block prints of a sale of which nothing else is said, runs of spaces as one."""
    bare = replace(sale(NL), changes=(), balances={}, expiring=(), next_reward=None)
    return lines_of(of, replace(bare, **facts))  # type: ignore[arg-type]  # names of the facts


def lines_of(of: ReceiptBlock, facts: ReceiptFacts) -> list[str]:
    lines = plain_lines(replace(facts, layout=(of,)), 48)
    rules = [at for at, line in enumerate(lines) if set(line) == {"-"}]
    return [" ".join(line.split()) for line in lines[rules[1] + 1 :]] if len(rules) > 1 else []


@pytest.mark.parametrize("of", [block for block in B if block not in {B.GREETING, B.FOOTER}])
def test_a_block_that_has_nothing_to_say_says_nothing(of: ReceiptBlock) -> None:
    nothing = replace(
        sale(NL),
        member=MemberShown("*********8906", standing=Standing.KNOWN),
        changes=(),
        balances={},
        expiring=(),
        next_reward=None,
        unit_names={},
    )
    assert lines_of(of, nothing) == []


def test_what_was_used_stands_apart_from_what_was_earned() -> None:
    spent = (Change("points", -500, "5 euro korting"), Change("points", -60, "koffie"))
    assert block(B.SPENT, spent=spent) == [
        "Ingewisseld -560 punten",
        "5 euro korting -500",
        "koffie -60",
    ]


def test_what_was_saved_adds_up_in_euro_and_cents() -> None:
    saved = (Saving("20 % korting op kaas", 125), Saving("5 euro korting", 500))
    assert block(B.SAVINGS, savings=saved) == [
        "Uw voordeel € 6,25",
        "20 % korting op kaas € 1,25",
        "5 euro korting € 5,00",
    ]


def test_beyond_forty_savings_the_rest_is_summed_up() -> None:
    lines = block(B.SAVINGS, savings=tuple(Saving(f"actie {n}", 10) for n in range(43)))
    assert (lines[0], len(lines), lines[-1]) == ("Uw voordeel € 4,30", 42, "... € 0,30")


@pytest.mark.parametrize(
    ("refund", "lines"),
    [
        (Refund(350), ["Terug te betalen € 3,50"]),
        (Refund(350, 25), ["Terug te betalen € 3,50", "al ingehouden € 0,25"]),
        (Refund(0, 25), ["Terug te betalen € 0,00", "al ingehouden € 0,25"]),
        (Refund(0), []),
    ],
)
def test_a_return_says_what_is_paid_back_and_what_was_deducted(
    refund: Refund, lines: list[str]
) -> None:
    assert lines_of(B.SAVINGS, replace(returned(NL), refund=refund)) == lines


def test_a_return_says_what_else_was_taken_and_given_back() -> None:
    facts = replace(
        returned(NL),
        changes=(Change("points", -6, "1 punt per hele euro"),),
        taken=("bon terugkombon: € 2,50", "niveau Goud"),
        spent=(Change("points", 200, "5 euro korting"),),
        restored=("bon verjaardag: € 5,00",),
    )
    assert lines_of(B.EARNED, facts) == [
        "Afgeboekt bij deze retour -6 punten",
        "1 punt per hele euro -6",
        "Vervallen: bon terugkombon: € 2,50",
        "Vervallen: niveau Goud",
    ]
    assert lines_of(B.SPENT, facts) == [
        "Teruggegeven bij deze retour 200 punten",
        "5 euro korting 200",
        "Terug op uw kaart: bon verjaardag: € 5,00",
    ]


# --- Balance: never the same figure twice --------------------------------------------------------------------------

NAMES = {"points": UnitName("punt", "punten"), "coffee": UnitName("zegel", "zegels")}


def balance(layout: tuple[ReceiptBlock, ...], **facts: object) -> str:
    bare = replace(sale(NL), changes=(), expiring=(), next_reward=None, unit_names=NAMES)
    shown = replace(bare, **facts, layout=layout)  # type: ignore[arg-type]  # names of the facts
    return "\n".join(" ".join(line.split()) for line in plain_lines(shown, 48))


def test_a_unit_at_nothing_that_the_sale_left_alone_takes_no_line() -> None:
    both = {"points": Balance(10, as_of=AT), "coffee": Balance(as_of=AT)}
    assert "zegels" not in balance((B.BALANCE,), balances=both)
    moved = balance((B.BALANCE,), balances=both, changes=(Change("coffee", 0),))
    assert "Uw saldo 0 zegels" in moved


def test_a_member_who_has_nothing_at_all_still_reads_so_once() -> None:
    both = {"points": Balance(as_of=AT), "coffee": Balance(as_of=AT)}
    text = balance((B.BALANCE,), balances=both)
    assert "Uw saldo om 14:03 0 punten" in text
    assert "zegels" not in text


def test_what_the_marks_of_a_card_show_is_no_balance_too() -> None:
    facts = {
        "balances": {"coffee": Balance(7, as_of=AT)},
        "stamps": (StampCard("Koffiekaart", "coffee", 7, 10),),
    }
    assert "Uw saldo" not in balance((B.BALANCE, B.STAMPS), **facts)
    assert "Uw saldo om 14:03 7 zegels" in balance((B.BALANCE,), **facts), "no marks are printed"


def test_a_unit_of_which_something_waits_or_is_under_review_is_never_left_out() -> None:
    points = Balance(10, as_of=AT)
    for of_card in (Balance(maturing=3, as_of=AT), Balance(held=3, as_of=AT)):
        both = {"points": points, "coffee": of_card}
        assert "Uw saldo 0 zegels" in balance((B.BALANCE,), balances=both)
        marked = {"balances": both, "stamps": (StampCard("Koffiekaart", "coffee", 0, 10),)}
        assert "Uw saldo 0 zegels" in balance((B.BALANCE, B.STAMPS), **marked)


def test_what_waits_is_told_by_day_and_only_the_rest_of_it_without_one() -> None:
    facts = {
        "balances": {"points": Balance(100, maturing=50, as_of=AT)},
        "pending": (Dated("points", 40, DEC),),
    }
    text = balance((B.BALANCE, B.PENDING), **facts)
    assert "daarnaast nog niet te besteden 10\nVrij vanaf 01-12-2026 40 punten" in text
    assert "daarnaast nog niet te besteden 50" in balance((B.BALANCE,), **facts)


@pytest.mark.parametrize(
    ("days", "lines"),
    [
        (1, ["Vrij vanaf 01-12-2026 1 punt"]),
        (3, [f"Vrij vanaf 0{n}-12-2026 {n} {'punt' if n == 1 else 'punten'}" for n in (1, 2, 3)]),
        (
            5,
            [
                "Vrij vanaf 01-12-2026 1 punt",
                "Vrij vanaf 02-12-2026 2 punten",
                "De rest uiterlijk 05-12-2026 12 punten",
            ],
        ),
    ],
)
def test_of_many_days_the_first_are_named_and_the_rest_is_summed_up(
    days: int, lines: list[str]
) -> None:
    waits = tuple(Dated("points", n, date(2026, 12, n)) for n in range(1, days + 1))
    assert block(B.PENDING, pending=waits) == lines


def test_what_is_over_soon_is_bold_and_what_is_far_off_waits_its_turn() -> None:
    soon, far = Dated("points", 5, DEC, soon=True), Dated("points", 9, date(2027, 12, 1))
    assert block(B.EXPIRING, expiring=(soon, far)) == ["Vervalt na 01-12-2026 5 punten"]
    assert block(B.EXPIRING, expiring=(far, far)) == ["Vervalt na 01-12-2027 9 punten"]
    later = tuple(Dated("points", n, date(2026, 12, n), soon=True) for n in range(2, 6))
    assert block(B.EXPIRING, expiring=(far, soon, *later)) == [
        "Vervalt na 01-12-2026 5 punten",
        "Vervalt na 02-12-2026 2 punten",
        "Vervalt na 03-12-2026 3 punten",
    ]
    document = compose(replace(sale(NL), expiring=(soon,)), 48)
    assert document is not None
    (line,) = (
        each for each in document.blocks if isinstance(each, Text) and "Vervalt" in each.text
    )
    assert line.bold


# --- Ahead ---------------------------------------------------------------------------------------------------------


def test_a_stamp_card_counts_without_needless_zeros_and_says_what_it_gives() -> None:
    halves = {"coffee": UnitName("zegel", "zegels", 1)}
    card = StampCard("Koffiekaart", "coffee", 65, 100, "een kop koffie")
    assert block(B.STAMPS, stamps=(card,), unit_names=halves) == [
        "Koffiekaart 6,5 van 10",
        "(X)(X)(X)(X)(X)(X)(/)( )( )( )",
        "Bij 10: een kop koffie",
    ]


def test_a_tier_that_this_sale_reached_is_said_to_be_new() -> None:
    gold = TierShown("Goud", ahead="Platina: nog € 34,00")
    assert block(B.TIER, tier=gold) == ["Uw niveau Goud", "Platina: nog € 34,00"]
    assert block(B.TIER, tier=replace(gold, reached=True))[0] == "Nieuw niveau bereikt Goud"
    first = TierShown("", ahead="Goud: nog € 34,00")
    assert block(B.TIER, tier=first) == ["Goud: nog € 34,00"]


def test_a_membership_says_until_when() -> None:
    assert block(B.TIER, memberships=(Running("Plus", DEC),)) == ["Plus t/m 01-12-2026"]


def test_three_challenges_and_two_offers_are_enough() -> None:
    five = tuple(f"uitdaging {n}" for n in range(5))
    assert block(B.CHALLENGES, challenges=five) == list(five[:3])
    offers = (Running("kaas", DEC), Running("melk"), Running("brood"))
    assert block(B.OFFERS, offers=offers) == ["Voor u: kaas t/m 01-12-2026", "Voor u: melk"]


@pytest.mark.parametrize(
    ("title", "named"),
    [
        ("Gratis koffie", "Gratis koffie (€ 2,50)"),
        ("€ 2,50 korting", "€ 2,50 korting"),
        ("5 euro korting", "5 euro korting"),
        ("Europareis", "Europareis (€ 2,50)"),
        ("", "€ 2,50 korting"),
    ],
)
def test_what_a_reward_is_worth_is_named_once(title: str, named: str) -> None:
    reward = NextReward(title, "points", have=0, cost=10, value=250)
    assert block(B.REWARD, next_reward=reward)[0] == f"Nog 10 punten tot {named}"


def test_issued_rewards_are_told_apart_by_whether_they_can_be_collected_now() -> None:
    assert block(B.REWARD, ready=("koffie", "thee"), kept=("taart",)) == [
        "Voor u klaar: koffie",
        "Voor u klaar: thee",
        "Voor u bewaard: taart",
    ]
    assert len(block(B.REWARD, ready=("koffie",) * 4, kept=("thee",) * 4)) == 5


def test_a_reward_that_costs_stamps_of_a_card_has_no_bar_of_its_own() -> None:
    reward = NextReward("koffie", "coffee", have=7, cost=10)
    card = StampCard("Koffiekaart", "coffee", 7, 10)
    assert len(block(B.REWARD, next_reward=reward)) == 2
    assert len(block(B.REWARD, next_reward=reward, stamps=(card,))) == 1


@pytest.mark.parametrize(
    ("voucher", "lines"),
    [
        (VoucherShown("verjaardagsbon", 500), ["Voor u: verjaardagsbon € 5"]),
        (VoucherShown("bon", 250, until=DEC), ["Voor u: bon € 2,50", "Geldig t/m 01-12-2026"]),
        (VoucherShown("bon", 250, begins=DEC), ["Voor u: bon € 2,50", "Geldig vanaf 01-12-2026"]),
        (
            VoucherShown("brood", uses=3, begins=DEC, until=date(2026, 12, 31)),
            ["Voor u: brood", "Geldig van 01-12-2026 t/m 31-12-2026", "3 keer te gebruiken"],
        ),
        (VoucherShown("brood", uses=1), ["Voor u: brood"]),
    ],
)
def test_a_voucher_says_what_it_is_worth_and_when(voucher: VoucherShown, lines: list[str]) -> None:
    assert block(B.VOUCHERS, vouchers=(voucher,)) == lines


def test_of_more_than_ten_vouchers_the_rest_is_counted() -> None:
    lines = block(B.VOUCHERS, vouchers=(VoucherShown("bon", 500),) * 12)
    assert (len(lines), lines[-1]) == (11, "Meer bonnen op uw kaart 2")


@pytest.mark.parametrize(("columns", "dots"), [(32, 4), (48, 4)])
def test_the_code_of_a_voucher_is_a_code_that_fits_the_paper(columns: int, dots: int) -> None:
    document = compose(everything(NL), columns)
    assert document is not None
    first, *_ = (each for each in document.blocks if isinstance(each, QrCode))
    assert (first.data[:3], first.dots) == ("V1-", dots)


def test_a_question_shows_where_to_answer_or_asks_to_be_told() -> None:
    asked = QuestionShown("Hoe was uw bezoek?", "https://x.example/s-1/visit")
    assert block(B.QUESTION, question=asked) == [
        "Hoe was uw bezoek?",
        "Scan en antwoord:",
        "https://x.example/s-1/visit",
    ]
    assert block(B.QUESTION, question=replace(asked, answer_at=""))[1:] == [
        "Vertel het ons aan de kassa."
    ]


def test_a_surprise_and_the_messages_are_told() -> None:
    assert block(B.SURPRISE, surprises=(Won("Zomergeluk", "een ijsje"),)) == [
        "Zomergeluk",
        "U wint: een ijsje",
    ]
    assert block(B.MESSAGES, messages=("Welkom terug!", "Zondag open.")) == [
        "Welkom terug!",
        "Zondag open.",
    ]


# --- The whole -----------------------------------------------------------------------------------------------------


def test_a_greeting_stands_above_the_date_only_where_it_comes_first() -> None:
    def places(layout: tuple[ReceiptBlock, ...]) -> tuple[int, int]:
        text = "\n".join(plain_lines(replace(sale(NL), layout=layout), 48))
        return text.index("Fijn dat u er weer was!"), text.index("21-11-2026 14:03")

    greeting, moment = places((B.GREETING, B.EARNED))
    assert greeting < moment
    greeting, moment = places((B.EARNED, B.GREETING))
    assert greeting > moment


def test_a_customer_without_a_card_sees_what_was_saved_and_is_invited_before_the_end() -> None:
    facts = replace(
        no_card(NL), savings=(Saving("kaas", 125),), texts=sale(NL).texts, messages=("voor leden",)
    )
    lines = [line.strip() for line in plain_lines(facts, 48)]
    saved = next(at for at, line in enumerate(lines) if line.startswith("Uw voordeel"))
    invited = next(at for at, line in enumerate(lines) if "Spaart u al mee" in line)
    assert saved < invited < len(lines) - 1
    assert "voor leden" not in lines


def test_a_slip_says_nothing_of_a_sale() -> None:
    slip = replace(everything(NL), kind=ReceiptKind.SLIP, sale_id="", spent=(), savings=())
    assert not any("Gespaard" in line for line in plain_lines(slip, 48))

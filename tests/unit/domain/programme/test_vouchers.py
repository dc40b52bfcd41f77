"""Vouchers: issued for a sale, at so many points or at a statement; used on a later one; and stored value that pays."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket, Tender
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import NOBODY, MemberFacts
from edge_agent.domain.programme import Evaluation, Programme, ProgrammeInvalid
from edge_agent.domain.programme.issuing import split_up
from edge_agent.domain.programme.situation import PresentedVoucher, Redemption, Wanted
from edge_agent.domain.programme.upkeep import keep_up
from tests.unit.domain.builders import BASE, HEAD, basket, baskets, line, programme
from tests.unit.domain.programme.reducing import (
    NO_POINTS,
    earned,
    member,
    offer,
    piece,
    points,
    redeeming,
    reward,
    rules,
    spent,
    total_off,
    why_not,
    worked,
)

ONE_A_EURO = '[[earn]]\nid = "base"\npoints = 1\nper = 100\n'
LOT, OTHER_LOT = "a" * 32, "b" * 32
ANOTHER = "c" * 16


def voucher(keys: str, rule: str = "v") -> str:
    return f'[[voucher]]\nid = "{rule}"\ntitle = "x"\n{keys}\n'


def bill(amount: int) -> Basket:
    return basket(line(1, amount, sku="x"))


def issued(found: Evaluation, rule: str = "v") -> list[int]:
    """The quantities of the vouchers that were issued."""
    return [each.quantity for each in found.entries
            if each.unit == f"voucher/{rule}" and each.quantity > 0]  # fmt: skip


def held(quantity: int, lot: str = LOT, rule: str = "v", **life: date) -> Holding:
    return Holding(f"voucher/{rule}", quantity, lot=lot, **life)


def showing(*vouchers: Holding, account: str = member().account) -> Wanted:
    return Wanted(vouchers=tuple(PresentedVoucher(account, each) for each in vouchers))


# --- Issued for a sale


@pytest.mark.parametrize(
    ("keys", "paid", "expected"),
    [
        ('percent = 10, round_to = 100, rounding = "half-up"', 10_000, [1000]),
        ('percent = 10, round_to = 100, rounding = "half-up"', 4700, [500]),  # 4.70
        ('percent = 10, round_to = 100, rounding = "half-up"', 3200, [300]),  # 3.20
        ("percent = 10, round_to = 100", 999, []),
        ("percent = 5", 333, [16]),
        ("percent = 5, when = { minimum_sale = 500 }", 499, []),
        ('percent = 5, when = { skus = ["y"] }', 10_000, []),
    ],
)
def test_a_share_of_the_sale(keys: str, paid: int, expected: list[int]) -> None:
    assert issued(worked(rules(voucher(f"per_sale = {{ {keys} }}")), bill(paid))) == expected


@pytest.mark.parametrize(("paid", "expected"), [(4999, []), (5000, [250]), (12_500, [250, 250])])
def test_one_for_every_so_much(paid: int, expected: list[int]) -> None:
    rule = rules(voucher("value = 250\nper_sale = { per = 5000 }"))
    assert issued(worked(rule, bill(paid))) == expected


@pytest.mark.parametrize(("paid", "expected"), [(0, []), (2499, []), (2500, [250]), (9000, [250])])
def test_one_with_every_purchase_of_at_least_so_much(paid: int, expected: list[int]) -> None:
    rule = rules(voucher("value = 250\nper_sale = { when = { minimum_sale = 2500 } }"))
    assert issued(worked(rule, bill(paid))) == expected


def test_a_share_off_the_next_purchase() -> None:
    rule = rules(voucher("off = { percent = 10 }\nuses = 2\nper_sale = {}"))
    assert issued(worked(rule, bill(900))) == [2]


def test_a_share_is_of_what_is_paid_after_everything_that_is_off() -> None:
    rule = rules(offer("half", "percent = 50") + voucher("per_sale = { percent = 10 }"))
    assert issued(worked(rule, bill(10_000))) == [500]


def test_without_a_card_nothing_is_issued() -> None:
    assert (
        issued(worked(rules(voucher("per_sale = { percent = 5 }")), bill(999), facts=NOBODY)) == []
    )


@pytest.mark.parametrize(
    ("value", "sizes", "expected"),
    [
        (1750, [500, 1000], [1000, 500]),
        (1500, [500], [500, 500, 500]),
        (499, [500], []),
        (1750, [], [1750]),
        (0, [], []),
    ],
)
def test_denominations_largest_first(value: int, sizes: list[int], expected: list[int]) -> None:
    assert split_up(value, sizes) == expected


@given(value=st.integers(0, 100_000), sizes=st.sets(st.integers(100, 5_000), max_size=4))
def test_denominations_never_come_to_more(value: int, sizes: set[int]) -> None:
    assert sum(split_up(value, sizes)) <= value


# --- At so many points


def test_at_so_many_points_of_the_balance_with_the_rest_carried_over() -> None:
    """Ten points are a voucher: 7 there and 5 earned leave 2."""
    rule = rules(voucher("value = 100\nat_points = { points = 10 }"), ONE_A_EURO)
    found = worked(rule, bill(500), facts=member(points(7)))
    assert (issued(found), earned(found), spent(found)) == ([100], 5, 10)
    lost = rules(
        voucher("value = 100\nat_points = { points = 10, carry_over = false }"), ONE_A_EURO
    )
    assert spent(worked(lost, bill(500), facts=member(points(7)))) == 12


def test_several_at_once() -> None:
    rule = rules(voucher("value = 100\nat_points = { points = 10 }"), ONE_A_EURO)
    found = worked(rule, bill(3500), facts=member(points(7)))
    assert (issued(found), spent(found)) == ([100] * 4, 40)


def test_progress_is_counted_and_the_points_stay() -> None:
    """At 200, 400 and so on of what was earned: 450 is two, 520 in all none more, 80 to the next."""
    keys = (
        'value = 500\nat_points = { points = 200, counts = "progress", within = "membership-year" }'
    )
    rule = rules(voucher(keys), ONE_A_EURO)
    (reading,) = rule.readings
    assert reading.key == "towards.v@membership-year"
    first = worked(rule, bill(45_000))
    assert (issued(first), spent(first)) == ([500, 500], 0)
    second = worked(rule, bill(7000), facts=member(points(450), figures={reading.key: 450}))
    assert (issued(second), spent(second)) == ([], 0)
    counted = [each.quantity for each in second.entries if each.unit == "count/towards.v"]
    assert counted == [70]
    third = worked(rule, bill(8000), facts=member(figures={reading.key: 520}))
    assert issued(third) == [500]


def test_points_that_came_without_a_sale_are_turned_into_vouchers_by_the_daily_job_once() -> None:
    keys = "value = 100\nat_points = { points = 120 }\npending = { next_month = true }"
    keys += '\nexpiry = { months = 2, rounded = "end-of-month", from_maturity = true }'
    rule = rules(voucher(keys), ONE_A_EURO)
    facts = member(points(135))
    found = keep_up(rule, facts, date(2024, 3, 12))
    assert (issued(found), spent(found)) == ([100], 120)
    (entry,) = [each for each in found.entries if each.unit == "voucher/v"]
    assert (entry.matures_on, entry.expires_on) == (date(2024, 4, 1), date(2024, 6, 30))
    after = facts.after(found.entries, (), date(2024, 3, 12))
    assert keep_up(rule, after, date(2024, 3, 12)).entries == ()


# --- At a statement

STATEMENT = "at_statement = { months = [2, 5, 8, 11], minimum = 50, step = 25, value = 25 }"


@pytest.mark.parametrize(
    ("balance", "day", "value", "left"),
    [
        (163, date(2024, 2, 1), [150], 13),
        (49, date(2024, 5, 1), [], 49),
        (74, date(2024, 8, 1), [50], 24),
        (163, date(2024, 3, 1), [], 163),
        (163, date(2024, 2, 2), [], 163),
    ],
)
def test_a_statement(balance: int, day: date, value: list[int], left: int) -> None:
    rule = rules(voucher(STATEMENT), ONE_A_EURO)
    facts = member(points(balance))
    found = keep_up(rule, facts, day)
    assert (issued(found), balance - spent(found)) == (value, left)
    assert keep_up(rule, facts.after(found.entries, (), day), day).entries == ()


def test_a_statement_in_denominations_uses_only_the_points_that_they_need() -> None:
    keys = "denominations = [500]\nat_statement = { months = [2], step = 1, value = 1 }"
    found = keep_up(rules(voucher(keys), ONE_A_EURO), member(points(1234)), date(2024, 2, 1))
    assert (issued(found), spent(found)) == ([500, 500], 1000)


@pytest.mark.parametrize(
    ("tenths", "value"), [(499, []), (500, [50]), (749, [50]), (750, [75]), (1630, [150])]
)
def test_a_statement_of_a_unit_with_decimals_is_in_whole_ones(
    tenths: int, value: list[int]
) -> None:
    tenth = "[unit.points]\ndecimals = 1\n"
    found = keep_up(rules(tenth + voucher(STATEMENT)), member(points(tenths)), date(2024, 2, 1))
    assert issued(found) == value


# --- Bought, and on request


def test_a_voucher_that_is_bought_is_worth_what_was_paid_or_its_own_value() -> None:
    bought = basket(piece(1, "gift", 2, 2500, kind="voucher"), piece(2, "x", 1, 100))
    own = voucher('value = 3000\nbought = { lines = { kinds = ["voucher"] } }')
    paid = voucher('bought = { lines = { kinds = ["voucher"] } }')
    assert issued(worked(rules(own), bought)) == [3000, 3000]
    assert issued(worked(rules(paid), bought)) == [2500, 2500]


def test_on_request_a_reward_gives_it() -> None:
    rule = rules(
        voucher("value = 1000\nexpiry = { days = 30 }")
        + reward("swap", 'cost = 1000\ngives = [{ voucher = "v", quantity = 1000 }]')
    )
    found = worked(rule, bill(100), redeeming(Redemption("swap")), member(points(1200)))
    assert (issued(found), spent(found)) == ([1000], 1000)
    assert [each.expires_on for each in found.entries if each.unit == "voucher/v"] == [
        date(2026, 12, 21)
    ]


# --- Used


@pytest.mark.parametrize(
    ("keys", "left", "to_pay", "expected"),
    [
        ("value = 1000", 1000, 3000, (1000, 1000)),
        ("value = 1000", 1000, 700, (700, 1000)),  # no change given, the rest is lost
        ('value = 1000\nrest = "kept"', 1000, 700, (700, 700)),
        ("", 1234, 700, (700, 1234)),
        ("value = 500", 1500, 3000, (1500, 1500)),  # three that were issued together
        ("value = 500", 1500, 700, (700, 1000)),  # of the second one the rest is lost
        ("off = { percent = 15 }\nuses = 3", 3, 1000, (150, 1)),
        ('off = { percent = 100, units = 1 }\nwhen = { skus = ["x"] }', 1, 1000, (1000, 1)),
    ],
)
def test_what_it_takes_off_and_what_that_uses_of_it(
    keys: str, left: int, to_pay: int, expected: tuple[int, int]
) -> None:
    rule = rules(voucher(keys))
    mine = held(left)
    found = worked(rule, bill(to_pay), showing(mine), member(mine))
    assert (total_off(found), spent(found, "voucher/v")) == expected
    (entry,) = found.entries
    assert (entry.kind, entry.lot, entry.account) == (EntryKind.REDEEM, LOT, None)


@pytest.mark.parametrize(
    ("shown", "obstacle"),
    [
        (held(500, matures_on=date(2026, 11, 22)), "not-yet"),
        (held(500, matures_on=date(2026, 11, 21)), None),
        (held(500, expires_on=date(2026, 11, 20)), "over"),
        (held(500, expires_on=date(2026, 11, 21)), None),
        (held(0), "not-there"),
    ],
)
def test_a_voucher_has_a_first_and_a_last_day(shown: Holding, obstacle: str | None) -> None:
    found = worked(rules(voucher("value = 500")), bill(900), showing(shown), member(shown))
    assert why_not(found) == ({} if obstacle is None else {"v": obstacle})
    assert total_off(found) == (500 if obstacle is None else 0)


def test_a_voucher_that_is_shown_twice_is_used_once() -> None:
    mine = held(500)
    found = worked(rules(voucher("value = 500")), bill(2000), showing(mine, mine), member(mine))
    assert (total_off(found), spent(found, "voucher/v"), why_not(found)) == (500, 500, {})
    season = rules(voucher("off = { percent = 10 }\nuses = 3"))
    found = worked(season, bill(1000), showing(held(3), held(3)), member(held(3)))
    assert (total_off(found), spent(found, "voucher/v")) == (100, 1)


def test_what_is_known_to_be_used_already_counts_and_not_what_the_code_says() -> None:
    used = held(200)
    rule = rules(voucher('rest = "kept"'))
    assert total_off(worked(rule, bill(2000), showing(held(500)), member(used))) == 200


def test_another_members_voucher_only_where_anyone_may_use_it() -> None:
    theirs = showing(held(500), account=ANOTHER)
    assert why_not(worked(rules(voucher("value = 500")), bill(900), theirs)) == {"v": "not-yours"}
    bearer = rules(voucher("value = 500\nanyone = true"))
    for who in (member(), NOBODY):
        found = worked(bearer, bill(900), theirs, who)
        (entry,) = found.entries
        assert (total_off(found), entry.account, entry.quantity) == (500, ANOTHER, -500)


def test_a_voucher_by_itself_on_the_next_sale_and_not_on_this_one() -> None:
    """1980 points and 52 more reach 2000: 10.00 off, but only on the next sale."""
    keys = "value = 1000\nautomatic = true\nat_points = { points = 2000 }"
    rule = rules(voucher(keys), ONE_A_EURO)
    facts = member(points(1980))
    first = worked(rule, bill(5250), facts=facts)
    assert (total_off(first), issued(first), earned(first)) == (0, [1000], 52)
    after = facts.after(first.entries, (), date(2026, 11, 21))
    assert sum(each.quantity for each in after.holdings if each.unit == "points") == 32
    second = worked(rule, bill(3000), facts=after)
    assert total_off(second) == 1000
    third = after.after(second.entries, (), date(2026, 11, 21))
    assert total_off(worked(rule, bill(3000), facts=third)) == 0


def test_of_several_by_themselves_the_soonest_expiring_first() -> None:
    late, soon = (
        held(500, LOT, expires_on=date(2027, 6, 1)),
        held(500, OTHER_LOT, expires_on=date(2026, 12, 1)),
    )
    rule = rules(voucher("value = 500\nautomatic = true"))
    found = worked(rule, bill(400), facts=member(late, soon))
    assert [each.lot for each in found.entries] == [OTHER_LOT]


def test_one_voucher_a_sale() -> None:
    both = (held(500, LOT), held(500, OTHER_LOT))
    rule = rules(voucher("value = 500"), combine="vouchers_per_sale = 1")
    found = worked(rule, bill(2000), showing(*both), member(*both))
    assert (total_off(found), why_not(found)) == (500, {"v": "too-many"})


def test_a_sale_without_a_quote_uses_no_voucher() -> None:
    mine = held(500)
    wanted = Wanted(vouchers=(PresentedVoucher(member().account, mine),), reduces=False)
    found = worked(rules(voucher("value = 500")), bill(900), wanted, member(mine))
    assert (total_off(found), found.entries, why_not(found)) == (0, (), {"v": "needs-quote"})


@given(bought=baskets, quantities=st.lists(st.integers(1, 3_000), max_size=4), kept=st.booleans())
def test_no_voucher_takes_off_more_than_it_holds_or_than_is_to_pay(
    bought: Basket, quantities: list[int], kept: bool
) -> None:
    mine = [held(quantity, f"{n:032x}") for n, quantity in enumerate(quantities)]
    rule = rules(voucher('rest = "kept"' if kept else ""))
    found = worked(rule, bought, showing(*mine), member(*mine))
    used = {each.lot: -each.quantity for each in found.entries}
    assert all(0 < used[each.lot] <= each.quantity for each in mine if each.lot in used)
    to_pay = sum(each.amount for each in bought.lines if "tobacco" not in each.categories)
    assert total_off(found) == min(sum(quantities), to_pay)
    assert not kept or sum(used.values()) == total_off(found)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("value = 5\noff = { percent = 5 }", "either money, by value, or"),
        ("uses = 3", "uses goes with off"),
        ("at_points = { points = 5 }", "needs a value or an off"),
        ("per_sale = { per = 100 }", "needs a value or an off"),
        ("off = { percent = 5 }\nper_sale = { percent = 5 }", "leave off out"),
        ("per_sale = { percent = 5, per = 100 }", "either percent or per"),
        (
            'value = 5\nat_points = { points = 5, within = "month" }',
            'goes with counts = "progress"',
        ),
        ("at_statement = { months = [13], step = 1, value = 1 }", "numbers from 1"),
    ],
)
def test_a_voucher_that_makes_no_sense_is_refused(keys: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid, match=said):
        rules(voucher(keys))


# --- Stored value

WALLET = """
[unit.euro]
decimals = 2
[unit.euro.name]
one = "euro"
many = "euro"
"""
GIFT_CARD = """
[[wallet]]
id = "card"
title = "x"
unit = "euro"
tender = "gift-card"
top_up = { kinds = ["gift-card"] }
"""


def shop() -> Programme:
    own = GIFT_CARD.replace('"card"', '"wallet"').replace("gift-card", "wallet")
    return programme(NO_POINTS + own, HEAD + WALLET)


def paying(bought: Basket, *tenders: tuple[str, int]) -> Basket:
    return Basket(bought.lines, bought.total, "EUR", tuple(Tender(*each) for each in tenders))


def euro(cents: int) -> Holding:
    return Holding("euro", cents)


def test_a_wallet_is_filled_and_pays_and_is_no_discount() -> None:
    filled = worked(shop(), basket(piece(1, "topup", 1, 5000, kind="wallet")))
    assert [(each.unit, each.quantity) for each in filled.entries] == [("euro", 5000)]
    paid = worked(shop(), paying(bill(1200), ("wallet", 1200)), facts=member(euro(5000)))
    assert (spent(paid, "euro"), total_off(paid), why_not(paid)) == (1200, 0, {})
    mixed = worked(
        shop(), paying(bill(3600), ("wallet", 1000), ("cash", 2600)), facts=member(euro(1000))
    )
    assert spent(mixed, "euro") == 1000


def test_more_than_is_there_is_said_and_still_taken() -> None:
    found = worked(shop(), paying(bill(1200), ("wallet", 1200)), facts=member(euro(1000)))
    assert (spent(found, "euro"), why_not(found)) == (1200, {"wallet": "not-enough"})


def test_a_wallet_needs_a_member() -> None:
    found = worked(shop(), paying(bill(1200), ("wallet", 1200)), facts=NOBODY)
    assert (found.entries, why_not(found)) == ((), {"wallet": "no-member"})


def test_a_gift_card_is_an_account_of_its_own_that_anybody_may_show() -> None:
    cards = programme(NO_POINTS + GIFT_CARD, HEAD + WALLET)
    card = Wanted(vouchers=(PresentedVoucher(ANOTHER, euro(0)),))
    sold = worked(cards, basket(piece(1, "gc50", 1, 5000, kind="gift-card")), card, NOBODY)
    assert [(each.account, each.quantity) for each in sold.entries] == [(ANOTHER, 5000)]
    shown = Wanted(vouchers=(PresentedVoucher(ANOTHER, euro(5000)),))
    used = worked(cards, paying(bill(320), ("gift-card", 320)), shown, NOBODY)
    assert [(each.account, each.quantity, each.kind) for each in used.entries] == [
        (ANOTHER, -320, EntryKind.REDEEM)
    ]


def test_what_is_missing_is_owed_by_the_card_that_was_shown() -> None:
    cards = programme(NO_POINTS + GIFT_CARD, HEAD + WALLET)
    shown = Wanted(vouchers=(PresentedVoucher(ANOTHER, euro(300)),))
    found = worked(cards, paying(bill(400), ("gift-card", 400)), shown, NOBODY)
    assert [(each.account, each.quantity) for each in found.entries] == [
        (ANOTHER, -300),
        (ANOTHER, -100),
    ]
    assert why_not(found) == {"card": "not-enough"}


def test_a_wallet_is_held_in_cents() -> None:
    whole = WALLET.replace("decimals = 2\n", "")
    with pytest.raises(
        ProgrammeInvalid, match=r"wallet\[0\].unit: .* needs decimals = 2; it has 0"
    ):
        programme(NO_POINTS + GIFT_CARD, HEAD + whole)


def test_what_is_shown_pays_before_what_the_member_has() -> None:
    shown = Wanted(vouchers=(PresentedVoucher(ANOTHER, euro(300)),))
    cards = programme(NO_POINTS + GIFT_CARD, HEAD + WALLET)
    found = worked(cards, paying(bill(1000), ("gift-card", 1000)), shown, member(euro(900)))
    assert [(each.account, each.quantity) for each in found.entries] == [
        (ANOTHER, -300),
        (None, -700),
    ]


def test_a_coupon_lowers_the_tax_and_a_wallet_does_not() -> None:
    """Two articles of 100.00 and 15 % tax, one of them free by coupon: 115.00 to pay, of which 15.00 are tax."""
    bought = basket(
        piece(1, "A", 1, 11_500, tax_rate="15"), piece(2, "B", 1, 11_500, tax_rate="15")
    )
    coupon = offer(
        "a100", "percent = 100", 'how = "code"\ncodes = ["5555"]\nwhen = { skus = ["A"] }'
    )
    programme_ = programme(NO_POINTS + GIFT_CARD + coupon, HEAD + WALLET)
    found = worked(
        programme_,
        paying(bought, ("gift-card", 11_500)),
        Wanted(codes=("5555",)),
        member(euro(11_500)),
    )
    assert (found.off(), spent(found, "euro")) == ({1: 11_500}, 11_500)


def test_an_entry_of_a_voucher_is_the_same_in_the_record_and_back() -> None:
    mine = held(500, expires_on=date(2027, 1, 1))
    (entry,) = worked(rules(voucher("value = 500")), bill(900), showing(mine), member(mine)).entries
    assert Entry.from_json(entry.to_json()) == entry
    assert isinstance(MemberFacts.from_json(member(mine).to_json()).holdings[0].lot, str)


def test_a_quote_at_midnight_knows_the_day_in_the_shop() -> None:
    last = held(500, expires_on=date(2026, 11, 21))
    at = datetime.fromisoformat("2026-11-21T23:30:00+00:00")  # half past midnight there
    found = worked(rules(voucher("value = 500")), bill(900), showing(last), member(last), at)
    assert why_not(found) == {"v": "over"}


def test_the_figures_that_vouchers_need_are_counted() -> None:
    rules = programme(
        BASE
        + '[[voucher]]\nid = "paper"\ntitle = "x"\nvalue = 500\nexpiry = { days = 9 }\n'
        + 'limits = [{ times = 2, per = "month" }]\nwhen = { every_visit = 3 }\n'
    )
    assert {"use.paper@month", "visits@ever"} <= {each.key for each in rules.readings}

"""Returns: what comes back of points, tallies and money, by each way that a programme may declare (promise 4)."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket, ReturnedLine
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import NOBODY, MemberFacts
from edge_agent.domain.programme import Programme, evaluate
from edge_agent.domain.programme.giving_back import GivenBack, give_back
from edge_agent.domain.programme.kept import OverReturned, Refund, Returned, Sold
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.returns import ReturnsTable
from edge_agent.domain.programme.situation import NOTHING, Redemption, Reduction, Wanted
from edge_agent.domain.tallies import figures
from tests.unit.domain.builders import (
    A_SATURDAY,
    BASE,
    MEMBER,
    awarded,
    basket,
    baskets,
    line,
    programme,
    programmes,
)

RECORD = "5" * 32
DAYS_LATER = A_SATURDAY + timedelta(days=3)


def sold(
    rules: Programme,
    bought: Basket,
    *,
    more: tuple[Entry, ...] = (),
    reductions: tuple[Reduction, ...] = (),
    wanted: Wanted = NOTHING,
) -> Sold:
    """The sale of a basket, with entries of mechanisms that the programme does not have."""
    entries = (*awarded(rules, bought).entries, *more)
    recorded = Recorded(rules.digest, MEMBER, bought, wanted, entries, reductions)
    return Sold(RECORD, A_SATURDAY, recorded)


class Returning:
    """Brings a sale back, part by part, to a member who has what the sale gave and `besides`."""

    def __init__(self, rules: Programme, sale: Sold, *besides: Entry | Holding) -> None:
        self.rules, self.sale = rules, sale
        self.besides = tuple(each if isinstance(each, Holding) else _held(each) for each in besides)
        self.before: tuple[Returned, ...] = ()
        self.at = DAYS_LATER

    @property
    def holdings(self) -> tuple[Holding, ...]:
        made = (entry for each in self.before for entry in each.entries)
        return (*self.besides, *(_held(entry) for entry in (*self.sale.sale.entries, *made)))

    @property
    def member(self) -> MemberFacts:
        """Who bought it, as they are now."""
        today = self.rules.local_date(self.at)
        now = figures(self.rules.readings, self.holdings, today, None)
        return replace(MEMBER, holdings=self.holdings, figures=now)

    def back(self, *lines: tuple[int, str | int]) -> GivenBack:
        now = tuple(ReturnedLine(number, Decimal(quantity)) for number, quantity in lines)
        given = give_back(self.rules, self.sale, self.before, now, self.member, self.at)
        self.before += (Returned(now, given.entries, given.settled),)
        return given

    def points(self, unit: str = "points") -> int:
        """What the member has of a unit."""
        return sum(each.quantity for each in self.holdings if each.unit == unit)


def _held(entry: Entry) -> Holding:
    lot = (entry.lot or RECORD) if entry.unit.startswith("voucher/") else None
    return Holding(entry.unit, entry.quantity, entry.expires_on, entry.matures_on, entry.day, lot)


def earn(quantity: int, rule: str, unit: str = "points", line: int | None = None) -> Entry:
    return Entry(EntryKind.EARN, unit, quantity, rule, line)


def redeem(quantity: int, rule: str, unit: str = "points", **more: object) -> Entry:
    return Entry(EntryKind.REDEEM, unit, -quantity, rule, **more)  # type: ignore[arg-type]


def count(tally: str, quantity: int, rule: str, line: int | None = None) -> Entry:
    return Entry(EntryKind.COUNT, f"count/{tally}", quantity, rule, line, day=A_SATURDAY.date())


def quantities(given: GivenBack, unit: str = "points") -> list[int]:
    return [entry.quantity for entry in given.entries if entry.unit == unit]


# --- By the returned part of each line ------------------------------------------------------------------------------


def test_three_thirds_of_a_line_end_at_exactly_nothing() -> None:
    """99.99 earns 99. Each third takes the floor of what is due by then: 33, 33, 33."""
    rules = programme(BASE)
    returning = Returning(rules, sold(rules, basket(line(1, 9999, quantity=Decimal(3)))))
    assert [sum(quantities(returning.back((1, 1)))) for _ in range(3)] == [-33, -33, -33]


def test_many_small_returns_take_as_much_as_one() -> (
    None
):  # where each is floored, they take nothing
    """2 points for 5 pieces: floors of 0.4, 0.8, 1.2, 1.6 and 2."""
    rules = programme(BASE)
    returning = Returning(rules, sold(rules, basket(line(1, 200, quantity=Decimal(5)))))
    assert [sum(quantities(returning.back((1, 1)))) for _ in range(5)] == [0, 0, -1, 0, -1]


def test_a_bonus_goes_before_the_base() -> None:
    """400 earns 4, doubled to 8; half of it is the bonus."""
    rules = programme(BASE + '[[bonus]]\nid = "double"\nmultiply = 2\nwhy = "x"\n')
    returning = Returning(rules, sold(rules, basket(line(1, 400, quantity=Decimal(2)))))
    first, rest = returning.back((1, 1)), returning.back((1, 1))
    assert [(entry.rule, entry.quantity) for entry in first.entries] == [("double", -4)]
    assert [(entry.rule, entry.quantity) for entry in rest.entries] == [("base", -4)]


def test_a_reversal_goes_to_the_lot_and_the_day_that_the_points_came_from() -> None:
    rules = programme(BASE.replace("per = 100", "per = 100\nexpiry.days = 10"))
    (entry,) = Returning(rules, sold(rules, basket(line(1, 300)))).back((1, 1)).entries
    assert entry == Entry(EntryKind.REVERSE, "points", -3, "base", 1, RECORD, date(2026, 12, 1))


def test_a_minimum_that_was_met_does_not_stop_the_reversal() -> None:
    """99 points once a sale from 99 euro on: the return of all of it is not a sale of less than 99 euro."""
    rules = programme(BASE)
    returning = Returning(rules, sold(rules, basket(line(1, 9900))))
    assert quantities(returning.back((1, 1))) == [-99]


# --- What has no line -----------------------------------------------------------------------------------------------


def test_a_visit_is_not_counted_once_everything_came_back() -> None:
    rules = programme(BASE)
    visited = (count("visits", 1, "visits"),)
    returning = Returning(rules, sold(rules, basket(line(1, 300), line(2, 500)), more=visited))
    assert quantities(returning.back((1, 1), (2, 1)), "count/visits") == [-1]


# --- By the receipt's amount ----------------------------------------------------------------------------------------


def test_by_amount_half_of_the_money_is_half_of_the_points() -> None:
    """Two pens of 50.00 earn 100; one back takes 50."""
    rules = programme(BASE + '[returns]\nreverse = "amount"\n')
    returning = Returning(rules, sold(rules, basket(line(1, 10_000, quantity=Decimal(2)))))
    assert quantities(returning.back((1, 1))) == [-50]
    assert returning.points() == 50


def test_by_amount_everything_the_sale_gave_is_shared_whatever_line_it_came_from() -> None:
    """40.00 earned 40 and bonuses of 30 on two other articles; half of the money takes half of 70."""
    rules = programme(BASE + '[returns]\nreverse = "amount"\n')
    bought = basket(line(1, 1000), line(2, 1000), line(3, 2000))
    bonuses = (earn(10, "a", line=1), earn(20, "b", line=2))
    returning = Returning(rules, sold(rules, bought, more=bonuses))
    returning.back((3, 1))
    assert returning.points() == 35
    returning.back((1, 1), (2, 1))
    assert returning.points() == 0


def test_what_was_earned_stays_where_nothing_is_declared_to_come_back() -> None:
    """30.00 earned 30; the money comes back and the points stay. Points that were used on it still come back."""
    rules = programme(BASE + '[returns]\nreverse = "nothing"\n')
    used = Entry(EntryKind.REDEEM, "points", -20, "r", None)
    returning = Returning(rules, sold(rules, basket(line(1, 3000)), more=(used,)))
    assert returning.points() == 10
    returning.back((1, 1))
    assert returning.points() == 30


# --- By working out the kept part again -----------------------------------------------------------------------------

KEPT = '[returns]\nreverse = "kept"\n'


def test_kept_goods_are_worth_what_they_would_have_earned() -> None:
    """60.40 earned 60; 30.50 kept is worth 30. The returned line by itself (29) would leave 31."""
    rules = programme(BASE + KEPT)
    returning = Returning(rules, sold(rules, basket(line(1, 3050), line(2, 2990))))
    assert sum(quantities(returning.back((2, 1)))) == -30
    assert returning.points() == 30


def test_half_of_what_was_bought_is_kept() -> None:
    """Two of 10000.00 at a point per 1000.00 earn 20; one kept is worth 10."""
    rules = programme(BASE.replace("per = 100", "per = 100000") + KEPT)
    returning = Returning(rules, sold(rules, basket(line(1, 2_000_000, quantity=Decimal(2)))))
    assert sum(quantities(returning.back((1, 1)))) == -10
    assert sum(quantities(returning.back((1, 1)))) == -10


def test_a_bonus_whose_minimum_is_not_kept_goes() -> None:
    """25 extra from 50.00 on: of 60.00, 30.00 is kept, so all 25 and 30 of 60 go."""
    extra = '[[bonus]]\nid = "fifty"\nadd = 25\nwhen.minimum_spend = 5000\nwhy = "x"\n'
    rules = programme(BASE + extra + KEPT)
    returning = Returning(rules, sold(rules, basket(line(1, 3000), line(2, 3000))))
    assert returning.points() == 85
    returning.back((1, 1))
    assert returning.points() == 30


# --- Net in the period --------------------------------------------------------------------------------------------

PERIOD = """\
[[earn]]
id = "base"
points = 1
per = 200
period = "month"
[returns]
reverse = "period"
"""


def in_month(rules: Programme, *amounts: int) -> list[Sold]:
    """Sales of one month, each with what was counted before it."""
    sales: list[Sold] = []
    for amount in amounts:
        held = [_held(entry) for each in sales for entry in each.sale.entries]
        counted = figures(rules.readings, held, A_SATURDAY.date(), None)
        facts, bought = replace(MEMBER, figures=counted), basket(line(1, amount))
        worked = evaluate(rules, facts, bought, A_SATURDAY)
        recorded = Recorded(rules.digest, facts, bought, entries=worked.entries)
        sales.append(Sold(RECORD, A_SATURDAY, recorded))
    return sales


@pytest.mark.parametrize(
    ("returned", "points"),
    [
        # 3.99 gave 1, 3.99 more made 7.98 and gave 2, 10.00 more made 17.98 and gave 5: 8 in all.
        (2, 3),  # 7.98 is left: 3
        (1, 6),  # 13.99 is left: 6
        (
            0,
            7,
        ),  # 13.99 is left as well, but the first sale gave 1, so no more than 1 is taken back of it
    ],
)
def test_what_is_left_of_the_period_is_worth_what_it_would_have_been(
    returned: int, points: int
) -> None:
    rules = programme(PERIOD)
    sales = in_month(rules, 399, 399, 1000)
    others = [each for number, each in enumerate(sales) if number != returned]
    besides = [entry for each in others for entry in each.sale.entries]
    returning = Returning(rules, sales[returned], *besides)
    assert returning.points() == 8
    returning.back((1, 1))
    assert returning.points() == points


def test_what_later_sales_have_made_of_the_period_counts() -> None:
    """1.00 three times gave 0, 1 and 0. Without the second 2.00 is left, which is worth the 1 that was given."""
    rules = programme(PERIOD)
    first, second, third = in_month(rules, 100, 100, 100)
    returning = Returning(rules, second, *first.sale.entries, *third.sale.entries)
    returning.back((1, 1))
    assert returning.points() == 1


def test_in_another_month_the_return_counts_in_its_own() -> None:
    """10.00 in November gave 5; it comes back in December, when 3.00 were spent so far: -7.00 then."""
    rules = programme(PERIOD)
    (sale,) = in_month(rules, 1000)
    december = Holding("count/earn.base", 300, day=date(2026, 12, 2))
    returning = Returning(rules, sale, december, Holding("points", 1))
    returning.at = A_SATURDAY + timedelta(days=20)
    returning.back((1, 1))
    assert returning.member.figures == {"earn.base@month": -700}


def test_what_was_spent_in_the_month_of_the_return_says_what_its_part_is_worth() -> None:
    """1.00 and 11.00 in November gave 0 and 6. In December 4.00 are worth 2, and with the 11.00 they would be 7."""
    rules = programme(PERIOD)
    first, second = in_month(rules, 100, 1100)
    december = Holding("count/earn.base", 400, day=date(2026, 12, 2))
    returning = Returning(rules, second, *first.sale.entries, december, Holding("points", 2))
    returning.at = A_SATURDAY + timedelta(days=20)
    assert returning.points() == 8
    returning.back((1, 1))
    assert returning.points() == 3


def test_the_visit_stays_the_one_that_it_was() -> None:
    """The first visit of a member gives points, 4 for 8.00; half of it comes back after a second visit."""
    rules = programme(PERIOD.replace("[returns]", "when = { visits = [1] }\n[returns]"))
    bought = basket(line(1, 800, quantity=Decimal(2)))
    worked = evaluate(rules, MEMBER, bought, A_SATURDAY)
    sale = Sold(RECORD, A_SATURDAY, Recorded(rules.digest, MEMBER, bought, entries=worked.entries))
    returning = Returning(rules, sale, Holding("count/visits", 1, day=A_SATURDAY.date()))
    assert returning.points() == 4
    returning.back((1, 1))
    assert returning.points() == 2


# --- How far --------------------------------------------------------------------------------------------------------

WITHIN = '[returns]\npolicy = "within-balance"\n'
DEDUCT = WITHIN + 'shortfall = "deduct-from-refund"\npoint_value = { points = 2 }\n'


def test_the_balance_may_go_below_zero_unless_declared() -> None:
    rules = programme(BASE)
    returning = Returning(rules, sold(rules, basket(line(1, 20_000))), redeem(150, "coffee"))
    assert quantities(returning.back((1, 1))) == [-200]
    assert returning.points() == -150


def test_what_is_not_there_any_more_comes_off_the_refund() -> None:
    """200 earned, 150 spent since: 50 are taken, 150 at 2 cents are 3.00 of the 200.00."""
    rules = programme(BASE + DEDUCT)
    returning = Returning(rules, sold(rules, basket(line(1, 20_000))), redeem(150, "coffee"))
    given = returning.back((1, 1))
    assert quantities(given) == [-50]
    assert [entry.quantity for entry in given.settled] == [-150]
    assert given.refunds == (Refund(1, 19_700, 300),)
    assert returning.points() == 0


def test_what_was_deducted_once_is_not_asked_for_again() -> None:
    """Of 200 only 20 are there: the first half takes 20 and deducts 80, the second deducts 100."""
    rules = programme(BASE + DEDUCT)
    sale = sold(rules, basket(line(1, 20_000, quantity=Decimal(2))))
    returning = Returning(rules, sale, redeem(180, "coffee"))
    first, second = returning.back((1, 1)), returning.back((1, 1))
    assert (first.refund, second.refund) == (10_000 - 160, 10_000 - 200)
    assert (quantities(first), quantities(second)) == ([-20], [])


def test_all_that_comes_back_together_is_held_against_one_balance() -> None:
    """Two lines earned 50 each and 60 are there: 60 go, not 50 twice."""
    rules = programme(BASE + WITHIN)
    sale = sold(rules, basket(line(1, 5000), line(2, 5000)))
    returning = Returning(rules, sale, redeem(40, "coffee"))
    assert sum(quantities(returning.back((1, 1), (2, 1)))) == -60


def test_a_floor_below_zero_is_kept() -> None:
    rules = programme(BASE + WITHIN + "floor = -30\n")
    returning = Returning(rules, sold(rules, basket(line(1, 10_000))), redeem(90, "coffee"))
    returning.back((1, 1))
    assert returning.points() == -30


def test_nobody_pays_for_bringing_something_back() -> None:
    """100 points at 2 euro each would be more than the 100.00 that are paid back."""
    rules = programme(BASE + DEDUCT.replace("points = 2", "points = 200"))
    returning = Returning(rules, sold(rules, basket(line(1, 10_000))), redeem(100, "coffee"))
    assert returning.back((1, 1)).refunds == (Refund(1, 0, 10_000),)


def test_only_pending_points_are_taken_where_that_is_declared() -> None:
    pending = "[unit.points.pending]\ndays = 14\n"
    rules = programme(BASE + pending + '[returns]\npolicy = "only-pending"\n')
    early = Returning(rules, sold(rules, basket(line(1, 6000))))
    assert quantities(early.back((1, 1))) == [-60]
    late = Returning(rules, sold(rules, basket(line(1, 6000))))
    late.at = A_SATURDAY + timedelta(days=14)
    assert quantities(late.back((1, 1))) == []


def test_pending_points_go_first_where_that_is_declared() -> None:
    """60 usable points of the sale; 25 of another are pending until next week, and go first."""
    rules = programme(BASE + "[returns]\npending_first = true\n")
    soon = DAYS_LATER.date() + timedelta(days=4)
    returning = Returning(
        rules, sold(rules, basket(line(1, 6000))), Holding("points", 25, None, soon)
    )
    given = returning.back((1, 1))
    assert [(entry.quantity, entry.matures_on) for entry in given.entries] == [
        (-25, soon),
        (-35, None),
    ]


# --- What was used --------------------------------------------------------------------------------------------------


def spent_sale(
    rules: Programme, bought: Basket, points: int, *off: int, expires_on: date | None = None
) -> Sold:
    """A sale on which a reward `r` took so much off each line for so many points."""
    reductions = tuple(Reduction(n, amount, "r", own=True) for n, amount in enumerate(off, 1))
    taken = redeem(points, "r", expires_on=expires_on)
    return sold(
        rules,
        bought,
        more=(taken,),
        reductions=reductions,
        wanted=Wanted((Redemption("r"),)),
    )


def test_a_full_return_gives_back_what_was_spent_and_takes_what_was_earned() -> None:
    """Of 200 points 150 were spent and 70 earned, which makes 120; afterwards it is 200 again."""
    rules = programme(BASE.replace("points = 1", "points = 0.7"))
    sale = spent_sale(rules, basket(line(1, 10_000)), 150, 1000)
    returning = Returning(rules, sale, Holding("points", 200))
    assert returning.points() == 120
    given = returning.back((1, 1))
    assert sorted(quantities(given)) == [-70, 150]
    assert returning.points() == 200
    assert given.refund == 9000


def test_spent_points_come_back_with_the_goods_that_they_were_spent_on() -> None:
    """100 points made line 1 free. Line 2 alone gives none of them back, line 1 all."""
    rules = programme(BASE)
    returning = Returning(rules, spent_sale(rules, basket(line(1, 500), line(2, 500)), 100, 500, 0))
    assert max(quantities(returning.back((2, 1))), default=0) < 0
    given = returning.back((1, 1))
    assert max(quantities(given)) == 100
    assert given.refund == 0


def test_points_that_paid_for_all_of_it_come_back_with_all_of_it() -> None:
    """The till was told of nothing left to pay, so there is no amount to take a share of."""
    rules = programme(BASE)
    sale = spent_sale(rules, basket(line(1, 0), line(2, 0)), 100)
    returning = Returning(rules, sale)
    assert [quantities(returning.back((number, 1))) for number in (1, 2)] == [[], [100]]


@pytest.mark.parametrize(
    ("spent", "restored"), [("by-amount", [50, 50]), ("full-return", [0, 100]), ("never", [0, 0])]
)
def test_when_spent_points_come_back_is_declared(spent: str, restored: list[int]) -> None:
    rules = programme(BASE + f'[returns]\nspent = "{spent}"\n')
    bought = basket(line(1, 1000, quantity=Decimal(2)))
    returning = Returning(rules, spent_sale(rules, bought, 100, 500))
    back = [returning.back((1, 1)) for _ in range(2)]
    assert [sum(q for q in quantities(each) if q > 0) for each in back] == restored


@pytest.mark.parametrize(
    ("grace", "expired_on", "until"),
    [
        (30, date(2026, 11, 23), date(2026, 12, 24)),
        (0, date(2026, 11, 23), date(2026, 11, 23)),
        (30, date(2026, 11, 24), date(2026, 11, 24)),  # which they may be used on until midnight
    ],
)
def test_spent_points_go_back_to_their_lot_and_get_grace_where_it_expired(
    grace: int, expired_on: date, until: date
) -> None:
    """They come back on the 24th."""
    rules = programme(BASE + f"[returns]\ngrace_days = {grace}\n")
    sale = spent_sale(rules, basket(line(1, 900)), 100, 500, expires_on=expired_on)
    given = Returning(rules, sale).back((1, 1))
    (restored,) = (entry for entry in given.entries if entry.quantity > 0)
    assert restored.expires_on == until


def test_the_use_of_an_offer_is_given_back_with_the_last_piece() -> None:
    rules = programme(BASE)
    bought = basket(line(1, 1000, quantity=Decimal(2)))
    sale = sold(rules, bought, more=(count("use.r", 1, "r"),), reductions=(Reduction(1, 100, "r"),))
    returning = Returning(rules, sale)
    assert [quantities(returning.back((1, 1)), "count/use.r") for _ in range(2)] == [[], [-1]]


# --- What was issued ------------------------------------------------------------------------------------------------


def threshold_sale(rules: Programme) -> Sold:
    """100.00 earns 100 points, for which a voucher of 5.00 was issued at once."""
    more = (redeem(100, "v"), earn(500, "v", "voucher/v"))
    return sold(rules, basket(line(1, 10_000)), more=more)


def test_a_voucher_that_is_kept_leaves_the_points_owed() -> None:
    rules = programme(BASE + '[returns]\nissued = "kept"\n')
    returning = Returning(rules, threshold_sale(rules))
    returning.back((1, 1))
    assert (returning.points(), returning.points("voucher/v")) == (-100, 500)


def test_a_voucher_that_is_taken_back_gives_its_price_back() -> None:
    rules = programme(BASE)
    returning = Returning(rules, threshold_sale(rules))
    returning.back((1, 1))
    assert (returning.points(), returning.points("voucher/v")) == (0, 0)


def test_of_a_voucher_that_was_used_its_price_is_not_given_back_twice() -> None:
    """2.00 of 5.00 are left, so 40 of 100 points come back for it."""
    rules = programme(BASE)
    used = redeem(300, "v", "voucher/v", lot=RECORD)
    returning = Returning(rules, threshold_sale(rules), used)
    returning.back((1, 1))
    assert (returning.points(), returning.points("voucher/v")) == (-60, 0)


def test_what_was_used_of_a_voucher_comes_off_the_refund_where_that_is_declared() -> None:
    rules = programme(BASE + '[returns]\nissued = "deduct-from-refund"\n')
    used = redeem(300, "v", "voucher/v", lot=RECORD)
    returning = Returning(rules, threshold_sale(rules), used)
    assert returning.back((1, 1)).refunds == (Refund(1, 9700, 300),)
    assert (returning.points(), returning.points("voucher/v")) == (0, 0)


# --- Money ----------------------------------------------------------------------------------------------------------


def test_what_is_paid_back_is_what_was_paid_after_everything_that_was_off() -> None:
    """10.00 less 0.01 in three parts: 3.33, 3.33 and 3.33."""
    rules = programme(BASE)
    bought = basket(line(1, 1000, quantity=Decimal(3)))
    returning = Returning(rules, sold(rules, bought, reductions=(Reduction(1, 1, "x"),)))
    assert [returning.back((1, 1)).refund for _ in range(3)] == [333, 333, 333]


def test_a_sale_without_a_card_is_paid_back_and_has_nothing_to_reverse() -> None:
    rules = programme(BASE)
    bought = basket(line(1, 1000, quantity=Decimal(3)))
    given = Returning(rules, Sold(RECORD, A_SATURDAY, Recorded(rules.digest, NOBODY, bought))).back(
        (1, 2)
    )
    assert given == GivenBack((), (), (Refund(1, 666),))


def test_more_than_was_bought_never_comes_back() -> None:
    rules = programme(BASE)
    returning = Returning(rules, sold(rules, basket(line(1, 1000, quantity=Decimal(2)))))
    returning.back((1, "1.5"))
    with pytest.raises(OverReturned, match=r"of line 1 at most 0\.5"):
        returning.back((1, "0.501"))
    with pytest.raises(KeyError):
        returning.back((7, 1))


# --- Properties -----------------------------------------------------------------------------------------------------

DECLARED = st.sampled_from(
    [
        f'{{"reverse": "{reverse}", "spent": "{spent}"}}'
        for reverse in ("lines", "amount", "kept", "period")
        for spent in ("by-amount", "full-return")
    ]
)
thirds = st.sampled_from([Decimal("0.001"), Decimal("0.25"), Decimal("0.5"), Decimal(1)])


@given(rules=programmes(), bought=baskets, declared=DECLARED, data=st.data())
def test_in_whatever_parts_everything_comes_back_it_is_as_if_nothing_was_sold(
    rules: Programme, bought: Basket, declared: str, data: st.DataObject
) -> None:
    file = rules.file.model_copy(update={"returns": ReturnsTable.model_validate_json(declared)})
    rules = Programme(rules.digest, rules.text, file)
    returning = Returning(rules, sold(rules, bought))
    left = {each.number: each.quantity for each in bought.lines}
    paid_back = 0
    for number in data.draw(st.permutations([*left, *left])):
        part = left[number]
        if data.draw(st.booleans()):
            part = min(part, (part * data.draw(thirds)).quantize(Decimal("0.001")))
        if part <= 0:
            continue
        left[number] -= part
        paid_back += returning.back((number, str(part))).refund
        assert all(returning.points(unit) >= 0 for unit in rules.units)
    rest = [(number, str(quantity)) for number, quantity in left.items() if quantity]
    if rest:
        paid_back += returning.back(*rest).refund
    assert paid_back == bought.total
    assert all(quantity == 0 for quantity in _by_life(returning).values())


def _by_life(returning: Returning) -> Counter[Holding]:
    sums: Counter[Holding] = Counter()
    for each in returning.holdings:
        sums[each._replace(quantity=0)] += each.quantity
    return sums

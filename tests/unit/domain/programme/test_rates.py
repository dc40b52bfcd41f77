"""Earning in all its forms: what counts, how it is rounded, and which of several rules a line earns by.

Worked examples are those of published programmes and of the tests of other engines; amounts are in cents.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket, Line, Tender
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Evaluation, Programme, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.earning import Rate
from edge_agent.domain.programme.lines import Lines
from edge_agent.domain.programme.situation import Outcome, Reduction, Situation, Worked
from edge_agent.domain.programme.unmet import Obstacle
from edge_agent.domain.tallies import figures
from tests.unit.domain.builders import (
    A_SATURDAY,
    HEAD,
    MEMBER,
    awarded,
    basket,
    baskets,
    earned,
    line,
    programme,
    shares,
)

HUNDREDTHS = HEAD.replace("[unit.points.name]", "[unit.points]\ndecimals = 2\n[unit.points.name]")


def rule(keys: str, rule_id: str = "base") -> str:
    return f'[[earn]]\nid = "{rule_id}"\n{keys}\n'


def facts(tier: str | None = None, **more: Any) -> MemberFacts:
    return MemberFacts("7f0c2b1e9d3a4c58", tier=tier, **more)


def pieces(number: int, count: str, price: int, *categories: str, **more: Any) -> Line:
    """A line of so many pieces at so much each."""
    return line(number, int(Decimal(count) * price), *categories, quantity=Decimal(count), **more)


def of(rules: str, *lines: Line, tier: str | None = None) -> int:
    """The points of one sale."""
    return earned(evaluate(programme(rules), facts(tier), basket(*lines), A_SATURDAY).entries)


# --- How an amount becomes points -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "amount", "points"),
    [
        # ten per complete 2.00: 7.00 has three; multiplied first it would be 35
        ("points = 10\nper = 200\nstep = 200", 700, 30),
        ("points = 10\nper = 200", 700, 35),
        # whole euros first, then the points: 37 x 1.25 = 46.25
        ('points = "1.25"\nper = 100\nstep = 100', 3799, 46),
        ('points = "1.25"\nper = 100', 3799, 47),
        ('points = "1.25"\nper = 100\nstep = 100\nstep_rounding = "half-up"', 3750, 47),
        # rounded to cents of a point first: 0.4949 is 0.49 and gives nothing, 0.4950 is 0.50 and gives one
        ('points = "0.0001"\nper = 1\nrounding = "half-up"\ndecimals_first = 2', 4949, 0),
        ('points = "0.0001"\nper = 1\nrounding = "half-up"\ndecimals_first = 2', 4950, 1),
        ('points = "0.0001"\nper = 1\nrounding = "half-up"', 4950, 0),
        ('points = 3\nper = 100\nrounding = "ceil"', 9995, 300),
        ('points = 1\nper = 200\nrounding = "half-even"', 500, 2),
        ('points = 1\nper = 200\nrounding = "half-even"', 700, 4),
        ("points = 10\nper = 100", 4999, 499),
        ("points = 1\nper = 1000", 9950, 9),
        ("points = 1\nper = 1000", 10746, 10),
        ("points = 1\nper = 100\nat_least = 5", 100, 5),
        ("points = 1\nper = 100\nat_least = 5", 600, 6),
        ("points = 1\nper = 100\nat_least = 5", 0, 0),
    ],
)
def test_an_amount_is_rounded_as_the_rule_says(keys: str, amount: int, points: int) -> None:
    assert of(rule(keys), line(1, amount)) == points


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("sale", 14),  # 4.99 x 3 = 14.97
        ("line", 14),
        ("piece", 12),  # 4 for each pair of socks
    ],
)
def test_a_fraction_is_rounded_for_the_sale_the_line_or_the_piece(
    stage: str, expected: int
) -> None:
    assert of(rule(f'points = 1\nper = 100\nstage = "{stage}"'), pieces(1, "3", 499)) == expected


def test_what_is_sold_by_weight_is_one_piece() -> None:
    keys = 'points = 1\nper = 100\nstage = "piece"'
    assert of(rule(keys), line(1, 399, quantity=Decimal("0.482"))) == 3
    assert of(rule(keys), line(1, 399, quantity=Decimal("2.482"))) == 3


def test_a_unit_with_decimals_keeps_the_fraction() -> None:
    """2.3 per euro on 3.00, 20.00 and 20.00, the last doubled: 6.9 + 46 + 92 = 144.9."""
    rules = rule(
        'tier_points = { level3 = "2.3" }\nper = 100\nscope.without.skus = ["123", "234"]'
    ) + (
        '[[bonus]]\nid = "x"\nmultiply = 2\nwhy = "x"\n'
        'when = { skus = ["SKU123"], tiers = ["level3"] }\n'
    )
    bought = basket(
        line(1, 300, sku="12113"), line(2, 2000, sku="11223233"), line(3, 2000, sku="SKU123")
    )
    held = facts("level3")
    found = evaluate(programme(rules + tiers("level3"), HUNDREDTHS), held, bought, A_SATURDAY)
    assert earned(found.entries) == 14490


def tiers(*names: str) -> str:
    """Tiers that nobody reaches here: what central says of the member decides."""
    levels = "".join(
        f'[[tiers.level]]\nid = "{name}"\nname = "x"\nat_least = {100_000 * number}\n'
        for number, name in enumerate(names, 1)
    )
    return f'[tiers]\nmeasure = "spend"\n{levels}'


# --- What is counted --------------------------------------------------------------------------------------------------


def test_pieces_lines_and_sales_give_fixed_points() -> None:
    bought = (pieces(1, "3", 499), pieces(2, "2", 100, "coffee"), line(3, 250, "coffee"))
    coffee = 'scope.categories = ["coffee"]'
    assert of(rule(f'points = 50\neach = "piece"\n{coffee}'), *bought) == 150
    assert of(rule(f'points = 100\neach = "line"\n{coffee}'), *bought) == 200
    assert of(rule(f'points = 7\neach = "sale"\n{coffee}'), *bought) == 7
    assert of(rule('points = 7\neach = "sale"\nscope.categories = ["tea"]'), *bought) == 0
    assert of(rule('points = 1\neach = "piece"\npieces = 4'), *bought) == 1  # six pieces
    assert of(rule('points = 2\neach = "piece"\npieces = 3'), *bought) == 4


def test_a_volume_gives_points_whatever_it_costs() -> None:
    """A point per 2 litres: 28 litres give 14, and so do 29.99."""
    keys = 'points = 1\nper_measure = 2\nscope.categories = ["fuel"]'
    for litres, points in (("28", 14), ("29.99", 14), ("30", 15)):
        assert (
            of(rule(keys), line(1, 4116, "fuel", measure=Decimal(litres)), line(2, 900)) == points
        )


def test_a_visit_counts_from_a_minimum_before_tax() -> None:
    """4.80 before tax is 5.18 with it and does not count; 5.00 before tax does, and so does any larger sale."""
    keys = 'points = 1\neach = "sale"\nwhen = { minimum_sale = 500, minimum_tax = "excluded" }'
    for amount, points in ((518, 0), (540, 1), (5400, 1)):
        assert of(rule(keys), line(1, amount, tax_rate="8")) == points


IKEA = (
    "bands = [ { to_amount = 3000, points = 2 }, { from_amount = 3000, to_amount = 6000, points = 6 },"
    " { from_amount = 6000, to_amount = 12000, points = 16 }, { from_amount = 12000, points = 33 } ]"
)
OVERLAPPING = (
    "bands = [ { to_amount = 1000, points = 1 }, { from_amount = 1000, to_amount = 5000, points = 3 },"
    ' { from_amount = 5000, to_amount = 10000, points = 5 } ]\nbounds = "inclusive"'
)


@pytest.mark.parametrize(
    ("keys", "points"),
    [
        (IKEA, {0: 0, 1: 2, 3000: 2, 3001: 6, 6000: 6, 12000: 16, 12001: 33, 400100: 33}),
        (f'{IKEA}\nbounds = "half-open"', {2999: 2, 3000: 6, 5999: 6, 12000: 33}),
        (OVERLAPPING, {999: 1, 1000: 4, 5000: 8, 10000: 5, 10001: 0}),
    ],
)
def test_a_band_gives_its_points_and_the_bounds_say_whose_the_border_is(
    keys: str, points: dict[int, int]
) -> None:
    assert {amount: of(rule(keys), line(1, amount)) for amount in points} == points


# --- Which amount counts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "counted"),
    [
        ("", 8000),
        ('basis = "before-rewards"', 8500),
        ('basis = "before-programme"', 9000),
        ('basis = "before-discounts"', 10000),
        ('tax = "excluded"', 6612),  # 80.00 with 21 % in it
        ('basis = "before-discounts"\ntax = "excluded"', 8264),
    ],
)
def test_the_basis_says_which_of_the_amounts_of_a_line_counts(keys: str, counted: int) -> None:
    """100.00, the POS took 10.00 off, a promotion 5.00 and a reward 5.00."""
    sold = line(1, 9000, discount=1000, tax_rate="21")
    off = (Reduction(1, 500, "promotion"), Reduction(1, 500, "reward", own=True))
    worked = Worked().plus([Outcome("x", (), off)])
    assert rate_of(f"points = 1\nper = 1\n{keys}", worked, sold) == [counted]


def test_lines_without_a_reward_count_as_they_are() -> None:
    lines = (line(1, 9000), line(2, 700))
    worked = Worked().plus([Outcome("x", (), (Reduction(1, 500, "reward", own=True),))])
    assert rate_of('points = 1\nper = 1\nbasis = "before-rewards"', worked, *lines) == [9000, 700]


def rate_of(keys: str, worked: Worked, *sold: Line, tenders: tuple[Tender, ...] = ()) -> list[Any]:
    """How much of each line counts."""
    rules = programme(rule(keys))
    bought = replace(basket(*sold), tenders=tenders)
    situation = Situation(MEMBER, bought, A_SATURDAY, Lines(sold), rules.file.unit)
    rate = Rate.of(rules.file.earn[0], 1, None)
    assert rate is not None
    return list(rate.counted(situation, worked, sold))


@pytest.mark.parametrize("keys", ["", "step = 100", "decimals_first = 1", "at_least = 5"])
def test_a_basket_below_nothing_earns_nothing_and_takes_nothing(keys: str) -> None:
    rules = programme(rule(f"points = 1\nper = 100\n{keys}"))
    for bought in (basket(line(1, -500)), basket(line(1, 200), line(2, -201))):
        assert evaluate(rules, MEMBER, bought, A_SATURDAY).entries == ()


def test_a_tier_that_there_is_not_is_found_among_the_points_for_tiers() -> None:
    with pytest.raises(ProgrammeInvalid, match=r"there is no .* with the id nosuch"):
        programme('[[earn]]\nid = "base"\ntier_points = { nosuch = 2 }\npoints = 1\nper = 100\n')


def test_what_is_shared_out_goes_by_what_was_paid_and_never_by_less_than_nothing() -> None:
    worked = Worked().plus([Outcome("x", (), (Reduction(1, 300, "promotion"),))])
    assert worked.weights((line(1, 200), line(2, 500))) == [0, 500]
    assert list(worked.weights(())) == []


def test_a_deposit_is_no_turnover() -> None:
    assert rate_of("points = 1\nper = 1", Worked(), line(1, 1990, levy=390)) == [1600]


def test_the_rate_can_depend_on_the_means_of_payment() -> None:
    """12.50, of which 7.50 on the registered card at two per euro and 5.00 in cash at one: 15 + 5."""
    rules = (
        '[earning]\nseveral = "add"\n'
        + rule('points = 2\nper = 100\ntenders = ["registered"]')
        + rule('points = 1\nper = 100\ntenders = ["cash", "bank"]', "other")
    )
    bought = replace(
        basket(line(1, 1250)), tenders=(Tender("registered", 750), Tender("cash", 500))
    )
    found = awarded(programme(rules), bought)
    assert {each: shares(found.entries, each) for each in ("base", "other")} == {
        "base": {1: 15},
        "other": {1: 5},
    }
    assert awarded(programme(rules), basket(line(1, 1250))).entries == ()  # not paid yet


def test_a_part_of_a_tender_is_split_exactly_over_the_lines() -> None:
    """A third of three lines of 1.00 is paid in cash: a cent per point gives 100, and no line more than 34."""
    tenders = (Tender("cash", 100), Tender("card", 200))
    bought = replace(basket(line(1, 100), line(2, 100), line(3, 100)), tenders=tenders)
    found = awarded(programme(rule('points = 1\nper = 1\ntenders = ["cash"]')), bought)
    assert sorted(shares(found.entries, "base").values()) == [33, 33, 34]


def test_a_discounted_bill_earns_nothing_where_the_rule_says_so() -> None:
    """A drink on the house loses only its own points; something off the bill loses all."""
    keys = 'points = 1\nper = 100\nrounding = "ceil"\nwhen.no_discount = true\nscope.without.kinds = ["free"]'
    assert of(rule(keys), line(1, 2000), line(2, 0, kind="free", discount=450)) == 20
    assert of(rule(keys), line(1, 1800, discount=200)) == 0


def test_a_line_that_is_a_reduction_lowers_the_sum_and_earns_nothing_itself() -> None:
    assert of(rule("points = 1\nper = 100"), line(1, 1000), line(2, -450)) == 5
    assert of(rule('points = 1\nper = 100\nstage = "line"'), line(1, 1000), line(2, -450)) == 10
    assert of(rule("points = 1\nper = 100"), line(1, 300), line(2, -450)) == 0


# --- Who gets which rate ----------------------------------------------------------------------------------------------


def test_each_tier_has_its_rate() -> None:
    rules = rule("points = 1\ntier_points = { silver = 5, gold = 10 }\nper = 100")
    rules += tiers("bronze", "silver", "gold")
    for tier, points in ((None, 120), ("bronze", 120), ("silver", 600), ("gold", 1200)):
        assert of(rules, line(1, 12000), tier=tier) == points


def test_without_a_rate_for_others_only_the_tiers_earn() -> None:
    rules = programme(rule("tier_points = { gold = 3 }\nper = 100") + tiers("gold"))
    found = awarded(rules, basket(line(1, 1000)))
    assert earned(found.entries) == 0
    unmet = found.outcomes[0].unmet
    assert unmet is not None
    assert (unmet.obstacle, unmet.value) == (Obstacle.OTHER_TIER, ("gold",))


LISTED = rule('points = 3\nper = 100\nwhen.tiers = ["gold"]', "for-gold") + rule(
    "points = 1\nper = 100"
)


def test_of_listed_rates_a_line_earns_by_the_first_that_holds_for_the_member() -> None:
    """20.50 gives 60 for gold, since 61.5 is counted on whole euros, and 20 for others; 80 would be both."""
    stepped = LISTED.replace("per = 100", "per = 100\nstep = 100") + tiers("gold")
    assert of(stepped, line(1, 2050), tier="gold") == 60
    assert of(stepped, line(1, 2050)) == 20


def test_margin_classes_have_rates_of_their_own() -> None:
    rules = rule('points = 5\nper = 1000\nscope.margins = ["high"]', "high") + rule(
        "points = 1\nper = 1000"
    )
    assert (
        of(rules, line(1, 20000, margin="high"), line(2, 30000, margin="low"), line(3, 9000)) == 139
    )


TWO = rule('points = 1\nper = 100\nscope.categories = ["fruit"]', "fruit") + rule(
    "points = 2\nper = 100", "all"
)


@pytest.mark.parametrize(
    ("several", "fruit", "everything"),
    [("first", {1: 10}, {2: 10}), ("add", {1: 10}, {1: 20, 2: 10}), ("best", {}, {1: 20, 2: 10})],
)
def test_the_programme_says_what_a_line_earns_that_several_rules_take(
    several: str, fruit: dict[int, int], everything: dict[int, int]
) -> None:
    rules = programme(f'[earning]\nseveral = "{several}"\n{TWO}')
    found = awarded(rules, basket(line(1, 1000, "fruit"), line(2, 500))).entries
    assert shares(found, "fruit") == fruit
    assert shares(found, "all") == everything


# --- Over a period ----------------------------------------------------------------------------------------------------


def over_time(rules: Programme, sales: list[tuple[datetime, Basket]]) -> list[Evaluation]:
    """Sales of one member one after the other, each seeing what the ones before counted."""
    held: list[Holding] = []
    found = []
    for at, bought in sales:
        seen = figures(rules.readings, held, at.date(), None)
        found.append(evaluate(rules, facts(figures=seen), bought, at))
        held += [each.holding for each in found[-1].entries]
    return found


STATEMENT = 'points = 1\nper = 200\nperiod = "month"'


def test_amounts_of_a_period_are_added_up_before_they_are_rounded() -> None:
    """3.99 and 3.99 are 7.98 and give 3; by themselves they would give 1 and 1. December begins anew."""
    dates = [
        datetime.fromisoformat(f"2026-{day}T12:00:00+01:00") for day in ("11-05", "11-09", "12-01")
    ]
    sales = [(at, basket(line(1, 399))) for at in dates]
    found = over_time(programme(rule(STATEMENT)), sales)
    assert [earned(each.entries) for each in found] == [1, 2, 1]
    counts = [each for each in found[0].entries if each.kind is EntryKind.COUNT]
    assert [(each.unit, each.quantity, each.line) for each in counts] == [
        ("count/earn.base", 399, 1)
    ]


def test_a_sale_that_does_not_reach_a_point_still_counts_for_its_period() -> None:
    sales = [(A_SATURDAY + timedelta(hours=hour), basket(line(1, 120))) for hour in range(4)]
    found = over_time(programme(rule(STATEMENT)), sales)
    assert [earned(each.entries) for each in found] == [0, 1, 0, 1]


def test_litres_and_pieces_are_added_up_over_a_period_too() -> None:
    fuel = programme(rule('points = 1\nper_measure = 20\nperiod = "30 days"'))
    filled = [(A_SATURDAY, basket(line(1, 1, measure=Decimal("12.345"))))] * 5
    assert [earned(each.entries) for each in over_time(fuel, filled)] == [0, 1, 0, 1, 1]  # 61.725
    cups = programme(rule('points = 1\neach = "piece"\npieces = 5\nperiod = "ever"'))
    drunk = [(A_SATURDAY, basket(pieces(1, "2", 300)))] * 5
    assert [earned(each.entries) for each in over_time(cups, drunk)] == [0, 0, 1, 0, 1]
    weighed = [(A_SATURDAY, basket(pieces(1, "0.25", 300)))] * 20
    assert sum(earned(each.entries) for each in over_time(cups, weighed)) == 1


@given(amounts=st.lists(st.integers(0, 5000), max_size=12), per=st.integers(1, 700))
def test_over_a_period_the_points_are_those_of_the_sum(amounts: list[int], per: int) -> None:
    rules = programme(rule(f'points = 7\nper = {per}\nperiod = "month"'))
    found = over_time(rules, [(A_SATURDAY, basket(line(1, amount))) for amount in amounts])
    assert sum(earned(each.entries) for each in found) == sum(amounts) * 7 // per


# --- What always holds ------------------------------------------------------------------------------------------------

FORMS = st.sampled_from(
    (
        "points = 1\nper = 100",
        'points = "1.25"\nper = 100\nstep = 100',
        'points = 3\nper = 70\nrounding = "ceil"\nstage = "line"',
        'points = 3\nper = 70\nrounding = "half-even"\nstage = "piece"',
        'points = 2\neach = "piece"\npieces = 3',
        'points = 2\neach = "line"',
        'points = 2\neach = "sale"',
        'points = 1\nper = 10\ntenders = ["cash"]',
        'points = 1\nper = 10\ntax = "excluded"\nbasis = "before-discounts"',
        'points = 1\nper = 300\nperiod = "month"',
        IKEA,
    )
)


@given(
    forms=st.lists(FORMS, min_size=1, max_size=4),
    several=st.sampled_from(("first", "add", "best")),
    bought=baskets,
    cash=st.integers(0, 100_000),
    data=st.data(),
)
def test_whatever_the_rules_entries_are_whole_positive_and_do_not_depend_on_the_order_of_lines(
    forms: list[str], several: str, bought: Basket, cash: int, data: st.DataObject
) -> None:
    head = f'[earning]\nseveral = "{several}"\n'
    scope = 'scope.without.categories = ["tobacco"]\n'
    text = head + "".join(rule(f"{keys}\n{scope}", f"r{n}") for n, keys in enumerate(forms))
    rules = programme(text)
    paid = replace(bought, tenders=(Tender("cash", cash), Tender("card", 500)))
    found = evaluate(rules, MEMBER, paid, A_SATURDAY)
    assert all(type(each.quantity) is int and each.quantity > 0 for each in found.entries)
    order = data.draw(st.permutations(range(len(bought.lines))))
    turned = tuple(
        replace(bought.lines[index], number=number) for number, index in enumerate(order, 1)
    )
    again = evaluate(rules, MEMBER, replace(paid, lines=turned), A_SATURDAY)
    assert per_rule(again) == per_rule(found)
    by_line = {line.number: line for line in bought.lines}
    assert not any("tobacco" in by_line[each.line or 0].categories for each in found.entries)


def per_rule(found: Evaluation) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for each in found.entries:
        sums[each.rule, each.unit] = sums.get((each.rule, each.unit), 0) + each.quantity
    return sums


# --- What is wrong with a rule ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("points = 1", "give one of per, per_measure, each and bands"),
        ('points = 1\nper = 100\neach = "sale"', "give one of per, per_measure, each and bands"),
        ("per = 100", "say how many points it gives"),
        ("points = 1\nbands = [ { points = 2 } ]", "points stand in the bands"),
        ('points = 1\neach = "piece"\ntax = "excluded"', "tax is about amounts"),
        ('points = 1\neach = "line"\npieces = 2', 'pieces goes with each = "piece"'),
        ('points = 1\neach = "line"\nstep = 2', "step goes with per or per_measure"),
        ('points = 1\neach = "sale"\nstage = "line"', 'goes with stage = "sale"'),
        (
            'points = 1\nper = 100\nstage = "line"\nperiod = "month"',
            "leave out stage, tenders and not_tenders",
        ),
        ('points = 1\neach = "sale"\nperiod = "month"', "leave out stage, tenders and not_tenders"),
        (
            'points = 1\nper = 100\nperiod = "maand"',
            "is no stretch of time; write day, week, month",
        ),
        ("bands = [ { from_amount = 5, to_amount = 5, points = 1 } ]", "is not more than"),
        ('points = 1\nper = 100\nwhen.categories = ["x"]', "is not a key that is known here"),
    ],
)
def test_a_rule_that_contradicts_itself_is_told_what_would_be_right(keys: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        programme(rule(keys))
    assert said in str(caught.value)

"""Whole stories of reductions together with points: each is worked out by hand in its docstring."""

from decimal import Decimal

import pytest

from edge_agent.domain.basket import Basket
from edge_agent.domain.money import net_of_tax
from edge_agent.domain.programme import Evaluation, Programme
from edge_agent.domain.programme.situation import FreeUnits, Redemption
from tests.unit.domain.builders import HEAD, basket, line, programme
from tests.unit.domain.programme.reducing import (
    codes,
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

TENTHS = HEAD.replace("[unit.points.name]", "[unit.points]\ndecimals = 1\n[unit.points.name]")


def earn(more: str = "") -> str:
    return f'[[earn]]\nid = "base"\npoints = 1\nper = 100\n{more}\n'


def net(bought: Basket, found: Evaluation) -> int:
    """What is left to pay without tax."""
    return sum(
        net_of_tax(each.amount - found.off().get(each.number, 0), each.tax_rate)
        for each in bought.lines
    )


def test_units_to_add_are_not_among_those_that_a_percentage_is_of() -> None:
    """Eight cabinets of 368.00 are paid, two are added free: 20 % of the eight is 588.80, of 3194.00 leaves 2605.20."""
    deals = offer(
        "free", 'free = { sku = "cab", buy = 3, added = true }', 'when = { skus = ["cab"] }'
    )
    deals += offer(
        "pct",
        "percent = 20",
        'when = { skus = ["cab"], minimum_sale = 32000, minimum_tax = "excluded" }',
    )
    bought = basket(piece(1, "cab", 8, 36_800, tax_rate="15"), piece(2, "drawer", 10, 2500))
    found = worked(rules(deals), bought)
    assert found.free_units() == (FreeUnits("cab", 2),)
    assert (total_off(found), bought.total - total_off(found)) == (58_880, 260_520)


def test_the_tax_shrinks_with_the_line_that_it_is_in() -> None:
    """290.00 off 300.00 leaves 3.33 or 3.34 a line, 10 % off that 3.00: of 9.00 in all, 0.27 is the chair's tax."""
    deals = offer("c290", "amount = 29000") + offer("p10", "percent = 10")
    bought = basket(
        piece(1, "chair", 1, 10_000, tax_rate="10"),
        piece(2, "bin", 1, 10_000),
        piece(3, "A", 1, 10_000),
    )
    found = worked(rules(deals), bought)
    assert bought.total - total_off(found) == 900
    assert net(bought, found) == 873


def test_an_offer_on_everything_need_not_lower_the_points_of_one_category() -> None:
    """100.00 of food and 50.00 of others with 10 % off everything: 15.00 off, and 100 points where it is counted as
    the programme's own; 90 where it is a lower price."""
    own = offer("pct", "percent = 10", 'how = "code"\ncodes = ["promocode"]\nown = true')
    bought = basket(line(1, 10_000, "food", sku="A"), line(2, 5000, "other", sku="B"))
    scope = 'scope = { categories = ["food"] }\nbasis = "before-rewards"'
    for deal, expected in ((own, 100), (own.replace("own = true", ""), 90)):
        found = worked(rules(deal, earn(scope)), bought, codes("promocode"))
        assert (total_off(found), earned(found)) == (1500, expected)


def test_a_reward_of_ones_own_need_not_lower_the_points() -> None:
    """Five points for 10 % off 100.00: 100 points on the list price, 50 - 5 + 100 are 145."""
    rule = rules(reward("r", "cost = 5\noff = { percent = 10 }"), earn('basis = "before-rewards"'))
    found = worked(
        rule, basket(piece(1, "pen", 1, 10_000)), redeeming(Redemption("r")), member(points(50))
    )
    assert (spent(found), earned(found), total_off(found)) == (5, 100, 1000)


def test_a_free_article_earns_nothing_itself() -> None:
    """10.20 of paid goods earn 10.2, a pen is free for 5 of them: 5.2 are left."""
    rule = programme(
        earn('scope = { without = { kinds = ["reward"] } }')
        + reward(
            "p",
            "cost = 5\nsame_sale = true\noff = { percent = 100, units = 1 }\n"
            'when = { skus = ["pen1"], kinds = ["reward"] }',
        ),
        TENTHS,
    )
    bought = basket(piece(1, "org", 2, 510), piece(2, "pen1", 1, 100, kind="reward"))
    found = worked(rule, bought, redeeming(Redemption("p")))
    assert (bought.total - total_off(found), earned(found), spent(found)) == (1020, 102, 50)


PHARMACY = (
    reward("a", 'cost = 50000\noff = { amount = 6500 }\ncharge = "whole"')
    + reward("b", 'cost = 100000\noff = { amount = 14000 }\ncharge = "whole"')
    + '[[exclude]]\nid = "tax"\nkinds = ["tax"]\nwhy = "x"\n'
)


@pytest.mark.parametrize(
    ("price", "tax", "off", "to_pay", "given"),
    [(8000, 1040, 6500, 2540, 225), (6000, 780, 6000, 780, 0)],
)
def test_a_reward_whose_value_is_not_in_proportion_and_whose_rest_is_lost(
    price: int, tax: int, off: int, to_pay: int, given: int
) -> None:
    """Tax stays on the full price, so it is a line of its own that nothing is off; the rest of the price earns."""
    rule = rules(
        PHARMACY, '[[earn]]\nid = "base"\npoints = 15\nper = 100\n', "rewards_per_sale = 1"
    )
    bought = basket(piece(1, "x", 1, price), line(2, tax, kind="tax"))
    found = worked(rule, bought, redeeming(Redemption("a")), member(points(260_000)))
    assert (total_off(found), spent(found), earned(found)) == (off, 50_000, given)
    assert bought.total - total_off(found) == to_pay
    both = worked(
        rule, bought, redeeming(Redemption("a"), Redemption("a")), member(points(260_000))
    )
    assert (why_not(both), spent(both)) == ({"a": "too-many"}, 0)


def test_a_hundred_points_for_five_euro() -> None:
    """Points of whatever kind complete the hundred; the sale that uses them pays 5.00 less."""
    rule = rules(reward("r", "spend = { step = 100, value = 500 }"), earn())
    found = worked(
        rule, basket(piece(1, "pot", 1, 3000)), redeeming(Redemption("r", 100)), member(points(100))
    )
    assert (total_off(found), spent(found), earned(found)) == (500, 100, 25)


@pytest.mark.parametrize(("uses", "expected"), [(0, 1000), (1, 0)])
def test_a_stock_for_everybody_is_shared_out_over_the_tills(uses: int, expected: int) -> None:
    rule = rules(offer("pct", "percent = 10", 'limits = [{ times = 1, of = "till" }]'))
    (reading,) = rule.readings
    facts = member(figures={reading.key: uses})
    assert total_off(worked(rule, basket(piece(1, "A", 1, 10_000)), facts=facts)) == expected


def test_a_complimentary_drink_and_a_discount_by_the_till_stay_as_they_are() -> None:
    rule = rules(offer("pct", "percent = 10"))
    bought = basket(piece(1, "meal", 1, 2000), line(2, 0, sku="drink", discount=450))
    assert worked(rule, bought).off() == {1: 200}


# --- The law and the house come before every reduction

WINE = 'when = { categories = ["alcohol"] }'


def off_wine(rule: Programme) -> int:
    return total_off(worked(rule, basket(line(1, 10_000, "alcohol", sku="wine"))))


def test_alcohol_is_never_more_than_a_quarter_off_however_rules_act_together() -> None:
    """Alcoholwet, article 2a: two offers of 20 % and 20.00 would take 36.00 off a hundred."""
    assert off_wine(rules(offer("a", "percent = 20", WINE))) == 2000
    both = offer("a", "percent = 20", WINE) + offer("b", "percent = 20", WINE)
    assert off_wine(rules(both)) == 2500


def test_a_percentage_of_everything_is_of_the_price_and_not_of_what_the_law_leaves() -> None:
    """20 % off everything is 20 % off the wine too, since that is less than a quarter."""
    assert off_wine(rules(offer("a", "percent = 20"))) == 2000


def test_tobacco_gets_no_price_and_no_free_unit() -> None:
    free = (
        offer("a", 'free = { sku = "cig" }') + offer("b", "price = 1") + offer("c", "amount = 50")
    )
    bought = basket(line(1, 900, "tobacco", sku="cig"), piece(2, "bread", 1, 300))
    assert set(worked(rules(free), bought).off()) == {2}


def test_weighed_goods_are_discounted_to_the_cent() -> None:
    bought = basket(
        line(1, 333, quantity=Decimal("0.333")), line(2, 667, quantity=Decimal("0.667"))
    )
    assert worked(rules(offer("deal", "amount = 10")), bought).off() == {1: 3, 2: 7}

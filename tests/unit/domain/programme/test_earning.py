"""Base rates: so many points per amount, rounded once for the sale or for every line, and apportioned exactly."""

from dataclasses import replace

import pytest

from edge_agent.domain.basket import Basket, Tender
from edge_agent.domain.programme.unmet import Obstacle
from tests.unit.domain.builders import awarded, basket, line, programme, shares


def rate(points: str, per: int, rounding: str = "floor", stage: str = "sale") -> str:
    return (
        f'[[earn]]\nid = "base"\npoints = {points}\nper = {per}\n'
        f'rounding = "{rounding}"\nstage = "{stage}"\n'
    )


@pytest.mark.parametrize(
    ("rules", "amounts", "points"),
    [
        # 1 per euro on 1.60 + 1.60 + 1.60 = 4.80
        (rate("1", 100, "floor", "sale"), (160, 160, 160), 4),
        (rate("1", 100, "half-up", "sale"), (160, 160, 160), 5),
        (rate("1", 100, "floor", "line"), (160, 160, 160), 3),
        (rate("1", 100, "half-up", "line"), (160, 160, 160), 6),
        # halves
        (rate("1", 100, "half-up", "sale"), (50,), 1),
        (rate("1", 100, "half-up", "sale"), (49,), 0),
        (rate("1", 100, "half-up", "line"), (50, 50), 2),
        (rate("1", 100, "half-up", "sale"), (50, 50), 1),
        # rates that no binary fraction holds: 0.1 per cent, a third of a point per euro
        (rate("0.1", 1), (3,), 0),
        (rate("0.1", 1), (10,), 1),
        (rate("0.1", 1), (29,), 2),
        (rate("0.1", 1), (30,), 3),
        (rate('"1.1"', 100), (1000,), 11),
        (rate("1", 300), (899,), 2),
        (rate("1", 300), (900,), 3),
        # the borders of a euro
        (rate("1", 100), (99,), 0),
        (rate("1", 100), (100,), 1),
        (rate("1", 100), (26828,), 268),
        (rate("10000", 1), (100_000_000,), 10**12),
        (rate("1", 100), (0,), 0),
    ],
)
def test_points_are_rounded_where_and_how_the_rule_says(
    rules: str, amounts: tuple[int, ...], points: int
) -> None:
    bought = basket(*(line(number, amount) for number, amount in enumerate(amounts, 1)))
    entries = awarded(programme(rules), bought).entries
    assert sum(entry.quantity for entry in entries) == points


@pytest.mark.parametrize(
    ("keys", "cash", "balance", "points"),
    [
        ('not_tenders = ["balance"]', 600, 1000, 6),
        ('not_tenders = ["balance"]', 1600, 0, 16),
        ('not_tenders = ["balance"]', 0, 1600, 0),
        ('not_tenders = ["cash"]', 600, 1000, 10),
        ('tenders = ["cash"]', 600, 1000, 6),
        ('tenders = ["cash", "balance"]\nnot_tenders = ["balance"]', 600, 1000, 6),
    ],
)
def test_only_what_is_paid_by_means_that_count_earns(
    keys: str, cash: int, balance: int, points: int
) -> None:
    """16.00 at 1 per 1.00, paid partly by what a full stamp card gave."""
    means = (Tender("cash", cash), Tender("balance", balance))
    bought = replace(basket(line(1, 900), line(2, 700)), tenders=means)
    entries = awarded(programme(rate("1", 100) + keys + "\n"), bought).entries
    assert sum(entry.quantity for entry in entries) == points


def test_where_no_means_of_payment_are_told_none_of_those_that_do_not_count_was_used() -> None:
    rules = programme(rate("1", 100) + 'not_tenders = ["balance"]\n')
    assert sum(each.quantity for each in awarded(rules, basket(line(1, 900))).entries) == 9


def test_points_of_a_sale_go_to_its_lines_by_amount_and_the_odd_one_to_the_largest_remainder() -> (
    None
):
    bought = basket(
        line(1, 333), line(2, 333), line(3, 334)
    )  # 10.00: 10 points, shares 3.33 3.33 3.34
    assert shares(awarded(programme(rate("1", 100)), bought).entries, "base") == {1: 3, 2: 3, 3: 4}


def test_of_lines_that_are_alike_the_lower_number_gets_the_odd_point() -> None:
    bought = basket(*(line(number, 50, sku="same") for number in (3, 1, 2)))
    assert shares(awarded(programme(rate("1", 100)), bought).entries, "base") == {1: 1}


FRESH = '[[earn]]\nid = "fresh"\npoints = 1\nper = 50\nscope = { categories = ["fruit"] }\n' + rate(
    "1", 100
)


def test_each_scope_is_summed_by_itself_and_a_line_earns_by_the_first_that_takes_it() -> None:
    bought = basket(line(1, 199, "fruit"), line(2, 258, "dairy"), line(3, 51, "fruit", "dairy"))
    entries = awarded(programme(FRESH), bought).entries
    # fruit: 1.99 + 0.51 = 2.50 is 5; the rest: 2.58 is 2
    assert shares(entries, "fresh") == {1: 4, 3: 1}
    assert shares(entries, "base") == {2: 2}


def test_rates_of_two_units_are_both_given_on_the_same_line() -> None:
    head = '[unit.stars.name]\none = "star"\nmany = "stars"\n'
    stars = '[[earn]]\nid = "stars"\nunit = "stars"\npoints = 1\nper = 1000\n'
    entries = awarded(programme(head + rate("1", 100) + stars), basket(line(1, 2500))).entries
    assert [(entry.unit, entry.quantity) for entry in entries] == [("points", 25), ("stars", 2)]


@pytest.mark.parametrize(
    ("bought", "expected"),
    [
        (basket(line(1, 99, "dairy")), [Obstacle.NO_LINE, Obstacle.LESS_THAN_ONE]),
        (basket(line(1, 100, "fruit")), [None, Obstacle.LINES_TAKEN]),
        (basket(line(1, 49, "fruit")), [Obstacle.LESS_THAN_ONE, Obstacle.LINES_TAKEN]),
    ],
)
def test_a_rule_that_gave_nothing_says_why(bought: Basket, expected: list[Obstacle | None]) -> None:
    outcomes = awarded(programme(FRESH), bought).outcomes
    assert [None if each.unmet is None else each.unmet.obstacle for each in outcomes] == expected


@pytest.mark.parametrize(
    ("points", "per", "nl", "en"),
    [
        ("1", 100, "1 per € 1", "1 per €1"),
        ("2.50", 150, "2.5 per € 1,50", "2.5 per €1.50"),
        ("10", 5, "10 per € 0,05", "10 per €0.05"),
    ],
)
def test_without_words_of_its_own_a_rate_speaks_for_itself(
    points: str, per: int, nl: str, en: str
) -> None:
    rules = programme(rate(points, per))
    assert rules.reason("base", "nl-NL") == nl
    assert rules.reason("base", "en") == en

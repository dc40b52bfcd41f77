"""Bonuses: multiplied or added, each on the base points alone, and told apart from them."""

from datetime import date

import pytest

from edge_agent.domain.programme.unmet import Obstacle
from tests.unit.domain.builders import BASE, awarded, basket, line, programme, shares

BOUGHT = basket(line(1, 1000, "bread"), line(2, 500, "dairy"))


def bonus(effect: str, when: str = "", rule: str = "extra") -> str:
    return f'[[bonus]]\nid = "{rule}"\n{effect}\nwhen = {{ {when} }}\nwhy = "x"\n'


@pytest.mark.parametrize(
    ("effect", "when", "expected"),
    [
        ("multiply = 2", "", {1: 10, 2: 5}),
        ("multiply = 3", 'categories = ["bread"]', {1: 20}),
        ('multiply = "1.5"', "", {1: 5, 2: 2}),  # 7.5 floored is 7; shares 4.67 and 2.33
        ('multiply = "1.5"\nrounding = "half-up"', "", {1: 5, 2: 3}),  # 8; shares 5.33 and 2.67
        ("multiply = 1.05", 'categories = ["dairy"]', {}),  # a quarter of a point
        ("add = 25", "", {1: 17, 2: 8}),  # 16.67 and 8.33
        ("add = 1", "", {1: 1}),
        ("add = 25", 'categories = ["dairy"]', {2: 25}),
        ("add = 25", 'categories = ["fruit"]', {}),
    ],
)
def test_a_bonus_is_split_over_the_lines_that_it_is_for(
    effect: str, when: str, expected: dict[int, int]
) -> None:
    entries = awarded(programme(BASE + bonus(effect, when)), BOUGHT).entries
    assert shares(entries, "extra") == expected
    assert shares(entries, "base") == {1: 10, 2: 5}


def test_no_bonus_multiplies_another() -> None:
    rules = BASE + bonus("add = 100", "", "first") + bonus("multiply = 2", "", "second")
    rules += bonus("multiply = 3", "", "third")
    entries = awarded(programme(rules), BOUGHT).entries
    assert sum(shares(entries, "second").values()) == 15
    assert sum(shares(entries, "third").values()) == 30


def test_an_added_bonus_comes_once_a_sale() -> None:
    bought = basket(*(line(number, 10_000) for number in range(1, 21)))
    entries = awarded(programme(BASE + bonus("add = 7", "minimum_spend = 100")), bought).entries
    assert sum(shares(entries, "extra").values()) == 7


def test_a_bonus_of_its_own_expiry_makes_a_lot_of_its_own() -> None:
    rules = programme(BASE + bonus("add = 5\nexpiry = { days = 60 }"))
    entries = awarded(rules, basket(line(1, 1000))).entries
    assert {entry.rule: entry.expires_on for entry in entries} == {
        "base": None,
        "extra": date(2027, 1, 20),
    }


def test_two_bonuses_of_their_own_expiry_each_keep_to_their_own() -> None:
    rules = BASE + bonus("add = 5\nexpiry = { days = 60 }")
    rules += bonus("add = 5\nexpiry = { days = 30 }", rule="sooner")
    entries = awarded(programme(rules), basket(line(1, 1000))).entries
    assert {entry.rule: entry.expires_on for entry in entries} == {
        "base": None,
        "extra": date(2027, 1, 20),
        "sooner": date(2026, 12, 21),
    }


def test_the_tier_is_looked_at_where_factors_go_by_it() -> None:
    assert programme(BASE + bonus("multiply = 2")).looks_at == frozenset()
    levels = '[tiers]\nmeasure = "spend"\nlevel = [{ id = "gold", name = "x", at_least = 5 }]\n'
    by_tier = bonus("tier_multiply = { gold = 2 }")
    (bonuses,) = (
        each for each in programme(levels + BASE + by_tier).mechanisms if each.name == "bonus"
    )
    assert set(bonuses.looks_at()) == {"tier/"}


def test_nothing_is_multiplied_where_the_base_gave_nothing() -> None:
    found = awarded(programme(BASE + bonus("multiply = 100")), basket(line(1, 99), line(2, 0)))
    assert found.entries == ()
    unmet = found.outcomes[1].unmet
    assert unmet is not None
    assert unmet.obstacle is Obstacle.NO_BASE


def test_a_line_that_gives_stars_is_not_multiplied_in_points() -> None:
    head = '[unit.stars.name]\none = "star"\nmany = "stars"\n'
    stars = '[[earn]]\nid = "stars"\nunit = "stars"\npoints = 1\nper = 100\n'
    points = BASE + 'scope = { categories = ["bread"] }\n'
    entries = awarded(programme(head + points + stars + bonus("multiply = 2")), BOUGHT).entries
    assert shares(entries, "stars") == {1: 10, 2: 5}
    assert shares(entries, "extra") == {1: 10}


def test_bonuses_are_told_apart_from_the_base() -> None:
    rules = programme(BASE + bonus("add = 5"))
    assert [rules.is_bonus(rule) for rule in ("base", "extra", "gone")] == [False, True, False]
    assert [rules.reason(rule, "nl") for rule in ("extra", "gone")] == ["x", "gone"]
    assert [rules.mechanism_of(rule) for rule in ("base", "gone")] == ["earn", ""]

"""Exclusions: which lines may not earn, and how much may be taken off which, whatever else the programme says."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Line
from edge_agent.domain.programme import ProgrammeInvalid
from edge_agent.domain.programme.exclusions import Excluded, ExcludeRule, Exclusions, Forbids
from edge_agent.domain.programme.lines import Lines
from edge_agent.domain.programme.situation import Outcome, Reduction, Situation, Worked
from tests.unit.domain.builders import A_SATURDAY, BASE, MEMBER, awarded, basket, line, programme

TOBACCO = {"id": "tobacco", "categories": ["tobacco"], "why": "x"}
ALCOHOL = {
    "id": "alcohol",
    "categories": ["alcohol"],
    "forbids": "discounts",
    "beyond_percent": 25,
    "why": "x",
}
GIFT_CARDS = {"id": "gift-cards", "kinds": ["gift-card"], "forbids": "points", "why": "x"}


def exclusions(*rules: Mapping[str, object]) -> Exclusions:
    return Exclusions(tuple(ExcludeRule.model_validate(rule) for rule in rules))


def room(rules: Exclusions, sold: Line, off: int = 0) -> int:
    """What may still be taken off a line that something is off already."""
    split = rules.split(Lines([sold]))
    situation = Situation(
        MEMBER,
        basket(sold),
        A_SATURDAY,
        split.earning,
        {},
        sold=Lines([sold]),
        most_off=split.most_off,
    )
    return situation.room(sold, Worked().plus([Outcome("x", (), (Reduction(1, off, "x"),))]))


ALL = exclusions(TOBACCO, ALCOHOL, GIFT_CARDS)
SHAG = line(1, 1250, "tobacco")
WINE = line(1, 800, "alcohol")
CARD = line(1, 2500, kind="gift-card")
CRATE = line(1, 1990, "alcohol", levy=390)


@pytest.mark.parametrize(
    ("sold", "off", "expected"),
    [
        (line(1, 1000), 0, 1000),  # bread: all of it
        (line(1, 1000), 400, 600),
        (line(1, 1000), 1000, 0),
        (line(1, 115, levy=15), 0, 100),  # a deposit of 0.15 stays
        (SHAG, 0, 0),
        (CARD, 0, 2500),  # only points are forbidden
        (WINE, 0, 200),  # 25 % of 8.00
        (WINE, 150, 50),
        (WINE, 250, 0),
        (line(1, 800, "alcohol", discount=200), 0, 50),  # 10.00 before discounts, 2.00 is off
        (line(1, 700, "alcohol", discount=300), 0, 0),  # the POS itself went further
        (line(1, 799, "alcohol"), 0, 199),  # 1.9975 is not rounded up
        (CRATE, 0, 400),  # 25 % of the 16.00 without the deposit
        (line(1, -500), 0, 0),  # a manual reduction
    ],
)
def test_only_so_much_may_be_taken_off_a_line(sold: Line, off: int, expected: int) -> None:
    assert room(ALL, sold, off) == expected


def test_the_strictest_exclusion_of_a_line_decides() -> None:
    house = {"id": "house", "labels": ["own"], "forbids": "discounts", "why": "x"}
    for rules in (exclusions(ALCOHOL, house), exclusions(house, ALCOHOL)):
        assert room(rules, line(1, 800, "alcohol", labels=("own",))) == 0
        assert room(rules, WINE) == 200


def test_each_line_is_named_with_the_rule_and_what_it_is_kept_from() -> None:
    sold = (SHAG, line(2, 800, "alcohol"), line(3, 2500, kind="gift-card"), line(4, 100))
    split = ALL.split(Lines(sold))
    assert split.excluded == (
        Excluded(1, "tobacco", Forbids.BOTH),
        Excluded(2, "alcohol", Forbids.DISCOUNTS),
        Excluded(3, "gift-cards", Forbids.POINTS),
    )
    assert [each.number for each in split.earning] == [2, 4]


def test_a_second_rule_is_named_only_for_what_the_first_left_open() -> None:
    both = {"id": "both", "labels": ["own"], "why": "x"}
    sold = Lines([line(1, 2500, kind="gift-card", labels=("own",))])
    assert exclusions(GIFT_CARDS, both).split(sold).excluded == (
        Excluded(1, "gift-cards", Forbids.POINTS),
        Excluded(1, "both", Forbids.DISCOUNTS),
    )
    assert exclusions(both, GIFT_CARDS).split(sold).excluded == (Excluded(1, "both", Forbids.BOTH),)


TESCO = "".join(
    f'[[exclude]]\nid = "no-{each}"\ncategories = ["{each}"]\nwhy = "x"\n'
    for each in ("gift-card", "tobacco", "lottery", "stamps", "prescription", "infant-formula")
)


def test_the_eligible_lines_are_added_up_and_the_others_earn_nothing() -> None:
    """11.99 + 12.00 = 23.99: 23, not 24 and not 11 + 12 by luck; 20.00 and 12.50 stay out."""
    bought = basket(
        line(1, 1199, "grocery"),
        line(2, 1200, "grocery"),
        line(3, 2000, "gift-card"),
        line(4, 1250, "tobacco"),
    )
    found = awarded(programme(BASE + TESCO), bought)
    assert sum(entry.quantity for entry in found.entries) == 23
    assert {entry.line for entry in found.entries} == {1, 2}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            'forbids = "both"\nbeyond_percent = 25',
            'beyond_percent is about discounts; add forbids = "discounts"',
        ),
        ('forbids = "discounts"\nbeyond_percent = 100', "must be less than 100"),
        ('forbids = "all"', "must be one of 'both', 'points' or 'discounts'"),
    ],
)
def test_what_is_wrong_with_an_exclusion_is_said(rule: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        programme(BASE + f'[[exclude]]\nid = "x"\ncategories = ["y"]\n{rule}\nwhy = "x"\n')
    assert said in str(caught.value)


@given(
    amount=st.integers(0, 100_000),
    discount=st.integers(0, 100_000),
    percent=st.decimals("0.01", "99.99", places=2),
    off=st.lists(st.integers(1, 100_000), max_size=5),
)
def test_the_law_holds_however_many_rules_take_what_there_is_room_for(
    amount: int, discount: int, percent: Decimal, off: list[int]
) -> None:
    """Never more off than the percentage of the price, the POS's own discount included."""
    rules = exclusions(ALCOHOL | {"beyond_percent": percent})
    sold = line(1, amount, "alcohol", discount=discount)
    taken = 0
    for each in off:
        taken += min(each, room(rules, sold, taken))
    assert taken == 0 or (taken + discount) * 100 <= percent * (amount + discount)
    assert taken <= amount

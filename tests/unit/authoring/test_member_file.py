"""A member as somebody writes one: the facts that the rules see, and what is said of mistakes."""

from datetime import date
from typing import Any

import pytest

from edge_agent.authoring.member_file import MemberFile, MemberMistake
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Birthday, MemberFacts
from tests.unit.domain.builders import BASE, programme

RULES = programme(
    BASE
    + """
[[bonus]]
id = "tenth"
add = 100
when = { every_visit = 10 }
why = "elk tiende bezoek"
[unit.stamps]
decimals = 1
"""
)
TODAY = date(2026, 11, 21)


def facts(described: dict[str, Any]) -> MemberFacts:
    return MemberFile.read(described).facts(RULES, TODAY)


def test_everything_may_be_left_out() -> None:
    assert facts({}) == MemberFacts("trial")


def test_holdings_are_whole_ones_and_kept_in_smallest_parts() -> None:
    found = facts({"holdings": {"points": 120, "stamps": "2.5", "tier/gold": 1}})
    assert found.holdings == (
        Holding("points", 120),
        Holding("stamps", 25),
        Holding("tier/gold", 1),
    )


def test_lots_have_their_days() -> None:
    lot = {"unit": "points", "quantity": 5, "from_day": "2026-12-01", "until_day": "2027-01-31"}
    assert facts({"lots": [lot]}).holdings == (
        Holding("points", 5, date(2027, 1, 31), date(2026, 12, 1)),
    )


def test_figures_come_from_counts_or_are_said() -> None:
    visits = {"unit": "count/visits", "quantity": 9, "day": "2026-11-20"}
    assert facts({"lots": [visits]}).figures == {"visits@ever": 9}
    assert facts({"figures": {"visits@ever": 9}}).figures == {"visits@ever": 9}


def test_the_birthday_becomes_the_windows_that_hold() -> None:
    assert facts({"birthday": "11-21"}).birthday == frozenset(Birthday)
    assert facts({"birthday": "11-01"}).birthday == {Birthday.MONTH}


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ({"tire": "gold"}, "tire: is not a key that is known here"),
        ({"holdings": {"stars": 1}}, "there is no unit stars; there is: points, stamps"),
        ({"holdings": {"tiers/gold": 1}}, "there is no unit tiers/gold"),
        ({"holdings": {"points": "1.5"}}, "points has not so many decimals"),
        ({"figures": {"visits@month": 1}}, "no rule asks for visits@month; asked for: visits@ever"),
        ({"birthday": "21-11-1980"}, "birthday: must be a day of the year, as 11-21"),
    ],
)
def test_mistakes_are_named(described: dict[str, Any], said: str) -> None:
    with pytest.raises(MemberMistake, match=said.replace(".", "\\.")):
        facts(described)

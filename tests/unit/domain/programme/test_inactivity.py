"""Points that last as long as a member stays active."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Programme, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.upkeep import caught_up, follow
from edge_agent.domain.tallies import figures
from tests.unit.domain.builders import BASE, HEAD, basket, line, programme

UNIT = "[unit.points.inactivity]\nmonths = 18\n"
RULES = programme(UNIT + BASE)


def at(day: str, rules: Programme = RULES) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), rules.timezone)


def bought(facts: MemberFacts, day: str, euro: int) -> MemberFacts:
    found = evaluate(RULES, facts, basket(line(1, euro * 100)), at(day))
    return facts.after(found.entries, (), date.fromisoformat(day))


def redeemed(facts: MemberFacts, day: str, quantity: int) -> MemberFacts:
    spent = Entry(EntryKind.REDEEM, "points", -quantity, "by-hand")
    more = follow(RULES, facts, [spent], at(day)).entries
    return facts.after([spent, *more], (), date.fromisoformat(day))


def points(facts: MemberFacts, day: str) -> int:
    """What a till sees on that day, from what central sent and no word since."""
    today = date.fromisoformat(day)
    known = replace(facts, figures=figures(RULES.readings, facts.holdings, today, None))
    return sum(
        each.quantity for each in RULES.present(known, today).holdings if each.unit == "points"
    )


MEMBER = MemberFacts("7f0c")


def test_redeeming_starts_the_time_anew_just_as_buying_does() -> None:
    facts = redeemed(bought(MEMBER, "2020-01-10", 700), "2021-06-30", 500)
    assert [points(facts, day) for day in ("2022-12-29", "2022-12-30", "2022-12-31")] == [
        200,
        200,
        0,
    ]


def test_only_the_declared_activity_counts() -> None:
    rules = programme(UNIT + 'activity = ["redeem"]\n' + BASE)
    found = evaluate(rules, MEMBER, basket(line(1, 100)), at("2024-01-01", rules))
    assert [each.unit for each in found.entries] == ["points"]


def test_what_is_over_cannot_count_for_a_rule_at_the_till() -> None:
    facts = bought(MEMBER, "2020-01-10", 700)
    known = replace(facts, figures=figures(RULES.readings, facts.holdings, date(2022, 1, 1), None))
    assert RULES.present(known, date(2022, 1, 1)).holdings != facts.holdings


def test_central_takes_away_what_was_not_used_and_says_why() -> None:
    facts = bought(MEMBER, "2020-01-10", 700)
    found = list(caught_up(RULES, facts, None, date(2021, 7, 1), date(2021, 8, 1)))
    assert [(day, due.entries[0].quantity, due.entries[0].rule) for day, due in found] == [
        (date(2021, 7, 11), -700, "inactivity")
    ]
    assert RULES.reason("inactivity", "nl") == "te lang niet gebruikt"


def test_an_opening_balance_waits_for_the_first_activity() -> None:
    facts = replace(MEMBER, holdings=(Holding("points", 300),))
    assert points(facts, "2040-01-01") == 300


def test_a_lot_that_is_over_by_itself_is_taken_once() -> None:
    rules = programme(UNIT + BASE, HEAD + "[unit.points.expiry]\nmonths = 1\n")
    day = date(2024, 1, 1)
    facts = MEMBER.after(
        evaluate(rules, MEMBER, basket(line(1, 700_00)), at("2024-01-01", rules)).entries, (), day
    )
    taken = sum(
        each.quantity
        for _, due in caught_up(rules, facts, None, day, date(2026, 1, 1))
        for each in due.entries
    )
    assert taken == -700


@pytest.mark.parametrize("table", ["", "months = 3\ndays = 3\n", "days = 0\n"])
def test_one_length_is_given(table: str) -> None:
    with pytest.raises(ProgrammeInvalid):
        programme("[unit.points.inactivity]\nactivity = ['sale']\n" + table + BASE)

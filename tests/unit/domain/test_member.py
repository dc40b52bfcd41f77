"""What rules know of a member."""

from datetime import date

import pytest

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Birthday, MemberFacts, Standing, birthday_windows
from edge_agent.domain.tallies import EVER, Fold, Period, Reading, Window


@pytest.mark.parametrize(
    ("standing", "earns"),
    [
        (Standing.KNOWN, True),
        (Standing.UNKNOWN, True),  # settled by central later
        (Standing.BLOCKED, False),
        (Standing.ERASED, False),
    ],
)
def test_an_unknown_card_earns_and_a_blocked_or_erased_one_does_not(
    standing: Standing, earns: bool
) -> None:
    assert standing.earns is earns


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("tier", [None, "gold"])
def test_facts_come_back_from_json_as_they_were(standing: Standing, tier: str | None) -> None:
    facts = MemberFacts("7f0c", standing, tier)
    assert MemberFacts.from_json(facts.to_json()) == facts


def test_whoever_brought_the_member_in_stays_in_the_facts() -> None:
    facts = MemberFacts("7f0c", referred_by="aa01")
    assert MemberFacts.from_json(facts.to_json()).referred_by == "aa01"


TODAY = date(2026, 11, 21)
VISITS, MONTH, ELSEWHEN = (
    Reading("visits"),
    Reading("visits", Window.parse("month")),
    Reading("visits", Window(last=date(2026, 10, 31))),
)
AWAY, WEEKS = Reading("visits", EVER, Fold.SINCE), Reading("visits", Window(Period.WEEK), Fold.RUN)
READINGS = (VISITS, MONTH, ELSEWHEN, AWAY, WEEKS)


def visit(quantity: int = 1) -> Entry:
    return Entry(EntryKind.COUNT, "count/visits", quantity, "visits", day=TODAY)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((visit(),), {VISITS: 8, MONTH: 3, ELSEWHEN: 5, AWAY: 0, WEEKS: 2}),
        ((visit(), visit(-1)), {VISITS: 7, MONTH: 2, ELSEWHEN: 5, AWAY: 9, WEEKS: 2}),
        ((visit()._replace(account="other"),), {VISITS: 7, MONTH: 2, AWAY: 9}),
        ((), {VISITS: 7, MONTH: 2, ELSEWHEN: 5, AWAY: 9, WEEKS: 2}),
    ],
)
def test_after_a_sale_the_windows_that_hold_the_day_have_counted_it(
    entries: tuple[Entry, ...], expected: dict[Reading, int]
) -> None:
    before = {VISITS: 7, MONTH: 2, ELSEWHEN: 5, AWAY: 9, WEEKS: 2}
    facts = MemberFacts("7f0c", figures={reading.key: n for reading, n in before.items()})
    after = facts.after(entries, READINGS, TODAY)
    assert {reading: after.figures[reading.key] for reading in expected} == expected


def test_after_a_sale_what_came_and_went_is_held_as_one() -> None:
    end = date(2027, 11, 30)
    facts = MemberFacts("7f0c", holdings=(Holding("points", 100, end), Holding("points", 7)))
    entries = (
        Entry(EntryKind.REDEEM, "points", -60, "coffee", lot="ab" * 16, expires_on=end),
        Entry(EntryKind.EARN, "points", 12, "base", 1, expires_on=end),
        Entry(EntryKind.EARN, "points", 50, "friend", account="other"),
    )
    assert facts.after(entries, (), TODAY).holdings == (
        Holding("points", 52, end),
        Holding("points", 7),
    )


@pytest.mark.parametrize(
    ("birthday", "today", "windows"),
    [
        ("06-15", "2027-06-15", "day week month"),
        ("06-15", "2027-06-21", "week month"),
        ("06-15", "2027-06-22", "month"),
        ("06-15", "2027-06-01", "month"),
        ("06-15", "2027-07-01", ""),
        ("12-28", "2027-01-03", "week"),
        ("02-29", "2027-02-28", "day week month"),
        ("02-29", "2028-02-28", "month"),
        (None, "2027-06-15", ""),
    ],
)
def test_the_stretches_around_a_birthday(birthday: str | None, today: str, windows: str) -> None:
    found = birthday_windows(birthday, date.fromisoformat(today))
    assert found == {Birthday(each) for each in windows.split()}

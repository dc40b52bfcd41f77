"""What is counted comes to the same whether central has netted it already or this till knows of it in parts."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.holdings import Holding, summed
from edge_agent.domain.tallies import (
    Fold,
    Period,
    Reading,
    Window,
    figures,
    first_day,
    last_day,
    months_later,
)

TODAY, JOINED = date(2026, 11, 21), date(2024, 2, 29)
VISITS = "count/visits"
DAYS_SINCE = Reading("visits", fold=Fold.SINCE)
WINDOWS = ("ever", "day", "week", "month", "quarter", "year", "membership-year", "30 days")
READINGS = [
    *(Reading("visits", Window.parse(each)) for each in WINDOWS),
    *(Reading("visits", Window.parse(each), Fold.RUN) for each in ("day", "week", "month")),
    DAYS_SINCE,
]

days = st.integers(0, 40).map(lambda back: TODAY - timedelta(days=back))
movements = st.lists(
    st.builds(lambda n, day: Holding(VISITS, n, day=day), st.integers(-2, 2), days)
)


def visited(*movements: tuple[int, str]) -> int | None:
    """Days since the last visit, after these movements."""
    held = [Holding(VISITS, n, day=date.fromisoformat(day)) for n, day in movements]
    return figures([DAYS_SINCE], held, TODAY, JOINED).get(DAYS_SINCE.key)


@pytest.mark.parametrize(
    ("movements", "since"),
    [
        ([], None),
        ([(1, "2026-11-21")], 0),
        ([(1, "2026-11-11"), (1, "2026-11-20")], 1),
        ([(1, "2026-11-11"), (1, "2026-11-20"), (-1, "2026-11-20")], 10),
        ([(1, "2026-11-20"), (-1, "2026-11-20")], None),
        ([(2, "2026-11-20"), (-1, "2026-11-20")], 1),
    ],
)
def test_a_visit_that_was_taken_back_was_none(
    movements: list[tuple[int, str]], since: int | None
) -> None:
    assert visited(*movements) == since


@given(movements, movements)
def test_what_central_posted_and_what_the_till_did_since_come_to_what_central_will_have(
    posted: list[Holding], own: list[Holding]
) -> None:
    together = figures(READINGS, summed([*posted, *own]), TODAY, JOINED)
    assert figures(READINGS, [*posted, *own], TODAY, JOINED) == together


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.DAY, "2026-11-21", "2026-11-21"),
        (Period.WEEK, "2026-11-16", "2026-11-22"),
        (Period.MONTH, "2026-11-01", "2026-11-30"),
        (Period.QUARTER, "2026-10-01", "2026-12-31"),
        (Period.YEAR, "2026-01-01", "2026-12-31"),
        (Period.MEMBERSHIP_YEAR, "2026-02-28", "2027-02-27"),  # joined on 29 February
        (Period.EVER, None, None),
    ],
)
def test_a_period_has_its_first_and_last_day_whoever_joined_when(
    period: Period, first: str | None, last: str | None
) -> None:
    begun = first_day(period, TODAY, JOINED)
    ends = last_day(period, TODAY, JOINED)
    assert (begun.isoformat() if begun != date.min else None) == first
    assert (None if ends is None else ends.isoformat()) == last


@pytest.mark.parametrize(
    ("text", "of_calendar"), [("month", True), ("ever", False), ("30 days", False)]
)
def test_only_a_period_that_ends_and_begins_anew_is_of_the_calendar(
    text: str, of_calendar: bool
) -> None:
    assert Window.parse(text).is_of_calendar is of_calendar


@pytest.mark.parametrize(
    ("window", "key"),
    [
        (Window.parse("month"), "visits@month"),
        (Window.parse("30 days"), "visits@30d"),
        (Window.parse("12 months"), "visits@12m"),
        (Window(first=date(2026, 6, 1)), "visits@2026-06-01.."),
        (Window(last=date(2026, 6, 30)), "visits@..2026-06-30"),
    ],
)
def test_a_reading_is_named_by_its_window(window: Window, key: str) -> None:
    assert Reading("visits", window).key == key


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
    ],
)
def test_months_later_is_the_same_day_or_the_last_of_that_month(
    day: date, months: int, expected: date
) -> None:
    assert months_later(day, months) == expected

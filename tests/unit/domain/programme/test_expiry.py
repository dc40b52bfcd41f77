"""The last day on which points can be used, as an accountant would count it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.programme.expiry import Expiry, MonthDay, RoundedTo

DAY, MONTH, YEAR = RoundedTo.DAY, RoundedTo.END_OF_MONTH, RoundedTo.END_OF_YEAR


@pytest.mark.parametrize(
    ("earned", "months", "rounded", "last"),
    [
        ("2026-11-21", 12, MONTH, "2027-11-30"),
        ("2026-11-30", 12, MONTH, "2027-11-30"),
        ("2026-12-01", 12, MONTH, "2027-12-31"),
        ("2026-11-21", 12, DAY, "2027-11-21"),
        ("2026-11-21", 12, YEAR, "2027-12-31"),
        ("2027-01-31", 1, DAY, "2027-02-28"),
        ("2028-01-31", 1, DAY, "2028-02-29"),
        ("2027-01-31", 1, MONTH, "2027-02-28"),
        ("2028-02-29", 12, DAY, "2029-02-28"),
        ("2028-02-29", 12, MONTH, "2029-02-28"),
        ("2027-02-28", 12, MONTH, "2028-02-29"),
        ("2028-02-29", 48, DAY, "2032-02-29"),
        ("2026-01-31", 3, DAY, "2026-04-30"),
        ("2026-12-31", 1, DAY, "2027-01-31"),
        ("2026-12-31", 2, DAY, "2027-02-28"),
        ("2099-12-31", 2, DAY, "2100-02-28"),  # no leap year
    ],
)
def test_months(earned: str, months: int, rounded: RoundedTo, last: str) -> None:
    expiry = Expiry(months=months, rounded=rounded)
    assert expiry.last_day(date.fromisoformat(earned)) == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("earned", "days", "rounded", "last"),
    [
        ("2026-11-21", 1, DAY, "2026-11-22"),
        ("2026-11-21", 60, DAY, "2027-01-20"),
        ("2026-11-21", 365, DAY, "2027-11-21"),
        ("2027-11-21", 365, DAY, "2028-11-20"),
        ("2026-11-21", 60, MONTH, "2027-01-31"),
        ("2026-12-31", 1, YEAR, "2027-12-31"),
    ],
)
def test_days(earned: str, days: int, rounded: RoundedTo, last: str) -> None:
    expiry = Expiry(days=days, rounded=rounded)
    assert expiry.last_day(date.fromisoformat(earned)) == date.fromisoformat(last)


@given(
    earned=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    months=st.integers(1, 1_200),
    rounded=st.sampled_from(RoundedTo),
)
def test_rounding_only_ever_gives_more_time(earned: date, months: int, rounded: RoundedTo) -> None:
    plain = Expiry(months=months).last_day(earned)
    last = Expiry(months=months, rounded=rounded).last_day(earned)
    assert earned < plain <= last
    assert (plain.year * 12 + plain.month) - (earned.year * 12 + earned.month) == months
    assert plain.day <= earned.day


@pytest.mark.parametrize(
    ("earned", "months", "last"),
    [
        ("2026-11-21", 12, "2028-02-15"),  # old enough on 30 November 2027
        ("2026-01-10", 12, "2027-02-15"),
        ("2026-02-10", 12, "2028-02-15"),  # on 28 February 2027, after the sweep of that year
        ("2026-02-10", 11, "2027-02-15"),
    ],
)
def test_a_sweep_takes_what_is_old_enough_and_the_next_year_the_rest(
    earned: str, months: int, last: str
) -> None:
    expiry = Expiry(months=months, sweep=MonthDay(month=2, day=15))
    assert expiry.last_day(date.fromisoformat(earned)) == date.fromisoformat(last)

"""Tallies: what is counted of a member by day, and looking at them over a window.

A tally is a unit `count/<name>` whose entries carry their day. A rule that needs to know how often something happened
says so with a `Reading`; the till works the readings out before the rules run, and the record holds the figures, so
that the rules stay a pure function of what is recorded.
"""

import calendar
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import NamedTuple, Self

from edge_agent.domain.holdings import Holding
from edge_agent.domain.units import Derived, derived

DAYS_KEPT = 400
"""How long central keeps the days of a tally apart; older counts are only part of `ever`. Its last day is kept however
old it is. A rolling year and its month of grace stay below it, and daily visits make some 400 short rows at most."""


READINGS_KEPT = 4_096
"""Names of readings that are made only once: a few for each of the thousand rules that a programme may have."""


class Period(StrEnum):
    """A stretch of the calendar, or all of it. Weeks begin on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    MEMBERSHIP_YEAR = "membership-year"
    EVER = "ever"


class Fold(StrEnum):
    """What is asked of a tally over its window."""

    SUM = "sum"
    SINCE = "since"  # days since it last counted anything; no figure when it never did
    RUN = "run"  # how many periods in a row, up to the one before this, counted anything


def first_day(period: Period, today: date, joined: date | None = None) -> date:
    """The day on which the period that holds `today` began. `joined` is the day of joining, for membership years."""
    if period is Period.MEMBERSHIP_YEAR and joined is not None:
        this_year = anniversary(joined, today.year)
        return this_year if this_year <= today else anniversary(joined, today.year - 1)
    return _BEGINNINGS[period](today)


_BEGINNINGS: Mapping[Period, Callable[[date], date]] = {
    Period.DAY: lambda today: today,
    Period.WEEK: lambda today: today - timedelta(days=today.weekday()),
    Period.MONTH: lambda today: today.replace(day=1),
    Period.QUARTER: lambda today: today.replace(month=today.month - (today.month - 1) % 3, day=1),
    Period.YEAR: lambda today: today.replace(month=1, day=1),
    Period.MEMBERSHIP_YEAR: lambda _today: date.min,
    Period.EVER: lambda _today: date.min,
}


def last_day(period: Period, today: date, joined: date | None = None) -> date | None:
    """The last day of the period that holds `today`; None for `ever`, or a membership year from an unknown day."""
    begin = first_day(period, today, joined)
    if begin == date.min:
        return None
    if period is Period.MEMBERSHIP_YEAR and joined is not None:
        return anniversary(joined, begin.year + 1) - timedelta(days=1)
    days, months = _LENGTHS[period]
    return months_later(begin, months) + timedelta(days=days - 1)


_LENGTHS: Mapping[Period, tuple[int, int]] = {
    Period.DAY: (1, 0),
    Period.WEEK: (7, 0),
    Period.MONTH: (0, 1),
    Period.QUARTER: (0, 3),
    Period.YEAR: (0, 12),
}
"""In days and months."""


def anniversary(day: date, year: int) -> date:
    """The anniversary of `day` in a year; 29 February is kept on 28 February where there is none."""
    return day.replace(year=year, day=min(day.day, calendar.monthrange(year, day.month)[1]))


def months_later(day: date, months: int) -> date:
    """The same day so many months later (or, negative, earlier), or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


class Window(NamedTuple):
    """Which days count: a calendar `period`, the last so many `days` or `months` (today included), or fixed dates."""

    period: Period = Period.EVER
    days: int = 0
    months: int = 0
    first: date | None = None
    last: date | None = None

    def bounds(self, today: date, joined: date | None) -> tuple[date, date]:
        """The first and the last day, both included."""
        if self.first is not None or self.last is not None:
            return self.first or date.min, self.last or date.max
        if self.days:
            return today - timedelta(days=self.days - 1), today
        if self.months:
            return months_later(today, -self.months) + timedelta(days=1), today
        return first_day(self.period, today, joined), today

    @property
    def is_of_calendar(self) -> bool:
        """Whether it is a period that ends, and then begins anew."""
        rolls = self.days or self.months or self.first is not None or self.last is not None
        return not rolls and self.period is not Period.EVER

    def __str__(self) -> str:
        if self.first is not None or self.last is not None:
            return f"{self.first or ''}..{self.last or ''}"
        return (
            f"{self.days}d"
            if self.days
            else f"{self.months}m"
            if self.months
            else self.period.value
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The window that a programme writes: a period, `30 days`, `12 months`. Raises ValueError."""
        rolling = re.fullmatch(r"([1-9]\d{0,3}) ?(days?|d|months?|m)", text)
        if rolling is None:
            return cls(Period(text))
        number = int(rolling[1])
        return cls(days=number) if rolling[2].startswith("d") else cls(months=number)


EVER = Window()


@dataclass(frozen=True)
class Reading:
    """One figure that a rule asks for: a fold of a tally over a window, of the member or (`here`) of this till."""

    tally: str
    window: Window = EVER
    fold: Fold = Fold.SUM
    here: bool = False

    @cached_property
    def key(self) -> str:
        """Its name in the facts of a record, such as `visits@month` or `till:use.summer@day`."""
        return _key(self)

    @cached_property
    def unit(self) -> str:
        """The unit whose entries it looks at."""
        return derived(Derived.COUNT, self.tally)


@lru_cache(READINGS_KEPT)
def _key(of: Reading) -> str:
    fold = "" if of.fold is Fold.SUM else f":{of.fold.value}"
    return f"{'till:' if of.here else ''}{of.tally}@{of.window}{fold}"


def figures(
    readings: Iterable[Reading],
    holdings: Iterable[Holding],
    today: date,
    joined: date | None,
    of_till: Callable[[Reading, date, date], int] | None = None,
) -> dict[str, int]:
    """What the readings come to, by their keys; those that are nothing are left out.

    `holdings` are all of the member's; `of_till` sums this till's own counts between two days, both included.
    """
    by_unit: dict[str, list[Holding]] = {}
    for holding in holdings:
        by_unit.setdefault(holding.unit, []).append(holding)
    found: dict[str, int] = {}
    for reading in readings:
        if reading.here:
            bounds = reading.window.bounds(today, joined)
            value: int | None = of_till(reading, *bounds) if of_till else 0
        else:
            days = by_unit.get(reading.unit)
            value = _FOLDS[reading.fold](days, reading.window, today, joined) if days else None
        if value is not None and (value or reading.fold is Fold.SINCE):
            found[reading.key] = value
    return found


def _sum(days: Iterable[Holding], window: Window, today: date, joined: date | None) -> int:
    first, last = window.bounds(today, joined)
    return sum(each.quantity for each in days if first <= (each.day or date.min) <= last)


def _since(
    days: Iterable[Holding], _window: Window, today: date, _joined: date | None
) -> int | None:
    counted: dict[date, int] = {}
    for (
        each
    ) in days:  # what a till took back and central has not posted stands beside what it took back
        day = each.day or date.min
        counted[day] = counted.get(day, 0) + each.quantity
    last = max((day for day, quantity in counted.items() if quantity > 0), default=None)
    if last is None:
        return None
    return (today - last).days if last != date.min else DAYS_KEPT


def _run(days: Iterable[Holding], window: Window, today: date, joined: date | None) -> int:
    counted: Mapping[date, int] = _per_period(days, window.period, joined)
    begin, run = first_day(window.period, today, joined), 0
    while begin > date.min:
        begin = first_day(window.period, begin - timedelta(days=1), joined)
        if counted.get(begin, 0) <= 0:
            break
        run += 1
    return run


def _per_period(days: Iterable[Holding], period: Period, joined: date | None) -> dict[date, int]:
    counted: dict[date, int] = {}
    for each in days:
        if each.day is not None:
            begin = first_day(period, each.day, joined)
            counted[begin] = counted.get(begin, 0) + each.quantity
    return counted


_FOLDS: Mapping[Fold, Callable[[list[Holding], Window, date, date | None], int | None]] = {
    Fold.SUM: _sum,
    Fold.SINCE: _since,
    Fold.RUN: _run,
}

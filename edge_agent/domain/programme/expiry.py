"""When points can be used, and how long they last."""

import calendar
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, Self

from pydantic import Field, model_validator

from edge_agent.domain.programme.form import Day, Flag, TableModel, Whole
from edge_agent.domain.programme.texts import Word
from edge_agent.domain.tallies import Period, last_day, months_later


class RoundedTo(StrEnum):
    """To which day an expiry date is moved up, so that customers can remember it."""

    DAY = "day"
    END_OF_WEEK = "end-of-week"
    END_OF_MONTH = "end-of-month"
    END_OF_QUARTER = "end-of-quarter"
    END_OF_YEAR = "end-of-year"
    MEMBERSHIP_YEAR = "membership-year"


class MonthDay(TableModel):
    """A day of every year."""

    month: Whole = Field(ge=1, le=12, description="The month, 1 to 12.", examples=[12])
    day: Whole = Field(ge=1, le=31, description="The day of that month.", examples=[31])

    @model_validator(mode="after")
    def _exists(self) -> Self:
        if self.day > calendar.monthrange(2024, self.month)[1]:
            raise ValueError(f"month {self.month} has no day {self.day}")
        return self

    def in_year(self, year: int) -> date:
        """That day in a year; 29 February is 28 February where there is none."""
        return date(year, self.month, min(self.day, calendar.monthrange(year, self.month)[1]))


class Expiry(TableModel):
    """A lot lasts so many days, months or years after it was earned, moved up to the end of that month or quarter,
    or until a fixed date.

    Zero is the day, month or year of earning itself, so `months = 0, rounded = "end-of-month"` lasts until the end of
    the month in which it was earned. `rounded = "membership-year"` lasts until the eve of the next anniversary of
    joining. With `sweep` a lot is only taken away on that day of the year, the first one that is at least so long
    after the month of earning. `from_maturity` counts from the day on which it can be used.
    """

    days: Whole | None = Field(
        default=None, ge=0, le=36_500, description="So many days after earning.", examples=[60]
    )
    months: Whole | None = Field(
        default=None, ge=0, le=1_200, description="So many months after earning.", examples=[12]
    )
    years: Whole | None = Field(
        default=None, ge=0, le=100, description="So many years after earning.", examples=[2]
    )
    until_date: Day | None = Field(
        default=None,
        description="Until this day; what is earned later lasts for the day of earning.",
        examples=[date(2027, 3, 31)],
    )
    rounded: RoundedTo = Field(
        default=RoundedTo.DAY,
        description="Moved up to the end of that month, quarter or year, or of the year of membership.",
        examples=["end-of-month"],
    )
    sweep: MonthDay | None = Field(
        default=None,
        description="Taken away only on this day of the year, the first that finds it old enough.",
        examples=[{"month": 12, "day": 31}],
    )
    from_maturity: Flag = Field(
        default=False,
        description="Counted from the day on which it can be used, not from earning.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        given = (self.days, self.months, self.years, self.until_date)
        lengths = [each for each in given if each is not None]
        if len(lengths) != 1 and not (not lengths and self.rounded is RoundedTo.MEMBERSHIP_YEAR):
            raise ValueError("give one of days, months, years and until_date")
        if self.until_date is not None and (self.sweep or self.rounded is not RoundedTo.DAY):
            raise ValueError("until_date is a day already; leave out rounded and sweep")
        return self

    def last_day(self, earned_on: date, joined: date | None = None) -> date:
        """The last day on which points earned on `earned_on` can be used. `joined` is the day of joining, if known."""
        return _last_day(self, earned_on, joined)


_KEPT = 64
"""Every rule that gives something asks, and on one day a programme has few answers."""


@lru_cache(_KEPT)
def _last_day(expiry: Expiry, earned_on: date, joined: date | None) -> date:
    if expiry.sweep is not None:
        return _swept(expiry, expiry.sweep, earned_on)
    return _rounded(_after(expiry, earned_on), expiry.rounded, joined)


def _after(expiry: Expiry, day: date) -> date:
    if expiry.until_date is not None:
        return max(day, expiry.until_date)
    if expiry.days is not None:
        return day + timedelta(days=expiry.days)
    return months_later(day, (expiry.months or 0) + 12 * (expiry.years or 0))


def _swept(expiry: Expiry, sweep: MonthDay, earned_on: date) -> date:
    """The first sweep that finds it old enough, counted from the end of the month in which it was earned."""
    old_enough = _after(expiry, _rounded(earned_on, RoundedTo.END_OF_MONTH, None))
    day = sweep.in_year(old_enough.year)
    return day if day >= old_enough else sweep.in_year(old_enough.year + 1)


_PERIODS: Mapping[RoundedTo, Period] = {
    RoundedTo.DAY: Period.DAY,
    RoundedTo.END_OF_WEEK: Period.WEEK,
    RoundedTo.END_OF_MONTH: Period.MONTH,
    RoundedTo.END_OF_QUARTER: Period.QUARTER,
    RoundedTo.END_OF_YEAR: Period.YEAR,
    RoundedTo.MEMBERSHIP_YEAR: Period.MEMBERSHIP_YEAR,
}


def _rounded(day: date, to: RoundedTo, joined: date | None) -> date:
    # Without a day of joining the year of the calendar is the nearest thing that a customer can be told.
    last = last_day(_PERIODS[to], day, joined) or last_day(Period.YEAR, day)
    return last or day


NEVER: Final = date.max
"""The day on which something matures that only an event lets mature."""


class Pending(TableModel):
    """Points wait before they can be used, as long as goods may come back: so many days, until next month begins, or
    until something happens, whichever comes first.
    """

    days: Whole | None = Field(
        default=None,
        gt=0,
        le=3_650,
        description="Can be used so many days after earning; this, next_month or only released_by.",
        examples=[14],
    )
    next_month: Flag = Field(
        default=False,
        description="Can be used from the first day of the month after; this, days or only released_by.",
        examples=[True],
    )
    released_by: Word | None = Field(
        default=None,
        description="Can be used as soon as head office hears of this event, even before the days are over.",
        examples=["delivered"],
    )

    @model_validator(mode="after")
    def _one_wait(self) -> Self:
        if self.days is not None and self.next_month:
            raise ValueError("give either days or next_month = true")
        if self.days is None and not self.next_month and self.released_by is None:
            raise ValueError("say how long: days, next_month = true or released_by")
        return self

    def first_day(self, earned_on: date) -> date:
        """The first day on which points earned on `earned_on` can be used; `NEVER` where only an event can tell."""
        if self.days is not None:
            return earned_on + timedelta(days=self.days)
        return months_later(earned_on.replace(day=1), 1) if self.next_month else NEVER

"""How long points last."""

import calendar
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Self

from pydantic import Field, model_validator

from edge_agent.domain.programme.form import TableModel, Whole


class RoundedTo(StrEnum):
    """To which day an expiry date is moved, so that customers can remember it."""

    DAY = "day"
    END_OF_MONTH = "end-of-month"
    END_OF_YEAR = "end-of-year"


class Expiry(TableModel):
    """A lot lasts so many days or months after it was earned, moved up to the end of that month or year."""

    days: Whole | None = Field(default=None, gt=0, le=36_500)
    months: Whole | None = Field(default=None, gt=0, le=1_200)
    rounded: RoundedTo = RoundedTo.DAY

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.days is None) == (self.months is None):
            raise ValueError("give either days or months")
        return self

    def last_day(self, earned_on: date) -> date:
        """The last day on which points earned on `earned_on` can be used."""
        return _last_day(self.days, self.months, self.rounded, earned_on)


_KEPT = 64
"""Every rule that gives something asks, and on one day a programme has few answers."""


@lru_cache(_KEPT)
def _last_day(days: int | None, months: int | None, to: RoundedTo, earned_on: date) -> date:
    day = (
        earned_on + timedelta(days=days)
        if days is not None
        else _months_later(earned_on, months or 0)
    )
    if to is RoundedTo.END_OF_MONTH:
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])
    if to is RoundedTo.END_OF_YEAR:
        return day.replace(month=12, day=31)
    return day


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))

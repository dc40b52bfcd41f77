"""Which lines a rule is about, and when it holds."""

from collections.abc import Iterable
from datetime import date, datetime, time
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.money import AMOUNT_MAX_MINOR
from edge_agent.domain.programme.form import TableModel
from edge_agent.domain.programme.texts import Words


class Weekday(StrEnum):
    """Days as programme files write them."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEKDAYS = tuple(Weekday)
"""In the order of `datetime.weekday()`."""


class Selection(TableModel):
    """Which lines: within one key any of the values will do, and every key that is given must match."""

    categories: Words | None = None
    brands: Words | None = None
    skus: Words | None = None
    labels: Words | None = None
    kinds: Words | None = None

    def takes(self, line: Line) -> bool:
        """Whether the line is one of those selected."""
        return (
            (self.categories is None or not self.categories.isdisjoint(line.categories))
            and (self.brands is None or line.brand in self.brands)
            and (self.skus is None or line.sku in self.skus)
            and (self.labels is None or not self.labels.isdisjoint(line.labels))
            and (self.kinds is None or line.kind in self.kinds)
        )

    def of(self, lines: Iterable[Line]) -> list[Line]:
        """The selected lines, in the basket's order."""
        return [line for line in lines if self.takes(line)]


class Conditions(Selection):
    """When a rule holds: a selection of lines, and conditions on the time and on what is spent on those lines.

    Days and times are those of the programme's time zone. `from_date` and `until_date` are the first and the last
    day; `from_time` is included and `until_time` is not; `minimum_spend` is in minor units of the currency.
    """

    weekdays: frozenset[Weekday] | None = Field(default=None, min_length=1)
    from_time: time | None = None
    until_time: time | None = None
    from_date: date | None = None
    until_date: date | None = None
    minimum_spend: int | None = Field(default=None, gt=0, le=AMOUNT_MAX_MINOR)

    @model_validator(mode="after")
    def _windows_open(self) -> Self:
        if self.from_date and self.until_date and self.until_date < self.from_date:
            raise ValueError(f"until_date {self.until_date} lies before from_date {self.from_date}")
        if self.from_time and self.until_time and self.until_time <= self.from_time:
            raise ValueError(
                f"until_time {self.until_time:%H:%M} is not after from_time {self.from_time:%H:%M};"
                " write two rules for a window over midnight"
            )
        return self

    def unmet_at(self, at: datetime) -> str | None:
        """The first condition on the time that does not hold, in words; None when all do."""
        today = at.date()
        if self.from_date is not None and today < self.from_date:
            return f"begins on {self.from_date}"
        if self.until_date is not None and today > self.until_date:
            return f"ended on {self.until_date}"
        if self.weekdays is not None and WEEKDAYS[at.weekday()] not in self.weekdays:
            return f"not on a {WEEKDAYS[at.weekday()]}"
        if self.from_time is not None and at.time() < self.from_time:
            return f"not before {self.from_time:%H:%M}"
        if self.until_time is not None and at.time() >= self.until_time:
            return f"only until {self.until_time:%H:%M}"
        return None

    def unmet_by(self, selected: list[Line]) -> str | None:
        """Why the selected lines are not enough, in words; None when they are."""
        if not selected:
            return "no line that it is about"
        if self.minimum_spend is not None:
            missing = self.minimum_spend - sum(line.amount for line in selected)
            if missing > 0:
                return f"{missing} minor units short of minimum_spend"
        return None

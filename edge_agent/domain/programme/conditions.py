"""Which lines a rule is about, and when it holds."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.money import AMOUNT_MAX_MINOR
from edge_agent.domain.programme.form import ClockTime, Day, TableModel, Whole
from edge_agent.domain.programme.texts import Words
from edge_agent.domain.programme.unmet import Obstacle, Unmet


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

    @property
    def is_everything(self) -> bool:
        """Whether no key is given, so that every line is selected."""
        return all(getattr(self, key) is None for key in Selection.model_fields)


class Conditions(Selection):
    """When a rule holds: a selection of lines, and conditions on the time and on what is spent on those lines.

    Days and times are those of the programme's time zone. `from_date` and `until_date` are the first and the last
    day; `from_time` is included and `until_time` is not; `minimum_spend` is in minor units of the currency.
    """

    weekdays: frozenset[Weekday] | None = Field(default=None, min_length=1)
    from_time: ClockTime | None = None
    until_time: ClockTime | None = None
    from_date: Day | None = None
    until_date: Day | None = None
    minimum_spend: Whole | None = Field(default=None, gt=0, le=AMOUNT_MAX_MINOR)

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

    def unmet_at(self, at: datetime) -> Unmet | None:
        """The first condition on the time that does not hold; None when all do."""
        today = at.date()
        if self.from_date is not None and today < self.from_date:
            return Unmet(Obstacle.NOT_YET, self.from_date)
        if self.until_date is not None and today > self.until_date:
            return Unmet(Obstacle.OVER, self.until_date)
        if self.weekdays is not None and WEEKDAYS[at.weekday()] not in self.weekdays:
            days = tuple(i for i, day in enumerate(WEEKDAYS) if day in self.weekdays)
            return Unmet(Obstacle.OTHER_DAY, days)
        if self.from_time is not None and at.time() < self.from_time:
            return Unmet(Obstacle.TOO_EARLY, self.from_time)
        if self.until_time is not None and at.time() >= self.until_time:
            return Unmet(Obstacle.TOO_LATE, self.until_time)
        return None

    def unmet_by(self, selected: Sequence[Line]) -> Unmet | None:
        """Why the selected lines are not enough; None when they are."""
        if self.minimum_spend is not None:
            missing = self.minimum_spend - sum([line.amount for line in selected])
            if missing > 0:
                return Unmet(Obstacle.TOO_LITTLE, missing)
        return None

"""The keys that say when, where and for whom a rule holds."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from edge_agent.domain.member import Birthday
from edge_agent.domain.money import AMOUNT_MAX_MINOR
from edge_agent.domain.programme.form import ClockTime, Day, Exact, Flag, TableModel, Whole
from edge_agent.domain.programme.selections import Contains
from edge_agent.domain.programme.tax import Tax
from edge_agent.domain.programme.texts import MembershipName, TierName, Word, Words
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


class When(TableModel):
    """When a rule holds, as the file says it: conditions on time, place, member and basket.

    Days and times are those of the programme's time zone. `from_date` and `until_date` are the first and the last
    day; `from_time` is included and `until_time` is not; `minimum_spend` is in minor units of the currency and is spent
    on the selected lines, with `minimum_tax` saying whether the tax counts; `minimum_sale` is the same for the whole
    basket. `visits` are the numbers of visits (1 is the first purchase) on which it holds, `every_visit` every so many.
    `joined_days_min` and `_max` are days since joining, `away_days` at least so many since the last visit.
    """

    weekdays: frozenset[Weekday] | None = Field(
        default=None,
        min_length=1,
        description="On these days of the week.",
        examples=[["fri", "sat"]],
    )
    from_time: ClockTime | None = Field(
        default=None, description="From this time of day on.", examples=[time(18)]
    )
    until_time: ClockTime | None = Field(
        default=None,
        description="Before this time of day, which is after `from_time`; a window over midnight is two rules.",
        examples=[time(20)],
    )
    from_date: Day | None = Field(
        default=None, description="From this day on.", examples=[date(2026, 12, 1)]
    )
    until_date: Day | None = Field(
        default=None, description="Up to and including this day.", examples=[date(2026, 12, 31)]
    )
    stores: Words | None = Field(
        default=None,
        description="In one of these stores, by the number that the tills have.",
        examples=[["0412"]],
    )
    channels: Words | None = Field(
        default=None,
        description="In one of these channels, as the POS sends them.",
        examples=[["store", "web"]],
    )
    minimum_spend: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="The selected lines together cost at least this, in minor units.",
        examples=[5000],
    )
    minimum_sale: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="The whole basket costs at least this, in minor units.",
        examples=[5000],
    )
    minimum_tax: Tax = Field(
        default=Tax.INCLUDED,
        description="Whether the minimum is meant with the tax in it or without.",
        examples=["excluded"],
    )
    minimum_quantity: Exact | None = Field(
        default=None,
        gt=0,
        le=100_000,
        description="At least so much of the selected lines together, in pieces or the article's measure.",
        examples=[3],
    )
    contains: tuple[Contains, ...] = Field(
        default=(),
        max_length=20,
        description="All of these are in the basket.",
        examples=[[{"categories": ["coffee"]}, {"categories": ["cake"]}]],
    )
    no_discount: Flag = Field(
        default=False,
        description="Only where nothing is off any of the lines that it is about.",
        examples=[True],
    )
    tenders: Words | None = Field(
        default=None,
        description="Something is paid by one of these means, as the POS sends them.",
        examples=[["giftcard"]],
    )
    tiers: frozenset[TierName] | None = Field(
        default=None,
        min_length=1,
        description="Members who hold one of these tiers.",
        examples=[["gold"]],
    )
    segments: Words | None = Field(
        default=None,
        description="Members of one of these segments, which central assigns.",
        examples=[["family"]],
    )
    not_segments: Words | None = Field(
        default=None, description="Members of none of these segments.", examples=[["staff"]]
    )
    memberships: frozenset[MembershipName] | None = Field(
        default=None,
        min_length=1,
        description="Members with one of these paid memberships.",
        examples=[["plus"]],
    )
    attributes: dict[Word, Words] | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        description="Members of whom each attribute that is named has one of its values here.",
        examples=[{"pet": ["cat", "dog"]}],
    )
    languages: Words | None = Field(
        default=None, description="Members who chose one of these languages.", examples=[["fr"]]
    )
    birthday: Birthday | None = Field(
        default=None,
        description="On the birthday, in the seven days from it, or in its month.",
        examples=["month"],
    )
    visits: frozenset[Whole] | None = Field(
        default=None,
        min_length=1,
        description="On the visits with these numbers; 1 is the first purchase.",
        examples=[[1]],
    )
    every_visit: Whole | None = Field(
        default=None, gt=1, le=10_000, description="On every so many visits.", examples=[5]
    )
    joined_days_min: Whole | None = Field(
        default=None,
        ge=0,
        le=36_500,
        description="Members since at least so many days.",
        examples=[365],
    )
    joined_days_max: Whole | None = Field(
        default=None,
        ge=0,
        le=36_500,
        description="Members since at most so many days.",
        examples=[30],
    )
    away_days: Whole | None = Field(
        default=None,
        gt=0,
        le=36_500,
        description="Members whose last visit is at least so many days ago.",
        examples=[60],
    )

    @model_validator(mode="after")
    def _windows_open(self) -> Self:
        if self.from_date and self.until_date and self.until_date < self.from_date:
            raise ValueError(f"until_date {self.until_date} lies before from_date {self.from_date}")
        if self.from_time and self.until_time and self.until_time <= self.from_time:
            raise ValueError(
                f"until_time {self.until_time:%H:%M} is not after from_time {self.from_time:%H:%M};"
                " write two rules for a window over midnight"
            )
        if (
            self.joined_days_min is not None
            and self.joined_days_max is not None
            and self.joined_days_max < self.joined_days_min
        ):
            raise ValueError(
                f"joined_days_max {self.joined_days_max} is less than joined_days_min {self.joined_days_min}"
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

    def unmet_where(self, store: str, channel: str) -> Unmet | None:
        """The first condition on the place that does not hold; None when both do."""
        if self.stores is not None and store not in self.stores:
            return Unmet(Obstacle.OTHER_STORE)
        if self.channels is not None and channel not in self.channels:
            return Unmet(Obstacle.OTHER_CHANNEL)
        return None

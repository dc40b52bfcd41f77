"""What a challenge is: so many of something within a window, so many periods in a row, or all of a collection."""

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Final, NamedTuple, Self

from pydantic import Field, model_validator

from edge_agent.domain.money import AMOUNT_MAX_MINOR
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.form import Flag, Whole, WindowText
from edge_agent.domain.programme.gifts import Gifts
from edge_agent.domain.programme.progress import Measure
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.texts import Campaign, LocalText, RuleId
from edge_agent.domain.tallies import Fold, Period, Reading, Window
from edge_agent.domain.units import Derived, derived

ITEMS_MAX = 30
"""A collection is shown item by item; more do not fit a screen."""


class Counts(StrEnum):
    """What a challenge counts."""

    VISITS = "visits"
    PIECES = "pieces"
    SPEND = "spend"
    ACTIONS = "actions"


class Item(Selection):
    """One thing of a collection: which lines it is, and what it is called."""

    id: RuleId = Field(description="Names it within the collection.", examples=["espresso"])
    title: LocalText = Field(description="What it is called.", examples=["espresso"])

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.is_everything:
            raise ValueError("say what it is: skus, categories, brands, labels or kinds")
        return self


PERIODS: Final[Mapping[Period, Measure]] = {
    Period.DAY: Measure.DAYS,
    Period.WEEK: Measure.WEEKS,
    Period.MONTH: Measure.MONTHS,
}
MEASURES: Final[Mapping[Counts, Measure]] = {
    Counts.VISITS: Measure.VISITS,
    Counts.PIECES: Measure.PIECES,
    Counts.SPEND: Measure.MONEY,
    Counts.ACTIONS: Measure.TIMES,
}


class ChallengeRule(Campaign):
    """`target` visits, pieces, minor units spent or actions within `within`, or all `items`; then `gives`.

    Where `when` has dates, only what happened between them counts. What one completion took is used up, oldest first,
    and what is over counts for the next one. `in_a_row` asks for periods that follow each other.
    """

    id: RuleId = Field(
        description="Names the challenge in records and on receipts.", examples=["five-in-june"]
    )
    title: LocalText = Field(
        description="What the customer is told.", examples=["Vijf bezoeken in juni"]
    )
    counts: Counts = Field(
        default=Counts.VISITS,
        description="What is counted: sales (visits), pieces, minor units spent, or actions.",
        examples=["pieces"],
    )
    target: Whole = Field(
        default=1,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="How many it takes; minor units where spend is counted.",
        examples=[5],
    )
    actions: frozenset[RuleId] = Field(
        default=frozenset(),
        max_length=ITEMS_MAX,
        description="The actions that count, where actions are counted.",
        examples=[["check-in"]],
    )
    items: tuple[Item, ...] = Field(
        default=(),
        max_length=ITEMS_MAX,
        description="The things of a collection; one of each completes it.",
        examples=[[{"id": "espresso", "title": "espresso", "skus": ["1001"]}]],
    )
    once_per: Period | None = Field(
        default=None,
        description="Count one visit at most per day, week or month.",
        examples=["week"],
    )
    in_a_row: Period | None = Field(
        default=None,
        description="Count days, weeks or months that follow each other without a gap.",
        examples=["week"],
    )
    within: WindowText = Field(
        default="ever",
        description="What has to lie together: day, week, month, quarter, year, ever, or so many days or months.",
        examples=["30 days"],
    )
    when: Conditions = Field(
        default=Conditions(),
        description="Which sales and lines count, and from when until when.",
        examples=[{"categories": ["coffee"], "until_date": date(2026, 6, 30)}],
    )
    gives: Annotated[Gifts, Field(min_length=1)] = Field(
        description="What completing it gives.", examples=[[{"quantity": 100}]]
    )
    times: Whole = Field(
        default=1,
        gt=0,
        le=1_000,
        description="How often it can be completed within the window.",
        examples=[3],
    )
    activate: Flag = Field(
        default=False,
        description="Whether the member has to activate it before anything counts.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for key in ("once_per", "in_a_row"):
            period = getattr(self, key)
            if period is not None and (period not in PERIODS or self.counts is not Counts.VISITS):
                raise ValueError(f"{key} is day, week or month, and counts visits")
        if (self.counts is Counts.ACTIONS) != bool(self.actions):
            raise ValueError('give the actions with counts = "actions", and only then')
        if self.items and (
            not self.when.is_everything or self.counts is not Counts.VISITS or self.in_a_row
        ):
            raise ValueError("a collection counts its items; take counts and what when selects out")
        if self.items and self.target != 1:
            raise ValueError("a collection takes one of each item; take target out")
        if len({item.id for item in self.items}) < len(self.items):
            raise ValueError("two items have the same id")
        return self

    @cached_property
    def window(self) -> Window:
        """The days that count together."""
        window = Window.parse(self.within)
        if window == Window() and (self.when.from_date or self.when.until_date):
            return Window(first=self.when.from_date, last=self.when.until_date)
        return window

    @cached_property
    def parts(self) -> tuple["Part", ...]:
        """What is counted apart: each item of a collection, or all of it."""
        if not self.items:
            return (Part.of(f"did.{self.id}", self.target, self.when),)
        return tuple(Part.of(f"did.{self.id}.{item.id}", 1, item) for item in self.items)

    @cached_property
    def done(self) -> Reading:
        """How often it was completed within the window."""
        return Reading(f"done.{self.id}", self.window)

    @cached_property
    def since_done(self) -> Reading:
        """Days since it was last completed."""
        return Reading(f"done.{self.id}", fold=Fold.SINCE)

    def counted_in(self, period: Period) -> Reading:
        """How much was counted in the period that today lies in."""
        return Reading(self.parts[0].tally, Window(period))

    @cached_property
    def run(self) -> Reading:
        """How many periods in a row counted something, up to the one before this."""
        return Reading(self.parts[0].tally, Window(self.in_a_row or Period.WEEK), Fold.RUN)

    def readings(self) -> Iterator[Reading]:
        """The figures that it needs besides those of its conditions."""
        yield self.done
        if self.in_a_row is not None:
            yield from (self.run, self.since_done, self.counted_in(self.in_a_row))
        if self.once_per is not None:
            yield self.counted_in(self.once_per)


class Part(NamedTuple):
    """What is counted towards `need` in a tally, and which lines it is about.

    `unit` counts it by day; `used` says how much of each day completions have used up.
    """

    tally: str
    need: int
    selection: Selection
    unit: str
    used: str

    @classmethod
    def of(cls, tally: str, need: int, selection: Selection) -> Self:
        """The part that counts in this tally."""
        unit, used = (derived(Derived.COUNT, name) for name in (tally, f"used.{tally}"))
        return cls(tally, need, selection, unit, used)

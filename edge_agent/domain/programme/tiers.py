"""Tiers: reached at once at the till, held for their validity, and looked at again by central.

A tier that is reached is a lot of `tier/<level>` which lives as long as the tier is valid. A till without a line then
knows by itself when the tier is over, and what comes after it: with `downgrade = "one-down"` the next lower tier is
laid down together with it, to begin when it ends. Of all tiers that somebody holds, the highest counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, Self

from pydantic import Field, model_validator

from edge_agent.domain.entries import Entry, EntryKind, Life
from edge_agent.domain.holdings import Holding, usable
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.money import AMOUNT_MAX_MINOR
from edge_agent.domain.programme.expiry import Expiry
from edge_agent.domain.programme.form import Flag, TableModel, Whole, WindowText
from edge_agent.domain.programme.own_rules import OwnRule
from edge_agent.domain.programme.progress import Measure, Progress, Towards
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.tax import Tax, spent
from edge_agent.domain.programme.texts import LocalText, RuleId, Texts, UnitName, texts
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.programme.visits import VISITS
from edge_agent.domain.tallies import Period, Reading, Window, first_day, last_day
from edge_agent.domain.units import Derived, derived

_COUNTS = texts(
    {
        "nl": "telt mee voor de status",
        "en": "counts towards the tier",
        "de": "zählt für den Status",
        "fr": "compte pour le statut",
    }
)


class MeasuredBy(StrEnum):
    """What a tier is measured by."""

    SPEND = "spend"  # minor units that were paid
    POINTS = "points"  # points that were earned, spent since or not
    ACTIVE = "active"  # points that can be used
    VISITS = "visits"


class Counts(StrEnum):
    """From when a sale counts for the tier that it leads to."""

    THIS_SALE = "this-sale"
    NEXT_SALE = "next-sale"
    NEXT_DAY = "next-day"


class Downgrade(StrEnum):
    """What becomes of whoever did not earn a tier again."""

    REQUALIFIED = "requalified"  # to the tier that was earned meanwhile
    ONE_DOWN = "one-down"
    BASE = "base"
    NEVER = "never"


class LevelTable(TableModel):
    """One tier. Its benefits are rules with `when.tiers`."""

    id: RuleId = Field(description="How rules name it.", examples=["gold"])
    name: LocalText = Field(description="How customers know it.", examples=["Goud"])
    at_least: Whole = Field(
        ge=0,
        le=AMOUNT_MAX_MINOR,
        description=(
            "From how much on it is held: minor units of money spent, whole points or visits. 0 is the tier that"
            " everybody has."
        ),
        examples=[50000],
    )


class ReviewTable(TableModel):
    """When central looks at everybody's tier again, and what happens to the points then."""

    every_days: Whole | None = Field(
        default=None,
        gt=0,
        le=3_660,
        description="Every so many days from the day of joining; either this or each.",
        examples=[365],
    )
    each: Period | None = Field(
        default=None,
        description="On the first day of each month, quarter, year or membership-year; either this or every_days.",
        examples=["year"],
    )
    resets_points: Flag = Field(
        default=False,
        description="Whether the points start from nothing afterwards; those that are still pending stay.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _one_rhythm(self) -> Self:
        if (self.every_days is None) == (self.each is None):
            raise ValueError("give either every_days or each")
        if self.each is Period.EVER:
            raise ValueError('each = "ever" never comes round; write year, for example')
        return self

    def due_on(self, day: date, joined: date | None) -> bool:
        """Whether `day` is one of those days. Days from joining never come for whoever's joining is not known."""
        if self.each is not None:
            return first_day(self.each, day, joined) == day
        days = 0 if joined is None else (day - joined).days
        return days > 0 and days % (self.every_days or 1) == 0


class TiersTable(TableModel):
    """The tiers of a programme, in any order, and how they are reached, held and lost."""

    measure: MeasuredBy = Field(
        description="Measured by money spent, points earned, points that can be used now (active), or visits.",
        examples=["spend"],
    )
    unit: UnitName = Field(
        default="points", description="Which points, where it is points.", examples=["status"]
    )
    over: WindowText = Field(
        default="ever",
        description=(
            "Over which time: month, quarter, year, membership-year, ever, or the last so many days or months."
        ),
        examples=["year", "12 months"],
    )
    scope: Selection = Field(
        default=Selection(),
        description="Which lines count, where it is money; all that may earn without.",
        examples=[{"without": {"kinds": ["gift_card"]}}],
    )
    tax: Tax = Field(
        default=Tax.INCLUDED,
        description="Whether the tax counts, where it is money.",
        examples=["excluded"],
    )
    counts: Counts = Field(
        default=Counts.NEXT_SALE,
        description="From when a tier that is reached has its benefits: this-sale, the next-sale or the next-day.",
        examples=["this-sale"],
    )
    valid: Expiry | None = Field(
        default=None,
        description="How long a tier is held after it was reached or earned again; without it until a review.",
        examples=[{"years": 1, "rounded": "end-of-year"}],
    )
    downgrade: Downgrade = Field(
        default=Downgrade.REQUALIFIED,
        description=(
            "What becomes of whoever did not earn it again: requalified (the tier earned meanwhile), one-down,"
            " base or never."
        ),
        examples=["one-down"],
    )
    review: ReviewTable | None = Field(
        default=None,
        description="When central looks at the tiers again, in place of a validity.",
        examples=[{"every_days": 365}],
    )
    level: tuple[LevelTable, ...] = Field(
        min_length=1,
        max_length=20,
        description="The tiers.",
        examples=[[{"id": "gold", "name": "Goud", "at_least": 50000}]],
    )

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        levels = [each.at_least for each in self.level]
        if len(set(levels)) < len(levels):
            raise ValueError(
                "two tiers begin at the same at_least; nobody could tell which is higher"
            )
        if self.valid is not None and self.review is not None:
            raise ValueError(
                "give either valid or review; a review looks at every tier again by itself"
            )
        if self.valid is not None and self.downgrade is Downgrade.NEVER:
            raise ValueError('with downgrade = "never" a tier is held for ever; leave out valid')
        if self.counts is Counts.THIS_SALE and self.measure in {
            MeasuredBy.POINTS,
            MeasuredBy.ACTIVE,
        }:
            raise ValueError(
                'counts = "this-sale" needs spend or visits: the points of a sale depend on its tier'
            )
        if self.review is not None and Window.parse(self.over).is_of_calendar:
            raise ValueError(
                f'at a review nothing is left of over = "{self.over}"; give valid in place of review, or over'
                ' = "12 months"'
            )
        return self


@dataclass(frozen=True)
class Tiers:
    """Counts towards the next tier, and gives it when it is reached. A sale never takes a tier."""

    table: TiersTable
    name: ClassVar[str] = "tier"

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """The ids of the tiers, lowest first."""
        return tuple(each.id for each in self._ascending)

    @cached_property
    def _ascending(self) -> tuple[LevelTable, ...]:
        return tuple(sorted(self.table.level, key=lambda each: each.at_least))

    @cached_property
    def reading(self) -> Reading | None:
        """What was counted before; None where the points that can be used say it themselves."""
        if self.table.measure is MeasuredBy.ACTIVE:
            return None
        visits = self.table.measure is MeasuredBy.VISITS
        tally = VISITS if visits else f"tier-{self.table.measure.value}"
        return Reading(tally, Window.parse(self.table.over))

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """What counts, line by line so that it can be returned line by line; then the tier that is reached by it."""
        if situation.facts.anonymous:
            return worked
        if not situation.basket.lines and not _earned_per_line(worked, self.table.unit):
            return worked  # no sale, and nothing that counts: time alone reaches no tier
        counted = tuple(self._counted(situation, worked))
        after = worked.plus([Outcome(OwnRule.TIER_PROGRESS.value, counted)] if counted else ())
        measured = self.measured(situation, after) + sum(each.quantity for each in counted)
        reached = self.reached(measured, situation.units)
        entries = tuple(self._given(situation, reached)) if reached else ()
        return after.plus([Outcome(entries[0].rule, entries)] if entries else ())

    def _counted(self, situation: Situation, worked: Worked) -> Iterable[Entry]:
        if self.reading is None or self.table.measure is MeasuredBy.VISITS:
            return
        amounts: Mapping[int | None, int]
        if self.table.measure is MeasuredBy.SPEND:
            amounts = {
                line.number: spent([line], worked, self.table.tax)
                for line in situation.lines
                if self.table.scope.takes(line)
            }
        else:
            amounts = _earned_per_line(worked, self.table.unit)
        for line, amount in amounts.items():
            if amount:
                yield situation.counted(
                    self.reading.tally, amount, OwnRule.TIER_PROGRESS.value, line
                )

    def measured(self, situation: Situation, worked: Worked) -> int:
        """What is measured before what this sale counts: minor units, smallest parts of the unit, or visits.

        A visit and active points of this sale are in it.
        """
        if self.reading is None:
            return usable(situation.held(self.table.unit, worked), self.table.unit, situation.today)
        this_visit = self.table.measure is MeasuredBy.VISITS and bool(situation.basket.lines)
        return situation.figure(self.reading) + this_visit

    def reached(self, measured: int, units: Mapping[str, UnitTable]) -> LevelTable | None:
        """The highest tier for so much; None where it is less than all of them ask."""
        return next(
            (each for each in reversed(self._ascending) if measured >= self._needs(each, units)),
            None,
        )

    def _needs(self, level: LevelTable, units: Mapping[str, UnitTable]) -> int:
        of_unit = self.table.measure in {MeasuredBy.POINTS, MeasuredBy.ACTIVE}
        return level.at_least * (units[self.table.unit].scale if of_unit else 1)

    def _given(self, situation: Situation, reached: LevelTable) -> Iterable[Entry]:
        """The tier that was reached, unless it or a higher one is held for at least as long."""
        facts, today = situation.facts, situation.today
        rank = self.levels.index(reached.id)
        keeps_higher = self.table.downgrade is Downgrade.BASE and rank < self.rank_of(facts, today)
        lots = [] if self.is_base(rank) or keeps_higher else list(self.lots(rank, situation))
        if lots and not self._covers(
            facts.holdings, rank, lots[0].matures_on or today, lots[0].expires_on
        ):
            for unit, quantity, expires_on, matures_on, _, _ in lots:
                life = Life(matures_on, expires_on)
                yield situation.earned(unit, quantity, reached.id, life=life)

    def lots(self, rank: int, situation: Situation) -> Iterable[Holding]:
        """What is held of the tier of that place (not the base) from today on, and of those that come after it."""
        reached_on, valid = situation.today, self.table.valid
        tomorrow = situation.today + timedelta(days=1)
        matures_on = tomorrow if self.table.counts is Counts.NEXT_DAY else None
        for level in reversed(self._ascending[: rank + 1]):
            if level.at_least == 0:
                return
            last = None if valid is None else valid.last_day(reached_on, situation.facts.since)
            yield Holding(derived(Derived.TIER, level.id), 1, last, matures_on)
            if last is None or self.table.downgrade is not Downgrade.ONE_DOWN:
                return
            # The one below is held for one more validity, counted from the eve: a full year where years end together.
            reached_on, matures_on = last, last + timedelta(days=1)

    def _covers(
        self, holdings: Iterable[Holding], rank: int, first: date, last: date | None
    ) -> bool:
        enough = {derived(Derived.TIER, each) for each in self.levels[rank:]}
        return any(
            each.unit in enough
            and each.quantity > 0
            and each.usable_on(first)
            and (each.expires_on or date.max) >= (last or date.max)
            for each in holdings
        )

    def is_base(self, rank: int) -> bool:
        """Whether that tier is the one that everybody has, so that nobody holds it as a lot."""
        return self._ascending[rank].at_least == 0

    def rank_of(self, facts: MemberFacts, today: date) -> int:
        """The place among `levels` of the tier that somebody has; -1 for none."""
        tier = facts.placed(self.levels, today).tier
        return self.levels.index(tier) if tier in self.levels else 0 if self.is_base(0) else -1

    def progress(
        self, facts: MemberFacts, at: datetime, units: Mapping[str, UnitTable]
    ) -> Iterable[Progress]:
        """How far it is to the next tier; nothing for whoever has the highest."""
        today, table = at.date(), self.table
        if self.reading is None:
            have = max(usable(facts.holdings, table.unit, today), 0)
        else:
            have = facts.figures.get(self.reading.key, 0)
        higher = self._ascending[self.rank_of(facts, today) + 1 :]
        following = next((each for each in higher if self._needs(each, units) > have), None)
        if facts.anonymous or following is None:
            return
        window = Window.parse(table.over)
        yield Progress(
            Towards.TIER,
            following.id,
            following.name,
            have,
            self._needs(following, units),
            _MEASURES[table.measure],
            table.unit if _MEASURES[table.measure] is Measure.UNIT else None,
            last_day(window.period, today, facts.since) if window.is_of_calendar else None,
        )

    def reasons(self) -> Mapping[str, Texts]:
        """That it counts, and for each tier that it is reached."""
        return {OwnRule.TIER_PROGRESS.value: _COUNTS} | {
            each.id: _reached_in_words(each) for each in self.table.level
        }

    def readings(self) -> Iterable[Reading]:
        """What was counted before."""
        return () if self.reading is None else (self.reading,)

    def looks_at(self) -> Iterable[str]:
        """The tiers that are held, and the points where those that can be used are the measure."""
        yield f"{Derived.TIER.value}/"
        if self.reading is None:
            yield self.table.unit


_MEASURES: Mapping[MeasuredBy, Measure] = {
    MeasuredBy.SPEND: Measure.MONEY,
    MeasuredBy.POINTS: Measure.UNIT,
    MeasuredBy.ACTIVE: Measure.UNIT,
    MeasuredBy.VISITS: Measure.VISITS,
}


_EARNED = frozenset({EntryKind.EARN, EntryKind.ADJUST})
"""Points that head office adds or corrects by hand count like those of a sale."""


def _earned_per_line(worked: Worked, unit: str) -> dict[int | None, int]:
    earned: dict[int | None, int] = {}
    for entry in worked.entries():
        if entry.unit == unit and entry.kind in _EARNED and entry.account is None:
            earned[entry.line] = earned.get(entry.line, 0) + entry.quantity
    return earned


def _reached_in_words(level: LevelTable) -> Texts:
    name = level.name
    return texts(
        {
            "nl": f"{name.nl} bereikt",
            "en": f"{name.en} reached",
            "de": f"{name.de} erreicht",
            "fr": f"{name.fr} atteint",
        }
    )

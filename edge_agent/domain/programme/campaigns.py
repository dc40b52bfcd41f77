"""Campaigns that are credited afterwards: whoever spent enough in their time gets points on top of the base ones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.money import AMOUNT_MAX_MINOR, Rounding, fraction, rounded
from edge_agent.domain.programme.conditions import Circumstances
from edge_agent.domain.programme.expiry import Expiry
from edge_agent.domain.programme.form import Exact, Refers, Whole
from edge_agent.domain.programme.matching import RuleIndex, asked
from edge_agent.domain.programme.rates import EarnRule
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Campaign, LocalText, RuleId, Texts, UnitName
from edge_agent.domain.tallies import DAYS_KEPT, EVER, Reading, Window

CREDITED_AFTER_MAX = 90
"""Days; what was counted is kept apart for little more than a year, the campaign's own length included."""


class CampaignRule(Campaign):
    """Points on top of the base points of a time, `on_top` times as many, for who spent enough in it.

    Each sale between `when.from_date` and `when.until_date` counts what is paid for the lines in `scope`, and the base
    points that these lines earned; returns count less. Central credits it once, after the campaign.
    """

    id: RuleId = Field(description="Names the campaign.", examples=["february"])
    unit: UnitName = Field(default="points", description="What it gives.", examples=["points"])
    on_top: Exact = Field(
        gt=0,
        le=100,
        description="So many times the base points of the campaign are given on top of them.",
        examples=[3],
    )
    spend: Whole = Field(
        default=0,
        ge=0,
        le=AMOUNT_MAX_MINOR,
        description="For members who spent at least so many minor units in the campaign.",
        examples=[60000],
    )
    most: Exact | None = Field(
        default=None,
        gt=0,
        le=1_000_000_000,
        description="At most so many for one member.",
        examples=[3000],
    )
    credited_after_days: Whole = Field(
        default=1,
        ge=1,
        le=CREDITED_AFTER_MAX,
        description="So many days after the last day it is credited, once goods cannot come back any more.",
        examples=[28],
    )
    of: Annotated[frozenset[Annotated[RuleId, Refers("earn")]], Field(min_length=1)] | None = Field(
        default=None,
        description="Only what these earning rules gave counts; without it what all of them gave.",
        examples=[["base"]],
    )
    rounding: Rounding = Field(
        default=Rounding.FLOOR,
        description="How less than the smallest part of the unit is rounded.",
        examples=["half-up"],
    )
    scope: Selection = Field(
        default=Selection(),
        description="Which lines count; without it all that may earn.",
        examples=[{"without": {"kinds": ["gift-card", "service"]}}],
    )
    when: Circumstances = Field(
        description="Which sales count; it has to say from_date and until_date.",
        examples=[{"from_date": date(2026, 2, 1), "until_date": date(2026, 2, 28)}],
    )
    expiry: Expiry | None = Field(
        default=None,
        description="How long these points last, in place of the unit's own rule.",
        examples=[{"days": 60}],
    )
    why: LocalText = Field(description="What is told of it.", examples=["4 x punten in februari"])

    @model_validator(mode="after")
    def _has_a_time(self) -> Self:
        first, last = self.when.from_date, self.when.until_date
        if first is None or last is None:
            raise ValueError("say when.from_date and when.until_date")
        if (last - first).days + self.credited_after_days >= DAYS_KEPT:
            raise ValueError(
                f"the campaign and its wait are longer than the {DAYS_KEPT} days that counts are kept for"
            )
        return self

    @property
    def credited_on(self) -> date:
        """The day on which it is credited."""
        return (self.when.until_date or date.min) + timedelta(days=self.credited_after_days)

    @cached_property
    def spent(self) -> Reading:
        """What was spent on its lines, in minor units."""
        return Reading(f"campaign.{self.id}.spend", self._window)

    @cached_property
    def earned(self) -> Reading:
        """The base points of its lines, in smallest parts."""
        return Reading(f"campaign.{self.id}.points", self._window)

    @cached_property
    def credited(self) -> Reading:
        """1 once it was credited."""
        return Reading(f"campaign.{self.id}.credited", EVER)

    @property
    def _window(self) -> Window:
        return Window(first=self.when.from_date, last=self.when.until_date)

    def credit(self, situation: Situation) -> int:
        """What a member gets for what was counted, in smallest parts."""
        if situation.figure(self.spent) < self.spend:
            return 0
        base = max(0, situation.figure(self.earned))
        given = rounded(base * fraction(self.on_top), self.rounding)
        if self.most is None:
            return given
        scale = situation.units[self.unit].scale
        return min(given, rounded(fraction(self.most) * scale, Rounding.FLOOR))


@dataclass(frozen=True)
class CampaignCounts:
    """What a sale counts for campaigns. `earn` are the rules whose points are base points."""

    rules: tuple[CampaignRule, ...]
    earn: tuple[EarnRule, ...]
    name: ClassVar[str] = "campaign"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """Spend and base points by line, so that a return takes its part back."""
        if situation.facts.anonymous:
            return worked
        result = []
        for rule, lines, unmet in asked(self.rules, self._index, situation, worked):
            if unmet is None:
                points = self._points(rule, worked)
                entries = [
                    situation.counted(reading.tally, quantity, rule.id, line.number)
                    for line in lines
                    for reading, quantity in (
                        (rule.spent, worked.net(line)),
                        (rule.earned, points.get(line.number, 0)),
                    )
                    if quantity
                ]
                result.append(Outcome(rule.id, tuple(entries)))
            elif situation.explains:
                result.append(Outcome(rule.id, unmet=unmet))
        return worked.plus(result)

    def _points(self, rule: CampaignRule, worked: Worked) -> Mapping[int, int]:
        found: dict[int, int] = {}
        for entry in worked.entries():
            is_base = entry.rule in (self._base if rule.of is None else rule.of)
            if is_base and entry.kind is EntryKind.EARN and entry.unit == rule.unit and entry.line:
                found[entry.line] = found.get(entry.line, 0) + entry.quantity
        return found

    @cached_property
    def _index(self) -> RuleIndex:
        return RuleIndex([rule.scope for rule in self.rules])

    @cached_property
    def _base(self) -> frozenset[str]:
        return frozenset(rule.id for rule in self.earn)

    def reasons(self) -> Mapping[str, Texts]:
        """The campaigns' own words."""
        return {rule.id: rule.why for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """Those of its conditions."""
        return (reading for rule in self.rules for reading in rule.when.readings())

    def looks_at(self) -> Iterable[str]:
        """What its conditions ask of the member."""
        return (unit for rule in self.rules for unit in rule.when.looks_at())


@dataclass(frozen=True)
class CampaignCredits:
    """What campaigns that are over give: a chore of central's daily job, once for each campaign and member."""

    rules: tuple[CampaignRule, ...]
    name: ClassVar[str] = "campaign-credit"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """The credits that are due and were not given yet."""
        if not situation.facts.standing.earns:
            return worked
        return worked.plus(
            Outcome(rule.id, tuple(_credited(rule, quantity, situation)))
            for rule in self.rules
            if situation.today >= rule.credited_on
            and not situation.figure(rule.credited)
            and (quantity := rule.credit(situation))
        )

    def reasons(self) -> Mapping[str, Texts]:
        """None of its own: they are told of as campaigns."""
        return {}

    def readings(self) -> Iterable[Reading]:
        """What was counted, and whether it was credited."""
        for rule in self.rules:
            yield from (rule.spent, rule.earned, rule.credited)

    def looks_at(self) -> Iterable[str]:
        """Nothing that the member has."""
        return ()


def _credited(rule: CampaignRule, quantity: int, situation: Situation) -> Iterator[Entry]:
    life = situation.life(rule.unit, rule.expiry)
    yield situation.earned(rule.unit, quantity, rule.id, life=life)
    yield situation.counted(rule.credited.tally, 1, rule.id)

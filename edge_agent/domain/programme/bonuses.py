"""Bonuses: extra points on top of the base rate, under conditions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar, Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.money import Rounding, apportion, fraction, rounded
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.expiry import Expiry
from edge_agent.domain.programme.form import Exact, Whole
from edge_agent.domain.programme.matching import RuleIndex
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Campaign, LocalText, RuleId, Texts, UnitName
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import Reading

BasePoints = Mapping[tuple[str, int], int]
"""What the base rates gave, by unit and line number."""


_NO_LINE = Unmet(Obstacle.NO_LINE)


class BonusRule(Campaign):
    """Either `multiply` (2 doubles: as many points again as the base rate gave the lines) or `add` (once a sale)."""

    id: RuleId = Field(description="Names the rule.", examples=["big-basket"])
    unit: UnitName = Field(default="points", description="What it gives.", examples=["points"])
    multiply: Exact | None = Field(
        default=None,
        gt=1,
        le=100,
        description="2 gives as many points again as the base gave these lines; either this or add.",
        examples=[2],
    )
    add: Whole | None = Field(
        default=None,
        gt=0,
        le=1_000_000,
        description="So many, once a sale; either this or multiply.",
        examples=[25],
    )
    rounding: Rounding = Field(
        default=Rounding.FLOOR,
        description="How what `multiply` gives on all these lines together is rounded.",
        examples=["half-up"],
    )
    when: Conditions = Field(
        default=Conditions(),
        description="Which lines, when, where and for whom.",
        examples=[{"weekdays": ["tue"]}],
    )
    expiry: Expiry | None = Field(
        default=None,
        description="How long these points last, in place of the unit's own rule.",
        examples=[{"days": 60}],
    )
    why: LocalText = Field(description="What the receipt says of it.", examples=["25 extra"])

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if (self.multiply is None) == (self.add is None):
            raise ValueError("give either multiply or add")
        return self

    def outcome(
        self, situation: Situation, worked: Worked, lines: Sequence[Line], base: BasePoints
    ) -> Outcome:
        """The bonus, apportioned to the lines that it is for, or why there is none."""
        unmet = self.when.unmet_by(situation, worked, lines)
        if unmet is not None:
            return Outcome(self.id, unmet=unmet)
        if self.add is not None:
            weights = [worked.net(line) for line in lines]
            extra = int(self.add * situation.units[self.unit].scale)
        else:
            weights = [base.get((self.unit, line.number), 0) for line in lines]
            extra = rounded(sum(weights) * self._extra_share, self.rounding)
        life = situation.life(self.unit, self.expiry)
        entries = tuple(
            situation.earned(self.unit, quantity, self.id, line.number, life)
            for line, quantity in zip(lines, apportion(extra, weights), strict=True)
            if quantity
        )
        return Outcome(self.id, entries, unmet=None if entries else Unmet(Obstacle.NO_BASE))

    @cached_property
    def _extra_share(self) -> Fraction:
        return fraction(self.multiply or 1) - 1


@dataclass(frozen=True)
class Bonuses:
    """Every bonus whose conditions hold is given, each on the base points alone; none multiplies another."""

    rules: tuple[BonusRule, ...]
    name: ClassVar[str] = "bonus"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """The bonuses, in the file's order."""
        if situation.facts.anonymous:
            return worked
        base: dict[tuple[str, int], int] = {}
        for entry in worked.entries():
            if entry.line is not None:
                key = (entry.unit, entry.line)
                base[key] = base.get(key, 0) + entry.quantity
        selected = self._index.selected(situation.lines)
        found = {
            number: self.rules[number].outcome(situation, worked, lines, base)
            for number, lines in sorted(selected.items())
        }
        if not situation.explains:
            return worked.plus(each for each in found.values() if each.entries)
        return worked.plus(
            found.get(number, Outcome(rule.id, unmet=_NO_LINE))
            for number, rule in enumerate(self.rules)
        )

    @cached_property
    def _index(self) -> RuleIndex:
        return RuleIndex([rule.when for rule in self.rules])

    def reasons(self) -> Mapping[str, Texts]:
        """The rules' own words."""
        return {rule.id: rule.why for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """Those of its conditions."""
        return (reading for rule in self.rules for reading in rule.when.readings())

    def looks_at(self) -> Iterable[str]:
        """What its conditions ask of the member."""
        return (unit for rule in self.rules for unit in rule.when.looks_at())

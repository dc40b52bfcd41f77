"""Bonuses: extra points on top of the base rate, under conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import ClassVar, Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.money import Rounding, apportion, fraction, rounded
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.expiry import Expiry
from edge_agent.domain.programme.form import Exact, TableModel, Whole
from edge_agent.domain.programme.matching import RuleIndex
from edge_agent.domain.programme.situation import Award, Outcome, Situation
from edge_agent.domain.programme.texts import LocalText, RuleId, Texts
from edge_agent.domain.programme.unmet import Obstacle, Unmet

BasePoints = Mapping[tuple[str, int], int]
"""What the base rates gave, by unit and line number."""


class BonusRule(TableModel):
    """Either `multiply` (2 doubles: as many points again as the base rate gave the lines) or `add` (once a sale)."""

    id: RuleId
    unit: RuleId = "points"
    multiply: Exact | None = Field(default=None, gt=1, le=100)
    add: Whole | None = Field(default=None, gt=0, le=1_000_000)
    rounding: Rounding = Rounding.FLOOR
    when: Conditions = Conditions()
    expiry: Expiry | None = None
    why: LocalText

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if (self.multiply is None) == (self.add is None):
            raise ValueError("give either multiply or add")
        return self

    def outcome(self, at: datetime, lines: Sequence[Line], base: BasePoints) -> Outcome:
        """The bonus at a time, apportioned to the lines that it is for, or why there is none."""
        unmet = self.when.unmet_at(at) or self.when.unmet_by(lines)
        if unmet is not None:
            return Outcome(self.id, unmet=unmet)
        awards = self._added(lines) if self.add is not None else self._multiplied(lines, base)
        return Outcome(self.id, awards, None if awards else Unmet(Obstacle.NO_BASE))

    @cached_property
    def _extra_share(self) -> Fraction:
        return fraction(self.multiply or 1) - 1

    def _added(self, lines: Sequence[Line]) -> tuple[Award, ...]:
        return self._awards(lines, apportion(self.add or 0, [line.amount for line in lines]))

    def _multiplied(self, lines: Sequence[Line], base: BasePoints) -> tuple[Award, ...]:
        weights = [base.get((self.unit, line.number), 0) for line in lines]
        extra = rounded(sum(weights) * self._extra_share, self.rounding)
        return self._awards(lines, apportion(extra, weights))

    def _awards(self, lines: Sequence[Line], quantities: Sequence[int]) -> tuple[Award, ...]:
        return tuple(
            Award(self.unit, quantity, self.id, line.number, self.expiry)
            for line, quantity in zip(lines, quantities, strict=True)
            if quantity
        )


@dataclass(frozen=True)
class Bonuses:
    """Every bonus whose conditions hold is given, each on the base points alone; none multiplies another."""

    rules: tuple[BonusRule, ...]
    name: ClassVar[str] = "bonus"

    def outcomes(self, situation: Situation, before: Sequence[Award]) -> list[Outcome]:
        """An outcome for each rule, in the file's order."""
        base: dict[tuple[str, int], int] = {}
        for award in before:
            key = (award.unit, award.line)
            base[key] = base.get(key, 0) + award.quantity
        selected = self._index.selected(situation.lines)
        result = list(self._without_lines)
        for number, lines in selected.items():
            result[number] = self.rules[number].outcome(situation.at, lines, base)
        return result

    @cached_property
    def _index(self) -> RuleIndex:
        return RuleIndex([rule.when for rule in self.rules])

    @cached_property
    def _without_lines(self) -> tuple[Outcome, ...]:
        return tuple(Outcome(rule.id, unmet=Unmet(Obstacle.NO_LINE)) for rule in self.rules)

    def reasons(self) -> Mapping[str, Texts]:
        """The rules' own words."""
        return {rule.id: rule.why for rule in self.rules}

"""Partners: sales of theirs, or of their articles, earn at rates of their own, in a unit of theirs or in ours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.money import AMOUNT_MAX_MINOR, Rounding, apportion, fraction, rounded
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.expiry import Expiry
from edge_agent.domain.programme.form import Exact, Whole
from edge_agent.domain.programme.matching import RuleIndex, asked
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Campaign, LocalText, RuleId, Texts, UnitName
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import Reading


class Pays(StrEnum):
    """Who bears the cost of what a partner's rule gives."""

    PARTNER = "partner"
    HOUSE = "house"


class PartnerRule(Campaign):
    """A partner is recognised by `when`: its channel, its stores, a label or brand on its articles.

    Members earn `points` per `per` minor units of these lines, or a `share` of what the rules before gave them in the
    unit `of`. What the partner's rule gave stands in the records under its id, with who pays for it.
    """

    id: RuleId = Field(description="Names the partner in records and books.", examples=["vliegwel"])
    name: LocalText = Field(description="What the customer is told.", examples=["Vliegwel-mijlen"])
    when: Conditions = Field(
        description="How its sales and articles are recognised.",
        examples=[{"labels": ["vliegwel"]}],
    )
    unit: UnitName = Field(
        default="points", description="The unit in which it gives.", examples=["miles"]
    )
    points: Exact | None = Field(
        default=None, gt=0, le=10_000, description="So many ...", examples=[1]
    )
    per: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="... per so many minor units of its lines.",
        examples=[200],
    )
    share: Exact | None = Field(
        default=None,
        gt=0,
        le=100,
        description="So many for each one that the rules before gave; in place of a rate.",
        examples=["0.5"],
    )
    of: UnitName = Field(
        default="points", description="The unit that a share is of.", examples=["points"]
    )
    rounding: Rounding = Field(
        default=Rounding.FLOOR,
        description="How a fraction becomes whole.",
        examples=["half-up"],
    )
    expiry: Expiry | None = Field(
        default=None,
        description="How long it lasts, in place of the unit's own expiry.",
        examples=[{"months": 36}],
    )
    pays: Pays = Field(
        default=Pays.PARTNER,
        description="Who bears the cost: the partner or the house.",
        examples=["house"],
    )

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if (self.points is None) != (self.per is None):
            raise ValueError("points and per go together")
        if (self.points is None) == (self.share is None):
            raise ValueError("give either points and per, or share")
        return self

    def entries(
        self, situation: Situation, worked: Worked, lines: Sequence[Line]
    ) -> tuple[Entry, ...]:
        """What it gives for these lines, apportioned to them."""
        bases = self._bases(worked, lines)
        scale = situation.units[self.unit].scale
        if self.share is not None:
            rate = fraction(self.share) * scale / situation.units[self.of].scale
        else:
            rate = fraction(self.points or 0) * scale / (self.per or 1)
        life = situation.life(self.unit, self.expiry)
        quantity = rounded(max(sum(bases), 0) * rate, self.rounding)
        parts = apportion(quantity, [max(each, 0) for each in bases])
        return tuple(
            situation.earned(self.unit, part, self.id, line.number, life)
            for line, part in zip(lines, parts, strict=True)
            if part
        )

    def _bases(self, worked: Worked, lines: Sequence[Line]) -> list[int]:
        """What its rate is taken of, per line: minor units paid, or what was given of a unit so far."""
        if self.share is None:
            return [worked.net(line) for line in lines]
        given: dict[int | None, int] = {}
        for entry in worked.entries():
            if entry.unit == self.of and entry.kind is EntryKind.EARN and not entry.account:
                given[entry.line] = given.get(entry.line, 0) + entry.quantity
        return [given.get(line.number, 0) for line in lines]


@dataclass(frozen=True)
class Partners:
    """Every partner that has a part in the sale gives at its own rate, beside the house's rules."""

    rules: tuple[PartnerRule, ...]
    name: ClassVar[str] = "partner"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """What partners give; shares are of what the house's rules gave, never of each other."""
        if situation.facts.anonymous:
            return worked
        result = []
        for rule, lines, unmet in asked(self.rules, self._index, situation, worked):
            entries = () if unmet else rule.entries(situation, worked, lines)
            if entries:
                result.append(Outcome(rule.id, entries, note=f"paid by {rule.pays.value}"))
            elif situation.explains:
                result.append(Outcome(rule.id, unmet=unmet or Unmet(Obstacle.LESS_THAN_ONE)))
        return worked.plus(result)

    @cached_property
    def _index(self) -> RuleIndex:
        return RuleIndex([rule.when for rule in self.rules])

    def reasons(self) -> Mapping[str, Texts]:
        """The partners' names."""
        return {rule.id: rule.name for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """Those of the conditions."""
        return (reading for rule in self.rules for reading in rule.when.readings())

    def looks_at(self) -> Iterable[str]:
        """What the conditions ask of the member."""
        return (unit for rule in self.rules for unit in rule.when.looks_at())

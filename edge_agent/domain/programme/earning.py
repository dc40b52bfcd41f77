"""Earning: so many points per amount, at a rate per scope."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import ClassVar

from pydantic import Field

from edge_agent.domain.basket import Line
from edge_agent.domain.entries import Entry
from edge_agent.domain.money import AMOUNT_MAX_MINOR, Rounding, apportion, fraction, rounded
from edge_agent.domain.programme.conditions import Selection
from edge_agent.domain.programme.expiry import Expiry
from edge_agent.domain.programme.form import Exact, TableModel, Whole
from edge_agent.domain.programme.matching import RuleIndex
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import LocalText, RuleId, Texts, UnitName, texts
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import Reading


class Stage(StrEnum):
    """Where a fraction of a point is rounded: once for the sale, or for every line."""

    SALE = "sale"
    LINE = "line"


class EarnRule(TableModel):
    """`points` per `per` minor units spent on the lines in `scope` (all lines without one)."""

    id: RuleId = Field(description="Names the rule.", examples=["base"])
    unit: UnitName = Field(default="points", description="What it gives.", examples=["points"])
    points: Exact = Field(gt=0, le=10_000, description="So many points ...", examples=[1])
    per: Whole = Field(
        gt=0, le=AMOUNT_MAX_MINOR, description="... for so much, in minor units.", examples=[100]
    )
    rounding: Rounding = Field(
        default=Rounding.FLOOR,
        description="How a fraction of a point is rounded.",
        examples=["half-up"],
    )
    stage: Stage = Field(
        default=Stage.SALE,
        description="Where it is rounded: for the sale or for each line.",
        examples=["line"],
    )
    scope: Selection = Field(
        default=Selection(),
        description="Which lines; without it all.",
        examples=[{"categories": ["fruit"]}],
    )
    expiry: Expiry | None = Field(
        default=None,
        description="How long these points last, in place of the unit's own rule.",
        examples=[{"days": 60}],
    )
    why: LocalText | None = Field(
        default=None,
        description="What the receipt says of it; without it the rate in words.",
        examples=["1 punt per hele euro"],
    )

    def entries(
        self, situation: Situation, worked: Worked, lines: Sequence[Line]
    ) -> tuple[Entry, ...]:
        """The points for these lines, apportioned to them by their amounts."""
        rate = fraction(self.points) * situation.units[self.unit].scale / self.per
        amounts = [worked.net(line) for line in lines]
        if self.stage is Stage.LINE:
            quantities = [rounded(amount * rate, self.rounding) for amount in amounts]
        else:
            quantities = apportion(rounded(sum(amounts) * rate, self.rounding), amounts)
        life = situation.life(self.unit, self.expiry)
        return tuple(
            situation.earned(self.unit, quantity, self.id, line.number, life)
            for line, quantity in zip(lines, quantities, strict=True)
            if quantity
        )


_NO_LINE = Unmet(Obstacle.NO_LINE)


@dataclass(frozen=True)
class Earning:
    """The base rates. Of one unit, a line earns by the first rule in the file whose scope takes it."""

    rules: tuple[EarnRule, ...]
    name: ClassVar[str] = "earn"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """Base points; of one unit, each line by one rule."""
        if situation.facts.anonymous:
            return worked
        selected = self._index.selected(situation.lines)
        claimed: dict[str, set[int]] = {}
        result = []
        for number, rule in enumerate(self.rules):
            if number not in selected:
                if situation.explains:
                    result.append(Outcome(rule.id, unmet=_NO_LINE))
                continue
            taken = claimed.setdefault(rule.unit, set())
            lines = [line for line in selected[number] if line.number not in taken]
            taken.update(line.number for line in lines)
            entries = rule.entries(situation, worked, lines) if lines else ()
            if entries:
                result.append(Outcome(rule.id, entries))
            elif situation.explains:
                obstacle = Obstacle.LESS_THAN_ONE if lines else Obstacle.LINES_TAKEN
                result.append(Outcome(rule.id, unmet=Unmet(obstacle)))
        return worked.plus(result)

    @cached_property
    def _index(self) -> RuleIndex:
        return RuleIndex([rule.scope for rule in self.rules])

    def reasons(self) -> Mapping[str, Texts]:
        """The rules' own words, or their rates in words."""
        return {rule.id: rule.why or _rate_in_words(rule) for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """None: what a line earns does not depend on what was before."""
        return ()

    def looks_at(self) -> Iterable[str]:
        """Nothing that the member has."""
        return ()


def _rate_in_words(rule: EarnRule) -> Texts:
    euro, cent = divmod(rule.per, 100)
    amount = f"{euro}.{cent:02}" if cent else f"{euro}"
    points = f"{rule.points.normalize():f}"
    return texts(
        {
            "nl": f"{points} per € {amount.replace('.', ',')}",
            "en": f"{points} per €{amount}",
            "de": f"{points} je {amount.replace('.', ',')} €",
            "fr": f"{points} par {amount.replace('.', ',')} €",
        }
    )

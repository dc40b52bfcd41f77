"""Exclusions: what may not be rewarded or discounted, by law or by the house; stronger than every other rule."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.money import Rounding, fraction, rounded
from edge_agent.domain.programme.form import Exact
from edge_agent.domain.programme.lines import Lines
from edge_agent.domain.programme.matching import RuleIndex
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.texts import LocalText, RuleId


class Forbids(StrEnum):
    """What lines are kept from."""

    BOTH = "both"
    POINTS = "points"
    DISCOUNTS = "discounts"


class ExcludeRule(Selection):
    """Lines that earn nothing, and that nothing is taken off, whatever else the programme says.

    With `beyond_percent` the lines may be discounted, but no further than that: the POS's own discount counts, so
    where it went further already, this programme takes off nothing more.
    """

    id: RuleId = Field(description="Names the rule.", examples=["tobacco"])
    forbids: Forbids = Field(
        default=Forbids.BOTH,
        description="What the lines are kept from: points (and whatever else is earned), discounts, or both.",
        examples=["points"],
    )
    beyond_percent: Exact | None = Field(
        default=None,
        gt=0,
        lt=100,
        description="Discounts are only forbidden beyond so many percent of the price before any discount.",
        examples=[25],
    )
    why: LocalText = Field(
        description="What is told of the line.", examples=["geen punten op tabak"]
    )

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.is_everything:
            raise ValueError("say what it excludes: categories, brands, skus, labels or kinds")
        if self.beyond_percent is not None and self.forbids is not Forbids.DISCOUNTS:
            raise ValueError(
                'beyond_percent is about discounts; add forbids = "discounts" and a rule of its own for points'
            )
        return self

    @cached_property
    def of_points(self) -> bool:
        """Whether it keeps lines from points."""
        return self.forbids is not Forbids.DISCOUNTS

    @cached_property
    def of_discounts(self) -> bool:
        """Whether it keeps lines from discounts."""
        return self.forbids is not Forbids.POINTS

    def most_off(self, line: Line) -> int:
        """How much this programme may take off the line at most, in minor units."""
        if self.beyond_percent is None:
            return 0
        price = line.amount + line.discount - line.levy
        allowed = rounded(price * fraction(self.beyond_percent) / 100, Rounding.FLOOR)
        return max(0, allowed - line.discount)


@dataclass(frozen=True, slots=True)
class Excluded:
    """A line that is kept from something, and the first rule that says so."""

    line: int
    rule: str
    forbids: Forbids = Forbids.BOTH


@dataclass(frozen=True, slots=True)
class Split:
    """What the exclusions leave of a basket.

    `earning` are the lines that may earn, `most_off` says how many minor units may be taken off those lines (by
    number) that may not be discounted freely.
    """

    earning: Lines
    most_off: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    excluded: tuple[Excluded, ...] = ()


@dataclass(frozen=True)
class Exclusions:
    """All exclusions; they are looked at before any mechanism works, so none can forget them."""

    rules: tuple[ExcludeRule, ...]

    def split(self, lines: Lines) -> Split:
        """Which lines may earn and be discounted."""
        found = self._index.selected(lines)
        if not found:
            return Split(lines)
        no_points: dict[int, str] = {}
        most_off: dict[int, int] = {}
        excluded: list[Excluded] = []
        for number in sorted(found):
            rule = self.rules[number]
            for line in found[number]:
                kept = _news(rule, line, no_points, most_off)
                if kept is not None:
                    excluded.append(Excluded(line.number, rule.id, kept))
        return Split(
            Lines([line for line in lines if line.number not in no_points]),
            most_off,
            _in_order_of_lines(excluded),
        )

    @cached_property
    def _index(self) -> RuleIndex:
        return RuleIndex(self.rules)


def _news(
    rule: ExcludeRule, line: Line, no_points: dict[int, str], most_off: dict[int, int]
) -> Forbids | None:
    """What the rule keeps the line from that no rule before it did; it is noted in the two dicts."""
    points = rule.of_points and line.number not in no_points
    if points:
        no_points[line.number] = rule.id
    discounts = False
    if rule.of_discounts:
        most = rule.most_off(line)
        discounts = line.number not in most_off or most < most_off[line.number]
        if discounts:
            most_off[line.number] = most
    if points and discounts:
        return Forbids.BOTH
    return Forbids.POINTS if points else Forbids.DISCOUNTS if discounts else None


def _in_order_of_lines(excluded: Iterable[Excluded]) -> tuple[Excluded, ...]:
    return tuple(sorted(excluded, key=lambda each: each.line))

"""Exclusions: what may not be rewarded, by law or by the house."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.programme.conditions import Selection
from edge_agent.domain.programme.matching import RuleIndex
from edge_agent.domain.programme.texts import LocalText, RuleId


class ExcludeRule(Selection):
    """Lines that earn nothing, whatever else the programme says; `why` is what the customer is told."""

    id: RuleId = Field(description="Names the rule.", examples=["tobacco"])
    why: LocalText = Field(
        description="What is told of the line.", examples=["geen punten op tabak"]
    )

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.is_everything:
            raise ValueError("say what it excludes: categories, brands, skus, labels or kinds")
        return self


@dataclass(frozen=True, slots=True)
class Excluded:
    """A line that no rule gets to see, and the rule that keeps it out."""

    line: int
    rule: str


@dataclass(frozen=True)
class Exclusions:
    """All exclusions; they come before every mechanism that gives points."""

    rules: tuple[ExcludeRule, ...]

    def split(self, lines: Sequence[Line]) -> tuple[tuple[Line, ...], tuple[Excluded, ...]]:
        """The lines that may earn, and those that may not, each with the first rule that says so."""
        found = self._index.selected(lines)
        keeps_out: dict[int, str] = {}
        for number in sorted(found):
            for line in found[number]:
                keeps_out.setdefault(line.number, self.rules[number].id)
        return (
            tuple(line for line in lines if line.number not in keeps_out),
            tuple(
                Excluded(line.number, keeps_out[line.number])
                for line in lines
                if line.number in keeps_out
            ),
        )

    @cached_property
    def _index(self) -> RuleIndex:
        return RuleIndex(self.rules)

"""Exclusions: what may not be rewarded, by law or by the house."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.programme.conditions import Selection
from edge_agent.domain.programme.texts import LocalText, RuleId


class ExcludeRule(Selection):
    """Lines that earn nothing, whatever else the programme says; `why` is what the customer is told."""

    id: RuleId
    why: LocalText

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


def split_excluded(
    rules: Sequence[ExcludeRule], lines: Sequence[Line]
) -> tuple[tuple[Line, ...], tuple[Excluded, ...]]:
    """The lines that may earn, and those that may not, each with the first rule that says so."""
    allowed: list[Line] = []
    excluded: list[Excluded] = []
    for line in lines:
        rule = next((rule for rule in rules if rule.takes(line)), None)
        if rule is None:
            allowed.append(line)
        else:
            excluded.append(Excluded(line.number, rule.id))
    return tuple(allowed), tuple(excluded)

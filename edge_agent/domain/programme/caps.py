"""Caps: how much may be given at most, in a sale, to a member over a time, or by a till."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, NamedTuple, Self

from pydantic import Field, model_validator

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.money import Rounding, apportion, fraction, rounded
from edge_agent.domain.programme.form import Day, Exact, TableModel, Whole, WindowText
from edge_agent.domain.programme.limits import Whose
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import LocalText, RuleId, RuleName, Texts, UnitName
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import EVER, Reading, Window

CAP_MAX = 1_000_000_000
"""A cap above a billion caps nothing."""


class Trims(StrEnum):
    """From which rules what is too much is taken away."""

    LATEST = "latest"
    SHARES = "shares"


class CapRule(TableModel):
    """At most so many of a unit, or so many sales in which these rules give any, in a sale or a time.

    With dates it only holds between them; without `per` it is then about all of that time together. Tills without a
    line cannot know of each other's sales: what a member got elsewhere counts once central has told of it, and a cap
    `of = "till"` is each till's own share.
    """

    id: RuleId = Field(description="Names the cap.", examples=["daily-cap"])
    unit: UnitName = Field(default="points", description="Of which unit.", examples=["points"])
    most: Exact | None = Field(
        default=None,
        gt=0,
        le=CAP_MAX,
        description="At most so many of the unit; either this or times.",
        examples=[500],
    )
    times: Whole | None = Field(
        default=None,
        gt=0,
        le=10_000,
        description="In at most so many sales anything; either this or most.",
        examples=[1],
    )
    of: Whose = Field(
        default=Whose.MEMBER,
        description="Whether it is counted of a member, of the sale alone (per is then nothing), or of each till.",
        examples=["sale"],
    )
    per: WindowText = Field(
        default="ever",
        description="Within this time: day, week, month, quarter, year, membership-year, ever, or so many days.",
        examples=["day"],
    )
    from_date: Day | None = Field(
        default=None, description="It holds from this day on.", examples=[date(2026, 12, 1)]
    )
    until_date: Day | None = Field(
        default=None,
        description="It holds up to and including this day.",
        examples=[date(2026, 12, 31)],
    )
    rules: frozenset[RuleName] | None = Field(
        default=None,
        min_length=1,
        description="Only what these rules give; without it all that is earned of the unit.",
        examples=[["double-bread"]],
    )
    trims: Trims = Field(
        default=Trims.LATEST,
        description="Whether the latest rules give up what is too much, or all of them by their shares.",
        examples=["shares"],
    )
    why: LocalText = Field(
        description="What is told where it took something away.",
        examples=["hoogstens 500 punten per dag"],
    )

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if (self.most is None) == (self.times is None):
            raise ValueError("give either most or times")
        if self.of is Whose.SALE and (self.per != "ever" or self.times is not None):
            raise ValueError('of = "sale" goes with most and without per')
        if self.from_date and self.until_date and self.until_date < self.from_date:
            raise ValueError(f"until_date {self.until_date} lies before from_date {self.from_date}")
        return self

    @cached_property
    def reading(self) -> Reading | None:
        """What was given before this sale: smallest parts, or times; None where only the sale counts."""
        if self.of is Whose.SALE:
            return None
        window = Window.parse(self.per)
        if window == EVER and (self.from_date or self.until_date):
            window = Window(first=self.from_date, last=self.until_date)
        return Reading(f"cap.{self.id}", window, here=self.of is Whose.TILL)

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return not (
            (self.from_date and day < self.from_date) or (self.until_date and day > self.until_date)
        )

    def is_about(self, entry: Entry) -> bool:
        """Whether the entry is something given that this cap counts."""
        return (
            entry.kind is EntryKind.EARN
            and entry.unit == self.unit
            and entry.quantity > 0
            and entry.account is None
            and (self.rules is None or entry.rule in self.rules)
        )

    def allowed(self, given: int, situation: Situation) -> int:
        """How much of what this sale gave may stay, in smallest parts."""
        before = 0 if self.reading is None else situation.figure(self.reading)
        if self.times is not None:
            return given if before < self.times else 0
        scale = situation.units[self.unit].scale
        most = rounded(fraction(self.most or 0) * scale, Rounding.FLOOR)
        return min(given, max(0, most - before))


class _Place(NamedTuple):
    """Where an entry stands: which outcome, and which entry of it."""

    outcome: int
    entry: int


@dataclass(frozen=True)
class Caps:
    """All caps, after everything that gives; in the file's order, each on what the ones before it left."""

    rules: tuple[CapRule, ...]
    name: ClassVar[str] = "cap"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """What was given, trimmed, and the count of what stays for caps that ask for it later."""
        if situation.facts.anonymous:
            return worked
        holding = [rule for rule in self.rules if rule.holds_on(situation.today)]
        trimmed: dict[str, int] = {}
        for rule in holding:
            worked, excess = _trimmed(rule, situation, worked)
            if excess:
                trimmed[rule.id] = excess
        outcomes = (self._outcome(rule, trimmed, situation, worked) for rule in self.rules)
        return worked.plus(each for each in outcomes if situation.explains or _says_much(each))

    def _outcome(
        self, rule: CapRule, trimmed: Mapping[str, int], situation: Situation, worked: Worked
    ) -> Outcome:
        holds = rule.holds_on(situation.today)
        counts = tuple(_counted(rule, situation, worked)) if holds else ()
        if rule.id in trimmed:
            return Outcome(rule.id, counts, note=f"took away {trimmed[rule.id]}")
        return Outcome(rule.id, counts, unmet=Unmet(Obstacle.WITHIN_CAP))

    def reasons(self) -> Mapping[str, Texts]:
        """The caps' own words."""
        return {rule.id: rule.why for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """What was given before."""
        return (rule.reading for rule in self.rules if rule.reading is not None)

    def looks_at(self) -> Iterable[str]:
        """Nothing that the member has."""
        return ()


def _says_much(outcome: Outcome) -> bool:
    return bool(outcome.entries) or outcome.note is not None


def _trimmed(rule: CapRule, situation: Situation, worked: Worked) -> tuple[Worked, int]:
    """What is left of what was given, and how much had to go."""
    places = [
        _Place(number, index)
        for number, outcome in enumerate(worked.outcomes)
        for index, entry in enumerate(outcome.entries)
        if rule.is_about(entry)
    ]
    quantities = [worked.outcomes[at.outcome].entries[at.entry].quantity for at in places]
    given = sum(quantities)
    allowed = rule.allowed(given, situation)
    if allowed >= given:
        return worked, 0
    split = apportion if rule.trims is Trims.SHARES else _earliest
    left = dict(zip(places, split(allowed, quantities), strict=True))
    outcomes = (
        _with_what_is_left(rule, number, outcome, left)
        for number, outcome in enumerate(worked.outcomes)
    )
    return worked.with_outcomes(outcomes), given - allowed


def _earliest(allowed: int, quantities: Sequence[int]) -> list[int]:
    """So much of it as is allowed, the first ones first."""
    kept = []
    for quantity in quantities:
        kept.append(min(quantity, allowed))
        allowed -= kept[-1]
    return kept


def _with_what_is_left(
    rule: CapRule, number: int, outcome: Outcome, left: Mapping[_Place, int]
) -> Outcome:
    """The outcome after the cap; where it lost something, with a note of the cap unless it has one of its own."""
    entries = tuple(
        entry._replace(quantity=left.get(_Place(number, index), entry.quantity))
        for index, entry in enumerate(outcome.entries)
    )
    if entries == outcome.entries:
        return outcome
    entries = tuple(entry for entry in entries if entry.quantity)
    nothing_left = not any(entry.kind is EntryKind.EARN for entry in entries)
    return replace(
        outcome,
        entries=entries,
        note=outcome.note or f"capped by {rule.id}",
        unmet=Unmet(Obstacle.CAPPED) if nothing_left else outcome.unmet,
    )


def _counted(rule: CapRule, situation: Situation, worked: Worked) -> Iterable[Entry]:
    """What the cap has to know later: by line, so that a return gives back the room that it takes."""
    if rule.reading is None:
        return
    per_line: dict[int | None, int] = {}
    for entry in worked.entries():
        if rule.is_about(entry):
            per_line[entry.line] = per_line.get(entry.line, 0) + entry.quantity
    if rule.times is not None:
        per_line = {None: 1} if per_line else {}
    for line in sorted(per_line, key=lambda line: line or 0):
        yield situation.counted(rule.reading.tally, per_line[line], rule.id, line)

"""Challenges at work: what a sale or an action counts, what completes one, and how far a member is."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import ClassVar

from edge_agent.domain.basket import Line
from edge_agent.domain.entries import Entry, EntryKind, Life, entries_by_line
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.challenge_rules import (
    MEASURES,
    PERIODS,
    ChallengeRule,
    Counts,
    Part,
)
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.gifts import given
from edge_agent.domain.programme.matching import RuleIndex
from edge_agent.domain.programme.progress import Measure, Progress, Stand, Towards
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Texts
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import Period, Reading, Window, first_day, last_day
from edge_agent.domain.units import Derived, derived

_COUNT = EntryKind.COUNT

Days = dict[date, int]
"""So much on each day."""


class _Past:
    """What a member counted before today's sale, with one look at what they have."""

    def __init__(self, units: Container[str], facts: MemberFacts, today: date) -> None:
        self.facts = facts
        self.today = today
        self._units = units
        self._counted: dict[str, int] = {}
        self._undone: dict[str, int] = {}
        self._bounds: dict[Window, tuple[date, date]] = {}
        for each in facts.holdings:
            unit = each.unit
            if unit in units:
                sums = self._counted if each.quantity > 0 else self._undone
                sums[unit] = sums.get(unit, 0) + each.quantity

    def ever(self, part: Part) -> int:
        """No less than what still counts, of whatever days: most sales are far from completing anything."""
        return self._counted.get(part.unit, 0) - self._undone.get(part.used, 0)

    def unused(self, part: Part, window: Window) -> Days:
        """What of the window's days still counts towards the next completion, by day."""
        bounds = self._bounds.get(window)
        if bounds is None:  # most challenges have the same window
            bounds = self._bounds[window] = window.bounds(self.today, self.facts.since)
        first, last = bounds
        days: Days = {}
        for sign, unit in ((1, part.unit), (-1, part.used)):
            for each in self._had.get(unit, ()):
                day = each.day or date.min
                if first <= day <= last:
                    days[day] = days.get(day, 0) + sign * each.quantity
        return days

    @cached_property
    def _had(self) -> Mapping[str, Sequence[Holding]]:
        """What there is of each unit, for the few who are near to completing something."""
        had: dict[str, list[Holding]] = {}
        for each in self.facts.holdings:
            if each.unit in self._units:
                had.setdefault(each.unit, []).append(each)
        return had


@dataclass(frozen=True, slots=True)
class _Ready:
    """A challenge as every sale asks for it: read from its model once, which takes far longer.

    `count` says how much each of some lines counts, None where the sale counts once. `done` is the key of the figure
    that says how often it was completed, `once` of the one that has to be 0 where it counts once per period. `asks`
    says whether it has conditions.
    """

    rule: ChallengeRule
    id: str
    parts: tuple[Part, ...]
    count: "_CountLines | None"
    window: Window
    times: int
    done: str
    once: str | None
    activate: bool
    when: Conditions
    asks: bool
    in_a_row: Period | None

    @classmethod
    def of(cls, rule: ChallengeRule) -> "_Ready":
        """The rule, ready to work with."""
        return cls(
            rule,
            rule.id,
            rule.parts,
            None if rule.items else _COUNTED_BY_LINE.get(rule.counts),
            rule.window,
            rule.times,
            rule.done.key,
            None if rule.once_per is None else rule.counted_in(rule.once_per).key,
            rule.activate,
            rule.when,
            rule.when.asks,
            rule.in_a_row,
        )


@dataclass(frozen=True)
class Challenges:
    """Every challenge that this sale is about counts it, and gives what it promises as often as it is completed."""

    rules: tuple[ChallengeRule, ...]
    name: ClassVar[str] = "challenge"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """What is counted, and what is given, in the file's order."""
        if situation.facts.anonymous:
            return worked
        selected = self._selected(situation)
        past = _Past(self._units, situation.facts, situation.today)
        counted_today = Life(day=situation.today)
        result = []
        for number in range(len(self.rules)) if situation.explains else sorted(selected):
            rule, parts = self._ready[number], selected.get(number, ())
            unmet = _closed(rule, situation, worked, parts)
            entries: list[Entry] = []
            now: dict[str, int] = {}
            for part, lines in () if unmet else parts:
                if situation.act is not None or rule.count is None:
                    much = 1 if situation.act is None else situation.act.times
                    entries.append(Entry(_COUNT, part.unit, much, rule.id, day=situation.today))
                else:
                    each = rule.count(worked, lines)
                    much = sum(each)
                    entries += entries_by_line(
                        _COUNT, part.unit, each, rule.id, lines, counted_today
                    )
                now[part.unit] = much
            if entries:
                entries += _completed(rule, situation, past, now)
                result.append(Outcome(rule.id, tuple(entries)))
            elif situation.explains:
                result.append(Outcome(rule.id, unmet=unmet or Unmet(Obstacle.TOO_FEW)))
        return worked.plus(result)

    def _selected(self, situation: Situation) -> Mapping[int, list[tuple[Part, Sequence[Line]]]]:
        """The parts of each challenge (by its number) that this sale or action is about, with their lines."""
        found: dict[int, list[tuple[Part, Sequence[Line]]]] = {}
        if situation.act is None:
            for place, lines in self._index.selected(situation.lines).items():
                number, part = self._parts[place]
                found.setdefault(number, []).append((part, lines))
            return found
        for number, rule in enumerate(self.rules):
            if situation.act.action in rule.actions:
                found[number] = [(rule.parts[0], ())]
        return found

    @cached_property
    def _ready(self) -> tuple[_Ready, ...]:
        return tuple(_Ready.of(rule) for rule in self.rules)

    @cached_property
    def _units(self) -> frozenset[str]:
        return frozenset(
            unit for rule in self.rules for part in rule.parts for unit in (part.unit, part.used)
        )

    @cached_property
    def _parts(self) -> list[tuple[int, Part]]:
        return [
            (number, part)
            for number, rule in enumerate(self.rules)
            if rule.counts is not Counts.ACTIONS
            for part in rule.parts
        ]

    @cached_property
    def _index(self) -> RuleIndex:
        return RuleIndex([part.selection for _, part in self._parts])

    def progress(
        self, facts: MemberFacts, at: datetime, units: Mapping[str, UnitTable]
    ) -> Iterator[Progress]:
        """How far this member is with each challenge that is open to them."""
        del units  # a challenge counts no units
        past = _Past(self._units, facts, at.date())
        for rule in self.rules:
            if rule.when.lasting.unmet_for(facts, at) is None:
                yield _progress(rule, past)

    def reasons(self) -> Mapping[str, Texts]:
        """Their titles."""
        return {rule.id: rule.title for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """Completions, runs, and those of its conditions."""
        for rule in self.rules:
            yield from rule.readings()
            yield from rule.when.readings()

    def looks_at(self) -> Iterable[str]:
        """The tallies by day, from which completions use up the oldest."""
        for rule in self.rules:
            yield from rule.when.looks_at()
            if rule.activate:
                yield derived(Derived.OFFER, rule.id)
            if rule.in_a_row is None:
                for part in rule.parts:
                    yield from (part.unit, part.used)


def _closed(
    rule: _Ready,
    situation: Situation,
    worked: Worked,
    selected: Sequence[tuple[Part, Sequence[Line]]],
) -> Unmet | None:
    """Why nothing counts for this challenge."""
    if not selected:
        return Unmet(Obstacle.NO_LINE)
    if rule.activate and not situation.facts.has(Derived.OFFER, rule.id, situation.today):
        return Unmet(Obstacle.NOT_ACTIVATED)
    figures = situation.facts.figures
    if figures.get(rule.done, 0) >= rule.times:
        return Unmet(Obstacle.USED_UP, rule.times)
    if rule.once is not None and figures.get(rule.once, 0) > 0:
        return Unmet(Obstacle.USED_UP, 1)
    if not rule.asks:
        return None
    several = len(selected) > 1
    lines = [line for _, its in selected for line in its] if several else selected[0][1]
    return rule.when.unmet_by(situation, worked, lines)


_CountLines = Callable[[Worked, Sequence[Line]], Sequence[int]]


def _pieces(_worked: Worked, lines: Sequence[Line]) -> Sequence[int]:
    return [int(line.quantity) for line in lines]


_COUNTED_BY_LINE: Mapping[Counts, _CountLines] = {
    Counts.SPEND: Worked.nets,
    Counts.PIECES: _pieces,
}


def _completed(
    rule: _Ready, situation: Situation, past: _Past, now: Mapping[str, int]
) -> Sequence[Entry]:
    """The entries of the completions that what counts now brings, by unit: what is used up, and what is given."""
    used: list[Entry] = []
    if rule.in_a_row is not None:
        run = _run(rule.rule, situation.facts, situation.today, 1)
        times = 1 if run >= rule.rule.target else 0
        # Only the first visit of a period makes the run longer; a later one must not complete it again.
        times = 0 if situation.figure(rule.rule.counted_in(rule.in_a_row)) > 0 else times
    else:
        left = _left(rule, situation, past, now)
        times = rule.times - situation.facts.figures.get(rule.done, 0) if left else 0
        for part, days in left:
            times = min(times, sum(days.values()) // part.need)
        if times > 0:
            used = [each for of in left for each in _used_up(*of, times * of[0].need, rule.id)]
    if times <= 0:
        return ()
    done = situation.counted(rule.rule.done.tally, times, rule.id)
    return (*used, done, *given(rule.rule.gives, situation, rule.id, times))


def _left(
    rule: _Ready, situation: Situation, past: _Past, now: Mapping[str, int]
) -> list[tuple[Part, Days]]:
    """What there is of each part for a completion, by day, what counts now included; nothing where it is too little."""
    for part in rule.parts:
        if past.ever(part) + now.get(part.unit, 0) < part.need:
            return []
    left = []
    for part in rule.parts:
        days = past.unused(part, rule.window)
        days[situation.today] = days.get(situation.today, 0) + now.get(part.unit, 0)
        left.append((part, days))
    return left


def _used_up(part: Part, days: Days, quantity: int, rule: str) -> Iterator[Entry]:
    """The oldest days first; there is as much on them as is asked for."""
    left = quantity
    for day in sorted(days):
        much = min(left, days[day])
        if much > 0:
            left -= much
            counted_on = None if day == date.min else day
            yield Entry(EntryKind.COUNT, part.used, much, rule, day=counted_on)


def _run(rule: ChallengeRule, facts: MemberFacts, today: date, this_period: int) -> int:
    """Periods in a row since the last completion; `this_period` is 1 where the present one counts."""
    period = rule.in_a_row or Period.WEEK
    run = facts.figures.get(rule.run.key, 0)
    since = facts.figures.get(rule.since_done.key)
    if since is not None:
        # Periods up to and including that of the last completion made that one.
        run = min(run, _periods_after(period, today - timedelta(days=since), today) - 1)
    return run + this_period if run >= 0 else 0


def _periods_after(period: Period, day: date, today: date) -> int:
    """How many periods lie between those of two days: 0 in the same, 1 in the next."""
    begin, count = first_day(period, today), 0
    oldest = first_day(period, day)
    while begin > oldest:
        begin, count = first_day(period, begin - timedelta(days=1)), count + 1
    return count


def _progress(rule: ChallengeRule, past: _Past) -> Progress:
    facts, today = past.facts, past.today
    if rule.in_a_row is not None:
        counted = facts.figures.get(rule.counted_in(rule.in_a_row).key, 0) > 0
        have, need, measure = (
            _run(rule, facts, today, int(counted)),
            rule.target,
            PERIODS[rule.in_a_row],
        )
        left: tuple[Texts, ...] = ()
    else:
        sums = [sum(past.unused(part, rule.window).values()) for part in rule.parts]
        left = tuple(item.title for item, much in zip(rule.items, sums, strict=False) if much < 1)
        have = len(rule.items) - len(left) if rule.items else sums[0]
        need = len(rule.items) or rule.target
        measure = Measure.ITEMS if rule.items else MEASURES[rule.counts]
        if rule.once_per is not None:
            measure = PERIODS[rule.once_per]
    stand = Stand.ON_THE_WAY
    if facts.figures.get(rule.done.key, 0) >= rule.times:
        stand, have, left = Stand.REACHED, need, ()
    elif rule.activate and not facts.has(Derived.OFFER, rule.id, today):
        stand = Stand.TO_ACTIVATE
    return Progress(
        Towards.CHALLENGE,
        rule.id,
        rule.title,
        have,
        need,
        measure,
        until=_last_day(rule, facts, today),
        stand=stand,
        left=left,
        when=None if stand is Stand.REACHED else rule.when,
    )


def _last_day(rule: ChallengeRule, facts: MemberFacts, today: date) -> date | None:
    """The last day on which what was counted so far still helps; None where there is none, or it moves."""
    ends = (rule.when.until_date, last_day(rule.window.period, today, facts.since))
    return min((each for each in ends if each is not None), default=None)

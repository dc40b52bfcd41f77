"""Challenges at work: what a sale or an action counts, what completes one, and how far a member is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import ClassVar, NamedTuple

from edge_agent.domain.basket import Line
from edge_agent.domain.entries import Entry, EntryKind
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

Days = dict[date, int]
"""So much on each day."""

Counted = Mapping[str, Sequence[Holding]]
"""What the member has of each tally."""


def unused(part: Part, had: Counted, bounds: tuple[date, date]) -> Days:
    """What still counts towards the next completion, by day, of the days from the one to the other."""
    first, last = bounds
    days: Days = {}
    for sign, unit in ((1, part.unit), (-1, part.used)):
        for each in had.get(unit, ()):
            day = each.day or date.min
            if first <= day <= last:
                days[day] = days.get(day, 0) + sign * each.quantity
    return days


@dataclass(frozen=True, slots=True)
class _Ready:
    """A challenge as every sale asks for it: read from its model once, which takes far longer.

    `once` is the figure that has to be 0 where it counts once per period; `asks` says whether it has conditions.
    """

    rule: ChallengeRule
    id: str
    parts: tuple[Part, ...]
    counts: Counts
    window: Window
    times: int
    done: Reading
    once: Reading | None
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
            Counts.VISITS if rule.items else rule.counts,
            rule.window,
            rule.times,
            rule.done,
            None if rule.once_per is None else rule.counted_in(rule.once_per),
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
        if situation.facts.anonymous or not self.rules:
            return worked
        selected = self._selected(situation)
        had = self._had(situation.facts)
        result = []
        for rule in self._ready:
            parts = selected.get(rule.id, ())
            unmet = _closed(rule, situation, worked, parts)
            counts = [] if unmet else _counts(rule, situation, worked, parts)
            entries = [entry for each in counts for entry in each.entries(rule.id, situation.today)]
            if entries:
                completed = _completed(rule, situation, had, counts)
                result.append(Outcome(rule.id, (*entries, *completed)))
            elif situation.explains:
                result.append(Outcome(rule.id, unmet=unmet or Unmet(Obstacle.TOO_FEW)))
        return worked.plus(result)

    def _selected(self, situation: Situation) -> Mapping[str, list[tuple[Part, Sequence[Line]]]]:
        """The parts of each challenge that this sale or action is about, with their lines."""
        found: dict[str, list[tuple[Part, Sequence[Line]]]] = {}
        if situation.act is None:
            for number, lines in self._index.selected(situation.lines).items():
                rule, part = self._parts[number]
                found.setdefault(rule.id, []).append((part, lines))
            return found
        for rule in self.rules:
            if situation.act.action in rule.actions:
                found[rule.id] = [(rule.parts[0], ())]
        return found

    def _had(self, facts: MemberFacts) -> Counted:
        """What was counted before, with one look at what the member has."""
        had: dict[str, list[Holding]] = {}
        for each in facts.holdings:
            if each.unit in self._units:
                had.setdefault(each.unit, []).append(each)
        return had

    @cached_property
    def _ready(self) -> tuple[_Ready, ...]:
        return tuple(_Ready.of(rule) for rule in self.rules)

    @cached_property
    def _units(self) -> frozenset[str]:
        return frozenset(
            unit for rule in self.rules for part in rule.parts for unit in (part.unit, part.used)
        )

    @cached_property
    def _parts(self) -> list[tuple[ChallengeRule, Part]]:
        return [
            (rule, part)
            for rule in self.rules
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
        for rule in self.rules:
            if rule.when.lasting.unmet_for(facts, at) is None:
                yield _progress(rule, self._had(facts), facts, at.date())

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
    if situation.figure(rule.done) >= rule.times:
        return Unmet(Obstacle.USED_UP, rule.times)
    if rule.once is not None and situation.figure(rule.once) > 0:
        return Unmet(Obstacle.USED_UP, 1)
    if not rule.asks:
        return None
    several = len(selected) > 1
    lines = [line for _, its in selected for line in its] if several else selected[0][1]
    return rule.when.unmet_by(situation, worked, lines)


class _Count(NamedTuple):
    """What a sale or an action counts for one part: so much of each of these lines, or so much at once."""

    part: Part
    quantities: Sequence[int]
    lines: Sequence[Line] = ()

    def entries(self, rule: str, today: date) -> list[Entry]:
        """The entries that count it."""
        kind, unit = EntryKind.COUNT, self.part.unit
        if not self.lines:
            return [Entry(kind, unit, much, rule, day=today) for much in self.quantities]
        new = tuple.__new__  # as in `Situation.earned_by_line`
        return [
            new(Entry, (kind, unit, much, rule, line.number, None, None, None, today, None))
            for line, much in zip(self.lines, self.quantities, strict=True)
            if much
        ]


def _counts(
    rule: _Ready,
    situation: Situation,
    worked: Worked,
    selected: Sequence[tuple[Part, Sequence[Line]]],
) -> list[_Count]:
    """What this sale or action counts, part by part."""
    if situation.act is not None:
        return [_Count(part, (situation.act.times,)) for part, _ in selected]
    if rule.counts is Counts.VISITS:
        return [_Count(part, (1,)) for part, _ in selected]
    if rule.counts is Counts.SPEND:
        return [_Count(part, worked.nets(lines), lines) for part, lines in selected]
    return [_Count(part, [int(line.quantity) for line in lines], lines) for part, lines in selected]


def _completed(
    rule: _Ready, situation: Situation, had: Counted, counts: Sequence[_Count]
) -> Sequence[Entry]:
    """The entries of the completions that these counts bring: what is used up, and what is given."""
    used: list[Entry] = []
    if rule.in_a_row is not None:
        run = _run(rule.rule, situation.facts, situation.today, 1)
        times = 1 if run >= rule.rule.target else 0
        # Only the first visit of a period makes the run longer; a later one must not complete it again.
        times = 0 if situation.figure(rule.rule.counted_in(rule.in_a_row)) > 0 else times
    else:
        times, left = _times(rule, situation, had, counts)
        if times:
            used = [each for of in left for each in _used_up(*of, times * of[0].need, rule.id)]
    if not times:
        return ()
    done = situation.counted(rule.done.tally, times, rule.id)
    return (*used, done, *given(rule.rule.gives, situation, rule.id, times))


def _times(
    rule: _Ready, situation: Situation, had: Counted, counts: Sequence[_Count]
) -> tuple[int, list[tuple[Part, Days]]]:
    """How often it is completed now, and what there is of each part for that, by day."""
    today = situation.today
    bounds = rule.window.bounds(today, situation.facts.since)
    now = {each.part.unit: sum(each.quantities) for each in counts}
    times, left = rule.times - situation.figure(rule.done), []
    for part in rule.parts:
        days = unused(part, had, bounds)
        days[today] = days.get(today, 0) + now.get(part.unit, 0)
        times = min(times, sum(days.values()) // part.need)
        left.append((part, days))
    return max(times, 0), left


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


def _progress(rule: ChallengeRule, had: Counted, facts: MemberFacts, today: date) -> Progress:
    if rule.in_a_row is not None:
        counted = facts.figures.get(rule.counted_in(rule.in_a_row).key, 0) > 0
        have, need, measure = (
            _run(rule, facts, today, int(counted)),
            rule.target,
            PERIODS[rule.in_a_row],
        )
        left: tuple[Texts, ...] = ()
    else:
        bounds = rule.window.bounds(today, facts.since)
        sums = [sum(unused(part, had, bounds).values()) for part in rule.parts]
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
    )


def _last_day(rule: ChallengeRule, facts: MemberFacts, today: date) -> date | None:
    """The last day on which what was counted so far still helps; None where there is none, or it moves."""
    ends = (rule.when.until_date, last_day(rule.window.period, today, facts.since))
    return min((each for each in ends if each is not None), default=None)

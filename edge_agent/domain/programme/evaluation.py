"""Working out what a basket earns: a pure function of the programme and the facts in the record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter

from edge_agent.domain.basket import Basket, Line
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.exclusions import Excluded
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.situation import Award, Outcome, Situation


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was worked out: the outcome of every rule, in order, and the lines that were kept out."""

    outcomes: tuple[Outcome, ...]
    excluded: tuple[Excluded, ...]
    entries: tuple[Entry, ...]


def evaluate(programme: Programme, facts: MemberFacts, basket: Basket, at: datetime) -> Evaluation:
    """Work out what `basket` earns for this member at `at` (aware; the day is that of the programme's zone).

    The same arguments give the same answer on every machine and on every day. A blocked or erased account earns
    nothing.
    """
    if not facts.standing.earns:
        return Evaluation((), (), ())
    allowed, excluded = programme.exclusions.split(basket.lines)
    lines = tuple(sorted(allowed, key=_not_as_scanned))
    situation = Situation(facts, basket, at.astimezone(programme.timezone), lines)
    outcomes: list[Outcome] = []
    awards: list[Award] = []
    for mechanism in programme.mechanisms:
        found = mechanism.outcomes(situation, tuple(awards))
        outcomes += found
        awards += [award for outcome in found for award in outcome.awards]
    entries = tuple(_entries(programme, outcomes, situation.at.date()))
    return Evaluation(tuple(outcomes), excluded, entries)


def _not_as_scanned(line: Line) -> tuple[object, ...]:
    """An order of lines by what they are, so that who is scanned first never decides who gets an odd point.

    Only lines that are alike in everything stay in the order of their numbers.
    """
    return (
        line.sku,
        line.amount,
        line.categories,
        line.brand or "",
        line.labels,
        line.kind,
        line.quantity,
        line.number,
    )


def _entries(programme: Programme, outcomes: Sequence[Outcome], earned_on: date) -> Iterator[Entry]:
    for outcome in outcomes:
        if not outcome.awards:
            continue
        first = outcome.awards[0]  # all awards of one rule share its unit and expiry
        expiry = first.expiry or programme.file.unit[first.unit].expiry
        expires_on = None if expiry is None else expiry.last_day(earned_on)
        for unit, quantity, rule, line, _ in sorted(outcome.awards, key=_LINE):
            yield Entry(EntryKind.EARN, unit, quantity, rule, line, expires_on=expires_on)


_LINE = attrgetter("line")

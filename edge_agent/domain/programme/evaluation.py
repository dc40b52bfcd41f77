"""Working out what a basket earns: a pure function of the programme and the facts in the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from edge_agent.domain.basket import Basket
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.exclusions import Excluded, split_excluded
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
    allowed, excluded = split_excluded(programme.file.exclude, basket.lines)
    situation = Situation(facts, basket, at.astimezone(programme.timezone), allowed)
    outcomes: list[Outcome] = []
    awards: list[Award] = []
    for mechanism in programme.mechanisms:
        found = mechanism.outcomes(situation, tuple(awards))
        outcomes += found
        awards += [award for outcome in found for award in outcome.awards]
    last_days = _last_days(programme, awards, situation.at.date())
    entries = tuple(
        Entry(
            EntryKind.EARN,
            award.unit,
            award.quantity,
            award.rule,
            award.line,
            None,
            last_days[award.rule],
        )
        for award in awards
    )
    return Evaluation(tuple(outcomes), excluded, entries)


def _last_days(
    programme: Programme, awards: Sequence[Award], earned_on: date
) -> dict[str, date | None]:
    """Until when the points of each rule last; a rule has one unit and one expiry."""
    expiries = {
        award.rule: award.expiry or programme.file.unit[award.unit].expiry for award in awards
    }
    return {
        rule: None if expiry is None else expiry.last_day(earned_on)
        for rule, expiry in expiries.items()
    }

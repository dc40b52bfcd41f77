"""What is due without anybody at a till: central's daily job for one account, as a pure function.

A **chore** is a mechanism like those of a sale, worked on an empty basket at the beginning of a day in the programme's
time zone; `Programme.chores` declares the order. What lapsed is taken away first, then tiers are looked at again, then
gifts are given and what follows from them. A chore decides from what the account holds and its figures alone, so that
the same day worked again on what came out of it gives nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.member import MemberFacts, Standing, birthday_windows
from edge_agent.domain.programme.evaluation import (
    NOTHING_WORKED_OUT,
    Evaluation,
    without_sale,
    work_through,
)
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.tier_review import TierReview
from edge_agent.domain.tallies import figures

DAYS_CAUGHT_UP_MAX = 400
"""How many missed days are gone through one by one. What lapsed before is taken away by the first of them, and no gift
is given more than a year late."""


def keep_up(programme: Programme, facts: MemberFacts, day: date) -> Evaluation:
    """What the beginning of `day` gives and takes; an erased account has nothing to keep up.

    `facts` are those of that day, with **all** of the account's holdings and the figures of `programme.chore_readings`.
    """
    if facts.standing is Standing.ERASED:
        return NOTHING_WORKED_OUT
    return work_through(programme.chores, _morning(programme, facts, day))


def tier_reviewed(programme: Programme, facts: MemberFacts, day: date) -> Evaluation:
    """Looks at the tier again today because an operator asked for it; nothing without tiers or at `erased`.

    `facts` as for `keep_up`. Points are not reset.
    """
    if programme.tiers is None or facts.standing is Standing.ERASED:
        return NOTHING_WORKED_OUT
    review = TierReview(programme.tiers, now=True)
    return work_through([review], _morning(programme, facts, day))


def tier_granted(
    programme: Programme, facts: MemberFacts, level: str, day: date
) -> tuple[Entry, ...]:
    """The entries that put a member into a tier by hand, for as long as if it had been reached on that day.

    Nothing for the tier that everybody has. Raises ValueError for a tier that the programme does not have.
    """
    tiers = programme.tiers
    if tiers is None or level not in tiers.levels:
        raise ValueError(f"{level!r} is none of the tiers: {', '.join(programme.levels) or 'none'}")
    rank = tiers.levels.index(level)
    lots = () if tiers.is_base(rank) else tiers.lots(rank, _morning(programme, facts, day))
    return tuple(
        Entry(
            EntryKind.ADJUST,
            lot.unit,
            lot.quantity,
            level,
            expires_on=lot.expires_on,
            matures_on=lot.matures_on,
        )
        for lot in lots
    )


def follow(
    programme: Programme, facts: MemberFacts, given: Sequence[Entry], at: datetime
) -> Evaluation:
    """What follows from entries that came without a sale, such as an adjustment by hand: a tier, a full stamp card.

    The given entries are not among the answer's. `at` is aware, `facts` are those before the entries.
    """
    start = Worked((Outcome("given", tuple(given)),))
    situation = without_sale(programme, facts, at)
    done = work_through(programme.consequences, situation, before=start)
    return replace(done, outcomes=done.outcomes[1:], entries=done.entries[len(given) :])


def _morning(programme: Programme, facts: MemberFacts, day: date) -> Situation:
    """The beginning of the day; what was left unused for too long is still there, since a chore takes it away."""
    at = datetime.combine(day, time.min, programme.timezone)
    return replace(without_sale(programme, facts, at), facts=programme.placed(facts, day))


def caught_up(
    programme: Programme, facts: MemberFacts, birthday: str | None, after: date, until: date
) -> Iterator[tuple[date, Evaluation]]:
    """Every day later than `after` up to and including `until` on which something is due, and what.

    `facts` have all of the account's holdings, tallies among them, as they were on the evening of `after`; figures and
    birthday windows are worked out here for each day, from what the days before left. `birthday` is "MM-DD".
    """
    day = max(after, until - timedelta(days=DAYS_CAUGHT_UP_MAX))
    while day < until:
        day += timedelta(days=1)
        today = replace(
            facts,
            figures=figures(programme.chore_readings, facts.holdings, day, facts.since),
            birthday=birthday_windows(birthday, day),
        )
        due = keep_up(programme, today, day)
        if due.entries:
            yield day, due
            facts = facts.after(due.entries, (), day)

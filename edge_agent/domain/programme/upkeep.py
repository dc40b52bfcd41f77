"""What is due without anybody at a till: central's daily job for one account, as a pure function.

A **chore** is a mechanism like those of a sale, worked on an empty basket at the beginning of a day in the programme's
time zone; `Programme.chores` declares the order. What lapsed is taken away first, then tiers are looked at again, then
gifts are given. A chore decides from what the account holds and its figures alone, so that the same day worked again on
what came out of it gives nothing.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from edge_agent.domain.basket import Basket
from edge_agent.domain.member import MemberFacts, Standing, birthday_windows
from edge_agent.domain.programme.evaluation import NOTHING_WORKED_OUT, Evaluation, work_through
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.situation import Situation
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
    nothing_bought = Basket((), 0, programme.file.currency)
    at = datetime.combine(day, time.min, programme.timezone)
    situation = Situation(facts, nothing_bought, at, (), programme.file.unit)
    return work_through(programme.chores, situation)


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

"""Working out what a member does without buying: a pure function of the programme and the facts in the record."""

from datetime import datetime

from edge_agent.domain.basket import Basket
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.actions import ENROLMENT
from edge_agent.domain.programme.evaluation import NOTHING_WORKED_OUT, Evaluation, work_through
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.situation import Act, Situation

TIMES_AT_ONCE_MAX = 1_000
"""A crate of bottles is handed in at once; more at a time is a typing mistake."""


class UnknownAction(LookupError):
    """No rule of this programme is about the action; the message names those that there are."""


def act_on(
    programme: Programme,
    facts: MemberFacts,
    act: Act,
    at: datetime,
    *,
    store: str = "",
    channel: str = "store",
    explains: bool = False,
) -> Evaluation:
    """What an act gives this member at `at` (aware): an action that is reported, `activate/ID`, or `enrolment`.

    What was refused has an outcome with `unmet` and without entries. Raises UnknownAction for an action or an
    activation that the programme does not have, and ValueError for less than one time or more than
    `TIMES_AT_ONCE_MAX`. A blocked or erased account gets nothing.
    """
    if not 0 < act.times <= TIMES_AT_ONCE_MAX:
        raise ValueError(f"times must be from 1 to {TIMES_AT_ONCE_MAX}")
    if act.action != ENROLMENT and act.action not in programme.known_acts:
        known = ", ".join(sorted(programme.known_acts)) or "none"
        raise UnknownAction(f"there is no action {act.action!r}; there is: {known}")
    if not facts.standing.earns:
        return NOTHING_WORKED_OUT
    nothing_bought = Basket((), 0, programme.file.currency, channel=channel, store=store)
    here = at.astimezone(programme.timezone)
    situation = Situation(
        programme.present(facts, here.date()),
        nothing_bought,
        here,
        (),
        programme.file.unit,
        explains=explains,
        levels=programme.levels,
        act=act,
    )
    return work_through(programme.acts, situation)

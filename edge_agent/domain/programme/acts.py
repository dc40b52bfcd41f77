"""Working out what a member does without buying: a pure function of the programme and the facts in the record."""

from dataclasses import dataclass, replace
from datetime import datetime

from edge_agent.domain.basket import STORE_CHANNEL
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.actions import ENROLMENT
from edge_agent.domain.programme.evaluation import (
    NOTHING_WORKED_OUT,
    Evaluation,
    without_sale,
    work_through,
)
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.questions import ANSWER
from edge_agent.domain.programme.situation import Act

TIMES_AT_ONCE_MAX = 1_000
"""A crate of bottles is handed in at once; more at a time is a typing mistake."""


class UnknownAction(LookupError):
    """No rule of this programme is about the action; the message names those that there are."""


class UnknownQuestion(LookupError):
    """This programme does not ask that; the message names the questions that there are."""


def check_act(programme: Programme, act: Act) -> None:
    """Raises UnknownAction for an action or an activation that the programme does not have, and ValueError for less
    than one time or more than `TIMES_AT_ONCE_MAX`."""
    if not 0 < act.times <= TIMES_AT_ONCE_MAX:
        raise ValueError(f"times must be from 1 to {TIMES_AT_ONCE_MAX}")
    if act.action != ENROLMENT and act.action not in programme.known_acts:
        known = ", ".join(sorted(programme.known_acts)) or "none"
        raise UnknownAction(f"there is no such action; there is: {known}")


def act_on(
    programme: Programme,
    facts: MemberFacts,
    act: Act,
    at: datetime,
    *,
    store: str = "",
    channel: str = STORE_CHANNEL,
    explains: bool = False,
) -> Evaluation:
    """What an act gives this member at `at` (aware): an action that is reported, `activate/ID`, or `enrolment`.

    What was refused has an outcome with `unmet` and without entries. Raises what `check_act` raises. A blocked or
    erased account gets nothing.
    """
    check_act(programme, act)
    if not facts.standing.earns:
        return NOTHING_WORKED_OUT
    situation = without_sale(
        programme, facts, at, store=store, channel=channel, explains=explains, act=act
    )
    return work_through(programme.acts, situation)


@dataclass(frozen=True, slots=True)
class Answered:
    """A checked answer: its `value` as it is recorded, what it gives, and whether somebody has to look at it."""

    question: str
    value: int | str
    opens_case: bool
    evaluation: Evaluation = NOTHING_WORKED_OUT


def checked_answer(programme: Programme, question: str, value: int | str) -> Answered:
    """An answer with nothing worked out. Raises UnknownQuestion for a question that the programme does not ask, and
    NotAnAnswer for a value that it does not take."""
    rule = programme.questions.named(question)
    if rule is None:
        known = ", ".join(each.id for each in programme.questions.rules) or "none"
        raise UnknownQuestion(f"there is no such question; there is: {known}")
    checked = rule.checked(value)
    return Answered(question, checked, rule.opens_case(checked))


def answered(
    programme: Programme,
    facts: MemberFacts,
    question: str,
    value: int | str,
    at: datetime,
    *,
    store: str = "",
    channel: str = STORE_CHANNEL,
) -> Answered:
    """What an answer to a question comes to at `at` (aware); of a customer without a card it is kept and gives nothing.

    Raises what `checked_answer` raises.
    """
    checked = checked_answer(programme, question, value)
    if not facts.standing.earns:
        return checked
    act = Act(ANSWER + question)
    situation = without_sale(programme, facts, at, store=store, channel=channel, act=act)
    return replace(checked, evaluation=work_through(programme.acts, situation))

"""All that is said to a customer at a visit, with the places in which, so that tests can ask for it as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.evaluation import Evaluation, without_sale
from edge_agent.domain.programme.messages import MessageRule, Place, wants
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.questions import QuestionRule
from edge_agent.domain.programme.situation import Worked
from edge_agent.domain.programme.surprises import Prize, prize_in


class Told(NamedTuple):
    """A message, and the places in which the customer gets to read it."""

    message: MessageRule
    places: frozenset[Place]


class Put(NamedTuple):
    """A question, and the places in which the customer can answer it."""

    question: QuestionRule
    places: frozenset[Place]


@dataclass(frozen=True, slots=True)
class Telling:
    """Messages with the most important first, at most one question, and the prizes that were won."""

    messages: tuple[Told, ...] = ()
    question: Put | None = None
    prizes: tuple[Prize, ...] = ()


def telling(programme: Programme, evaluation: Evaluation) -> Telling:
    """What there is to say after a sale, as it was worked out and recorded."""
    notes = evaluation.notes()
    told = [
        Told(rule, _places(notes[rule.id])) for rule in programme.messages.rules if rule.id in notes
    ]
    put = next(
        (
            Put(rule, _places(notes[rule.id]))
            for rule in programme.questions.rules
            if rule.id in notes
        ),
        None,
    )
    drawn = (prize_in(rule, notes[rule.id]) for rule in programme.file.surprise if rule.id in notes)
    return Telling(_first_things_first(told), put, tuple(prize for prize in drawn if prize))


def telling_at_visit(
    programme: Programme,
    facts: MemberFacts,
    at: datetime,
    *,
    store: str = "",
    channel: str = "store",
) -> Telling:
    """What there is to say once a member is known at a till and before anything is bought.

    What depends on the basket is not said yet, and nothing is counted: that is done by the sale.
    """
    situation = without_sale(programme, facts, at, store=store, channel=channel)
    if facts.anonymous or not facts.standing.earns:
        return Telling()
    told: Mapping[str, list[Place]] = programme.messages.told(situation, Worked())
    messages = [
        Told(rule, frozenset(told[rule.id])) for rule in programme.messages.rules if rule.id in told
    ]
    question = programme.questions.next(situation, Worked())
    put = None if question is None else Put(question, wants(facts, question.where))
    return Telling(_first_things_first(messages), put)


def _places(note: str) -> frozenset[Place]:
    return frozenset(Place(each) for each in note.split())


def _first_things_first(told: list[Told]) -> tuple[Told, ...]:
    return tuple(sorted(told, key=lambda each: -each.message.priority))

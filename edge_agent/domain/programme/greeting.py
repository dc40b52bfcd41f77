"""What is told and asked when a member is recognised, before anything is bought; nothing is counted yet."""

from datetime import datetime
from typing import NamedTuple

from edge_agent.domain.basket import STORE_CHANNEL
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.evaluation import without_sale
from edge_agent.domain.programme.messages import MessageRule, Place, wants
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.questions import QuestionRule
from edge_agent.domain.programme.situation import Worked


class Greeting(NamedTuple):
    """The messages for the screen, the most important first, and the question to ask there if it is time for one."""

    messages: tuple[MessageRule, ...] = ()
    question: QuestionRule | None = None


def greeting(
    programme: Programme,
    facts: MemberFacts,
    at: datetime,
    store: str = "",
    channel: str = STORE_CHANNEL,
) -> Greeting:
    """What the screen says to this member at `at` (aware) in that store and channel. Rules about a basket wait for the
    sale."""
    if facts.anonymous or not facts.standing.earns:
        return Greeting()
    situation = without_sale(programme, facts, at, store=store, channel=channel)
    told = programme.messages.told(situation, Worked())
    question = programme.questions.next(situation, Worked())
    if question is not None and Place.SCREEN not in wants(facts, question.where):
        question = None
    return Greeting(
        tuple(
            sorted(
                (each for each in programme.file.message if Place.SCREEN in told.get(each.id, ())),
                key=lambda rule: -rule.priority,
            )
        ),
        question,
    )

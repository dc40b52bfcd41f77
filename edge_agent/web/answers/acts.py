"""What an action, answer or enrolment came to."""

from typing import Literal

from edge_agent.web.answers.answer import Answer, Quantity
from edge_agent.web.answers.members import BalanceAnswer, RewardAnswer
from edge_agent.web.answers.sales import EntryAnswer


class ActResultAnswer(Answer):
    """What an action, answer or enrolment came to: the same for ever."""

    kind: Literal["action", "answer", "member"]
    record: str
    seq: int
    at: str
    entries: list[EntryAnswer]
    earned: dict[str, Quantity]
    spent: dict[str, Quantity]
    balance: dict[str, BalanceAnswer] | None
    rewards: list[RewardAnswer]


class ActDoneAnswer(Answer):
    """The answer to an action, an answer or an enrolment."""

    result: ActResultAnswer

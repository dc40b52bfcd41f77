"""What an action, answer or enrolment came to."""

from typing import Literal

from edge_agent.web.answers.answer import Answer, Quantity
from edge_agent.web.answers.members import BalanceAnswer, RewardAnswer
from edge_agent.web.answers.sales import EntryAnswer


class ConsentTextAnswer(Answer):
    """A text in the four languages."""

    nl: str
    en: str
    de: str
    fr: str


class ConsentAnswer(Answer):
    """Something to agree to; `POST /v1/members` takes purpose and version back."""

    purpose: str
    version: str
    text: ConsentTextAnswer
    required: bool


class EnrolmentAnswer(Answer):
    """What somebody who enrols is asked to agree to."""

    consents: list[ConsentAnswer]


class ActResultAnswer(Answer):
    """What an action, answer, enrolment or change of consents came to: the same for ever."""

    kind: Literal["action", "answer", "member", "consent"]
    record: str
    seq: int
    at: str
    entries: list[EntryAnswer]
    earned: dict[str, Quantity]
    spent: dict[str, Quantity]
    balance: dict[str, BalanceAnswer] | None
    rewards: list[RewardAnswer]
    not_worked_out: str | None = None


class ActDoneAnswer(Answer):
    """The answer to an act without a sale."""

    result: ActResultAnswer

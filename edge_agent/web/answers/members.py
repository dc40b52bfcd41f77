"""What is shown of a member."""

from typing import Literal

from edge_agent.web.answers.answer import Answer, Quantity
from edge_agent.web.answers.redemptions import RedemptionAnswer


class BalanceAnswer(Answer):
    """A balance in one unit; `as_of` is the time of central's figures."""

    confirmed: Quantity
    unconfirmed: Quantity
    maturing: Quantity
    held: Quantity
    reserved: Quantity
    spendable: Quantity
    as_of: str | None


class PresentAnswer(Answer):
    """Whether anybody is at the till now."""

    present: bool


class MemberAnswer(Answer):
    """Who it is."""

    id: str | None
    display_name: str
    tier: str | None
    since: str | None


class ChooseAnswer(Answer):
    """From how many points to how many, in which steps; `most` is 0 where there are too few.

    `value` is what a step is worth in minor units, null where steps are not all worth the same.
    """

    step: Quantity
    least: Quantity
    most: Quantity
    value: Quantity | None


class RewardAnswer(Answer):
    """A reward, and whether it can be had now; `value` in minor units where it is money and needs no basket.

    `limited`: the member has enough, and only what this till may grant without central stands in the way. `choose` is
    there where the customer chooses how many points to use.
    """

    id: str
    title: str
    sort: str
    unit: str
    cost: Quantity
    value: int | None
    available: bool
    why_not: str | None
    limited: bool
    choose: ChooseAnswer | None


class ExpiringAnswer(Answer):
    """What can be used up to and including the day `on`; `warn`: so soon that the customer is to be told."""

    unit: str
    quantity: Quantity
    on: str
    warn: bool


class PendingAnswer(Answer):
    """What can be used from the day `on`."""

    unit: str
    quantity: Quantity
    on: str


class ProgressAnswer(Answer):
    """How far the member is on the way to something; `say` is the line for people."""

    id: str
    towards: Literal["tier", "stamp-card", "challenge", "reward"]
    title: str
    have: Quantity
    need: Quantity
    missing: Quantity
    measure: str
    unit: str | None
    until: str | None
    stand: Literal["on-the-way", "to-activate", "reached"]
    gives: str | None
    say: str


class StampsAnswer(ProgressAnswer):
    """A stamp card."""

    card: str


class TierAnswer(Answer):
    """The tier that the member is in, and the way to the next one."""

    id: str | None
    title: str | None
    next: ProgressAnswer | None


class OfferAnswer(Answer):
    """An offer for this member, the one to mention first comes first; `say` are the words for it."""

    id: str
    title: str
    say: str | None
    until: str | None
    active: bool


class MessageAnswer(Answer):
    """What the customer is told."""

    id: str
    text: str
    where: list[Literal["screen", "receipt"]]


class QuestionAnswerKey(Answer):
    """One of the answers, and what stands on its key."""

    value: int | str
    text: str


class QuestionAnswer(Answer):
    """What the customer is asked."""

    id: str
    text: str
    answers: list[QuestionAnswerKey]
    where: list[Literal["screen", "receipt"]]


class MembershipAnswer(Answer):
    """A paid membership that runs up to and including the day `until`, null for one without an end."""

    id: str
    title: str
    until: str | None


class MemberViewAnswer(Answer):
    """What the cashier sees after a scan; `card` is masked.

    `not_worked_out` is there where the rules failed, and says so to the cashier: all but the balance is then empty.
    """

    known: bool
    standing: Literal["known", "unknown", "blocked", "erased"]
    member: MemberAnswer | None
    card: str
    balance: dict[str, BalanceAnswer] | None
    tier: TierAnswer | None
    stamps: list[StampsAnswer]
    rewards: list[RewardAnswer]
    offers: list[OfferAnswer]
    pending: list[PendingAnswer]
    expiring: list[ExpiringAnswer]
    progress: list[ProgressAnswer]
    memberships: list[MembershipAnswer]
    messages: list[MessageAnswer]
    questions: list[QuestionAnswer]
    redemptions: list[RedemptionAnswer]
    not_worked_out: str | None = None
    as_of: str | None

"""What the calls answer, as models for the OpenAPI document. Answers may have more fields than these.

Nothing is checked against them while the agent runs; tests hold real answers against the document.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, RootModel


class Answer(BaseModel):
    """The base; built when the document is asked for, not at import."""

    model_config = ConfigDict(defer_build=True)


Quantity = int | str
"""Of a unit: a whole number, or a decimal as text where the unit has decimals."""


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

    `choose` is there where the customer chooses how many points to use.
    """

    id: str
    title: str
    sort: str
    unit: str
    cost: Quantity
    value: int | None
    available: bool
    why_not: str | None
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
    """A paid membership that runs up to and including the day `until`."""

    id: str
    title: str
    until: str


class MemberViewAnswer(Answer):
    """What the cashier sees after a scan; `card` is masked."""

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
    redemptions: list["RedemptionAnswer"]
    as_of: str | None


class EntryAnswer(Answer):
    """One line of the ledger; `why` says it in words."""

    unit: str
    quantity: Quantity
    rule: str
    line: int | None = None
    expires_on: str | None = None
    why: str | None = None
    bonus: bool | None = None


class VoucherAnswer(Answer):
    """A voucher that was issued: `quantity` is minor units or uses, `code` what any till takes without a line."""

    id: str
    title: str
    quantity: int
    until: str | None
    code: str | None


class ReceiptAnswer(Answer):
    """The receipt's loyalty part, line by line, for a POS that prints itself."""

    lines: list[str]


class RefundedLineAnswer(Answer):
    """What is to be paid back for what came back of a line, in minor units; `deducted` is off `amount` already."""

    line: int
    amount: int
    deducted: int


class RefundAnswer(Answer):
    """What is to be paid back in all: the share of what was paid, less what the programme deducts."""

    amount: int
    deducted: int
    lines: list[RefundedLineAnswer]


class ResultAnswer(Answer):
    """The result of a sale, return or void: the same for ever."""

    sale_id: str
    record: str | None = None
    seq: int | None = None
    entries: list[EntryAnswer] = []
    earned: dict[str, Quantity] | None = None
    spent: dict[str, Quantity] | None = None
    discount: int | None = None
    refund: RefundAnswer | None = None
    lines: list[dict[str, Any]] | None = None
    tier: TierAnswer | None = None
    stamps: list[StampsAnswer] = []
    offers: list[OfferAnswer] = []
    messages: list[MessageAnswer] = []
    questions: list[QuestionAnswer] = []
    surprises: list[dict[str, Any]] = []
    vouchers: list[VoucherAnswer] = []
    balance: dict[str, BalanceAnswer] | None = None
    receipt: ReceiptAnswer | None = None


class RecordedAnswer(Answer):
    """The answer to a sale, return or void."""

    result: ResultAnswer


class LineRuleAnswer(Answer):
    """What one rule takes off a line, in minor units, and why."""

    rule: str
    discount: int
    why: str


class LineAnswer(Answer):
    """What is off a line in all, in minor units: the POS books it as a discount on that line."""

    line: int
    discount: int
    rules: list[LineRuleAnswer]


class RefusedAnswer(Answer):
    """What was wanted and could not be used: `what` is the redemption's id or the coupon's text."""

    what: str
    rule: str | None
    why: str


class RedemptionAnswer(Answer):
    """A redemption: `cost` is the most that is charged, `discount` what is off, null with `needs_quote`."""

    redemption_id: str
    state: Literal["reserved", "committed", "cancelled"]
    authorised_by: Literal["central", "allowance", "limit"]
    reward: str
    title: str
    unit: str
    cost: Quantity
    discount: int | None
    needs_quote: bool
    until: str
    record: str | None = None
    seq: int | None = None
    spent: dict[str, Quantity] | None = None


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


class NowAnswer(Answer):
    """How a sale stands now."""

    print: Literal["none", "queued", "printed", "failed", "unknown"]
    central: Literal["waiting", "accepted", "rejected", "parked"]
    member: str | None
    returns: list[dict[str, Any]] = []
    voided: bool = False


class SaleAnswer(Answer):
    """A sale as it was answered, and how it stands now."""

    result: ResultAnswer
    now: NowAnswer


class QuoteAnswer(Answer):
    """What the basket would earn, what is off its lines, and until when a sale may name the quote."""

    quote_id: str
    until: str
    earned: dict[str, Quantity]
    spent: dict[str, Quantity]
    discount: int
    redemptions: list[str]
    lines: list[LineAnswer]
    refused: list[RefusedAnswer]


class PrintAnswer(Answer):
    """How the print fares; `none` where there is no printer."""

    print: Literal["none", "queued", "printed", "failed", "unknown"]


class DeviceAnswer(Answer):
    """A device, its state and since when."""

    id: str
    role: str
    kind: str
    where: str | None
    state: Literal["ok", "trouble", "offline", "unknown"]
    reason: str | None
    since: str | None
    last: str | None


class DevicesAnswer(RootModel[list[DeviceAnswer]]):
    """Every configured device."""

    model_config = ConfigDict(defer_build=True)


class DeviceTestAnswer(Answer):
    """What the test does; a scanner cannot be made to scan, so its next scan is the test."""

    device: str
    test: Literal["print", "scan"]
    queued: bool


class ScanAnswer(Answer):
    """The scan was given to the scanner; what it meant comes as an event."""

    device: str
    injected: bool


class JournalAnswer(Answer):
    """Where the journal stands."""

    seq: int
    received: int
    head: str | None


class OutboxAnswer(Answer):
    """What central has not received."""

    records: int
    oldest_seconds: float | None


class CentralAnswer(Answer):
    """The line to central."""

    state: str
    last_contact: str | None


class StatesAnswer(Answer):
    """Own records that central did not accept."""

    rejected: int
    parked: int


class MembersAnswer(Answer):
    """The members file."""

    version: str | int | None
    as_of: str | None
    count: int


class RefusedProgrammeAnswer(Answer):
    """A published version that was not good: the last good one stays in use."""

    digest: str
    reason: str


class ProgrammeAnswer(Answer):
    """The programme in use; `refused` is a later one that could not be loaded, and why."""

    id: str
    version: str | int
    digest: str
    currency: str
    as_of: str | None
    refused: RefusedProgrammeAnswer | None = None


class ClockAnswer(Answer):
    """Whether the clock can be believed."""

    trusted: bool
    offset_seconds: float | None


class StatusAnswer(Answer):
    """Everything that store IT asks first."""

    version: str
    terminal: str | dict[str, Any]
    journal: JournalAnswer
    outbox: OutboxAnswer
    central: CentralAnswer
    states: StatesAnswer
    members: MembersAnswer
    programme: ProgrammeAnswer | None
    clock: ClockAnswer
    redemption: dict[str, Any] | None = None
    disk_free_bytes: int | None


class HealthAnswer(Answer):
    """The process answers."""

    state: Literal["alive"]


class PartAnswer(Answer):
    """What one part says of itself."""

    name: str
    state: Literal["ok", "degraded", "failed", "unknown"]
    reason: str


class ReadyAnswer(Answer):
    """Whether sales can be taken; `degraded` means that they can, and that something else is in trouble."""

    ready: bool
    readiness: Literal["ready", "degraded", "unready"]
    parts: list[PartAnswer]


class FieldErrorAnswer(Answer):
    """One bad field; positions in arrays count from 0."""

    path: str
    message: str


class ProblemAnswer(Answer):
    """RFC 9457. `code` is for programs, `detail` for people; `retryable` says whether the same may be sent again."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    retryable: bool
    errors: list[FieldErrorAnswer]

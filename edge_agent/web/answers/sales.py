"""What a sale, quote, return or void came to."""

from typing import Any, Literal

from edge_agent.web.answers.answer import Answer, Quantity
from edge_agent.web.answers.members import (
    BalanceAnswer,
    MessageAnswer,
    OfferAnswer,
    QuestionAnswer,
    StampsAnswer,
    TierAnswer,
)


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
    """A voucher that was issued: `quantity` is minor units or uses, `value` the minor units, null where it is no money;
    `code` is what any till takes without a line."""

    id: str
    title: str
    quantity: int
    value: int | None
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
    """The result of a sale, return, void or attached card: the same for ever.

    `reference` is what a POS that prints itself puts on the receipt as a QR code. `not_worked_out` is there where the
    rules failed by a mistake of ours: what to tell the cashier of an act that is recorded without them.
    """

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
    reference: str | None = None
    not_worked_out: str | None = None
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

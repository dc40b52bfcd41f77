"""What can go wrong, in one small tree.

Every error says its code (of the contract), whose fault it is and whether trying again can help. The web
layer maps them to HTTP once, in `web/problems.py`; the command line prints them as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Fault(StrEnum):
    """Who has to act."""

    CALLER = "caller"
    US = "us"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field: `path` as in `lines.2.amount`, and what is wrong with it, never the value itself."""

    path: str
    message: str


class LoyaltyError(Exception):
    """The root. `detail` is for people and never holds a card's value.

    It is in the till's language where the cashier can act on it, and in English where the POS has to be mended.
    """

    code: ClassVar[str] = "internal"
    fault: ClassVar[Fault] = Fault.US
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, fields: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = tuple(fields)


class CallerError(LoyaltyError):
    """The request cannot be met as it is; sending it again unchanged gives the same answer."""

    fault = Fault.CALLER


class Invalid(CallerError):
    """Fields with wrong types, missing, out of range or contradicting each other."""

    code = "invalid"


class PaymentCard(CallerError):
    """Something that looks like a payment card's number or track stood in a field or scan."""

    code = "payment-card"


class UnknownCard(CallerError):
    """No member has this card, and it is not of a form that may earn."""

    code = "unknown-card"


class UnknownSale(CallerError):
    """This terminal has no sale with that id."""

    code = "unknown-sale"


class UnknownDevice(CallerError):
    """No device is configured under that id, or it cannot do what was asked."""

    code = "unknown-device"


class SaleDiffers(CallerError):
    """The sale id is taken by a sale with other content."""

    code = "sale-differs"


class ReturnDiffers(CallerError):
    """The return or void id is taken by one with other content."""

    code = "return-differs"


class ActDiffers(CallerError):
    """The id of an act without a sale is taken by one with other content."""


class ActionDiffers(ActDiffers):
    """The id of an action is taken."""

    code = "action-differs"


class AnswerDiffers(ActDiffers):
    """The id of an answer is taken."""

    code = "answer-differs"


class MemberDiffers(ActDiffers):
    """The id of an enrolment is taken."""

    code = "member-differs"


class ConsentDiffers(ActDiffers):
    """The id of a change of consents is taken."""

    code = "consent-differs"


class RedemptionDiffers(CallerError):
    """The redemption id is taken by one with other content."""

    code = "redemption-differs"


class UnknownRedemption(CallerError):
    """This till reserved no redemption with that id."""

    code = "unknown-redemption"


class AlreadyAttached(CallerError):
    """The sale is somebody's: it was made with a card, or one was attached to it."""

    code = "already-attached"


class OverReturn(CallerError):
    """More would come back than was bought and not returned yet."""

    code = "over-return"


class Refused(CallerError):
    """Understood, and not allowed now; the detail says why."""

    code = "refused"


class QuoteLapsed(CallerError):
    """There is no such quote any more; ask for a new one.

    It is older than its 15 minutes, was made before the agent started or before the customer bought something else, or
    was used by another sale.
    """

    code = "quote-lapsed"


class NotNow(LoyaltyError):
    """Nothing is wrong with the request; the same one may be sent again later."""

    retryable = True


class NoProgramme(NotNow):
    """No programme has been received or configured yet."""

    code = "no-programme"
    fault = Fault.OUTSIDE


class CentralAway(NotNow):
    """Central could not be asked, and nothing can be done without it."""

    code = "central-away"
    fault = Fault.OUTSIDE


class LedgerUnavailable(NotNow):
    """The ledger could not be read or written; nothing was acknowledged."""

    code = "ledger-unavailable"


class RecordDamaged(LedgerUnavailable):
    """A record of the journal is not what was written; what came before it can be read."""


class DiskFull(LedgerUnavailable):
    """There is no room for another record; nothing was acknowledged."""

    code = "disk-full"

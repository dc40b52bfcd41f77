"""Reading the body of a record. Pure: bytes in, an act or a reason out. `RecordKind` says what each kind holds.

A body is what a till of any version wrote, or what somebody made to look like it: everything is checked, nothing
is guessed. What is newer than this code is parked, what is wrong is rejected.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import from_json

from edge_agent.domain.basket import LINES_MAX, STORE_CHANNEL
from edge_agent.domain.entries import QUANTITY_MAX, Entry, EntryKind
from edge_agent.domain.record import BODY_VERSION, RecordKind, canonical
from edge_agent.domain.units import is_tally
from sync.central.tables import UNIT_CHARACTERS_MAX
from sync.wire import ACCOUNT_PATTERN, ACT_ID_PATTERN, RecordState

ENTRIES_MAX = 20_000
"""More than fit into the longest body, so that nothing a till could record is refused for their number."""


class Unpostable(Exception):
    """A record without effect: `state` is rejected or parked, `code` says why, `awaiting` names a missing record."""

    def __init__(self, state: RecordState, code: str, awaiting: str | None = None) -> None:
        super().__init__(code)
        self.state = state
        self.code = code
        self.awaiting = awaiting


def rejected(code: str) -> Unpostable:
    """No effect, ever; a repair is a new record."""
    return Unpostable(RecordState.REJECTED, code)


def parked(code: str, awaiting: str | None = None) -> Unpostable:
    """No effect yet."""
    return Unpostable(RecordState.PARKED, code, awaiting)


AWAITS_A_SALE = "sale:"
"""What `awaiting` begins with where a record waits for a sale by the POS's id of it, and names no record."""


def awaited_sale(sale_id: str) -> str:
    """What a record has as `awaiting` that waits for a sale of this id, whichever till sold it."""
    return AWAITS_A_SALE + hashlib.sha256(sale_id.encode()).hexdigest()[:27]


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


_RecordId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_ActId = Annotated[str, Field(pattern=ACT_ID_PATTERN)]
_AccountRef = Annotated[str, Field(pattern=ACCOUNT_PATTERN)]
_Terminal = Annotated[str, Field(max_length=130, pattern=r"^[^\x00/]+/[^\x00/]+$")]
_Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
_Unit = Annotated[str, Field(pattern=r"^[a-z0-9][^\x00]*$", max_length=UNIT_CHARACTERS_MAX)]

CONSENTS_MAX = 50
"""Purposes that one member is asked about; a form with more of them is not a form that anybody reads."""

REDEEMED_MAX = 1_000
"""Far more rewards than anybody uses with one basket."""

ACCOUNTS_MAX = REDEEMED_MAX
"""That the entries of one record name. A sale is of one account; each thing redeemed with it may be another's."""

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""When something can have been done. A clock that lost its battery says 1970; what lapses or is looked back at is years
away from it, and a calendar ends at the years 1 and 9999."""

NOTES_MAX = 5_000
"""A note for each rule of the largest programme, and room."""

_Notes = Annotated[
    dict[_Name, Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]],
    Field(max_length=NOTES_MAX, default_factory=dict),
]

_Moment = Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST)]
_Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class _Entry(_Fact):
    """The shape of an entry as a till recorded it."""

    kind: EntryKind
    unit: _Unit
    quantity: Annotated[StrictInt, Field(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
    rule: Annotated[str, Field(max_length=128, pattern=r"^[^\x00]*$")]
    line: Annotated[StrictInt, Field(ge=-(2**31), lt=2**31)] | None = None
    lot: _RecordId | None = None
    expires_on: _Day | None = None
    matures_on: _Day | None = None
    day: _Day | None = None
    account: _AccountRef | None = None


class BodyFacts(_Fact):
    """What the award was worked out from; central needs the account."""

    account: _AccountRef


class _Envelope(_Fact):
    v: StrictInt
    kind: str
    id: str
    terminal: str
    epoch: str
    seq: StrictInt


class BodyRedeemed(_Fact):
    """A redemption that was charged, and who stood for it; `value` is in minor units."""

    id: _ActId
    reward: _Name
    authorised_by: Annotated[str, Field(max_length=32)]
    unit: _Unit
    quantity: Annotated[StrictInt, Field(ge=0, le=QUANTITY_MAX)]
    value: Annotated[StrictInt, Field(ge=0, le=QUANTITY_MAX)] | None = None


class _Body(_Fact):
    at: _Moment
    facts: BodyFacts | None = None
    entries: Annotated[tuple[_Entry, ...], Field(max_length=ENTRIES_MAX)] = ()
    redeemed: Annotated[tuple[BodyRedeemed, ...], Field(max_length=REDEEMED_MAX)] = ()
    commitment: str | None = None
    programme: Annotated[str, Field(max_length=64)] | None = None
    not_worked_out: str | None = None


class _SaleNames(_Fact):
    sale_id: _ActId


class _Reduction(_Fact):
    amount: Annotated[StrictInt, Field(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]


class _BasketBody(_Body):
    basket: dict[str, Any]
    reductions: tuple[_Reduction, ...] = ()
    notes: _Notes


class _SaleBody(_BasketBody):
    sale: _SaleNames


class _ToldLine(_Fact):
    line: StrictInt
    sku: str | None = None


class Told(_Fact):
    """What the POS said of a sale that the till does not know."""

    at: _Moment
    lines: Annotated[tuple[_ToldLine, ...], Field(max_length=LINES_MAX)]


class ReturnNames(_Fact):
    """A return: `sold_at` is the terminal that the receipt names, where the till does not know the sale."""

    return_id: _ActId
    sale_id: _ActId
    original: _RecordId | None
    lines: list[dict[str, Any]]
    sold_at: _Terminal | None = None
    told: Told | None = None


class _ReturnBody(_Body):
    returned: ReturnNames = Field(alias="return")


class _VoidNames(_Fact):
    void_id: _ActId
    sale_id: _ActId
    original: _RecordId | None


class _VoidBody(_Body):
    void: _VoidNames


class _AttachNames(_Fact):
    sale_id: _ActId
    original: _RecordId


class _AttachBody(_BasketBody):
    attach: _AttachNames


class _RedemptionNames(_Fact):
    redemption_id: _ActId


class _RedemptionBody(_Body):
    redemption: _RedemptionNames


class _ActionNames(_Fact):
    action_id: _ActId
    action: _Name
    times: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 1
    channel: _Name = STORE_CHANNEL


class _ActionBody(_Body):
    action: _ActionNames
    notes: _Notes


class AnswerNames(_Fact):
    """A customer's answer to a question; `case` says that somebody has to look at it."""

    answer_id: _ActId
    question: _Name
    value: Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)] | _Name
    case: StrictBool = False
    channel: _Name = STORE_CHANNEL


class _AnswerBody(_Body):
    answer: AnswerNames


class ConsentGiven(_Fact):
    """What a member agreed to, or with `given` false took back, and the version of the text that was shown."""

    purpose: _Name
    version: _Name
    given: StrictBool = True


class MemberNames(_Fact):
    """Somebody who enrolled at a till."""

    member_id: _ActId
    consents: Annotated[tuple[ConsentGiven, ...], Field(max_length=CONSENTS_MAX)] = ()
    referred_by: _AccountRef | None = None
    channel: _Name = STORE_CHANNEL


class _ConsentNames(_Fact):
    consent_id: _ActId
    consents: Annotated[tuple[ConsentGiven, ...], Field(min_length=1, max_length=CONSENTS_MAX)]


class _ConsentBody(_Body):
    consent: _ConsentNames


class _MemberBody(_Body):
    member: MemberNames


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who a record is, as intake stored it; the body has to say the same."""

    terminal: str
    epoch: str
    seq: int
    record_id: str


@dataclass(frozen=True, slots=True)
class Act:
    """What a till did. `content` is what has to be the same when the same act is recorded again.

    `at` is the till's time with its offset, so that its date is the till's day. `redeemed` are the redemptions that it
    charged. `original` is the sale that is taken back or that a card is attached to, `returned`, `answer`, `enrolled`
    and `consents` are of the records of these kinds; `paid` is what was paid for a sale, in minor units. `said` is the
    whole body, and `unlike` why its award cannot have been worked out from it, or was not worked out at all.
    """

    kind: RecordKind
    act_id: str
    at: datetime
    account: str | None
    entries: tuple[Entry, ...]
    commitment: str | None
    programme: str | None
    content: bytes
    redeemed: tuple[BodyRedeemed, ...] = ()
    original: str | None = None
    returned: ReturnNames | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    paid: int = 0
    answer: AnswerNames | None = None
    enrolled: MemberNames | None = None
    consents: tuple[ConsentGiven, ...] = ()
    said: Mapping[str, Any] = field(default_factory=dict, repr=False)
    unlike: Unpostable | None = None


def kind_of(body: bytes) -> str | None:
    """What a body says that it is, for lists; None when it says nothing that can be written and shown."""
    kind = facts_in(body).get("kind")
    return kind[:32] if isinstance(kind, str) and kind.isprintable() else None


def facts_in(body: bytes) -> dict[str, Any]:
    """What a body says, as far as it can be read: no half characters, whatever escapes it has."""
    try:
        facts = from_json(body)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def read_body(body: bytes, envelope: Envelope) -> Act:
    """The act in `body`; raises `Unpostable`."""
    facts = _object(body)
    _check_envelope(facts, envelope)
    reader = _READERS.get(facts["kind"])
    if facts["v"] > BODY_VERSION or reader is None or _has_newer_entries(facts):
        raise parked("unknown-kind")
    try:
        act = reader(facts)
    except ValidationError as error:
        raise rejected("malformed") from error
    if act.account is None and not all(map(_is_of_nobody, act.entries)):
        raise rejected("malformed")
    return act


def _is_of_nobody(entry: Entry) -> bool:
    """Whether a customer without a card can cause it: what a till counts for itself, or another's voucher."""
    return is_tally(entry.unit) or entry.account is not None


def _object(body: bytes) -> dict[str, Any]:
    try:
        facts = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise rejected("malformed") from error
    if not isinstance(facts, dict) or (_ESCAPED_NUL in body and _has_nul(facts)):
        raise rejected("malformed")
    return facts


_ESCAPED_NUL = rb"\u0000"
"""The only way that JSON has to write a NUL. What looks like one may follow an escaped backslash."""


def _has_nul(value: Any) -> bool:
    """Whether a text in it has a NUL, which PostgreSQL keeps in none and no till writes."""
    if isinstance(value, dict):
        return any(map(_has_nul, value)) or any(map(_has_nul, value.values()))
    if isinstance(value, list):
        return any(map(_has_nul, value))
    return isinstance(value, str) and "\0" in value


def _check_envelope(facts: Mapping[str, Any], envelope: Envelope) -> None:
    try:
        said = _ENVELOPE.validate_python(facts)
    except ValidationError as error:
        raise rejected("malformed") from error
    if Envelope(said.terminal, said.epoch, said.seq, said.id) != envelope:
        raise rejected("envelope")


def _has_newer_entries(facts: Mapping[str, Any]) -> bool:
    """Whether a till that is newer than this code used a kind of entry that we do not know."""
    entries = facts.get("entries")
    if not isinstance(entries, list):
        return False
    kinds = [each.get("kind") for each in entries if isinstance(each, dict)]
    return any(isinstance(kind, str) and kind not in _ENTRY_KINDS for kind in kinds)


_ENTRY_KINDS = frozenset(EntryKind)


def _read_sale(facts: Mapping[str, Any]) -> Act:
    body = _SALE.validate_python(facts)
    content = {"basket": body.basket, "member": body.facts is not None}
    named = {"notes": body.notes, "paid": _paid(body)}
    return _act(RecordKind.SALE, body.sale.sale_id, facts, body, content, **named)


def _paid(body: _BasketBody) -> int:
    """What was paid, in minor units; 0 where the basket says no total, which is no reason to refuse a sale."""
    total = body.basket.get("total")
    amount = total.get("amount") if isinstance(total, dict) else None
    off = sum(each.amount for each in body.reductions)
    return amount - off if type(amount) is int and abs(amount) <= QUANTITY_MAX else 0


def _read_return(facts: Mapping[str, Any]) -> Act:
    body = _RETURN.validate_python(facts)
    names = body.returned
    content = {"sale": names.sale_id, "lines": names.lines}
    named = {"original": names.original, "returned": names}
    return _act(RecordKind.RETURN, names.return_id, facts, body, content, **named)


def _read_void(facts: Mapping[str, Any]) -> Act:
    body = _VOID.validate_python(facts)
    names = body.void
    content = {"sale": names.sale_id}
    named = {"original": names.original}
    return _act(RecordKind.VOID, names.void_id, facts, body, content, **named)


def _read_attach(facts: Mapping[str, Any]) -> Act:
    body = _ATTACH.validate_python(facts)
    if body.facts is None:
        raise rejected("malformed")
    names = body.attach
    content = {"sale": names.sale_id, "original": names.original}
    named = {"original": names.original, "notes": body.notes, "paid": _paid(body)}
    return _act(RecordKind.ATTACH, names.sale_id, facts, body, content, **named)


def _read_redemption(facts: Mapping[str, Any]) -> Act:
    body = _REDEMPTION.validate_python(facts)
    act_id = body.redemption.redemption_id
    return _act(RecordKind.REDEMPTION, act_id, facts, body, facts["redemption"])


def _read_action(facts: Mapping[str, Any]) -> Act:
    body = _ACTION.validate_python(facts)
    names = body.action
    content = names.model_dump()
    return _act(RecordKind.ACTION, names.action_id, facts, body, content, notes=body.notes)


def _read_answer(facts: Mapping[str, Any]) -> Act:
    body = _ANSWER.validate_python(facts)
    names = body.answer
    content = names.model_dump(include={"question", "value", "channel"})
    return _act(RecordKind.ANSWER, names.answer_id, facts, body, content, answer=names)


def _read_member(facts: Mapping[str, Any]) -> Act:
    body = _MEMBER.validate_python(facts)
    names = body.member
    if body.facts is None:
        raise rejected("malformed")
    content = names.model_dump(mode="json")
    return _act(RecordKind.MEMBER, names.member_id, facts, body, content, enrolled=names)


def _read_consent(facts: Mapping[str, Any]) -> Act:
    body = _CONSENT.validate_python(facts)
    names = body.consent
    if body.facts is None or body.entries:
        raise rejected("malformed")
    content = names.model_dump(mode="json")
    named = {"consents": names.consents}
    return _act(RecordKind.CONSENT, names.consent_id, facts, body, content, **named)


_GIVING = frozenset({EntryKind.EARN, EntryKind.REDEEM, EntryKind.COUNT})
_TAKING_BACK = frozenset({EntryKind.REVERSE})


def _act(
    kind: RecordKind,
    act_id: str,
    facts: Mapping[str, Any],
    body: _Body,
    content: Mapping[str, Any],
    **named: Any,
) -> Act:
    """What all kinds have in common; `named` is what an act of this kind has besides."""
    entries = _entries(facts)
    kinds = _TAKING_BACK if kind in {RecordKind.RETURN, RecordKind.VOID} else _GIVING
    for entry in entries:
        if entry.kind not in kinds or (entry.kind is EntryKind.REDEEM and entry.quantity > 0):
            raise rejected("malformed")
    if len(entries) > ACCOUNTS_MAX and len({entry.account for entry in entries}) > ACCOUNTS_MAX:
        raise rejected("malformed")
    return Act(
        kind,
        act_id,
        body.at,
        None if body.facts is None else body.facts.account,
        entries,
        body.commitment,
        body.programme,
        canonical(content),
        body.redeemed,
        said=facts,
        unlike=None if body.not_worked_out is None else parked("not-worked-out"),
        **named,
    )


def _entries(facts: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The entries of a body, whose shape has been checked."""
    try:
        return tuple(Entry.from_json(each) for each in facts.get("entries", ()))
    except ValueError as error:  # a day that no calendar has
        raise rejected("malformed") from error


_ENVELOPE = TypeAdapter(_Envelope)
_SALE = TypeAdapter(_SaleBody)
_RETURN = TypeAdapter(_ReturnBody)
_VOID = TypeAdapter(_VoidBody)
_ATTACH = TypeAdapter(_AttachBody)
_REDEMPTION = TypeAdapter(_RedemptionBody)
_ACTION = TypeAdapter(_ActionBody)
_ANSWER = TypeAdapter(_AnswerBody)
_MEMBER = TypeAdapter(_MemberBody)
_CONSENT = TypeAdapter(_ConsentBody)

_READERS = {
    RecordKind.SALE.value: _read_sale,
    RecordKind.RETURN.value: _read_return,
    RecordKind.VOID.value: _read_void,
    RecordKind.ATTACH.value: _read_attach,
    RecordKind.REDEMPTION.value: _read_redemption,
    RecordKind.ACTION.value: _read_action,
    RecordKind.ANSWER.value: _read_answer,
    RecordKind.MEMBER.value: _read_member,
    RecordKind.CONSENT.value: _read_consent,
}
"""One reader per kind of record; a new kind is a line here and a model above."""

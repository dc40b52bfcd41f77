"""Reading the body of a record. Pure: bytes in, an act or a reason out.

A body is what a till of any version wrote, or what somebody made to look like it: everything is checked, nothing
is guessed. What is newer than this code is parked, what is wrong is rejected.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, TypeAdapter, ValidationError

from edge_agent.domain.cards import CODE_CHARACTERS_MAX, holds_payment_card, normalised
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.record import BODY_VERSION, Attachment, RecordKind, canonical
from sync.wire import RecordState

ENTRIES_MAX = 5_000
"""500 lines with ten rules each."""

ENTRY_QUANTITY_MAX = 10**12
"""Far above any sale and far below 64 bits, so that sums stay exact."""


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


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


_RecordId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_ActId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
_Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]


class BodyEntry(_Fact):
    """One entry as a till recorded it."""

    kind: EntryKind
    unit: _Name
    quantity: Annotated[StrictInt, Field(ge=-ENTRY_QUANTITY_MAX, le=ENTRY_QUANTITY_MAX)]
    rule: Annotated[str, Field(max_length=128, pattern=r"^[^\x00]*$")]
    line: Annotated[StrictInt, Field(ge=-(2**31), lt=2**31)] | None = None
    lot: _RecordId | None = None
    expires_on: date | None = None


class BodyFacts(_Fact):
    """What the award was worked out from; central needs the account."""

    account: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]


class _Envelope(_Fact):
    v: StrictInt
    kind: str
    id: str
    terminal: str
    epoch: str
    seq: StrictInt


class _Body(_Fact):
    at: datetime
    facts: BodyFacts | None = None
    entries: Annotated[tuple[BodyEntry, ...], Field(max_length=ENTRIES_MAX)] = ()
    commitment: str | None = None


class _SaleNames(_Fact):
    sale_id: _ActId


class _SaleBody(_Body):
    sale: _SaleNames
    basket: dict[str, Any]


class _ReturnNames(_Fact):
    return_id: _ActId
    sale_id: _ActId
    original: _RecordId | None
    lines: list[dict[str, Any]]


class _ReturnBody(_Body):
    returned: _ReturnNames = Field(alias="return")


class _VoidNames(_Fact):
    void_id: _ActId
    sale_id: _ActId
    original: _RecordId | None


class _VoidBody(_Body):
    void: _VoidNames


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who a record is, as intake stored it; the body has to say the same."""

    terminal: str
    epoch: str
    seq: int
    record_id: str


@dataclass(frozen=True, slots=True)
class Act:
    """What a till did. `content` is what has to be the same when the same act is recorded again."""

    kind: RecordKind
    act_id: str
    sale_id: str
    account: str | None
    entries: tuple[BodyEntry, ...]
    commitment: str | None
    content: bytes
    original: str | None = None


@dataclass(frozen=True, slots=True)
class KnownAttachment:
    """What central reads of an attachment. With `holds_payment_card` it must not be kept."""

    card: str | None = None
    holds_payment_card: bool = False


def kind_of(body: bytes) -> str | None:
    """What a body says that it is, for lists; None when it says nothing readable."""
    try:
        kind = json.loads(body).get("kind")
    except (ValueError, AttributeError, RecursionError):
        return None
    return kind[:32] if isinstance(kind, str) and "\0" not in kind else None


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
    if act.entries and act.account is None:
        raise rejected("malformed")
    return act


def read_attachment(act: Act, attachment: Attachment | None) -> KnownAttachment:
    """The card of a sale, checked against what the body commits to; raises `Unpostable`.

    A payment card is no card of a member's; elsewhere in the attachment (in an article's name) it costs nobody
    their points, and the attachment is not kept.
    """
    if attachment is None:
        return KnownAttachment()
    if attachment.commitment != act.commitment:
        raise rejected("attachment")
    try:
        text = attachment.content.decode()
        content = json.loads(text)
        card = content.get("card") if isinstance(content, dict) else None
        code = None if card is None else card["code"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise rejected("attachment") from error
    forbidden = holds_payment_card(text)
    if code is None:
        return KnownAttachment(None, forbidden)
    if not isinstance(code, str) or not 0 < len(code) <= CODE_CHARACTERS_MAX or "\0" in code:
        raise rejected("attachment")
    code = normalised(code)
    return KnownAttachment(None if holds_payment_card(code) else code, forbidden)


def _object(body: bytes) -> dict[str, Any]:
    try:
        facts = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise rejected("malformed") from error
    if not isinstance(facts, dict):
        raise rejected("malformed")
    return facts


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
    kinds = {each.get("kind") for each in entries if isinstance(each, dict)}
    return any(isinstance(kind, str) and kind not in set(EntryKind) for kind in kinds)


def _read_sale(facts: Mapping[str, Any]) -> Act:
    body = _SALE.validate_python(facts)
    _require_kind(body.entries, EntryKind.EARN)
    content = canonical({"basket": body.basket, "member": body.facts is not None})
    return _act(RecordKind.SALE, body.sale.sale_id, body.sale.sale_id, body, content)


def _read_return(facts: Mapping[str, Any]) -> Act:
    body = _RETURN.validate_python(facts)
    _require_kind(body.entries, EntryKind.REVERSE)
    named = body.returned
    content = canonical({"sale": named.sale_id, "lines": named.lines})
    return _act(
        RecordKind.RETURN, named.return_id, named.sale_id, body, content, original=named.original
    )


def _read_void(facts: Mapping[str, Any]) -> Act:
    body = _VOID.validate_python(facts)
    _require_kind(body.entries, EntryKind.REVERSE)
    named = body.void
    content = canonical({"sale": named.sale_id})
    return _act(
        RecordKind.VOID, named.void_id, named.sale_id, body, content, original=named.original
    )


def _act(
    kind: RecordKind,
    act_id: str,
    sale_id: str,
    body: _Body,
    content: bytes,
    original: str | None = None,
) -> Act:
    account = None if body.facts is None else body.facts.account
    return Act(kind, act_id, sale_id, account, body.entries, body.commitment, content, original)


def _require_kind(entries: Sequence[BodyEntry], kind: EntryKind) -> None:
    if any(entry.kind is not kind for entry in entries):
        raise rejected("malformed")


_ENVELOPE = TypeAdapter(_Envelope)
_SALE = TypeAdapter(_SaleBody)
_RETURN = TypeAdapter(_ReturnBody)
_VOID = TypeAdapter(_VoidBody)

_READERS = {
    RecordKind.SALE.value: _read_sale,
    RecordKind.RETURN.value: _read_return,
    RecordKind.VOID.value: _read_void,
}
"""One reader per kind of record; a new kind is a line here and a model above."""

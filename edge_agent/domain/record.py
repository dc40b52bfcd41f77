"""A record and the exact bytes that are hashed, stored and sent.

Everything that decides what those bytes are lives here. A body never holds a card, a name, a phone number,
free text or a hash of one: those are in the attachment, to which the body commits with a salted hash, so
that an attachment can be erased and the chain stays whole.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

BODY_VERSION = 1
"""Raised only when a reader of the old form would misread the new one; fields are otherwise only added."""

HASH_BYTES = 32
GENESIS = bytes(HASH_BYTES)
"""What the first record of an epoch names as its predecessor's hash."""

BODY_BYTES_MAX = 1_048_576
"""A sale of 500 lines with long categories is some 200 KB; central refuses to store more than this per record."""

SALT_BYTES = 16


class RecordKind(StrEnum):
    """The acts at the till that are recorded.

    Every body has `entries`, `facts` (`MemberFacts`, null without a member) and `programme` (its digest), and names its
    act under a key of its own. `redeemed` (`Redeemed`, each) are the redemptions that a sale or redemption charged.
    `not_worked_out` is there where the rules failed on it, and is the kind of failure: nothing is given or taken.

    - `sale` `{sale_id, quote_id?}`, with `basket`, `notes`, what the rules had to say besides entries (`Outcome.note`),
      by rule, and `quoted_at`, the time that it was worked out for where a quote was made at another than `at`; with
      `undrawn` true it is as it was quoted, with nothing drawn by chance, since the rules failed on it;
    - `return` `{return_id, sale_id, original, lines, after?}` and `void` `{void_id, sale_id, original, lines, after?}`:
      `original` is the record's id, null where the till does not know the sale; `after` are the ids of the records by
      which something of it came back before; `programme` is that of the sale; where the till does not know the sale,
      `told` `{at, lines}` is what the POS says of it, and `sold_at` the terminal that its receipt names;
    - `attach` `{sale_id, original}`: a card that was attached to the sale `original`, which was made without one; with
      `basket`, `reductions` and `notes` as of the sale, and dated as it: what it gives has the sale's day;
    - `redemption` `{redemption_id, ...}`: committed without a sale;
    - `action` `{action_id, action, times?, channel?}`: more than buying, such as a check-in, a recycled bottle or an
      offer that is activated; without `channel` it is `STORE_CHANNEL`, as in `answer` and `member`;
    - `answer` `{answer_id, question, value, case?, channel?}`: `value` is a number or one of the declared choices,
      `case` is true where it opens a case; what the customer wrote is `text` in the attachment;
    - `consent` `{consent_id, consents}`: what a member agreed to or took back later on, as in `member`;
    - `member` `{member_id, consents: [{purpose, version, given}], referred_by?, channel?}`: enrolled at the till and
      provisional until central confirms, with `card` and `profile` in the attachment. Of a profile central knows
      `display_name`, `email`, `phone`, `birthday` (a day with its year), `language` and `channel`, the one that they
      are spoken to by; any other text is an attribute.
    """

    SALE = "sale"
    RETURN = "return"
    VOID = "void"
    ATTACH = "attach"
    REDEMPTION = "redemption"
    ACTION = "action"
    ANSWER = "answer"
    MEMBER = "member"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands.

    `terminal` is store/till, `epoch` the random id of one database, `seq` gapless from 1 in it.
    """

    terminal: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The times that a record was made at.

    `wall` is the trusted time (never runs backwards), `boot_id` and `boot_ms` order records within one boot of the
    machine, and `flagged` says that the POS's time was more than a day from ours and ours was used.
    """

    wall: datetime
    boot_id: str
    boot_ms: int
    flagged: bool = False

    def to_json(self) -> dict[str, Any]:
        """The reading as a record holds it."""
        facts = {"wall": self.wall.isoformat(), "boot": self.boot_id, "boot_ms": self.boot_ms}
        return facts | ({"flagged": True} if self.flagged else {})


@dataclass(frozen=True, slots=True)
class Attachment:
    """The personal facts of a record and the salt that its commitment was made with."""

    salt: bytes
    content: bytes

    @property
    def commitment(self) -> str:
        """SHA-256 of salt and content, in hex; without the salt nothing about the content can be tried out."""
        return hashlib.sha256(self.salt + self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Record:
    """One link of the chain. `hash` = SHA-256(`previous` + `body`)."""

    seq: int
    id: str
    kind: RecordKind
    at: datetime
    previous: bytes
    hash: bytes
    body: bytes
    attachment: Attachment | None = None


_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)

_NO_MORE_THAN_JSON = (
    orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
)


def canonical(value: Mapping[str, Any]) -> bytes:
    """JSON in one form only: sorted keys, no spaces, UTF-8, and nothing escaped that need not be.

    The standard library's encoder says what the bytes are; orjson makes the same ones in a tenth of the time. Raises
    TypeError for what is no JSON and UnicodeEncodeError for half a character. No binary float may stand in it.
    """
    try:
        return orjson.dumps(value, option=_NO_MORE_THAN_JSON)
    except orjson.JSONEncodeError:
        # No JSON, or an integer beyond 64 bits, which central may be sent.
        return _CANONICAL.encode(value).encode()


def chain_hash(previous: bytes, body: bytes) -> bytes:
    """The hash of a record whose predecessor has the hash `previous`."""
    return hashlib.sha256(previous + body).digest()


def make_attachment(salt: bytes, content: Mapping[str, Any]) -> Attachment | None:
    """Keep personal facts apart from the body; None when there are none."""
    return Attachment(salt, canonical(content)) if content else None


def in_epoch(body: bytes, digest: bytes, epoch: str) -> bytes:
    """The body of a record that another epoch takes over, with where it was before: its epoch and its hash there."""
    facts = json.loads(body)
    before = {"epoch": facts["epoch"], "hash": digest.hex()}
    return canonical({**facts, "epoch": epoch, "before": before})


def make_record(
    position: Position,
    record_id: str,
    kind: RecordKind,
    at: datetime,
    clock: ClockReading,
    previous: bytes,
    facts: Mapping[str, Any],
    attachment: Attachment | None,
) -> Record:
    """Put the envelope around the facts of one act and link it to the chain.

    Raises ValueError where a fact has the name of a part of the envelope, which it would silently replace.
    """
    envelope: dict[str, Any] = {
        "v": BODY_VERSION,
        "kind": kind.value,
        "id": record_id,
        "terminal": position.terminal,
        "epoch": position.epoch,
        "seq": position.seq,
        "at": at.isoformat(),
        "clock": clock.to_json(),
    }
    if attachment is not None:
        envelope["commitment"] = attachment.commitment
    taken = (envelope.keys() | {"commitment"}) & facts.keys()
    if taken:
        raise ValueError(
            f"facts may not be named as the envelope's parts: {', '.join(sorted(taken))}"
        )
    raw = canonical({**envelope, **facts})
    return Record(
        position.seq, record_id, kind, at, previous, chain_hash(previous, raw), raw, attachment
    )

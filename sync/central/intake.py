"""Intake: takes the bytes of records, and nothing else.

One transaction for one push, which holds the journal: what reaches another process meanwhile waits. A record is taken
when it continues the chain of its (terminal, epoch): the next number, the hash of the one before as `previous`, and a
hash that its bytes really have. What follows a gap or a broken link is not taken; the answer says where the chain ends
and the terminal sends again from there. The body is stored before anybody tries to understand it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Connection, insert, select, update

from edge_agent.domain.record import BODY_BYTES_MAX, chain_hash
from sync.central import epochs
from sync.central.checkpoints import checkpoint_of
from sync.central.database import Database
from sync.central.refusals import Refusal, list_refusal
from sync.central.tables import acts, attachments, chains, records
from sync.central.times import Clock, stored
from sync.signing import head_statement, is_signed_by
from sync.wire import RecordsMessage, SignedCheckpoint, SignedPosition, WireRecord

_log = structlog.get_logger("central.intake")

RECORD_DIFFERS = "record-differs"
FOLDED = "folded"

PUT_BACK = "central-put-back"
"""What is listed where a terminal has central's signature for more than central holds."""

_NO_FAULT = frozenset({"gap", FOLDED})
"""What is nobody's mistake, and so not listed: the terminal goes on from the position in the answer."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one push brought, and why (`stopped_by`) the record `stopped_at` and those after it were not considered.

    `checkpoint` is what that record was folded into, where it was, and `same_upto` up to which of those sent from it on
    the same were received, as far as that can be told.
    """

    received: int
    head: bytes
    fresh: int = 0
    repeats: int = 0
    stopped_by: str | None = None
    stopped_at: int | None = None
    checkpoint: SignedCheckpoint | None = None
    closed_by: str | None = None
    quarantined: str | None = None
    holds_before: int | None = None
    same_upto: int = 0


@dataclass(slots=True)
class _Push:
    """One push being taken."""

    terminal: str
    epoch: str
    received: int
    head: bytes
    at: str
    known: dict[int, bytes]
    journal: epochs.Journal
    checkpoint: SignedCheckpoint | None
    repeats: int = 0
    fresh: list[WireRecord] = field(default_factory=list)


class Intake:
    """Stores what terminals send."""

    def __init__(self, database: Database, clock: Clock, public_key: bytes) -> None:
        """`public_key` is that of central, which signs positions."""
        self._database = database
        self._clock = clock
        self._public_key = public_key

    def take(self, message: RecordsMessage, *, ended: bool = False) -> Taken:
        """Store the records that continue the chain; the terminal has been checked against its key.

        `ended` says that the key is not the terminal's any more: then they are laid aside.
        """
        at = stored(self._clock())
        return self._database.transaction(
            lambda connection: _take(connection, message, at, self._public_key, ended=ended)
        )


def _take(
    connection: Connection, message: RecordsMessage, at: str, public_key: bytes, *, ended: bool
) -> Taken:
    push = _open(connection, message, at, ended=ended)
    if message.signed is not None and _held_more(push, message.signed, public_key):
        _list_put_back(connection, push, message.signed)
    for record in message.records:
        reason = _consider(push, record)
        if reason is not None:
            if reason not in _NO_FAULT:
                refusal = Refusal(
                    push.terminal, reason, push.epoch, record.seq, record.hash, record.id
                )
                list_refusal(connection, refusal, push.at)
            break
    else:
        reason, record = None, None
    _store(connection, push)
    return Taken(
        push.received,
        push.head,
        len(push.fresh),
        push.repeats,
        reason,
        None if record is None else record.seq,
        push.checkpoint if reason == FOLDED else None,
        push.journal.closed_by,
        push.journal.quarantined,
        push.journal.holds_before,
        _same_upto(connection, push, message.records) if reason == FOLDED else 0,
    )


def _same_upto(connection: Connection, push: _Push, sent: Sequence[WireRecord]) -> int:
    """From the first folded one on, up to which of these was received as it is sent: by hash, or by id if folded."""
    again = [each for each in sent if each.seq <= push.received]
    ids = select(acts.c.record_id).where(
        acts.c.terminal == push.terminal,
        acts.c.epoch == push.epoch,
        acts.c.folded.is_not(None),
        acts.c.record_id.in_([each.id for each in again]),
    )
    folded = set(connection.scalars(ids))
    upto = 0
    for each in again:
        known = push.known.get(each.seq)
        is_same = each.id in folded if known is None else known.hex() == each.hash
        if not is_same:
            break
        upto = each.seq
    return upto


def _held_more(push: _Push, signed: SignedPosition, public_key: bytes) -> bool:
    """Whether central has signed that it holds more of this journal than it does."""
    if signed.received <= push.received:
        return False
    statement = head_statement(push.terminal, push.epoch, signed.received, signed.head)
    return is_signed_by(public_key, bytes.fromhex(signed.signature), statement)


def _list_put_back(connection: Connection, push: _Push, signed: SignedPosition) -> None:
    """What is in central's place came from a backup, or is a server that was behind.

    The terminal sends its records again; what only central knew is gone, and somebody has to hear of it.
    """
    refusal = Refusal(push.terminal, PUT_BACK, push.epoch, signed.received, signed.head)
    list_refusal(connection, refusal, push.at)
    _log.error(
        "central was put back",
        terminal=push.terminal,
        epoch=push.epoch,
        held=signed.received,
        holds=push.received,
    )


def _open(connection: Connection, message: RecordsMessage, at: str, *, ended: bool) -> _Push:
    journal = epochs.opened(connection, message, at, ended=ended)
    received = journal.received
    repeated = [record.seq for record in message.records if record.seq <= received]
    known: dict[int, bytes] = {}
    if repeated:
        rows = connection.execute(
            select(records.c.seq, records.c.hash).where(
                records.c.terminal == message.terminal,
                records.c.epoch == message.epoch,
                records.c.seq.in_(repeated),
            )
        )
        known = {row.seq: row.hash for row in rows}
    checkpoint = None
    if len(known) < len(set(repeated)):
        checkpoint = checkpoint_of(connection, message.terminal, message.epoch)
    return _Push(
        message.terminal, message.epoch, received, journal.head, at, known, journal, checkpoint
    )


def _consider(push: _Push, record: WireRecord) -> str | None:
    """Count a repeat or put a fresh record in line; otherwise say why not."""
    body = record.body.encode()
    previous = bytes.fromhex(record.previous)
    real = chain_hash(previous, body)
    if record.seq <= push.received:
        return _repeat(push, record.seq, real)
    if record.seq > push.received + 1:
        return "gap"
    if real.hex() != record.hash or previous != push.head:
        return "broken-chain"
    if len(body) > BODY_BYTES_MAX:
        return "too-large"
    push.fresh.append(record)
    push.received = record.seq
    push.head = real
    push.known[record.seq] = real
    return None


def _repeat(push: _Push, seq: int, real: bytes) -> str | None:
    """Count a record under a number that was received before; what was folded cannot be compared any more."""
    upto = 0 if push.checkpoint is None else push.checkpoint.position
    if seq not in push.known and push.journal.begins_after < seq <= upto:
        return FOLDED
    if push.known.get(seq) != real:
        return RECORD_DIFFERS
    push.repeats += 1
    return None


def _store(connection: Connection, push: _Push) -> None:
    """Write the fresh records and the new received position."""
    if not push.fresh:
        return
    taken = _ids_taken(connection, push.fresh)
    new = []
    for record in push.fresh:
        new.append(_row(push, record, id_is_taken=record.id in taken))
        taken.add(record.id)
    if push.journal.quarantined is not None:
        aside = epochs.parked_from_now(connection, len(new))
        new = [row | state for row, state in zip(new, aside, strict=True)]
    rows = connection.scalars(_INSERT, new).all()
    attached = [
        {
            "record": row,
            "salt": bytes.fromhex(record.attachment.salt),
            "content": record.attachment.content.encode(),
        }
        for row, record in zip(rows, push.fresh, strict=True)
        if record.attachment is not None
    ]
    if attached:
        connection.execute(insert(attachments), attached)
    connection.execute(
        update(chains)
        .where(chains.c.terminal == push.terminal, chains.c.epoch == push.epoch)
        .values(received=push.received, head=push.head, last_at=push.at)
    )


_INSERT = insert(records).returning(records.c.row, sort_by_parameter_order=True)


def _row(push: _Push, record: WireRecord, *, id_is_taken: bool) -> dict[str, Any]:
    return {
        "terminal": push.terminal,
        "epoch": push.epoch,
        "seq": record.seq,
        "record_id": None if id_is_taken else record.id,
        "claimed_id": record.id,
        "previous": bytes.fromhex(record.previous),
        "hash": bytes.fromhex(record.hash),
        "body": record.body.encode(),
        "received_at": push.at,
    }


def _ids_taken(connection: Connection, fresh: list[WireRecord]) -> set[str]:
    """Which of the ids belong to records received before. Such a record is stored and then rejected."""
    rows = connection.execute(
        select(records.c.record_id).where(records.c.record_id.in_([each.id for each in fresh]))
    )
    return {row.record_id for row in rows}

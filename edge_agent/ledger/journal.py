"""The journal: append, read, send from, verify.

Every function here works inside a transaction that the caller opened, or on a read-only connection.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlite_utils import Database

from edge_agent.domain.record import (
    GENESIS,
    Attachment,
    Record,
    RecordKind,
    chain_hash,
    in_epoch,
)
from edge_agent.errors import RecordDamaged
from edge_agent.ledger import derived


@dataclass(frozen=True, slots=True)
class Head:
    """The last record: its number and hash. 0 and zeros for an empty journal."""

    seq: int = 0
    hash: bytes = GENESIS


def head(db: Database) -> Head:
    """Where the chain ends. After the last record of an epoch before stand zeros, as before the first of all."""
    row = db.execute("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1").fetchone()
    return Head() if row is None else Head(row[0], GENESIS if row[0] in _ends(db) else row[1])


def hash_at(db: Database, seq: int) -> bytes | None:
    """What the record after `seq` names as its predecessor's hash; None where there is no such record."""
    if seq == 0 or seq in _ends(db):
        return GENESIS
    row = db.execute("SELECT hash FROM records WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else bytes(row[0])


def _ends(db: Database) -> set[int]:
    """After which records another epoch begins. One that began earlier took over what a former one had begun with."""
    rows = db.execute(
        "SELECT begins_after FROM epochs e WHERE begins_after > 0 AND NOT EXISTS"
        " (SELECT 1 FROM epochs l WHERE l.number > e.number AND l.begins_after < e.begins_after)"
    )
    return {row[0] for row in rows}


def begin_epoch(db: Database, epoch: str, agreed: int, now: datetime) -> None:
    """Go on in another epoch after the record `agreed`; what came after it keeps its number and is chained anew."""
    previous = GENESIS
    rows = db.execute("SELECT seq, body, hash FROM records WHERE seq > ? ORDER BY seq", (agreed,))
    for seq, body, digest in rows.fetchall():
        taken_over = in_epoch(body, digest, epoch)
        previous = chain_hash(previous, taken_over)
        db.execute(
            "UPDATE records SET hash = ?, body = ? WHERE seq = ?", (previous, taken_over, seq)
        )
    db.execute("DELETE FROM record_states WHERE seq > ?", (agreed,))
    db.execute("UPDATE outbox SET received = ?, head = ?, signature = NULL", (agreed, GENESIS))
    db.execute("UPDATE identity SET epoch = ?", (epoch,))
    db.execute(
        "INSERT INTO epochs (epoch, begins_after, begun_at) VALUES (?, ?, ?)",
        (epoch, agreed, now.isoformat()),
    )


def append(db: Database, record: Record) -> None:
    """Write one record; the caller has linked it to the head within the same transaction."""
    db.execute(
        "INSERT INTO records (seq, id, hash, body) VALUES (?, ?, ?, ?)",
        (record.seq, bytes.fromhex(record.id), record.hash, record.body),
    )
    if record.attachment is not None:
        db.execute(
            "INSERT INTO attachments (seq, salt, content) VALUES (?, ?, ?)",
            (record.seq, record.attachment.salt, record.attachment.content),
        )


def body_of(db: Database, seq: int) -> dict[str, Any]:
    """The facts of one record. Raises KeyError for a seq that is not there."""
    row = db.execute("SELECT body FROM records WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        raise KeyError(seq)
    body: dict[str, Any] = json.loads(row[0])
    return body


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as it lies in the journal, whether or not it can be read."""

    seq: int
    id: str
    previous: bytes
    hash: bytes
    body: bytes
    attachment: Attachment | None

    def read(self) -> Record | None:
        """The record; None where the body is damaged."""
        try:
            facts = orjson.loads(self.body)
            kind, at = RecordKind(facts["kind"]), datetime.fromisoformat(facts["at"])
        except (ValueError, KeyError, TypeError):
            return None
        return Record(
            self.seq, self.id, kind, at, self.previous, self.hash, self.body, self.attachment
        )


def stored_after(db: Database, after: int, count_max: int) -> Iterator[Stored]:
    """What lies in the journal from `after` + 1 on, in order, at most `count_max`."""
    rows = db.execute(
        "SELECT r.seq, r.id, r.hash, r.body, a.salt, a.content FROM records r LEFT JOIN attachments a USING (seq)"
        " WHERE r.seq > ? ORDER BY r.seq LIMIT ?",
        (after, count_max),
    )
    previous = hash_at(db, after) or GENESIS
    for seq, record_id, digest, body, salt, content in rows:
        attachment = None if salt is None else Attachment(salt, content)
        yield Stored(seq, record_id.hex(), previous, digest, body, attachment)
        previous = digest


def records_after(
    db: Database, after: int, count_max: int, bytes_max: int | None = None
) -> list[Record]:
    """Records in order from `after` + 1 on, at most `count_max` and, beyond the first, `bytes_max` of bodies.

    They end before a damaged one, so that what is before it is sent. Raises RecordDamaged where it is the first.
    """
    found: list[Record] = []
    size = 0
    for stored in stored_after(db, after, count_max):
        attachment = stored.attachment
        size += len(stored.body) + (0 if attachment is None else len(attachment.content))
        if found and bytes_max is not None and size > bytes_max:
            break
        record = stored.read()
        if record is None:
            if found:
                break
            raise RecordDamaged(
                f"record {stored.seq} of the journal is damaged and cannot be read; `journal verify` says what else is"
            )
        found.append(record)
    return found


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with the chain at `seq`, in words."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk over the whole chain found; it is whole when there are no faults."""

    records: int
    head: Head
    faults: tuple[Fault, ...]


FAULTS_SHOWN_MAX = 100
"""One changed byte gives one fault; a hundred of them are not read one by one."""


def verify(db: Database, received: Head) -> Verification:
    """Walk the chain from its beginning and compare every hash, number, envelope and commitment.

    Where the chain is whole, what is derived from it is worked out again and compared too.
    `received` is central's word on how far it holds the chain and with which hash: a cut tail shows there.
    """
    faults: list[Fault] = []
    previous, expected, count = GENESIS, 1, 0
    hash_at_received = GENESIS
    ends = _ends(db)
    for seq, record_id, digest, body, salt, content in _all_rows(db):
        for what in _faults_of(seq, expected, record_id, digest, previous, body, salt, content):
            if len(faults) < FAULTS_SHOWN_MAX:
                faults.append(Fault(seq, what))
        previous = GENESIS if seq in ends else digest
        if seq == received.seq:
            hash_at_received = previous
        expected, count = seq + 1, count + 1
    last = Head(expected - 1, previous)
    if received.seq > last.seq:
        faults.append(
            Fault(
                received.seq,
                f"the journal ends at {last.seq}, but central holds it up to {received.seq}",
            )
        )
    elif received.seq and hash_at_received != received.hash:
        faults.append(
            Fault(received.seq, "is not the record that central received under this number")
        )
    if not faults:
        faults += [
            Fault(last.seq, f"{table} is not what the records come to")
            for table in derived.differing_tables(db)
        ]
    return Verification(count, last, tuple(faults))


def _all_rows(db: Database) -> Iterator[Sequence[Any]]:
    return iter(
        db.execute(
            "SELECT r.seq, r.id, r.hash, r.body, a.salt, a.content"
            " FROM records r LEFT JOIN attachments a USING (seq) ORDER BY r.seq"
        )
    )


def _faults_of(
    seq: int,
    expected: int,
    record_id: bytes,
    digest: bytes,
    previous: bytes,
    body: bytes,
    salt: bytes | None,
    content: bytes | None,
) -> Iterator[str]:
    if seq != expected:
        missing = f"{expected}" if seq == expected + 1 else f"{expected} to {seq - 1}"
        yield f"record {missing} before it is missing"
    elif chain_hash(previous, body) != digest:
        yield "its content, its hash or its predecessor was changed"
    try:
        facts = json.loads(body)
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        yield "its body is not a JSON object"
        return
    if (facts.get("seq"), facts.get("id")) != (seq, record_id.hex()):
        yield f"its body says that it is record {facts.get('seq')} with id {facts.get('id')}: moved or renamed"
    attachment = None if salt is None or content is None else Attachment(salt, content)
    if attachment is not None and attachment.commitment != facts.get("commitment"):
        yield "its attachment is not the one that it commits to"

"""A small till: real SQLite files behind the ports of sync."""

import contextlib
import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from edge_agent.domain.record import (
    GENESIS,
    Attachment,
    ClockReading,
    Position,
    Record,
    RecordKind,
    make_attachment,
    make_record,
)
from sync.errors import HeadDiffers
from sync.ports import MembersAsOf, MemberUpdate
from sync.wire import MemberDelta, ProgrammeDelta, StateOfRecord

TERMINAL = "0412/03"
EPOCH = "0" * 31 + "1"
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class SmallJournal:
    """An outbox in one SQLite file; made again on the same file it knows what the one before knew."""

    def __init__(self, path: Path, terminal: str = TERMINAL, epoch: str = EPOCH) -> None:
        self._terminal = terminal
        self._epoch = epoch
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(
            """
            PRAGMA journal_mode=WAL;
            CREATE TABLE IF NOT EXISTS record(
                seq INTEGER PRIMARY KEY, id TEXT, previous BLOB, hash BLOB, body BLOB, salt BLOB,
                personal BLOB) STRICT;
            CREATE TABLE IF NOT EXISTS received(seq INTEGER) STRICT;
            CREATE TABLE IF NOT EXISTS state(seq INTEGER PRIMARY KEY, state TEXT, code TEXT) STRICT;
            INSERT INTO received SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM received);
            """
        )
        self.largest_batch = 0
        self.marks: list[int] = []

    @property
    def terminal(self) -> str:
        return self._terminal

    @property
    def epoch(self) -> str:
        return self._epoch

    def close(self) -> None:
        self._db.close()

    def record(self, count: int = 1, note: str = "", personal: str = "") -> None:
        """Record so many sales."""
        with self._lock:
            seq, head = self._tip()
            self._db.execute("BEGIN IMMEDIATE")
            for _ in range(count):
                seq += 1
                record = sale(seq, head, note, personal, self._terminal, self._epoch)
                head = record.hash
                self._insert(record)
            self._db.execute("COMMIT")

    def _insert(self, record: Record) -> None:
        extra = record.attachment
        self._db.execute(
            "INSERT INTO record VALUES (?,?,?,?,?,?,?)",
            (
                record.seq,
                record.id,
                record.previous,
                record.hash,
                record.body,
                None if extra is None else extra.salt,
                None if extra is None else extra.content,
            ),
        )

    def _tip(self) -> tuple[int, bytes]:
        row = self._db.execute("SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1").fetchone()
        return (0, GENESIS) if row is None else (row[0], row[1])

    def waiting(self, after: int, count_max: int, bytes_max: int) -> Sequence[Record]:
        batch: list[Record] = []
        size = 0
        with self._lock:
            rows = self._db.execute(
                "SELECT * FROM record WHERE seq > ? ORDER BY seq LIMIT ?", (after, count_max)
            )
            for seq, record_id, previous, digest, body, salt, personal in rows:
                extra = None if salt is None else Attachment(salt, personal)
                size += len(body) + (0 if personal is None else len(personal))
                if batch and size > bytes_max:
                    break
                batch.append(
                    Record(seq, record_id, RecordKind.SALE, AT, previous, digest, body, extra)
                )
        self.largest_batch = max(self.largest_batch, len(batch))
        return batch

    def received(self) -> int:
        with self._lock:
            return int(self._db.execute("SELECT seq FROM received").fetchone()[0])

    def last_seq(self) -> int:
        with self._lock:
            return self._tip()[0]

    def mark_received(self, seq: int, head: bytes | None) -> None:
        with self._lock:
            row = self._db.execute("SELECT hash FROM record WHERE seq = ?", (seq,)).fetchone()
            ours = None if row is None else row[0]
            if ours != head:
                raise HeadDiffers(f"at {seq} central's chain is not ours")
            self._db.execute("UPDATE received SET seq = ?", (seq,))
            self.marks.append(seq)

    def keep_states(self, states: Sequence[StateOfRecord]) -> None:
        with self._lock:
            self._db.executemany(
                "INSERT OR REPLACE INTO state VALUES (?,?,?)",
                [(state.seq, state.state.value, state.code) for state in states],
            )

    def states(self) -> dict[int, str]:
        with self._lock:
            return dict(self._db.execute("SELECT seq, state FROM state"))


def sale(
    seq: int,
    previous: bytes,
    note: str = "",
    personal: str = "",
    terminal: str = TERMINAL,
    epoch: str = EPOCH,
) -> Record:
    """One record; another `note` makes another chain."""
    record_id = hashlib.sha256(f"{terminal}{epoch}{note}{seq}".encode()).hexdigest()[:32]
    return make_record(
        Position(terminal, epoch, seq),
        record_id,
        RecordKind.SALE,
        AT,
        ClockReading(AT, "boot", seq),
        previous,
        {"note": note, "points": seq % 7},
        make_attachment(bytes(16), {"name": personal} if personal else {}),
    )


class SmallMembers:
    """A members file that an update builds aside or changes in a transaction."""

    def __init__(self, path: Path, journal: SmallJournal) -> None:
        self._path = path
        self._aside = path.with_suffix(".new")
        self._epoch = journal.epoch
        self.fresh_builds = 0
        self.fail_at_commit: Exception | None = None

    def position(self) -> MembersAsOf | None:
        if not self._path.exists():
            return None
        with contextlib.closing(sqlite3.connect(self._path)) as db:
            row = db.execute("SELECT * FROM position").fetchone()
        if row is None:
            return None
        return MembersAsOf(row[0], row[1], row[2], datetime.fromisoformat(row[3]), row[4])

    def refs(self) -> dict[str, int]:
        """Points by ref, as a till would see them now."""
        if not self._path.exists():
            return {}
        with contextlib.closing(sqlite3.connect(self._path)) as db:
            return dict(db.execute("SELECT ref, points FROM member"))

    @contextlib.contextmanager
    def update(self, *, fresh: bool) -> Iterator[MemberUpdate]:
        target = self._aside if fresh else self._path
        if fresh:
            self._aside.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as db:
            if fresh:
                db.executescript(
                    "CREATE TABLE member(ref TEXT PRIMARY KEY, points INTEGER) STRICT;"
                    "CREATE TABLE position(n INTEGER, epoch TEXT, applied INTEGER, as_of TEXT,"
                    " total INTEGER) STRICT;"
                )
            db.execute("BEGIN IMMEDIATE")
            yield _Update(self, db)
        if fresh and db_is_done(self._aside):
            self.fresh_builds += 1
            self._aside.replace(self._path)
        self._aside.unlink(missing_ok=True)


def db_is_done(path: Path) -> bool:
    """Whether a file that was built aside got its position."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        return bool(db.execute("SELECT count(*) FROM position").fetchone()[0])


class _Update:
    def __init__(self, members: SmallMembers, db: sqlite3.Connection) -> None:
        self._members = members
        self._db = db

    def put(self, members: Sequence[MemberDelta]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO member VALUES (?,?)",
            [(member.ref, sum(lot.quantity for lot in member.lots)) for member in members],
        )

    def commit(self, position: MembersAsOf) -> None:
        if self._members.fail_at_commit is not None:
            raise self._members.fail_at_commit
        self._db.execute("DELETE FROM position")
        self._db.execute(
            "INSERT INTO position VALUES (?,?,?,?,?)",
            (
                position.after,
                position.epoch,
                position.applied_seq,
                position.as_of.isoformat(),
                position.member_count,
            ),
        )
        self._db.execute("COMMIT")


class SmallProgrammes:
    """Keeps a programme whose text does not begin with "bad"."""

    def __init__(self) -> None:
        self.text: str | None = None

    def offer(self, programme: ProgrammeDelta) -> str | None:
        if programme.text.startswith("bad"):
            return "line 1: does not load"
        self.text = programme.text
        return None


class SmallTill:
    """The three stores of one till, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.journal = SmallJournal(folder / "journal.db")
        self.members = SmallMembers(folder / "members.db", self.journal)
        self.programmes = SmallProgrammes()

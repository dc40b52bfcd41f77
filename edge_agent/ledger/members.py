"""The members file as this till has it: who has which card, and what central posted for them.

A SQLite file of its own, so that it can be replaced as a whole while lookups go on. Its position (how far central had
applied our records) stands in the same file as the lots, so every lookup sees both from one snapshot. It can always be
fetched again, so it need not survive a power cut to the last change, only stay whole.
"""

import json
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite3
from sqlite_utils import Database

from edge_agent.domain.allowance import Allowance
from edge_agent.domain.member import Standing
from edge_agent.domain.members_file import (
    APPLICATION_ID,
    FORMAT,
    MEMBER_COLUMNS,
    POSITION_COLUMNS,
    PUT_ALLOWANCE,
    PUT_CARD,
    PUT_JOINED,
    PUT_MEMBER,
    PUT_POSITION,
    TABLES,
    Member,
    MembersPosition,
    member_in,
    position_in,
    position_row,
    row_of,
)
from edge_agent.durable import make_folder, sync_to_disk
from edge_agent.ledger.database import as_ledger_errors, connect

_POINTER = "current"
_MEMBER_WIDTH = MEMBER_COLUMNS.count(",") + 1
_HEADER = struct.Struct(">16s44xI4xI")
"""Of a SQLite file: the magic text, `user_version` at byte 60, `application_id` at 68 (sqlite.org/fileformat2)."""


class NotAMembersFile(Exception):
    """A file that was to be installed is no whole members file of our form; the text says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """A member with the position of the same snapshot."""

    member: Member
    position: MembersPosition


_BY_CARD = (
    f"SELECT {MEMBER_COLUMNS}, {POSITION_COLUMNS} FROM position p, cards c JOIN members m ON m.ref = c.ref"  # noqa: S608
    " WHERE c.key = ?"
)
_BY_REF = (
    f"SELECT {MEMBER_COLUMNS}, {POSITION_COLUMNS} FROM position p, members m WHERE m.ref ="  # noqa: S608
    " coalesce((SELECT account FROM joined WHERE ref = ?1), ?1)"
)
_ALLOWANCE = (
    f"SELECT a.quantity, a.until, {POSITION_COLUMNS} FROM position p, allowances a"  # noqa: S608
    " WHERE account = ? AND unit = ?"
)


class MembersFile:
    """The members file that is current; one thread updates it, any number look up."""

    def __init__(self, folder: Path) -> None:
        """Open, and make when needed, the file in `folder`; one of another format is left, and fetched again."""
        self._folder = folder
        make_folder(folder)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._readers: list[Database] = []
        with as_ledger_errors():
            self._path = self._current_path()
            if self._path.exists() and _form_of(self._path) != (FORMAT, APPLICATION_ID):
                _remove(self._path)
            self._writer = _open_for_writing(self._path)
        self._sweep()

    @property
    def incoming(self) -> Path:
        """A folder on the same disk, for what is on its way here."""
        folder = self._folder / "incoming"
        folder.mkdir(exist_ok=True)
        return folder

    def _current_path(self) -> Path:
        pointer = self._folder / _POINTER
        name = pointer.read_text().strip() if pointer.exists() else "members-1.db"
        return self._folder / name

    def _sweep(self) -> None:
        for path in self._folder.glob("members-*.db"):
            if path != self._path:
                _remove(path)

    def by_card(self, key: bytes) -> Found | None:
        """The member with this card, by the card's keyed hash."""
        return self._found(_BY_CARD, key)

    def by_ref(self, ref: str) -> Found | None:
        """The member with this ref, or whom this ref was joined to."""
        return self._found(_BY_REF, ref)

    def _found(self, query: str, key: bytes | str) -> Found | None:
        with as_ledger_errors():
            row = self._reader().execute(query, (key,)).fetchone()
        if row is None:
            return None
        return Found(member_in(row[:_MEMBER_WIDTH]), position_in(row[_MEMBER_WIDTH:]))

    def allowance(self, account: str, unit: str) -> tuple[Allowance, MembersPosition] | None:
        """What central set aside of an account's unit for this till, with the position of the same snapshot."""
        with as_ledger_errors():
            row = self._reader().execute(_ALLOWANCE, (account, unit)).fetchone()
        if row is None:
            return None
        quantity, until, *position = row
        set_aside = Allowance(account, unit, quantity, datetime.fromisoformat(until))
        return set_aside, position_in(position)

    def position(self) -> MembersPosition | None:
        """Where the file stands; None before the first pull."""
        with as_ledger_errors():
            row = self._reader().execute(f"SELECT {POSITION_COLUMNS} FROM position p").fetchone()  # noqa: S608
        return None if row is None else position_in(row)

    def _reader(self) -> Database:
        path = self._path
        opened: tuple[Path, Database] | None = getattr(self._local, "opened", None)
        if opened is not None and opened[0] == path:
            return opened[1]
        # The new file is opened before the old one is closed, so no lookup ever finds nothing.
        path, reader = self._opened()
        self._local.opened = (path, reader)
        with self._lock:
            self._readers.append(reader)
            if opened is not None:
                self._readers.remove(opened[1])
        if opened is not None:
            opened[1].close()
        return reader

    def _opened(self) -> tuple[Path, Database]:
        """A connection to the current file, whichever that is by the time it is open."""
        while True:
            path = self._path
            try:
                return path, connect(path, read_only=True)
            except sqlite3.OperationalError:
                if path == self._path:
                    raise

    @contextmanager
    def update(self, base: Path | None = None) -> Iterator["MembersUpdate"]:
        """Change the file; nobody sees anything before `commit`.

        `base` is a file that was prepared on this disk: then that one is changed, and takes the place of the current
        one at `commit`; else it is removed. Raises NotAMembersFile where it cannot be used.
        """
        if base is not None:
            yield from self._replacing(base)
            return
        with as_ledger_errors():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield MembersUpdate(self._writer, self._finish)
            finally:
                if self._writer.conn.in_transaction:
                    self._writer.execute("ROLLBACK")

    def _finish(self) -> None:
        self._writer.execute("COMMIT")
        # To nothing: what was taken out of the file is then nowhere any more.
        self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _replacing(self, base: Path) -> Iterator["MembersUpdate"]:
        number = int(self._path.stem.removeprefix("members-")) + 1
        path = self._folder / f"members-{number}.db"
        _remove(path)
        base.replace(path)
        installed = False
        database: Database | None = None

        def finish() -> None:
            nonlocal installed
            assert database is not None  # noqa: S101 - it is open wherever an update is under way
            database.execute("COMMIT")
            self._install(path, database)
            installed = True

        try:
            with as_ledger_errors():
                database = _open_prepared(path)
                database.execute("BEGIN IMMEDIATE")
                yield MembersUpdate(database, finish)
        finally:
            if not installed:
                if database is not None:
                    database.close()
                _remove(path)

    def _install(self, path: Path, database: Database) -> None:
        """Make a complete file the current one: on disk first, then named, then used."""
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        sync_to_disk(path)
        beside = self._folder / f"{_POINTER}.new"
        beside.write_text(path.name)
        sync_to_disk(beside)
        beside.replace(self._folder / _POINTER)
        sync_to_disk(self._folder)
        old_writer, self._writer = self._writer, database
        self._path = path
        old_writer.close()
        self._sweep()

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
        self._writer.close()


class MembersUpdate:
    """An update under way."""

    def __init__(self, db: Database, finish: Callable[[], None]) -> None:
        self._db = db
        self._finish = finish

    def put(self, members: Iterable[Member]) -> None:
        """Take members; each replaces what was there under its ref and under those that were joined to it."""
        for member in members:
            for ref in (member.ref, *member.joined):
                self._forget(ref)
            self._db.execute(PUT_MEMBER, row_of(member))
            self._many(PUT_CARD, member.cards, member.ref)
            self._many(PUT_JOINED, member.joined, member.ref)

    def _forget(self, ref: str) -> None:
        row = self._db.execute("SELECT cards FROM members WHERE ref = ?", (ref,)).fetchone()
        if row is None:
            return
        for key in json.loads(row[0]):
            self._db.execute(
                "DELETE FROM cards WHERE key = ? AND ref = ?", (bytes.fromhex(key), ref)
            )
        self._db.execute("DELETE FROM members WHERE ref = ?", (ref,))

    def _many(self, statement: str, keys: Sequence[bytes] | Sequence[str], ref: str) -> None:
        for key in keys:
            self._db.execute(statement, (key, ref))

    def put_allowances(self, allowances: Iterable[Allowance]) -> None:
        """Take all allowances of this till, in place of those that there were."""
        self._db.execute("DELETE FROM allowances")
        for each in allowances:
            row = (each.account, each.unit, each.quantity, each.until.isoformat())
            self._db.execute(PUT_ALLOWANCE, row)

    def erased(self) -> list[str]:
        """All refs of everybody who was erased, as the file is now."""
        rows = self._db.execute(
            "SELECT ref, joined FROM members WHERE standing = ?", (Standing.ERASED.value,)
        )
        return [ref for own, joined in rows for ref in (own, *json.loads(joined))]

    def commit(self, position: MembersPosition) -> None:
        """Let everything be seen, with its position, at once."""
        self._db.execute(PUT_POSITION, position_row(position))
        self._finish()


def _open_for_writing(path: Path) -> Database:
    database = connect(path, read_only=False)
    database.execute("PRAGMA synchronous=NORMAL").fetchall()
    if not database.tables:
        for statement in TABLES:
            database.execute(statement).fetchall()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return database


def _open_prepared(path: Path) -> Database:
    """A file that was built elsewhere, looked over; raises NotAMembersFile."""
    found = _form_of(path)
    if found != (FORMAT, APPLICATION_ID):
        raise NotAMembersFile(f"its format is {found[0]}, and this till reads {FORMAT}")
    try:
        database = _open_for_writing(path)
        (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        raise  # the disk's fault or its owner's, not the file's
    except sqlite3.DatabaseError as error:
        raise NotAMembersFile(f"SQLite cannot read it: {error}") from error
    if said != "ok":
        database.close()
        raise NotAMembersFile(f"SQLite finds it broken: {said}")
    return database


def _form_of(path: Path) -> tuple[int, int]:
    """`user_version` and `application_id` of a SQLite file; zeros for any other."""
    with path.open("rb") as file:
        header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return 0, 0
    magic, version, application = _HEADER.unpack(header)
    return (version, application) if magic == b"SQLite format 3\0" else (0, 0)


def _remove(path: Path) -> None:
    """Remove a database file and what SQLite keeps beside it."""
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()

"""The members file: who has which card, and what central posted for them.

A SQLite file of its own, so that it can be replaced as a whole while lookups go on. Its position (how far central had
applied our records) stands in the same file as the lots, so every lookup sees both from one snapshot. It can always be
fetched again, so it need not survive a power cut to the last change, only stay whole.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from sqlite_utils import Database, Migrations

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Standing
from edge_agent.durable import make_folder, sync_to_disk
from edge_agent.ledger.database import as_ledger_errors, connect

_POINTER = "current"

members_migrations = Migrations("members")


@members_migrations()
def m001_members(db: Database) -> None:
    """Cards by keyed hash, members by ref, refs that were joined, and the position of it all."""
    db.execute("CREATE TABLE cards (key BLOB PRIMARY KEY, ref TEXT NOT NULL) STRICT, WITHOUT ROWID")
    db.execute(
        "CREATE TABLE members (ref TEXT PRIMARY KEY, standing TEXT NOT NULL, display_name TEXT NOT NULL, tier TEXT,"
        " since TEXT, language TEXT, profile TEXT NOT NULL, lots TEXT NOT NULL, joined TEXT NOT NULL,"
        " cards TEXT NOT NULL)"
        " STRICT, WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE joined (ref TEXT PRIMARY KEY, account TEXT NOT NULL) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE position (one INTEGER PRIMARY KEY CHECK (one = 1), change INTEGER NOT NULL, epoch TEXT NOT NULL,"
        " applied_seq INTEGER NOT NULL, as_of TEXT NOT NULL, member_count INTEGER NOT NULL,"
        " boot_id TEXT NOT NULL, boot_ms INTEGER NOT NULL) STRICT"
    )


@dataclass(frozen=True, slots=True)
class MembersPosition:
    """Where the file stands.

    `change` is central's change number, `applied_seq` our seq (in `epoch`) whose effect the lots hold, `as_of` the time
    of central's snapshot, `member_count` how many members central has. `noted` is the boot of this machine in which
    that was heard and the milliseconds since it began, so that its age can be told whatever the clock is set to.
    """

    change: int
    epoch: str
    applied_seq: int
    as_of: datetime
    member_count: int
    noted: tuple[str, int] = ("", 0)


@dataclass(frozen=True, slots=True)
class Member:
    """One account as central posted it. `cards` are keyed hashes, `joined` the refs that tills had made for them.

    `segments` and `attributes` are those that the programme asks about, `birthday` is month and day ("02-29"),
    `consents` the purposes agreed to with the version of their text, `referred_by` the account that brought it in.
    Without `redeems_offline` only central may authorise a redemption.
    """

    ref: str
    standing: Standing = Standing.KNOWN
    display_name: str = ""
    tier: str | None = None
    since: date | None = None
    language: str | None = None
    segments: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)
    birthday: str | None = None
    consents: Mapping[str, str] = field(default_factory=dict)
    referred_by: str | None = None
    redeems_offline: bool = True
    lots: tuple[Holding, ...] = ()
    joined: tuple[str, ...] = ()
    cards: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A member with the position of the same snapshot."""

    member: Member
    position: MembersPosition


_MEMBER = "m.ref, m.standing, m.display_name, m.tier, m.since, m.language, m.profile, m.lots, m.joined, m.cards"
_POSITION = "p.change, p.epoch, p.applied_seq, p.as_of, p.member_count, p.boot_id, p.boot_ms"
_BY_CARD = f"SELECT {_MEMBER}, {_POSITION} FROM position p, cards c JOIN members m ON m.ref = c.ref WHERE c.key = ?"  # noqa: S608
_BY_REF = (
    f"SELECT {_MEMBER}, {_POSITION} FROM position p, members m WHERE m.ref ="  # noqa: S608
    " coalesce((SELECT account FROM joined WHERE ref = ?1), ?1)"
)


class MembersFile:
    """The members file that is current; one thread updates it, any number look up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_folder(folder)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._readers: list[Database] = []
        with as_ledger_errors():
            self._path = self._current_path()
            self._writer = _open_for_writing(self._path)
        self._sweep()

    def _current_path(self) -> Path:
        pointer = self._folder / _POINTER
        name = pointer.read_text().strip() if pointer.exists() else "members-1.db"
        return self._folder / name

    def _sweep(self, *kept: Path) -> None:
        names = tuple(path.name for path in (self._path, *kept))
        for path in self._folder.glob("members-*.db*"):
            if not path.name.startswith(names):
                path.unlink()

    def by_card(self, key: bytes) -> Found | None:
        """The member with this card, by the card's keyed hash."""
        return self._found(_BY_CARD, key)

    def by_ref(self, ref: str) -> Found | None:
        """The member with this ref, or whom this ref was joined to."""
        return self._found(_BY_REF, ref)

    def _found(self, query: str, key: bytes | str) -> Found | None:
        with as_ledger_errors():
            row = self._reader().execute(query, (key,)).fetchone()
        return None if row is None else Found(_member(row[:10]), _position(row[10:]))

    def position(self) -> MembersPosition | None:
        """Where the file stands; None before the first pull."""
        with as_ledger_errors():
            row = self._reader().execute(f"SELECT {_POSITION} FROM position p").fetchone()  # noqa: S608
        return None if row is None else _position(row)

    def _reader(self) -> Database:
        path = self._path
        opened: tuple[Path, Database] | None = getattr(self._local, "opened", None)
        if opened is not None and opened[0] == path:
            return opened[1]
        # The new file is opened before the old one is closed, so no lookup ever finds nothing.
        reader = connect(path, read_only=True)
        self._local.opened = (path, reader)
        with self._lock:
            self._readers.append(reader)
            if opened is not None:
                self._readers.remove(opened[1])
        if opened is not None:
            opened[1].close()
        return reader

    @contextmanager
    def update(self, *, fresh: bool) -> Iterator["MembersUpdate"]:
        """Change the file, or with `fresh` build a new one aside; nobody sees anything before `commit`."""
        if fresh:
            yield from self._fresh_update()
            return
        with as_ledger_errors():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield MembersUpdate(self._writer, self._finish_delta)
            finally:
                if self._writer.conn.in_transaction:
                    self._writer.execute("ROLLBACK")

    def _finish_delta(self) -> None:
        self._writer.execute("COMMIT")
        self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _fresh_update(self) -> Iterator["MembersUpdate"]:
        number = int(self._path.stem.removeprefix("members-")) + 1
        path = self._folder / f"members-{number}.db"
        for leftover in self._folder.glob(f"{path.name}*"):
            leftover.unlink()
        with as_ledger_errors():
            database = _open_for_writing(path)
            database.execute("BEGIN IMMEDIATE")
        installed = False

        def finish() -> None:
            nonlocal installed
            database.execute("COMMIT")
            self._install(path, database)
            installed = True

        try:
            with as_ledger_errors():
                yield MembersUpdate(database, finish)
        finally:
            if not installed:
                database.close()
                for leftover in self._folder.glob(f"{path.name}*"):
                    leftover.unlink()

    def _install(self, path: Path, database: Database) -> None:
        """Make a complete file the current one: on disk first, then named, then used."""
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        sync_to_disk(path)
        beside = self._folder / f"{_POINTER}.new"
        beside.write_text(path.name)
        sync_to_disk(beside)
        beside.replace(self._folder / _POINTER)
        sync_to_disk(self._folder)
        old_path, self._path = self._path, path
        old_writer, self._writer = self._writer, database
        old_writer.close()
        # A lookup that is just beginning may still open the file before this one; older ones nobody can want.
        self._sweep(old_path)

    def install(self, prepared: Path) -> None:
        """Put a file that was built elsewhere on this disk in the place of the current one."""
        number = int(self._path.stem.removeprefix("members-")) + 1
        path = self._folder / f"members-{number}.db"
        prepared.replace(path)
        with as_ledger_errors():
            self._install(path, _open_for_writing(path))

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
        """Take members; each replaces what was there under its ref."""
        for member in members:
            self._forget(member.ref)
            self._db.execute(
                "INSERT INTO members (ref, standing, display_name, tier, since, language, profile, lots, joined, cards)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                _row(member),
            )
            self._many(
                "INSERT OR REPLACE INTO cards (key, ref) VALUES (?, ?)", member.cards, member.ref
            )
            self._many(
                "INSERT OR REPLACE INTO joined (ref, account) VALUES (?, ?)",
                member.joined,
                member.ref,
            )

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

    def commit(self, position: MembersPosition) -> None:
        """Let everything be seen, with its position, at once."""
        self._db.execute(
            "INSERT OR REPLACE INTO position (one, change, epoch, applied_seq, as_of, member_count, boot_id, boot_ms)"
            " VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
            (
                position.change,
                position.epoch,
                position.applied_seq,
                position.as_of.isoformat(),
                position.member_count,
                *position.noted,
            ),
        )
        self._finish()


def _open_for_writing(path: Path) -> Database:
    database = connect(path, read_only=False)
    database.execute("PRAGMA synchronous=NORMAL")
    members_migrations.apply(database)
    return database


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _row(member: Member) -> tuple[str | None, ...]:
    profile = {
        "segments": sorted(member.segments),
        "attributes": dict(member.attributes),
        "birthday": member.birthday,
        "consents": dict(member.consents),
        "referred_by": member.referred_by,
        "only_with_central": not member.redeems_offline,
    }
    return (
        member.ref,
        member.standing.value,
        member.display_name,
        member.tier,
        None if member.since is None else member.since.isoformat(),
        member.language,
        _compact({name: value for name, value in profile.items() if value}),
        _compact([lot.to_json() for lot in member.lots]),
        json.dumps(member.joined),
        json.dumps([key.hex() for key in member.cards]),
    )


def _member(row: Sequence[str | None]) -> Member:
    ref, standing, display_name, tier, since, language, profile, lots, joined, cards = row
    more = json.loads(profile or "{}")
    return Member(
        ref=ref or "",
        standing=Standing(standing or Standing.UNKNOWN),
        display_name=display_name or "",
        tier=tier,
        since=None if since is None else date.fromisoformat(since),
        language=language,
        segments=frozenset(more.get("segments", ())),
        attributes=more.get("attributes", {}),
        birthday=more.get("birthday"),
        consents=more.get("consents", {}),
        referred_by=more.get("referred_by"),
        redeems_offline=not more.get("only_with_central", False),
        lots=tuple(Holding.from_json(each) for each in json.loads(lots or "[]")),
        joined=tuple(json.loads(joined or "[]")),
        cards=tuple(bytes.fromhex(key) for key in json.loads(cards or "[]")),
    )


def _position(row: Sequence[object]) -> MembersPosition:
    change, epoch, applied_seq, as_of, member_count, boot_id, boot_ms = row
    return MembersPosition(
        int(str(change)),
        str(epoch),
        int(str(applied_seq)),
        datetime.fromisoformat(str(as_of)),
        int(str(member_count)),
        (str(boot_id), int(str(boot_ms))),
    )

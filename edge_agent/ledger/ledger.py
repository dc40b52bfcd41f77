"""The ledger of one terminal: what the till writes and looks up, and the outbox that sync reads."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from edge_agent.domain.balance import Holding
from edge_agent.domain.cards import card_key
from edge_agent.domain.entries import Entry
from edge_agent.domain.record import (
    GENESIS,
    SALT_BYTES,
    ClockReading,
    Position,
    Record,
    RecordKind,
    make_attachment,
    make_record,
)
from edge_agent.ledger import journal
from edge_agent.ledger.database import Connections, as_ledger_errors
from edge_agent.ledger.journal import Head, Verification
from edge_agent.ledger.schema import ledger_migrations

LEDGER_FILE = "ledger.db"


class WrongTerminal(Exception):
    """The data folder belongs to another store or till than the configuration says."""


@dataclass(frozen=True, slots=True)
class LedgerIdentity:
    """Whose ledger this is.

    `epoch` is random, one per database; `local_key` hashes the cards that central has not told us of.
    """

    terminal: str
    epoch: str
    local_key: bytes


@dataclass(frozen=True, slots=True)
class StoredSale:
    """A sale as it was acknowledged; `result` is the JSON text that was answered."""

    sale_id: str
    seq: int
    account: str | None
    fingerprint: bytes
    result: str
    print: str


@dataclass(frozen=True, slots=True)
class StoredGiveback:
    """A return or void as it was acknowledged."""

    kind: RecordKind
    act_id: str
    sale_id: str
    seq: int
    fingerprint: bytes
    result: str


@dataclass(frozen=True, slots=True)
class StoredState:
    """A record that central rejected or parked, and why."""

    seq: int
    state: str
    code: str | None


class Lookups:
    """What can be asked of one connection: a reader's, or the writer's within an act."""

    def __init__(self, db: Database, identity: LedgerIdentity) -> None:
        self._db = db
        self._identity = identity

    def sale(self, sale_id: str) -> StoredSale | None:
        """The sale with that id."""
        row = self._db.execute(
            "SELECT sale_id, seq, account, fingerprint, result, print FROM sales WHERE sale_id = ?",
            (sale_id,),
        ).fetchone()
        return None if row is None else StoredSale(*row)

    def giveback(self, kind: RecordKind, act_id: str) -> StoredGiveback | None:
        """The return or void with that id."""
        row = self._db.execute(
            "SELECT kind, act_id, sale_id, seq, fingerprint, result FROM givebacks WHERE kind = ? AND act_id = ?",
            (kind.value, act_id),
        ).fetchone()
        return None if row is None else StoredGiveback(RecordKind(row[0]), *row[1:])

    def givebacks_of(self, sale_id: str) -> list[StoredGiveback]:
        """Everything that was given back of a sale, in order."""
        rows = self._db.execute(
            "SELECT kind, act_id, sale_id, seq, fingerprint, result FROM givebacks WHERE sale_id = ? ORDER BY seq",
            (sale_id,),
        )
        return [StoredGiveback(RecordKind(row[0]), *row[1:]) for row in rows]

    def body(self, seq: int) -> dict[str, Any]:
        """The facts of one record."""
        return journal.body_of(self._db, seq)

    def unposted(self, accounts: Sequence[str], applied_seq: int) -> list[Holding]:
        """What this till did to these accounts and central has not posted: later than `applied_seq`, or parked."""
        marks = ",".join("?" * len(accounts))
        query = (
            "SELECT unit, sum(quantity), expires_on FROM lot_movements"  # noqa: S608 - marks are question marks
            f" WHERE account IN ({marks}) AND (seq > ?"
            " OR seq IN (SELECT seq FROM record_states WHERE state = 'parked'))"
            " GROUP BY unit, expires_on"
        )
        rows = self._db.execute(query, (*accounts, applied_seq))
        return [
            Holding(unit, quantity, date.fromisoformat(expires_on) if expires_on else None)
            for unit, quantity, expires_on in rows
        ]

    def provisional_account(self, code: str) -> str | None:
        """The ref that this till made for a card which central had not told us of."""
        key = card_key(self._identity.local_key, code)
        row = self._db.execute(
            "SELECT account FROM provisional_cards WHERE card_key = ?", (key,)
        ).fetchone()
        return None if row is None else str(row[0])


class Act(Lookups):
    """One act at the till, in one transaction: at most one record, and what is derived from it."""

    def __init__(self, db: Database, identity: LedgerIdentity, head: Head) -> None:
        super().__init__(db, identity)
        self.head = head

    def open_provisional_account(self, code: str) -> str:
        """The ref for an unknown card; made at random the first time."""
        known = self.provisional_account(code)
        if known is not None:
            return known
        account = secrets.token_hex(16)
        self._db.execute(
            "INSERT INTO provisional_cards (card_key, account) VALUES (?, ?)",
            (card_key(self._identity.local_key, code), account),
        )
        return account

    def append(
        self,
        kind: RecordKind,
        record_id: str,
        at: datetime,
        clock: ClockReading,
        facts: Mapping[str, Any],
        personal: Mapping[str, Any],
        account: str | None,
        entries: Sequence[Entry],
    ) -> Record:
        """Add a record to the chain; `personal` goes into the attachment, the entries into the account's lots."""
        attachment = make_attachment(secrets.token_bytes(SALT_BYTES), personal)
        position = Position(self._identity.terminal, self._identity.epoch, self.head.seq + 1)
        body = {**facts, "entries": [entry.to_json() for entry in entries]}
        record = make_record(position, record_id, kind, at, clock, self.head.hash, body, attachment)
        journal.append(self._db, record)
        if account is not None:
            self._move_lots(account, record.seq, entries)
        self.head = Head(record.seq, record.hash)
        return record

    def _move_lots(self, account: str, seq: int, entries: Sequence[Entry]) -> None:
        moved: dict[tuple[str, str], int] = {}
        for entry in entries:
            key = (entry.unit, "" if entry.expires_on is None else entry.expires_on.isoformat())
            moved[key] = moved.get(key, 0) + entry.quantity
        self._db.conn.executemany(
            "INSERT INTO lot_movements (account, seq, unit, expires_on, quantity) VALUES (?, ?, ?, ?, ?)",
            [
                (account, seq, unit, expires_on, quantity)
                for (unit, expires_on), quantity in moved.items()
            ],
        )

    def keep_sale(self, sale: StoredSale) -> None:
        """Remember a sale with its answer."""
        self._db.execute(
            "INSERT INTO sales (sale_id, seq, account, fingerprint, result, print) VALUES (?, ?, ?, ?, ?, ?)",
            (sale.sale_id, sale.seq, sale.account, sale.fingerprint, sale.result, sale.print),
        )

    def keep_giveback(self, giveback: StoredGiveback) -> None:
        """Remember a return or void with its answer."""
        self._db.execute(
            "INSERT INTO givebacks (kind, act_id, sale_id, seq, fingerprint, result) VALUES (?, ?, ?, ?, ?, ?)",
            (
                giveback.kind.value,
                giveback.act_id,
                giveback.sale_id,
                giveback.seq,
                giveback.fingerprint,
                giveback.result,
            ),
        )


class Ledger:
    """The database of one terminal. One process has it open; any number of its threads use it."""

    def __init__(self, connections: Connections, identity: LedgerIdentity, head: Head) -> None:
        self.identity = identity
        self._connections = connections
        self._head = head
        self._folded_at = head
        self._listeners: list[Callable[[], None]] = []

    @classmethod
    def open(cls, data: Path, terminal: str, now: datetime) -> "Ledger":
        """Open, and make or migrate when needed, the ledger in the folder `data`.

        Raises WrongTerminal when it was made for another terminal, LedgerUnavailable when it cannot be used.
        """
        connections = Connections(data / LEDGER_FILE)
        try:
            connections.migrate(ledger_migrations)
            with connections.write() as db:
                identity = _identity(db, terminal, now)
                # A receipt that was waiting when the agent stopped may or may not have come out.
                db.execute("UPDATE sales SET print = 'unknown' WHERE print = 'queued'")
                return cls(connections, identity, journal.head(db))
        except BaseException:
            connections.close()
            raise

    def on_recorded(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every committed act; it must return at once."""
        self._listeners.append(listener)

    @property
    def head(self) -> Head:
        """Where the chain ends, as of the last committed act."""
        return self._head

    @property
    def broken(self) -> bool:
        """Whether the disk failed under it; then the process has to start again."""
        return self._connections.broken

    @contextmanager
    def act(self) -> Iterator[Act]:
        """One durable transaction for one act; when the block ends without an exception it is on disk."""
        with self._connections.write() as db:
            # Asked of the database: `_head` is set when the lock is free again, and another act may be in between.
            act = Act(db, self.identity, journal.head(db))
            yield act
        # The writer's lock is free again, and another act may have been faster to say so.
        if act.head.seq > self._head.seq:
            self._head = act.head
        for listener in self._listeners:
            listener()

    def lookups(self) -> Lookups:
        """What can be asked, on the calling thread's own connection."""
        return Lookups(self._connections.read(), self.identity)

    # The outbox, as sync asks for it.

    @property
    def terminal(self) -> str:
        """Whose outbox it is, as store/till."""
        return self.identity.terminal

    @property
    def epoch(self) -> str:
        """The random id of this database."""
        return self.identity.epoch

    def waiting(self, after: int, count_max: int, bytes_max: int) -> list[Record]:
        """Records from `after` + 1 on, in order, within both bounds (but at least one)."""
        with as_ledger_errors():
            return journal.records_after(self._connections.read(), after, count_max, bytes_max)

    def received(self) -> Head:
        """How far central holds the journal, and the hash there, as it said last."""
        with as_ledger_errors():
            row = self._connections.read().execute("SELECT received, head FROM outbox").fetchone()
        return Head(*row)

    def oldest_waiting_at(self) -> datetime | None:
        """When the oldest record that central has not received was made; None when it has all."""
        received = self.received()
        if received.seq >= self._head.seq:
            return None
        with as_ledger_errors():
            body = journal.body_of(self._connections.read(), received.seq + 1)
        return datetime.fromisoformat(body["clock"]["wall"])

    def hash_at(self, seq: int) -> bytes | None:
        """The hash of a record, None when there is no such record; zeros for 0."""
        if seq == 0:
            return GENESIS
        with as_ledger_errors():
            row = (
                self._connections.read()
                .execute("SELECT hash FROM records WHERE seq = ?", (seq,))
                .fetchone()
            )
        return None if row is None else bytes(row[0])

    def mark_received(self, seq: int, head: bytes) -> None:
        """Remember central's word; it may also go back, when central lost what it had."""
        with self._connections.write() as db:
            db.execute("UPDATE outbox SET received = ?, head = ? WHERE one = 1", (seq, head))

    def keep_states(self, states: Sequence[StoredState]) -> None:
        """Remember which records were rejected or parked; those accepted need no row."""
        with self._connections.write() as db:
            for each in states:
                if each.state in {"rejected", "parked"}:
                    db.execute(
                        "INSERT OR REPLACE INTO record_states (seq, state, code)"
                        " SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM records WHERE seq = ?)",
                        (each.seq, each.state, each.code, each.seq),
                    )
                else:
                    db.execute("DELETE FROM record_states WHERE seq = ?", (each.seq,))

    def state_of(self, seq: int) -> StoredState | None:
        """What central made of a record, when it was not simply accepted."""
        row = (
            self._connections.read()
            .execute("SELECT seq, state, code FROM record_states WHERE seq = ?", (seq,))
            .fetchone()
        )
        return None if row is None else StoredState(*row)

    def state_counts(self) -> dict[str, int]:
        """How many records are rejected and parked."""
        rows = self._connections.read().execute(
            "SELECT state, count(*) FROM record_states GROUP BY state"
        )
        return {"rejected": 0, "parked": 0} | dict(rows.fetchall())

    # Programmes.

    def keep_programme(
        self, digest: str, version: int, valid_from: datetime, text: str, now: datetime
    ) -> None:
        """Keep a version of the programme; one that is there already stays as it is."""
        with self._connections.write() as db:
            db.execute(
                "INSERT OR IGNORE INTO programmes (digest, version, valid_from, text, received_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (digest, version, valid_from.isoformat(), text, now.isoformat()),
            )

    def programmes(self) -> list[tuple[str, datetime]]:
        """The texts of all versions that were kept, with the time they came, oldest first."""
        rows = self._connections.read().execute(
            "SELECT text, received_at FROM programmes ORDER BY received_at, version"
        )
        return [(text, datetime.fromisoformat(at)) for text, at in rows]

    # Upkeep.

    def set_print_state(self, sale_id: str, state: str) -> None:
        """Remember how the receipt of a sale fared."""
        with self._connections.write() as db:
            db.execute("UPDATE sales SET print = ? WHERE sale_id = ?", (state, sale_id))

    def records(self, after: int, count_max: int) -> list[Record]:
        """Records for people to look at."""
        with as_ledger_errors():
            return journal.records_after(self._connections.read(), after, count_max)

    def verify(self) -> Verification:
        """Walk the whole chain."""
        with as_ledger_errors():
            return journal.verify(self._connections.read(), self.received())

    def last_clock(self) -> datetime | None:
        """The trusted time of the last record."""
        if self._head.seq == 0:
            return None
        with as_ledger_errors():
            body = journal.body_of(self._connections.read(), self._head.seq)
        return datetime.fromisoformat(body["clock"]["wall"])

    def tidy(self) -> None:
        """Fold the log into the database; to be called about once a second."""
        idle = self._folded_at == self._head
        self._folded_at = self._head
        self._connections.fold_log(idle=idle)

    def close(self) -> None:
        """Close the database."""
        self._connections.close()


def _identity(db: Database, terminal: str, now: datetime) -> LedgerIdentity:
    row = db.execute("SELECT terminal, epoch, local_key FROM identity").fetchone()
    if row is None:
        identity = LedgerIdentity(terminal, secrets.token_hex(16), secrets.token_bytes(32))
        db.execute(
            "INSERT INTO identity (one, terminal, epoch, local_key, made_at) VALUES (1, ?, ?, ?, ?)",
            (identity.terminal, identity.epoch, identity.local_key, now.isoformat()),
        )
        db.execute("INSERT INTO outbox (one, received, head) VALUES (1, 0, ?)", (GENESIS,))
        return identity
    identity = LedgerIdentity(*row)
    if identity.terminal != terminal:
        raise WrongTerminal(
            f"the data folder holds the ledger of terminal {identity.terminal}, not of {terminal};"
            " give every terminal a data folder of its own"
        )
    return identity

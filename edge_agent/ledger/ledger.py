"""The ledger of one terminal: what the till writes and looks up, and the outbox that sync reads."""

import hmac
import json
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlite_utils import Database

from edge_agent.domain.record import (
    GENESIS,
    Record,
)
from edge_agent.ledger import journal, reservations
from edge_agent.ledger.acts import DECIDED, Act, LedgerIdentity, Lookups, StateCount, StoredState
from edge_agent.ledger.database import Connections, as_ledger_errors
from edge_agent.ledger.journal import Head, Verification
from edge_agent.ledger.schema import ledger_migrations

LEDGER_FILE = "ledger.db"


_OF_THEM = "account IN (SELECT value FROM json_each(?))"
_WHOSE = {
    "sales": _OF_THEM,
    "acts": _OF_THEM,
    "redemptions": _OF_THEM,
    "givebacks": f"sale_id IN (SELECT sale_id FROM sales WHERE {_OF_THEM})",  # noqa: S608 - of ours
}
"""The fingerprints that are made of somebody's card, by table. The key is on the same disk: whoever has both could try
cards out. So they go when somebody is erased; what is sent again then is taken for the same."""


class KeptProgramme(NamedTuple):
    """A version of the programme that was kept, without its text."""

    digest: str
    version: int
    valid_from: datetime
    received_at: datetime


class WrongTerminal(Exception):
    """The data folder belongs to another store or till than the configuration says."""


class Ledger:
    """The database of one terminal. One process has it open; any number of its threads use it."""

    def __init__(
        self,
        connections: Connections,
        identity: LedgerIdentity,
        head: Head,
        epochs: frozenset[str],
    ) -> None:
        self.identity = identity
        self._connections = connections
        self._head = head
        self._epochs = epochs
        self._folded_at = head
        self._scrubbed = (
            False  # whoever ran before us may have been killed before the log was empty
        )
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
                epochs = frozenset(row[0] for row in db.execute("SELECT epoch FROM epochs"))
                return cls(connections, identity, journal.head(db), epochs)
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
        act: Act

        def committed() -> None:
            self._head = act.head

        with self._connections.write(committed) as db:
            act = Act(db, self.identity, self._head)
            yield act
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

    def signature(self) -> bytes | None:
        """Central's signature of how far it holds the journal; None before it signed any of this epoch."""
        with as_ledger_errors():
            row = self._connections.read().execute("SELECT signature FROM outbox").fetchone()
        return None if row is None else row[0]

    def oldest_waiting_at(self) -> datetime | None:
        """When the oldest record that central has not received was made; None when it has all."""
        received = self.received()
        if received.seq >= self._head.seq:
            return None
        with as_ledger_errors():
            body = journal.body_of(self._connections.read(), received.seq + 1)
        return datetime.fromisoformat(body["clock"]["wall"])

    def hash_at(self, seq: int) -> bytes | None:
        """The hash of a record, None when there is no such record; zeros for 0, and where an epoch ended."""
        with as_ledger_errors():
            return journal.hash_at(self._connections.read(), seq)

    def mark_received(self, seq: int, head: bytes, signature: bytes | None = None) -> None:
        """Remember central's word and its signature; it may also go back, when central lost what it had."""
        with self._connections.write() as db:
            db.execute(
                "UPDATE outbox SET received = ?, head = ?, signature = ? WHERE one = 1",
                (seq, head, signature),
            )

    def begin_epoch(self, agreed: int) -> None:
        """Go on in a new epoch after the record `agreed`, with the records after it."""
        began = replace(
            self.identity,
            epoch=secrets.token_hex(16),
            begins_after=agreed,
            follows=self.identity.epoch,
        )
        head = self._head

        def committed() -> None:
            self.identity, self._head = began, head
            self._epochs |= {began.epoch}

        with self._connections.write(committed) as db:
            journal.begin_epoch(db, began.epoch, agreed, datetime.now(UTC))
            head = journal.head(db)

    def is_own_epoch(self, epoch: str) -> bool:
        """Whether it is the present epoch or one before; numbers go on from one to the next."""
        return epoch in self._epochs

    def standing(self) -> str | None:
        """Why central lays aside what we send, as it said last: an error's code; None where it does not."""
        with as_ledger_errors():
            row = self._connections.read().execute("SELECT standing FROM outbox").fetchone()
        return None if row is None else row[0]

    def note_standing(self, why: str | None) -> None:
        """Remember why central lays aside what we send."""
        with self._connections.write() as db:
            db.execute("UPDATE outbox SET standing = ?", (why,))

    def fingerprint(self, content: bytes) -> bytes:
        """What tells a repeat from other content under the same id: 32 bytes, made with a key of this ledger, since the
        content of most acts names a card."""
        return hmac.digest(self.identity.local_key, content, "sha256")

    def lapse(self, before: datetime) -> None:
        """Let go for good of what is reserved until before then; a clock that is put back does not open it again."""
        if not reservations.has_lapsed(self._connections.read(), before):
            return
        with self._connections.write() as db:
            reservations.lapse(db, before)

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

    def forget(self, accounts: Collection[str]) -> None:
        """Delete what says who it was, of everything that was recorded here for these accounts.

        The chain stays whole: what is hashed names nobody. Nothing of it is left in the log either, once nobody reads
        there what was before.
        """
        refs = json.dumps(list(accounts))
        with self._connections.write() as db:
            db.execute(
                "DELETE FROM attachments WHERE seq IN"
                " (SELECT seq FROM sales WHERE account IN (SELECT value FROM json_each(?1))"
                " UNION SELECT seq FROM acts WHERE account IN (SELECT value FROM json_each(?1)))",
                (refs,),
            )
            db.execute(
                "DELETE FROM provisional_cards WHERE account IN (SELECT value FROM json_each(?))",
                (refs,),
            )
            for table, whose in _WHOSE.items():
                db.execute(
                    f"UPDATE {table} SET fingerprint = x'' WHERE {whose}",  # noqa: S608 - names of ours
                    (refs,),
                )
        self._scrubbed = self._connections.empty_log()

    def state_of(self, seq: int) -> StoredState | None:
        """What central made of a record, when it was not simply accepted."""
        row = (
            self._connections.read()
            .execute("SELECT seq, state, code FROM record_states WHERE seq = ?", (seq,))
            .fetchone()
        )
        return None if row is None else StoredState(*row)

    def states_by_reason(self) -> list[StateCount]:
        """How many records are rejected and parked, by why; without those that somebody has decided about."""
        rows = self._connections.read().execute(
            "SELECT state, code, count(*) FROM record_states WHERE code IS NULL OR code NOT IN (?, ?)"
            " GROUP BY state, code ORDER BY state DESC, code",
            DECIDED,
        )
        return [StateCount(*row) for row in rows]

    def state_counts(self) -> dict[str, int]:
        """How many records are rejected and parked, and wait for somebody to look at them."""
        counts = {"rejected": 0, "parked": 0}
        for each in self.states_by_reason():
            counts[each.state] += each.records
        return counts

    # Programmes.

    def keep_programme(self, kept: KeptProgramme, text: str) -> None:
        """Keep a version of the programme; one that is there already stays as it is."""
        with self._connections.write() as db:
            db.execute(
                "INSERT OR IGNORE INTO programmes (digest, version, valid_from, text, received_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    kept.digest,
                    kept.version,
                    kept.valid_from.isoformat(),
                    text,
                    kept.received_at.isoformat(),
                ),
            )

    def programmes(self) -> list[KeptProgramme]:
        """All versions that were kept."""
        rows = self._connections.read().execute(
            "SELECT digest, version, valid_from, received_at FROM programmes"
        )
        return [
            KeptProgramme(
                digest, version, datetime.fromisoformat(begins), datetime.fromisoformat(came)
            )
            for digest, version, begins, came in rows
        ]

    def programme_text(self, digest: str) -> str:
        """The text of a version that was kept, as it came."""
        with as_ledger_errors():
            [(text,)] = self._connections.read().execute(
                "SELECT text FROM programmes WHERE digest = ?", (digest,)
            )
            return str(text)

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
        if not self._scrubbed:
            self._scrubbed = self._connections.empty_log()

    def close(self) -> None:
        """Close the database."""
        self._connections.close()


def _identity(db: Database, terminal: str, now: datetime) -> LedgerIdentity:
    row = db.execute(
        "SELECT i.terminal, i.epoch, i.local_key, e.begins_after,"
        " (SELECT b.epoch FROM epochs b WHERE b.number < e.number ORDER BY b.number DESC LIMIT 1)"
        " FROM identity i JOIN epochs e USING (epoch)"
    ).fetchone()
    if row is None:
        identity = LedgerIdentity(terminal, secrets.token_hex(16), secrets.token_bytes(32))
        db.execute(
            "INSERT INTO identity (one, terminal, epoch, local_key, made_at) VALUES (1, ?, ?, ?, ?)",
            (identity.terminal, identity.epoch, identity.local_key, now.isoformat()),
        )
        db.execute(
            "INSERT INTO epochs (epoch, begins_after, begun_at) VALUES (?, 0, ?)",
            (identity.epoch, now.isoformat()),
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

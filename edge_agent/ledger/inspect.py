"""Looking at a journal from outside, also while the agent that writes it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from edge_agent.domain.record import Record
from edge_agent.errors import LedgerUnavailable
from edge_agent.ledger import journal
from edge_agent.ledger.database import as_ledger_errors, connect
from edge_agent.ledger.journal import Head, Stored, Verification
from edge_agent.ledger.ledger import LEDGER_FILE

RECORDS_PER_READ = 500


@dataclass(frozen=True, slots=True)
class JournalReader:
    """One terminal's journal, read-only."""

    terminal: str
    epoch: str
    _db: Database

    def verify(self) -> Verification:
        """Walk the whole chain."""
        with as_ledger_errors():
            return journal.verify(self._db, self.received())

    def received(self) -> Head:
        """How far central holds it."""
        with as_ledger_errors():
            return Head(*self._db.execute("SELECT received, head FROM outbox").fetchone())

    def signature(self) -> bytes | None:
        """Central's signature of how far it holds it; None before the first record was received."""
        with as_ledger_errors():
            found: bytes | None = self._db.execute("SELECT signature FROM outbox").fetchone()[0]
        return found

    def standing(self) -> str | None:
        """Why central lays aside what is sent, as it said last: an error's code; None where it does not."""
        with as_ledger_errors():
            found: str | None = self._db.execute("SELECT standing FROM outbox").fetchone()[0]
        return found

    def head(self) -> Head:
        """Where it ends."""
        with as_ledger_errors():
            return journal.head(self._db)

    def records(self, after: int = 0, count_max: int | None = None) -> Iterator[Record]:
        """Records in order, a bounded number in memory at a time. Raises LedgerUnavailable at a damaged one."""
        left = count_max
        while left is None or left > 0:
            batch = RECORDS_PER_READ if left is None else min(left, RECORDS_PER_READ)
            with as_ledger_errors():
                found = journal.records_after(self._db, after, batch)
            if not found:
                return
            yield from found
            after = found[-1].seq
            left = None if left is None else left - len(found)

    def stored(self) -> Iterator[Stored]:
        """Everything in order, damaged or not, a bounded number in memory at a time."""
        after = 0
        while True:
            with as_ledger_errors():
                found = list(journal.stored_after(self._db, after, RECORDS_PER_READ))
            if not found:
                return
            yield from found
            after = found[-1].seq


@contextmanager
def open_journal(data: Path) -> Iterator[JournalReader]:
    """Open the journal in a data folder for reading. Raises LedgerUnavailable."""
    path = data / LEDGER_FILE
    if not path.exists():
        raise LedgerUnavailable(
            f"there is no journal in {data}; the agent makes it when it first starts"
        )
    with as_ledger_errors():
        db = connect(path, read_only=True)
        try:
            terminal, epoch = db.execute("SELECT terminal, epoch FROM identity").fetchone()
            yield JournalReader(terminal, epoch, db)
        finally:
            db.close()

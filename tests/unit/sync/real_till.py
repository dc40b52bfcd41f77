"""A till's real ledger, members file and programmes in one folder, as sync finds them."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import uuid_utils
from pysqlite3 import dbapi2 as sqlite3  # two SQLites in one process would break each other's locks

from edge_agent.clock import Clock
from edge_agent.domain.basket import Basket, Line
from edge_agent.domain.record import ClockReading, Record, RecordKind
from edge_agent.ledger.acts import StoredSale
from edge_agent.ledger.ledger import LEDGER_FILE, Ledger
from edge_agent.ledger.members import MembersFile
from edge_agent.sync_ports import LedgerOutbox, MembersStore, MembersUpdating, ProgrammeStore
from edge_agent.till.shelf import ProgrammeShelf
from sync.ports import MembersAsOf
from sync.wire import StateOfRecord
from tests.central import STARTER, earn

TERMINAL = "0412/03"
EPOCH = "0" * 31 + "1"
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ACCOUNT = "ab" * 16
CARD = "2912345678906"
ONE_POINT = Basket((Line(1, "8710400011118", Decimal(2), 100),), 100, "EUR")
"""What earns a point by the starter programme."""
STARTER_DIGEST = hashlib.sha256(STARTER.encode()).hexdigest()
PROGRAMME = Path(__file__).parents[3] / "config" / "programme.example.toml"


class Journal(LedgerOutbox):
    """The outbox of a real ledger, which also says how sync used it."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self.ledger = ledger
        self.largest_batch = 0
        self.marks: list[int] = []
        self.told: dict[int, str] = {}

    def record(
        self, count: int = 1, note: str = "", personal: str = "", programme: str = STARTER_DIGEST
    ) -> None:
        """Record so many sales that earn a point each, in one transaction to save time."""
        with self.ledger.act() as act:
            for number in range(count):
                record_id = uuid_utils.uuid7().hex
                record = act.append(
                    RecordKind.SALE,
                    record_id,
                    AT,
                    ClockReading(AT, "boot", number),
                    {
                        "programme": programme,
                        "facts": {"account": ACCOUNT, "standing": "unknown"},
                        "sale": {"sale_id": f"s-{record_id}"},
                        "basket": ONE_POINT.to_json() | ({"note": note} if note else {}),
                    },
                    {"card": {"code": CARD, "entry": "scanned"}}
                    | ({"name": personal} if personal else {}),
                    (earn(1),),
                )
                act.keep_sale(StoredSale(f"s-{record_id}", record.seq, ACCOUNT, b"", "{}", "none"))

    def waiting(self, after: int, count_max: int, bytes_max: int) -> Sequence[Record]:
        batch = super().waiting(after, count_max, bytes_max)
        self.largest_batch = max(self.largest_batch, len(batch))
        return batch

    def mark_received(self, seq: int, head: bytes | None, signature: bytes | None) -> None:
        super().mark_received(seq, head, signature)
        self.marks.append(seq)

    def keep_states(self, states: Sequence[StateOfRecord]) -> None:
        super().keep_states(states)
        self.told |= {each.seq: each.state.value for each in states}


class Members(MembersStore):
    """The store of a real members file, which can also be made to fail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = MembersFile(folder)
        super().__init__(self.file, Clock(None))
        self.fail_at_commit: Exception | None = None

    def _current(self) -> str:
        pointer = self.folder / "current"
        return pointer.read_text().strip() if pointer.exists() else "members-1.db"

    @property
    def fresh_builds(self) -> int:
        """How often a new file took the old one's place."""
        return int(self._current().removeprefix("members-").removesuffix(".db")) - 1

    def refs(self) -> dict[str, int]:
        """Points by ref, as anybody sees them now."""
        uri = f"file:{self.folder / self._current()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            rows = db.execute("SELECT ref, lots FROM members").fetchall()
        return {ref: sum(lot[1] for lot in json.loads(lots)) for ref, lots in rows}

    def points(self) -> int | None:
        """What central has posted for the account of all sales here; None before it told of it."""
        found = self.file.by_ref(ACCOUNT)
        return None if found is None else sum(lot.quantity for lot in found.member.lots)

    @contextmanager
    def update(self, base: Path | None = None) -> Iterator[MembersUpdating]:
        with super().update(base) as update:
            yield update if self.fail_at_commit is None else _Failing(update, self.fail_at_commit)


class _Failing(MembersUpdating):
    def __init__(self, update: MembersUpdating, error: Exception) -> None:
        super().__init__(update._update, update._clock)
        self._error = error

    def commit(self, position: MembersAsOf) -> None:  # noqa: ARG002
        raise self._error


class RealTill:
    """Everything of one till that sync works on. The epoch is a known one, so that tests can name it."""

    def __init__(self, folder: Path, epoch: str = EPOCH) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        if not (folder / LEDGER_FILE).exists():
            Ledger.open(folder, TERMINAL, AT).close()
            with closing(sqlite3.connect(folder / LEDGER_FILE)) as db, db:
                for table in ("identity", "epochs"):
                    db.execute(f"UPDATE {table} SET epoch = ?", (epoch,))
        self.ledger = Ledger.open(folder, TERMINAL, AT)
        self.journal = Journal(self.ledger)
        self.members = Members(folder / "members")
        self.shelf = ProgrammeShelf(self.ledger)
        self.programmes = ProgrammeStore(self.shelf, Clock(None))

    def programme_texts(self) -> list[str]:
        """Every programme that came."""
        return [self.ledger.programme_text(kept.digest) for kept in self.ledger.programmes()]

    def clone(self, folder: Path) -> "RealTill":
        """Another till from an image of this one's disk."""
        folder.mkdir(parents=True, exist_ok=True)
        source = sqlite3.connect(self.folder / LEDGER_FILE)
        target = sqlite3.connect(folder / LEDGER_FILE)
        with closing(source), closing(target):
            source.backup(target)
        return RealTill(folder)

    def close(self) -> None:
        """Close its files."""
        self.members.file.close()
        self.ledger.close()

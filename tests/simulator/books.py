"""What ought to be true, kept beside the product by the plainest means: sums of what tills were told and central wrote.

The books read central's file with a connection of their own and know nothing of how it posts. After every request
they look at what is new there, and only at that.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite3

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.member import Standing
from edge_agent.domain.record import GENESIS, Record, RecordKind, chain_hash
from edge_agent.domain.redeemed import AuthorisedBy, Redeemed
from sync.central.risk import OFFLINE_RISK
from sync.central.times import stored

Sums = dict[tuple[str, str], int]
"""By account and unit."""

Lots = dict[tuple[str, str, str], int]
"""What an account has, by unit, last day and first day."""


class Violation(AssertionError):
    """A promise is broken."""


def demand(holds: bool, what: str) -> None:
    """Raise `Violation` unless it holds."""
    if not holds:
        raise Violation(what)


@dataclass(frozen=True, slots=True)
class Noted:
    """A record as it is in a till's journal; where a new epoch takes it over, it is another one."""

    record: str
    epoch: str
    seq: int
    hash: bytes
    kind: str
    at: datetime
    account: str | None
    entries: tuple[Entry, ...]
    on_credit: int = 0
    """Points that were redeemed on the till's own word."""
    unknown_sale: str | None = None
    """Of a return whose till did not know the sale, which central works out: the sale's id."""

    @classmethod
    def of(cls, record: Record, body: Mapping[str, Any]) -> "Noted":
        """Of the bytes that are in the journal."""
        facts = body.get("facts")
        account = facts.get("account") or None if isinstance(facts, dict) else None
        entries = tuple(Entry.from_json(each) for each in body["entries"])
        returned = body.get("return", {})
        used = [Redeemed.from_json(each) for each in body.get("redeemed", ())]
        return cls(
            record.id,
            body["epoch"],
            record.seq,
            record.hash,
            record.kind.value,
            record.at,
            account,
            entries,
            sum(
                each.quantity
                for each in used
                if each.authorised_by is AuthorisedBy.LIMIT and each.unit == "points"
            ),
            returned["sale_id"] if returned and returned["original"] is None else None,
        )

    def moved(self, account: str | None) -> Iterator[tuple[str, Entry]]:
        """Each entry with whose it is, by default this account's; what is counted of nobody is of no account."""
        for entry in self.entries:
            holder = entry.account or account
            if holder is not None:
                yield holder, entry


@dataclass(frozen=True, slots=True)
class Seen:
    """What central had at one moment: what a till should have after its pull.

    `applied` is by epoch up to where every record has a state, `parked` the epochs and numbers of records that wait.
    """

    balances: Mapping[str, Lots] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    applied: Mapping[str, int] = field(default_factory=dict)
    parked: frozenset[tuple[str, int]] = frozenset()

    def account(self, ref: str) -> str:
        """The account behind a ref."""
        return self.aliases.get(ref, ref)


@dataclass(slots=True)
class _Chain:
    """A journal at central: how far it is there, how far it has states. It begins where it leaves the one before."""

    received: int
    applied: int
    follows: str | None
    begins_after: int
    head: bytes = GENESIS
    stated: set[int] = field(default_factory=set)

    def state_given(self, seq: int) -> None:
        self.stated.add(seq)
        while self.applied + 1 in self.stated:
            self.applied += 1
            self.stated.discard(self.applied)


class Books:
    """The model. `read` after central did anything."""

    def __init__(self, database: Path) -> None:
        self._path = database
        self._db = self._connected()
        self.balances: dict[str, Lots] = {}
        self.aliases: dict[str, str] = {}
        self.parked: frozenset[tuple[str, int]] = frozenset()
        """The epochs and numbers of records that wait and whose effect is not there yet."""
        self.noted: dict[str, Noted] = {}
        """Records that central has not accepted yet."""
        self.states: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.at_risk_max = 0
        """How many points of one member all tills together may give away without central."""
        self._carried: Counter[str] = Counter()
        """By account the points that it used beyond what it had, which the offline-risk account carries."""
        self._taken_back: Counter[str] = Counter()
        """By account the points that returns, expiry and head office took: they may have been spent before."""
        self._accepted: set[str] = set()
        self._chains: dict[str, _Chain] = {}
        self._waiting: dict[int, tuple[str, int]] = {}
        self._parked: dict[int, tuple[str, str, int]] = {}
        self._parked_sums = (0, 0, 0)
        self._rows = self._entries = 0

    def _connected(self) -> Any:
        return sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, isolation_level=None)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def seen(self) -> Seen:
        """How central stands now."""
        applied = {epoch: self.applied(epoch) for epoch in self._chains}
        return Seen(dict(self.balances), self.aliases, applied, self.parked)

    def account(self, ref: str) -> str:
        """The account behind a ref."""
        return self.aliases.get(ref, ref)

    def is_erased(self, account: str | None) -> bool:
        """Whether central has forgotten who it was."""
        row = self._db.execute(_STANDING, (account,)).fetchone()
        return row is not None and row[0] == Standing.ERASED

    def kept_for(self, terminal: str, redemption_id: str) -> int:
        """What central keeps for one redemption at a terminal, in smallest parts."""
        row = self._db.execute(_KEPT_FOR, (terminal, redemption_id)).fetchone()
        return int(row[0])

    def received(self, epoch: str) -> int:
        """How much central holds of a journal."""
        return self._chains[epoch].received if epoch in self._chains else 0

    def applied(self, epoch: str) -> int:
        """Up to where every record of a journal has a state, those of the epochs before it too."""
        chain = self._chains[epoch]
        if chain.follows in self._chains:
            before = self.applied(chain.follows)
            if before < chain.begins_after:
                return before
        return chain.applied

    def unposted(self) -> int:
        """How many records central holds and has not made up its mind about."""
        return len(self._waiting)

    def note(self, noted: Noted) -> None:
        """A till recorded something, or took it over into a new epoch."""
        if noted.record not in self._accepted:
            self.noted[noted.record] = noted

    def read(self) -> None:
        """Look at everything that central wrote since the last time, and check it."""
        self._db.execute("BEGIN")
        try:
            posted, touched = self._read_entries()
            accepted = self._read_records()
            self._check_once(posted, accepted)
            self.parked = frozenset(
                (epoch, seq)
                for record, epoch, seq in self._parked.values()
                if record not in self._accepted
            )
            self._check_lots(touched)
        finally:
            self._db.execute("COMMIT")

    def read_folded(self) -> None:
        """Central folded records that had been read here: no other is gone, and the ledger is as it was."""
        newest, here, folded, entries = self._db.execute(_LEFT).fetchone()
        received = sum(each.received - each.begins_after for each in self._chains.values())
        demand(here + folded == received, f"of {received} records {here} are left, {folded} folded")
        demand(entries == self._entries, f"the ledger ends at {entries}, not {self._entries}")
        self._rows = newest  # SQLite gives the numbers of rows that are gone again
        self.check_everything()

    def _read_entries(self) -> tuple[dict[str, Sums], set[str]]:
        """New lines of the ledger, by the record that made them."""
        posted: dict[str, Sums] = {}
        touched: set[str] = set()
        rows = self._db.execute(_ENTRIES, (self._entries,)).fetchall()
        for row, account, source, kind, unit, quantity, expires_on, matures_on in rows:
            self._entries = row
            if source.startswith("risk:"):
                self._carried[account] += quantity if unit == "points" else 0
            elif quantity < 0 and kind != EntryKind.REDEEM and unit == "points":
                self._taken_back[account] -= quantity
            if account not in touched:
                touched.add(account)
                self.balances[account] = dict(self.balances.get(account, {}))
            lots = self.balances[account]
            key = (unit, expires_on, matures_on)
            lots[key] = lots.get(key, 0) + quantity
            if len(source) == 32:
                sums = posted.setdefault(source, {})
                sums[account, unit] = sums.get((account, unit), 0) + quantity
        # An account that holds nothing is joined without an entry.
        if self._db.execute(_JOINED).fetchone()[0] != len(self.aliases):
            self._read_aliases()
        return posted, touched

    def _read_aliases(self) -> None:
        self.aliases = dict(self._db.execute(_ALIASES).fetchall())

    def _read_records(self) -> set[str]:
        """New records and new states; returns which were accepted."""
        for (epoch,) in self._db.execute(_EPOCHS).fetchall():
            self._chain(epoch)  # one that begins after the last record has none of its own at first
        for row, record, epoch, seq, previous, digest, body in self._db.execute(
            _RECORDS, (self._rows,)
        ):
            self._rows = row
            chain = self._chain(epoch)
            demand(seq == chain.received + 1, f"{epoch} {seq} follows {chain.received} at central")
            demand(previous == chain.head, f"record {seq} of {epoch} is not linked at central")
            demand(chain_hash(previous, body) == digest, f"record {seq} of {epoch} has other bytes")
            chain.head, chain.received = digest, seq
            noted = self.noted.get(record)
            if noted is not None and noted.epoch == epoch:
                demand(noted.hash == digest, f"{record} is not what the till wrote")
            self._waiting[row] = (epoch, seq)
        return self._take_states([*self._waiting, *self._parked_no_more()])

    def _parked_no_more(self) -> set[int]:
        """The rows of records that were parked when last looked at; which are now is only listed where that changed."""
        sums = self._db.execute(_PARKED_SUMS).fetchone()
        if sums == self._parked_sums:
            return set()
        before, self._parked_sums = self._parked, sums
        self._parked = {row: tuple(what) for row, *what in self._db.execute(_PARKED)}
        return before.keys() - self._parked.keys()

    def _chain(self, epoch: str) -> _Chain:
        if epoch not in self._chains:
            follows, after = self._db.execute(_CHAIN, (epoch,)).fetchone()
            self._chains[epoch] = _Chain(after, after, follows, after)
        return self._chains[epoch]

    def _take_states(self, rows: Sequence[int]) -> set[str]:
        """The states of these rows, as far as they have one; returns the records that were accepted."""
        accepted: set[str] = set()
        for start in range(0, len(rows), _ASKED_AT_ONCE):
            some = rows[start : start + _ASKED_AT_ONCE]
            marks = ",".join("?" * len(some))
            for row, record, state, code in self._db.execute(_STATES.format(marks), some):
                waiting = self._waiting.pop(row, None)
                if waiting is not None:
                    self._chains[waiting[0]].state_given(waiting[1])
                self.states[state] += 1
                self.codes[code] += code is not None
                if state == "accepted":
                    accepted.add(record)
        return accepted

    def _check_once(self, posted: dict[str, Sums], accepted: set[str]) -> None:
        """Every accepted record moved what the till said, once; no other moved anything.

        What the till left to central took back no more than the sale had moved.
        """
        for record in posted.keys() - accepted:
            demand(False, f"record {record} has an effect, and was not accepted just now")
        for record in accepted:
            demand(record not in self._accepted, f"record {record} was accepted twice")
            noted = self.noted.pop(record, None)
            if noted is None:
                raise Violation(f"record {record} is no till's")
            self._accepted.add(record)
            if noted.unknown_sale is not None:
                self._check_taken_back(record, noted.unknown_sale)
                continue
            moved = noted.moved(self._whose(noted))
            wanted = self._resolved(((of, each.unit), each.quantity) for of, each in moved)
            found = self._resolved(posted.get(record, {}).items())
            demand(wanted == found, f"{noted.kind} {record} moved {found} at central, not {wanted}")

    def _whose(self, noted: Noted) -> str | None:
        """Whose a record is: who enrols after being erased is somebody new, with an account of their own."""
        row = self._db.execute(_ERASED_AT, (noted.account,)).fetchone()
        if noted.kind != RecordKind.MEMBER or row is None or stored(noted.at) < row[0]:
            return noted.account
        (new,) = self._db.execute(_ACCOUNT, (noted.record,)).fetchone()
        demand(new != noted.account, f"{noted.record} brings back account {noted.account}")
        return str(new)

    def _check_taken_back(self, record: str, sale_id: str) -> None:
        """By account, unit and rule: all returns of a sale together undo at most what it gave, and what it used."""
        sources = {row[0] for row in self._db.execute(_SALE, (sale_id,))}
        marks = ",".join("?" * len(sources))
        moved: Counter[tuple[str, str, str, bool]] = Counter()
        back: Counter[tuple[str, str, str, bool]] = Counter()
        query = _OF_SALE.format(marks, marks)
        for account, source, original, unit, rule, quantity in self._db.execute(
            query, (*sources, *sources, record)
        ):
            is_sale = source in sources
            demand(is_sale or original in sources, f"return {record} took from another sale")
            key = (self.account(account), unit, rule, (quantity > 0) == is_sale)
            (moved if is_sale else back)[key] += abs(quantity)
        for key, quantity in back.items():
            demand(quantity <= moved[key], f"of {sale_id} came back {quantity} of {key}")

    def _resolved(self, moved: Iterable[tuple[tuple[str, str], int]]) -> Sums:
        sums: Sums = {}
        for (ref, unit), quantity in moved:
            key = (self.account(ref), unit)
            sums[key] = sums.get(key, 0) + quantity
        return {key: quantity for key, quantity in sums.items() if quantity}

    def _check_lots(self, accounts: Iterable[str]) -> None:
        """Of these accounts the lots are the sums of the entries."""
        for account in accounts:
            held = {
                unit: int(total) for unit, total in self._db.execute(_LOTS, (account,)) if total
            }
            demand(
                held == units_of(self.balances[account]),
                f"account {account} has lots {held} and entries {units_of(self.balances[account])}",
            )
            self._check_worst_loss(account, held)

    def _check_worst_loss(self, account: str, held: Mapping[str, int]) -> None:
        """Nobody owes what they spent, returns and expiry after it aside; what tills gave away has its bound."""
        if account == OFFLINE_RISK:
            return
        owed = -held.get("points", 0) - self._taken_back[account]
        demand(owed <= 0, f"account {account} owes {owed} points that nothing took back")
        aside = int(self._db.execute(_SET_ASIDE, (account,)).fetchone()[0])
        there = max(0, held.get("points", 0)) + self._taken_back[account]
        demand(aside <= there, f"of account {account} {aside} points are set aside, of {there}")
        lost = self._carried[account]
        demand(
            lost <= self.at_risk_max,
            f"account {account} got {lost} points too many, and the tills may lose {self.at_risk_max}",
        )

    def set_aside(self) -> int:
        """For how many redemptions central keeps points."""
        return int(self._db.execute(_AUTHORISED).fetchone()[0])

    def check_everything(self) -> None:
        """All accounts at once, not only those that changed."""
        self._check_lots(self.balances)
        held = self._db.execute("SELECT DISTINCT account FROM lots WHERE quantity != 0")
        for (account,) in held:
            demand(account in self.balances, f"account {account} has lots and no entries")


def units_of(lots: Mapping[tuple[str, str, str], int]) -> dict[str, int]:
    """What there is of each unit, without what comes to nothing."""
    sums: Counter[str] = Counter()
    for (unit, *_), quantity in lots.items():
        sums[unit] += quantity
    return {unit: quantity for unit, quantity in sums.items() if quantity}


_ENTRIES = (
    "SELECT row, account, source, kind, unit, quantity, expires_on, matures_on FROM entries"
    " WHERE row > ? ORDER BY row"
)
_RECORDS = "SELECT row, claimed_id, epoch, seq, previous, hash, body FROM records WHERE row > ? ORDER BY row"
_SALE = "SELECT record_id FROM acts WHERE kind IN ('sale', 'attach') AND act_id = ?"
_OF_SALE = (
    "SELECT account, source, original, unit, rule, quantity FROM entries"
    " WHERE source IN ({}) OR original IN ({}) OR source = ?"
)
_ERASED_AT = "SELECT erased_at FROM accounts WHERE ref = ? AND erased_at IS NOT NULL"
_ACCOUNT = "SELECT account FROM records WHERE record_id = ?"
_KEPT_FOR = (
    "SELECT coalesce(sum(quantity), 0) FROM holds"
    " WHERE kind = 'authorisation' AND terminal = ? AND hold_id = ?"
)
_STANDING = "SELECT standing FROM accounts WHERE ref = ?"
_STATES = "SELECT row, record_id, state, code FROM records WHERE state IS NOT NULL AND row IN ({})"
_LEFT = (
    "SELECT coalesce(max(row), 0), count(*), (SELECT coalesce(sum(folded), 0) FROM checkpoints),"
    " (SELECT coalesce(max(row), 0) FROM entries) FROM records"
)
_PARKED = "SELECT row, claimed_id, epoch, seq FROM records WHERE state = 'parked'"
_PARKED_SUMS = (
    "SELECT count(*), coalesce(sum(row), 0), coalesce(sum(row * row), 0) FROM records"
    " WHERE state = 'parked'"
)
_EPOCHS = "SELECT epoch FROM chains"
_CHAIN = "SELECT follows, begins_after FROM chains WHERE epoch = ?"
_ASKED_AT_ONCE = 500
_JOINED = "SELECT count(*) FROM accounts WHERE joined_into IS NOT NULL"
_ALIASES = "SELECT ref, joined_into FROM accounts WHERE joined_into IS NOT NULL"
_AUTHORISED = "SELECT count(*) FROM holds WHERE kind = 'authorisation'"
_SET_ASIDE = "SELECT coalesce(sum(quantity), 0) FROM holds WHERE account = ? AND unit = 'points'"
_LOTS = "SELECT unit, sum(quantity) FROM lots WHERE account = ? GROUP BY unit"

"""What is kept of one act, and what can be asked of a ledger: on a reader's connection, or within an act."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from edge_agent.domain.cards import card_key
from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import Holding
from edge_agent.domain.record import (
    BODY_BYTES_MAX,
    SALT_BYTES,
    ClockReading,
    Position,
    Record,
    RecordKind,
    make_attachment,
    make_record,
)
from edge_agent.domain.redeemed import AuthorisedBy, Redeemed
from edge_agent.errors import FieldError, Invalid
from edge_agent.ledger import derived, journal, reservations
from edge_agent.ledger.derived import Applied, TallyAsked
from edge_agent.ledger.journal import Head
from edge_agent.ledger.reservations import Reservation, Reserved


@dataclass(frozen=True, slots=True)
class LedgerIdentity:
    """Whose ledger this is.

    `epoch` is random, one per database and per time that it was put back from a backup; `local_key` hashes the cards
    that central has not told us of. Records up to `begins_after` belong to the epoch that this one `follows`.
    """

    terminal: str
    epoch: str
    local_key: bytes
    begins_after: int = 0
    follows: str | None = None


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
class StoredAct:
    """An action, answer, enrolment or attached card as it was acknowledged; `account` is None for nobody's answer."""

    kind: RecordKind
    act_id: str
    seq: int
    account: str | None
    fingerprint: bytes
    result: str


@dataclass(frozen=True, slots=True)
class StoredState:
    """A record that central rejected or parked, and why."""

    seq: int
    state: str
    code: str | None


def is_repeat(kept: bytes, sent: bytes) -> bool:
    """Whether what was sent is what was kept under its id, by their fingerprints; of somebody who was erased nothing is
    kept to compare with."""
    return kept in (b"", sent)


DECIDED = ("repaired", "given-up")
"""Codes of rejected records that somebody at head office has decided about: nobody in the store has to."""


@dataclass(frozen=True, slots=True)
class StateCount:
    """So many records that central rejected or parked for one reason."""

    state: str
    code: str | None
    records: int


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

    def stored_act(self, kind: RecordKind, act_id: str) -> StoredAct | None:
        """The act of that kind with that id; a card is attached under the id of its sale."""
        row = self._db.execute(
            "SELECT kind, act_id, seq, account, fingerprint, result FROM acts WHERE kind = ? AND act_id = ?",
            (kind.value, act_id),
        ).fetchone()
        return None if row is None else StoredAct(RecordKind(row[0]), *row[1:])

    def buyer_of(self, sale: StoredSale) -> str | None:
        """The account that a sale is of: its card's, or that of a card that was attached to it."""
        attached = self.stored_act(RecordKind.ATTACH, sale.sale_id)
        return sale.account if attached is None else attached.account

    def has_acted(self, kind: RecordKind, accounts: Sequence[str]) -> bool:
        """Whether an act of that kind was recorded here for one of these accounts."""
        marks = ",".join("?" * len(accounts))
        row = self._db.execute(
            f"SELECT 1 FROM acts WHERE kind = ? AND account IN ({marks}) LIMIT 1",  # noqa: S608 - marks are question marks
            (kind.value, *accounts),
        ).fetchone()
        return row is not None

    def body(self, seq: int) -> dict[str, Any]:
        """The facts of one record."""
        return journal.body_of(self._db, seq)

    def seq_of(self, record_id: str) -> int | None:
        """The number of a record of this journal; None for one of another terminal's."""
        row = self._db.execute(
            "SELECT seq FROM records WHERE id = ?", (bytes.fromhex(record_id),)
        ).fetchone()
        return None if row is None else int(row[0])

    def unposted(self, accounts: Sequence[str], applied: Applied) -> list[Holding]:
        """What this till did to these accounts and central has not posted."""
        return derived.unposted(self._db, accounts, applied)

    def till_sums(self, asked: Sequence[TallyAsked]) -> list[int]:
        """What this till counted in all, sum by sum."""
        return derived.till_sums(self._db, asked)

    def at_stake(
        self, applied: Applied, open_since: datetime, by: Collection[AuthorisedBy]
    ) -> list[Reserved]:
        """What was reserved or redeemed here on the word of these, and central has not posted."""
        return reservations.unposted(self._db, applied, open_since, by)

    def issued_at_stake(
        self, applied: Applied, open_since: datetime, by: Collection[AuthorisedBy]
    ) -> list[Reservation]:
        """The same of rewards that were issued, each by itself."""
        return reservations.issued_unposted(self._db, applied, open_since, by)

    def redemption(self, redemption_id: str) -> Reservation | None:
        """The reservation with that id, whatever became of it."""
        return reservations.get(self._db, redemption_id)

    def reserved(self, moment: datetime, accounts: Sequence[str] | None = None) -> list[Reserved]:
        """What is reserved at that time, of these accounts or of all."""
        return reservations.open_at(self._db, moment, accounts)

    def made_for(self, moment: datetime, accounts: Sequence[str]) -> list[Reservation]:
        """The reservations of these accounts that are open at that time and that any sale may use."""
        return reservations.made_for(self._db, moment, accounts)

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

    def open_provisional_account(self, code: str, account: str) -> str:
        """The ref for an unknown card: the one that it has already, or else `account` (32 random hex digits)."""
        known = self.provisional_account(code)
        if known is not None:
            return known
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
        entries: Sequence[Entry],
    ) -> Record:
        """Add a record to the chain; `personal` goes into the attachment.

        The entries are of the account in `facts["facts"]` (a member's facts as JSON, None or no such key without one),
        where they name no other.
        Raises Invalid where it would be longer than `BODY_BYTES_MAX`.
        """
        attachment = make_attachment(secrets.token_bytes(SALT_BYTES), personal)
        position = Position(self._identity.terminal, self._identity.epoch, self.head.seq + 1)
        body = {**facts, "entries": [entry.to_json() for entry in entries]}
        record = make_record(position, record_id, kind, at, clock, self.head.hash, body, attachment)
        if len(record.body) > BODY_BYTES_MAX:
            # Central takes no longer one, and everything after it would wait for ever.
            too_many = FieldError("lines", "come to more than one record holds; send them as two")
            raise Invalid("the record would be too long; nothing was recorded", [too_many])
        journal.append(self._db, record)
        derived.derive(self._db, record.seq, record_id, derived.account_of(facts), entries)
        self.head = Head(record.seq, record.hash)
        return record

    def reserve(self, reservation: Reservation) -> None:
        """Keep a new reservation with its answer."""
        reservations.keep(self._db, reservation)

    def charge(self, redeemed: Redeemed, seq: int) -> None:
        """Say that the record `seq` charged a reservation."""
        reservations.charge(self._db, redeemed.id, seq, redeemed.quantity)

    def cancel(self, redemption_id: str) -> None:
        """Let go of a reservation."""
        reservations.cancel(self._db, redemption_id)

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

    def keep_act(self, stored: StoredAct) -> None:
        """Remember an act without a sale of its own with its answer."""
        self._db.execute(
            "INSERT INTO acts (kind, act_id, seq, account, fingerprint, result) VALUES (?, ?, ?, ?, ?, ?)",
            (
                stored.kind.value,
                stored.act_id,
                stored.seq,
                stored.account,
                stored.fingerprint,
                stored.result,
            ),
        )

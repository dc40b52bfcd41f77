"""Posting: gives every received record its state, and accounts their entries.

Records are posted in the order of their journal, each in a savepoint of its own, so that one bad record holds up
nobody; a batch of them shares one durable commit. Posting is idempotent on (record, account): a record with a
state is never looked at again but for a parked one whose original has come, and the ledger's unique key holds
even if this code did not.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, Select, bindparam, insert, select, update
from sqlalchemy.exc import OperationalError

from edge_agent.domain.record import Attachment, RecordKind
from sync.central.accounts import Accounts
from sync.central.bodies import (
    Act,
    BodyEntry,
    Envelope,
    Unpostable,
    kind_of,
    parked,
    read_attachment,
    read_body,
    rejected,
)
from sync.central.database import Database, next_change
from sync.central.ledger import LedgerEntry, LedgerKind, append, earned_and_left, touch
from sync.central.tables import NEVER, acts, attachments, records
from sync.central.times import Clock, stored
from sync.wire import RecordState

BATCH = 200
"""Records per commit: fsync is shared by many, and other writers wait some hundred milliseconds at most."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    state: RecordState
    code: str | None = None
    account: str | None = None
    awaiting: str | None = None
    duplicate_of: str | None = None


class Posting:
    """Posts what intake stored."""

    def __init__(self, database: Database, accounts: Accounts, clock: Clock) -> None:
        self._database = database
        self._accounts = accounts
        self._clock = clock
        self._log = structlog.get_logger("central.posting")
        self._acts: dict[RecordKind, Callable[[Connection, _Received, Act], _Outcome]] = {
            RecordKind.SALE: self._post_sale,
            RecordKind.RETURN: self._post_reversal,
            RecordKind.VOID: self._post_reversal,
        }

    def post_waiting(
        self, terminal: str | None = None, epoch: str | None = None
    ) -> dict[RecordState, int]:
        """Post everything without a state (of one journal, or all); how many got which state."""
        counts: dict[RecordState, int] = {}
        while True:
            with self._database.write() as connection:
                rows = connection.execute(_waiting(terminal, epoch)).all()
                for row in rows:
                    state = self._post(connection, row, settling=False)
                    counts[state] = counts.get(state, 0) + 1
            if len(rows) < BATCH:
                return counts

    def _post(self, connection: Connection, row: Any, settling: bool) -> RecordState:
        """Post one record and store its state; then whatever waited for it."""
        received = _Received.of(row, stored(self._clock()))
        outcome = self._attempt(connection, received)
        told_by_push = outcome.state in {RecordState.ACCEPTED, RecordState.DUPLICATE}
        connection.execute(
            _SET_STATE,
            {
                "r": received.row,
                "new_kind": kind_of(received.body),
                "new_state": outcome.state.value,
                "new_code": outcome.code,
                "new_account": outcome.account,
                "new_awaiting": outcome.awaiting,
                "new_duplicate_of": outcome.duplicate_of,
                "new_posted_at": received.at,
                "new_change": None if told_by_push and not settling else next_change(connection),
            },
        )
        if told_by_push and received.record_id is not None:
            waiters = connection.execute(_AWAITING, {"original": received.record_id}).all()
            for waiter in waiters:
                self._post(connection, waiter, settling=True)
        return outcome.state

    def _attempt(self, connection: Connection, received: "_Received") -> _Outcome:
        try:
            with connection.begin_nested():
                return self._decide(connection, received)
        except Unpostable as reason:
            return _Outcome(reason.state, reason.code, awaiting=reason.awaiting)
        except OperationalError:
            raise  # the disk or the database: nothing is said of this record, the batch is tried again later
        except Exception:  # noqa: BLE001 - the supervisor's loop: the unforeseen in one record must not stop others
            self._log.exception(
                "record could not be posted", terminal=received.terminal, seq=received.seq
            )
            return _Outcome(RecordState.PARKED, "internal")

    def _decide(self, connection: Connection, received: "_Received") -> _Outcome:
        if received.record_id is None:
            raise rejected("id-taken")
        envelope = Envelope(received.terminal, received.epoch, received.seq, received.record_id)
        act = read_body(received.body, envelope)
        read_attachment(act, received.attachment)
        before = connection.execute(
            _ACT, {"t": received.terminal, "k": act.kind.value, "i": act.act_id}
        ).one_or_none()
        digest = hashlib.sha256(act.content).digest()
        if before is not None:
            if before.digest != digest:
                raise rejected(f"{act.kind.value}-differs")
            return _Outcome(RecordState.DUPLICATE, duplicate_of=before.record_id)
        outcome = self._acts[act.kind](connection, received, act)
        connection.execute(
            insert(acts),
            {
                "terminal": received.terminal,
                "kind": act.kind.value,
                "act_id": act.act_id,
                "record_id": received.record_id,
                "digest": digest,
            },
        )
        return outcome

    def _post_sale(self, connection: Connection, received: "_Received", act: Act) -> _Outcome:
        if act.account is None:
            return _Outcome(RecordState.ACCEPTED)
        account = self._accounts.resolve(connection, act.account)
        if account is None:
            card = read_attachment(act, received.attachment).card
            if card is None:
                raise parked("unknown-account")
            account = self._accounts.settle_ref(connection, act.account, card, received.at)
        earned = [
            _ledger_entry(account, LedgerKind.EARN, entry, received.id) for entry in act.entries
        ]
        append(connection, received.id, received.at, earned)
        if earned:
            touch(connection, [account])
        return _Outcome(RecordState.ACCEPTED, account=account)

    def _post_reversal(self, connection: Connection, received: "_Received", act: Act) -> _Outcome:
        original = _original(connection, act)
        account = original.account
        if account is not None:
            account = self._accounts.resolve(connection, account)
        if act.account is not None and self._accounts.resolve(connection, act.account) != account:
            raise rejected("wrong-account")
        if not act.entries:
            return _Outcome(RecordState.ACCEPTED, account=account)
        if any(entry.lot not in {act.original, original.record_id} for entry in act.entries):
            raise rejected("malformed")
        _check_reversal(connection, original.record_id, act)
        if account is None:
            raise rejected("over-reversal")
        taken = [
            _ledger_entry(account, LedgerKind.REVERSE, entry, original.record_id)
            for entry in act.entries
        ]
        append(connection, received.id, received.at, taken)
        touch(connection, [account])
        return _Outcome(RecordState.ACCEPTED, account=account)


@dataclass(frozen=True, slots=True)
class _Received:
    """A record as intake stored it."""

    row: int
    terminal: str
    epoch: str
    seq: int
    record_id: str | None
    body: bytes
    attachment: Attachment | None
    at: str

    @classmethod
    def of(cls, row: Any, at: str) -> "_Received":
        found = row._mapping
        attachment = None
        if found["salt"] is not None:
            attachment = Attachment(found["salt"], found["content"])
        return cls(
            found["row"],
            found["terminal"],
            found["epoch"],
            found["seq"],
            found["record_id"],
            found["body"],
            attachment,
            at,
        )

    @property
    def id(self) -> str:
        """The record's id, for records that have one to themselves."""
        if self.record_id is None:
            raise rejected("id-taken")
        return self.record_id


def _original(connection: Connection, act: Act) -> Any:
    """The posted sale that an act takes back; raises `Unpostable` when it is not there."""
    if act.original is None:
        raise parked("awaiting-original")
    found = connection.execute(_ORIGINAL, {"id": act.original}).one_or_none()
    if found is not None and found.duplicate_of is not None:
        found = connection.execute(_ORIGINAL, {"id": found.duplicate_of}).one_or_none()
    if found is None or found.state in {None, RecordState.PARKED}:
        raise parked("awaiting-original", act.original)
    if found.state == RecordState.REJECTED:
        raise parked("original-rejected", act.original)
    if found.kind != RecordKind.SALE:
        raise rejected("malformed")
    return found


def _check_reversal(connection: Connection, original: str, act: Act) -> None:
    """Never reverse more than was there, per unit, rule, line and day of expiry."""
    there = earned_and_left(connection, original)
    for entry in act.entries:
        key = (entry.unit, entry.rule, entry.line, _day(entry))
        earned, left = there.get(key, (0, 0))
        left += entry.quantity
        if not min(0, earned) <= left <= max(0, earned):
            raise rejected("over-reversal")
        there[key] = (earned, left)


def _ledger_entry(account: str, kind: LedgerKind, entry: BodyEntry, lot: str) -> LedgerEntry:
    return LedgerEntry(
        account, kind, entry.unit, entry.quantity, lot, _day(entry), entry.rule, entry.line
    )


def _day(entry: BodyEntry) -> str:
    return NEVER if entry.expires_on is None else entry.expires_on.isoformat()


_RECEIVED = select(
    records.c.row,
    records.c.terminal,
    records.c.epoch,
    records.c.seq,
    records.c.record_id,
    records.c.body,
    attachments.c.salt,
    attachments.c.content,
).select_from(records.outerjoin(attachments, attachments.c.record == records.c.row))

_AWAITING = _RECEIVED.where(
    records.c.awaiting == bindparam("original"), records.c.state == RecordState.PARKED.value
).order_by(records.c.row)

_ORIGINAL = select(
    records.c.record_id,
    records.c.state,
    records.c.kind,
    records.c.account,
    records.c.duplicate_of,
).where(records.c.record_id == bindparam("id"))

_ACT = select(acts.c.record_id, acts.c.digest).where(
    acts.c.terminal == bindparam("t"),
    acts.c.kind == bindparam("k"),
    acts.c.act_id == bindparam("i"),
)

_SET_STATE = (
    update(records)
    .where(records.c.row == bindparam("r"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "kind",
                "state",
                "code",
                "account",
                "awaiting",
                "duplicate_of",
                "posted_at",
                "change",
            )
        }
    )
)


def _waiting(terminal: str | None, epoch: str | None) -> Select[Any]:
    query = _RECEIVED.where(records.c.state.is_(None)).order_by(records.c.row).limit(BATCH)
    if terminal is not None:
        query = query.where(records.c.terminal == terminal, records.c.epoch == epoch)
    return query

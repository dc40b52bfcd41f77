"""Posting: gives every received record its state, and accounts their entries.

Records are posted in the order of their journal, which is held meanwhile; a batch of them shares one durable commit,
and when one of them brings up something unforeseen the batch is taken again with a savepoint for each, so that one bad
record holds up nobody. Posting is idempotent on (record, account): a record with a state is never looked at again but
for a parked one whose original has come, and the ledger's unique key holds even if this code did not.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import structlog
from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from sync.central.accounts import Accounts
from sync.central.batch import INTERNAL, RECEIVED, Batch, Outcome, Received
from sync.central.bodies import (
    AWAITS_A_SALE,
    Act,
    Envelope,
    Unpostable,
    parked,
    read_body,
    rejected,
)
from sync.central.database import Database, hold, in_parts, try_later
from sync.central.deciding import Checks, decide
from sync.central.epochs import hold_journal, quarantined_records
from sync.central.personal import read_attachment
from sync.central.tables import records
from sync.central.times import Clock, stored
from sync.wire import RecordState

BATCH = 250
"""Records per commit, half of the longest push: fsync is shared by many, and other writers wait some hundred
milliseconds at most."""

Counts = Counter[RecordState]


@dataclass(slots=True)
class Posted:
    """What a transaction did: the states that it gave, and the records that others may be parked for."""

    states: list[RecordState] = field(default_factory=list)
    looked_for: set[str] = field(default_factory=set)

    def add(self, more: "Posted") -> None:
        """With what one more record came to."""
        self.states += more.states
        self.looked_for |= more.looked_for


_Read = Act | Unpostable
_Ahead = tuple[Received, _Read]

PARKED_UNTIL_UPGRADE = (
    "unknown-kind",
    "unknown-account",
    "unknown-programme",
    "card-taken",
    "not-worked-out",
    INTERNAL,
)
"""Reasons that a newer central, or a card that became known or free, may have taken away."""


class Posting:
    """Posts what intake stored."""

    def __init__(
        self, database: Database, accounts: Accounts, checks: Checks, clock: Clock
    ) -> None:
        self._database = database
        self._accounts = accounts
        self.checks = checks
        self._clock = clock
        self._log = structlog.get_logger("central.posting")

    def post_waiting(self, terminal: str | None = None, epoch: str | None = None) -> Counts:
        """Post everything without a state (of one journal, or all); how many got which state.

        Of all of them one that fails does not keep the others from being posted: it is logged and stays for the next
        time. Only that the database is away or busy is raised, after the last one.
        """
        counts: Counts = Counter()
        if terminal and epoch:
            self._post_journal(terminal, epoch, counts)
            return counts
        later: Exception | None = None
        for journal in self._journals():
            try:
                self._post_journal(*journal, counts)
            except Exception as error:  # noqa: BLE001 - the supervisor's loop
                self._log.exception("journal could not be posted", terminal=journal[0])
                later = error if try_later(error) else later
        if later is not None:
            raise later
        return counts

    def _post_journal(self, terminal: str, epoch: str, counts: Counts) -> None:
        while ahead := self._read_ahead(terminal, epoch):
            done = self._post_batch(terminal, epoch, ahead)
            counts.update(done.states)
            counts.update(self.settle(done.looked_for))

    def settle(self, originals: Collection[str] | None = None) -> Counts:
        """Post what was parked until one of these records (or any) was posted, and then what waited for that.

        Of two processes that post a sale and its return at once, neither sees what the other has not committed yet.
        Both look here afterwards, and whoever comes last finds what the other left.
        """
        counts: Counts = Counter()
        while originals is None or originals:
            rows = self._ready(originals)
            originals = set[str]().union(*(self._post_parked(row, counts) for row in rows))
        return counts

    def _ready(self, originals: Collection[str] | None) -> list[int]:
        with self._database.read() as connection:
            if originals is None:
                return list(connection.scalars(_READY))
            return [
                row
                for part in in_parts(originals)
                for row in connection.scalars(_READY.where(records.c.awaiting.in_(part)))
            ]

    def post_again(self, codes: Sequence[str] = PARKED_UNTIL_UPGRADE) -> Counts:
        """Look again at what was parked for one of these reasons, by default those that an upgrade may take away.

        Records that are still parked for the same reason stay as they are, and terminals hear nothing.
        """
        return self._look_again(records.c.code.in_(codes))

    def post_released(self, terminal: str) -> Counts:
        """Post what was laid aside while the terminal was in quarantine."""
        return self._look_again(quarantined_records(terminal))

    def _look_again(self, which: ColumnElement[bool]) -> Counts:
        counts: Counts = Counter()
        row = 0
        while True:
            with self._database.read() as connection:
                found = connection.scalars(_PARKED.where(which), {"after": row}).all()
            for row in found:
                counts.update(self.settle(self._post_parked(row, counts)))
            if len(found) < BATCH:
                return counts

    def _post_parked(self, row: int, counts: Counts) -> set[str]:
        """Look at one parked record again; which records may be looked for after that."""

        def post(connection: Connection) -> tuple[RecordState | None, set[str]]:
            if not hold(connection, _STILL_PARKED.where(records.c.row == row)):
                return None, set()
            found = connection.execute(_PARKED_AS.where(records.c.row == row)).one()
            received = Received.of(found)
            batch = self.batch(connection)
            act = self._understood(connection, received)
            if isinstance(act, Act):
                batch.read_ahead([(received, act)])
            state = self._settle(batch, received, act, settling=True, was=found.code)
            batch.finish()
            return state, batch.looked_for

        try:
            state, looked_for = self._database.transaction(post)
        except Exception as error:
            if try_later(error):
                raise
            self._log.exception("still not", row=row)  # as below: it stays parked
            self._database.transaction(partial(self._park_again, row))
            return set()
        if state is not None:
            counts[state] += 1
        return looked_for

    def _park_again(self, row: int, connection: Connection) -> None:
        """Say of a parked record that posting fails on it now; whatever it waits for, it still does."""
        changed = _STILL_PARKED.where(records.c.row == row, records.c.code != INTERNAL)
        if hold(connection, changed):
            batch = self.batch(connection)
            batch.park_unread(row)
            batch.finish()

    def _journals(self) -> list[tuple[str, str]]:
        with self._database.read() as connection:
            return [(row.terminal, row.epoch) for row in connection.execute(_JOURNALS)]

    def _read_ahead(self, terminal: str, epoch: str) -> list[_Ahead]:
        """The next records of a journal.

        The rules are asked before a transaction begins: nobody waits for a lock while they work.
        """
        waiting = _WAITING.where(records.c.terminal == terminal, records.c.epoch == epoch)
        with self._database.read() as connection:
            found = [Received.of(row) for row in connection.execute(waiting)]
            try:
                return [(each, self._understood(connection, each)) for each in found]
            except Exception as error:
                if try_later(error):
                    raise
                self._log.exception("batch could not be read; now record by record")
        return [(each, self._understood_alone(each)) for each in found]

    def _post_batch(self, terminal: str, epoch: str, ahead: Sequence[_Ahead]) -> Posted:
        """Post these records of a journal, but for those that another process has posted meanwhile."""

        def still_waiting(connection: Connection) -> list[_Ahead]:
            hold_journal(connection, terminal, epoch)
            rows = {"rows": [received.row for received, _ in ahead]}
            waiting = set(connection.scalars(_STILL_WAITING, rows))
            return [(received, act) for received, act in ahead if received.row in waiting]

        def post(connection: Connection) -> Posted:
            return self._post(connection, still_waiting(connection))

        def one_by_one(connection: Connection) -> Posted:
            posted = Posted()
            for received, act in still_waiting(connection):
                posted.add(self._post_alone(connection, received, act))
            return posted

        try:
            return self._database.transaction(post)
        except Exception as error:
            # The supervisor's loop: what one record brings up must not stop the others.
            if try_later(error):
                raise  # nothing is said of any record, all are tried again
            self._log.exception("batch could not be posted; now record by record")
        return self._database.transaction(one_by_one)

    def _post_alone(self, connection: Connection, received: Received, act: _Read) -> Posted:
        try:
            with connection.begin_nested():
                return self._post(connection, [(received, act)])
        except Exception as error:
            if try_later(error):
                raise
            self._log.exception(
                "record could not be posted", terminal=received.terminal, seq=received.seq
            )
        batch = self.batch(connection)
        batch.park_unread(received.row)
        batch.finish()
        return Posted([RecordState.PARKED])

    def _post(self, connection: Connection, read: Sequence[_Ahead]) -> Posted:
        batch = self.batch(connection)
        batch.read_ahead([(each, act) for each, act in read if isinstance(act, Act)])
        states = [self._settle(batch, each, act, settling=False) for each, act in read]
        batch.finish()
        return Posted([state for state in states if state is not None], batch.looked_for)

    def batch(self, connection: Connection) -> Batch:
        """What is written of some records in one transaction."""
        return Batch(connection, self._accounts, stored(self._clock()))

    def _understood_alone(self, received: Received) -> _Read:
        """The same in a snapshot of its own, since PostgreSQL answers nothing more in one where something failed."""
        try:
            with self._database.read() as connection:
                return self._understood(connection, received)
        except Exception as error:
            if try_later(error):
                raise
            self._log.exception(
                "record could not be read", terminal=received.terminal, seq=received.seq
            )
            return parked(INTERNAL)

    def _understood(self, connection: Connection, received: Received) -> _Read:
        """The act in a record, its award worked out again, or why there is none."""
        try:
            act = read_body(
                received.body,
                Envelope(received.terminal, received.epoch, received.seq, received.record_id),
            )
        except Unpostable as reason:
            return rejected("id-taken") if received.id_is_taken else reason
        if received.id_is_taken:  # by the same act, in the epoch before, or by another one
            return replace(act, unlike=rejected("id-taken"))
        if act.unlike is not None:
            return act
        try:
            self.checks.award(connection, received.terminal, act)
        except Unpostable as reason:
            return replace(act, unlike=reason)
        return act

    def _settle(
        self,
        batch: Batch,
        received: Received,
        act: _Read,
        *,
        settling: bool,
        was: str | None = None,
    ) -> RecordState | None:
        """Give one record its state; None when it is parked as it `was`."""
        try:
            if isinstance(act, Unpostable):
                raise act
            outcome = decide(batch, received, act, self.checks)
        except Unpostable as reason:
            outcome = Outcome.without_effect(reason)
        if was is not None and (outcome.state, outcome.code) == (RecordState.PARKED, was):
            return None
        understood = act if isinstance(act, Act) else None
        if understood is not None and _is_of_forgotten(batch, received, understood):
            batch.erase_attachment(received)
        tell = settling or not outcome.has_effect
        batch.set_state(received, outcome, understood, tell=tell)
        return outcome.state


def _is_of_forgotten(batch: Batch, received: Received, act: Act) -> bool:
    """Whether a record is that of somebody who was erased since, also by a ref that a till made for their card."""
    if batch.is_of_forgotten(act):
        return True
    try:
        card = read_attachment(act, received.attachment).card
    except Unpostable:
        return False
    return card is not None and batch.learn_forgotten(act, card)


_STILL_PARKED = select(records.c.row).where(records.c.state == RecordState.PARKED.value)

_PARKED = (
    _STILL_PARKED.where(records.c.row > bindparam("after")).order_by(records.c.row).limit(BATCH)
)

_PARKED_AS = RECEIVED.add_columns(records.c.code)

_awaited = records.alias("awaited")
_READY = (
    _STILL_PARKED.outerjoin(_awaited, _awaited.c.record_id == records.c.awaiting)
    .where(
        records.c.awaiting.is_not(None),
        (_awaited.c.state == RecordState.ACCEPTED.value)
        | _awaited.c.duplicate_of.is_not(None)
        | records.c.awaiting.startswith(AWAITS_A_SALE),
    )
    .order_by(records.c.row)
)
"""What waits for a record that is there by now, or for a sale by the POS's id: only looking tells whether that is."""

_JOURNALS = (
    select(records.c.terminal, records.c.epoch)
    .where(records.c.state.is_(None))
    .group_by(records.c.terminal, records.c.epoch)
    .order_by(func.min(records.c.row))
)

_WAITING = RECEIVED.where(records.c.state.is_(None)).order_by(records.c.seq).limit(BATCH)
_STILL_WAITING = select(records.c.row).where(
    records.c.row.in_(bindparam("rows", expanding=True)), records.c.state.is_(None)
)

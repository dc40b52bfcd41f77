"""Posting: gives every received record its state, and accounts their entries.

Records are posted in the order of their journal; a batch of them shares one durable commit, and when one of them
brings up something unforeseen the batch is taken again with a savepoint for each, so that one bad record holds up
nobody. Posting is idempotent on (record, account): a record with a state is never looked at again but for a
parked one whose original has come, and the ledger's unique key holds even if this code did not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import Connection, Select, bindparam
from sqlalchemy.exc import OperationalError

from sync.central.accounts import Accounts
from sync.central.batch import RECEIVED, Batch, Outcome, Received
from sync.central.bodies import Act, Envelope, Unpostable, read_body, rejected
from sync.central.database import Database
from sync.central.deciding import Checks, decide
from sync.central.epochs import quarantined_records
from sync.central.tables import records
from sync.central.times import Clock, stored
from sync.wire import RecordState

BATCH = 200
"""Records per commit: fsync is shared by many, and other writers wait some hundred milliseconds at most."""

Counts = dict[RecordState, int]

_Read = Act | Unpostable

PARKED_UNTIL_UPGRADE = (
    "unknown-kind",
    "unknown-account",
    "unknown-programme",
    "card-taken",
    "not-worked-out",
    "internal",
)
"""Reasons that a newer central, or a card that became known or free, may have taken away."""


class Posting:
    """Posts what intake stored."""

    def __init__(
        self, database: Database, accounts: Accounts, checks: Checks, clock: Clock
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._checks = checks
        self._clock = clock
        self._log = structlog.get_logger("central.posting")

    def post_waiting(self, terminal: str | None = None, epoch: str | None = None) -> Counts:
        """Post everything without a state (of one journal, or all); how many got which state."""
        counts: Counts = {}
        while True:
            done = self._post_batch(_waiting(terminal, epoch))
            for state in done:
                counts[state] = counts.get(state, 0) + 1
            if len(done) < BATCH:
                return counts

    def post_again(self, codes: Sequence[str] = PARKED_UNTIL_UPGRADE) -> Counts:
        """Look again at what was parked for one of these reasons, by default those that an upgrade may take away.

        Records that are still parked for the same reason stay as they are, and terminals hear nothing.
        """
        return self._look_again(_PARKED.where(records.c.code.in_(codes)))

    def post_released(self, terminal: str) -> Counts:
        """Post what was laid aside while the terminal was in quarantine."""
        return self._look_again(_PARKED.where(quarantined_records(terminal)))

    def _look_again(self, query: Select[Any]) -> Counts:
        counts: Counts = {}
        row = 0
        while True:
            with self._database.write() as connection:
                found = connection.execute(query, {"after": row}).all()
                for each in found:
                    state = self._post_parked(connection, Received.of(each), each.code)
                    if state is not None:
                        counts[state] = counts.get(state, 0) + 1
            if len(found) < BATCH:
                return counts
            row = found[-1].row

    def _post_parked(
        self, connection: Connection, received: Received, code: str
    ) -> RecordState | None:
        try:
            with connection.begin_nested():
                batch = self.batch(connection)
                act = self._understand(connection, received)
                if isinstance(act, Act):
                    batch.read_ahead([(received, act)])
                state = self._settle(batch, received, act, settling=True, was=code)
                batch.finish()
        except OperationalError:
            raise
        except Exception:  # noqa: BLE001 - as below: it stays parked
            self._log.exception("still not", terminal=received.terminal, seq=received.seq)
            return None
        return state

    def _post_batch(self, query: Select[Any]) -> list[RecordState]:
        try:
            # The rules are asked before the transaction begins: nobody waits for a lock while they work.
            with self._database.read() as connection:
                ahead = {
                    each.row: self._understand(connection, each)
                    for each in _received(connection, query)
                }
            with self._database.write() as connection:
                return self._post(connection, _received(connection, query), ahead)
        except OperationalError:
            raise  # the disk or the lock: nothing is said of any record, all are tried again later
        except Exception:  # noqa: BLE001 - the supervisor's loop: what one record brings up must not stop the others
            self._log.exception("batch could not be posted; now record by record")
        with self._database.write() as connection:
            return [self._post_alone(connection, each) for each in _received(connection, query)]

    def _post_alone(self, connection: Connection, received: Received) -> RecordState:
        try:
            with connection.begin_nested():
                return self._post(connection, [received], {})[0]
        except OperationalError:
            raise
        except Exception:  # noqa: BLE001 - as above
            self._log.exception(
                "record could not be posted", terminal=received.terminal, seq=received.seq
            )
        batch = self.batch(connection)
        batch.set_state(received, Outcome(RecordState.PARKED, "internal"), tell=True)
        batch.finish()
        return RecordState.PARKED

    def _post(
        self, connection: Connection, received: Sequence[Received], ahead: Mapping[int, _Read]
    ) -> list[RecordState]:
        """Post these records, of which those in `ahead` (by row) are understood already."""
        batch = self.batch(connection)
        read = [
            (each, ahead.get(each.row) or self._understand(connection, each)) for each in received
        ]
        batch.read_ahead([(each, act) for each, act in read if isinstance(act, Act)])
        states = [self._settle(batch, each, act, settling=False) for each, act in read]
        batch.finish()
        return [state for state in states if state is not None]

    def batch(self, connection: Connection) -> Batch:
        """What is written of some records in one transaction."""
        return Batch(connection, self._accounts, stored(self._clock()))

    def _understand(self, connection: Connection, received: Received) -> _Read:
        """The act in a record, its award worked out again, or why there is none."""
        try:
            if received.id_is_taken:
                raise rejected("id-taken")
            act = read_body(
                received.body,
                Envelope(received.terminal, received.epoch, received.seq, received.record_id),
            )
        except Unpostable as reason:
            return reason
        try:
            self._checks.award(connection, received.terminal, act)
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
        """Give one record its state; then whatever waited for it. None when it is parked as it `was`."""
        try:
            if isinstance(act, Unpostable):
                raise act
            outcome = decide(batch, received, act, self._checks)
        except Unpostable as reason:
            outcome = Outcome.without_effect(reason)
        if was is not None and (outcome.state, outcome.code) == (RecordState.PARKED, was):
            return None
        batch.set_state(received, outcome, tell=settling or not outcome.has_effect)
        if outcome.has_effect:
            self.settle_waiting(batch, received.record_id)
        return outcome.state

    def settle_waiting(self, batch: Batch, record_id: str) -> None:
        """Post what was parked until this record had its effect."""
        for waiter in batch.waiting_for(record_id):
            waiting = self._understand(batch.connection, waiter)
            self._settle(batch, waiter, waiting, settling=True)


def _received(connection: Connection, query: Select[Any]) -> list[Received]:
    return [Received.of(row) for row in connection.execute(query)]


_PARKED = (
    RECEIVED.add_columns(records.c.code)
    .where(
        records.c.state == RecordState.PARKED.value,
        records.c.row > bindparam("after"),
    )
    .order_by(records.c.row)
    .limit(BATCH)
)


def _waiting(terminal: str | None, epoch: str | None) -> Select[Any]:
    query = RECEIVED.where(records.c.state.is_(None)).order_by(records.c.row).limit(BATCH)
    if terminal is not None:
        query = query.where(records.c.terminal == terminal, records.c.epoch == epoch)
    return query

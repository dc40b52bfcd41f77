"""What terminals pull: changed members, the programme, states of their own records, from one snapshot."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, exists, func, select

from sync.central import instances, programmes
from sync.central.allowances import told as allowances_told
from sync.central.database import ACCOUNTS, Database, current_change, read_counter
from sync.central.epochs import own_records
from sync.central.problems import Problem
from sync.central.programmes import Programmes
from sync.central.tables import accounts, acts, chains, records
from sync.central.times import Clock
from sync.central.told import members_told
from sync.wire import MEMBERS_PER_PAGE_MAX, Changes, MemberDelta, RecordState, StateOfRecord

STATES_PER_PAGE_MAX = 2_000
"""A terminal whose whole backlog was parked still gets it in a few pages."""

DELTAS_MAX = 50_000
"""Members that changed: as JSON some 15 MB, in the file as much as half a million members take."""

WAIT_S_MAX = 30
"""Below the idle timeout of common proxies (60 s)."""

WAITERS_MAX = 64
"""Each holds a thread. Terminals above that are answered at once and ask again at their own pace."""

LOOK_EVERY_S = 1.0
"""Changes by another process (an import by the command line) are seen within this time."""


class Feed:
    """Answers `changes`, waiting for one if asked."""

    def __init__(self, database: Database, published: Programmes, clock: Clock) -> None:
        self._database = database
        self._programmes = published
        self._clock = clock
        self._changed = threading.Condition()
        self._stopping = False
        self._waiters = 0
        self._notified = 0

    @property
    def waiters(self) -> int:
        """How many are waiting now."""
        return self._waiters

    def notify(self) -> None:
        """Something was written; look now."""
        with self._changed:
            self._notified += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Let everyone who waits go, now and from now on."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def changes(
        self,
        terminal: str,
        epoch: str | None,
        after: int,
        wait_s: float,
        allowances_change: int = 0,
        members_after: int = 0,
        instance: str | None = None,
        refusal: Callable[[Connection], Problem | None] = lambda _snapshot: None,
    ) -> Changes:
        """What changed after change number `after`; waits up to `wait_s` seconds when nothing did.

        Allowances that are still those of `allowances_change` are not told again, and members that did not change after
        `members_after` are left out. `instance` is what `after` was told under. Raises a problem where `after` is none
        that a terminal can go on from, and that of `refusal` where whoever waited may be told of the snapshot no more.
        """
        self._wait(after, min(wait_s, WAIT_S_MAX))
        with self._database.read() as connection:
            refused = refusal(connection)
            if refused is not None:
                raise refused
            if after and not instances.holds(connection, instance, after):
                raise _position_unknown(after)
            page = self._page(connection, terminal, epoch, after, members_after)
            allowances, change = allowances_told(connection, terminal, allowances_change)
        return page.model_copy(update={"allowances": allowances, "allowances_change": change})

    def _wait(self, after: int, wait_s: float) -> None:
        deadline = time.monotonic() + wait_s
        with self._changed:
            if self._waiters >= WAITERS_MAX or wait_s <= 0:
                return
            self._waiters += 1
        try:
            while not self._stopping and time.monotonic() < deadline:
                seen = self._notified
                if self._current() != after:
                    return
                left = min(deadline - time.monotonic(), LOOK_EVERY_S)
                with self._changed:
                    self._changed.wait_for(partial(self._news_since, seen), max(left, 0))
        finally:
            with self._changed:
                self._waiters -= 1

    def _news_since(self, seen: int) -> bool:
        return self._stopping or self._notified != seen

    def _current(self) -> int:
        with self._database.read() as connection:
            return current_change(connection)

    def _page(
        self,
        connection: Connection,
        terminal: str,
        epoch: str | None,
        after: int,
        members_after: int,
    ) -> Changes:
        newest = current_change(connection)
        if after > newest or (after and is_far_behind(connection, max(after, members_after))):
            raise _position_unknown(after)
        members = connection.execute(
            select(accounts)
            .where(accounts.c.change > max(after, members_after), accounts.c.joined_into.is_(None))
            .order_by(accounts.c.change)
            .limit(MEMBERS_PER_PAGE_MAX)
        ).all()
        states = _states(connection, terminal, epoch, after)
        upto = newest
        if len(members) == MEMBERS_PER_PAGE_MAX:
            upto = min(upto, members[-1].change)
        if len(states) == STATES_PER_PAGE_MAX:
            upto = min(upto, states[-1].change)
        position = _position(connection, terminal, epoch)
        told = [row for row in members if row.change <= upto]
        asked = self._programmes.asked(connection)
        return Changes(
            next=upto,
            instance=instances.current(connection),
            more=upto < newest,
            as_of=self._clock(),
            applied_seq=position.applied,
            parked=_parked(connection, terminal, epoch, position.applied) if upto == newest else (),
            received=position.received,
            head=None if position.head is None else position.head.hex(),
            closed_by=position.closed_by,
            member_count=read_counter(connection, ACCOUNTS),
            members=tuple(
                MemberDelta.of(member) for member in members_told(connection, told, asked)
            ),
            programme=programmes.delta(connection, after, upto),
            states=tuple(_told(row) for row in states if row.change <= upto),
        )


def _position_unknown(after: int) -> Problem:
    detail = f"No changes are told from {after} on; fetch the members file."
    return Problem(410, "position-unknown", detail)


def is_far_behind(connection: Connection, after: int) -> bool:
    """Whether so much changed since that fetching the members file is less."""
    row = connection.execute(
        select(accounts.c.change)
        .where(accounts.c.change > after)
        .order_by(accounts.c.change)
        .offset(DELTAS_MAX)
        .limit(1)
    ).first()
    return row is not None


def _states(connection: Connection, terminal: str, epoch: str | None, after: int) -> Sequence[Any]:
    if epoch is None:
        return ()
    return connection.execute(
        select(records.c.seq, records.c.state, records.c.code, records.c.change)
        .where(own_records(connection, terminal, epoch, records.c.change > after))
        .order_by(records.c.change)
        .limit(STATES_PER_PAGE_MAX)
    ).all()


def _told(row: Any) -> StateOfRecord:
    return StateOfRecord(seq=row.seq, state=RecordState(row.state), code=row.code)


def states_of(
    connection: Connection, terminal: str, epoch: str, seqs: Sequence[int]
) -> tuple[StateOfRecord, ...]:
    """The states of these records, as far as they have one."""
    rows = connection.execute(
        select(records.c.seq, records.c.state, records.c.code)
        .where(
            records.c.terminal == terminal,
            records.c.epoch == epoch,
            records.c.seq.in_(seqs),
            records.c.state.is_not(None),
        )
        .order_by(records.c.seq)
    )
    return tuple(_told(row) for row in rows)


def applied_position(connection: Connection, terminal: str, epoch: str) -> int:
    """Up to which seq of this journal every record has a state."""
    return _position(connection, terminal, epoch).applied


def _parked(
    connection: Connection, terminal: str, epoch: str | None, applied: int
) -> tuple[int, ...]:
    """Which records up to there wait for something.

    A till counts what they moved as on its way. So one is left out whose effect the figures hold already: a till that
    was put back sends it again in a new epoch, and it is laid aside unread where that is in quarantine.
    """
    if epoch is None:
        return ()
    return tuple(
        connection.scalars(
            select(records.c.seq)
            .where(
                own_records(
                    connection,
                    terminal,
                    epoch,
                    records.c.state == RecordState.PARKED.value,
                    records.c.seq <= applied,
                ),
                ~exists().where(acts.c.record_id == records.c.claimed_id),
            )
            .order_by(records.c.seq)
        )
    )


class _Position(NamedTuple):
    """How far a journal was received and the hash there, up to where every record has a state, and the epoch that
    closed it."""

    received: int = 0
    head: bytes | None = None
    applied: int = 0
    closed_by: str | None = None


def _position(connection: Connection, terminal: str, epoch: str | None) -> _Position:
    chain = connection.execute(
        select(chains.c.received, chains.c.head, chains.c.closed_by).where(
            chains.c.terminal == terminal, chains.c.epoch == epoch
        )
    ).one_or_none()
    if chain is None or epoch is None:
        return _Position()
    unposted = connection.scalar(
        select(func.min(records.c.seq)).where(
            own_records(connection, terminal, epoch, records.c.state.is_(None))
        )
    )
    applied = chain.received if unposted is None else unposted - 1
    return _Position(chain.received, chain.head, applied, chain.closed_by)

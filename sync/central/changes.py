"""What terminals pull: changed members, the programme, states of their own records, from one snapshot."""

import json
import threading
import time
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from edge_agent.domain.member import Standing
from edge_agent.domain.programme.asked import Asked
from edge_agent.domain.programme.messages import CHANNEL
from sync.central import programmes
from sync.central.accounts import agreed
from sync.central.allowances import told as allowances_told
from sync.central.database import ACCOUNTS, Database, current_change, read_counter
from sync.central.epochs import own_records
from sync.central.ledger import holdings
from sync.central.programmes import Programmes
from sync.central.tables import accounts, cards, chains, records
from sync.central.times import Clock
from sync.wire import MEMBERS_PER_PAGE_MAX, Changes, Lot, MemberDelta, RecordState, StateOfRecord

STATES_PER_PAGE_MAX = 2_000
"""A terminal whose whole backlog was parked still gets it in a few pages."""

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
    ) -> Changes:
        """What changed after change number `after`; waits up to `wait_s` seconds when nothing did.

        Allowances that are still those of `allowances_change` are not told again.
        """
        self._wait(after, min(wait_s, WAIT_S_MAX))
        with self._database.read() as connection:
            page = self._page(connection, terminal, epoch, after)
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
        self, connection: Connection, terminal: str, epoch: str | None, after: int
    ) -> Changes:
        newest = current_change(connection)
        if after > newest:  # this central was restored from an older copy: everything again
            after = 0
        members = connection.execute(
            select(accounts)
            .where(accounts.c.change > after, accounts.c.joined_into.is_(None))
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
        return Changes(
            next=upto,
            more=upto < newest,
            as_of=self._clock(),
            applied_seq=position.applied,
            received=position.received,
            closed_by=position.closed_by,
            member_count=read_counter(connection, ACCOUNTS),
            members=_deltas(
                connection,
                [row for row in members if row.change <= upto],
                self._programmes.asked(connection),
            ),
            programme=programmes.delta(connection, after, upto),
            states=tuple(_told(row) for row in states if row.change <= upto),
        )


def _states(connection: Connection, terminal: str, epoch: str | None, after: int) -> Sequence[Any]:
    if epoch is None:
        return ()
    return connection.execute(
        select(records.c.seq, records.c.state, records.c.code, records.c.change)
        .where(
            own_records(connection, terminal, epoch),
            records.c.change > after,
        )
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


class _Position(NamedTuple):
    """How far a journal was received, up to where every record has a state, and the epoch that closed it."""

    received: int = 0
    applied: int = 0
    closed_by: str | None = None


def _position(connection: Connection, terminal: str, epoch: str | None) -> _Position:
    chain = connection.execute(
        select(chains.c.received, chains.c.closed_by).where(
            chains.c.terminal == terminal, chains.c.epoch == epoch
        )
    ).one_or_none()
    if chain is None or epoch is None:
        return _Position()
    unposted = connection.scalar(
        select(func.min(records.c.seq)).where(
            own_records(connection, terminal, epoch), records.c.state.is_(None)
        )
    )
    applied = chain.received if unposted is None else unposted - 1
    return _Position(chain.received, applied, chain.closed_by)


def _deltas(
    connection: Connection, members: Sequence[Any], asked: Asked
) -> tuple[MemberDelta, ...]:
    """The members as they are told: of their profiles what the rules ask about, and how they want to be spoken to."""
    refs = [row.ref for row in members]
    keys: dict[str, list[str]] = {}
    for row in connection.execute(
        select(cards.c.account, cards.c.key)
        .where(cards.c.account.in_(refs))
        .order_by(cards.c.account, cards.c.key)
    ):
        keys.setdefault(row.account, []).append(row.key)
    joined: dict[str, list[str]] = {}
    for row in connection.execute(
        select(accounts.c.joined_into, accounts.c.ref)
        .where(accounts.c.joined_into.in_(refs))
        .order_by(accounts.c.ref)
    ):
        joined.setdefault(row.joined_into, []).append(row.ref)
    held = holdings(connection, refs)
    agreements = agreed(connection, refs)
    return tuple(
        MemberDelta(
            ref=row.ref,
            standing=Standing(row.standing),
            cards=tuple(keys.get(row.ref, ())),
            joined=tuple(joined.get(row.ref, ())),
            display_name=row.display_name,
            tier=row.tier,
            since=None if row.since is None else date.fromisoformat(row.since),
            language=row.language,
            segments=tuple(each for each in json.loads(row.segments) if each in asked.segments),
            attributes={
                name: value
                for name, value in json.loads(row.attributes).items()
                if name in asked.attributes or name == CHANNEL
            },
            birthday=row.birthday[-len("MM-DD") :] if asked.birthday and row.birthday else None,
            consents=agreements.get(row.ref, {}),
            referred_by=row.referred_by,
            redeems_offline=row.redeems_offline,
            lots=tuple(Lot(**each._asdict()) for each in held.get(row.ref, ())),
        )
        for row in members
    )

"""Allowances: points of a member set aside for the terminal where they shop, so that it can redeem them without a line.

They are given when a sale of the member comes in, at most a share of what is free, and never taken back by central:
they shrink by what is redeemed out of them, and end like every hold. A dozen lanes would divide a member's points by
twelve; so an installation says whether members get any, and most shops are better served by limits.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection, func, select

from edge_agent.domain.member import Standing
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.rewards import scale_of
from sync.central import holds
from sync.central.database import Database, hold
from sync.central.holds import HoldKind
from sync.central.ledger import lots_in, usable_on
from sync.central.programmes import Programmes
from sync.central.tables import accounts, records, terminals
from sync.central.tables import holds as holds_table
from sync.central.times import Clock, read, stored
from sync.wire import ALLOWANCES_MAX, Allowance, RecordState


@dataclass(frozen=True, slots=True)
class AllowancePlan:
    """How much is set aside: at most `points` (whole ones) of a unit for one member at one terminal, and at most
    `percent` of what is free of it; 0 points for none at all. It can be used for `days` after the latest sale."""

    points: int = 0
    percent: int = 50
    days: int = 14


class Allowances:
    """Gives allowances, and says which a terminal has."""

    def __init__(
        self, database: Database, programmes: Programmes, plan: AllowancePlan, clock: Clock
    ) -> None:
        self._database = database
        self._programmes = programmes
        self._plan = plan
        self._clock = clock

    def give(self, terminal: str, epoch: str, first: int, last: int) -> int:
        """Set something aside for this terminal of every member that its records `first` to `last` are of; how many
        allowances were given or grew."""
        if not self._plan.points or first > last:
            return 0
        given = 0
        for ref in self._shoppers(terminal, epoch, first, last):
            given += self._database.transaction(partial(self._give, terminal=terminal, ref=ref))
        return given

    def _shoppers(self, terminal: str, epoch: str, first: int, last: int) -> list[str]:
        query = (
            select(records.c.account)
            .distinct()
            .where(
                records.c.terminal == terminal,
                records.c.epoch == epoch,
                records.c.seq.between(first, last),
                records.c.state == RecordState.ACCEPTED.value,
                records.c.account.is_not(None),
            )
            .order_by(records.c.account)
        )
        with self._database.read() as connection:
            return list(connection.scalars(query))

    def _give(self, connection: Connection, terminal: str, ref: str) -> int:
        programme = self._programmes.current(connection)
        rows = hold(
            connection,
            select(accounts).where(
                accounts.c.ref == ref,
                accounts.c.joined_into.is_(None),
                accounts.c.standing == Standing.KNOWN.value,
                accounts.c.redeems_offline,
            ),
        )
        if programme is None or not rows or not self._is_at_work(connection, terminal):
            return 0
        return sum(self._grow(connection, terminal, ref, programme, unit) for unit in _paid(programme))  # fmt: skip

    def _is_at_work(self, connection: Connection, terminal: str) -> bool:
        """Whether the terminal can be told of an allowance, and has not too many already."""
        hears = connection.scalar(
            select(terminals.c.terminal).where(
                terminals.c.terminal == terminal,
                terminals.c.revoked_at.is_(None),
                terminals.c.quarantined_at.is_(None),
            )
        )
        has = connection.scalar(
            select(func.count()).where(
                holds_table.c.terminal == terminal,
                holds_table.c.kind == HoldKind.ALLOWANCE.value,
            )
        )
        return hears is not None and (has or 0) < ALLOWANCES_MAX

    def _grow(
        self, connection: Connection, terminal: str, ref: str, programme: Programme, unit: str
    ) -> int:
        now = self._clock()
        mine = connection.scalar(
            select(holds_table.c.quantity).where(
                holds_table.c.account == ref,
                holds_table.c.terminal == terminal,
                holds_table.c.kind == HoldKind.ALLOWANCE.value,
                holds_table.c.hold_id == unit,
            )
        ) or 0  # fmt: skip
        there = usable_on(lots_in(connection, ref, unit), programme.local_date(now))
        free = there - holds.held(connection, ref).get(unit, 0) + mine
        most = self._plan.points * scale_of(unit, programme.file.unit)
        wanted = min(most, free * self._plan.percent // 100)
        if wanted <= mine:
            return 0
        until = stored(now + timedelta(days=self._plan.days))
        holds.set_aside(
            connection, HoldKind.ALLOWANCE, ref, terminal, unit, unit, wanted, until, stored(now)
        )
        return 1


def _paid(programme: Programme) -> Collection[str]:
    """The units that some reward is paid in; nothing else has to be set aside."""
    return sorted({each.paid_in for each in programme.file.reward} & set(programme.units))


def told(
    connection: Connection, terminal: str, known: int
) -> tuple[tuple[Allowance, ...] | None, int]:
    """All allowances of a terminal, None where they are those of the change `known`; and their own change number."""
    change = connection.scalar(
        select(terminals.c.allowances_change).where(terminals.c.terminal == terminal)
    )
    if change is None or change == known:
        return None, known
    rows = connection.execute(
        select(holds_table)
        .where(holds_table.c.terminal == terminal, holds_table.c.kind == HoldKind.ALLOWANCE.value)
        .order_by(holds_table.c.account, holds_table.c.unit)
    )
    return tuple(
        Allowance(account=row.account, unit=row.unit, quantity=row.quantity, until=read(row.until))
        for row in rows
    ), int(change)

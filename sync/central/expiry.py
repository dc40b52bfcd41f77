"""Expiry: only central takes expired points away.

A lot whose last day has passed in the programme's time zone is brought to nothing by an `expire` entry. When a
return afterwards takes back points that had expired, the next run gives the expired ones again, so that nobody
loses the same points twice. What was spent before and then taken back stays owed.
"""

from datetime import date
from typing import Any

from sqlalchemy import Select, case, func, select

from edge_agent.domain.entries import EntryKind
from sync.central.database import Database, next_change
from sync.central.ledger import LedgerEntry, append_many, life_of, touch
from sync.central.programmes import Programmes
from sync.central.tables import NO_DAY, entries, lots
from sync.central.times import Clock, stored

BATCH = 1_000
"""Lots per commit; many expire on one day, and terminals must not wait behind all of them."""


class Expiry:
    """Expires lots."""

    def __init__(self, database: Database, programmes: Programmes, clock: Clock) -> None:
        self._database = database
        self._programmes = programmes
        self._clock = clock

    def run(self) -> int:
        """Expire what has to be; how many lots. Without a programme there is no day to go by, and nothing expires."""
        done = 0
        for query in (_expired, _taken_back_since):
            while True:
                changed = self._run_batch(query)
                done += changed
                if changed < BATCH:
                    break
        return done

    def _run_batch(self, query: Any) -> int:
        with self._database.write() as connection:
            today = self._programmes.today(connection)
            if today is None:
                return 0
            rows = connection.execute(query(today).limit(BATCH)).all()
            if rows:
                run = f"expire:{next_change(connection)}"
                at = stored(self._clock())
                append_many(connection, at, [(run, n, _entry(row)) for n, row in enumerate(rows)])
                touch(connection, [row.account for row in rows])
            return len(rows)


def _entry(row: Any) -> LedgerEntry:
    return LedgerEntry(
        row.account, EntryKind.EXPIRE, row.unit, int(row.change), row.lot, life_of(row)
    )


def _expired(today: date) -> Select[Any]:
    """Lots that hold something after their last day."""
    return select(lots, (-lots.c.quantity).label("change")).where(
        lots.c.expires_on != NO_DAY,
        lots.c.expires_on < today.isoformat(),
        lots.c.quantity > 0,
    )


def _taken_back_since(today: date) -> Select[Any]:
    """Lots that were expired and are below nothing now, with what expiry had taken from them."""
    expired = (
        select(-func.sum(entries.c.quantity))
        .where(
            entries.c.lot == lots.c.lot,
            entries.c.account == lots.c.account,
            entries.c.unit == lots.c.unit,
            entries.c.expires_on == lots.c.expires_on,
            entries.c.matures_on == lots.c.matures_on,
            entries.c.day == lots.c.day,
            entries.c.kind == EntryKind.EXPIRE.value,
        )
        .scalar_subquery()
    )
    owed = -lots.c.quantity
    return select(lots, case((owed < expired, owed), else_=expired).label("change")).where(
        lots.c.expires_on != NO_DAY,
        lots.c.expires_on < today.isoformat(),
        lots.c.quantity < 0,
        expired > 0,
    )

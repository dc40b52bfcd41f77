"""Expiry: only central takes expired points away.

A lot whose last day has passed in the programme's time zone is brought to nothing by an `expire` entry. What a
return takes back from a lot after that is given again by the next run, so that nobody loses the same points twice.
"""

from sqlalchemy import select

from sync.central.database import Database, next_change
from sync.central.ledger import LedgerEntry, LedgerKind, append_many, touch
from sync.central.programmes import Programmes
from sync.central.tables import NEVER, lots
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
        expired = 0
        while True:
            done = self._run_batch()
            expired += done
            if done < BATCH:
                return expired

    def _run_batch(self) -> int:
        with self._database.write() as connection:
            today = self._programmes.today(connection)
            if today is None:
                return 0
            rows = connection.execute(
                select(lots)
                .where(
                    lots.c.expires_on != NEVER,
                    lots.c.expires_on < today.isoformat(),
                    lots.c.quantity != 0,
                )
                .limit(BATCH)
            ).all()
            if not rows:
                return 0
            run = next_change(connection)
            taken = [
                (
                    f"expire:{run}",
                    ordinal,
                    LedgerEntry(
                        row.account,
                        LedgerKind.EXPIRE,
                        row.unit,
                        -row.quantity,
                        row.lot,
                        row.expires_on,
                    ),
                )
                for ordinal, row in enumerate(rows)
            ]
            append_many(connection, stored(self._clock()), taken)
            touch(connection, [row.account for row in rows])
            return len(rows)

"""Change numbers have a history: a central that was put back from a backup counts again what it counted before.

Every start makes a random token and notes at which change it did. A terminal names the token that its position was told
under; a position that lies beyond the beginning of the next token is one of a history that is gone, and so is a token
that is not known. The terminal then fetches everything anew.
"""

import secrets

from sqlalchemy import Connection, delete, func, insert, select

from sync.central.database import Database, next_change
from sync.central.tables import instances

TOKEN_BYTES = 16

INSTANCES_KEPT = 1_000
"""Starts that are remembered; who comes back from before the oldest fetches everything anew, which is all it costs."""


def begin(database: Database) -> None:
    """Note a start."""
    with database.write() as connection:
        # Counting holds the counter, so that no page is told under the token before with a number beyond this one.
        change = next_change(connection)
        connection.execute(
            insert(instances).values(token=secrets.token_hex(TOKEN_BYTES), begun_at=change)
        )
        newest = connection.scalar(select(func.max(instances.c.row))) or 0
        connection.execute(delete(instances).where(instances.c.row <= newest - INSTANCES_KEPT))


def current(connection: Connection) -> str | None:
    """The token that positions of this snapshot are told under."""
    token: str | None = connection.scalar(
        select(instances.c.token).order_by(instances.c.row.desc()).limit(1)
    )
    return token


def holds(connection: Connection, token: str | None, after: int) -> bool:
    """Whether a position that was told under a token is one of the history of this database."""
    if token is None:
        return True
    row = connection.scalar(select(instances.c.row).where(instances.c.token == token))
    if row is None:
        return False
    ended = connection.scalar(select(func.min(instances.c.begun_at)).where(instances.c.row > row))
    return ended is None or after < ended

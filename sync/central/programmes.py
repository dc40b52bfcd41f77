"""The programmes that were published; the newest is the current one."""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, select

from edge_agent.domain.programme import Programme, ProgrammeInvalid, load_programme
from sync.central.database import Database, next_change, upsert
from sync.central.tables import programmes
from sync.central.times import Clock, read, stored
from sync.wire import ProgrammeDelta


@dataclass(frozen=True, slots=True)
class Published:
    """A programme as it was published."""

    digest: str
    id: str
    version: str
    published_at: str
    is_new: bool


PROGRAMMES_KEPT = 8
"""Loaded ones: the current and a few that records of the last weeks were worked out by."""


@lru_cache(maxsize=PROGRAMMES_KEPT)
def _loaded(digest: str, text: str) -> Programme:
    return load_programme(text, f"programme {digest[:12]}")


def _ready(row: Any) -> Programme | None:
    """The programme in a row; None where this version of central no longer takes what an older one published."""
    if row is None:
        return None
    try:
        return _loaded(row.digest, row.text)
    except ProgrammeInvalid as error:
        structlog.get_logger("central").error("programme", digest=row.digest, error=str(error))
        return None


class Programmes:
    """Publishes programmes and tells the current one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def publish(self, text: str, name: str) -> Published:
        """Make a programme the current one; `name` is its file in messages. Raises `ProgrammeInvalid`.

        Publishing the current one again changes nothing; an older one becomes current again.
        """
        programme = load_programme(text, name)
        digest = hashlib.sha256(text.encode()).hexdigest()
        now = stored(self._clock())
        with self._database.write() as connection:
            current = connection.execute(_CURRENT).first()
            if current is not None and current.digest == digest:
                return Published(
                    digest, current.id, current.version, current.published_at, is_new=False
                )
            fresh = {"published_at": now, "change": next_change(connection)}
            statement = upsert(connection, programmes).values(
                digest=digest,
                id=programme.id,
                version=str(programme.version),
                timezone=programme.timezone.key,
                text=text,
                **fresh,
            )
            connection.execute(
                statement.on_conflict_do_update(index_elements=["digest"], set_=fresh)
            )
        return Published(digest, programme.id, str(programme.version), now, is_new=True)

    def current(self, connection: Connection) -> Programme | None:
        """The current programme, ready to work with; None before the first."""
        return _ready(connection.execute(_CURRENT).first())

    def of(self, connection: Connection, digest: str) -> Programme | None:
        """The programme that a record was worked out by, if it was published here."""
        return _ready(
            connection.execute(select(programmes).where(programmes.c.digest == digest)).first()
        )

    def today(self, connection: Connection) -> date | None:
        """The date in the current programme's time zone; None without a programme."""
        row = connection.execute(_CURRENT).first()
        return None if row is None else self._clock().astimezone(ZoneInfo(row.timezone)).date()


_CURRENT = select(programmes).order_by(programmes.c.change.desc()).limit(1)


def delta(connection: Connection, after: int, upto: int) -> ProgrammeDelta | None:
    """The current programme if it was published after change `after` and not after `upto`."""
    row = connection.execute(_CURRENT).first()
    if row is None or not after < row.change <= upto:
        return None
    return ProgrammeDelta(digest=row.digest, published_at=read(row.published_at), text=row.text)

"""The programmes that were published; the newest is the current one."""

import hashlib
import threading
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, bindparam, or_, select

from edge_agent.domain.programme import Programme, ProgrammeInvalid, load_programme
from edge_agent.domain.programme.asked import Asked
from sync.central.database import Database, hold, next_change, upsert
from sync.central.ledger import touch
from sync.central.tables import accounts, programmes
from sync.central.times import Clock, read, stored
from sync.central.told import forbid_older
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

TOLD_AGAIN_BATCH = 5_000
"""Accounts per commit when a programme asks about other facts than the one before: some hundred milliseconds."""


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
        self._known: dict[str, Programme] = {}
        self._keeping = threading.Lock()

    def publish(self, text: str, name: str) -> Published:
        """Make a programme the current one; `name` is its file in messages. Raises `ProgrammeInvalid`.

        Publishing the current one again changes nothing; an older one becomes current again.
        """
        programme = load_programme(text, name)
        digest = hashlib.sha256(text.encode()).hexdigest()
        now = stored(self._clock())
        with self._database.write() as connection:
            before = self.asked(connection)
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
            after = self.asked(connection)
        if after != before:
            self._tell_again()
        if before.names and not after.names:
            with self._database.write() as connection:
                forbid_older(connection)
        return Published(digest, programme.id, str(programme.version), now, is_new=True)

    def _tell_again(self) -> None:
        """Let terminals hear of everybody of whom something is known that other rules may ask about."""
        last = ""
        while True:
            with self._database.write() as connection:
                refs = [row.ref for row in hold(connection, _PROFILED.where(accounts.c.ref > last))]
                touch(connection, refs)
            if len(refs) < TOLD_AGAIN_BATCH:
                return
            last = refs[-1]

    def current(self, connection: Connection) -> Programme | None:
        """The current programme, ready to work with; None before the first."""
        return _ready(connection.execute(_CURRENT).first())

    def of(self, connection: Connection, digest: str) -> Programme | None:
        """The programme that a record was worked out by, if it was published here and is good to this version."""
        known = self._known.get(digest)
        if known is None:
            known = _ready(connection.execute(_OF_DIGEST, {"digest": digest}).first())
            if known is not None:
                self._keep(known)
        return known

    def _keep(self, programme: Programme) -> None:
        with self._keeping:
            self._known[programme.digest] = programme
            if len(self._known) > PROGRAMMES_KEPT:
                del self._known[next(iter(self._known))]

    def asked(self, connection: Connection) -> Asked:
        """What may be told of members: what the newest programme asks, and those that apply until it does."""
        asked = Asked()
        names: bool | None = None
        now = self._clock()
        for row in connection.execute(_NEWEST.limit(PROGRAMMES_KEPT)).all():
            programme = _ready(row)
            if programme is None:
                continue
            asked = asked.and_also(programme.asks)
            if names is None:
                names = programme.file.privacy.names_at_tills
            if programme.valid_from <= now:
                break
        return asked._replace(names=names is not False)

    def today(self, connection: Connection) -> date | None:
        """The date in the current programme's time zone; None without a programme."""
        row = connection.execute(_CURRENT).first()
        return None if row is None else self._clock().astimezone(ZoneInfo(row.timezone)).date()


_NEWEST = select(programmes).order_by(programmes.c.change.desc())
_CURRENT = _NEWEST.limit(1)
_OF_DIGEST = select(programmes).where(programmes.c.digest == bindparam("digest"))


_PROFILED = (
    select(accounts.c.ref)
    .where(
        accounts.c.joined_into.is_(None),
        or_(
            accounts.c.display_name != "",
            accounts.c.segments != "[]",
            accounts.c.attributes != "{}",
            accounts.c.birthday.is_not(None),
        ),
    )
    .order_by(accounts.c.ref)
    .limit(TOLD_AGAIN_BATCH)
)


def delta(connection: Connection, after: int, upto: int) -> ProgrammeDelta | None:
    """The current programme if it was published after change `after` and not after `upto`."""
    row = connection.execute(_CURRENT).first()
    if row is None or not after < row.change <= upto:
        return None
    return ProgrammeDelta(digest=row.digest, published_at=read(row.published_at), text=row.text)

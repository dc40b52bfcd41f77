"""Building a members file: one snapshot of all accounts as the SQLite file that tills open, packed, and what is said
of it."""

import gzip
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2
from sqlalchemy import BindParameter, Connection, Select, bindparam, select

from edge_agent.domain.members_file import (
    FORMAT,
    PUT_CARD,
    PUT_JOINED,
    PUT_MEMBER,
    PUT_POSITION,
    TABLES,
    MembersPosition,
    position_row,
    row_of,
)
from sync.central.database import Database, current_change
from sync.central.programmes import Programmes
from sync.central.tables import accounts, cards
from sync.central.times import Clock
from sync.central.told import members_told
from sync.wire import MembersManifest

BATCH = 5_000
"""Accounts at once: some hundred milliseconds and a few MB."""

GZIP_LEVEL = 6
"""Within a few percent of 9 in a third of the time."""

LIVES = timedelta(days=7)
"""How long a file may be used after its snapshot. Central hands none out that is nearly so old; what comes later was
kept by somebody on the way."""

_CHUNK_BYTES = 1_048_576

_PRAGMAS = (
    "PRAGMA journal_mode=OFF",  # nobody reads it before it is whole, and one that is not is thrown away
    "PRAGMA synchronous=OFF",
    "PRAGMA page_size=4096",
    "PRAGMA cache_size=-65536",
)


_UNFINISHED = "building"


def remove_unfinished(folder: Path) -> None:
    """Remove what is left of a file that was not finished."""
    for path in folder.glob(f"{_UNFINISHED}.*"):
        path.unlink()


class GivenUp(Exception):
    """Somebody asked to end."""


@dataclass(frozen=True, slots=True)
class Built:
    """A file on its way: the packed one, and what is to be signed of it."""

    packed: Path
    manifest: MembersManifest


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds members files, `batch` accounts at a time; `go_on` is asked between two batches."""

    database: Database
    programmes: Programmes
    clock: Clock
    go_on: Callable[[], bool] = lambda: True
    batch: int = BATCH

    def build(self, folder: Path) -> Built:
        """Build one in `folder`, beside whatever is there; raises GivenUp."""
        remove_unfinished(folder)
        plain, packed = folder / f"{_UNFINISHED}.db", folder / f"{_UNFINISHED}.gz"
        try:
            position = self._fill(plain)
            sha256, size = _digest(plain)
            self._pack(plain, packed)
            packed_sha256, packed_size = _digest(packed)
        except BaseException:
            packed.unlink(missing_ok=True)
            raise
        finally:
            plain.unlink(missing_ok=True)
        return Built(
            packed,
            MembersManifest(
                version=position.change,
                format=FORMAT,
                as_of=position.as_of,
                expires=position.as_of + LIVES,
                members=position.member_count,
                packed_sha256=packed_sha256,
                packed_bytes=packed_size,
                sha256=sha256,
                bytes=size,
            ),
        )

    def _pack(self, plain: Path, packed: Path) -> None:
        with (
            plain.open("rb") as source,
            packed.open("wb") as sink,
            # Without name and time inside: the same members are the same bytes.
            gzip.GzipFile("", "wb", GZIP_LEVEL, sink, mtime=0) as packing,
        ):
            while chunk := source.read(_CHUNK_BYTES):
                self._check()
                packing.write(chunk)

    def _check(self) -> None:
        if not self.go_on():
            raise GivenUp

    def _fill(self, path: Path) -> MembersPosition:
        file = dbapi2.connect(str(path), isolation_level=None)
        try:
            for statement in (*_PRAGMAS, *TABLES, "BEGIN"):
                file.execute(statement).fetchall()
            with self.database.read() as connection:
                position = self._copy(connection, file)
            file.execute(PUT_POSITION, position_row(position))
            file.execute("COMMIT")
        finally:
            file.close()
        return position

    def _copy(self, connection: Connection, file: Any) -> MembersPosition:
        """Everything in the order of its key, so that pages are filled one after the other."""
        change, as_of = current_change(connection), self.clock()
        asked = self.programmes.asked(connection)
        count = 0
        for rows in self._batches(connection, _ACCOUNTS):
            members = members_told(connection, rows, asked)
            file.executemany(PUT_MEMBER, [row_of(member) for member in members])
            count += len(rows)
        for rows in self._batches(connection, _CARDS):
            file.executemany(PUT_CARD, [(bytes.fromhex(row.id), row.account) for row in rows])
        for rows in self._batches(connection, _JOINED):
            file.executemany(PUT_JOINED, [(row.id, row.account) for row in rows])
        # Of no terminal's records: whoever takes it asks for what changed since before showing any of it.
        return MembersPosition(change, "", 0, as_of, count)

    def _batches(self, connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
        after = ""
        while rows := connection.execute(query.limit(self.batch), {"after": after}).all():
            self._check()
            yield rows
            after = rows[-1].id


_AFTER: BindParameter[str] = bindparam("after")
_ACCOUNTS = (
    select(accounts, accounts.c.ref.label("id"))
    .where(accounts.c.ref > _AFTER, accounts.c.joined_into.is_(None))
    .order_by(accounts.c.ref)
)
_CARDS = (
    select(cards.c.key.label("id"), cards.c.account)
    .where(cards.c.key > _AFTER)
    .order_by(cards.c.key)
)
_JOINED = (
    select(accounts.c.ref.label("id"), accounts.c.joined_into.label("account"))
    .where(accounts.c.ref > _AFTER, accounts.c.joined_into.is_not(None))
    .order_by(accounts.c.ref)
)


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size

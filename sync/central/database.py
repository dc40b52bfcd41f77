"""Central's database: one engine, one way to read and one way to write.

A write is one `BEGIN IMMEDIATE` transaction (SQLite) and a read one snapshot. SQLAlchemy's own handling for
SQLite begins late and deferred, which fails at once under two writers; the events below take it over, as
SQLAlchemy's documentation of the pysqlite dialect describes. PostgreSQL needs none of this.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pysqlite3 import dbapi2
from sqlalchemy import (
    Connection,
    Engine,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url

from sync.central.tables import counters, metadata

SCHEMA_VERSION = 1

CHANGE = "change"
"""The highest change number given out."""

ACCOUNTS = "accounts"
"""How many accounts there are, not counting other names of one: counting a million at every pull is too slow."""

BUSY_TIMEOUT_MS = 10_000
"""An import by the command line holds the lock for a chunk, some hundred milliseconds; a wait of this length means
that something is stuck, and the terminal may try again later."""

POOL_SIZE = 10
POOL_OVERFLOW = 40
"""More connections than the server has threads, so that none waits for a connection while it holds a lock."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA mmap_size=0",
    "PRAGMA secure_delete=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-32768",
    "PRAGMA journal_size_limit=16777216",
)


class SchemaTooNew(Exception):
    """The database was made by a newer version of central."""


class Database:
    """Connections to one database. Close it when done."""

    def __init__(self, url: str) -> None:
        """`url` as SQLAlchemy reads it; the tables are made when they are missing."""
        self._sqlite = make_url(url).get_backend_name() == "sqlite"
        # PostgreSQL settles concurrent writers by row locks; SQLite has one writer, and waiting here is fair where
        # its own busy handler sleeps and guesses.
        self._one_writer = threading.Lock()
        self._readers = _engine(url, self._sqlite)
        self._writers = self._readers.execution_options(central_write=True)
        with self.write() as connection:
            _prepare(connection)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction: committed when the block ends, rolled back when it raises."""
        if self._sqlite:
            with self._one_writer, self._writers.begin() as connection:
                yield connection
        else:
            with self._writers.begin() as connection:
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot, the same for every query in the block."""
        with self._readers.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of every connection."""
        self._readers.dispose()


def _engine(url: str, is_sqlite: bool) -> Engine:
    if not is_sqlite:
        return create_engine(url, isolation_level="REPEATABLE READ", pool_size=POOL_SIZE)
    engine = create_engine(
        url,
        module=dbapi2,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
    )
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up_connection(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver then begins nothing by itself
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("central_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare(connection: Connection) -> None:
    metadata.create_all(connection)
    found = connection.scalar(select(counters.c.value).where(counters.c.name == "schema"))
    if found is None:
        connection.execute(
            insert(counters),
            [
                {"name": "schema", "value": SCHEMA_VERSION},
                {"name": CHANGE, "value": 0},
                {"name": ACCOUNTS, "value": 0},
            ],
        )
    elif found > SCHEMA_VERSION:
        raise SchemaTooNew(f"the database has schema {found}, this version knows {SCHEMA_VERSION}")


def upsert(connection: Connection, table: Table) -> Any:
    """An INSERT that may get ON CONFLICT; SQLAlchemy keeps one per dialect with the same methods."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def count(connection: Connection, counter: str, by: int) -> int:
    """Add to a counter; its new value. The row stays locked until the commit."""
    return int(connection.execute(_COUNT, {"counter": counter, "by": by}).scalar_one())


_COUNT = (
    update(counters)
    .where(counters.c.name == bindparam("counter"))
    .values(value=counters.c.value + bindparam("by"))
    .returning(counters.c.value)
)


def next_change(connection: Connection) -> int:
    """The next change number; writers queue for it, so numbers appear in order."""
    return count(connection, CHANGE, 1)


def next_changes(connection: Connection, how_many: int) -> range:
    """`how_many` change numbers at once."""
    last = count(connection, CHANGE, how_many)
    return range(last - how_many + 1, last + 1)


def read_counter(connection: Connection, counter: str) -> int:
    """The value of a counter in this snapshot."""
    return int(connection.execute(_READ_COUNTER, {"counter": counter}).scalar_one())


_READ_COUNTER = select(counters.c.value).where(counters.c.name == bindparam("counter"))


def current_change(connection: Connection) -> int:
    """The highest change number of this snapshot."""
    return read_counter(connection, CHANGE)

"""Central's database: one engine, one way to read and one way to write. Whatever differs between the dialects is here.

On SQLite a write is one `BEGIN IMMEDIATE` transaction and a read one snapshot. SQLAlchemy's own handling for SQLite
begins late and deferred, which fails at once under two writers; the events below take it over, as SQLAlchemy's
documentation of the pysqlite dialect describes.

On PostgreSQL a write reads what is committed at each statement, and keeps apart what it is about to change by row locks
(`hold`); a read is one snapshot. Several processes may work on it at once. Where two of them make the same new row the
later one is told so by a unique key, and `Database.transaction` does its work again.
"""

import threading
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from pysqlite3 import dbapi2
from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Select,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from sync.central.migrations import migrate
from sync.central.tables import counters

T = TypeVar("T")

CHANGE = "change"
"""The highest change number given out."""

ACCOUNTS = "accounts"
"""How many accounts there are, not counting other names of one: counting a million at every pull is too slow."""

BUSY_TIMEOUT_MS = 10_000
"""How long to wait for a lock. An import by the command line holds one for a chunk, some hundred milliseconds; a wait
of this length means that something is stuck, and the terminal may try again later."""

IDLE_TIMEOUT_MS = 60_000
"""A transaction in which nothing happens for this long belongs to a process that hangs; PostgreSQL then ends it and
frees its locks."""

POOL_SIZE = 10
POOL_OVERFLOW = {"sqlite": 40, "postgresql": 10}
"""SQLite: more connections than the server has threads, so that none waits for one. PostgreSQL: a connection is a
process of 10 MB there, and of the 100 that it allows by itself four of ours find room; who waits holds no lock."""

TRIES = 8
"""Of one piece of work in which other processes are in the way; each time at least one of them has got through."""

RETRY_WITHIN_S = 0.05
"""The longest pause before the next try, chosen at random, so that two that met do not meet again."""

_IN_THE_WAY = frozenset({"40001", "40P01", "23505"})
"""SQLSTATE: serialisation failure, deadlock, and a row that another process has made first."""

_NO_ROOM = frozenset({"53100"})
"""SQLSTATE of a full disk."""

_LATER_CLASSES = frozenset({"08", "40", "53", "55", "57", "58"})
"""SQLSTATE, its first two characters: no connection, another transaction, no room, a lock, an operator, the disk."""

_LATER = frozenset({"25006", "25P03"})
"""SQLSTATE: a server that takes no writes, and a transaction that it ended because nothing happened in it."""

_LATER_SQLITE = frozenset(
    {
        dbapi2.SQLITE_BUSY,
        dbapi2.SQLITE_CANTOPEN,
        dbapi2.SQLITE_CORRUPT,
        dbapi2.SQLITE_FULL,
        dbapi2.SQLITE_INTERRUPT,
        dbapi2.SQLITE_IOERR,
        dbapi2.SQLITE_LOCKED,
        dbapi2.SQLITE_NOMEM,
        dbapi2.SQLITE_NOTADB,
        dbapi2.SQLITE_PERM,
        dbapi2.SQLITE_PROTOCOL,
        dbapi2.SQLITE_READONLY,
    }
)
"""Result codes of SQLite that are about the file, its disk or its lock, and not about what was asked."""

PARAMETERS_MAX = 900
"""Values of one list in one statement, with room for what else stands in it. PostgreSQL takes 65,535 parameters, SQLite
32,766 and before 3.32 only 999; and it is the sender of a record who says how long a list is."""

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


SCRUB_WAITS_MS = 1_000
"""Readers take milliseconds; only a members file that is being built, or a backup, reads for longer, and writers wait
meanwhile."""

SCRUB_AGAIN_WAITS_MS = 100
"""At every further try: it comes back soon, and a long reader must not hold writers up each time."""


class Left(StrEnum):
    """Where bytes of what was deleted still are."""

    NOWHERE = "nowhere"
    LOG = "log"
    """SQLite's log: somebody reads what was before, or whoever ran before us was killed."""

    PAGES = "pages"
    """PostgreSQL's: until autovacuum has been there and its own log is used again."""


class Database:
    """Connections to one database. Close it when done."""

    def __init__(self, url: str) -> None:
        """`url` as SQLAlchemy reads it. The schema is brought to this version's; raises `SchemaTooNew`."""
        parts = make_url(url)
        self._sqlite = parts.get_backend_name() == "sqlite"
        # PostgreSQL settles concurrent writers by row locks; SQLite has one writer, and waiting here is fair where
        # its own busy handler sleeps and guesses.
        self._one_writer = threading.Lock()
        self.left = Left.LOG if self._sqlite else Left.PAGES
        """Where bytes of what was deleted may be, as of the last `scrub`."""
        self._jobs: dict[str, threading.Lock] = {}
        self._engine = _sqlite_engine(parts) if self._sqlite else _postgresql_engine(parts)
        self._writers = self._engine.execution_options(central_write=True)
        self._readers = self._engine.execution_options(
            **{}
            if self._sqlite
            else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        try:
            self.migrated = self._migrate()
            """The steps that this took."""
        except BaseException:
            self.close()
            raise

    def _migrate(self) -> list[str]:
        with self.write() as connection:
            if not self._sqlite:  # several processes may start at once
                connection.execute(select(func.pg_advisory_xact_lock(_number_of("schema"))))
            return migrate(connection)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction: committed when the block ends, rolled back when it raises."""
        if self._sqlite:
            with self._one_writer, self._writers.begin() as connection:
                yield connection
        else:
            with self._writers.begin() as connection:
                yield connection

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one write transaction, and from the start again where another process was in the way.

        Whatever `work` changes outside the database it has to bear a second time.
        """

        def once() -> T:
            with self.write() as connection:
                return work(connection)

        return Retrying(
            retry=retry_if_exception(in_the_way),
            stop=stop_after_attempt(TRIES),
            wait=wait_random(max=RETRY_WITHIN_S),
            reraise=True,
        )(once)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot, the same for every query in the block."""
        with self._readers.begin() as connection:
            yield connection

    @contextmanager
    def alone(self, job: str) -> Iterator[bool]:
        """Whether nobody else does this job now; then nobody begins it before the block ends.

        On PostgreSQL that holds for all processes, and a process that dies lets go. SQLite serves one process.
        """
        if self._sqlite:
            lock = self._jobs.setdefault(job, threading.Lock())
            got = lock.acquire(blocking=False)
            try:
                yield got
            finally:
                if got:
                    lock.release()
        else:
            with self._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as own:
                got = bool(own.scalar(select(func.pg_try_advisory_lock(_number_of(job)))))
                try:
                    yield got
                finally:
                    if got:
                        own.execute(select(func.pg_advisory_unlock(_number_of(job))))

    def scrub(self, waits_ms: int = SCRUB_WAITS_MS) -> Left:
        """Leave nothing of what was deleted in the log beside a SQLite database; where bytes of it still are.

        Whoever reads the log is waited for so long. PostgreSQL takes rows that were deleted away by itself, by its
        autovacuum and in its time.
        """
        if self._sqlite:
            with self._one_writer, closing(self._engine.raw_connection()) as connection:
                emptied = _empty_log(connection.cursor(), waits_ms)
                self.left = Left.NOWHERE if emptied else Left.LOG
        return self.left

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()


def _empty_log(cursor: Any, waits_ms: int) -> bool:
    """Whether nothing is left in SQLite's log; not where somebody reads it, or the disk is full."""
    cursor.execute(f"PRAGMA busy_timeout={waits_ms}")
    try:
        busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except dbapi2.OperationalError:
        return False
    finally:
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.close()
    return not busy


def file_of(url: str) -> Path | None:
    """The file that a database is in; None where it is on a server."""
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or parts.database is None:
        return None
    return Path(parts.database)


def in_the_way(error: BaseException) -> bool:
    """Whether another process was, so that the same again may go through. SQLite has one writer, and never is."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _IN_THE_WAY


def try_later(error: BaseException) -> bool:
    """Whether the database is away, busy or full, whatever is asked of it. Any other error is about what was asked, and
    comes again with it: so is a statement that is too long, which drivers report as an operational error too."""
    if isinstance(error, NoConnection):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or error.statement is None:  # it broke, or there was none
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _LATER or state[:2] in _LATER_CLASSES
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _LATER_SQLITE


def no_room(error: DBAPIError) -> bool:
    """Whether the database's disk is full."""
    return getattr(error.orig, "sqlstate", None) in _NO_ROOM or "disk is full" in str(error.orig)


def _number_of(job: str) -> int:
    """Advisory locks go by a number; ours are told from those of others by the prefix."""
    return zlib.crc32(f"loyalty-central:{job}".encode())


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        module=dbapi2,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW["sqlite"],
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)
    return engine


def _postgresql_engine(url: URL) -> Engine:
    settings = {
        "lock_timeout": BUSY_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": IDLE_TIMEOUT_MS,
    }
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level="READ COMMITTED",
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW["postgresql"],
        pool_pre_ping=True,  # the server may have been started again since
        hide_parameters=True,  # an error is logged, and they may say who somebody is
        connect_args={
            "application_name": "loyalty-central",
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        },
    )
    event.listen(engine, "handle_error", _leave_out_the_row)
    return engine


def _leave_out_the_row(context: ExceptionContext) -> None:
    """PostgreSQL says of a row that it refuses what stands in it (DETAIL); what is logged has only what was wrong."""
    error, raised = context.original_exception, context.sqlalchemy_exception
    wrong = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    if wrong is None or raised is None:
        return
    whole = str(error)
    error.args = (wrong,)
    raised.args = (str(raised.args[0]).replace(whole, wrong),)


def _set_up_connection(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver then begins nothing by itself
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("central_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def upsert(connection: Connection, table: Table) -> Any:
    """An INSERT that may get ON CONFLICT; SQLAlchemy keeps one per dialect with the same methods."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


class ForMany:
    """A statement that is executed for many rows at once, each a tuple of the columns `names`, in the table's order.

    The driver gets the values as they are. By SQLAlchemy's own way each of them is looked at several times, which takes
    longer than to write it.
    """

    def __init__(self, statement: Callable[[Connection], Any], *names: str) -> None:
        """`statement` makes an INSERT for a connection's dialect."""
        self._statement = statement
        self._names = names
        self._sql: dict[str, str] = {}

    def execute(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Execute it for these rows."""
        dialect = connection.dialect.name
        if dialect not in self._sql:
            made = self._statement(connection).compile(
                dialect=_POSITIONAL[dialect], column_keys=list(self._names)
            )
            if tuple(made.positiontup) != self._names:
                raise ValueError(f"the columns are to be {made.positiontup}")
            self._sql[dialect] = str(made)
        connection.exec_driver_sql(self._sql[dialect], list(rows))


_POSITIONAL = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": postgresql.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}
"""The dialects as they mark parameters that go by their place."""


def in_parts(values: Collection[T]) -> Iterator[list[T]]:
    """These values in their order, at most `PARAMETERS_MAX` at a time; nothing of none."""
    every = list(values)
    for start in range(0, len(every), PARAMETERS_MAX):
        yield every[start : start + PARAMETERS_MAX]


def hold(connection: Connection, rows: Select[Any]) -> Sequence[Row[Any]]:
    """The rows of a query as they are now, which nobody else changes before this transaction ends.

    Others may still refer to them. Who holds several things takes them in one order: the journal, then accounts by
    their refs, then counters; a query of several rows has to say theirs. SQLite has one writer and holds everything.
    """
    return connection.execute(rows.with_for_update(key_share=True)).all()


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

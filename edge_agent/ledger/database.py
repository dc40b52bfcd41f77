"""Connections: one writer, a read-only connection per reading thread, and what SQLite is told to promise.

`pysqlite3` brings its own SQLite: versions 3.7.0 to 3.51.2 can corrupt a WAL database that has two connections (fixed
in 3.51.3, sqlite.org/releaselog), and Debian 12 ships 3.40.1.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite3
from sqlite_utils import Database, Migrations

from edge_agent.errors import DiskFull, LedgerUnavailable

SQLITE_VERSION_MIN = (3, 51, 3)
"""The first version without the WAL-reset corruption; 3.44.6 and 3.50.7 have the fix too, but are not what we ship."""

APPLICATION_ID = 0x4C454147
"""'LEAG' in the file's header, so that `file` and we ourselves tell a ledger from any other database."""

BUSY_TIMEOUT_MS = 5_000
"""Only a backup or a person with a shell ever holds the lock for long; past this the POS is told to try again."""

WAL_BYTES_MAX = 16 * 1_048_576
"""Above it the log is folded into the database even when the till is busy, which costs one sale some milliseconds."""

READER_CACHE_KIB = 256
"""Per reading connection; SQLite's own 2 MB would be 64 MB in the web server's 16 threads with two files each, and the
system keeps the same pages anyway."""

_DURABLE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA mmap_size=0",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA secure_delete=ON",
    f"PRAGMA journal_size_limit={WAL_BYTES_MAX}",
    "PRAGMA wal_autocheckpoint=0",
)


def sqlite_is_sound() -> bool:
    """Whether the SQLite inside is one without the WAL-reset corruption."""
    return tuple(sqlite3.sqlite_version_info) >= SQLITE_VERSION_MIN


def sqlite_version() -> str:
    """The version of the SQLite inside."""
    return str(sqlite3.sqlite_version)


def connect(path: Path, *, read_only: bool) -> Database:
    """Open a database file. The connection may move between threads; whoever shares one, locks."""
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(
        f"file:{path}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_MS / 1000,
        check_same_thread=False,
        isolation_level=None,
    )
    database = Database(connection, execute_plugins=False, recursive_triggers=False)
    if read_only:
        database.execute("PRAGMA query_only=ON").fetchall()
        database.execute(f"PRAGMA cache_size=-{READER_CACHE_KIB}").fetchall()
    else:
        for pragma in _DURABLE:
            # To its end: a statement that is still open is a read transaction, and makes the next one busy.
            database.execute(pragma).fetchall()
    return database


def connect_temporary() -> Database:
    """A database that nobody else sees and that is gone when it is closed; SQLite keeps what is large of it on disk."""
    return Database(sqlite3.connect(""), execute_plugins=False, recursive_triggers=False)


@contextmanager
def as_ledger_errors() -> Iterator[None]:
    """Turn SQLite's errors into those of the contract."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise DiskFull(
                "there is no room on the disk for another record; nothing was recorded"
            ) from error
        raise LedgerUnavailable(
            f"the ledger cannot be used now ({error.sqlite_errorname}); nothing was recorded"
        ) from error
    except sqlite3.DatabaseError as error:
        raise LedgerUnavailable(
            f"the ledger cannot be read ({error}); nothing was recorded"
        ) from error


def _nothing() -> None:
    return


class Connections:
    """The connections to one database file.

    `write()` is the only way to change it: one transaction at a time, begun IMMEDIATE so that it never has to be
    upgraded, and on disk when the block ends. `read()` gives the calling thread's read-only connection.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.broken = False
        self._lock = threading.Lock()
        self._local = threading.local()
        self._readers: list[Database] = []
        with as_ledger_errors():
            self._writer = connect(path, read_only=False)

    def migrate(self, migrations: Migrations) -> None:
        """Bring the tables up to date; each migration is a transaction of its own."""
        with self._lock, as_ledger_errors():
            migrations.apply(self._writer)

    @contextmanager
    def write(self, committed: Callable[[], None] = _nothing) -> Iterator[Database]:
        """One durable transaction; any exception inside takes all of it back.

        `committed` is called when it is on disk and before anybody else can write.
        Raises DiskFull or LedgerUnavailable. After an I/O error nothing is written on this handle any more: what a
        failed fsync left behind is unknown (danluu.com/fsyncgate), so the process has to start again.
        """
        with self._lock, as_ledger_errors():
            if self.broken:
                raise LedgerUnavailable(
                    "the disk failed under the ledger; the agent has to be started again"
                )
            writer = self._writer
            writer.execute("BEGIN IMMEDIATE")
            try:
                yield writer
                writer.execute("COMMIT")
                committed()
            except BaseException as error:
                self._take_back(error)
                raise

    def _take_back(self, error: BaseException) -> None:
        if isinstance(error, sqlite3.OperationalError):
            primary = error.sqlite_errorcode & 0xFF
            self.broken = self.broken or primary == sqlite3.SQLITE_IOERR
        if self._writer.conn.in_transaction:
            self._writer.execute("ROLLBACK")

    def read(self) -> Database:
        """The read-only connection of the calling thread; there are as many as the web server has threads."""
        reader: Database | None = getattr(self._local, "reader", None)
        if reader is None:
            with as_ledger_errors():
                reader = connect(self.path, read_only=True)
            self._local.reader = reader
            with self._lock:
                self._readers.append(reader)
        return reader

    def fold_log(self, *, idle: bool) -> None:
        """Checkpoint: gently while nobody writes, firmly when the log has grown past its bound.

        Raises DiskFull or LedgerUnavailable; what was acknowledged is in the log then, as it was before.
        """
        log = self.path.with_name(self.path.name + "-wal")
        size = log.stat().st_size if log.exists() else 0
        if size > WAL_BYTES_MAX:
            # Its space is written over: a file that grows costs every commit the file system's own journal as well.
            mode = "RESTART"
        elif idle and size:
            mode = "PASSIVE"
        else:
            return
        with self._lock, as_ledger_errors():
            if not self.broken:
                try:
                    self._writer.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
                except sqlite3.OperationalError as error:
                    self._take_back(error)
                    raise

    def empty_log(self) -> bool:
        """Fold the whole log and leave nothing in it; False where a reader still needs what was before.

        Raises DiskFull or LedgerUnavailable.
        """
        with self._lock, as_ledger_errors():
            if self.broken:
                return False
            try:
                busy, *_ = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError as error:
                self._take_back(error)
                raise
        return not busy

    def close(self) -> None:
        """Close every connection; what was acknowledged is on disk already."""
        with self._lock:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
            self._writer.close()

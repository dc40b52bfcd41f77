"""The database: durable, one writer, and honest about what fails."""

import resource
import signal
import sqlite3
import threading
from pathlib import Path

import pytest
from pysqlite3 import dbapi2

from edge_agent.errors import DiskFull, LedgerUnavailable
from edge_agent.ledger.database import WAL_BYTES_MAX, Connections, sqlite_is_sound
from tests.tills import open_shop, sale


@pytest.fixture
def connections(tmp_path: Path) -> Connections:
    opened = Connections(tmp_path / "x.db")
    with opened.write() as db:
        db.execute("CREATE TABLE t (x BLOB)")
    return opened


def count(connections: Connections) -> int:
    return int(connections.read().execute("SELECT count(*) FROM t").fetchone()[0])


def test_the_sqlite_inside_is_one_that_does_not_corrupt_wal_databases() -> None:
    assert sqlite_is_sound()


def test_every_commit_is_synced_before_it_is_acknowledged(connections: Connections) -> None:
    with connections.write() as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_what_fails_in_the_middle_leaves_nothing(connections: Connections) -> None:
    def fail() -> None:
        with connections.write() as db:
            db.execute("INSERT INTO t VALUES (1)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert count(connections) == 0
    with connections.write() as db:
        db.execute("INSERT INTO t VALUES (2)")
    assert count(connections) == 1


def test_many_writers_at_once_wait_for_each_other(connections: Connections) -> None:
    def write() -> None:
        for _ in range(25):
            with connections.write() as db:
                (seen,) = db.execute("SELECT count(*) FROM t").fetchone()
                db.execute("INSERT INTO t VALUES (?)", (seen,))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = [row[0] for row in connections.read().execute("SELECT x FROM t ORDER BY x")]
    assert seen == list(range(100))


def test_readers_cannot_write(connections: Connections) -> None:
    with pytest.raises(dbapi2.OperationalError, match="readonly"):
        connections.read().execute("INSERT INTO t VALUES (1)")


def test_the_log_is_folded_when_idle_and_bounded_when_not(
    connections: Connections, tmp_path: Path
) -> None:
    log = tmp_path / "x.db-wal"
    with connections.write() as db:
        db.execute("INSERT INTO t VALUES (zeroblob(?))", (WAL_BYTES_MAX + 1_000_000,))
    assert log.stat().st_size > WAL_BYTES_MAX
    connections.fold_log(idle=False)
    with connections.write() as db:
        db.execute("INSERT INTO t VALUES (1)")
    assert log.stat().st_size == WAL_BYTES_MAX, (
        "written over from its start, and no longer than that"
    )
    before = (tmp_path / "x.db").stat().st_mtime_ns
    connections.fold_log(idle=False)
    assert (tmp_path / "x.db").stat().st_mtime_ns == before
    connections.fold_log(idle=True)
    assert (tmp_path / "x.db").stat().st_mtime_ns > before


def test_a_full_disk_is_said_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    shop.till.sell(sale("before"))
    log = tmp_path / "ledger.db-wal"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 4096, hard))
    try:
        with pytest.raises((DiskFull, LedgerUnavailable)) as caught:
            shop.till.sell(sale("during"))
        assert "nothing was recorded" in caught.value.detail
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert shop.ledger.verify().faults == ()
    assert shop.ledger.lookups().sale("during") is None
    assert shop.ledger.lookups().sale("before") is not None
    shop.close()


def test_after_an_io_error_nothing_is_written_on_that_handle(connections: Connections) -> None:
    error = dbapi2.OperationalError("disk I/O error")
    error.sqlite_errorcode = dbapi2.SQLITE_IOERR
    error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
    with pytest.raises(LedgerUnavailable), connections.write():
        raise error
    assert connections.broken
    with pytest.raises(LedgerUnavailable, match="started again"), connections.write():
        pass


def test_something_that_is_no_database_is_said_to_be_unreadable(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(
        b"no database at all, but long enough to be read as one" * 100
    )
    with pytest.raises(LedgerUnavailable):
        open_shop(tmp_path)


def test_another_program_can_read_the_ledger_with_its_own_sqlite(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    shop.till.sell(sale())
    shop.close()
    with sqlite3.connect(f"file:{tmp_path}/ledger.db?mode=ro", uri=True) as plain:
        assert plain.execute("SELECT count(*) FROM records").fetchone() == (1,)
    plain.close()

"""A PostgreSQL server of the tests' own, and databases in it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from sync.central.database import ACCOUNTS, CHANGE, Database
from sync.central.migrations import HEAD
from sync.central.tables import metadata
from tests.needs import require
from tests.support.waiting import wait_until
from tests.support.warm import dies_with_us

INSTALL = "apt-get install postgresql"
START_S = 60.0
_DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian puts the server's programs, a folder per version; they are on nobody's PATH."""

_QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""For tests that end the server only when they are done with it."""

_Server = subprocess.Popen[bytes]

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",  # what a server allows by itself
    "shared_buffers": "64MB",
    "deadlock_timeout": "100ms",
}


class Server:
    """A running server; it listens on a socket in its folder alone."""

    def __init__(self, folder: Path, pid: int) -> None:
        self._folder = folder
        self.pid = pid

    def make(self, template: str | None = None) -> str:
        """The URL of a new database, empty or a copy of another one."""
        name = f"t{uuid.uuid4().hex}"
        copied = f" TEMPLATE {name_in(template)}" if template else ""
        self._say(f"CREATE DATABASE {name}{copied}")
        return self._url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._say(f"DROP DATABASE {name_in(url)} WITH (FORCE)")

    def _url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def _say(self, text: str) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(text.encode())


class Databases:
    """Databases of central on a server, one for each folder that asks. One whose folder is gone is emptied and used
    again, since that takes a tenth of making one."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._template: str | None = None
        self._urls: dict[Path, str] = {}
        self._empty: list[str] = []

    def of(self, folder: Path) -> str:
        """The URL of the folder's database, which has central's tables already."""
        if folder not in self._urls:
            self._take_back(lambda each: not each.exists())
            url = self._empty.pop() if self._empty else self._server.make(self._with_tables())
            self._urls[folder] = url
        return self._urls[folder]

    def back_up(self, folder: Path) -> str:
        """A copy of the folder's database, to which nobody is connected."""
        return self._server.make(self._urls[folder])

    def put_back(self, folder: Path, backup: str) -> None:
        """The folder's database is that copy from now on."""
        self._server.drop(self._urls[folder])
        self._urls[folder] = backup

    def let_go(self, folder: Path) -> None:
        """Nobody asks for those of this folder, and of those in it, any more."""
        self._take_back(lambda each: each.is_relative_to(folder))

    def _take_back(self, is_over: Callable[[Path], bool]) -> None:
        for folder in [each for each in self._urls if is_over(each)]:
            url = self._urls.pop(folder)
            _empty_out(url)
            self._empty.append(url)

    def _with_tables(self) -> str:
        if self._template is None:
            self._template = self._server.make()
            Database(self._template).close()
        return self._template


def _empty_out(url: str) -> None:
    """Make a database as it was, whoever is still connected to it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("SET session_replication_role = replica")  # in any order
        for table in metadata.tables:
            connection.execute(f"DELETE FROM {table}".encode())
        connection.execute(
            "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
        )
        connection.execute(f"UPDATE alembic_version SET version_num = '{HEAD}'".encode())
        connection.execute(
            f"INSERT INTO counters VALUES ('{CHANGE}', 0), ('{ACCOUNTS}', 0)".encode()
        )


def name_in(url: str) -> str:
    """The database that a URL names."""
    return url.partition("?")[0].rpartition("/")[2]


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[Server]:
    """A new server, gone with all its data at the end. `durable` as one that holds real data."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/var/tmp" if durable else None))
    user = _user()
    if user is not None:
        shutil.chown(folder, user)
    settings = _SETTINGS | ({} if durable else _QUICK) | {"unix_socket_directories": str(folder)}
    data = str(folder / "data")
    locale = ("--locale=C.UTF-8", "--encoding=UTF8")
    try:
        made = _start(
            programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", *locale
        )
        if made.wait(START_S):
            raise RuntimeError(f"initdb ended with {made.returncode}")
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            server = _start(programs / "postgres", "-D", data, *options, log=log.fileno())
        try:
            _wait_until_ready(server, folder)
            yield Server(folder, server.pid)
        finally:
            server.send_signal(signal.SIGQUIT)  # at once
            server.wait(START_S)
    finally:
        shutil.rmtree(folder)


def _wait_until_ready(server: _Server, folder: Path) -> None:
    """The last line of its file says so; pg_ctl reads it, too."""
    file = folder / "data" / "postmaster.pid"

    def ready() -> bool:
        if server.poll() is not None:
            raise RuntimeError(f"postgres ended:\n{(folder / 'log').read_text()}")
        return file.exists() and "ready" in file.read_text().split()[-1:]

    wait_until(ready, "PostgreSQL is ready", START_S)


def _programs() -> Path:
    """The folder of initdb and pg_ctl, of the newest version there is."""
    return Path(require("initdb", INSTALL, *_folders())).parent


def _folders() -> list[Path]:
    """Where Debian may have the programs, the newest version first."""
    return sorted(_DEBIAN.glob("*/bin"), key=lambda each: int(each.parent.name), reverse=True)


def installed() -> bool:
    """Whether there is a server to start."""
    return any((folder / "initdb").exists() for folder in _folders()) or bool(
        shutil.which("initdb")
    )


def _user() -> str | None:
    """Whom to run as: the server refuses to run as root. None for whoever we are."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return pwd.getpwnam("nobody").pw_name


def _start(program: Path, *arguments: str, log: int = subprocess.DEVNULL) -> _Server:
    """Start a program of the server's; it ends with us, however we end."""
    user = _user()
    return subprocess.Popen(
        [*dies_with_us("QUIT"), program, *arguments],
        user=user,
        group=None if user is None else pwd.getpwnam(user).pw_gid,
        extra_groups=None if user is None else [],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )

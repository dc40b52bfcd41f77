"""A program in the agent's place that tells what its unit lets it do (service_in_container.sh).

It takes the agent's command line, speaks to systemd through the agent's own `notify` and `health`,
and writes what it could and could not reach to STATE_DIRECTORY/facts.json. SIGUSR1 makes one of its
worker loops hang; a configuration with the line `wrong` ends it with exit code 1.
"""

import contextlib
import errno
import importlib
import json
import mmap
import os
import pty
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.health import OK, Health, Watchdog
from edge_agent.notify import Notifier, watchdog_s

LIBRARIES = ("flask", "pydantic", "pysqlite3", "rich", "sqlalchemy", "waitress")


def outcome(attempt: Callable[[], object]) -> str:
    """Return `ok`, or the name of the error with which `attempt` was refused."""
    try:
        attempt()
    except OSError as error:
        return type(error).__name__ if error.errno is None else os.strerror(error.errno)
    return "ok"


def map_writable_and_executable() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def open_pty() -> None:
    for end in pty.openpty():
        os.close(end)


def listen() -> None:
    with socket.create_server(("127.0.0.1", 8420)):
        pass


def device(path: str) -> str:
    """Return `ok` if the device may be opened, though nothing may be behind it (ENXIO, EIO)."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError as error:
        return "ok" if error.errno in {errno.ENXIO, errno.EIO} else os.strerror(error.errno or 0)
    return "ok"


def durable_row(folder: Path) -> int:
    """Commit one row the way the ledger does; return the count of rows."""
    sqlite = importlib.import_module("pysqlite3")
    with contextlib.closing(sqlite.connect(folder / "trial.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE IF NOT EXISTS trial (at INTEGER) STRICT")
        database.execute("INSERT INTO trial VALUES (1)")
        return int(database.execute("SELECT count(*) FROM trial").fetchone()[0])


def facts(state: Path) -> dict[str, object]:
    """Everything that the unit should allow (first) and should refuse (after)."""
    for library in LIBRARIES:
        importlib.import_module(library)
    credentials = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/run/no-credentials"))
    return {
        "allowed": {
            "state": outcome(lambda: durable_row(state)),
            "runtime": outcome(Path("/run/edge-agent/trial").touch),
            "configuration": outcome(Path("/etc/edge-agent/agent.toml").read_text),
            "token": outcome(Path("/etc/edge-agent/token").read_text),
            "credential": outcome((credentials / "token").read_text),
            "boot_id": outcome(Path("/proc/sys/kernel/random/boot_id").read_text),
            "pty": outcome(open_pty),
            "dialout": outcome(Path("/srv/dialout").read_text),
            "lp": outcome(Path("/srv/lp").read_text),
            "loopback": outcome(listen),
            "serial_port": device("/srv/ttyS0"),
        },
        "refused": {
            "etc": outcome(Path("/etc/edge-agent/trial").touch),
            "home": outcome(lambda: list(Path("/home/cashier").iterdir())),
            "other_device": device("/srv/tun"),
            "usr": outcome(Path("/usr/trial").touch),
            "writable_and_executable": outcome(map_writable_and_executable),
            "packet_socket": outcome(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
            "clock": outcome(lambda: time.clock_settime(time.CLOCK_REALTIME, time.time())),
            "core_dump": "ok" if resource.getrlimit(resource.RLIMIT_CORE)[0] else "no core dump",
        },
        "uid": os.getuid(),
        "pid": os.getpid(),
    }


def main() -> int:
    if sys.argv[1:] != ["run", "--config", "/etc/edge-agent/agent.toml"]:
        return 2
    if "wrong" in Path(sys.argv[3]).read_text().splitlines():
        print("configuration: the line `wrong` is wrong", file=sys.stderr)
        return 1
    state = Path(os.environ["STATE_DIRECTORY"])
    health, notifier = Health(), Notifier.from_environment()
    health.part("ledger", lambda: OK)
    health.part("programme", lambda: OK)
    hang, stop = threading.Event(), threading.Event()
    printer = health.loop("printer", bound_s=2)

    def print_nothing() -> None:
        while not stop.wait(0.2):
            if not hang.is_set():
                printer.beat()

    signal.signal(signal.SIGUSR1, lambda *_: hang.set())
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker = threading.Thread(target=print_nothing, name="printer")
    worker.start()
    (state / "facts.json").write_text(json.dumps(facts(state)))
    notifier.ready()
    Watchdog(health, notifier, watchdog_s()).run(stop)
    notifier.stopping()
    worker.join()
    (state / "stopped").touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())

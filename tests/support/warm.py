"""Our commands as processes that need no second for their imports: forked from one that has loaded everything.

    starts = WarmStarts()
    process = starts.start([installed("edge-agent"), "run", "--config", "agent.toml"], stdout, stderr, os.environ)

A forked process is as real as one that was started: a pid, signals, files and an end of its own, and it runs the same
code from `main` on. What lies before `main` is not tried this way: `make proof`, the demo and the measurements start
commands as a shop does.
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ENTRIES = {"edge-agent": "edge_agent.cli", "loyalty-central": "sync.central.cli"}
"""The module whose `main` a command is."""

_MORE = ("tests.support.agent_with_clock", "alembic.command")
"""Loaded besides our packages: what tests start as a module, and what central imports for an empty database."""

_WISH_MAX = 200_000
"""Bytes of a command line and an environment; a datagram of the socket holds a little more."""

_PR_SET_PDEATHSIG = 1


def dies_with_us(with_signal: str = "KILL") -> list[str]:
    """A prefix that lets the kernel end the process when ours ends, however ours ends (a hung test run, too)."""
    setpriv = shutil.which("setpriv")
    return [] if setpriv is None else [setpriv, "--pdeathsig", with_signal]


class Started:
    """A forked process, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, command: Sequence[str], pid: int, told: socket.socket) -> None:
        self.args = command
        self.pid = pid
        self.returncode: int | None = None
        self._told = told
        self._looking = threading.Lock()

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises `subprocess.TimeoutExpired`."""
        with self._looking:
            if self.returncode is None:
                self._told.settimeout(timeout)
                try:
                    how = self._told.recv(4)
                except (TimeoutError, BlockingIOError):
                    raise subprocess.TimeoutExpired(self.args, timeout or 0.0) from None
                self.returncode = _read(how) if how else -signal.SIGKILL
                self._told.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class WarmStarts:
    """The process that everything is forked from; it comes with the first command."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def start(
        self, command: Sequence[str], stdout: int, stderr: int, environment: Mapping[str, str]
    ) -> Started:
        """Start one of our commands (`can_start`) with these files and nothing on its stdin."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        wish = {"command": command, "cwd": str(Path.cwd()), "environment": dict(environment)}
        with theirs, Path(os.devnull).open("rb") as nothing, self._lock:
            files = [nothing.fileno(), stdout, stderr, theirs.fileno()]
            socket.send_fds(self._connected(), [json.dumps(wish).encode()], files)
        pid = ours.recv(4)
        assert pid, "the process that others are forked from has ended"
        return Started(command, _read(pid), ours)

    def stop(self) -> None:
        """End it; what was forked from it and still runs ends, too."""
        if self._control is not None and self._server is not None:
            self._control.close()
            self._server.wait()
            self._control = self._server = None

    def _connected(self) -> socket.socket:
        if self._control is None:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                command = [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())]
                self._server = subprocess.Popen(
                    [*dies_with_us(), *command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    cwd=Path(__file__).parents[2],
                )
        return self._control


def can_start(command: Sequence[str]) -> bool:
    """Whether that is a command of ours."""
    return Path(command[0]).name in ENTRIES or _as_module(command)


def _as_module(command: Sequence[str]) -> bool:
    return list(command[:2]) == [sys.executable, "-m"] and command[2] in _MORE


def _read(number: bytes) -> int:
    return int.from_bytes(number, "big", signed=True)


def _write(number: int) -> bytes:
    return number.to_bytes(4, "big", signed=True)


# What follows runs in the process that others are forked from, and in those.


def main() -> None:
    """Load everything, fork for each wish, and in what was forked be the command."""
    gc.disable()
    _load()
    gc.freeze()  # or the first collection in each of them copies every page
    control = socket.socket(fileno=int(sys.argv[1]))
    module = _forked(control)
    gc.enable()
    os._exit(_run(module))


def _load() -> None:
    for package in ("edge_agent", "drivers", "sync"):
        found = importlib.import_module(package)
        for module in pkgutil.walk_packages(found.__path__, f"{package}."):
            if ".migrations." not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    for name in _MORE:
        importlib.import_module(name)


def _forked(control: socket.socket) -> str:
    """Fork for every wish; the name of the module to run, in the forked processes alone."""
    while True:
        message, files, _, _ = socket.recv_fds(control, _WISH_MAX, 4)
        if not message:
            os._exit(0)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork() == 0:
            _die_with(signal.SIGKILL)
            control.close()
            *standard, told = files
            _keep(told, standard)
            return _become(json.loads(message), standard)
        for file in files:
            os.close(file)


def _keep(told: int, standard: Sequence[int]) -> None:
    """Fork again; the outer process tells pid and end of the inner one, in which alone this returns."""
    pid = os.fork()
    if pid == 0:
        _die_with(signal.SIGKILL)
        os.close(told)
        return
    for file in standard:
        os.close(file)
    os.write(told, _write(pid))
    _, how = os.waitpid(pid, 0)
    with suppress(OSError):  # nobody wants to know
        os.write(told, _write(os.waitstatus_to_exitcode(how)))
    os._exit(0)


def _become(wish: dict[str, Any], standard: Sequence[int]) -> str:
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    os.chdir(wish["cwd"])
    os.environ.clear()
    os.environ.update(wish["environment"])
    time.tzset()
    sys.modules["__main__"].__package__ = None  # click says `python -m` of what has one
    command: list[str] = wish["command"]
    if _as_module(command):
        sys.argv = command[2:]
        return command[2]
    sys.argv = command
    return ENTRIES[Path(command[0]).name]


def _run(module: str) -> int:
    """Run it as an interpreter does to its end, but for taking down what was loaded: that copies every page."""
    try:
        code = sys.modules[module].main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 - an interpreter tells all
        sys.excepthook(*sys.exc_info())
        code = 1
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.main_thread():
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code or 0


def _die_with(number: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


if __name__ == "__main__":
    main()

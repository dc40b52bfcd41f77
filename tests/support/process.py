"""Our installed commands as processes that can be stopped, killed and started again, under the same port."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.waiting import wait_until
from tests.support.warm import Started, WarmStarts, can_start, dies_with_us

START_S = 60.0
"""Two cores may be shared by several test runs; alone it takes a second."""

STOP_S = 10.0
COMMAND_S = 120.0
READY_LOOK_S = 0.005


class ReservedPort:
    """A loopback port that is ours until `close`, also while nothing listens on it.

    It is bound here and never listened on; a process that binds with SO_REUSEADDR may still listen on it, and
    nobody else is given it meanwhile.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    @property
    def listen(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.number}"

    @property
    def url(self) -> str:
        """The address with its scheme."""
        return f"http://{self.listen}"

    def close(self) -> None:
        """Give it back."""
        self._socket.close()


def installed(command: str) -> str:
    """The path of one of our commands, as pip installed it beside this Python."""
    path = shutil.which(command, path=str(Path(sys.executable).parent))
    assert path is not None, f"{command} is not installed beside {sys.executable}"
    return path


def run_installed(
    command: str, *arguments: object, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one of our commands to its end; `environment` is added to ours."""
    words = [installed(command), *map(str, arguments)]
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        process = start(words, said.fileno(), complained.fileno(), environment)
        try:
            code = process.wait(COMMAND_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        for file in (said, complained):
            file.seek(0)
        return subprocess.CompletedProcess(words, code, said.read(), complained.read())


def start(
    command: Sequence[str], stdout: int, stderr: int, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes] | Started:
    """Start a process that ends with ours, with these files and nothing on its stdin; warm where that is allowed."""
    around = os.environ | (environment or {})
    if _WARM and can_start(command):
        return _WARM[-1].start(command, stdout, stderr, around)
    return subprocess.Popen(
        [*dies_with_us(), *command],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env=around,
    )


@contextmanager
def warm_starts() -> Iterator[None]:
    """Our commands are started without their imports while the block runs."""
    _WARM.append(WarmStarts())
    try:
        yield
    finally:
        _WARM.pop().stop()


_WARM: list[WarmStarts] = []


@dataclass
class Process:
    """One of our services. Start it from a thread that lives as long as it should."""

    name: str
    command: Sequence[str]
    log: Path
    port: ReservedPort
    starts: int = 0
    ready_s: float = 0.0
    _process: subprocess.Popen[bytes] | Started | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.port.url

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def code(self) -> int | None:
        """How it ended, None while it runs or was never started."""
        return None if self._process is None else self._process.poll()

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        """Start it without waiting; whatever it says is appended to its log."""
        assert not self.running, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self._process = start(self.command, log.fileno(), log.fileno())
        self.starts += 1

    def start(self) -> None:
        """Start it and wait until it answers."""
        began_s = time.monotonic()
        self.spawn()
        while not self.answers():
            assert self.running, f"{self.name} ended with {self.code}:\n{self.output()[-3000:]}"
            in_time = time.monotonic() - began_s < START_S
            assert in_time, f"{self.name} does not answer:\n{self.output()[-3000:]}"
            time.sleep(READY_LOOK_S)
        self.ready_s = time.monotonic() - began_s

    def answers(self) -> bool:
        """Whether it answers now."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port.number, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def wait(self, deadline_s: float = START_S) -> int:
        """Wait until it has ended by itself; its exit code."""
        assert self._process is not None, f"{self.name} was not started"
        wait_until(lambda: not self.running, f"{self.name} ends", deadline_s)
        return self._process.wait()

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        assert self._process is not None, f"{self.name} was not started"
        self._process.terminate()

    def stop(self) -> None:
        """End it as the service manager would; kill it when it does not."""
        if self._process is None:
            return
        if self.running:
            self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def freeze(self) -> None:
        """Stop it between two instructions and return when it stands still; only `kill` makes sense afterwards."""
        os.kill(self.pid, signal.SIGSTOP)
        status = Path(f"/proc/{self.pid}/stat")
        wait_until(lambda: status.read_text().rpartition(")")[2].split()[0] in "TZ", "it stands")

    def kill(self) -> None:
        """SIGKILL: nothing of it runs on, not even for a moment."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def output(self) -> str:
        """Everything that it said, on both streams, over all its starts."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

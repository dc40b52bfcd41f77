"""Our installed commands as processes that can be stopped, killed and started again, under the same port."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.waiting import wait_until

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


def run_installed(command: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run one of our commands to its end."""
    return subprocess.run(
        [installed(command), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )


def dies_with_us() -> list[str]:
    """A prefix that lets the kernel kill the process when ours ends, however ours ends (a hung test run, too)."""
    setpriv = shutil.which("setpriv")
    return [] if setpriv is None else [setpriv, "--pdeathsig", "KILL"]


@dataclass
class Process:
    """One of our services. Start it from a thread that lives as long as it should."""

    name: str
    command: Sequence[str]
    log: Path
    port: ReservedPort
    starts: int = 0
    ready_s: float = 0.0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

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
            self._process = subprocess.Popen(
                [*dies_with_us(), *self.command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
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
        return self._process.returncode

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
        # WNOWAIT leaves it to `Popen` to hear of its end.
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def kill(self) -> None:
        """SIGKILL: nothing of it runs on, not even for a moment."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def output(self) -> str:
        """Everything that it said, on both streams, over all its starts."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

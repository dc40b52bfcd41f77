"""Processes of their own, as in a shop: the agent, and the bare handler that it is held against."""

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.bench.shop import TOKEN

START_S = 60.0
_LOOK_S = 0.002
_ADDRESS = re.compile(rb"127\.0\.0\.1:(\d+)")


class DidNotStart(Exception):
    """A process of the bench did not come up; the message has the end of its log."""


class Process:
    """A process whose log says its address, and that answers HTTP when it is ready."""

    def __init__(self, command: list[str], log: Path, ready_path: str) -> None:
        self._command = command
        self._log = log
        self._ready_path = ready_path
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> float:
        """Start, and wait until it is ready; returns how long that took. Raises DidNotStart."""
        self._log.write_bytes(b"")
        began_at = time.perf_counter()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        while time.perf_counter() - began_at < START_S and self._process.poll() is None:
            if self._is_ready():
                return time.perf_counter() - began_at
            time.sleep(_LOOK_S)
        raise DidNotStart(self._log.read_text(errors="replace")[-2000:])

    def _is_ready(self) -> bool:
        found = _ADDRESS.findall(self._log.read_bytes())
        if not found:
            return False
        self.port = int(found[0])
        with suppress(OSError, http.client.HTTPException):
            return self.connection().get(self._ready_path)[0] == 200
        return False

    def connection(self) -> "Connection":
        """A kept connection of one client."""
        return Connection(self.port)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal and wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(30)


class Connection:
    """One client's kept connection, with as little of its own as the standard library allows."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        self._http.request("GET", path, headers=self._headers)
        answer = self._http.getresponse()
        return answer.status, answer.read()

    def post(self, path: str, body: bytes) -> bytes:
        """The body of an answer that must be a 2xx."""
        self._http.request("POST", path, body, self._headers)
        answer = self._http.getresponse()
        content = answer.read()
        if answer.status // 100 != 2:
            raise RuntimeError(f"{path} was answered {answer.status}: {content[:500]!r}")
        return content

    def status(self) -> dict[str, Any]:
        """The agent's status."""
        found: dict[str, Any] = json.loads(self.get("/v1/status")[1])
        return found


def agent_process(config: Path) -> Process:
    """`edge-agent run`, not started yet."""
    code = "from edge_agent.cli import main; main()"
    command = [sys.executable, "-c", code, "run", "--config", str(config)]
    return Process(command, config.with_suffix(".log"), "/readyz")


def bare_process(folder: Path, threads: int) -> Process:
    """The bare handler, not started yet."""
    command = [
        sys.executable, "-m", "tests.bench.bare_handler", str(folder / "bare.db"), str(threads),
    ]  # fmt: skip
    return Process(command, folder / "bare.log", "/")


@contextmanager
def running(process: Process) -> Iterator[Process]:
    """Started, and ended afterwards."""
    process.start()
    try:
        yield process
    finally:
        process.end()

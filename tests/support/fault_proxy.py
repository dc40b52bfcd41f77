"""A TCP proxy between a till and central that breaks the line in the ways that lines break."""

import contextlib
import select
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal

FaultKind = Literal[
    "slow",  # every piece of the answer comes late
    "late",  # the request is held up, so that one which began after it overtakes it
    "cut-request",  # the connection breaks when so many bytes of a request went through
    "cut-answer",  # the connection breaks when so many bytes of an answer went through
    "half-open",  # after so many bytes of an answer nothing more comes, and nobody hangs up
    "duplicate",  # central gets the request once more, on a connection of its own
    "drop-answer",  # central took the request; its answer never arrives
    "error-500",  # something in between answers 500
    "silent",  # the request is taken by something that never answers
    "refuse",  # every connection is reset
]

Choose = Callable[[], "Fault | None"]

READ_BYTES = 65_536
LOOK_S = 0.05
AGAIN_S = 2.0
"""How long the answer to a request that was sent twice is awaited before the first answer goes on."""

RESET_AT_CLOSE = struct.pack("ii", 1, 0)
SORRY = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
ANY_REQUEST = b""
RECORDS = b"POST /wire/v1/records"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is broken. `requests` is how the requests begin that it strikes; the others pass."""

    kind: FaultKind
    requests: bytes = ANY_REQUEST
    after_bytes: int = 0
    delay_s: float = 1.0


@dataclass
class _Exchange:
    """One connection: which fault its request under way has to suffer, and how far it got."""

    client: socket.socket
    server: socket.socket
    fault: Fault | None = None
    passed: int = 0
    answered: int = 0
    request: bytearray = field(default_factory=bytearray)


@dataclass
class FaultProxy:
    """Listens on a free port and leads to `to_port`. `fault` may change at any time, for requests that begin then.

    While there is a `choose`, each request gets the fault that it names; `strikes` counts the faults of each kind.
    """

    to_port: int
    fault: Fault | None = None
    choose: Choose | None = None
    struck: int = 0
    strikes: Counter[FaultKind] = field(default_factory=Counter)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _connections: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.settimeout(LOOK_S)
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """What a till takes for central."""
        return f"http://127.0.0.1:{self.port}"

    def breaks(self, fault: Fault | None) -> None:
        """From now on; connections that are open are cut, so that a long poll suffers too."""
        self.fault = fault
        self.struck = 0
        self.hang_up()

    def hang_up(self) -> None:
        """Cut every connection that is open."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> "FaultProxy":
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self.breaks(None)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError, OSError):
                client, _ = self._listener.accept()
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if self.fault is not None and self.fault.kind == "refuse":
                self.struck += 1
                _reset(client)
                return
            with socket.create_connection(("127.0.0.1", self.to_port), timeout=5) as server:
                self._connections.append(client)
                try:
                    self._carry(_Exchange(client, server))
                finally:
                    self._connections.remove(client)

    def _carry(self, exchange: _Exchange) -> None:
        ends = [exchange.client, exchange.server]
        while not self._stopping.is_set():
            readable, _, _ = select.select(ends, [], [], LOOK_S)
            for end in readable:
                data = end.recv(READ_BYTES)
                carry = self._towards_central if end is exchange.client else self._towards_till
                if not data or not carry(exchange, data):
                    return

    def _towards_central(self, exchange: _Exchange, data: bytes) -> bool:
        """Pass a piece of a request; False when the connection is over."""
        if data.startswith((b"GET ", b"POST ")):
            self._begin(exchange, data)
        fault = exchange.fault
        if fault is not None and fault.kind == "late" and exchange.passed == 0:
            self._wait(fault.delay_s)
        if fault is not None and fault.kind == "cut-request":
            left = fault.after_bytes - exchange.passed
            exchange.server.sendall(data[: max(0, left)])
            if len(data) >= left:
                _reset(exchange.client)
                return False
        elif fault is not None and fault.kind == "error-500":
            _swallow_rest(exchange.client)
            exchange.client.sendall(SORRY)
            return False
        elif fault is None or fault.kind != "silent":
            exchange.server.sendall(data)
        exchange.passed += len(data)
        if fault is not None and fault.kind == "duplicate":
            exchange.request += data
        return True

    def _begin(self, exchange: _Exchange, data: bytes) -> None:
        """A request begins; which fault it suffers is settled here."""
        fault = self.fault if self.choose is None else self.choose()
        exchange.fault = fault if fault is not None and data.startswith(fault.requests) else None
        exchange.passed = exchange.answered = 0
        exchange.request.clear()
        if exchange.fault is not None:
            self.struck += 1
            self.strikes[exchange.fault.kind] += 1

    def _wait(self, delay_s: float) -> None:
        until_s = time.monotonic() + delay_s
        while time.monotonic() < until_s and not self._stopping.is_set():
            time.sleep(min(LOOK_S, delay_s))

    def _send_again(self, request: bytes) -> None:
        """Give central a request once more; what it answers goes nowhere."""
        with socket.create_connection(("127.0.0.1", self.to_port), timeout=5) as server:
            server.sendall(request)
            server.settimeout(AGAIN_S)
            with contextlib.suppress(TimeoutError):
                server.recv(READ_BYTES)

    def _towards_till(self, exchange: _Exchange, data: bytes) -> bool:
        """Pass a piece of an answer; False when the connection is over."""
        fault = exchange.fault
        if fault is not None and fault.kind == "drop-answer":
            _reset(exchange.client)
            return False
        if fault is not None and fault.kind == "slow":
            self._wait(fault.delay_s)
        if fault is not None and fault.kind == "duplicate" and exchange.request:
            self._send_again(bytes(exchange.request))
            exchange.request.clear()
        if fault is not None and fault.kind in {"cut-answer", "half-open"}:
            data = data[: max(0, fault.after_bytes - exchange.answered)]
            exchange.answered += len(data)
            exchange.client.sendall(data)
            if exchange.answered < fault.after_bytes or fault.kind == "half-open":
                return True
            _reset(exchange.client)
            return False
        exchange.client.sendall(data)
        return True


def _swallow_rest(client: socket.socket) -> None:
    """Read the rest of a request, as far as it comes, so that the answer is not lost in a reset."""
    client.settimeout(LOOK_S)
    with contextlib.suppress(TimeoutError):
        while client.recv(READ_BYTES):
            pass


def _reset(client: socket.socket) -> None:
    """Break the connection as a dying machine does."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
    client.close()

"""A receipt printer without hardware: takes ESC/POS, answers, fails on request, keeps its receipts.

`SimulatedPrinter` is the mechanism, without I/O; `MemoryTransport` puts our driver in front of it,
and drivers.simulated_printer_server puts it behind a TCP port.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from drivers.escpos_tokens import Token, Tokeniser
from drivers.ports import DeviceError

JOBS_KEPT_MAX = 200
"""Receipts kept for looking at; the oldest goes first. A receipt is a few kilobytes."""

HELD_BYTES_MAX = 64 * 1024
"""A printer's receive buffer is 4 to 64 kB; beyond it takes no more bytes."""

ANSWERS_MAX = 4_096

Fault = Literal[
    "paper-out",
    "paper-low",
    "cover-open",
    "cutter",
    "offline",  # says so, without a cause
    "silent",  # takes bytes and prints, but answers nothing
    "unconfirming",  # answers status, but knows no GS ( H, as simple models
    "slow",  # SLOW_LINE_S per line
    "reset",  # once: the connection breaks, and what was held is lost
    "unplugged",  # takes no connection
]
FAULTS: tuple[Fault, ...] = get_args(Fault)

SLOW_LINE_S = 0.25

_HOLDING: frozenset[Fault] = frozenset(("paper-out", "cover-open", "cutter", "offline"))

_POWERLESS: frozenset[Fault] = frozenset(("reset", "unplugged"))

_CLEAR_BUFFER = b"\x10\x14\x08"


@dataclass(frozen=True, slots=True)
class PrintedJob:
    """One receipt as it lies in the tray: from the first byte after a cut to the next cut."""

    number: int
    data: bytes
    columns: int

    @property
    def text(self) -> list[str]:
        """Its lines of text."""
        from drivers.receipt_picture import text_of  # noqa: PLC0415  # Pillow: only when looked at

        return text_of(self.data, self.columns)

    def png(self) -> bytes:
        """Its picture."""
        from drivers.receipt_picture import draw_png  # noqa: PLC0415  # as above

        return draw_png(self.data, self.columns)


class SimulatedPrinter:
    """The mechanism. Any thread may call anything."""

    def __init__(
        self, columns: int = 48, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.columns = columns
        self._monotonic = monotonic
        self._lock = threading.RLock()
        self._faults: set[Fault] = set()
        self._scheduled: tuple[Fault, int] | None = None
        self._tokeniser = Tokeniser()
        self._held: deque[Token] = deque()
        self._held_bytes = 0
        self._answers = bytearray()
        self._current = bytearray()
        self._jobs: deque[PrintedJob] = deque(maxlen=JOBS_KEPT_MAX)
        self._count = 0
        self._free_at_s = 0.0

    def set_fault(self, fault: Fault, on: bool = True) -> None:
        """Break something, or mend it; what was held then goes on printing, as it really does."""
        if fault not in FAULTS:
            raise ValueError(f"fault: {fault!r}, allowed are {', '.join(FAULTS)}")
        with self._lock:
            self._faults.add(fault) if on else self._faults.discard(fault)
            if fault == "unplugged" and on:
                self._lose_power()
            self._run()

    def schedule_fault(self, fault: Fault, after_lines: int) -> None:
        """Break it in the middle of a job: when so many more lines have been printed."""
        with self._lock:
            self._scheduled = (fault, after_lines)

    def clear_faults(self) -> None:
        """Mend everything."""
        with self._lock:
            self._faults.clear()
            self._scheduled = None
            self._run()

    @property
    def faults(self) -> frozenset[Fault]:
        with self._lock:
            return frozenset(self._faults)

    @property
    def jobs(self) -> list[PrintedJob]:
        """The receipts that came out, oldest first (the last JOBS_KEPT_MAX)."""
        with self._lock:
            self._run()
            return list(self._jobs)

    @property
    def printed_count(self) -> int:
        """All receipts since the start, those no longer kept included."""
        with self._lock:
            self._run()
            return self._count

    @property
    def unfinished(self) -> bytes:
        """What hangs out of the printer, not cut off yet."""
        with self._lock:
            return bytes(self._current)

    @property
    def takes_bytes(self) -> bool:
        """False while its buffer is full."""
        with self._lock:
            return self._held_bytes < HELD_BYTES_MAX

    def receive(self, data: bytes) -> None:
        """Bytes from the wire. Real-time commands act at once, also while everything else waits."""
        with self._lock:
            for token in self._tokeniser.feed(data):
                if token.name == b"\x10\x04":
                    self._answer(bytes((self._status_byte(token.data[2]),)))
                elif token.data.startswith(_CLEAR_BUFFER):
                    self._drop_held()
                else:
                    self._held.append(token)
                    self._held_bytes += len(token.data)
            self._run()

    def take_answers(self) -> bytes:
        """What it has to say since the last call."""
        with self._lock:
            self._run()
            answers = bytes(self._answers)
            self._answers.clear()
            return answers

    def take_reset(self) -> bool:
        """Whether the connection has to break now; the carrier asks after each exchange."""
        with self._lock:
            if "reset" not in self._faults:
                return False
            self._faults.discard("reset")
            self._lose_power()
            return True

    def _lose_power(self) -> None:
        self._drop_held()
        self._tokeniser = Tokeniser()
        self._answers.clear()

    def _drop_held(self) -> None:
        self._held.clear()
        self._held_bytes = 0

    def _answer(self, data: bytes) -> None:
        if "silent" not in self._faults and len(self._answers) < ANSWERS_MAX:
            self._answers += data

    def _status_byte(self, query: int) -> int:
        """As seen on real ones: fine 16/12/12/12, paper out 1E/32/12/7E, cover open 1E/16/12/12."""
        has = self._faults.__contains__
        if query == 1:
            return 0x1E if self._faults & _HOLDING else 0x16
        if query == 2:
            cause = 0x04 * has("cover-open") | 0x20 * has("paper-out") | 0x40 * has("cutter")
            return 0x12 | cause
        if query == 3:
            return 0x12 | 0x08 * has("cutter")
        return 0x12 | 0x6C * has("paper-out") | 0x0C * has("paper-low")

    def _run(self) -> None:
        """Print what is held, as far as faults and the time per line allow."""
        while self._held and not self._faults & (_HOLDING | _POWERLESS):
            if self._monotonic() < self._free_at_s:
                return
            token = self._held.popleft()
            self._held_bytes -= len(token.data)
            self._execute(token)

    def _execute(self, token: Token) -> None:
        if token.name == b"\x1d(H":
            self._confirm(token)
        elif token.name in (b"\x1dr", b"\x1dI"):
            self._answer(b"\x00")
        else:
            self._current += token.data
            if token.name == b"\x1dV":
                self._finish_job()
            elif token.data == b"\n":
                self._advance()

    def _confirm(self, token: Token) -> None:
        """GS ( H function 48; a job without a cut ends here."""
        if len(token.data) != 11 or "unconfirming" in self._faults:
            return
        if self._current:
            self._finish_job()
        self._answer(b"\x37\x22" + token.data[7:11] + b"\x00")

    def _advance(self) -> None:
        if "slow" in self._faults:
            self._free_at_s = self._monotonic() + SLOW_LINE_S
        if self._scheduled is not None:
            fault, lines = self._scheduled
            self._scheduled = (fault, lines - 1) if lines > 1 else None
            if lines <= 1:
                self._faults.add(fault)
                if fault == "unplugged":
                    self._lose_power()

    def _finish_job(self) -> None:
        self._count += 1
        self._jobs.append(PrintedJob(self._count, bytes(self._current), self.columns))
        self._current.clear()


TICK_S = 0.01
"""How often a carrier looks for answers that came by themselves (a slow job, a mended fault)."""


class MemoryTransport:
    """Carries bytes between our driver and a simulated printer in the same process."""

    kind = "simulated"
    answers = True
    where = "memory"

    def __init__(self, printer: SimulatedPrinter) -> None:
        self._printer = printer
        self._cancelled = threading.Event()

    def open(self) -> None:
        self._check()
        self._printer.take_answers()  # nobody listened to those

    def send(self, data: bytes) -> None:
        self._check()
        if not self._printer.takes_bytes:
            raise DeviceError("write-timeout", "the simulated printer takes no more bytes")
        self._printer.receive(data)
        self._check()

    def receive(self, timeout_s: float) -> bytes:
        until_s = time.monotonic() + timeout_s
        while True:
            self._check()
            answers = self._printer.take_answers()
            if answers or time.monotonic() >= until_s:
                return answers
            time.sleep(TICK_S)

    def close(self) -> None:
        """Nothing is held."""

    def cancel(self) -> None:
        self._cancelled.set()

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise DeviceError("stopped", "told to stop")
        if "unplugged" in self._printer.faults:
            raise DeviceError("unreachable", "the simulated printer is unplugged")
        if self._printer.take_reset():
            raise DeviceError("connection-lost", "the simulated printer was reset")

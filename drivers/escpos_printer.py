"""An ESC/POS printer over any transport: asks before, sends once, and believes only answers."""

import itertools
import secrets
import time
from collections import deque
from collections.abc import Iterator

from drivers.document import Document
from drivers.escpos_encoder import EscposEncoder
from drivers.escpos_status import AnswerParser, RealTime, StatusQuery, job_done, status_of
from drivers.ports import DeviceError, PrinterStatus, PrintOutcome, Reason, SettingsError
from drivers.transports import Transport

ANSWER_S = 0.8
"""A status answer is real-time: it comes in milliseconds; a busy network adds some hundred."""

JOB_DONE_S = 8.0
"""From the last byte to the job's confirmation: printing and cutting 30 cm takes about two seconds,
and up to six on an old printer."""

UNCONFIRMED_S = 2.0
"""The same for a model that was seen not to confirm jobs: after it a good status has to do."""

PROBE_S = 1.0
"""While waiting for the confirmation the printer is asked so often what may be wrong."""

CLEAR_BUFFER = bytes.fromhex("10 14 08 01 03 14 01 06 02 08")
"""DLE DC4 function 8: throw away what the printer still holds; in real time, also when offline."""

REAL_TIME_MAX = 8
"""We ask for one answer at a time; more are noise."""

MARKS_HELD_MAX = 8
"""A connection carries one job; others could only be late."""

_MARKS = 10_000
"""Job marks are four digits, from a random start: after a restart of ours the printer may still
answer for a job of before, which must not be taken for the first new one."""

_HELD: frozenset[Reason] = frozenset(
    ("paper-out", "cover-open", "cutter", "error", "overheated", "offline", "connection-lost")
)
"""After these the printer may still hold part of a job, which must not come out before the next."""


class EscposPrinter:
    """One printer, driven by one thread. `columns` is told to whoever lays out the text.

    `trusts_silence`: for a model that never answers; then a job is sent without asking, and its
    outcome is unknown. Otherwise a silent printer gets nothing, since a job sent to one that is
    busy with another client would come out at an unknown time.
    """

    def __init__(
        self,
        device: str,
        transport: Transport,
        encoder: EscposEncoder,
        *,
        columns: int = 48,
        trusts_silence: bool = False,
        answer_s: float = ANSWER_S,
        job_done_s: float = JOB_DONE_S,
        unconfirmed_s: float = UNCONFIRMED_S,
        probe_s: float = PROBE_S,
    ) -> None:
        self._device = device
        self._transport = transport
        self._encoder = encoder
        self._columns = columns
        self._trusts_silence = trusts_silence
        self._answer_s = answer_s
        self._job_done_s = job_done_s
        self._marks: Iterator[int] = itertools.count(secrets.randbelow(_MARKS))
        self._unconfirmed_s = unconfirmed_s
        self._probe_s = probe_s
        self._confirms_jobs: bool | None = None
        self._may_hold = False

    @property
    def device(self) -> str:
        return self._device

    @property
    def kind(self) -> str:
        return self._transport.kind

    @property
    def where(self) -> str:
        return self._transport.where

    @property
    def columns(self) -> int:
        return self._columns

    def cancel(self) -> None:
        self._transport.cancel()

    def check(self) -> None:
        """Raises SettingsError when profile or code page do not exist; talks to no printer."""
        self._encoder.check()

    def status(self) -> PrinterStatus:
        try:
            self._transport.open()
            return _Line(self._transport, self._answer_s).status()
        finally:
            self._transport.close()

    def print(self, document: Document) -> PrintOutcome:
        mark = f"{next(self._marks) % _MARKS:04d}".encode()
        try:
            data = self._encoder.encode(document, mark)
        except SettingsError:
            return PrintOutcome("failed", "bad-settings")
        try:
            return self._print(data, mark)
        finally:
            self._transport.close()

    def _print(self, data: bytes, mark: bytes) -> PrintOutcome:
        """Failed while nothing was sent; from the first byte on, unknown unless confirmed."""
        try:
            self._transport.open()
            line = _Line(self._transport, self._answer_s)
            status = line.status()
        except DeviceError as error:
            # A printer that takes the connection and drops it at once has another client.
            return PrintOutcome(
                "failed", "busy" if error.reason == "connection-lost" else error.reason
            )
        silent = status.readiness == "unknown"
        if status.readiness == "not-ready" or (silent and not self._may_send_blindly()):
            return PrintOutcome("failed", status.reason)
        try:
            self._transport.send((CLEAR_BUFFER if self._may_hold else b"") + data)
            reason = status.reason if silent else self._doubt(line, mark)
        except DeviceError as error:
            reason = error.reason
        self._may_hold = reason in _HELD
        if reason in ("", "by-status"):
            return PrintOutcome("printed", reason, sent=True)
        return PrintOutcome("unknown", reason, sent=True)

    def _may_send_blindly(self) -> bool:
        return self._trusts_silence or not self._transport.answers

    def _doubt(self, line: "_Line", mark: bytes) -> Reason:
        """Wait for the job's own answer, asking meanwhile what is wrong; why it may be missing."""
        wait_s = self._job_done_s if self._confirms_jobs is not False else self._unconfirmed_s
        until_s = time.monotonic() + wait_s
        while (left_s := until_s - time.monotonic()) > 0:
            if line.wait_for(mark, min(left_s, self._probe_s)):
                self._confirms_jobs = True
                return ""
            status = line.status()
            if mark not in line.done and status.readiness != "ready":
                return status.reason
        if self._confirms_jobs:
            return "no-answer"
        self._confirms_jobs = False
        return "by-status"


class _Line:
    """The answers of one connection, sorted by what they answer."""

    def __init__(self, transport: Transport, answer_s: float) -> None:
        self._transport = transport
        self._answer_s = answer_s
        self._parser = AnswerParser()
        self._real_time: deque[int] = deque(maxlen=REAL_TIME_MAX)
        self.done: set[bytes] = set()

    def status(self) -> PrinterStatus:
        """DLE EOT 1, 2 and 4, 3 after an error: singly, as answers do not say what they answer.

        The first silence ends the asking, or a late answer would be taken for the next one.
        """
        if not self._transport.answers:
            return PrinterStatus("unknown", "no-status")
        answers: dict[StatusQuery, int] = {}
        wanted: list[StatusQuery] = [1, 2, 4]
        for query in wanted:
            answer = self._ask(query)
            if answer is None:
                break
            answers[query] = answer
            if query == 2 and answer & 0x40:
                wanted.append(3)
        return status_of(answers)

    def wait_for(self, mark: bytes, timeout_s: float) -> bool:
        """Whether the job with this mark was confirmed."""
        until_s = time.monotonic() + timeout_s
        while mark not in self.done and (left_s := until_s - time.monotonic()) > 0:
            self._pump(left_s)
        return mark in self.done

    def _ask(self, query: StatusQuery) -> int | None:
        self._pump(0.0)  # what came late belongs to nobody
        self._real_time.clear()
        self._transport.send(b"\x10\x04" + bytes((query,)))
        until_s = time.monotonic() + self._answer_s
        while not self._real_time and (left_s := until_s - time.monotonic()) > 0:
            self._pump(left_s)
        return self._real_time[0] if self._real_time else None

    def _pump(self, timeout_s: float) -> None:
        for answer in self._parser.feed(self._transport.receive(timeout_s)):
            if isinstance(answer, RealTime):
                self._real_time.append(answer.byte)
            elif (mark := job_done(answer)) is not None and len(self.done) < MARKS_HELD_MAX:
                self.done.add(mark)

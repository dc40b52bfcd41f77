"""Owns one printer: a bounded queue of jobs, each printed in time or not at all, and its state."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from drivers.document import Document, printer_test
from drivers.ports import (
    DeviceError,
    DeviceReport,
    PrinterStatus,
    PrintOutcome,
    Reason,
    ReceiptPrinter,
)
from drivers.supervisor import (
    STOP_S,
    WAIT_SLICE_S,
    Backoff,
    Identity,
    StateBoard,
    Supervisor,
    state_of,
    utc_now,
)

JOBS_MAX = 32
"""More customers than that do not wait for their receipts at one till."""

JOB_WAIT_S = 60.0
"""After a minute the customer has left; a receipt then lands in the next one's hands."""

POLL_S = 3.0
"""An idle printer is asked so often: an empty roll shows before the next sale."""

RETRY_S = 1.0
"""A printer that is not ready is asked again so often while a job waits."""

_HOPELESS: frozenset[Reason] = frozenset(("bad-settings",))
"""Waiting does not help."""


@dataclass(frozen=True, slots=True)
class PrintJob:
    """`wait_s`: how long after submission printing may still begin."""

    id: str
    document: Document
    wait_s: float = JOB_WAIT_S


@dataclass(slots=True, eq=False)
class _Waiting:
    job: PrintJob
    until_s: float
    cause: Reason = ""


class PrinterSupervisor:
    """One thread per printer. `on_outcome` is called once for each accepted job, in that thread."""

    def __init__(
        self,
        printer: ReceiptPrinter,
        *,
        on_outcome: Callable[[str, PrintOutcome], None],
        on_change: Callable[[DeviceReport], None],
        now: Callable[[], datetime] = utc_now,
        backoff: Backoff | None = None,
        poll_s: float = POLL_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self._printer = printer
        self._on_outcome = on_outcome
        self._poll_s = poll_s
        self._retry_s = retry_s
        self._jobs: deque[_Waiting] = deque()
        self._wake = threading.Condition()
        self._accepting = True
        self._tests = itertools.count(1)
        identity = Identity(printer.device, "printer", printer.kind, printer.where)
        self._board = StateBoard(
            identity, lambda report: self._supervisor.guard(on_change, report), now
        )
        self._supervisor = Supervisor(
            self._board, printer.device, self._work, self._release, backoff=backoff
        )

    @property
    def printer(self) -> ReceiptPrinter:
        return self._printer

    @property
    def alive(self) -> bool:
        return self._supervisor.alive

    @property
    def last_progress_s(self) -> float:
        """`time.monotonic()` of the last round; a job being printed takes up to some 20 s."""
        return self._supervisor.last_progress_s

    @property
    def waiting(self) -> int:
        """Jobs not yet answered for."""
        with self._wake:
            return len(self._jobs)

    def report(self) -> DeviceReport:
        """The device as the API shows it."""
        return self._board.report()

    def start(self) -> None:
        self._supervisor.start()

    def submit(self, job: PrintJob) -> bool:
        """Queue a job without waiting; False when the queue is full or the printer is stopping.

        After False there is no outcome.
        """
        with self._wake:
            if not self._accepting or len(self._jobs) >= JOBS_MAX:
                return False
            self._jobs.append(_Waiting(job, time.monotonic() + job.wait_s))
            self._wake.notify()
            return True

    def test_print(self, title: str = "Testafdruk") -> str | None:
        """Queue a test page; its job id, or None when the queue is full."""
        job_id = f"test-{self._printer.device}-{next(self._tests)}"
        page = printer_test(self._printer.columns, title, self._printer.where)
        return job_id if self.submit(PrintJob(job_id, page)) else None

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """End at once: a job being sent becomes unknown, those waiting failed. True when done."""
        with self._wake:
            self._accepting = False
        self._supervisor.signal_stop()
        self._printer.cancel()
        with self._wake:
            self._wake.notify()
        done = self._supervisor.join(timeout_s)
        if done:
            self._give_up("stopped", lambda _: True)
        return done

    def _work(self, supervisor: Supervisor) -> None:
        """One loop for as long as the printer can be asked; trouble of the device is a state."""
        next_poll_s = 0.0
        while supervisor.running():
            supervisor.beat()
            self._give_up("too-late", lambda waiting: time.monotonic() >= waiting.until_s)
            waiting = self._first()
            if waiting is not None:
                self._attempt(waiting)
                next_poll_s = time.monotonic() + self._poll_s
            elif time.monotonic() >= next_poll_s:
                self._poll()
                next_poll_s = time.monotonic() + self._poll_s
            else:
                self._wait(next_poll_s)

    def _release(self) -> None:
        """The printer itself is let go of after each call; a stop answers for what still waits."""
        if not self._supervisor.running():
            self._give_up("stopped", lambda _: True)

    def _first(self) -> _Waiting | None:
        with self._wake:
            return self._jobs[0] if self._jobs else None

    def _wait(self, until_s: float) -> None:
        with self._wake:
            wait_s = min(until_s - time.monotonic(), WAIT_SLICE_S)
            if not self._jobs and wait_s > 0 and self._supervisor.running():
                self._wake.wait(wait_s)

    def _poll(self) -> None:
        try:
            self._show(self._printer.status())
        except DeviceError as error:
            self._board.set(state_of(error.reason), error.reason)

    def _show(self, status: PrinterStatus) -> None:
        if status.readiness == "ready":
            self._supervisor.well()
            self._board.set("ok", status.reason)
        else:
            self._board.set(state_of(status.reason), status.reason)

    def _attempt(self, waiting: _Waiting) -> None:
        """Print the first job, or leave it in the queue when the printer took nothing of it."""
        try:
            outcome = self._printer.print(waiting.job.document)
        except BaseException:
            # A driver must not raise here. Whether bytes left is not known, so never again.
            self._answer(waiting, PrintOutcome("unknown", "internal", sent=True))
            raise
        self._show_outcome(outcome)
        if outcome.result != "failed" or outcome.sent or outcome.reason in _HOPELESS:
            self._answer(waiting, outcome)
            return
        waiting.cause = outcome.reason
        left_s = waiting.until_s - time.monotonic()
        self._supervisor.pause(max(0.0, min(self._retry_s, left_s)))

    def _show_outcome(self, outcome: PrintOutcome) -> None:
        if outcome.result == "printed":
            self._supervisor.well()
            self._board.set("ok", worked=True)
        else:
            self._board.set(state_of(outcome.reason), outcome.reason)

    def _answer(self, waiting: _Waiting, outcome: PrintOutcome) -> None:
        with self._wake:
            if waiting in self._jobs:
                self._jobs.remove(waiting)
        self._supervisor.guard(self._on_outcome, waiting.job.id, outcome)

    def _give_up(self, reason: Reason, over: Callable[[_Waiting], bool]) -> None:
        with self._wake:
            lost = [waiting for waiting in self._jobs if over(waiting)]
        for waiting in lost:
            self._answer(waiting, PrintOutcome("failed", reason, cause=waiting.cause))

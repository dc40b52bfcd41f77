"""Keeps one scanner open and hands on what it reads."""

from collections.abc import Callable, Iterable
from datetime import datetime

from drivers.ports import DeviceReport, Discarded, Scan, Scanner
from drivers.supervisor import STOP_S, Backoff, Identity, StateBoard, Supervisor, utc_now

READ_S = 0.25
"""How long one read may wait: stopping takes at most that, and the watchdog is fed as often."""


class ScannerSupervisor:
    """One thread per scanner. `on_scan` runs in it: it has to be quick.

    If it raises, that is logged, and the next scan works.
    """

    def __init__(
        self,
        scanner: Scanner,
        *,
        on_scan: Callable[[Scan], None],
        on_discard: Callable[[Discarded], None],
        on_change: Callable[[DeviceReport], None],
        now: Callable[[], datetime] = utc_now,
        backoff: Backoff | None = None,
    ) -> None:
        self._scanner = scanner
        self._on_scan = on_scan
        self._on_discard = on_discard
        identity = Identity(scanner.device, "scanner", scanner.kind, scanner.where)
        self._board = StateBoard(
            identity, lambda report: self._supervisor.guard(on_change, report), now
        )
        self._supervisor = Supervisor(
            self._board, scanner.device, self._work, self._release, backoff=backoff
        )

    @property
    def scanner(self) -> Scanner:
        return self._scanner

    @property
    def alive(self) -> bool:
        return self._supervisor.alive

    @property
    def last_progress_s(self) -> float:
        """`time.monotonic()` of the last round of its loop."""
        return self._supervisor.last_progress_s

    def report(self) -> DeviceReport:
        """The device as the API shows it."""
        return self._board.report()

    def start(self) -> None:
        self._supervisor.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Let go of the scanner; True when that is done."""
        self._supervisor.signal_stop()
        return self._supervisor.join(timeout_s)

    def _work(self, supervisor: Supervisor) -> None:
        self._scanner.open()
        self._board.set("ok")
        supervisor.well()
        while supervisor.running():
            supervisor.beat()
            self._hand_on(self._scanner.read(READ_S))

    def _release(self) -> None:
        self._hand_on(self._scanner.close())

    def _hand_on(self, found: Iterable[Scan | Discarded]) -> None:
        for item in found:
            if isinstance(item, Scan):
                self._board.set("ok", worked=True)
                self._supervisor.guard(self._on_scan, item)
            else:
                self._supervisor.guard(self._on_discard, item)

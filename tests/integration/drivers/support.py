"""Waiting for conditions, and lists that threads fill."""

import threading
import time
from collections.abc import Callable

from drivers.ports import DeviceReport, Discarded, PrintOutcome, Scan

DEADLINE_S = 30.0
"""Generous: the machine may be busy. Nothing waits so long when all is well."""


def wait_until(condition: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Return as soon as `condition` holds; fail with `what` when it does not in time."""
    until_s = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() >= until_s:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        time.sleep(0.005)


class Heard:
    """What a supervisor told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.scans: list[Scan] = []
        self.discards: list[Discarded] = []
        self.reports: list[DeviceReport] = []
        self.outcomes: list[tuple[str, PrintOutcome]] = []

    def on_scan(self, scan: Scan) -> None:
        self.scans.append(scan)

    def on_discard(self, discarded: Discarded) -> None:
        self.discards.append(discarded)

    def on_change(self, report: DeviceReport) -> None:
        self.reports.append(report)

    def on_outcome(self, job_id: str, outcome: PrintOutcome) -> None:
        with self._lock:
            self.outcomes.append((job_id, outcome))

    @property
    def texts(self) -> list[str]:
        return [scan.text for scan in self.scans]

    @property
    def states(self) -> list[tuple[str, str]]:
        return [(report.state, report.reason) for report in self.reports]

    def outcome(self, job_id: str) -> PrintOutcome | None:
        with self._lock:
            found = [outcome for known, outcome in self.outcomes if known == job_id]
        assert len(found) <= 1, f"{job_id} was answered for {len(found)} times"
        return found[0] if found else None

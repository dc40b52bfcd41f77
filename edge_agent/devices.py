"""The devices of this terminal: their supervisors, the print queue, and what the API says of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drivers.document import Document
from drivers.ports import DeviceReport
from drivers.printer_supervisor import PrinterSupervisor, PrintJob
from drivers.scanner_supervisor import ScannerSupervisor
from drivers.share import SharedPort, Standing
from drivers.simulated_scanner import SimulatedScanner
from edge_agent.errors import UnknownDevice

TEST_TITLES: Mapping[str, str] = {
    "nl": "Testafdruk",
    "en": "Test print",
    "de": "Testdruck",
    "fr": "Impression test",
}


@dataclass(frozen=True, slots=True)
class Loop:
    """A device's thread, for the watchdog: its name, and when it last made progress (`time.monotonic()`)."""

    name: str
    last_progress_s: Callable[[], float]


class PrintQueue:
    """The receipt printer as the till sees it; without one `columns` is None and nothing can be queued."""

    def __init__(self, supervisor: PrinterSupervisor | None) -> None:
        self._supervisor = supervisor

    @property
    def columns(self) -> int | None:
        """Characters on a line."""
        return None if self._supervisor is None else self._supervisor.printer.columns

    def submit(self, job_id: str, document: Document) -> bool:
        """Queue a document without waiting."""
        return self._supervisor is not None and self._supervisor.submit(PrintJob(job_id, document))


class Devices:
    """Every configured device. `language` is that of test prints."""

    def __init__(
        self,
        scanners: Mapping[str, ScannerSupervisor],
        printer: PrinterSupervisor | None,
        language: str,
        shared: Sequence[SharedPort] = (),
    ) -> None:
        self._scanners = dict(scanners)
        self._printer = printer
        self._language = language
        self._shared = tuple(shared)

    def start(self) -> None:
        """Start every supervisor's thread; the POS's ports first, so that no scan comes too early for them."""
        for supervisor in (*self._shared, *self._all()):
            supervisor.start()

    def stop(self) -> None:
        """Let go of every device; scanners first, so that nothing new comes in."""
        for supervisor in (*self._all(), *self._shared):
            supervisor.stop()

    def _all(self) -> list[ScannerSupervisor | PrinterSupervisor]:
        printers = [] if self._printer is None else [self._printer]
        return [*self._scanners.values(), *printers]

    def reports(self) -> list[DeviceReport]:
        """How every device is."""
        return [supervisor.report() for supervisor in self._all()]

    def sharing(self) -> list[Standing]:
        """How passing scans on to the POS goes, for every scanner that does."""
        return [port.standing() for port in self._shared]

    def to_json(self) -> list[dict[str, Any]]:
        """How every device is, as the API shows it."""
        return [dict(report.as_json()) for report in self.reports()]

    def loops(self) -> list[Loop]:
        """The threads that the watchdog looks at."""
        supervisors = [(each.report().id, each) for each in self._all()]
        ports = [(f"{each.standing().report.id}-share", each) for each in self._shared]
        return [
            Loop(name, lambda supervisor=supervisor: supervisor.last_progress_s)  # type: ignore[misc]
            for name, supervisor in (*supervisors, *ports)
        ]

    def test(self, device_id: str) -> dict[str, Any]:
        """A test print, or a test scan of a simulated scanner. Raises UnknownDevice."""
        if self._printer is not None and device_id == self._printer.printer.device:
            job = self._printer.test_print(TEST_TITLES[self._language])
            return {"device": device_id, "test": "print", "queued": job is not None}
        if device_id in self._scanners:
            # A scanner cannot be made to scan: the log of scans shows whether the next one arrives.
            return {"device": device_id, "test": "scan", "queued": False}
        raise UnknownDevice(f"there is no device {device_id}")

    def inject_scan(self, device_id: str, text: str) -> None:
        """Let a simulated scanner read `text`. Raises UnknownDevice."""
        supervisor = self._scanners.get(device_id)
        if supervisor is None or not isinstance(supervisor.scanner, SimulatedScanner):
            raise UnknownDevice(f"there is no simulated scanner {device_id}")
        supervisor.scanner.inject(text)

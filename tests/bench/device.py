"""The agent's process with its devices: from a scanner's wire to a reading page, and what it weighs when idle."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from drivers.simulated_printer import SimulatedPrinter
from drivers.simulated_printer_server import PrinterServer
from drivers.simulated_scanner import PtyScanner
from tests.bench.measure import percentile, spread
from tests.bench.processes import Connection, Process, agent_process, running
from tests.bench.shop import (
    TOKEN,
    agent_in_process,
    card,
    encoded,
    enrol_offline,
    sale_body,
    write_config,
)
from tests.bench.table import MEBIBYTES, Row

MEMBERS = 1_000
SCANS, WARM_UP = 500, 20
PAUSE_S = 0.02
"""Between scans, so that each meets an agent that waits, as at a till."""

SALES_BEFORE_IDLE = 100
"""So that every thread of the web server has opened its files."""

IDLE_S = 5.0
WAIT_S = 20.0


@dataclass
class Terminal:
    """A running agent with a scanner on a pty and a printer on TCP."""

    agent: Process
    scanner: PtyScanner
    printer: SimulatedPrinter


@contextmanager
def terminal(folder: Path) -> Iterator[Terminal]:
    """Start one whose members are known; its central is one where nobody answers."""
    data = folder / "till"
    config = write_config(data)
    enrol_offline(data)
    with agent_in_process(config, MEMBERS):
        pass  # the members are on disk now
    printer = SimulatedPrinter(42)
    with PtyScanner(folder / "scanner") as scanner, PrinterServer(printer) as server:
        config = write_config(data, scanner=scanner.link, printer_port=server.port)
        with running(agent_process(config)) as agent:
            place = Terminal(agent, scanner, printer)
            _wait_for_devices(agent.connection())
            yield place


def _wait_for_devices(connection: Connection) -> None:
    deadline = time.monotonic() + WAIT_S
    while b'"degraded"' in connection.get("/readyz")[1]:
        if time.monotonic() > deadline:
            raise TimeoutError("scanner and printer did not become ready")
        time.sleep(PAUSE_S)


class _Page:
    """An open event stream that notes when each member event has arrived whole."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), WAIT_S)
        self._arrived = threading.Semaphore(0)
        self.last_at = 0.0
        request = f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        self._socket.sendall(request.encode())
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        waiting = b""
        while chunk := self._socket.recv(65_536):
            waiting += chunk
            *frames, waiting = waiting.split(b"\n\n")
            for frame in frames:
                if b"event: member" in frame:
                    self.last_at = time.perf_counter()
                    self._arrived.release()

    def wait(self) -> bool:
        """Until one more member event is here; False when none comes."""
        return self._arrived.acquire(timeout=WAIT_S)

    def close(self) -> None:
        """Go away."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()


def scan_to_page(folder: Path) -> list[Row]:
    """From the moment before the first byte of a code is written to the pty until the member's event is here."""
    took: list[float] = []
    lost = 0
    with terminal(folder) as place:
        page = _Page(place.agent.port)
        time.sleep(PAUSE_S)
        for number in range(SCANS + WARM_UP):
            began_at = time.perf_counter()
            place.scanner.scan(card(number % MEMBERS))
            if not page.wait():
                lost += 1
            elif number >= WARM_UP:
                took.append(page.last_at - began_at)
            time.sleep(PAUSE_S)
        page.close()
    return [
        Row(
            "scan",
            "scan on the wire to event at the page, p99",
            percentile(took, 99),
            0.020,
            failures=lost,
            details={"measured": spread(took)},
        )
    ]


def memory_when_idle(folder: Path) -> list[Row]:
    """After some scans, sales and receipts, so that whatever is loaded late is loaded; then a few idle seconds."""
    with terminal(folder) as place:
        at_start = resident(place.agent.pid)
        connection = place.agent.connection()
        for number in range(SALES_BEFORE_IDLE):
            place.scanner.scan(card(number))
            body = sale_body(number, card(number)) | {"print": True}
            connection.post("/v1/sales", encoded(body))
            # At a printer's pace: its queue is bounded, and a till does not sell faster than it prints.
            _wait_for_receipts(place.printer, number + 1)
        time.sleep(IDLE_S)
        idle = resident(place.agent.pid)
        missing = SALES_BEFORE_IDLE - place.printer.printed_count
    return [
        Row(
            "memory",
            "memory of the idle agent, one scanner and printer, RSS",
            idle["Rss"],
            96.0,
            MEBIBYTES,
            failures=missing,
            details={"idle": idle, "at_start": at_start},
        )
    ]


def _wait_for_receipts(printer: SimulatedPrinter, count: int) -> None:
    deadline = time.monotonic() + WAIT_S
    while printer.printed_count < count and time.monotonic() < deadline:
        time.sleep(PAUSE_S)


def resident(pid: int) -> dict[str, float]:
    """What the kernel counts for a process, in MiB: Rss with shared libraries whole, Pss with its share of them."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, value = line.partition(":")
        if name in {"Rss", "Pss", "Private_Dirty", "Shared_Clean"}:
            found[name] = int(value.split()[0]) / 1024
    return found

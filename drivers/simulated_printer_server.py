"""A simulated printer behind a TCP port, one client at a time, as real ones are.

    python -m drivers.simulated_printer_server --port 9100 --pictures receipts/

prints each receipt as a PNG into a folder; faults are typed on stdin (`paper-out`, `-paper-out`).
"""

import argparse
import contextlib
import select
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Literal

from drivers.simulated_printer import FAULTS, TICK_S, SimulatedPrinter

READ_BYTES = 4_096
BACKLOG = 1
"""A printer's network card lets one more client wait for its turn."""

RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, 0 seconds: close sends RST."""

PICTURE_POLL_S = 0.2
STOP_S = 2.0


class PrinterServer:
    """Serves `printer` on `host`:`port` (0: any free port) between `start` and `stop`.

    `when_busy`: `queue` lets further clients wait unanswered, `refuse` drops them at once; both
    occur. The fault `unplugged` closes the port until it is mended, under the same number.
    """

    def __init__(
        self,
        printer: SimulatedPrinter,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        when_busy: Literal["queue", "refuse"] = "queue",
    ) -> None:
        self.printer = printer
        self.host = host
        self._port = port
        self._when_busy = when_busy
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name="simulated-printer", daemon=True)

    @property
    def port(self) -> int:
        """The port, known once started."""
        return self._port

    def start(self) -> "PrinterServer":
        self._listener = self._listen()
        self._port = self._listener.getsockname()[1]
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    def __enter__(self) -> "PrinterServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _listen(self) -> socket.socket:
        listener = socket.create_server((self.host, self._port), backlog=BACKLOG)
        listener.settimeout(TICK_S)
        return listener

    def _serve(self) -> None:
        while not self._stopping.is_set():
            if "unplugged" in self.printer.faults:
                self._close_listener()
                self._stopping.wait(TICK_S)
                continue
            if self._listener is None:
                self._listener = self._listen()
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                with client, contextlib.suppress(OSError):  # clients go away as they like
                    self._converse(client)
        self._close_listener()

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()

    def _converse(self, client: socket.socket) -> None:
        """Serve one client until it leaves, or the printer breaks the connection."""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.printer.take_answers()  # those were for the client before
        while not self._stopping.is_set():
            if "unplugged" in self.printer.faults or self.printer.take_reset():
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
                return
            if not self._exchange(client):
                return

    def _exchange(self, client: socket.socket) -> bool:
        """Take what came and say what there is to say; False when the client has left."""
        sources = [client] if self.printer.takes_bytes else []
        if self._listener is not None and self._when_busy == "refuse":
            sources.append(self._listener)
        readable, _, _ = select.select(sources, [], [], TICK_S)
        if client in readable:
            data = client.recv(READ_BYTES)
            if not data:
                return False
            self.printer.receive(data)
        if self._listener in readable and self._listener is not None:
            self._listener.accept()[0].close()
        answers = self.printer.take_answers()
        if answers:
            client.sendall(answers)
        return True


def _save_pictures(printer: SimulatedPrinter, folder: Path, stopping: threading.Event) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    saved = 0
    while not stopping.wait(PICTURE_POLL_S):
        for job in printer.jobs:
            if job.number > saved:
                folder.joinpath(f"receipt-{job.number:05d}.png").write_bytes(job.png())
                saved = job.number


def main(arguments: list[str] | None = None) -> int:
    """Run until stdin ends; each line of stdin sets a fault, or mends it with `-` before it."""
    parser = argparse.ArgumentParser(description="A simulated receipt printer behind TCP.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--columns", type=int, default=48)
    parser.add_argument("--pictures", type=Path, help="folder for PNG files of the receipts")
    options = parser.parse_args(arguments)
    printer = SimulatedPrinter(options.columns)
    stopping = threading.Event()
    with PrinterServer(printer, options.host, options.port) as server:
        sys.stdout.write(f"listening on {server.host}:{server.port}\n")
        sys.stdout.flush()
        if options.pictures is not None:
            threading.Thread(
                target=_save_pictures, args=(printer, options.pictures, stopping), daemon=True
            ).start()
        for line in sys.stdin:
            sys.stdout.write(_obey(printer, line.strip()) + "\n")
            sys.stdout.flush()
        stopping.set()
    return 0


def _obey(printer: SimulatedPrinter, line: str) -> str:
    known = {str(fault): fault for fault in FAULTS}
    fault = known.get(line.removeprefix("-"))
    if fault is None:
        return f"faults: {' '.join(FAULTS)}"
    printer.set_fault(fault, not line.startswith("-"))
    return f"now: {' '.join(sorted(printer.faults)) or 'fine'}"


if __name__ == "__main__":
    sys.exit(main())

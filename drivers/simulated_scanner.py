"""A scanner without hardware: in memory for a till, or a real pty for tests and demo."""

import contextlib
import os
import queue
import select
import tty
from collections.abc import Sequence
from pathlib import Path

from drivers.framing import Suffix
from drivers.ports import DeviceError, Discarded, Scan
from drivers.reading import REPEAT_WINDOW_S, ScanReader

INJECTED_MAX = 64
"""Scans waiting to be read; a person cannot scan faster than they are read."""


SEND_S = 5.0
"""A reader that takes nothing for so long is dead."""

SEND_BYTES = 256
"""So much fits whenever the kernel says that a pty can be written to."""


class SimulatedScanner:
    """Reads what `inject` was given; the bytes go the same way as a serial scanner's."""

    kind = "simulated"

    def __init__(
        self,
        device: str,
        *,
        suffix: Suffix = "any",
        repeat_window_s: float = REPEAT_WINDOW_S,
    ) -> None:
        self._device = device
        self._suffix = suffix
        self._reader = ScanReader(device, suffix, repeat_window_s=repeat_window_s)
        self._bytes: queue.Queue[bytes] = queue.Queue(INJECTED_MAX)
        self._open = False

    @property
    def device(self) -> str:
        return self._device

    @property
    def where(self) -> str:
        return "memory"

    def open(self) -> None:
        self._open = True

    def inject(self, text: str) -> bool:
        """Scan `text`, from any thread, without waiting. False: closed, or too much waits."""
        return self.inject_bytes(terminated(text.encode(), self._suffix))

    def inject_bytes(self, raw: bytes) -> bool:
        """The same for exact bytes, terminators included."""
        if not self._open:
            return False
        try:
            self._bytes.put_nowait(raw)
        except queue.Full:
            return False
        return True

    def read(self, timeout_s: float) -> Sequence[Scan | Discarded]:
        if not self._open:
            raise DeviceError("not-found", "the simulated scanner is not open")
        wait_s = self._reader.wait_s(timeout_s)
        try:
            return self._reader.feed(self._bytes.get(timeout=wait_s))
        except queue.Empty:
            return self._reader.silence(wait_s)

    def close(self) -> Sequence[Discarded]:
        self._open = False
        with contextlib.suppress(queue.Empty):
            while True:
                self._bytes.get_nowait()
        return self._reader.reset()


def terminated(payload: bytes, suffix: Suffix) -> bytes:
    """`payload` as a scanner with this suffix sends it."""
    if suffix == "stx-etx":
        return b"\x02" + payload + b"\x03"
    return payload if suffix == "idle" else payload + b"\r"


class PtyScanner:
    """The hardware's side of a serial scanner: a pty, and a link that plays /dev/serial/by-id.

    Unplugging closes both ends, as the kernel does; replugging makes a new pty and moves the link,
    as udev does. `link` is made when plugged and removed when unplugged.
    """

    def __init__(self, link: Path) -> None:
        self.link = link
        self._master: int | None = None
        self._slave: int | None = None

    def plug(self) -> None:
        """Connect; the other side finds it under `link`."""
        self.unplug()
        self._master, self._slave = os.openpty()
        # The slave end stays open here, or the first reader that leaves would break the line.
        tty.setraw(self._slave)
        fresh = self.link.with_name(self.link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.link)

    def unplug(self) -> None:
        """Disconnect at once, whatever was under way. Idempotent."""
        self.link.unlink(missing_ok=True)
        for end in (self._slave, self._master):
            if end is not None:
                os.close(end)
        self._master = self._slave = None

    def send(self, data: bytes) -> None:
        """Put exact bytes on the wire. Raises DeviceError when nobody reads for SEND_S."""
        if self._master is None:
            raise DeviceError("unplugged", f"{self.link} is not plugged in")
        view = memoryview(data)
        while view:
            if not select.select([], [self._master], [], SEND_S)[1]:
                raise DeviceError("write-timeout", f"nobody reads {self.link}")
            view = view[os.write(self._master, view[:SEND_BYTES]) :]

    def scan(self, text: str, suffix: Suffix = "any") -> None:
        """Scan `text` the way a scanner with this suffix does."""
        self.send(terminated(text.encode(), suffix))

    def __enter__(self) -> "PtyScanner":
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

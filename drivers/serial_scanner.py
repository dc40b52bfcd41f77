"""Scanners on a serial port, or on USB in serial (CDC) mode."""

import errno
from collections.abc import Sequence
from pathlib import Path

import serial

from drivers.framing import Suffix
from drivers.ports import DeviceError, Discarded, Reason, Scan
from drivers.reading import REPEAT_WINDOW_S, ScanReader

BAUDS = (1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200)

READ_BYTES_MAX = 4_096
"""One read takes at most what the kernel's tty buffer holds."""

_REASONS: dict[int, Reason] = {
    errno.ENOENT: "not-found",
    errno.ENODEV: "not-found",
    errno.ENXIO: "not-found",
    errno.EACCES: "no-permission",
    errno.EPERM: "no-permission",
    errno.EBUSY: "busy",
    errno.EAGAIN: "busy",  # flock: another process holds the port
}


def open_port(path: str, baud: int, *, write_timeout_s: float | None = None) -> serial.Serial:
    """Open `path` for us alone; symbolic links are followed anew. Raises DeviceError.

    pyserial raises SerialException (an OSError) with or without errno, and at times a bare OSError.
    """
    try:
        return serial.Serial(
            path, baud, timeout=0, write_timeout=write_timeout_s, exclusive=True, rtscts=False
        )
    except OSError as error:
        reason = _REASONS.get(error.errno or 0)
        if reason is None:
            reason = "error" if Path(path).exists() else "not-found"
        raise DeviceError(reason, f"cannot open {path}: {error}") from error


class SerialScanner:
    """Reads `port`, best given as /dev/serial/by-id/..., which survives replugging elsewhere."""

    kind = "serial"

    def __init__(
        self,
        device: str,
        port: str,
        *,
        baud: int = 9_600,
        suffix: Suffix = "any",
        repeat_window_s: float = REPEAT_WINDOW_S,
    ) -> None:
        if baud not in BAUDS:
            raise ValueError(f"baud: {baud}, allowed are {', '.join(map(str, BAUDS))}")
        self._device = device
        self._path = port
        self._baud = baud
        self._reader = ScanReader(device, suffix, repeat_window_s=repeat_window_s)
        self._port: serial.Serial | None = None

    @property
    def device(self) -> str:
        return self._device

    @property
    def where(self) -> str:
        return self._path

    def open(self) -> None:
        self.close()
        self._port = open_port(self._path, self._baud)

    def read(self, timeout_s: float) -> Sequence[Scan | Discarded]:
        if self._port is None:
            raise DeviceError("not-found", f"{self._path} is not open")
        wait_s = self._reader.wait_s(timeout_s)
        try:
            self._port.timeout = wait_s
            data = self._port.read(1)
            if data:
                waiting = min(self._port.in_waiting, READ_BYTES_MAX)
                data += self._port.read(waiting) if waiting else b""
        except OSError as error:  # SerialException, or a bare EIO out of in_waiting
            raise DeviceError("unplugged", f"{self._path} went away: {error}") from error
        return self._reader.feed(data) if data else self._reader.silence(wait_s)

    def close(self) -> Sequence[Discarded]:
        port, self._port = self._port, None
        if port is not None:
            try:
                port.close()
            except OSError as error:
                # The device is gone, and the descriptor with it; there is nothing left to release.
                del error
        return self._reader.reset()

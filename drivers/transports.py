"""Ways to carry bytes to a printer and back: our own, since every call has to end in time.

A transport is opened per job and owned by one thread; only `cancel` may come from another.
"""

import contextlib
import errno
import os
import select
import socket
import stat
import threading
import time
from pathlib import Path
from typing import Protocol

import serial

from drivers.ports import DeviceError, Reason
from drivers.serial_scanner import open_port

CONNECT_S = 2.0
"""A printer on the same network answers in milliseconds; one that sleeps, within a second try."""

WRITE_S = 5.0
"""How long a printer may take no byte at all; printing a receipt takes it one to two seconds."""

WAIT_SLICE_S = 0.1
"""Waits are cut into such pieces to notice `cancel`."""

SEND_BYTES = 1_024
READ_BYTES = 1_024


class Transport(Protocol):
    """Raises DeviceError from everything but `close` and `cancel`."""

    @property
    def kind(self) -> str: ...

    @property
    def where(self) -> str: ...

    @property
    def answers(self) -> bool:
        """Whether bytes can come back; known once it is open."""

    def open(self) -> None: ...

    def send(self, data: bytes) -> None:
        """All of it; how much of it left before an error, nobody knows."""

    def receive(self, timeout_s: float) -> bytes:
        """What came, as soon as something did; nothing after `timeout_s`."""

    def close(self) -> None: ...

    def cancel(self) -> None:
        """From another thread: calls end at once with `stopped`, now and later."""


class _Cancellable:
    """Waiting for a file descriptor in slices, so that a stop is noticed."""

    def __init__(self, write_s: float) -> None:
        self._write_s = write_s
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        self._cancelled.set()

    def _ready(self, fd: int, *, writing: bool, timeout_s: float) -> bool:
        until_s = time.monotonic() + timeout_s
        while True:
            if self._cancelled.is_set():
                raise DeviceError("stopped", "told to stop")
            wait_s = max(0.0, min(until_s - time.monotonic(), WAIT_SLICE_S))
            read, write, _ = select.select(
                [] if writing else [fd], [fd] if writing else [], [], wait_s
            )
            if read or write:
                return True
            if time.monotonic() >= until_s:
                return False

    def _write_all(self, fd: int, data: bytes, where: str) -> None:
        """For descriptors that do not block; ends when the device takes nothing for `write_s`."""
        view = memoryview(data)
        while view:
            if not self._ready(fd, writing=True, timeout_s=self._write_s):
                raise DeviceError("write-timeout", f"{where} takes no more bytes")
            try:
                view = view[os.write(fd, view[:SEND_BYTES]) :]
            except BlockingIOError:
                continue  # another writer was faster; the next wait is bounded again
            except OSError as error:
                raise DeviceError("connection-lost", f"{where}: {error.strerror}") from error


class NetworkTransport(_Cancellable):
    """A raw TCP port (9100). One connection per job: printers serve one client at a time."""

    kind = "network"
    answers = True

    def __init__(
        self,
        host: str,
        port: int = 9_100,
        *,
        connect_s: float = CONNECT_S,
        write_s: float = WRITE_S,
    ) -> None:
        super().__init__(write_s)
        self._host = host
        self._port = port
        self._connect_s = connect_s
        self._socket: socket.socket | None = None

    @property
    def where(self) -> str:
        return f"{self._host}:{self._port}"

    def open(self) -> None:
        self.close()
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM
            )[0]
            made = socket.socket(family, kind, protocol)
        except OSError as error:
            raise DeviceError("unreachable", f"{self.where}: {error}") from error
        try:
            self._connect(made, address)
        except BaseException:
            made.close()
            raise
        self._socket = made

    def _connect(self, made: socket.socket, address: object) -> None:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = made.connect_ex(address)  # type: ignore[arg-type]
        if code == errno.EINPROGRESS:
            if not self._ready(made.fileno(), writing=True, timeout_s=self._connect_s):
                raise DeviceError("unreachable", f"{self.where}: no answer to the connection")
            code = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise DeviceError("unreachable", f"{self.where}: {os.strerror(code)}")

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise DeviceError("unreachable", f"{self.where} is not open")
        return self._socket

    def send(self, data: bytes) -> None:
        self._write_all(self._connected().fileno(), data, self.where)

    def receive(self, timeout_s: float) -> bytes:
        connection = self._connected()
        if not self._ready(connection.fileno(), writing=False, timeout_s=timeout_s):
            return b""
        try:
            data = connection.recv(READ_BYTES)
        except OSError as error:
            raise DeviceError("connection-lost", f"{self.where}: {error}") from error
        if not data:
            raise DeviceError("connection-lost", f"{self.where} closed the connection")
        return data

    def close(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):  # gone already
                connection.shutdown(socket.SHUT_WR)
            connection.close()


class SerialTransport(_Cancellable):
    """A serial printer; the port is ours alone while a job runs."""

    kind = "serial"
    answers = True

    def __init__(self, port: str, *, baud: int = 9_600, write_s: float = WRITE_S) -> None:
        super().__init__(write_s)
        self._path = port
        self._baud = baud
        self._port: serial.Serial | None = None

    @property
    def where(self) -> str:
        return self._path

    def open(self) -> None:
        self.close()
        self._port = open_port(self._path, self._baud, write_timeout_s=0)

    def _opened(self) -> serial.Serial:
        if self._port is None:
            raise DeviceError("not-found", f"{self._path} is not open")
        return self._port

    def send(self, data: bytes) -> None:
        self._write_all(self._opened().fileno(), data, self._path)

    def receive(self, timeout_s: float) -> bytes:
        port = self._opened()
        try:
            if not self._ready(port.fileno(), writing=False, timeout_s=timeout_s):
                return b""
            return port.read(max(1, min(port.in_waiting, READ_BYTES)))
        except OSError as error:
            raise DeviceError("connection-lost", f"{self._path}: {error}") from error

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(OSError):  # unplugged meanwhile
                port.close()


class FileTransport(_Cancellable):
    """A path: /dev/usb/lp0 of the usblp module, which answers, or a plain file, which cannot."""

    def __init__(self, path: str, *, kind: str = "file", write_s: float = WRITE_S) -> None:
        super().__init__(write_s)
        self.kind = kind
        self._path = path
        self._fd: int | None = None
        self._answers = False

    @property
    def where(self) -> str:
        return self._path

    @property
    def answers(self) -> bool:
        return self._answers

    def open(self) -> None:
        self.close()
        try:
            self._fd = self._open()
        except OSError as error:
            raise DeviceError(_reason_of(error), f"{self._path}: {error.strerror}") from error

    def _open(self) -> int:
        path = Path(self._path)
        if path.exists() and stat.S_ISCHR(path.stat().st_mode):
            self._answers = True
            return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        self._answers = False
        # A missing node below /dev means an absent printer, never a new file.
        create = 0 if path.is_relative_to("/dev") else os.O_CREAT
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | create, 0o640)

    def _opened(self) -> int:
        if self._fd is None:
            raise DeviceError("not-found", f"{self._path} is not open")
        return self._fd

    def send(self, data: bytes) -> None:
        self._write_all(self._opened(), data, self._path)

    def receive(self, timeout_s: float) -> bytes:
        if not self._answers:
            return b""
        if not self._ready(self._opened(), writing=False, timeout_s=timeout_s):
            return b""
        try:
            return os.read(self._opened(), READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise DeviceError("connection-lost", f"{self._path}: {error.strerror}") from error

    def close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            with contextlib.suppress(OSError):  # unplugged meanwhile
                os.close(fd)


def _reason_of(error: OSError) -> Reason:
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "no-permission"
    return "busy" if error.errno == errno.EBUSY else "not-found"

"""What the service manager is told: ready, stopping, how it goes, still alive.

The protocol is sd_notify(3): one datagram of KEY=VALUE lines to the socket named by NOTIFY_SOCKET.
It is small enough to be here rather than a dependency that needs libsystemd.
"""

import os
import socket
from collections.abc import Mapping

STATUS_MAX_CHARS = 200
"""Longest STATUS= text; `systemctl status` shows it on one line."""

SEND_TIMEOUT_S = 1.0
"""Longest wait for a service manager that does not read, so that telling never stops a worker."""


class Notifier:
    """Tells the service manager at `address`; does nothing when there is none (`address` empty)."""

    def __init__(self, address: str | None) -> None:
        # A leading @ stands for the NUL byte of Linux's abstract socket names.
        self._address = "\0" + address[1:] if address and address[0] == "@" else address

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Notifier":
        return cls(environ.get("NOTIFY_SOCKET"))

    def ready(self) -> bool:
        return self._send("READY=1")

    def stopping(self) -> bool:
        return self._send("STOPPING=1")

    def watchdog(self) -> bool:
        return self._send("WATCHDOG=1")

    def status(self, text: str) -> bool:
        """Show `text` in `systemctl status`; line breaks become spaces, lest they start a key."""
        return self._send("STATUS=" + " ".join(text.split())[:STATUS_MAX_CHARS])

    def _send(self, message: str) -> bool:
        """Return whether it was handed over. A manager that is gone never stops a sale."""
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(SEND_TIMEOUT_S)
                channel.sendto(message.encode(), self._address)
        except OSError:
            return False
        return True


def watchdog_s(environ: Mapping[str, str] = os.environ, pid: int | None = None) -> float | None:
    """Return after how many seconds of silence we are killed (WatchdogSec=), None when never.

    WATCHDOG_PID guards against a child that inherited the variables (sd_watchdog_enabled(3)).
    """
    own_pid = str(os.getpid() if pid is None else pid)
    text = environ.get("WATCHDOG_USEC", "")
    if not (text.isascii() and text.isdigit()) or environ.get("WATCHDOG_PID", own_pid) != own_pid:
        return None
    return int(text) / 1_000_000 or None

"""What a device is to the rest of the program: scans, outcomes, states, and the two ports.

Nothing here does I/O. A driver implements `Scanner` or `ReceiptPrinter`; a supervisor owns it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from drivers.document import Document

DiscardReason = Literal[
    "garbage",  # control characters: line noise, a wrong baud rate
    "too-long",  # more than any code can hold
    "unterminated",  # the line fell silent, or broke, before the end of the scan
    "repeat",  # the same code from the same device within the repeat window
]

Reason = Literal[
    "",  # nothing to say
    "starting",  # not opened yet
    "stopped",  # told to stop
    "not-found",  # no such path
    "no-permission",  # the path is there but not for us
    "busy",  # another program or another client has it
    "unplugged",  # it was there and went away
    "unreachable",  # no route, no answer to the connection, or the connection was refused
    "connection-lost",  # reset or closed in the middle
    "no-answer",  # connected, but silent
    "no-status",  # a transport that cannot read back: nothing is known
    "write-timeout",  # it does not take bytes any more
    "paper-out",
    "paper-low",  # near the end; it still prints
    "cover-open",
    "cutter",  # the cutter is jammed
    "overheated",  # or another error that goes away by itself
    "error",  # an error that needs somebody
    "offline",  # it says it is offline and not why
    "feeding",  # somebody holds the feed button
    "by-status",  # printed, going by a good status: the model does not confirm single jobs
    "too-late",  # the job's deadline passed while the printer was not ready
    "queue-full",
    "bad-settings",  # profile or code page that the encoder does not have
    "internal",  # a mistake of ours; the log has the traceback
]

State = Literal["ok", "trouble", "offline", "unknown"]

Role = Literal["scanner", "printer", "share"]
"""`share` is the port on which a POS gets what a scanner of ours read."""


class DeviceError(Exception):
    """The device is at fault, not we; trying again later may help.

    `reason` is for programs, the message for the log. The message never holds what was scanned or
    printed.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


class SettingsError(Exception):
    """A setting names something that does not exist; trying again does not help."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(f"{setting}: {message}")
        self.setting = setting


@dataclass(frozen=True, slots=True)
class Scan:
    """One complete scan. `text` is without AIM identifier and terminator; `raw` without terminator.

    `wire` is exactly what came, for whoever shares the scanner: with STX, and up to the byte that
    completed the scan. What follows (the LF of CR LF) comes as `Trailing`.

    `flagged_encoding` is set when the bytes were no UTF-8 and were read as ISO 8859-1 instead.
    Text and raw stay out of `repr`, so that a log line of a scan holds no card number.
    """

    device: str
    text: str = field(repr=False)
    raw: bytes = field(repr=False)
    symbology: str | None = None
    flagged_encoding: bool = False
    wire: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Trailing:
    """A terminator that belongs to what was told last, scan or discarded; of use only for sharing."""

    device: str
    wire: bytes


@dataclass(frozen=True, slots=True)
class Discarded:
    """Something came from the scanner that is no scan. `length` is in bytes, as far as counted."""

    device: str
    reason: DiscardReason
    length: int


Reading = Scan | Trailing | Discarded
"""What a scanner tells."""


@dataclass(frozen=True, slots=True)
class DeviceState:
    """`since`: when this state and reason began. `last`: when the device last did its work."""

    state: State
    reason: Reason
    since: datetime
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """A device as the API and the pages show it."""

    id: str
    role: Role
    kind: str
    where: str
    state: State
    reason: Reason
    since: datetime
    last: datetime | None

    def as_json(self) -> dict[str, str | None]:
        return {
            "id": self.id,
            "role": self.role,
            "kind": self.kind,
            "where": self.where,
            "state": self.state,
            "reason": self.reason,
            "since": self.since.isoformat(timespec="milliseconds"),
            "last": self.last.isoformat(timespec="milliseconds") if self.last else None,
        }


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """What the printer says of itself; `unknown` when it says nothing.

    `ready` with reason `paper-low` still prints.
    """

    readiness: Literal["ready", "not-ready", "unknown"]
    reason: Reason = ""


@dataclass(frozen=True, slots=True)
class PrintOutcome:
    """What became of a job.

    `printed`: the printer said so. `failed`: it is certain that nothing, or nothing complete, was
    printed by this attempt. `unknown`: bytes were sent and nobody answered for them; such a job is
    never sent again by itself, since it may be on paper or still in the printer's buffer.

    `sent` is whether any byte of the document left; `cause` is why a `too-late` job had to wait.
    """

    result: Literal["printed", "failed", "unknown"]
    reason: Reason = ""
    sent: bool = False
    cause: Reason = ""


class Scanner(Protocol):
    """A scanner, driven by one thread (its supervisor's)."""

    @property
    def device(self) -> str:
        """The id from the configuration."""

    @property
    def kind(self) -> str:
        """`serial`, `simulated`, ..."""

    @property
    def where(self) -> str:
        """Path or address, for people."""

    def open(self) -> None:
        """Take the device; its path is resolved anew each time. Raises DeviceError."""

    def read(self, timeout_s: float) -> Sequence[Reading]:
        """What arrived, as soon as something did; nothing after `timeout_s`. Raises DeviceError."""

    def close(self) -> Sequence[Discarded]:
        """Let go of the device; a scan under way is given back as discarded. Idempotent."""


class ReceiptPrinter(Protocol):
    """A receipt printer, driven by one thread (its supervisor's); it connects per job."""

    @property
    def device(self) -> str:
        """The id from the configuration."""

    @property
    def kind(self) -> str:
        """`network`, `serial`, `file`, `usb`, `simulated`."""

    @property
    def where(self) -> str:
        """Path or address, for people."""

    @property
    def columns(self) -> int:
        """Characters of the normal font on a line; from the configuration, never guessed."""

    def status(self) -> PrinterStatus:
        """Ask it. Raises DeviceError when it cannot be reached."""

    def print(self, document: Document) -> PrintOutcome:
        """Print and wait for the answer, for a bounded time. Raises nothing for device trouble."""

    def cancel(self) -> None:
        """From another thread: the call under way ends within 0.5 s, and no other begins."""

"""Bytes of a scanner into scans, without I/O and without a clock.

Law of this file: what comes out depends on the bytes and the silences, never on how the bytes were
cut into chunks. Every frame is capped, and whatever is thrown away is said.
"""

from dataclasses import dataclass
from typing import Literal

from drivers.ports import DiscardReason

Suffix = Literal["any", "stx-etx", "idle"]
SUFFIXES: tuple[Suffix, ...] = ("any", "stx-etx", "idle")

SCAN_BYTES_MAX = 7_092
"""The fullest QR code holds 7,089 digits (ISO/IEC 18004, version 40-L), and 3 bytes of AIM id."""

IDLE_GAP_S = 0.15
"""Mode `idle`: a scan is over after this silence. USB and Bluetooth stall for up to 100 ms."""

UNFINISHED_S = 1.0
"""Other modes: an unfinished scan is given up after this silence, lest it glue to the next one."""

STX, ETX = 0x02, 0x03
TERMINATORS = frozenset(b"\r\n\t\x03")

TAIL_BYTES_MAX = 4
"""Terminators that may follow a complete scan. ETX CR LF leaves two; a line full of them is noise."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One complete scan: `raw` without its terminators, never empty; `wire` the exact bytes.

    `wire` ends with the byte that completed the scan. Nobody waits to see whether more terminators
    follow: those come as `Tail`.
    """

    raw: bytes
    wire: bytes


@dataclass(frozen=True, slots=True)
class Tail:
    """A terminator right behind a complete scan that belongs to it, such as the LF of CR LF.

    One byte each, so that it does not depend on chunks.
    """

    wire: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """Bytes that were no complete scan."""

    reason: DiscardReason
    length: int


Found = Frame | Tail | Broken


class Framer:
    """One per opened device; `reset` at every reconnect."""

    def __init__(self, suffix: Suffix = "any", *, bytes_max: int = SCAN_BYTES_MAX) -> None:
        if suffix not in SUFFIXES:
            raise ValueError(f"suffix: {suffix!r}, allowed are {', '.join(SUFFIXES)}")
        self._suffix = suffix
        self._bytes_max = bytes_max
        self._pending = bytearray()
        self._beginning = b""
        self._inside = suffix != "stx-etx"
        self._swallowing = False
        self._tail_left = 0
        self._silent_s = 0.0

    @property
    def silence_wanted_s(self) -> float | None:
        """The silence that would mean something now; None while nothing is pending."""
        if not self._pending and not self._swallowing:
            return None
        return IDLE_GAP_S if self._suffix == "idle" else UNFINISHED_S

    def feed(self, data: bytes) -> list[Found]:
        """Take what arrived."""
        self._silent_s = 0.0
        found: list[Found] = []
        for byte in data:
            outcome = self._take(byte)
            if outcome is not None:
                found.append(outcome)
        return found

    def silence(self, seconds: float) -> list[Found]:
        """The line was seen silent for so long; silences add up until the next byte."""
        wanted_s = self.silence_wanted_s
        if wanted_s is None:
            return []
        self._silent_s += seconds
        if self._silent_s < wanted_s:
            return []
        if self._suffix == "idle" and not self._swallowing:
            frame = self._finish(b"")
            return [] if frame is None else [frame]
        return self.reset()

    def reset(self) -> list[Found]:
        """Forget the scan under way, and say that there was one."""
        broken = self._unfinished()
        self._begin(inside=self._suffix != "stx-etx")
        return [broken] if broken else []

    def _take(self, byte: int) -> Found | None:
        if self._suffix == "idle":
            return self._append(byte)
        if byte == STX:
            return self._start_text()
        if byte in TERMINATORS and self._tail_left:
            self._tail_left -= 1
            return Tail(bytes((byte,)))
        if not self._inside:  # noise between two frames is told as one piece
            return None if byte in TERMINATORS else self._append(byte)
        if byte == ETX or (self._suffix == "any" and byte in TERMINATORS):
            return self._finish(bytes((byte,)))
        return self._append(byte)

    def _start_text(self) -> Broken | None:
        """STX begins a scan; whatever lay before it was none."""
        broken = self._unfinished()
        self._begin(inside=True)
        self._beginning = bytes((STX,))
        return broken

    def _unfinished(self) -> Broken | None:
        if self._swallowing or not self._pending:
            return None
        return Broken("unterminated" if self._inside else "garbage", len(self._pending))

    def _append(self, byte: int) -> Broken | None:
        self._tail_left = 0
        if self._swallowing:
            return None
        if len(self._pending) == self._bytes_max:
            self._pending.clear()
            self._swallowing = True
            return Broken("too-long", self._bytes_max + 1)
        self._pending.append(byte)
        return None

    def _finish(self, ending: bytes) -> Frame | None:
        """The end of a scan: a frame, unless it was empty or too long (and told already)."""
        raw = bytes(self._pending)
        wire = self._beginning + raw + ending
        if self._suffix == "idle":
            raw = raw.strip(b"\r\n\t\x02\x03")
        swallowed = self._swallowing
        self._begin(inside=self._suffix != "stx-etx")
        if swallowed or not raw:
            return None
        if (
            self._suffix != "idle"
        ):  # there the silence has ended the scan and all that belongs to it
            self._tail_left = TAIL_BYTES_MAX
        return Frame(raw, wire)

    def _begin(self, *, inside: bool) -> None:
        self._pending.clear()
        self._beginning = b""
        self._swallowing = False
        self._inside = inside
        self._tail_left = 0
        self._silent_s = 0.0

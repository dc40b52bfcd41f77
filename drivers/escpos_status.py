"""What an ESC/POS printer answers, byte by byte, without I/O. Silence is never read as fine.

A printer mixes several kinds of answers on one line; the bits that are fixed tell them apart
(Epson ESC/POS reference: DLE EOT, GS a, GS r, GS I, GS ( H, XON/XOFF).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from drivers.ports import PrinterStatus, Reason

BLOCK_BYTES_MAX = 256
"""We ask for block answers of 7 bytes; others may hold a name or serial number."""

_BLOCK_HEADERS = frozenset((0x37, 0x3D, 0x5F))
_XON, _XOFF = 0x11, 0x13

StatusQuery = Literal[1, 2, 3, 4]


@dataclass(frozen=True, slots=True)
class RealTime:
    """The answer to one DLE EOT; which one it answers, only the asker knows."""

    byte: int


@dataclass(frozen=True, slots=True)
class Automatic:
    """Automatic status back (GS a): four bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class BlockAnswer:
    """A block from its header to the NUL, both left off from `data`."""

    header: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Plain:
    """One byte of GS r or GS I, possibly late."""

    byte: int


Answer = RealTime | Automatic | BlockAnswer | Plain


class AnswerParser:
    """Cuts the stream of answers; flow control bytes and broken pieces are left out."""

    def __init__(self) -> None:
        self._automatic = bytearray()
        self._block = bytearray()

    def feed(self, data: bytes) -> list[Answer]:
        found = []
        for byte in data:
            answer = self._take(byte)
            if answer is not None:
                found.append(answer)
        return found

    def _take(self, byte: int) -> Answer | None:
        if self._block:
            return self._in_block(byte)
        if self._automatic and byte & 0x90 == 0:
            return self._in_automatic(byte)
        self._automatic.clear()  # a real-time answer in its midst, or a broken piece: start anew
        return self._first(byte)

    def _first(self, byte: int) -> Answer | None:
        if byte in (_XON, _XOFF):
            return None
        if byte in _BLOCK_HEADERS:
            self._block.append(byte)
            return None
        if byte & 0x93 == 0x12:
            return RealTime(byte)
        if byte & 0x93 == 0x10:
            self._automatic.append(byte)
            return None
        return Plain(byte) if byte & 0x90 == 0 else None

    def _in_automatic(self, byte: int) -> Answer | None:
        self._automatic.append(byte)
        if len(self._automatic) < 4:
            return None
        data = bytes(self._automatic)
        self._automatic.clear()
        return Automatic(data)

    def _in_block(self, byte: int) -> Answer | None:
        if byte != 0 and len(self._block) < BLOCK_BYTES_MAX:
            self._block.append(byte)
            return None
        block = bytes(self._block)
        self._block.clear()
        return BlockAnswer(block[0], block[1:]) if byte == 0 else None


def job_done(answer: Answer) -> bytes | None:
    """The four bytes of the job that a GS ( H function 48 answer confirms, or None."""
    if isinstance(answer, BlockAnswer) and answer.header == 0x37 and len(answer.data) == 5:
        return answer.data[1:] if answer.data[0] == 0x22 else None
    return None


def status_of(answers: Mapping[StatusQuery, int]) -> PrinterStatus:
    """Judge DLE EOT answers 1, 2 and 4, and 3 where it was asked. A missing one means unknown."""
    if not {1, 2, 4} <= answers.keys():
        return PrinterStatus("unknown", "no-answer")
    printer, cause, paper = answers[1], answers[2], answers[4]
    trouble = _trouble(printer, cause, paper, answers.get(3))
    if trouble:
        return PrinterStatus("not-ready", trouble)
    return PrinterStatus("ready", "paper-low" if paper & 0x0C else "")


def _trouble(printer: int, cause: int, paper: int, error: int | None) -> Reason:
    """The most useful reason first: what somebody at the till can mend."""
    if cause & 0x04:
        return "cover-open"
    if paper & 0x60 or cause & 0x20:
        return "paper-out"
    if cause & 0x40:
        return _error(error)
    if cause & 0x08 or printer & 0x40:
        return "feeding"
    return "offline" if printer & 0x28 else ""


def _error(error: int | None) -> Reason:
    if error is None:
        return "error"
    if error & 0x08:
        return "cutter"
    return "overheated" if error & 0x40 and not error & 0x20 else "error"

"""ESC/POS streams into tokens, without I/O.

Law of this file: joining the bytes of all tokens gives the stream back, whatever it was and however
it was cut into chunks. A cut is found by reading commands, never by searching for its bytes, which
raster data may contain. An unknown command is passed on as its introducer and one byte.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

TOKEN_BYTES_MAX = 256 * 1024
"""The largest raster image of a receipt: 576 dots wide, 3,600 high; more is cut into raw pieces."""

_DLE, _ESC, _FS, _GS, _LF, _CAN = 0x10, 0x1B, 0x1C, 0x1D, 0x0A, 0x18
_INTRODUCERS = frozenset((_DLE, _ESC, _FS, _GS))
_CONTROLS = frozenset((_LF, 0x09, 0x0C, 0x0D, _CAN))


@dataclass(frozen=True, slots=True)
class Token:
    """`text`: printable bytes; `command`: with all its arguments; `control`: LF, HT, ..."""

    kind: Literal["text", "command", "control", "unfinished"]
    data: bytes

    @property
    def name(self) -> bytes:
        """The first two bytes of a command, by which to recognise it; for GS ( the first three."""
        return self.data[:3] if self.data[:2] == b"\x1d(" else self.data[:2]

    @property
    def arguments(self) -> bytes:
        """What follows the name."""
        return self.data[len(self.name) :]


def _up_to_nul(data: bytes, begin: int) -> int | None:
    end = data.find(0, begin)
    return None if end < 0 else end + 1


def _tab_stops(data: bytes) -> int | None:
    return _up_to_nul(data, 2)


def _column_image(data: bytes) -> int | None:
    """ESC * m nL nH: 1 byte per column in 8-dot density, 3 in 24-dot."""
    if len(data) < 5:
        return None
    columns = data[3] + data[4] * 256
    return 5 + columns * (3 if data[2] >= 32 else 1)


def _raster(data: bytes) -> int | None:
    """GS v 0 m xL xH yL yH."""
    if len(data) < 8:
        return None
    return 8 + (data[4] + data[5] * 256) * (data[6] + data[7] * 256)


def _counted(data: bytes) -> int | None:
    """GS ( x pL pH, and FS ( x pL pH: a two-byte count of what follows."""
    return None if len(data) < 5 else 5 + data[3] + data[4] * 256


def _large_graphics(data: bytes) -> int | None:
    """GS 8 L p1..p4."""
    return None if len(data) < 7 else 7 + int.from_bytes(data[3:7], "little")


def _downloaded_image(data: bytes) -> int | None:
    """GS * x y."""
    return None if len(data) < 4 else 4 + data[2] * data[3] * 8


def _barcode(data: bytes) -> int | None:
    """GS k m: up to NUL for m <= 6, else with a count."""
    if len(data) < 3:
        return None
    if data[2] <= 6:
        return _up_to_nul(data, 3)
    return None if len(data) < 4 else 4 + data[3]


def _cut(data: bytes) -> int | None:
    """GS V m, with n for the forms that feed."""
    if len(data) < 3:
        return None
    return 4 if data[2] >= 65 else 3


def _real_time(data: bytes) -> int | None:
    """DLE DC4 fn: 1 and 2 have two arguments, 7 one, 8 seven."""
    if len(data) < 3:
        return None
    return 3 + {1: 2, 2: 2, 3: 2, 7: 1, 8: 7}.get(data[2], 0)


def _status_query(data: bytes) -> int | None:
    """DLE EOT n; n = 7, 8 and 18 have one argument more."""
    if len(data) < 3:
        return None
    return 4 if data[2] in (7, 8, 18) else 3


_VARIABLE: dict[bytes, Callable[[bytes], int | None]] = {
    b"\x1bD": _tab_stops,
    b"\x1b*": _column_image,
    b"\x1dv": _raster,
    b"\x1d(": _counted,
    b"\x1c(": _counted,
    b"\x1d8": _large_graphics,
    b"\x1d*": _downloaded_image,
    b"\x1dk": _barcode,
    b"\x1dV": _cut,
    b"\x10\x14": _real_time,
    b"\x10\x04": _status_query,
}

_ARGUMENTS: dict[bytes, int] = {
    **dict.fromkeys((b"\x1b@", b"\x1b2", b"\x1bL", b"\x1bS", b"\x1b\x0c", b"\x1d:"), 0),
    **dict.fromkeys((b"\x1c&", b"\x1c.", b"\x1bi", b"\x1bm"), 0),
    **{b"\x1b" + bytes((c,)): 1 for c in b" !-3=?EGJKMRTVadert{c%U"},
    **{b"\x1d" + bytes((c,)): 1 for c in b"!/BHIabfhrwTE"},
    **{b"\x1c" + bytes((c,)): 1 for c in b"!-CW"},
    **{b"\x1b" + bytes((c,)): 2 for c in b"$\\Bc"},
    **{b"\x1d" + bytes((c,)): 2 for c in b"LPW$\\"},
    b"\x1bp": 3,
    b"\x1bW": 8,
    b"\x1cS": 2,
    b"\x1cp": 2,
    b"\x1d^": 3,
    b"\x1dg": 3,
    b"\x10\x05": 1,
}


class Tokeniser:
    """Incremental: `feed` gives every token that is complete; text is given as far as it came."""

    def __init__(self) -> None:
        self._pending = b""

    @property
    def pending(self) -> bytes:
        """An unfinished command."""
        return self._pending

    def feed(self, data: bytes) -> list[Token]:
        self._pending += data
        tokens: list[Token] = []
        begin = 0
        while begin < len(self._pending):
            length = self._length_at(begin)
            if length is None or begin + length > len(self._pending):
                if len(self._pending) - begin <= TOKEN_BYTES_MAX:
                    break
                length = len(self._pending) - begin  # no receipt has this; pass it on as it is
            data = self._pending[begin : begin + length]
            tokens.append(Token(_kind(data[0]), data))
            begin += length
        self._pending = self._pending[begin:]
        return tokens

    def _length_at(self, begin: int) -> int | None:
        """How long the token is that begins here; None when more bytes are needed to know."""
        first = self._pending[begin]
        if first in _INTRODUCERS:
            return _command_length(self._pending[begin : begin + TOKEN_BYTES_MAX])
        if first in _CONTROLS:
            return 1
        end = begin + 1
        while end < len(self._pending) and _kind(self._pending[end]) == "text":
            end += 1
        return end - begin


def _kind(first: int) -> Literal["text", "command", "control"]:
    if first in _INTRODUCERS:
        return "command"
    return "control" if first in _CONTROLS else "text"


def _command_length(data: bytes) -> int | None:
    if len(data) < 2:
        return None
    name = data[:2]
    variable = _VARIABLE.get(name)
    if variable is not None:
        return variable(data)
    return 2 + _ARGUMENTS.get(name, 0)


def tokenise(data: bytes) -> list[Token]:
    """All tokens of a whole stream; an unfinished command at its end is the last one."""
    tokeniser = Tokeniser()
    tokens = tokeniser.feed(data)
    if tokeniser.pending:
        tokens.append(Token("unfinished", tokeniser.pending))
    return tokens

"""A document into ESC/POS bytes: one buffer, so that a receipt is sent whole or not at all.

The commands are those of Epson's reference, with the bytes that python-escpos sends for them. The code page is chosen
once per job and never on the way: many printers lack the one that a single character would want.
"""

import importlib
import re
import unicodedata
from collections.abc import Iterator
from functools import partial
from typing import Final

from drivers.document import Align, Block, Cut, Document, Feed, QrCode, Text
from drivers.escpos_profiles import Profile, profile
from drivers.ports import SettingsError

_CODE_PAGES = {"CP858": "CP858", "CP1252": "CP1252", "WPC1252": "CP1252"} | dict.fromkeys(
    ("ISO_8859-15", "ISO-8859-15", "8859-15"), "ISO_8859-15"
)
CODE_PAGES = tuple(_CODE_PAGES)

JOB_MARK_BYTES = 4
"""GS ( H function 48 carries four bytes, each 20 to 7E, and the printer answers with them."""

_BEGIN: Final = b"\x1b@"
_CODE_PAGE: Final = b"\x1bt"
_SIZE: Final = {False: b"\x1b!\x00", True: b"\x1b!\x10"}
"""Normal, and double height; also ends bold and underline."""
_BOLD: Final = {False: b"\x1bE\x00", True: b"\x1bE\x01"}
_ALIGN: Final[dict[Align, bytes]] = {
    "left": b"\x1ba\x00",
    "center": b"\x1ba\x01",
    "right": b"\x1ba\x02",
}
_FEED: Final = b"\x1bd"
_CUT: Final = b"\x1dVB\x00"  # feeds exactly to the cutter, then cuts
_CODE_2D: Final = b"\x1d(k"

_TEAR_LINES: Final = 6
"""So much lies between the head and the edge to tear at."""

_SUBSTITUTES = str.maketrans(
    {
        "\u00a0": " ",
        "\u202f": " ",
        "\u2007": " ",
        "\u2009": " ",
        "\u00ad": "",
        "\u200b": "",
        "\ufeff": "",
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u2022": "*",
        "\u2026": "...",
        "\u0132": "IJ",
        "\u0133": "ij",
        "\u0152": "OE",
        "\u0153": "oe",
        "\ufb01": "fi",
        "\ufb02": "fl",
    }
)


def printable(text: str, encoding: str) -> str:
    """`text` in characters that `encoding` has; what it lacks is shown as `?`, never left out.

    Control characters become `?` as well: no product name may hold a printer command.
    """
    composed = unicodedata.normalize("NFC", text)
    fitting = "".join(_fitting(char, encoding) for char in composed)
    return _narrowed(fitting, len(composed))


def _narrowed(text: str, width: int) -> str:
    """Where a ligature became two letters, a padded line gives up padding, so that columns stay."""
    while len(text) > width and "  " in text:
        longest = max(re.findall(" {2,}", text), key=len)
        text = text.replace(longest, longest[1:], 1)
    return text


def _fitting(char: str, encoding: str) -> str:
    if _encodes(char, encoding):
        return " " if char == "\u00a0" else char
    plain = char.translate(_SUBSTITUTES)
    if plain == char:  # a letter with an accent that the page lacks is still readable without it
        plain = unicodedata.normalize("NFKD", char)[0]
    return plain if all(_encodes(part, encoding) for part in plain) else "?"


def _encodes(char: str, encoding: str) -> bool:
    if unicodedata.category(char) in {"Cc", "Cf"}:
        return False
    try:
        return len(char.encode(encoding)) == 1
    except UnicodeEncodeError:
        return False


class EscposEncoder:
    """Documents into bytes for one printer model; its profile is read at the first document.

    `model` is a profile of python-escpos (`TM-T20II`, `TM-T88V`, `POS-5890`, `default`, ...).
    """

    def __init__(self, model: str = "default", code_page: str = "CP858") -> None:
        if code_page not in _CODE_PAGES:
            raise SettingsError("code_page", f"{code_page!r}, allowed are {', '.join(CODE_PAGES)}")
        self._model = model
        self._code_page = _CODE_PAGES[code_page]
        self._encoding = {"ISO_8859-15": "iso8859-15"}.get(self._code_page, self._code_page.lower())

    def check(self) -> None:
        """Raises SettingsError for a profile or code page that python-escpos does not have."""
        self._begin(self._profile())

    def encode(self, document: Document, job_mark: bytes | None = None) -> bytes:
        """The bytes of the whole job; with `job_mark` its last command asks for confirmation."""
        printer = self._profile()
        job = [self._begin(printer)]
        for block in document.blocks:
            job += self._block(printer, block)
        if job_mark is not None:
            job.append(job_done_request(job_mark))
        return b"".join(job)

    def _profile(self) -> Profile:
        try:
            return profile(self._model)
        except KeyError as error:
            raise SettingsError("profile", f"{self._model!r} is unknown") from error

    def _begin(self, printer: Profile) -> bytes:
        """A printer at its start, and the code page again after it."""
        number = printer.code_pages.get(self._code_page)
        if number is None:
            raise SettingsError(
                "code_page", f"{self._code_page!r} is not in profile {self._model!r}"
            )
        return _BEGIN + _CODE_PAGE + bytes((number,))

    def _block(self, printer: Profile, block: Block) -> Iterator[bytes]:
        match block:
            case Text():
                yield _style(block.align, bold=block.bold, double_height=block.double_height)
                yield printable(block.text, self._encoding).encode(self._encoding) + b"\n"
            case QrCode():
                yield _style("center")
                if printer.draws_qr:
                    yield _qr_native(block)
                elif printer.prints_pictures:
                    yield _qr_raster(block)
                yield _ALIGN["left"]
            case Feed():
                yield _FEED + bytes((block.lines,))
            case Cut():
                yield _CUT if printer.cuts else _FEED + bytes((_TEAR_LINES,))


def _style(align: Align, *, bold: bool = False, double_height: bool = False) -> bytes:
    return _SIZE[double_height] + _BOLD[bold] + _ALIGN[align]


def _qr_native(block: QrCode) -> bytes:
    """GS ( k functions 165, 167, 169, 180 and 181: model 2, module size, level M, store, print."""
    return (
        _code_2d(b"A2\x00")
        + _code_2d(b"C" + bytes((block.dots,)))
        + _code_2d(b"E1")
        + _code_2d(b"P0" + block.data.encode())
        + _code_2d(b"Q0")
        + b"\n"
    )


def _code_2d(function: bytes) -> bytes:
    parameters = b"1" + function  # 1 is the QR code among the two-dimensional ones
    return _CODE_2D + len(parameters).to_bytes(2, "little") + parameters


def _qr_raster(block: QrCode) -> bytes:
    """GS v 0 with the code drawn by us, for printers that cannot draw it themselves."""
    segno = importlib.import_module("segno")
    code = segno.make_qr(block.data, error="m", boost_error=False)
    rows = [bytes(row) for row in code.matrix_iter(scale=block.dots, border=0)]
    width_bytes = (len(rows[0]) + 7) // 8
    pad = bytes(width_bytes * 8 - len(rows[0]))
    drawn = b"".join(map(partial(_packed, width_bytes=width_bytes), (row + pad for row in rows)))
    return (
        b"\x1dv0\x00" + width_bytes.to_bytes(2, "little") + len(rows).to_bytes(2, "little") + drawn
    )


def _packed(row: bytes, width_bytes: int) -> bytes:
    """Eight modules to a byte, the leftmost in the highest bit."""
    bits = "".join("1" if dot else "0" for dot in row)
    return int(bits, 2).to_bytes(width_bytes, "big")


def job_done_request(job_mark: bytes) -> bytes:
    """GS ( H function 48: the printer answers with `job_mark` once all before it is printed."""
    if len(job_mark) != JOB_MARK_BYTES or not all(0x20 <= byte <= 0x7E for byte in job_mark):
        raise ValueError("job_mark: needs four bytes from 20 to 7E")
    return b"\x1d(H\x06\x00\x30\x30" + job_mark

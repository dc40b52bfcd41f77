"""A document into ESC/POS bytes: one buffer, so that a receipt is sent whole or not at all.

python-escpos knows the printers (profiles) and the commands; we keep it from choosing code pages by
itself, since its choice for the euro sign is one that many printers lack.
"""

import importlib
import logging
import os
import pickle
import re
import shutil
import tempfile
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from drivers.document import Cut, Document, Feed, QrCode, Text
from drivers.ports import SettingsError

_CODE_PAGES = {"CP858": "CP858", "CP1252": "CP1252", "WPC1252": "CP1252"} | dict.fromkeys(
    ("ISO_8859-15", "ISO-8859-15", "8859-15"), "ISO_8859-15"
)
CODE_PAGES = tuple(_CODE_PAGES)

JOB_MARK_BYTES = 4
"""GS ( H function 48 carries four bytes, each 20 to 7E, and the printer answers with them."""

_CACHE_VARIABLE = "ESCPOS_CAPABILITIES_PICKLE_DIR"
_CACHED = "*.capabilities.pickle"

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
_IMPORT_LOCK = threading.Lock()


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


@contextmanager
def _cache_folder(cache: Path | None) -> Iterator[Path]:
    """Where python-escpos may write its pickle: a folder that is gone afterwards, filled from `cache` and kept there.

    It is unpickled, so it must never be a folder that others can write to. python-escpos opens the file first and
    parses for a second or more before it writes; a till that is switched off meanwhile would keep an empty one, and
    never print again. So `cache` only ever gets whole files.
    """
    with tempfile.TemporaryDirectory(prefix="escpos-") as name:
        folder = Path(name)
        if cache is None:
            yield folder
            return
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = {path.name for path in cache.glob(_CACHED)}
        for each in known:
            shutil.copy2(
                cache / each, folder / each
            )  # with its time, by which python-escpos sees its age
        yield folder
        for path in folder.glob(_CACHED):
            if path.name not in known:
                _keep(path, cache / path.name)


def _keep(path: Path, at: Path) -> None:
    """Copy a file so that it is whole or not there; a disk that is full costs the cache and no receipt."""
    fresh = at.with_name(f".{at.name}.new")
    try:
        with fresh.open("wb") as file:
            file.write(path.read_bytes())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(at)
    except OSError:
        fresh.unlink(missing_ok=True)


def _load(cache: Path | None) -> Any:
    """Import python-escpos (0.2 s, 11 MB; seconds without its cache). A cache that cannot be read is made again."""
    with _IMPORT_LOCK:
        try:
            return _imported(cache)
        except (EOFError, pickle.UnpicklingError, ValueError, AttributeError):
            if cache is None:
                raise
            for path in cache.glob(_CACHED):
                path.unlink(missing_ok=True)
            return _imported(cache)


def _imported(cache: Path | None) -> Any:
    """Import it without what it does on the side.

    It calls logging.basicConfig, which would add a second handler to every log line, and writes a
    pickle. (It also makes an empty folder in /tmp, whatever it is told; that one stays.)
    """
    with _cache_folder(cache) as folder:
        root = logging.getLogger()
        handlers = list(root.handlers)
        before = os.environ.get(_CACHE_VARIABLE)
        os.environ[_CACHE_VARIABLE] = str(folder)
        try:
            return importlib.import_module("escpos.printer.dummy").Dummy
        finally:
            for handler in set(root.handlers) - set(handlers):
                root.removeHandler(handler)
            if before is None:
                del os.environ[_CACHE_VARIABLE]
            else:
                os.environ[_CACHE_VARIABLE] = before


class EscposEncoder:
    """Documents into bytes for one printer model; python-escpos is loaded at the first document.

    `profile` is one of python-escpos (`TM-T20II`, `TM-T88V`, `POS-5890`, `default`, ...).
    `cache` is a folder of ours where python-escpos may keep its parsed profiles.
    """

    def __init__(
        self, profile: str = "default", code_page: str = "CP858", *, cache: Path | None = None
    ) -> None:
        if code_page not in _CODE_PAGES:
            raise SettingsError("code_page", f"{code_page!r}, allowed are {', '.join(CODE_PAGES)}")
        self._profile = profile
        self._code_page = _CODE_PAGES[code_page]
        self._encoding = {"ISO_8859-15": "iso8859-15"}.get(self._code_page, self._code_page.lower())
        self._cache = cache

    def check(self) -> None:
        """Raises SettingsError for a profile or code page that python-escpos does not have."""
        self._begin()

    def encode(self, document: Document, job_mark: bytes | None = None) -> bytes:
        """The bytes of the whole job; with `job_mark` its last command asks for confirmation."""
        printer = self._begin()
        for block in document.blocks:
            match block:
                case Text():
                    self._text(printer, block)
                case QrCode():
                    self._qr(printer, block)
                case Feed():
                    printer.print_and_feed(block.lines)
                case Cut():
                    _cut(printer)
        output: bytes = printer.output
        return output if job_mark is None else output + job_done_request(job_mark)

    def _begin(self) -> Any:
        """A printer at its start: ESC @, and the code page again after it."""
        dummy = _load(self._cache)
        try:
            printer = dummy(profile=self._profile)
        except KeyError as error:
            raise SettingsError("profile", f"{self._profile!r} is unknown") from error
        printer.hw("INIT")
        try:
            printer.charcode(self._code_page)
        except (KeyError, ValueError) as error:
            raise SettingsError(
                "code_page", f"{self._code_page!r} is not in profile {self._profile!r}"
            ) from error
        return printer

    def _text(self, printer: Any, block: Text) -> None:
        size = {"double_height": True} if block.double_height else {"normal_textsize": True}
        printer.set(align=block.align, bold=block.bold, **size)
        printer.textln(printable(block.text, self._encoding))

    def _qr(self, printer: Any, block: QrCode) -> None:
        printer.set(align="center", bold=False, normal_textsize=True)
        if printer.profile.supports("qrCode"):
            printer.qr(block.data, native=True, ec=1, size=block.dots)
            printer.ln()
        elif printer.profile.supports("bitImageRaster"):
            # Not printer.qr(native=False): it prints to stdout for profiles without a known width.
            printer._raw(_qr_raster(block))
        printer.set(align="left")


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


def _cut(printer: Any) -> None:
    if printer.profile.supports("paperPartCut") or printer.profile.supports("paperFullCut"):
        printer.cut(feed=False)  # GS V 66 0: feeds exactly to the cutter, then cuts
    else:
        printer.print_and_feed(6)  # so much lies between the head and the edge to tear at


def job_done_request(job_mark: bytes) -> bytes:
    """GS ( H function 48: the printer answers with `job_mark` once all before it is printed."""
    if len(job_mark) != JOB_MARK_BYTES or not all(0x20 <= byte <= 0x7E for byte in job_mark):
        raise ValueError("job_mark: needs four bytes from 20 to 7E")
    return b"\x1d(H\x06\x00\x30\x30" + job_mark

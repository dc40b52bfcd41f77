"""A frame into text and symbology: AIM identifiers (ISO/IEC 15424) and encodings, without I/O."""

import re
import unicodedata
from dataclasses import dataclass, field

_IDENTIFIER = re.compile(rb"\A\]([A-Za-z])([0-9A-Za-z])")

_BY_IDENTIFIER = {
    "C0": "code128",
    "C1": "gs1-128",
    "E0": "ean13",
    "E1": "ean-addon2",
    "E2": "ean-addon5",
    "E3": "ean13-addon",
    "E4": "ean8",
    "Q3": "gs1-qr",
    "Q4": "gs1-qr",
    "d2": "gs1-datamatrix",
    "d5": "gs1-datamatrix",
    "e0": "gs1-databar",
    "J1": "gs1-dotcode",
}

_BY_LETTER = {
    "A": "code39",
    "C": "code128",
    "E": "ean13",
    "F": "codabar",
    "G": "code93",
    "I": "itf",
    "J": "dotcode",
    "L": "pdf417",
    "Q": "qr",
    "d": "datamatrix",
    "e": "gs1-databar",
    "z": "aztec",
}

_CONTROLS_IN_CODES = frozenset("\x04\x1c\x1d\x1e\x1f\r\n\t")
"""ISO/IEC 15434 separators (EOT, FS, GS, RS, US), and line ends inside two-dimensional codes."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """`text` is without the identifier. `plausible` is false for line noise."""

    text: str = field(repr=False)
    symbology: str | None
    flagged_encoding: bool
    plausible: bool


def decode(raw: bytes) -> Decoded:
    """UTF-8, or else ISO 8859-1 and flagged; the AIM identifier becomes the symbology's name."""
    found = _IDENTIFIER.match(raw)
    symbology = None
    if found is not None:
        symbology = _name(found[1].decode(), found[2].decode())
        raw = raw[found.end() :]
    flagged = False
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("iso-8859-1")
        flagged = True
    return Decoded(text, symbology, flagged, plausible=bool(text) and not _has_noise(text))


def _name(letter: str, modifier: str) -> str:
    known = _BY_IDENTIFIER.get(letter + modifier) or _BY_LETTER.get(letter)
    return known or f"aim-{letter}{modifier}"


def _has_noise(text: str) -> bool:
    return any(
        unicodedata.category(char) == "Cc" and char not in _CONTROLS_IN_CODES for char in text
    )

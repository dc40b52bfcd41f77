"""Text in columns: what receipt printers can print, wrapping at words, numbers at the right edge.

Everything here measures in characters of the printer's normal font, and returns lines of at most that many.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from drivers.document import Document, Text

ELLIPSIS: Final = "..."
"""Three dots: the code pages of receipt printers have no character for them."""

NBSP: Final = "\N{NO-BREAK SPACE}"

_REPLACED: Final = {
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{HYPHEN}": "-",
    "\N{NON-BREAKING HYPHEN}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{SINGLE LOW-9 QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{DOUBLE LOW-9 QUOTATION MARK}": '"',
    "\N{HORIZONTAL ELLIPSIS}": ELLIPSIS,
    "\N{BULLET}": "\N{MIDDLE DOT}",
    "\N{LATIN SMALL LIGATURE OE}": "oe",
    "\N{LATIN CAPITAL LIGATURE OE}": "OE",
    "\N{LATIN SMALL LETTER L WITH STROKE}": "l",
    "\N{LATIN CAPITAL LETTER L WITH STROKE}": "L",
    "\N{LATIN SMALL LETTER D WITH STROKE}": "d",
    "\N{LATIN CAPITAL LETTER D WITH STROKE}": "D",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "\N{LATIN CAPITAL LETTER SHARP S}": "SS",
    "\N{NARROW NO-BREAK SPACE}": NBSP,
    "\N{FIGURE SPACE}": NBSP,
}

_LABEL_SHARE_MIN: Final = 0.5
"""A label wraps beside its number while half of the columns are left for it; else the number goes below."""


def printable(text: str) -> str:
    """`text` in characters that CP858 and Windows-1252 both have: ISO 8859-1 and the euro sign.

    Other letters lose their accents (`Š` becomes `S`), what is left becomes `?`. All spaces become a plain
    space or, where a line must not be broken, U+00A0, which never reaches paper. Line breaks stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_printable_character, unicodedata.normalize("NFC", text)))


def _printable_character(character: str) -> str:
    if character in {"\n", NBSP}:
        return character
    if character in _REPLACED:
        return _REPLACED[character]
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category[0] in "CM":  # controls, soft hyphens, directions; marks that NFC could not join
        return ""
    if character == "€" or ord(character) < 0x100:
        return character
    plain = unicodedata.normalize("NFKD", character)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return plain if plain.isascii() and plain.isprintable() and plain else "?"


def cut(text: str, width: int) -> str:
    """`text` in at most `width` characters, with `...` where something is left out."""
    if len(text) <= width:
        return text
    return (text[: max(0, width - len(ELLIPSIS))].rstrip() + ELLIPSIS)[:width]


def wrap(text: str, width: int, lines_max: int | None = None) -> list[str]:
    """Lines of at most `width` characters, broken at spaces and at the line breaks of `text`.

    A word longer than a line is broken at its no-break spaces, else anywhere: nothing is lost. With
    `lines_max` what does not fit is cut, and the last line ends in `...`; meant for names, not for numbers.
    """
    if len(text) <= width and "\n" not in text and "  " not in text:  # most of a receipt
        line = text.strip(" ")
        return [line] if line else []
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_wrapped_paragraph(paragraph, width))
    if lines_max is not None and len(lines) > lines_max:
        rest = " ".join(lines[lines_max - 1 :])
        lines = [*lines[: lines_max - 1], cut(rest, width)]
    return lines


_PARAGRAPHS_KEPT: Final = 256
"""The remarks, greetings and reasons that are too long for a line are the same on most receipts."""


@lru_cache(_PARAGRAPHS_KEPT)
def _wrapped_paragraph(paragraph: str, width: int) -> tuple[str, ...]:
    paragraph = re.sub(" +", " ", paragraph.strip(" "))
    if len(paragraph) <= width:
        return (paragraph,) if paragraph else ()
    lines: list[str] = []
    line = ""
    for word in _words(paragraph, width):
        if line and len(line) + 1 + len(word) <= width:
            line = f"{line} {word}"
        else:
            if line:
                lines.append(line)
            line = word
    if line:
        lines.append(line)
    return tuple(lines)


def _words(paragraph: str, width: int) -> list[str]:
    words: list[str] = []
    for word in paragraph.split(" "):
        parts = [word] if len(word) <= width else word.split(NBSP)
        for part in parts:
            words.extend(part[i : i + width] for i in range(0, len(part), width))
    return words


def row(label: str, value: str, columns: int, indent: int = 0) -> list[str]:
    """`label` at the left and `value` at the right edge, on as many lines as they need.

    The value stands on the label's last line, or below where it is too wide for that; it is never cut. The
    label is cut after two lines.
    """
    if not value:
        return indented(label, columns, indent, lines_max=2)
    beside = columns - indent - len(value) - 1
    if len(label) > beside and beside < columns * _LABEL_SHARE_MIN:
        below = [line.rjust(columns) for line in wrap(value, columns)]
        return [*indented(label, columns, indent, lines_max=2), *below]
    lines = wrap(label, max(1, beside), lines_max=2) or [""]
    lines = [" " * indent + line for line in lines]
    return [*lines[:-1], lines[-1] + value.rjust(columns - len(lines[-1]))]


def indented(text: str, columns: int, indent: int = 0, lines_max: int | None = None) -> list[str]:
    """`text` wrapped with every line `indent` spaces in."""
    return [" " * indent + line for line in wrap(text, columns - indent, lines_max)]


def bar(have: int, cost: int, width: int) -> str:
    """How much of `cost` is there, as `[####------]`; full only when it is all there."""
    inner = width - 2
    filled = max(0, min(inner, have * inner // cost)) if cost > 0 else inner
    return f"[{'#' * filled}{'-' * (inner - filled)}]"


_STAMPS_WIDE: Final = ("(X)", "(/)", "( )")
_STAMPS_NARROW: Final = ("X", "/", ".")
"""A stamp, a part of one, and room for one: of ASCII, since printers differ in everything else."""

_STAMP_LINES_MAX: Final = 3


def marks(have: int, need: int, scale: int, columns: int) -> list[str]:
    """A stamp card as rows of marks, all of one width; a bar where that would be more than three lines.

    `have` and `need` are in smallest parts, of which `scale` make a stamp.
    """
    size = -(-need // scale)
    whole, part = divmod(max(0, min(have, size * scale)), scale)
    drawn = _STAMPS_WIDE if size * len(_STAMPS_WIDE[0]) <= columns else _STAMPS_NARROW
    if size > columns * _STAMP_LINES_MAX:
        return [bar(have, need, columns)]
    stamps = [drawn[0]] * whole + [drawn[1]] * bool(part)
    stamps += [drawn[2]] * (size - len(stamps))
    lines = -(-size // columns) if drawn is _STAMPS_NARROW else 1
    in_line = -(
        -size // max(lines, 1)
    )  # rows of the same length: ten and ten, not nineteen and one
    return ["".join(stamps[at : at + in_line]) for at in range(0, size, max(in_line, 1))]


def on_paper(line: str) -> str:
    """A laid-out line as it is printed: a no-break space has done its work and becomes a space."""
    return line.replace(NBSP, " ")


def plain(document: Document, columns: int) -> list[str]:
    """The text of a document as bare lines, aligned with spaces; QR codes, feeds and cuts have none."""
    lines: list[str] = []
    for block in document.blocks:
        if isinstance(block, Text):
            if block.align == "center":
                lines.append(block.text.center(columns).rstrip())
            elif block.align == "right":
                lines.append(block.text.rjust(columns))
            else:
                lines.append(block.text.rstrip())
    return lines

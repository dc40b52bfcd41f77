"""What is to be printed, independent of the printer. The text is already laid out in columns."""

from dataclasses import dataclass
from typing import Literal

BLOCKS_MAX = 1_000
"""A receipt of 1,000 lines is over three metres of paper; more is a mistake of the caller."""

TEXT_CHARS_MAX = 200
"""Three times the widest line of a receipt printer (64 columns)."""

QR_BYTES_MAX = 700
"""Level M at this length is version 19, 93 modules: the most that 384 dots carry at 4 dots each."""

FEED_LINES_MAX = 20

Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text, at most as wide as the printer's columns."""

    text: str
    bold: bool = False
    double_height: bool = False
    align: Align = "left"

    def __post_init__(self) -> None:
        if len(self.text) > TEXT_CHARS_MAX:
            raise ValueError(f"text: {len(self.text)} characters, at most {TEXT_CHARS_MAX}")


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code (model 2, error correction M), centred, each module `dots` printer dots wide."""

    data: str
    dots: int = 5

    def __post_init__(self) -> None:
        length = len(self.data.encode())
        if not 1 <= length <= QR_BYTES_MAX:
            raise ValueError(f"data: {length} bytes, allowed are 1 to {QR_BYTES_MAX}")
        if not 1 <= self.dots <= 16:
            raise ValueError(f"dots: {self.dots}, allowed are 1 to 16")


@dataclass(frozen=True, slots=True)
class Feed:
    """Blank lines."""

    lines: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.lines <= FEED_LINES_MAX:
            raise ValueError(f"lines: {self.lines}, allowed are 1 to {FEED_LINES_MAX}")


@dataclass(frozen=True, slots=True)
class Cut:
    """Feed to the cutter and cut; left out by printers without one."""


Block = Text | QrCode | Feed | Cut


@dataclass(frozen=True, slots=True)
class Document:
    """One print job, from the top of the paper to the cut."""

    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.blocks) <= BLOCKS_MAX:
            raise ValueError(f"blocks: {len(self.blocks)}, allowed are 1 to {BLOCKS_MAX}")


def printer_test(columns: int, title: str = "Testafdruk", about: str = "") -> Document:
    """A page that shows what tends to be wrong: width, euro sign, accents, styles, QR code, cut."""
    ruler = "".join(str((column + 1) % 10) for column in range(columns))
    return Document(
        (
            Text(title, bold=True, double_height=True, align="center"),
            *((Text(about[:columns], align="center"),) if about else ()),
            Text(ruler),
            Text("€ 1,23  é è ë ï ö ü ß ç à"),
            Text("vet / bold / fett / gras", bold=True),
            Text("<" + "-" * (columns - 2) + ">"),
            QrCode("printer-test"),
            Cut(),
        )
    )

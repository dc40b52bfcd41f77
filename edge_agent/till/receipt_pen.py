"""What writes the blocks of one receipt: the words of its language, its figures, and lines of its width."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from drivers.document import Block, Feed, QrCode, Text
from edge_agent.till.receipt_facts import Change, ReceiptFacts
from edge_agent.till.receipt_layout import on_paper, printable, row, wrap
from edge_agent.till.receipt_texts import WORDS, Formats, UnitName, Words

CHANGES_SHOWN_MAX: Final = 40
"""Reasons listed per unit; what lies beyond is summed up in one line, so that no receipt grows past half a metre."""

_NARROW_COLUMNS: Final = 35  # 58 mm paper: 384 dots, so smaller modules for QR codes
_LONG_CODE_CHARACTERS: Final = 80  # more modules a side, so smaller ones
_UNNAMED: Final = UnitName("", "")


class Pen:
    """Writes for one receipt, in lines of at most `columns` characters."""

    def __init__(self, facts: ReceiptFacts, columns: int) -> None:
        self.columns = columns
        self.words: Words = WORDS[facts.language]
        self.formats = Formats(facts.language, facts.time_zone)
        self._units = facts.unit_names

    def quantity(self, value: int, unit: str) -> str:
        """So much of a unit with its name; `value` in smallest parts."""
        name = self._units.get(unit, UnitName(unit, unit))
        printed = UnitName(one_line(name.one), one_line(name.other), name.decimals)
        return self.formats.quantity(value, printed)

    def number(self, value: int, unit: str) -> str:
        """So much of a unit without its name."""
        return self.formats.number(value, self.decimals(unit))

    def decimals(self, unit: str) -> int:
        """With how many decimals a unit is counted."""
        return self._units.get(unit, _UNNAMED).decimals

    def row(self, label: str, value: str, *, bold: bool = False) -> list[Block]:
        """A label at the left and a figure at the right."""
        return self.left(row(label, value, self.columns), bold=bold)

    def detail(self, label: str, value: str) -> list[Block]:
        """A row that belongs to the one above it."""
        return self.left(row(label, value, self.columns, indent=2))

    def says(self, text: str, *, bold: bool = False) -> list[Block]:
        """A sentence, on as many lines as it takes."""
        return self.left(wrap(text, self.columns), bold=bold)

    def changes(self, label: str, unit: str, changes: Sequence[Change]) -> list[Block]:
        """What changed in one unit: the sum, and each reason below it."""
        total = self.quantity(sum(change.quantity for change in changes), unit)
        reasons = [change for change in changes if change.why and change.quantity]
        details: list[Block] = []
        for change in reasons[:CHANGES_SHOWN_MAX]:
            why = one_line(change.why)
            said = self.words.bonus.format(why=why) if change.bonus else why
            details += self.detail(said, self.number(change.quantity, unit))
        if beyond := reasons[CHANGES_SHOWN_MAX:]:
            details += self.detail("...", self.number(sum(each.quantity for each in beyond), unit))
        return [*self.row(label, total, bold=True), *details]

    def left(self, lines: Iterable[str], *, bold: bool = False) -> list[Block]:
        """Lines that are laid out already."""
        return [Text(on_paper(line), bold=bold) for line in lines]

    def centred(
        self,
        text: str,
        lines_max: int | None = None,
        *,
        bold: bool = False,
        double_height: bool = False,
    ) -> list[Block]:
        """A text in the middle of the paper."""
        return [
            Text(on_paper(line), bold=bold, double_height=double_height, align="center")
            for line in wrap(text, self.columns, lines_max)
        ]

    def code(self, data: str) -> list[Block]:
        """A QR code, after a blank line: readers want four modules of white around it (ISO/IEC 18004)."""
        narrow = self.columns < _NARROW_COLUMNS or len(data) > _LONG_CODE_CHARACTERS
        return [Feed(), QrCode(data, 4 if narrow else 5)]


_NAMES_KEPT: Final = 256
"""What units, rules, rewards, the programme and the terminal are called comes back on every receipt."""


@lru_cache(_NAMES_KEPT)
def one_line(text: str) -> str:
    """A text from outside as one printable line, with amounts in euro kept together."""
    line = re.sub(r"[ \n]+", " ", printable(text)).strip(" ")
    return re.sub(r"(?<=€) (?=\d)|(?<=\d) (?=€)", "\N{NO-BREAK SPACE}", line)

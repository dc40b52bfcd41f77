"""TOML text with the line of every key, so that whoever wrote the file is told where a mistake is.

tomllib reads the values and says what is not TOML. Where things stand is found by a second walk over a text that is
known to be valid, and may therefore be simple: it tells strings, comments and brackets apart and nothing more.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Path = tuple[str | int, ...]
"""Where a value stands: keys, and the index within an array."""

BYTE_ORDER_MARK = "\ufeff"
"""Notepad writes it in front of UTF-8; TOML does not know it."""


class TomlMistake(ValueError):
    """The text is not TOML; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class TomlSource:
    """The values of a TOML text (decimals as Decimal, never as float) and where they stand."""

    values: dict[str, Any]
    lines: Mapping[Path, int]

    def line_of(self, path: Path) -> int:
        """The line of the deepest part of `path` that stands in the text; 1 when none does."""
        for end in range(len(path), 0, -1):
            line = self.lines.get(path[:end])
            if line is not None:
                return line
        return 1


def read_toml(text: str) -> TomlSource:
    """Parse TOML 1.0, in time linear in its length. Raises TomlMistake with the line of the first mistake."""
    text = text.removeprefix(BYTE_ORDER_MARK)
    try:
        values = tomllib.loads(text, parse_float=Decimal)
        lines = dict(
            reversed(list(_Walk(text).document()))
        )  # of a path named twice, the first line
    except tomllib.TOMLDecodeError as error:
        raise TomlMistake(*_place(error, text)) from error
    except RecursionError as error:
        raise TomlMistake(1, "arrays or tables are nested too deeply") from error
    except (ValueError, ArithmeticError) as error:
        # Python's own bound on the digits of an integer, or Decimal's on an exponent; neither says where.
        raise TomlMistake(1, "a number in this file is too large to be meant") from error
    return TomlSource(values, lines)


_TIME_WITHOUT_SECONDS = re.compile(r"=\s*\d\d:\d\d\s*([,}#]|$)")

_IN_PLAIN_WORDS = {
    "Cannot overwrite a value": "this key stands twice in the same table",
    "Cannot declare": "this table is opened twice",
    "Duplicate inline table key": "this key stands twice in the same table",
    "Unclosed array": "a list is not closed; ] is missing",
    "Expected '=' after a key": "a line is written as: key = value",
    "Unterminated string": "a text is not closed; a quote is missing",
    "Illegal character '\\n'": "a text is not closed on its line; a quote is missing",
    "Invalid value": "not a value; texts stand in quotes, numbers without, and it is true or false",
    "Expected newline or end of document after a statement": "something stands behind the value",
}
"""tomllib's messages, by how they begin, in words for those who write programmes and not parsers."""


def _place(error: tomllib.TOMLDecodeError, text: str) -> tuple[int, str]:
    message, _, place = str(error).partition(" (at ")
    rows = text.split("\n")
    line = len(text.removesuffix("\n").split("\n"))
    if place.startswith("line "):
        line = int(place.removeprefix("line ").split(",")[0])
    if line <= len(rows) and _TIME_WITHOUT_SECONDS.search(rows[line - 1].rstrip("\r")):
        return line, "a time is written with seconds, such as 18:00:00"
    words = (plain for start, plain in _IN_PLAIN_WORDS.items() if message.startswith(start))
    return line, next(words, message)


_TOKEN = re.compile(
    r"""
      (?P<quote> \"{3} | '{3} | " | ' )
    | (?P<skip> [ \t\r]+ | \#[^\n]* )
    | (?P<newline> \n )
    | (?P<mark> [\[\]{},=.] )
    | (?P<bare> [^\s\[\]{},=."'\#]+ )
    """,
    re.VERBOSE,
)
"""The parts of a valid TOML text; a string only by how it opens."""

_ESCAPED_OR_CLOSING = {
    '"': re.compile(r'\\.|"', re.DOTALL),
    '"""': re.compile(r'\\.|"{3,5}', re.DOTALL),
}
_CLOSING = {"'": re.compile("'"), "'''": re.compile("'{3,5}")}
"""What ends a string; up to two quotes more may stand right before the closing three and belong to the text.

One pattern for whole strings would need possessive quantifiers to stay linear, and those of Python 3.11.2, which Debian
12 has, miss strings that later versions find.
"""


class _Walk:
    """One walk over a valid TOML text, yielding every path with the line on which it begins.

    A mark is known by its text alone: strings keep their quotes, and nothing bare holds a mark.
    """

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._kind, self._text, self._line = "", "", 1
        self._advance()

    def document(self) -> Iterator[tuple[Path, int]]:
        """Every table, key and element, in the order of the text."""
        table: Path = ()
        tables_so_far: dict[Path, int] = {}
        while self._kind != "end":
            if self._kind == "newline":
                self._advance()
            elif self._text == "[":
                table, line = self._header(tables_so_far)
                yield from _with_parents(table, (), line)
            else:
                yield from self._key_and_value(table)

    def _header(self, tables_so_far: dict[Path, int]) -> tuple[Path, int]:
        """Read a header; the path has the index within each array of tables on the way."""
        line = self._line
        self._advance()
        is_array = self._text == "["
        if is_array:
            self._advance()
        keys = self._keys()
        for _ in range(2 if is_array else 1):
            self._advance()
        path: Path = ()
        for key in keys[:-1]:
            path = (*path, key)
            if path in tables_so_far:
                path = (*path, tables_so_far[path])
        path = (*path, keys[-1])
        if not is_array:
            return path, line
        tables_so_far[path] = tables_so_far.get(path, -1) + 1
        return (*path, tables_so_far[path]), line

    def _key_and_value(self, table: Path) -> Iterator[tuple[Path, int]]:
        line = self._line
        path = (*table, *self._keys())
        self._advance()  # =
        yield from _with_parents(path, table, line)
        yield from self._value(path)

    def _value(self, path: Path) -> Iterator[tuple[Path, int]]:
        if self._text == "[":
            self._advance()
            yield from self._elements(path)
        elif self._text == "{":
            self._advance()
            while self._text != "}":
                yield from self._key_and_value(path)
                if self._text == ",":
                    self._advance()
        else:  # a date and a time may have a space between them, a number a dot
            while self._kind in {"string", "bare"} or self._text == ".":
                self._advance()
            return
        self._advance()

    def _elements(self, path: Path) -> Iterator[tuple[Path, int]]:
        index = 0
        while self._text != "]":
            if self._text in {"\n", ","}:
                self._advance()
                continue
            yield (*path, index), self._line
            yield from self._value((*path, index))
            index += 1

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while self._kind in {"string", "bare"} or self._text == ".":
            if self._kind == "string":
                keys.append(next(iter(tomllib.loads(f"{self._text} = 0"))))
            elif self._kind == "bare":
                keys.append(self._text)
            self._advance()
        return keys

    def _advance(self) -> None:
        self._kind, self._text, self._line = next(self._tokens, ("end", "", self._line))


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    line, place = 1, 0
    while (match := _TOKEN.match(text, place)) is not None:
        kind, start, place = match.lastgroup or "", place, match.end()
        if kind == "quote":
            kind, place = "string", _string_end(text, place, match.group())
        token = text[start:place]
        if kind != "skip":
            yield kind, token, line
        if kind in {"newline", "string"}:
            line += token.count("\n")


def _string_end(text: str, place: int, quote: str) -> int:
    """Where the string ends whose opening `quote` ends at `place`."""
    pattern = _CLOSING.get(quote) or _ESCAPED_OR_CLOSING[quote]
    for match in pattern.finditer(text, place):
        if not match.group().startswith("\\"):
            return match.end()
    return len(text)


def _with_parents(path: Path, table: Path, line: int) -> Iterator[tuple[Path, int]]:
    """The path, and whatever it opens on the way: `a.b.c = 1` is also where `a` and `a.b` begin."""
    for end in range(len(table) + 1, len(path) + 1):
        yield path[:end], line

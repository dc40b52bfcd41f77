"""TOML text with the line of every key, so that whoever wrote the file is told where a mistake is."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Path = tuple[str | int, ...]
"""Where a value stands: keys, and the index within an array of tables."""


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
    """Parse TOML 1.0. Raises TomlMistake with the line of the first syntax error."""
    try:
        values = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise TomlMistake(*_place(error, text)) from error
    return TomlSource(values, dict(_lines(text)))


def _place(error: tomllib.TOMLDecodeError, text: str) -> tuple[int, str]:
    message, _, place = str(error).partition(" (at ")
    if place.startswith("line "):
        return int(place.removeprefix("line ").split(",")[0]), message
    return text.count("\n") + 1, message


def _lines(text: str) -> Iterator[tuple[Path, int]]:
    """Walk over valid TOML statement by statement.

    Every statement (a header, or a key with its value) is TOML by itself, so tomllib says where it ends and what its
    key is: lines are added until they parse.
    """
    table: Path = ()
    tables_so_far: dict[Path, int] = {}
    statement, start = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        if not statement:
            start = number
        statement += line + "\n"
        try:
            parsed = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        is_header = statement.lstrip().startswith("[")
        if is_header:
            table = _opened(parsed, tables_so_far, array=statement.lstrip().startswith("[["))
            yield table, start
        else:
            yield from ((table + path, start) for path in _paths(parsed))
        statement = ""


def _opened(parsed: Mapping[str, Any], tables_so_far: dict[Path, int], *, array: bool) -> Path:
    """The path of the table that a header opens, with the index within each array of tables on the way."""
    keys = _header_keys(parsed)
    path: Path = ()
    for key in keys[:-1]:
        path = (*path, key)
        if path in tables_so_far:
            path = (*path, tables_so_far[path])
    path = (*path, keys[-1])
    if not array:
        return path
    tables_so_far[path] = tables_so_far.get(path, -1) + 1
    return (*path, tables_so_far[path])


def _header_keys(parsed: Mapping[str, Any]) -> list[str]:
    keys: list[str] = []
    inner: Any = parsed
    while isinstance(inner, dict) and inner:
        key, inner = next(iter(inner.items()))
        keys.append(key)
    return keys


def _paths(parsed: Mapping[str, Any]) -> Iterator[Path]:
    for key, value in parsed.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *rest) for rest in _paths(value))

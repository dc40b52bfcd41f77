"""Reading members from CSV. Pure: text in, members and bad lines out.

The header names the columns: `card` (several separated by a space) and any of `member_id, display_name, tier,
points, since, language, birthday, segments, household`; all others are kept as attributes.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from edge_agent.domain.cards import CODE_CHARACTERS_MAX, holds_payment_card, normalised

CARDS_PER_MEMBER_MAX = 20
"""A household with a card and a phone each stays below it."""

COLUMNS_MAX = 100
TEXT_CHARACTERS_MAX = 1_000
"""Of one attribute; notes longer than that belong elsewhere."""

POINTS_MAX = 10**12

_ID_CHARACTERS_MAX = 64
_NAME_CHARACTERS_MAX = 200
_OWN_COLUMNS = frozenset(
    {"card", "member_id", "display_name", "tier", "points", "since", "language"}
)


class HeaderInvalid(Exception):
    """The first line does not say what the columns are; nothing was read."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not imported. `line` counts from 1, the header being line 1; no value is repeated here."""

    line: int
    column: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """The line for scripts."""
        return {"line": self.line, "column": self.column, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One good line."""

    line: int
    cards: tuple[str, ...]
    member_id: str | None
    display_name: str
    tier: str | None
    points: int | None
    since: str | None
    language: str | None
    attributes: str

    @property
    def profile(self) -> dict[str, Any]:
        """What replaces the member's profile."""
        return {
            "display_name": self.display_name,
            "tier": self.tier,
            "since": self.since,
            "language": self.language,
            "attributes": self.attributes,
        }


class _Bad(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def read_members(lines: Iterable[str]) -> Iterator[MemberRow | BadLine]:
    """Every line after the header, good or bad, in order; raises `HeaderInvalid` at once."""
    source = iter(lines)
    header_line = next(source, "").removeprefix("\ufeff")
    semicolons = header_line.count(";") > header_line.count(",")
    delimiter = (
        ";" if semicolons else ","
    )  # what Dutch spreadsheets write, and what everybody else does
    header = _header(header_line, delimiter)
    return _rows(csv.reader(source, delimiter=delimiter), header)


def _header(line: str, delimiter: str) -> list[str]:
    names = [name.strip().lower() for name in next(csv.reader([line], delimiter=delimiter), [])]
    if "card" not in names:
        raise HeaderInvalid("the first line must name the columns, and `card` among them")
    if len(names) > COLUMNS_MAX:
        raise HeaderInvalid(f"there are more than {COLUMNS_MAX} columns")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or "" in names:
        raise HeaderInvalid(f"columns without a name or named twice: {', '.join(twice)}")
    return names


def _rows(reader: Any, header: list[str]) -> Iterator[MemberRow | BadLine]:
    while True:
        line = reader.line_num + 2  # the header was read before the reader began to count
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadLine(line, "", f"is not CSV: {error}")
            continue
        if not values or values == [""]:
            continue
        if len(values) != len(header):
            yield BadLine(line, "", f"has {len(values)} columns, the header has {len(header)}")
            continue
        try:
            yield _member(line, dict(zip(header, map(str.strip, values), strict=True)))
        except _Bad as bad:
            yield BadLine(line, bad.column, bad.reason)


def _member(line: int, row: Mapping[str, str]) -> MemberRow:
    for column, value in row.items():
        _check_text(column, value)
    attributes = {name: value for name, value in row.items() if value and name not in _OWN_COLUMNS}
    if "birthday" in attributes:
        _day("birthday", attributes["birthday"])
    return MemberRow(
        line=line,
        cards=_cards(row["card"]),
        member_id=_bounded(row, "member_id", _ID_CHARACTERS_MAX),
        display_name=_bounded(row, "display_name", _NAME_CHARACTERS_MAX) or "",
        tier=_bounded(row, "tier", _ID_CHARACTERS_MAX),
        points=_points(row.get("points", "")),
        since=_day("since", row.get("since", "")),
        language=_bounded(row, "language", 35),
        attributes=json.dumps(attributes, ensure_ascii=False, sort_keys=True),
    )


def _check_text(column: str, value: str) -> None:
    if "\0" in value:
        raise _Bad(column, "holds a NUL character")
    if not value.isascii() and any("\udc80" <= letter <= "\udcff" for letter in value):
        raise _Bad(column, "is not UTF-8")
    if len(value) > TEXT_CHARACTERS_MAX and column != "card":
        raise _Bad(column, f"is longer than {TEXT_CHARACTERS_MAX} characters")
    if column != "card" and holds_payment_card(value):
        raise _Bad(column, "looks like a payment card, which is not kept here")


def _cards(value: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(normalised(code) for code in value.split()))
    if not codes:
        raise _Bad("card", "is empty")
    if len(codes) > CARDS_PER_MEMBER_MAX:
        raise _Bad("card", f"holds more than {CARDS_PER_MEMBER_MAX} cards")
    if any(not code or len(code) > CODE_CHARACTERS_MAX for code in codes):
        raise _Bad("card", f"is longer than {CODE_CHARACTERS_MAX} characters, or empty")
    if any(holds_payment_card(code) for code in codes):
        raise _Bad("card", "looks like a payment card, which is not kept here")
    return codes


def _bounded(row: Mapping[str, str], column: str, characters_max: int) -> str | None:
    value = row.get(column, "")
    if len(value) > characters_max:
        raise _Bad(column, f"is longer than {characters_max} characters")
    return value or None


def _points(value: str) -> int | None:
    if not value:
        return None
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(POINTS_MAX))):
        raise _Bad("points", "must be a whole number")
    points = int(value)
    if abs(points) > POINTS_MAX:
        raise _Bad("points", f"is more than {POINTS_MAX}")
    return points


def _day(column: str, value: str) -> str | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise _Bad(column, "must be a day like 2026-11-21") from error

"""Reading members from CSV. Pure: text in, members and bad lines out.

One line of the file is one member: a field in quotes ends on the line that it began on.

The header names the columns: `card` (several separated by a space) and any of `member_id, display_name, tier, points,
since, language, birthday, segments` (separated by a space)`, household, email, phone` and `points.UNIT` for the opening
balance in another unit; all others are kept as attributes.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from edge_agent.domain.cards import CODE_CHARACTERS_MAX, holds_payment_card, normalised
from sync.central.personal import (
    LANGUAGE_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    normalised_email,
    normalised_phone,
)
from sync.central.plain import is_line

CARDS_PER_MEMBER_MAX = 20
"""A household with a card and a phone each stays below it."""

COLUMNS_MAX = 100
SEGMENTS_MAX = 200
"""Of one member; more than that are attributes."""

POINTS_MAX = 10**12

_NOT_CSV = "is not CSV, where a field in quotes closes on its line and a quote in it is doubled"

_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
"""Bytes that are none, as `surrogateescape` reads them."""

_ID_CHARACTERS_MAX = 64
_OPENING_UNIT = "points"
_OPENING = re.compile(r"points(?:\.([a-z][a-z0-9-]{0,39}))?")
_NUMBER = re.compile(r"-?[0-9]{1,13}(?:\.[0-9]{1,4})?", re.ASCII)
_OWN_COLUMNS = frozenset(
    {
        "card",
        "member_id",
        "display_name",
        "tier",
        "since",
        "language",
        "birthday",
        "segments",
        "household",
        "email",
        "phone",
    }
)


class HeaderInvalid(Exception):
    """The first line does not say what the columns are; nothing was read."""


class Fault(StrEnum):
    """What is wrong with a line, for scripts."""

    NOT_CSV = "not-csv"
    COLUMNS = "columns"
    TEXT = "text"
    TOO_MUCH = "too-much"
    MISSING = "missing"
    INVALID = "invalid"
    PAYMENT_CARD = "payment-card"
    TWICE = "twice"
    CARD_TAKEN = "card-taken"
    HOUSEHOLD_DIFFERS = "household-differs"
    UNKNOWN_UNIT = "unknown-unit"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not imported. `line` counts from 1, the header being line 1; no value is repeated here.

    `column` is empty where it is the line as a whole.
    """

    line: int
    column: str
    code: Fault
    reason: str

    def to_json(self) -> dict[str, Any]:
        """The line for scripts."""
        return {
            "line": self.line,
            "column": self.column,
            "code": self.code.value,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One good line. `opening` is the opening balance by column and unit, in whole units as people write them."""

    line: int
    cards: tuple[str, ...]
    member_id: str | None
    display_name: str
    tier: str | None
    since: str | None
    language: str | None
    birthday: str | None
    segments: str
    attributes: str
    household: str | None
    email: str | None
    phone: str | None
    opening: tuple[tuple[str, str, Decimal], ...] = ()

    @property
    def profile(self) -> dict[str, Any]:
        """What replaces the member's profile."""
        return {
            "display_name": self.display_name,
            "tier": self.tier,
            "since": self.since,
            "language": self.language,
            "birthday": self.birthday,
            "segments": self.segments,
            "attributes": self.attributes,
            "household": self.household,
            "email": self.email,
            "phone": self.phone,
        }


class _Bad(Exception):
    def __init__(self, column: str, code: Fault, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.code = code
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
    return _rows(source, delimiter, header)


def _values(line: str, delimiter: str) -> list[str]:
    """What one line holds; raises `csv.Error`, also where a quote does not close on it."""
    return next(csv.reader((line,), delimiter=delimiter, strict=True), [])


def _header(line: str, delimiter: str) -> list[str]:
    if _NOT_UTF_8.search(line):
        raise HeaderInvalid("the names of the columns are not UTF-8")
    try:
        names = [name.strip().lower() for name in _values(line, delimiter)]
    except csv.Error as error:
        raise HeaderInvalid(f"{_NOT_CSV}: {error}") from error
    if not all(map(is_line, names)):
        raise HeaderInvalid("the name of a column holds a control character")
    if any(map(holds_payment_card, names)):
        raise HeaderInvalid("the name of a column looks like a payment card")
    if "card" not in names:
        raise HeaderInvalid("the first line must name the columns, and `card` among them")
    if len(names) > COLUMNS_MAX:
        raise HeaderInvalid(f"there are more than {COLUMNS_MAX} columns")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or "" in names:
        raise HeaderInvalid(f"columns without a name or named twice: {', '.join(twice)}")
    return names


def _rows(
    source: Iterator[str], delimiter: str, header: list[str]
) -> Iterator[MemberRow | BadLine]:
    for line, text in enumerate(source, start=2):
        try:
            values = _values(text, delimiter)
        except csv.Error as error:
            yield BadLine(line, "", Fault.NOT_CSV, f"{_NOT_CSV}: {error}")
            continue
        if not values or values == [""]:
            continue
        if len(values) != len(header):
            reason = f"has {len(values)} columns, the header has {len(header)}"
            yield BadLine(line, "", Fault.COLUMNS, reason)
            continue
        try:
            yield _member(line, dict(zip(header, map(str.strip, values), strict=True)))
        except _Bad as bad:
            yield BadLine(line, bad.column, bad.code, bad.reason)


def _member(line: int, row: Mapping[str, str]) -> MemberRow:
    for column, value in row.items():
        _check_text(column, value)
    attributes = {
        name: value
        for name, value in row.items()
        if value and name not in _OWN_COLUMNS and not _OPENING.fullmatch(name)
    }
    if row.get("household") and not row.get("member_id"):
        raise _Bad("member_id", Fault.MISSING, "is needed where a household is given")
    return MemberRow(
        line=line,
        cards=_cards(row["card"]),
        member_id=_bounded(row, "member_id", _ID_CHARACTERS_MAX),
        display_name=_bounded(row, "display_name", NAME_CHARACTERS_MAX) or "",
        tier=_bounded(row, "tier", _ID_CHARACTERS_MAX),
        since=_day(row, "since"),
        language=_bounded(row, "language", LANGUAGE_CHARACTERS_MAX),
        birthday=_day(row, "birthday"),
        segments=_segments(row.get("segments", "")),
        attributes=json.dumps(attributes, ensure_ascii=False, sort_keys=True),
        household=_bounded(row, "household", _ID_CHARACTERS_MAX),
        email=_contact(row, "email", normalised_email),
        phone=_contact(row, "phone", normalised_phone),
        opening=tuple(_opening(row)),
    )


def _check_text(column: str, value: str) -> None:
    if not value.isprintable() and not is_line(value):
        raise _Bad(column, Fault.TEXT, "holds a control character or a line break")
    if not value.isascii() and _NOT_UTF_8.search(value):
        raise _Bad(column, Fault.TEXT, "is not UTF-8")
    if len(value) > TEXT_CHARACTERS_MAX and column != "card":
        raise _Bad(column, Fault.TOO_MUCH, f"is longer than {TEXT_CHARACTERS_MAX} characters")
    if column != "card" and holds_payment_card(value):
        raise _Bad(column, Fault.PAYMENT_CARD, "looks like a payment card, which is not kept here")


def _cards(value: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(normalised(code) for code in value.split()))
    if not codes:
        raise _Bad("card", Fault.MISSING, "is empty")
    if len(codes) > CARDS_PER_MEMBER_MAX:
        raise _Bad("card", Fault.TOO_MUCH, f"holds more than {CARDS_PER_MEMBER_MAX} cards")
    if any(not code or len(code) > CODE_CHARACTERS_MAX for code in codes):
        raise _Bad(
            "card", Fault.TOO_MUCH, f"is longer than {CODE_CHARACTERS_MAX} characters, or empty"
        )
    # As a whole too: the parts of a number in groups would be so many cards.
    if holds_payment_card(value) or any(holds_payment_card(code) for code in codes):
        raise _Bad("card", Fault.PAYMENT_CARD, "looks like a payment card, which is not kept here")
    return codes


def _bounded(row: Mapping[str, str], column: str, characters_max: int) -> str | None:
    value = row.get(column, "")
    if len(value) > characters_max:
        raise _Bad(column, Fault.TOO_MUCH, f"is longer than {characters_max} characters")
    return value or None


def _segments(value: str) -> str:
    found = sorted(set(value.split()))
    if len(found) > SEGMENTS_MAX:
        raise _Bad("segments", Fault.TOO_MUCH, f"holds more than {SEGMENTS_MAX} segments")
    if any(len(each) > _ID_CHARACTERS_MAX for each in found):
        raise _Bad(
            "segments",
            Fault.TOO_MUCH,
            f"holds one that is longer than {_ID_CHARACTERS_MAX} characters",
        )
    return json.dumps(found, ensure_ascii=False)


def _contact(
    row: Mapping[str, str], column: str, normal: Callable[[str | None], str | None]
) -> str | None:
    try:
        return normal(row.get(column) or None)
    except ValueError as error:
        raise _Bad(column, Fault.INVALID, str(error)) from error


def _opening(row: Mapping[str, str]) -> Iterator[tuple[str, str, Decimal]]:
    for column, value in row.items():
        named = _OPENING.fullmatch(column)
        if named is None or not value:
            continue
        if not _NUMBER.fullmatch(value):
            raise _Bad(column, Fault.INVALID, "must be a number, such as 120 or 12.50")
        number = Decimal(value)
        if abs(number) > POINTS_MAX:
            raise _Bad(column, Fault.TOO_MUCH, f"is more than {POINTS_MAX}")
        yield column, named[1] or _OPENING_UNIT, number


def _day(row: Mapping[str, str], column: str) -> str | None:
    value = row.get(column, "")
    if not value:
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise _Bad(column, Fault.INVALID, "must be a day like 2026-11-21") from error

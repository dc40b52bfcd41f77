"""A member and the position in the members file: every fact comes back, and what is not told takes no place."""

import sqlite3
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import pytest

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Standing
from edge_agent.domain.members_file import (
    APPLICATION_ID,
    FORMAT,
    MEMBER_COLUMNS,
    POSITION_COLUMNS,
    PUT_ALLOWANCE,
    PUT_CARD,
    PUT_JOINED,
    PUT_MEMBER,
    PUT_POSITION,
    TABLES,
    Member,
    MembersPosition,
    member_in,
    position_in,
    position_row,
    row_of,
)

FULL = Member(
    ref="7f0c",
    standing=Standing.BLOCKED,
    display_name="Jan de Vries",
    tier="gold",
    since=date(2024, 2, 29),
    language="nl",
    segments=frozenset({"staff", "family"}),
    attributes={"pet": "cat"},
    birthday="02-29",
    consents={"news": "2026-01"},
    referred_by="a001",
    redeems_offline=False,
    lots=(Holding("points", 60, date(2026, 12, 31)), Holding("voucher/v", 500, lot="a" * 32)),
    joined=("r1", "r2"),
    cards=(b"\x01" * 16, b"\xff" * 16),
)
BARE = Member("7f0c")
AS_OF = datetime.fromisoformat("2026-11-21T14:03:11+01:00")
POSITION = MembersPosition(41, "e" * 32, 17, AS_OF, 1000, ("boot", 123), (4, 9), 7, "central-1")


def in_file(put: str, row: tuple[Any, ...], columns: str, table: str) -> tuple[Any, ...]:
    """The row as SQLite gives it back from the tables of the file."""
    with sqlite3.connect(":memory:") as file:
        for statement in TABLES:
            file.execute(statement)
        file.execute(put, row)
        (found,) = file.execute(f"SELECT {columns} FROM {table}").fetchall()
    return tuple(found)


@pytest.mark.parametrize("member", [FULL, BARE], ids=["full", "bare"])
def test_a_member_comes_back_from_the_file(member: Member) -> None:
    row = in_file(PUT_MEMBER, row_of(member), MEMBER_COLUMNS, "members m")
    assert member_in(row) == member


@pytest.mark.parametrize("fact", [each.name for each in fields(Member) if each.name != "ref"])
def test_each_fact_of_a_member_stands_in_the_row_by_itself(fact: str) -> None:
    member = Member("7f0c", **{fact: getattr(FULL, fact)})
    assert row_of(member) != row_of(BARE)
    assert member_in(row_of(member)) == member


def test_what_is_not_told_of_a_member_takes_no_place() -> None:
    assert row_of(BARE) == ("7f0c", "known", "", None, None, None, "{}", "[]", "[]", "[]")


def test_names_stand_in_the_file_as_they_are_written() -> None:
    row = row_of(Member("7f0c", display_name="Zoë", attributes={"city": "Besançon"}))
    assert row[2] == "Zoë"
    assert row[6] == '{"attributes":{"city":"Besançon"}}'


def test_an_empty_row_is_a_member_of_whom_nothing_is_known() -> None:
    assert member_in((None,) * 10) == Member("", Standing.UNKNOWN)


@pytest.mark.parametrize("position", [POSITION, MembersPosition(0, "", 0, AS_OF, 0)])
def test_the_position_comes_back_from_the_file(position: MembersPosition) -> None:
    row = in_file(PUT_POSITION, position_row(position), POSITION_COLUMNS, "position p")
    assert position_in(row) == position


def test_the_file_says_what_it_is_and_takes_cards_joined_refs_and_allowances() -> None:
    with sqlite3.connect(":memory:") as file:
        for statement in TABLES:
            file.execute(statement)
        assert file.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert file.execute("PRAGMA user_version").fetchone() == (FORMAT,)
        assert APPLICATION_ID.to_bytes(4, "big") == b"LEAM"
        for put, row in (
            (PUT_CARD, (b"\x01" * 16, "7f0c")),
            (PUT_JOINED, ("r1", "7f0c")),
            (PUT_ALLOWANCE, ("7f0c", "points", 500, "2026-12-31")),
        ):
            file.execute(put, row)

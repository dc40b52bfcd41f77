"""Importing members: once or a hundred times, with the same end.

A member is recognised by `member_id`, without one by its cards. What a file says of a known member replaces the
profile and adds cards; points are an opening balance and set once. A card that a till met before us brings its
provisional account along.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from edge_agent.domain.member import Standing
from sync.central.accounts import Accounts, join, new_ref
from sync.central.database import ACCOUNTS, Database, count, next_changes
from sync.central.ledger import LedgerEntry, LedgerKind, append_many, touch
from sync.central.member_rows import BadLine, MemberRow, read_members
from sync.central.tables import accounts, cards
from sync.central.times import Clock, stored

LINES_PER_TRANSACTION = 2_000
"""Some hundred milliseconds: tills that upload meanwhile do not notice."""

BAD_LINES_LISTED_MAX = 1_000
"""Who has more wrong lines than that has one mistake a thousand times; the rest is counted."""

OPENING_UNIT = "points"
OPENING = "opening"

_PROFILE = ("display_name", "tier", "since", "language", "attributes")


@dataclass(slots=True)
class ImportReport:
    """What an import did; `lines` are all lines after the header that were not empty."""

    lines: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    joined: int = 0
    bad: int = 0
    bad_lines: list[BadLine] = field(default_factory=list)

    def refuse(self, bad: BadLine) -> None:
        """Count a bad line and list it while there is room."""
        self.bad += 1
        if len(self.bad_lines) < BAD_LINES_LISTED_MAX:
            self.bad_lines.append(bad)

    def to_json(self) -> dict[str, Any]:
        """The report for scripts."""
        return {
            "lines": self.lines,
            "added": self.added,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "joined": self.joined,
            "bad": self.bad,
            "bad_lines": [bad.to_json() for bad in self.bad_lines],
        }


@dataclass(slots=True)
class _Known:
    """A member as the database or an earlier line of this chunk has it."""

    ref: str
    member_id: str | None
    provisional: bool
    profile: dict[str, Any]
    opened: bool


@dataclass(slots=True)
class _Chunk:
    """What the lines of one transaction come to."""

    at: str
    by_id: dict[str, _Known]
    by_key: dict[str, _Known]
    new_accounts: list[dict[str, Any]] = field(default_factory=list)
    new_cards: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    openings: list[tuple[str, int, LedgerEntry]] = field(default_factory=list)
    joins: list[tuple[str, str]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)


class MemberImport:
    """Imports CSV files."""

    def __init__(self, database: Database, known: Accounts, clock: Clock) -> None:
        self._database = database
        self._accounts = known
        self._clock = clock

    def run(
        self, text: Iterable[str], progress: Callable[[int], object] = lambda _lines: None
    ) -> ImportReport:
        """Import every good line and list the bad ones; `progress` gets the number of lines done so far.

        Raises `HeaderInvalid` before anything is written.
        """
        report = ImportReport()
        seen = _Seen()
        for rows in _chunks(read_members(text)):
            report.lines += len(rows)
            good = [row for row in rows if isinstance(row, MemberRow)]
            for row in rows:
                if isinstance(row, BadLine):
                    report.refuse(row)
            with self._database.write() as connection:
                chunk = self._look_up(connection, good)
                for member in good:
                    self._consider(chunk, member, seen, report)
                _write(connection, chunk)
            progress(report.lines)
        return report

    def _look_up(self, connection: Connection, rows: Sequence[MemberRow]) -> _Chunk:
        keys = [self._accounts.card_key(code) for row in rows for code in row.cards]
        ids = [row.member_id for row in rows if row.member_id is not None]
        chunk = _Chunk(stored(self._clock()), {}, {})
        by_ref: dict[str, _Known] = {}
        for part in _parts(ids):
            for row in connection.execute(select(accounts).where(accounts.c.member_id.in_(part))):
                by_ref[row.ref] = chunk.by_id[row.member_id] = _known(row)
        query = select(cards.c.key, accounts).join(accounts, accounts.c.ref == cards.c.account)
        for part in _parts(keys):
            for row in connection.execute(query.where(cards.c.key.in_(part))):
                chunk.by_key[row.key] = by_ref.setdefault(row.ref, _known(row))
        return chunk

    def _consider(self, chunk: _Chunk, row: MemberRow, seen: "_Seen", report: ImportReport) -> None:
        keys = {self._accounts.card_key(code): code for code in row.cards}
        mistake = seen.twice(row, keys)
        owners = {key: chunk.by_key[key] for key in keys if key in chunk.by_key}
        member = _whose(chunk, row, owners)
        others = [
            owner for owner in owners.values() if owner is not member and not owner.provisional
        ]
        if mistake is None and others:
            mistake = BadLine(row.line, "card", "a card already belongs to another member")
        if mistake is not None:
            report.refuse(mistake)
            return
        seen.note(row, keys)
        if member is None:
            member = _add(chunk, row)
            report.added += 1
            changed = True
        else:
            changed = _change(chunk, member, row)
        provisional = {owner.ref: owner for owner in owners.values() if owner.provisional}
        for ref in provisional:
            chunk.joins.append((ref, member.ref))
            report.joined += 1
        for key, code in keys.items():
            if key not in owners:
                chunk.new_cards.append(
                    {"key": key, "account": member.ref, "code": code, "added_at": chunk.at}
                )
                changed = True
            chunk.by_key[key] = member
        changed = _open(chunk, member, row) or changed or bool(provisional)
        if changed:
            chunk.touched.add(member.ref)
        is_new = bool(chunk.new_accounts) and chunk.new_accounts[-1]["ref"] == member.ref
        if not is_new:
            report.changed += changed
            report.unchanged += not changed


class _Seen:
    """The ids and cards of the lines so far, for lines that say the same twice."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._keys: dict[str, int] = {}

    def twice(self, row: MemberRow, keys: Iterable[str]) -> BadLine | None:
        if row.member_id is not None and row.member_id in self._ids:
            earlier = self._ids[row.member_id]
            return BadLine(row.line, "member_id", f"is on line {earlier} already")
        for key in keys:
            if key in self._keys:
                return BadLine(row.line, "card", f"is on line {self._keys[key]} already")
        return None

    def note(self, row: MemberRow, keys: Iterable[str]) -> None:
        if row.member_id is not None:
            self._ids[row.member_id] = row.line
        self._keys.update(dict.fromkeys(keys, row.line))


def _whose(chunk: _Chunk, row: MemberRow, owners: dict[str, _Known]) -> _Known | None:
    """The member that a line is about, if there is one."""
    if row.member_id is not None:
        return chunk.by_id.get(row.member_id)
    return next((owner for owner in owners.values() if not owner.provisional), None)


def _known(row: Any) -> _Known:
    return _Known(
        row.ref,
        row.member_id,
        row.provisional,
        {name: getattr(row, name) for name in _PROFILE},
        row.opened,
    )


def _add(chunk: _Chunk, row: MemberRow) -> _Known:
    member = _Known(new_ref(), row.member_id, False, row.profile, opened=False)
    chunk.new_accounts.append(
        {
            "ref": member.ref,
            "member_id": row.member_id,
            "provisional": False,
            "standing": Standing.KNOWN.value,
            "opened": row.points is not None,
            "created_at": chunk.at,
            "change": 0,
            **row.profile,
        }
    )
    if row.member_id is not None:
        chunk.by_id[row.member_id] = member
    return member


def _change(chunk: _Chunk, member: _Known, row: MemberRow) -> bool:
    opens = row.points is not None and not member.opened
    if member.profile == row.profile and not opens:
        return False
    chunk.updates.append(
        {
            "at_ref": member.ref,
            "now_opened": member.opened or opens,
            **{f"now_{name}": value for name, value in row.profile.items()},
        }
    )
    member.profile = row.profile
    return True


def _open(chunk: _Chunk, member: _Known, row: MemberRow) -> bool:
    """Give the opening balance, once in a member's life."""
    if row.points is None or member.opened:
        return False
    member.opened = True
    if row.points:
        entry = LedgerEntry(
            member.ref, LedgerKind.ADJUST, OPENING_UNIT, row.points, OPENING, rule=OPENING
        )
        chunk.openings.append((OPENING, 0, entry))
    return True


_UPDATE = (
    update(accounts)
    .where(accounts.c.ref == bindparam("at_ref"))
    .values({name: bindparam(f"now_{name}") for name in (*_PROFILE, "opened")})
)


def _write(connection: Connection, chunk: _Chunk) -> None:
    if chunk.new_accounts:
        numbers = next_changes(connection, len(chunk.new_accounts))
        for row, number in zip(chunk.new_accounts, numbers, strict=True):
            row["change"] = number
        connection.execute(insert(accounts), chunk.new_accounts)
        count(connection, ACCOUNTS, len(chunk.new_accounts))
    if chunk.updates:
        connection.execute(_UPDATE, chunk.updates)
    if chunk.new_cards:
        connection.execute(insert(cards), chunk.new_cards)
    if chunk.openings:
        append_many(connection, chunk.at, chunk.openings)
    for provisional, member in chunk.joins:
        join(connection, provisional, member, chunk.at)
    new = {row["ref"] for row in chunk.new_accounts}
    touch(connection, chunk.touched - new)


def _chunks(rows: Iterator[MemberRow | BadLine]) -> Iterator[list[MemberRow | BadLine]]:
    while chunk := list(islice(rows, LINES_PER_TRANSACTION)):
        yield chunk


def _parts(values: Sequence[str], size: int = 5_000) -> Iterator[Sequence[str]]:
    """At most as many values as one statement may have parameters, with room."""
    for start in range(0, len(values), size):
        yield values[start : start + size]

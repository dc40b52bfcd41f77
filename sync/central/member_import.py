"""Importing members: once or a hundred times, with the same end.

A member is recognised by `member_id`, without one by its cards. What a file says of a known member replaces the
profile and adds cards; points are an opening balance and set once. A card that a till met before us brings its
provisional account along. Members of one household share an account: the first one's row is the account, the others
are joined to it and keep their ids and profiles.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from edge_agent.domain.entries import EntryKind
from edge_agent.domain.member import Standing
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.own_rules import OwnRule
from sync.central.accounts import Accounts, join, new_ref
from sync.central.database import ACCOUNTS, Database, count, hold, in_parts, next_changes
from sync.central.ledger import LedgerEntry, append_many, touch
from sync.central.member_rows import BadLine, Fault, MemberRow, read_members
from sync.central.programmes import Programmes
from sync.central.tables import accounts, cards
from sync.central.times import Clock, stored

LINES_PER_TRANSACTION = 2_000
"""Some hundred milliseconds: tills that upload meanwhile do not notice."""

BAD_LINES_LISTED_MAX = 1_000
"""Who has more wrong lines than that has one mistake a thousand times; the rest is counted."""

OPENING = OwnRule.OPENING.value

_PROFILE = (
    "display_name",
    "tier",
    "since",
    "language",
    "birthday",
    "segments",
    "attributes",
    "household",
    "email",
    "phone",
)


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

    def add(self, part: "ImportReport") -> None:
        """With what some of its lines came to."""
        self.added += part.added
        self.changed += part.changed
        self.unchanged += part.unchanged
        self.joined += part.joined
        for bad in part.bad_lines:
            self.refuse(bad)

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
    """A member as the database or an earlier line of this chunk has it; `account` holds its points and cards."""

    ref: str
    account: str
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
    by_household: dict[str, _Known]
    programme: Programme | None
    new_accounts: list[dict[str, Any]] = field(default_factory=list)
    new_cards: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    openings: list[tuple[str, int, LedgerEntry]] = field(default_factory=list)
    joins: list[tuple[str, str]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)


class MemberImport:
    """Imports CSV files."""

    def __init__(
        self, database: Database, known: Accounts, programmes: Programmes, clock: Clock
    ) -> None:
        self._database = database
        self._accounts = known
        self._programmes = programmes
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
            report.add(self._database.transaction(partial(self._import, rows=good, seen=seen)))
            progress(report.lines)
        return report

    def _import(
        self, connection: Connection, rows: Sequence[MemberRow], seen: "_Seen"
    ) -> ImportReport:
        report = ImportReport()
        chunk = self._look_up(connection, rows)
        for member in rows:
            self._consider(chunk, member, seen, report)
        _write(connection, chunk)
        return report

    def _look_up(self, connection: Connection, rows: Sequence[MemberRow]) -> _Chunk:
        keys = [self._accounts.card_key(code) for row in rows for code in row.cards]
        ids = [row.member_id for row in rows if row.member_id is not None]
        households = [row.household for row in rows if row.household is not None]
        programme = self._programmes.current(connection)
        chunk = _Chunk(stored(self._clock()), {}, {}, {}, programme)
        by_ref: dict[str, _Known] = {}
        known = select(accounts).order_by(accounts.c.ref)
        # All of them first, in one order whatever the lines have: the next import takes them in the same.
        for part in in_parts(sorted(_refs(connection, ids, households))):
            hold(connection, known.where(accounts.c.ref.in_(part)))
        for part in in_parts(ids):
            for row in hold(connection, known.where(accounts.c.member_id.in_(part))):
                by_ref[row.ref] = chunk.by_id[row.member_id] = _known(row)
        buried = [self._accounts.buried_key(code) for row in rows for code in row.cards]
        for part in in_parts(buried):
            connection.execute(delete(cards).where(cards.c.key.in_(part)))
        query = select(cards.c.key, accounts).join(accounts, accounts.c.ref == cards.c.account)
        for part in in_parts(keys):
            for row in connection.execute(query.where(cards.c.key.in_(part))):
                chunk.by_key[row.key] = by_ref.setdefault(row.ref, _known(row))
        main = known.where(accounts.c.joined_into.is_(None))
        for part in in_parts(households):
            for row in hold(connection, main.where(accounts.c.household.in_(part))):
                chunk.by_household[row.household] = by_ref.setdefault(row.ref, _known(row))
        held = self._accounts.hold(connection, {each.account for each in by_ref.values()})
        for each in by_ref.values():
            each.account = held[each.account].ref
        return chunk

    def _consider(self, chunk: _Chunk, row: MemberRow, seen: "_Seen", report: ImportReport) -> None:
        keys = {self._accounts.card_key(code): code for code in row.cards}
        mistake = seen.twice(row, keys)
        owners = {key: chunk.by_key[key] for key in keys if key in chunk.by_key}
        member = _whose(chunk, row, owners)
        mistake = mistake or _mistake(chunk, row, member, owners.values())
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
            chunk.joins.append((ref, member.account))
            report.joined += 1
        for key, code in keys.items():
            if key not in owners:
                chunk.new_cards.append(
                    {"key": key, "account": member.account, "code": code, "added_at": chunk.at}
                )
                changed = True
            chunk.by_key[key] = member
        changed = _open(chunk, member, row) or changed or bool(provisional)
        if changed:
            chunk.touched.add(member.account)
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
        """What of a line an earlier one has said; a line that is tried again is no earlier one."""
        earlier = self._ids.get(row.member_id or "", row.line)
        if earlier != row.line:
            return BadLine(row.line, "member_id", Fault.TWICE, f"is on line {earlier} already")
        for key in keys:
            earlier = self._keys.get(key, row.line)
            if earlier != row.line:
                return BadLine(row.line, "card", Fault.TWICE, f"is on line {earlier} already")
        return None

    def note(self, row: MemberRow, keys: Iterable[str]) -> None:
        if row.member_id is not None:
            self._ids[row.member_id] = row.line
        self._keys.update(dict.fromkeys(keys, row.line))


def _refs(connection: Connection, ids: Sequence[str], households: Sequence[str]) -> set[str]:
    """The accounts with these member ids, and those of these households."""
    found: set[str] = set()
    for column, values in ((accounts.c.member_id, ids), (accounts.c.household, households)):
        for part in in_parts(values):
            found.update(connection.scalars(select(accounts.c.ref).where(column.in_(part))))
    return found


def _whose(chunk: _Chunk, row: MemberRow, owners: dict[str, _Known]) -> _Known | None:
    """The member that a line is about, if there is one."""
    if row.member_id is not None:
        return chunk.by_id.get(row.member_id)
    return next((owner for owner in owners.values() if not owner.provisional), None)


def _mistake(
    chunk: _Chunk, row: MemberRow, member: _Known | None, owners: Iterable[_Known]
) -> BadLine | None:
    """What of a line contradicts what is known."""
    household = None if row.household is None else chunk.by_household.get(row.household)
    own = {each.account for each in (member, household) if each is not None}
    if any(not owner.provisional and owner.account not in own for owner in owners):
        return BadLine(
            row.line, "card", Fault.CARD_TAKEN, "a card already belongs to another member"
        )
    before = None if member is None else member.profile["household"]
    if before is not None and before != row.household:
        reason = "differs from before; points that were shared cannot be divided again"
        return BadLine(row.line, "household", Fault.HOUSEHOLD_DIFFERS, reason)
    for column, unit, quantity in row.opening:
        if chunk.programme is not None and unit not in chunk.programme.units:
            return BadLine(
                row.line, column, Fault.UNKNOWN_UNIT, "is no unit of the current programme"
            )
        if quantity * _parts_of_one(chunk, unit) % 1:
            return BadLine(row.line, column, Fault.INVALID, "has more decimals than the unit")
    return None


def _parts_of_one(chunk: _Chunk, unit: str) -> int:
    """How many of its smallest parts make one of a unit; 1 before there is a programme."""
    return 1 if chunk.programme is None else chunk.programme.file.unit[unit].scale


def _known(row: Any) -> _Known:
    return _Known(
        row.ref,
        row.joined_into or row.ref,
        row.member_id,
        row.provisional,
        {name: getattr(row, name) for name in _PROFILE},
        row.opened,
    )


def _add(chunk: _Chunk, row: MemberRow) -> _Known:
    ref = new_ref()
    main = None if row.household is None else chunk.by_household.get(row.household)
    account = ref if main is None else main.account
    member = _Known(ref, account, row.member_id, False, row.profile, opened=False)
    chunk.new_accounts.append(
        {
            "ref": ref,
            "joined_into": None if main is None else account,
            "member_id": row.member_id,
            "provisional": False,
            "standing": Standing.KNOWN.value,
            "opened": bool(row.opening),
            "created_at": chunk.at,
            "change": 0,
            **row.profile,
        }
    )
    if row.member_id is not None:
        chunk.by_id[row.member_id] = member
    if row.household is not None and main is None:
        chunk.by_household[row.household] = member
    return member


def _change(chunk: _Chunk, member: _Known, row: MemberRow) -> bool:
    opens = bool(row.opening) and not member.opened
    if member.profile == row.profile and not opens:
        return False
    if row.household is not None and member.profile["household"] is None:
        _move_in(chunk, member, row.household)
    chunk.updates.append(
        {
            "at_ref": member.ref,
            "now_opened": member.opened or opens,
            **{f"now_{name}": value for name, value in row.profile.items()},
        }
    )
    member.profile = row.profile
    return True


def _move_in(chunk: _Chunk, member: _Known, household: str) -> None:
    """Let a member share the account of its household from now on."""
    main = chunk.by_household.setdefault(household, member)
    if main.account == member.account:
        return
    chunk.joins.append((member.account, main.account))
    moved = member.account
    for known in (*chunk.by_id.values(), *chunk.by_key.values()):
        if known.account == moved:
            known.account = main.account


def _open(chunk: _Chunk, member: _Known, row: MemberRow) -> bool:
    """Give the opening balance, once in a member's life."""
    if not row.opening or member.opened:
        return False
    member.opened = True
    for ordinal, (_, unit, quantity) in enumerate(row.opening):
        parts = int(quantity * _parts_of_one(chunk, unit))
        if parts:
            entry = LedgerEntry(
                member.account, EntryKind.ADJUST, unit, parts, OPENING, rule=OPENING
            )
            chunk.openings.append((f"{OPENING}:{member.ref}", ordinal, entry))
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
    if chunk.updates:
        connection.execute(_UPDATE, chunk.updates)
    if chunk.new_cards:
        connection.execute(insert(cards), chunk.new_cards)
    if chunk.openings:
        append_many(connection, chunk.at, chunk.openings)
    for provisional, member in chunk.joins:
        join(connection, provisional, member, chunk.at)
    new = {row["ref"] for row in chunk.new_accounts if row["joined_into"] is None}
    count(connection, ACCOUNTS, len(new) - len(chunk.joins))
    touch(connection, (chunk.touched | {member for _, member in chunk.joins}) - new)


def _chunks(rows: Iterator[MemberRow | BadLine]) -> Iterator[list[MemberRow | BadLine]]:
    while chunk := list(islice(rows, LINES_PER_TRANSACTION)):
        yield chunk

"""What is derived from the journal, so that a lookup reads a few rows and no record.

`derive` is the only writer of these tables, both when a record is appended and when they are built again from the
journal; so both come to the same rows.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlite_utils import Database

from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import Holding
from edge_agent.domain.units import is_tally, keeps_lots_apart
from edge_agent.ledger.database import connect_temporary

_TABLES: Mapping[str, str] = {
    # What each record moved of each account, summed where lots are alike. No day, no lot: an empty text, since a key
    # that holds NULL would not be one.
    "lot_movements": (
        "CREATE TABLE lot_movements (account TEXT NOT NULL, seq INTEGER NOT NULL, unit TEXT NOT NULL,"
        " expires_on TEXT NOT NULL, matures_on TEXT NOT NULL, day TEXT NOT NULL, lot TEXT NOT NULL,"
        " quantity INTEGER NOT NULL,"
        " PRIMARY KEY (account, seq, unit, expires_on, matures_on, day, lot)) STRICT, WITHOUT ROWID"
    ),
    # What this till counted in all, of whichever member: for limits that hold per till.
    "till_tallies": (
        "CREATE TABLE till_tallies (unit TEXT NOT NULL, day TEXT NOT NULL, quantity INTEGER NOT NULL,"
        " PRIMARY KEY (unit, day)) STRICT, WITHOUT ROWID"
    ),
}

DERIVED_TABLES = tuple(_TABLES)
"""The tables that can be built again from the journal alone."""


class Applied(NamedTuple):
    """Which of this till's records central's figures hold: those up to `seq`, but for the `parked` ones."""

    seq: int = 0
    parked: tuple[int, ...] = ()


NOTHING_APPLIED = Applied()


class TallyAsked(NamedTuple):
    """A sum of this till's own tally over days, both included."""

    unit: str
    first: date
    last: date


def create_tables(db: Database) -> None:
    """Make the tables, empty."""
    for statement in _TABLES.values():
        db.execute(statement)


def account_of(facts: Mapping[str, Any]) -> str | None:
    """The account that a record is about, None for a customer without a card."""
    known = facts.get("facts")
    return None if known is None else known["account"] or None


def derive(
    db: Database, seq: int, record_id: str, account: str | None, entries: Sequence[Entry]
) -> None:
    """Count one record's entries; `account` is the record's own, for those that name no other."""
    moved: dict[tuple[Any, ...], int] = {}
    counted: dict[tuple[str, str], int] = {}
    for entry in entries:
        holder = entry.account or account
        if is_tally(entry.unit) and entry.day is not None:
            tally = (entry.unit, entry.day.isoformat())
            counted[tally] = counted.get(tally, 0) + entry.quantity
        if holder is None:
            continue
        # In the record that gives it a lot has no name yet: it gets that record's.
        lot = (entry.lot or record_id) if keeps_lots_apart(entry.unit) else ""
        key = (holder, entry.unit, entry.expires_on, entry.matures_on, entry.day, lot)
        moved[key] = moved.get(key, 0) + entry.quantity
    if moved:
        db.conn.executemany(
            "INSERT INTO lot_movements (seq, account, unit, expires_on, matures_on, day, lot, quantity)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (seq, holder, unit, *map(_text, days), lot, quantity)
                for (holder, unit, *days, lot), quantity in moved.items()
            ],
        )
    if counted:
        db.conn.executemany(
            "INSERT INTO till_tallies (unit, day, quantity) VALUES (?, ?, ?)"
            " ON CONFLICT (unit, day) DO UPDATE SET quantity = quantity + excluded.quantity",
            [(*key, quantity) for key, quantity in counted.items()],
        )


def _text(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def unposted(db: Database, accounts: Sequence[str], applied: Applied) -> list[Holding]:
    """What this till did to these accounts and central has not posted."""
    marks = ",".join("?" * len(accounts))
    rows = db.execute(
        "SELECT unit, sum(quantity), expires_on, matures_on, day, lot FROM lot_movements"  # noqa: S608 - marks are question marks
        f" WHERE account IN ({marks}) AND (seq > ? OR seq IN (SELECT value FROM json_each(?)))"
        " GROUP BY unit, expires_on, matures_on, day, lot",
        (*accounts, applied.seq, json.dumps(applied.parked)),
    )
    return [
        Holding(unit, quantity, _day(expires_on), _day(matures_on), _day(day), lot or None)
        for unit, quantity, expires_on, matures_on, day, lot in rows
    ]


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def till_sums(db: Database, asked: Iterable[TallyAsked]) -> list[int]:
    """What this till counted, sum by sum, in one query."""
    wanted = [(each.unit, each.first.isoformat(), each.last.isoformat()) for each in asked]
    if not wanted:
        return []
    rows = db.execute(
        "SELECT (SELECT coalesce(sum(quantity), 0) FROM till_tallies"
        " WHERE unit = value ->> 0 AND day BETWEEN value ->> 1 AND value ->> 2)"
        " FROM json_each(?) ORDER BY key",
        (json.dumps(wanted),),
    )
    return [total for (total,) in rows]


def rebuild(source: Database, target: Database) -> None:
    """Build the tables again in `target`, where they are empty, from the records in `source`."""
    for seq, record_id, body in source.execute("SELECT seq, id, body FROM records ORDER BY seq"):
        facts = json.loads(body)
        entries = [Entry.from_json(entry) for entry in facts["entries"]]
        derive(target, seq, record_id.hex(), account_of(facts), entries)


def differing_tables(db: Database) -> Iterator[str]:
    """The tables that do not hold what the records come to."""
    fresh = connect_temporary()
    try:
        create_tables(fresh)
        rebuild(db, fresh)
        for table in DERIVED_TABLES:
            if _rows(db, table) != _rows(fresh, table):
                yield table
    finally:
        fresh.close()


def _rows(db: Database, table: str) -> list[Any]:
    return sorted(db.execute(f"SELECT * FROM {table}").fetchall())  # noqa: S608 - a name of ours

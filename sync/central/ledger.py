"""The ledger of all accounts: append-only entries, and the lots that they add up to."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, case, func, insert, literal, select, update

from edge_agent.domain.entries import ALWAYS, Entry, EntryKind, Life
from edge_agent.domain.holdings import Holding
from edge_agent.domain.units import Derived, derived, is_tally, keeps_lots_apart
from sync.central.database import ForMany, next_changes, upsert
from sync.central.tables import NO_DAY, accounts, entries, lots

OVERDRAFT = "overdraft"
"""The lot of what was taken beyond what there was. It never expires: a debt that lapses would be a gift."""

NO_LOT = ""
"""The lot of all tallies: nobody takes from a tally, so which record counted need not be told apart."""


class LedgerEntry(NamedTuple):
    """One line of the ledger; `original` is the record that a reversing entry takes back."""

    account: str
    kind: EntryKind
    unit: str
    quantity: int
    lot: str
    life: Life = ALWAYS
    rule: str = ""
    line: int | None = None
    original: str | None = None


class HeldLot(NamedTuple):
    """What is in one lot of one account and unit; below 0 where more was taken back than was left."""

    lot: str
    life: Life
    quantity: int


def stored_day(day: date | None) -> str:
    """A day as the tables have it."""
    return NO_DAY if day is None else day.isoformat()


def read_day(text: str) -> date | None:
    """The inverse of `stored_day`."""
    return None if text == NO_DAY else date.fromisoformat(text)


def life_of(row: Any) -> Life:
    """The life in a row of entries or lots."""
    return Life(read_day(row.matures_on), read_day(row.expires_on), read_day(row.day))


def append(connection: Connection, source: str, at: str, new: Sequence[LedgerEntry]) -> None:
    """Write entries and move the lots along; a second time with the same source is an integrity error."""
    append_many(connection, at, [(source, ordinal, entry) for ordinal, entry in enumerate(new)])


def append_many(
    connection: Connection, at: str, new: Sequence[tuple[str, int, LedgerEntry]]
) -> None:
    """The same for entries of many sources at once, each with its ordinal in its source."""
    if not new:
        return
    rows = []
    sums: dict[tuple[str, ...], int] = {}
    for source, ordinal, entry in new:
        account, kind, unit, quantity, lot, life, rule, line, original = entry
        days = (stored_day(life.expires_on), stored_day(life.matures_on), stored_day(life.day))
        what = (account, source, ordinal, kind.value, unit, quantity, lot)
        rows.append((*what, *days, rule, line, original, at))
        key = (account, unit, NO_LOT if is_tally(unit) else lot, *days)
        sums[key] = sums.get(key, 0) + quantity
    _INSERT.execute(connection, rows)
    _ADD_TO_LOT.execute(connection, [(*key, quantity) for key, quantity in sums.items()])


_LIFE = ("expires_on", "matures_on", "day")
_LOT_KEY = ("account", "unit", "lot", *_LIFE)

_INSERT = ForMany(
    lambda _: insert(entries),
    *("account", "source", "ordinal", "kind", "unit", "quantity", "lot"),
    *_LIFE,
    *("rule", "line", "original", "at"),
)


def _add_to_lot(connection: Connection) -> Any:
    statement = upsert(connection, lots)
    return statement.on_conflict_do_update(
        index_elements=[lots.c[name] for name in _LOT_KEY],
        set_={"quantity": lots.c.quantity + statement.excluded.quantity},
    )


_ADD_TO_LOT = ForMany(_add_to_lot, *_LOT_KEY, "quantity")

_TOUCH = (
    update(accounts).where(accounts.c.ref == bindparam("touched")).values(change=bindparam("n"))
)


def touch(connection: Connection, refs: Iterable[str]) -> None:
    """Give each of these accounts a change number of its own, so that terminals hear of them."""
    touched = sorted(set(refs))
    if not touched:
        return
    numbers = next_changes(connection, len(touched))
    connection.execute(
        _TOUCH, [{"touched": ref, "n": n} for ref, n in zip(touched, numbers, strict=True)]
    )


def balance(connection: Connection, account: str) -> dict[str, int]:
    """What one account has per unit, tallies included, in the order of the units' names."""
    query = (
        select(lots.c.unit, func.sum(lots.c.quantity))
        .where(lots.c.account == account)
        .group_by(lots.c.unit)
        .order_by(lots.c.unit)
    )
    return {unit: int(quantity) for unit, quantity in connection.execute(query)}


def lots_in(connection: Connection, account: str, unit: str) -> list[HeldLot]:
    """The lots of one unit that are not at nothing."""
    rows = connection.execute(
        select(lots).where(lots.c.account == account, lots.c.unit == unit, lots.c.quantity != 0)
    )
    return [HeldLot(row.lot, life_of(row), int(row.quantity)) for row in rows]


def taking(
    held: Iterable[HeldLot], life: Life | None, quantity: int, day: date, kept: int = 0
) -> list[HeldLot]:
    """Take `quantity` (positive): how much of which lot, first from the life that the till named, if it did.

    Of lots that are usable on `day` the soonest expiring goes first, and equal ones by their ids, so that the order is
    fixed. Never more than the lots hold between them, less what is `kept` for others; the rest is an overdraft.
    """
    there = sorted(held, key=lambda each: (each.life != life, *_soonest(each)))
    usable = [each for each in there if each.life == life or _usable(each.life, day)]
    left, net = quantity, sum(each.quantity for each in usable) - kept
    taken: list[HeldLot] = []
    for each in usable:
        part = min(left, each.quantity, net)
        if part > 0:
            taken.append(each._replace(quantity=part))
            left -= part
            net -= part
    if left:
        taken.append(HeldLot(OVERDRAFT, ALWAYS, left))
    return taken


def usable_on(held: Iterable[HeldLot], day: date) -> int:
    """What can be used on `day` of these lots, debts taken off; below 0 where these are more."""
    return sum(each.quantity for each in held if _usable(each.life, day))


def _soonest(held: HeldLot) -> tuple[date, date, date, str]:
    matures_on, expires_on, day = held.life
    return (expires_on or date.max, day or date.min, matures_on or date.min, held.lot)


def _usable(life: Life, day: date) -> bool:
    return (life.expires_on is None or life.expires_on >= day) and (
        life.matures_on is None or life.matures_on <= day
    )


def placed(
    connection: Connection, account: str, source: str, entry: Entry, day: date
) -> Iterator[LedgerEntry]:
    """Where entries that central worked out itself go: what is given is a lot of its own, named by its source; what is
    taken comes from the lots of just that life."""
    of = entry.account or account
    parts = [HeldLot(source, entry.life, entry.quantity)]
    if entry.quantity < 0 and not is_tally(entry.unit):
        held = [
            each
            for each in lots_in(connection, of, entry.unit)
            if each.life == entry.life and (entry.lot is None or each.lot == entry.lot)
        ]
        taken = taking(held, entry.life, -entry.quantity, day)
        parts = [each._replace(quantity=-each.quantity) for each in taken]
    for lot, life, quantity in parts:
        yield LedgerEntry(of, entry.kind, entry.unit, quantity, lot, life, entry.rule, entry.line)


_TOLD_LOT = case(
    (lots.c.unit.startswith(derived(Derived.VOUCHER, ""), autoescape=True), lots.c.lot),
    else_=literal(NO_LOT),
)
"""Which lot it is matters only where lots are kept apart (`units.keeps_lots_apart`); the rest is summed by life."""


def holdings(connection: Connection, refs: Sequence[str]) -> Mapping[str, list[Holding]]:
    """What each account has, lots of like life summed, by unit and day of expiry."""
    told = _TOLD_LOT.label("told")
    life = (lots.c.expires_on, lots.c.matures_on, lots.c.day)
    query = (
        select(lots.c.account, lots.c.unit, *life, told, func.sum(lots.c.quantity).label("sum"))
        .where(lots.c.account.in_(refs), lots.c.quantity != 0)
        .group_by(lots.c.account, lots.c.unit, *life, told)
        .order_by(lots.c.account, lots.c.unit, *life, told)
    )
    found: dict[str, list[Holding]] = {}
    for row in connection.execute(query):
        if row.sum:
            found.setdefault(row.account, []).append(_holding(row))
    return found


def _holding(row: Any) -> Holding:
    matures_on, expires_on, day = life_of(row)
    lot = row.told if keeps_lots_apart(row.unit) else None
    return Holding(row.unit, int(row.sum), expires_on, matures_on, day, lot)


def entries_of(
    connection: Connection, record: str, refs: Collection[str] | None = None
) -> Iterator[Any]:
    """The entries that a record made, and those that took them back since, in the order they were written.

    With `refs` only those of these accounts, which their partitions can tell.
    """
    query = _OF_RECORD if refs is None else _OF_RECORD.where(entries.c.account.in_(refs))
    yield from connection.execute(query, {"record": record})


_OF_RECORD = (
    select(entries)
    .where((entries.c.source == bindparam("record")) | (entries.c.original == bindparam("record")))
    .order_by(entries.c.row)
)

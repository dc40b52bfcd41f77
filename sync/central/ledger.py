"""The ledger of all accounts: append-only entries, and the lots that they add up to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from sync.central.database import next_changes, upsert
from sync.central.tables import NEVER, accounts, entries, lots


class LedgerKind(StrEnum):
    """The kinds of entry at central: those of the tills, and those that only central makes."""

    EARN = "earn"
    REVERSE = "reverse"
    ADJUST = "adjust"
    TRANSFER = "transfer"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of the ledger. `expires_on` is ISO text, `NEVER` for points that do not expire."""

    account: str
    kind: LedgerKind
    unit: str
    quantity: int
    lot: str
    expires_on: str = NEVER
    rule: str = ""
    line: int | None = None


def append(connection: Connection, source: str, at: str, new: Sequence[LedgerEntry]) -> None:
    """Write entries and move the lots along; a second time with the same source is an integrity error."""
    if not new:
        return
    append_many(connection, at, [(source, ordinal, entry) for ordinal, entry in enumerate(new)])


def append_many(
    connection: Connection, at: str, new: Sequence[tuple[str, int, LedgerEntry]]
) -> None:
    """The same for entries of many sources at once, each with its ordinal in its source."""
    connection.execute(insert(entries), [_row(source, n, at, entry) for source, n, entry in new])
    sums: dict[tuple[str, str, str, str], int] = {}
    for _, _, entry in new:
        key = (entry.account, entry.unit, entry.lot, entry.expires_on)
        sums[key] = sums.get(key, 0) + entry.quantity
    statement = upsert(connection, lots)
    statement = statement.on_conflict_do_update(
        index_elements=[lots.c.account, lots.c.unit, lots.c.lot, lots.c.expires_on],
        set_={"quantity": lots.c.quantity + statement.excluded.quantity},
    )
    connection.execute(
        statement,
        [
            {"account": account, "unit": unit, "lot": lot, "expires_on": day, "quantity": quantity}
            for (account, unit, lot, day), quantity in sums.items()
        ],
    )


def _row(source: str, ordinal: int, at: str, entry: LedgerEntry) -> dict[str, Any]:
    return {
        "account": entry.account,
        "source": source,
        "ordinal": ordinal,
        "kind": entry.kind.value,
        "unit": entry.unit,
        "quantity": entry.quantity,
        "lot": entry.lot,
        "expires_on": entry.expires_on,
        "rule": entry.rule,
        "line": entry.line,
        "at": at,
    }


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


_OF_ORIGINAL = select(
    entries.c.unit,
    entries.c.rule,
    entries.c.line,
    entries.c.expires_on,
    entries.c.kind,
    func.sum(entries.c.quantity).label("quantity"),
).group_by(entries.c.unit, entries.c.rule, entries.c.line, entries.c.expires_on, entries.c.kind)

EarnedKey = tuple[str, str, int | None, str]
"""Unit, rule, line and expiry: what a reversal has to match."""


def earned_and_left(connection: Connection, original: str) -> dict[EarnedKey, tuple[int, int]]:
    """Per key what a record earned, and what of it has not been reversed."""
    found: dict[EarnedKey, tuple[int, int]] = {}
    query = _OF_ORIGINAL.where(
        entries.c.lot == original,
        entries.c.kind.in_([LedgerKind.EARN.value, LedgerKind.REVERSE.value]),
    )
    for row in connection.execute(query):
        key = (row.unit, row.rule, row.line, row.expires_on)
        earned, left = found.get(key, (0, 0))
        quantity = int(row.quantity)
        is_earned = row.kind == LedgerKind.EARN.value
        found[key] = (earned + (quantity if is_earned else 0), left + quantity)
    return found


def balance(connection: Connection, account: str) -> dict[str, int]:
    """Points per unit of one account."""
    query = (
        select(lots.c.unit, func.sum(lots.c.quantity))
        .where(lots.c.account == account)
        .group_by(lots.c.unit)
    )
    return {unit: int(quantity) for unit, quantity in connection.execute(query)}


def spendable_lots(connection: Connection, account: str, unit: str) -> Sequence[Any]:
    """Lots (lot, expires_on, quantity) that hold something, in the order they are used up: soonest expiry first."""
    return connection.execute(
        select(lots.c.lot, lots.c.expires_on, lots.c.quantity)
        .where(lots.c.account == account, lots.c.unit == unit, lots.c.quantity > 0)
        .order_by(case((lots.c.expires_on == NEVER, 1), else_=0), lots.c.expires_on, lots.c.lot)
    ).all()


def lots_of(
    connection: Connection, refs: Sequence[str]
) -> Mapping[str, list[tuple[str, int, str]]]:
    """What each account has, as (unit, quantity, expires_on), summed over lots of one day, soonest first."""
    query = (
        select(
            lots.c.account, lots.c.unit, lots.c.expires_on, func.sum(lots.c.quantity).label("sum")
        )
        .where(lots.c.account.in_(refs), lots.c.quantity != 0)
        .group_by(lots.c.account, lots.c.unit, lots.c.expires_on)
        .order_by(lots.c.account, lots.c.unit, lots.c.expires_on)
    )
    found: dict[str, list[tuple[str, int, str]]] = {}
    for row in connection.execute(query):
        if row.sum:
            found.setdefault(row.account, []).append((row.unit, int(row.sum), row.expires_on))
    return found

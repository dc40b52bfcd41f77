"""What takes a sale back: never more than was there, whatever the tills did offline.

A reversing entry that takes (a negative one) is for something that the sale gave: it has to be of the same account,
unit, rule, line and life, and takes from the sale's own lot. One that gives back (a positive one) is for something that
was used with the sale: of the same account, unit and rule, and it goes back into the lots that central took it from,
an overdraft first. With another life than those it is a lot of its own, for what had expired and is given some days of
grace.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_agent.domain.entries import EntryKind, Life
from sync.central.batch import Batch
from sync.central.bodies import BodyEntry, rejected
from sync.central.ledger import OVERDRAFT, HeldLot, LedgerEntry, entries_of, life_of

_Key = tuple[str, str, str, int | None, Life | None]
"""Account, unit and rule; line and life too for what was given."""


@dataclass(slots=True)
class _Moved:
    """What a sale moved under one key, and what of it has not been taken back; `lots` are what it used."""

    quantity: int
    left: int
    lots: list[HeldLot]


def reversing(
    batch: Batch, original: str, entries: Sequence[tuple[str, BodyEntry]]
) -> list[LedgerEntry]:
    """The ledger's entries for those that take the record `original` back, each with its account.

    Raises `Unpostable` when one takes or gives back more than there is, or something else.
    """
    there = _there(batch, original)
    result: list[LedgerEntry] = []
    for account, entry in entries:
        key = _key(account, entry.unit, entry.rule, entry.line, entry.life, entry.quantity < 0)
        moved = there.get(key)
        if moved is None:
            raise rejected("over-reversal")
        left = moved.left + entry.quantity
        if not min(0, moved.quantity) <= left <= max(0, moved.quantity):
            raise rejected("over-reversal")
        moved.left = left
        for lot, life, quantity in _into(moved, original, entry):
            result.append(
                LedgerEntry(
                    account,
                    EntryKind.REVERSE,
                    entry.unit,
                    quantity,
                    lot,
                    life,
                    entry.rule,
                    entry.line,
                    original,
                )
            )
    return result


def _key(account: str, unit: str, rule: str, line: int | None, life: Life, was_given: bool) -> _Key:
    return (account, unit, rule, line if was_given else None, life if was_given else None)


def _there(batch: Batch, original: str) -> dict[_Key, _Moved]:
    """Per key what the record moved and what is left of it, earlier reversals taken off."""
    there: dict[_Key, _Moved] = {}
    for row in entries_of(batch.connection, original):
        account = batch.account_of(row.account) or row.account
        if row.source == original:
            key = _key(account, row.unit, row.rule, row.line, life_of(row), row.quantity > 0)
            moved = there.setdefault(key, _Moved(0, 0, []))
            moved.quantity += row.quantity
            moved.left += row.quantity
            if row.quantity < 0:
                moved.lots.append(HeldLot(row.lot, life_of(row), -row.quantity))
            continue
        key = _key(account, row.unit, row.rule, row.line, life_of(row), row.quantity < 0)
        there[key].left += row.quantity
        if row.quantity > 0:
            _give(there[key].lots, [HeldLot(row.lot, life_of(row), row.quantity)])
    return there


def _give(lots: list[HeldLot], back: Iterable[HeldLot]) -> None:
    """Take off what went back already; what had a lot of its own is not among them."""
    for given in back:
        for number, lot in enumerate(lots):
            if (lot.lot, lot.life) == (given.lot, given.life):
                lots[number] = lot._replace(quantity=max(0, lot.quantity - given.quantity))
                break


def _into(moved: _Moved, original: str, entry: BodyEntry) -> list[HeldLot]:
    """Into which lots a reversing entry goes."""
    if entry.quantity <= 0:
        return [HeldLot(original, entry.life, entry.quantity)]
    left = entry.quantity
    result: list[HeldLot] = []
    fitting = [each for each in moved.lots if each.lot == OVERDRAFT or each.life == entry.life]
    for lot in sorted(fitting, key=lambda each: (each.lot != OVERDRAFT, each.lot != entry.lot)):
        part = min(left, lot.quantity)
        if part:
            result.append(lot._replace(quantity=part))
            left -= part
    if left:
        result.append(HeldLot(original, entry.life, left))
    _give(moved.lots, result)
    return result

"""What takes a sale back: never more than was there, whatever the tills did offline.

A reversing entry that takes (a negative one) is for something that the sale gave: it has to be of the same account,
unit, rule and line. It takes from the sale's own lots, or, where it names another life (a programme may have pending
points go first), from other lots of that life as far as these hold it by now. One that gives back (a positive one) is
for something that was used with the sale: of the same account, unit and rule, and it goes back into the lots that
central took it from, an overdraft first. With another life than those it is a lot of its own, for what had expired and
is given some days of grace.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.units import is_tally
from sync.central.batch import Batch
from sync.central.bodies import rejected
from sync.central.ledger import OVERDRAFT, HeldLot, LedgerEntry, entries_of, life_of, lots_in

_Key = tuple[str, str, str, int | None, bool]
"""Account, unit and rule; the line too for what was given; and whether it was given."""


@dataclass(slots=True)
class _Moved:
    """What a record, the `source`, moved under one key, and what of it has not been taken back.

    `lots` are what it gave or used, less what went back there.
    """

    source: str
    quantity: int
    left: int
    lots: list[HeldLot]


def reversing(
    batch: Batch, sources: Sequence[str], entries: Sequence[tuple[str, Entry]]
) -> list[LedgerEntry]:
    """The ledger's entries for those that take back what the records `sources` moved, each with its account.

    The first of them is the one that gave; others used something with the same sale.
    Raises `Unpostable` when one takes or gives back more than there is, or something else.
    """
    if not entries:
        return []
    names = batch.names_of({account for account, _ in entries})
    there = {
        key: moved for source in sources for key, moved in _there(batch, source, names).items()
    }
    taken = _Taking(batch, sources[0])
    result: list[LedgerEntry] = []
    for account, entry in entries:
        key = _key(account, entry.unit, entry.rule, entry.line, entry.quantity < 0)
        moved = there.get(key)
        if moved is None:
            raise rejected("over-reversal")
        left = moved.left + entry.quantity
        if not min(0, moved.quantity) <= left <= max(0, moved.quantity):
            raise rejected("over-reversal")
        moved.left = left
        goes = (
            _given_back(moved, entry) if entry.quantity > 0 else taken.out_of(moved, account, entry)
        )
        for lot, life, quantity in goes:
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
                    moved.source,
                )
            )
    return result


def _key(account: str, unit: str, rule: str, line: int | None, was_given: bool) -> _Key:
    return (account, unit, rule, line if was_given else None, was_given)


def _there(batch: Batch, original: str, names: Collection[str]) -> dict[_Key, _Moved]:
    """Per key what the record moved and what is left of it, earlier reversals taken off."""
    there: dict[_Key, _Moved] = {}
    for row in entries_of(batch.connection, original, names):
        account = batch.account_of(row.account) or row.account
        moves = row.source == original
        key = _key(account, row.unit, row.rule, row.line, (row.quantity > 0) == moves)
        moved = there.setdefault(key, _Moved(original, 0, 0, []))
        moved.left += row.quantity
        lot = HeldLot(row.lot, life_of(row), abs(row.quantity))
        if moves:
            moved.quantity += row.quantity
            moved.lots.append(lot)
        else:
            _take_off(moved.lots, [lot])
    return there


def _take_off(lots: list[HeldLot], gone: Iterable[HeldLot]) -> None:
    """Take off what went back already; what had a lot of its own is not among them."""
    for each in gone:
        left = each.quantity
        for number, lot in enumerate(lots):
            if (lot.lot, lot.life) == (each.lot, each.life):
                part = min(left, lot.quantity)
                left -= part
                lots[number] = lot._replace(quantity=lot.quantity - part)


def _given_back(moved: _Moved, entry: Entry) -> list[HeldLot]:
    """Into which lots what was used goes back."""
    fitting = [each for each in moved.lots if each.lot == OVERDRAFT or each.life == entry.life]
    fitting.sort(key=lambda each: (each.lot != OVERDRAFT, each.lot != entry.lot))
    result, left = _parts(fitting, entry.quantity)
    if left:
        result.append(HeldLot(moved.source, entry.life, left))
    _take_off(moved.lots, result)
    return result


def _parts(lots: Iterable[HeldLot], quantity: int) -> tuple[list[HeldLot], int]:
    """So much of these lots, in their order, and what they do not have."""
    parts = []
    for lot in lots:
        part = min(quantity, lot.quantity)
        if part > 0:
            parts.append(lot._replace(quantity=part))
            quantity -= part
    return parts, quantity


class _Taking:
    """Out of which lots the entries of one return take what the sale gave."""

    def __init__(self, batch: Batch, original: str) -> None:
        self._batch = batch
        self._original = original
        self._others: dict[tuple[str, str], list[HeldLot]] = {}

    def out_of(self, moved: _Moved, account: str, entry: Entry) -> list[HeldLot]:
        """The lots that a negative entry takes from, each with a negative quantity."""
        taken, left = _parts(
            [each for each in moved.lots if each.life == entry.life], -entry.quantity
        )
        _take_off(moved.lots, taken)
        if left and is_tally(entry.unit):
            # A tally has no lots that could run out: what counts for a period comes off the period of the return.
            taken.append(HeldLot(self._original, entry.life, left))
        elif left:
            held = self._others_of(account, entry)
            others, left = _parts([each for each in held if each.life == entry.life], left)
            _take_off(held, others)
            rest, _ = _parts(moved.lots, left)
            _take_off(moved.lots, rest)
            taken += (*others, *rest)
        return [each._replace(quantity=-each.quantity) for each in taken]

    def _others_of(self, account: str, entry: Entry) -> list[HeldLot]:
        key = (account, entry.unit)
        if key not in self._others:
            held = lots_in(self._batch.connection, account, entry.unit)
            self._others[key] = [each for each in held if each.lot != self._original]
        return self._others[key]

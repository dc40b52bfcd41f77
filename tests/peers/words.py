"""The words of the cases for what comes out here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from edge_agent.domain.basket import Basket
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.programme import Evaluation

Actual = dict[str, Any]
"""What came of a step, by the keys of `expect`."""


def summed_up(entries: Iterable[Entry], unit: str, kind: EntryKind | None = None) -> int:
    """The sum of a unit, or of all of a derived kind where `unit` ends in a stroke."""
    return sum(
        each.quantity
        for each in entries
        if (each.unit == unit or (unit.endswith("/") and each.unit.startswith(unit)))
        and kind in {None, each.kind}
    )


def pending_of(holdings: Iterable[Holding], today: date) -> int:
    return sum(
        each.quantity
        for each in holdings
        if each.unit == "points" and each.matures_on is not None and each.matures_on > today
    )


def tenths(quantity: int) -> Decimal:
    return Decimal(quantity) / 10


def free_units(evaluation: Evaluation, bought: Basket) -> int:
    added = sum(each.quantity for each in evaluation.free_units())
    if added:
        return int(added)
    free = Decimal(0)
    for line in bought.lines:
        off = evaluation.off().get(line.number, 0)
        if off and line.amount:
            free += line.quantity * off / line.amount
    return int(free)


def our_codes(
    codes: Mapping[str, str],
    needed: Mapping[str, str],
    shown: Sequence[str],
    apply: Sequence[str] | None,
) -> Iterable[str]:
    """Our codes of the promotions that are to apply: in the order given, with the code that they ask for."""
    if apply is not None:
        for neutral in apply:
            if needed.get(neutral) is None or needed[neutral] in shown:
                yield codes[neutral]
        return
    for code in shown:
        yield from (codes[neutral] for neutral, wanted in needed.items() if wanted == code)

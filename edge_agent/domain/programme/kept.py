"""A sale of which something came back: what was kept of it, and what is paid back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from edge_agent.domain.basket import Basket, Line, ReturnedLine, Tender
from edge_agent.domain.entries import Entry
from edge_agent.domain.money import apportion
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import Reduction

MEASURE_STEP = Decimal("0.000001")
"""The kept part of a measure is exact to a millilitre of a cubic metre; finer is below what any pump counts."""

NOTHING_BACK: Fraction = Fraction(0)
ALL_BACK: Fraction = Fraction(1)


class OverReturned(ValueError):
    """More of `line` would come back than the `left` that was bought and has not come back yet."""

    def __init__(self, line: int, left: Decimal) -> None:
        super().__init__(f"of line {line} at most {left} can come back")
        self.line = line
        self.left = left


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale as its record has it: everything that it was worked out from, and what came of it.

    `record` is the record's id (32 hex digits), which is the lot of everything that it gave; `at` (aware) is the time
    that it was worked out for.
    """

    record: str
    at: datetime
    sale: Recorded

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "Sold":
        """From the body of a sale's record."""
        sale = Recorded.from_body(body)
        return cls(body["id"], sale.quoted_at or datetime.fromisoformat(body["at"]), sale)

    def with_card(self, body: Mapping[str, Any]) -> "Sold":
        """The sale once a card was attached to it, from the body of that record: it earned, the sale used.

        What others' vouchers paid was used with the sale. What the till counted for itself stays counted: it is no
        part of what the member's goods come back for.
        """
        found = Sold.from_body(body)
        used = (each for each in self.sale.entries if each.account is not None)
        entries = (*used, *found.sale.entries)
        return replace(found, sale=replace(found.sale, entries=entries))


@dataclass(frozen=True, slots=True)
class Returned:
    """One return or void of that sale, as its record has it.

    `settled` are entries that were not made since the programme lets them go, or took their value off the refund; they
    count as made, so that no later return asks for them again.
    """

    lines: tuple[ReturnedLine, ...]
    entries: tuple[Entry, ...] = ()
    settled: tuple[Entry, ...] = ()

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "Returned":
        """From the body of a return's or a void's record."""
        said = body[body["kind"]]
        return cls(
            tuple(ReturnedLine(each["line"], Decimal(each["quantity"])) for each in said["lines"]),
            tuple(Entry.from_json(each) for each in body["entries"]),
            tuple(Entry.from_json(each) for each in said.get("settled", ())),
        )


class Refund(NamedTuple):
    """What is paid back for the returned part of one line, in minor units; `deducted` is already off `amount`."""

    line: int
    amount: int
    deducted: int = 0


@dataclass(frozen=True)
class Back:
    """How much of each line has come back in all, at one moment between returns."""

    sold: Sold
    quantities: Mapping[int, Decimal]

    @classmethod
    def after(cls, sold: Sold, returns: Iterable[Sequence[ReturnedLine]]) -> "Back":
        """After these returns. Raises OverReturned, or KeyError for a line that the sale does not have."""
        bought = {line.number: line.quantity for line in sold.sale.basket.lines}
        quantities: dict[int, Decimal] = {}
        for lines in returns:
            for line in lines:
                before = quantities.get(line.number, Decimal(0))
                if line.quantity > bought[line.number] - before:
                    raise OverReturned(line.number, bought[line.number] - before)
                quantities[line.number] = before + line.quantity
        return cls(sold, quantities)

    def left(self, line: Line) -> Decimal:
        """How much of a line can still come back."""
        return line.quantity - self.quantities.get(line.number, Decimal(0))

    @property
    def is_everything(self) -> bool:
        """Whether nothing was kept."""
        return all(self.left(line) <= 0 for line in self.sold.sale.basket.lines)

    @cached_property
    def shares(self) -> Mapping[int, Fraction]:
        """Of each line the share that has come back, from 0 to 1."""
        return {line.number: self._share(line) for line in self.sold.sale.basket.lines}

    def _share(self, line: Line) -> Fraction:
        if self.left(line) <= 0:
            return ALL_BACK
        return Fraction(self.quantities.get(line.number, Decimal(0))) / Fraction(line.quantity)

    @cached_property
    def paid(self) -> Mapping[int, int]:
        """What was paid for each line after what the programme took off, in minor units."""
        paid = {line.number: line.amount for line in self.sold.sale.basket.lines}
        for line, amount, _, _ in self.sold.sale.reductions:
            paid[line] -= amount
        return paid

    def share_of(self, amounts: Iterable[tuple[int, int]]) -> Fraction:
        """The share of these amounts (of lines, in minor units) that has come back; of nothing, all or nothing."""
        whole, back = 0, NOTHING_BACK
        for line, amount in amounts:
            whole += amount
            back += amount * self.shares[line]
        if self.is_everything:
            return ALL_BACK
        return min(max(back / whole, NOTHING_BACK), ALL_BACK) if whole > 0 else NOTHING_BACK

    @property
    def share_of_sale(self) -> Fraction:
        """The share of what was paid that has come back."""
        return self.share_of(self.paid.items())

    def refunded(self) -> dict[int, int]:
        """What was paid for what has come back, by line, in minor units; the whole line is exactly what it cost."""
        return {line: int(amount * self.shares[line]) for line, amount in self.paid.items()}

    def kept_basket(self) -> Basket:
        """The basket of what was kept, each amount by its share; means of payment shrink with the total."""
        basket = self.sold.sale.basket
        lines = tuple(
            _part(line, self.left(line), self.shares[line.number])
            for line in basket.lines
            if self.left(line) > 0
        )
        total = sum(line.amount for line in lines)
        return replace(basket, lines=lines, total=total, tenders=_tenders(basket, total))

    def kept_reductions(self) -> list[Reduction]:
        """What is off the kept part of each line."""
        return [
            each._replace(amount=_less(each.amount, self.shares[each.line]))
            for each in self.sold.sale.reductions
            if self.shares[each.line] < 1
        ]


def refunds(before: Back, after: Back) -> list[Refund]:
    """What is to be paid back for what came back between two moments."""
    earlier = before.refunded()
    return [
        Refund(line, amount - earlier[line])
        for line, amount in after.refunded().items()
        if after.quantities.get(line) != before.quantities.get(line)
    ]


def _part(line: Line, quantity: Decimal, back: Fraction) -> Line:
    measure = line.measure
    if measure is not None:
        measure = (measure * quantity / line.quantity).quantize(MEASURE_STEP)
    return replace(
        line,
        quantity=quantity,
        amount=_less(line.amount, back),
        discount=_less(line.discount, back),
        levy=_less(line.levy, back),
        measure=measure,
    )


def _less(amount: int, back: Fraction) -> int:
    """What is left of an amount when that share came back; towards zero for the part that comes back."""
    return amount - int(amount * back)


def _tenders(basket: Basket, total: int) -> tuple[Tender, ...]:
    amounts = [tender.amount for tender in basket.tenders]
    if not amounts or total < 0 or min(amounts) < 0:
        return (
            basket.tenders
        )  # not told, or change was given: no share says how the kept part was paid
    parts = apportion(total, amounts)
    return tuple(Tender(each.type, part) for each, part in zip(basket.tenders, parts, strict=True))

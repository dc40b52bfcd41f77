"""Taking money off lines: so much of them as may come off, spread over them exactly.

Nothing is taken off a fixed levy (a bottle deposit), and no line is taken below it. A negative line is a reduction that
was made by hand: it lowers what may still be taken off the others.
"""

from collections.abc import Mapping, Sequence
from math import lcm
from typing import NamedTuple

from edge_agent.domain.basket import Line
from edge_agent.domain.money import apportion, net_of_tax
from edge_agent.domain.programme.matching import Lines
from edge_agent.domain.programme.situation import FreeUnits, Reduction, Situation, Worked
from edge_agent.domain.programme.tax import Tax


class Taken(NamedTuple):
    """What comes off, by line number, in minor units; and what the till adds for nothing."""

    parts: Mapping[int, int]
    free: tuple[FreeUnits, ...] = ()

    @property
    def total(self) -> int:
        """All of it, in minor units."""
        return sum(self.parts.values())

    @property
    def is_nothing(self) -> bool:
        """Whether it comes to nothing at all."""
        return not self.free and not any(self.parts.values())

    def reductions(self, rule: str, *, own: bool) -> tuple[Reduction, ...]:
        """The parts as the reductions of a rule."""
        return tuple(
            [Reduction(number, part, rule, own) for number, part in self.parts.items() if part]
        )


NOTHING_TAKEN = Taken({})


def amount_off(
    amount: int, selected: Sequence[Line], situation: Situation, worked: Worked
) -> Taken:
    """Take `amount` minor units off these lines, as far as they go, in proportion to what is left to pay for them."""
    rooms = situation.rooms(selected, worked)
    parts = apportion(min(amount, sum(rooms)), rooms)
    return spread(list(zip(selected, parts, strict=True)), None, selected, situation, worked)


def room_in_all(selected: Sequence[Line], situation: Situation, worked: Worked) -> int:
    """What may still be taken off these lines together: no more than the sale as a whole bears."""
    of_these = sum(situation.rooms(selected, worked))
    if not Lines.of(situation.sold).below_zero:
        return of_these  # without reductions by hand the others bear no less
    of_these += by_hand(selected, situation)
    of_sale = sum(situation.rooms(situation.sold, worked))
    return max(0, min(of_these, of_sale + by_hand(situation.sold, situation)))


def by_hand(lines: Sequence[Line], situation: Situation) -> int:
    """What reductions by hand took off already, 0 or below; a deposit that is paid back is excluded and is none."""
    if not Lines.of(situation.sold).below_zero:
        return 0
    return sum(
        line.amount for line in lines if line.amount < 0 and line.number not in situation.most_off
    )


def pieces(line: Line) -> int:
    """The units of a line: whole pieces; a line that is weighed or measured is one."""
    return int(line.quantity) if line.quantity == int(line.quantity) and line.quantity > 0 else 1


class Portion(NamedTuple):
    """Some units of a line: what is to pay for them without levies, and what of it may be taken off."""

    line: Line
    units: int
    payable: int
    room: int


def takeable(lines: Sequence[Line], situation: Situation, worked: Worked) -> list[Portion]:
    """The lines that something may be taken off, each with all of its units."""
    return [
        Portion(line, pieces(line), worked.net(line) - line.levy, room)
        for line, room in zip(lines, situation.rooms(lines, worked), strict=True)
        if room > 0
    ]


def cheapest_first(
    whole: Sequence[Portion], units: int, tax: Tax, *, dearest: bool = False
) -> list[Portion]:
    """So many units, those with the lowest price first (or the highest), each line's share rounded down."""

    # Unit prices are compared as whole numbers of a common part, which is exact and much faster than fractions.
    common = lcm(*(each.units for each in whole))

    def unit_price(of: Portion) -> int:
        net = of.payable if tax is Tax.INCLUDED else net_of_tax(of.payable, of.line.tax_rate)
        return net * (common // of.units)

    found: list[Portion] = []
    for each in sorted(whole, key=unit_price, reverse=dearest):
        part = min(units, each.units)
        if part <= 0:
            break
        units -= part
        payable, room = each.payable * part // each.units, each.room * part // each.units
        found.append(Portion(each.line, part, payable, room))
    return found


def spread(
    wanted: Sequence[tuple[Line, int]],
    limit: int | None,
    selected: Sequence[Line],
    situation: Situation,
    worked: Worked,
) -> Taken:
    """What is wanted off each line, all of it scaled down together where there is not as much to take."""
    weights = [part for _, part in wanted]
    in_full = sum(weights)
    total = in_full if limit is None else min(in_full, limit)
    if by_hand(situation.sold, situation):
        total = min(total, room_in_all(selected, situation, worked))
    if total <= 0:
        return NOTHING_TAKEN
    parts = weights if total == in_full else apportion(total, weights)
    return Taken({line.number: part for (line, _), part in zip(wanted, parts, strict=True) if part})

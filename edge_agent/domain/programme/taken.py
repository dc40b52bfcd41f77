"""Taking money off lines: so much of them as may come off, spread over them exactly.

Nothing is taken off a fixed levy (a bottle deposit), and no line is taken below it. A negative line is a reduction that
was made by hand: it lowers what may still be taken off the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

from edge_agent.domain.basket import Line
from edge_agent.domain.money import apportion, net_of_tax
from edge_agent.domain.programme.situation import FreeUnits, Reduction, Situation, Worked
from edge_agent.domain.programme.tax import Tax


@dataclass(slots=True)
class Taken:
    """What comes off each of some lines, in minor units, and what the till adds for nothing."""

    lines: Sequence[Line]
    amounts: Sequence[int]
    free: tuple[FreeUnits, ...] = ()

    @property
    def total(self) -> int:
        """All of it, in minor units."""
        return sum(self.amounts)

    @property
    def is_nothing(self) -> bool:
        """Whether it comes to nothing at all."""
        return not any(self.amounts) and not self.free

    def reductions(self, rule: str, *, own: bool) -> tuple[Reduction, ...]:
        """What is off each line that something is off, as the reductions of a rule."""
        new, found = tuple.__new__, []  # as in `entries_by_line`
        for place, amount in enumerate(self.amounts):
            if amount:
                facts = (self.lines[place].number, amount, rule, own)
                found.append(new(Reduction, facts))
        return tuple(found)


NOTHING_TAKEN = Taken((), ())


def amount_off(
    amount: int, selected: Sequence[Line], situation: Situation, worked: Worked
) -> Taken:
    """Take `amount` minor units off these lines, as far as they go, in proportion to what is left to pay for them."""
    rooms = situation.takeable(selected, worked)[1]
    parts = apportion(min(amount, sum(rooms)), rooms)
    return spread(selected, parts, None, selected, situation, worked)


def room_in_all(selected: Sequence[Line], situation: Situation, worked: Worked) -> int:
    """What may still be taken off these lines together: no more than the sale as a whole bears."""
    of_these = sum(situation.takeable(selected, worked)[1])
    if not situation.sold.below_zero:
        return of_these  # without reductions by hand the others bear no less
    of_these += by_hand(selected, situation)
    of_sale = sum(situation.takeable(situation.sold, worked)[1])
    return max(0, min(of_these, of_sale + by_hand(situation.sold, situation)))


def by_hand(lines: Sequence[Line], situation: Situation) -> int:
    """What reductions by hand took off already, 0 or below; a deposit that is paid back is excluded and is none."""
    if not situation.sold.below_zero:
        return 0
    return sum(
        line.amount for line in lines if line.amount < 0 and line.number not in situation.most_off
    )


def pieces(line: Line) -> int:
    """The units of a line: whole pieces; a line that is weighed or measured is one."""
    return int(line.quantity) if line.quantity == int(line.quantity) and line.quantity > 0 else 1


@dataclass(slots=True)
class Portions:
    """Units of some lines, in columns: what is to pay for them without levies, and what of it may be taken off.

    Without `units` they are all that the lines have; most discounts never ask how many these are.
    """

    lines: Sequence[Line]
    payable: Sequence[int]
    rooms: Sequence[int]
    units: Sequence[int] | None = None

    def counted(self) -> Sequence[int]:
        """How many units of each line."""
        return [pieces(line) for line in self.lines] if self.units is None else self.units


def takeable(lines: Sequence[Line], situation: Situation, worked: Worked) -> Portions:
    """The lines that something may be taken off, each with all of its units."""
    payable, rooms = situation.takeable(lines, worked)
    if 0 not in rooms:
        return Portions(lines, payable, rooms)
    places = [place for place, room in enumerate(rooms) if room]
    return Portions(
        [lines[place] for place in places],
        [payable[place] for place in places],
        [rooms[place] for place in places],
    )


def cheapest_first(whole: Portions, units: int, tax: Tax, *, dearest: bool = False) -> Portions:
    """So many units, those with the lowest price first (or the highest), each line's share rounded down."""
    there = whole.counted()
    # Unit prices are compared as whole numbers of a common part, which is exact and much faster than fractions.
    common = lcm(*there)

    def unit_price(of: int) -> int:
        net = whole.payable[of]
        if tax is Tax.EXCLUDED:
            net = net_of_tax(net, whole.lines[of].tax_rate)
        return net * (common // there[of])

    places, parts = [], []
    for place in sorted(range(len(there)), key=unit_price, reverse=dearest):
        if units <= 0:
            break
        places.append(place)
        parts.append(min(units, there[place]))
        units -= parts[-1]
    return Portions(
        [whole.lines[place] for place in places],
        [whole.payable[at] * part // there[at] for at, part in zip(places, parts, strict=True)],
        [whole.rooms[at] * part // there[at] for at, part in zip(places, parts, strict=True)],
        parts,
    )


def spread(
    lines: Sequence[Line],
    wanted: Sequence[int],
    limit: int | None,
    selected: Sequence[Line],
    situation: Situation,
    worked: Worked,
) -> Taken:
    """What is wanted off each of `lines`, all of it scaled down together where there is not as much to take."""
    in_full = sum(wanted)
    total = in_full if limit is None else min(in_full, limit)
    if situation.sold.below_zero and by_hand(situation.sold, situation):
        total = min(total, room_in_all(selected, situation, worked))
    if total <= 0:
        return NOTHING_TAKEN
    parts = wanted if total == in_full else apportion(total, wanted)
    return Taken(lines, parts)

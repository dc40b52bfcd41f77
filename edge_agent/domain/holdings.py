"""What an account has: everything that can be had is lots of a unit, summed where they are alike."""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple


class Holding(NamedTuple):
    """So much of one unit with one life, as central posted it; or a change by this till, then it may be negative.

    `lot` (32 hex digits) is kept only for units whose lots are told apart, such as vouchers. `day` is the day of a
    tally, or of an earning where the unit is used up oldest first; None where days do not matter or are long past.
    """

    unit: str
    quantity: int
    expires_on: date | None = None
    matures_on: date | None = None
    day: date | None = None
    lot: str | None = None

    def usable_on(self, today: date) -> bool:
        """Whether it can be used on that day: matured and not expired."""
        return (self.expires_on is None or self.expires_on >= today) and (
            self.matures_on is None or self.matures_on <= today
        )

    def lapsed_on(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires_on is not None and self.expires_on < today

    def to_json(self) -> list[Any]:
        """`[unit, quantity, expires_on, matures_on, day, lot]`, without the Nones at the end."""
        days = (self.expires_on, self.matures_on, self.day)
        facts = [
            self.unit,
            self.quantity,
            *(None if each is None else each.isoformat() for each in days),
            self.lot,
        ]
        while facts[-1] is None:
            facts.pop()
        return facts

    @classmethod
    def from_json(cls, facts: Sequence[Any]) -> "Holding":
        """The inverse of `to_json`."""
        padded = [*facts, None, None, None, None]
        return cls(
            padded[0], padded[1], _day(padded[2]), _day(padded[3]), _day(padded[4]), padded[5]
        )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


class Consume(StrEnum):
    """Which lots of a unit are used up first. Equal ones go by their ids, so that every machine takes the same."""

    SOONEST_EXPIRING = "soonest-expiring"
    OLDEST = "oldest"
    NEWEST = "newest"


def summed(holdings: Iterable[Holding]) -> tuple[Holding, ...]:
    """Like holdings added up, without those that come to nothing, in one order."""
    sums: dict[tuple[Any, ...], int] = {}
    for unit, quantity, *life in holdings:
        key = (unit, *life)
        sums[key] = sums.get(key, 0) + quantity
    found = (Holding(key[0], quantity, *key[1:]) for key, quantity in sums.items() if quantity)
    return tuple(sorted(found, key=_soonest))


def usable(holdings: Iterable[Holding], unit: str, today: date) -> int:
    """How much of `unit` can be used today; below 0 where more was taken than there was."""
    own = [each for each in holdings if each.unit == unit]
    if all(
        each.quantity >= 0 for each in own
    ):  # nothing is owed, so like lots need not be added up first
        return sum(each.quantity for each in own if each.usable_on(today))
    return sum(each.quantity for each in _open(own, unit, today))


def taking(
    holdings: Iterable[Holding], unit: str, quantity: int, today: date, consume: Consume
) -> list[Holding]:
    """Take `quantity` of `unit` from what is usable: how much of which holding.

    What more is asked than there is comes last, from a holding without expiry; the caller decides whether that may be.
    """
    left = quantity
    taken: list[Holding] = []
    open_ones = _open(holdings, unit, today)
    # A debt in one lot is no reason to take more from the others than they have between them.
    debt = -sum(each.quantity for each in open_ones if each.quantity < 0)
    for holding in sorted((each for each in open_ones if each.quantity > 0), key=_ORDERS[consume]):
        owed = min(debt, holding.quantity)
        debt -= owed
        part = min(left, holding.quantity - owed)
        if part > 0:
            taken.append(holding._replace(quantity=part))
            left -= part
    if left > 0:
        taken.append(Holding(unit, left))
    return taken


def _open(holdings: Iterable[Holding], unit: str, today: date) -> list[Holding]:
    """What can be used, and what is owed: a debt does not wait until the lot that it is of matures."""
    return [
        each
        for each in summed(each for each in holdings if each.unit == unit)
        if each.usable_on(today) or (each.quantity < 0 and not each.lapsed_on(today))
    ]


def _soonest(holding: Holding) -> tuple[Any, ...]:
    return (holding.unit, holding.expires_on or date.max, holding.day or date.min, *_rest(holding))


def _oldest(holding: Holding) -> tuple[Any, ...]:
    return (holding.day or date.min, holding.expires_on or date.max, *_rest(holding))


def _newest(holding: Holding) -> tuple[Any, ...]:
    return (-(holding.day or date.min).toordinal(), holding.expires_on or date.max, *_rest(holding))


def _rest(holding: Holding) -> tuple[Any, ...]:
    return (holding.matures_on or date.min, holding.lot or "", holding.quantity)


_ORDERS = {
    Consume.SOONEST_EXPIRING: _soonest,
    Consume.OLDEST: _oldest,
    Consume.NEWEST: _newest,
}

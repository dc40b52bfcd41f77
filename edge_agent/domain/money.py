"""Integers and exact fractions; no binary float ever touches money, points or quantities."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, Self

CURRENCIES = frozenset({"EUR"})
"""ISO 4217 codes whose minor unit we know; the shops that this is built for sell in euro."""

MINOR_DECIMALS = 2
"""How many decimals the minor unit of these currencies is: a euro has 100 cents."""

AMOUNT_MAX_MINOR = 100_000_000
"""A million euro in one till sale is a typing mistake, not a sale; the bound also keeps sums in 64 bits."""


_SORTED_FROM = 4
"""Looking for the largest number so many times takes as long as sorting a few lines of a basket; mostly it is once."""

_EXACT_KEPT = 4096
"""A programme has few different numbers, and a till sees the same ones at every sale."""


class Rounding(StrEnum):
    """How a fraction of a point becomes whole points."""

    FLOOR = "floor"
    HALF_UP = "half-up"
    HALF_EVEN = "half-even"
    CEIL = "ceil"


def rounded(value: Fraction | int, rounding: Rounding) -> int:
    """Round `value` to an integer; half-up rounds halves away from zero, as accountants do."""
    return _ROUNDINGS[rounding](value.numerator, value.denominator)


def _floor(numerator: int, denominator: int) -> int:
    return numerator // denominator


def _ceil(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def _half_even(numerator: int, denominator: int) -> int:
    below, rest = divmod(numerator, denominator)
    return below + (2 * rest > denominator or (2 * rest == denominator and below % 2 == 1))


def _half_up(numerator: int, denominator: int) -> int:
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


_ROUNDINGS: Mapping[Rounding, Callable[[int, int], int]] = {
    Rounding.FLOOR: _floor,
    Rounding.HALF_UP: _half_up,
    Rounding.HALF_EVEN: _half_even,
    Rounding.CEIL: _ceil,
}


class Share(NamedTuple):
    """So much of every one, rounded in one way, as a rule has it ready: `Share.of(Fraction(1, 10), Rounding.FLOOR)`."""

    numerator: int
    denominator: int
    rounds: Callable[[int, int], int]

    @classmethod
    def of(cls, one: Fraction, rounding: Rounding) -> Self:
        """The share that gives `one` for one."""
        return cls(one.numerator, one.denominator, _ROUNDINGS[rounding])

    def taken(self, whole: int | Fraction) -> int:
        """The share of a whole, rounded: as their product would be, which takes several times longer to make."""
        return self.rounds(whole.numerator * self.numerator, whole.denominator * self.denominator)

    def split(self, weights: Sequence[int]) -> list[int]:
        """The share of all weights together, rounded once and split over them."""
        return apportion(self.taken(sum(weights)), weights)


@lru_cache(_EXACT_KEPT)
def fraction(value: Decimal | int | str) -> Fraction:
    """Read an exact decimal, as programme files and quantities have them."""
    return Fraction(Decimal(value))


@lru_cache(_EXACT_KEPT)
def whole_parts(units: Decimal | int, scale: int) -> int:
    """So many of a unit in its smallest parts, of which `scale` make one; what is less than a part is a whole one."""
    return rounded(fraction(units) * scale, Rounding.CEIL)


def net_of_tax(amount: int, tax_rate: str | None) -> int:
    """An amount without the tax in it, halves away from zero; `tax_rate` is a percentage such as "21"."""
    if not tax_rate or not amount:
        return amount
    return rounded(amount / (1 + fraction(tax_rate) / 100), Rounding.HALF_UP)


_NEGATIVE = "only what is not negative can be split over weights that are not negative"


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` over `weights` (none negative) so that the parts add up to it exactly.

    Largest remainder (Hamilton): each part is its exact share rounded down, and what is left goes to the
    largest remainders, equal ones in the order given. With no weight at all nothing can be split fairly,
    and the first part takes everything. Raises ValueError for a negative total or weight.
    """
    whole = sum(weights)
    if total < 0 or (whole <= 0 and min(weights, default=0) < 0):
        raise ValueError(_NEGATIVE)
    if whole == 0:
        if total and not weights:
            raise ValueError("nothing to split the total over")
        return [total, *weights[1:]] if weights else []
    parts, remainders, left = [], [], total
    for weight in weights:
        if weight < 0:
            raise ValueError(_NEGATIVE)
        part, remainder = divmod(total * weight, whole)
        parts.append(part)
        remainders.append(remainder)
        left -= part
    if left > _SORTED_FROM:
        by_remainder = sorted(range(len(parts)), key=remainders.__getitem__, reverse=True)
        for place in by_remainder[:left]:
            parts[place] += 1
        return parts
    for _ in range(left):
        place = remainders.index(max(remainders))
        parts[place] += 1
        remainders[place] = -1
    return parts

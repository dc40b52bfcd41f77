"""Integers and exact fractions; no binary float ever touches money, points or quantities."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

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
    return _rounded(value.numerator, value.denominator, rounding)


def rounded_share(whole: int, share: Fraction, rounding: Rounding) -> int:
    """The share of a whole, rounded; the same as rounding their product, which is several times slower to make."""
    return _rounded(whole * share.numerator, share.denominator, rounding)


def _rounded(numerator: int, denominator: int, rounding: Rounding) -> int:
    if rounding is Rounding.FLOOR:
        return numerator // denominator
    if rounding is Rounding.CEIL:
        return -(-numerator // denominator)
    if rounding is Rounding.HALF_EVEN:
        below, rest = divmod(numerator, denominator)
        return below + (2 * rest > denominator or (2 * rest == denominator and below % 2 == 1))
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


@lru_cache(_EXACT_KEPT)
def fraction(value: Decimal | int | str) -> Fraction:
    """Read an exact decimal, as programme files and quantities have them."""
    return Fraction(Decimal(value))


def net_of_tax(amount: int, tax_rate: str | None) -> int:
    """An amount without the tax in it, halves away from zero; `tax_rate` is a percentage such as "21"."""
    if not tax_rate or not amount:
        return amount
    return rounded(amount / (1 + fraction(tax_rate) / 100), Rounding.HALF_UP)


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` over `weights` (none negative) so that the parts add up to it exactly.

    Largest remainder (Hamilton): each part is its exact share rounded down, and what is left goes to the
    largest remainders, equal ones in the order given. With no weight at all nothing can be split fairly,
    and the first part takes everything. Raises ValueError for a negative total or weight.
    """
    if total < 0 or (weights and min(weights) < 0):
        raise ValueError(
            "only what is not negative can be split over weights that are not negative"
        )
    if not weights:
        if total:
            raise ValueError("nothing to split the total over")
        return []
    whole = sum(weights)
    if whole == 0 or len(weights) == 1:
        return [total] + [0] * (len(weights) - 1)
    parts, remainders, left = [], [], total
    for weight in weights:
        part, remainder = divmod(total * weight, whole)
        parts.append(part)
        remainders.append(remainder)
        left -= part
    for index in _largest(remainders, left):
        parts[index] += 1
    return parts


def _largest(numbers: list[int], count: int) -> Iterable[int]:
    """The places of the `count` largest of some numbers that are not negative; they are used up."""
    if count > _SORTED_FROM:
        return sorted(range(len(numbers)), key=numbers.__getitem__, reverse=True)[:count]
    places = []
    for _ in range(count):
        places.append(numbers.index(max(numbers)))
        numbers[places[-1]] = -1
    return places

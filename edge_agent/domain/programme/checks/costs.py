"""What a programme can cost beyond what anybody meant."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from edge_agent.domain.money import Rounding, fraction, rounded
from edge_agent.domain.programme.bonuses import BonusRule
from edge_agent.domain.programme.checks.goods import share_off
from edge_agent.domain.programme.combining import Several
from edge_agent.domain.programme.findings import Mistake
from edge_agent.domain.programme.offers import How
from edge_agent.domain.programme.programme_file import ProgrammeFile

GENEROUS_SHARE = Fraction(1, 5)
"""Programmes that people know give back half a percent to five; a fifth is most often a slip of ten."""

OFFERS_LEFT_MIN = Fraction(1, 2)
"""Offers that together leave less than half of the price were most often not meant to meet."""

STACK_MAX = 10
"""Ten times the base points in one sale is what the loudest campaigns promise."""


def costs(file: ProgrammeFile) -> Iterator[Mistake]:
    """What is given is less than what is spent, by far, and cannot pile up."""
    yield from _rewards(file)
    yield from _multipliers(file)
    yield from _small_sales(file)
    yield from _debts(file)
    yield from _offers(file)


def _offers(file: ProgrammeFile) -> Iterator[Mistake]:
    """Offers that anybody gets by themselves, all at once, on the same goods."""
    if file.combine.offers is not Several.ALL:
        return
    together: dict[tuple[str, ...], list[int]] = {}
    for index, offer in enumerate(file.offer):
        open_to_all = offer.how is How.AUTOMATIC and not offer.alone and offer.off is not None
        if open_to_all and offer.when.segments is None and offer.when.attributes is None:
            goods = tuple(sorted(offer.when.categories or ()))
            together.setdefault(goods, []).append(index)
    for goods, found in together.items():
        everywhere = together.get((), []) if goods else []
        stack = sorted({*found, *everywhere})
        left = Fraction(1)
        for index in stack:
            off = file.offer[index].off
            left *= 1 - (Fraction(0) if off is None else share_off(off))
        if len(stack) > 1 and left < OFFERS_LEFT_MIN:
            ids = ", ".join(file.offer[index].id for index in stack)
            message = f"{ids} together take {_times((1 - left) * 100)} % off the same goods"
            yield Mistake(("offer", stack[-1], "off"), "discount-stack", message)


def best_rate(file: ProgrammeFile, unit: str) -> Fraction:
    """The most of a unit that a minor unit spent earns at a base rate."""
    rates = (
        fraction(points) / rule.per
        for rule in file.earn
        if rule.unit == unit and rule.per is not None
        for points in (rule.points, *(rule.tier_points or {}).values())
        if points is not None
    )
    return max(rates, default=Fraction(0))


def _rewards(file: ProgrammeFile) -> Iterator[Mistake]:
    for index, reward in enumerate(file.reward):
        if reward.unit not in file.unit:
            continue  # which is said already
        rate, worth = best_rate(file, reward.unit), reward.worth(file.unit)
        if not worth or not rate or reward.is_issued:
            continue
        cost = Fraction(reward.least(file.unit), file.unit[reward.unit].scale)
        spent = cost / rate
        words = f"costs {cost}, earned by spending {_money(spent)}, and is worth {_money(worth)}"
        at = ("reward", index, "off" if reward.spend is None else "spend")
        if worth >= spent:
            yield Mistake(at, "reward-above-spend", words)
        elif worth > spent * GENEROUS_SHARE:
            yield Mistake(at, "generous", words)


def _money(minor: Fraction | int) -> str:
    whole, cents = divmod(rounded(Fraction(minor), Rounding.HALF_UP), 100)
    return f"{whole}.{cents:02}"


def _multipliers(file: ProgrammeFile) -> Iterator[Mistake]:
    capped = {cap.unit for cap in file.cap if not cap.rules}
    for unit in file.unit:
        met = [
            (index, rule)
            for index, rule in enumerate(file.bonus)
            if rule.multiplies and rule.unit == unit and not _limited(rule)
        ]
        together = 1 + sum((fraction(rule.highest_factor) - 1 for _, rule in met), Fraction(0))
        if together > STACK_MAX and unit not in capped:
            ids = ", ".join(rule.id for _, rule in met)
            message = f"{ids} together make {_times(together)} times the base points of one sale"
            yield Mistake(("bonus", met[-1][0], "multiply"), "runaway-stack", message)


def _times(factor: Fraction) -> str:
    return (
        f"{(Decimal(factor.numerator) / factor.denominator).quantize(Decimal('0.1')).normalize():f}"
    )


def _limited(rule: BonusRule) -> bool:
    """Whether it is for some days only, so that it seldom meets others."""
    return rule.when.until_date is not None or rule.when.visits is not None


def _small_sales(file: ProgrammeFile) -> Iterator[Mistake]:
    for index, rule in enumerate(file.bonus):
        when = rule.when
        limited = when.visits or when.every_visit or when.birthday or when.minimum_quantity
        if rule.add is not None and not (when.minimum_spend or when.minimum_sale or limited):
            message = f"gives {rule.add} for the smallest sale, every time; give it a minimum_spend"
            yield Mistake(("bonus", index, "add"), "no-minimum", message)


def _debts(file: ProgrammeFile) -> Iterator[Mistake]:
    paid_with = {reward.unit for reward in file.reward}
    for unit, table in file.unit.items():
        if unit in paid_with and table.expiry is None and table.inactivity is None:
            message = f"rewards are paid with {unit}, which never expire; give them an expiry"
            yield Mistake(("unit", unit), "no-expiry", message)

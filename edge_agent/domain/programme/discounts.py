"""Taking money off lines: one shape for offers, vouchers and rewards.

Prices are those that customers pay, tax included. A line has one tax rate, so what is off the line is off its tax in
the same proportion, and the tax stays exact. A POS that keeps prices without tax sends each line with its tax added.

Nothing is taken off a fixed levy (a bottle deposit), and no line is taken below it. A negative line is a reduction that
was made by hand: it lowers what may still be taken off the others.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.money import (
    AMOUNT_MAX_MINOR,
    Rounding,
    apportion,
    fraction,
    net_of_tax,
    rounded,
    rounded_share,
)
from edge_agent.domain.programme.form import Exact, Flag, TableModel, Whole
from edge_agent.domain.programme.matching import Lines
from edge_agent.domain.programme.situation import FreeUnits, Reduction, Situation, Worked
from edge_agent.domain.programme.tax import Tax
from edge_agent.domain.programme.texts import Word

UNITS_MAX = 10_000
"""Pieces that one rule chooses or gives; wholesalers sell by the pallet of a few thousand."""


class Choice(StrEnum):
    """Which units are chosen where not all are."""

    CHEAPEST = "cheapest"
    DEAREST = "dearest"


class Stage(StrEnum):
    """Where a part of a cent is rounded: once for all chosen lines together, or for every line."""

    TOGETHER = "together"
    LINE = "line"


class Free(TableModel):
    """Free units of one article: `quantity` for every `buy` units of the rule's own lines, or once without `buy`.

    With `added` they are not among the lines: the basket holds what is paid, and the answer says what to add for
    nothing. Without, they are lines of the basket and become free there. Free units of the very articles that are
    bought are written with `percent = 100`, `every` and `units` instead.
    """

    sku: Word = Field(description="The article that is free.", examples=["8710400055556"])
    quantity: Whole = Field(
        default=1, gt=0, le=UNITS_MAX, description="So many are free each time.", examples=[1]
    )
    buy: Whole | None = Field(
        default=None,
        gt=0,
        le=UNITS_MAX,
        description="Free units come for every so many units of the rule's lines; once without it.",
        examples=[3],
    )
    added: Flag = Field(
        default=False,
        description="Whether the till adds the free units; without it they are already in the basket.",
        examples=[True],
    )

    def units(self, selected: Sequence[Line]) -> int:
        """How many units are free for these lines."""
        if self.buy is None:
            return self.quantity
        bought = sum(pieces(line) for line in selected if self.added or line.sku != self.sku)
        return bought // self.buy * self.quantity


class Off(TableModel):
    """What is taken off: one of `percent`, `amount`, `price`, `prices`, `bundle` and `free`.

    It acts on all lines of the rule, or with `units` or `every` on some units: `units = 1` is the cheapest one,
    `every = 2` one of every two, `every = 3, units = 2` two of every three. A line that is weighed is one unit.
    """

    percent: Exact | None = Field(
        default=None, gt=0, le=100, description="So many percent off.", examples=[10]
    )
    amount: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="So much off, in minor units.",
        examples=[500],
    )
    each: Flag = Field(
        default=False,
        description="Whether amount is off each unit and not off all together.",
        examples=[True],
    )
    price: Whole | None = Field(
        default=None,
        ge=0,
        le=AMOUNT_MAX_MINOR,
        description="What each unit costs instead, in minor units.",
        examples=[199],
    )
    prices: dict[Word, Whole] | None = Field(
        default=None,
        min_length=1,
        max_length=1_000,
        description="What a unit costs instead, by sku, in minor units.",
        examples=[{"8710400011118": 99}],
    )
    bundle: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="What every so many units (the key every) cost together, in minor units.",
        examples=[500],
    )
    free: Free | None = Field(
        default=None,
        description="Free units of one article.",
        examples=[{"sku": "8710400055556", "buy": 3}],
    )
    units: Whole | None = Field(
        default=None,
        gt=0,
        le=UNITS_MAX,
        description="Only so many units; with every, so many of each group.",
        examples=[1],
    )
    every: Whole | None = Field(
        default=None,
        gt=1,
        le=UNITS_MAX,
        description="Only of every so many units, as many as units says (one without it).",
        examples=[2],
    )
    choose: Choice = Field(
        default=Choice.CHEAPEST,
        description="Which units are taken first where not all are.",
        examples=["dearest"],
    )
    choose_tax: Tax = Field(
        default=Tax.INCLUDED,
        description="Whether units are compared by their prices with or without tax.",
        examples=["excluded"],
    )
    up_to: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="Never more than this off, in minor units.",
        examples=[2000],
    )
    tax: Tax = Field(
        default=Tax.INCLUDED,
        description="Whether amount, price, bundle and up_to are meant with or without tax.",
        examples=["excluded"],
    )
    rounding: Rounding = Field(
        default=Rounding.HALF_UP,
        description="How a part of a cent of a percentage is rounded.",
        examples=["floor"],
    )
    stage: Stage = Field(
        default=Stage.TOGETHER,
        description="Where a percentage is rounded: for all lines together or for each line.",
        examples=["line"],
    )

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        effects = ("percent", "amount", "price", "prices", "bundle", "free")
        if sum(getattr(self, key) is not None for key in effects) != 1:
            raise ValueError(f"give one of {', '.join(effects)}")
        if (self.bundle is not None) and (self.every is None or self.units is not None):
            raise ValueError(
                "bundle needs every, the number of units that it is for, and takes no units"
            )
        if self.each and self.amount is None:
            raise ValueError("each goes with amount")
        return self

    @property
    def is_percent(self) -> bool:
        """Whether it takes a share, so that it matters what was taken off before."""
        return self.percent is not None

    @cached_property
    def share(self) -> Fraction:
        """The percentage as a fraction of the price."""
        return fraction(self.percent or 0) / 100

    def taken(
        self, selected: Sequence[Line], situation: Situation, worked: Worked, measured: Worked
    ) -> "Taken":
        """What it takes off these lines, of what `worked` leaves; percentages are of what `measured` leaves."""
        if self.free is not None:
            return self._freed(self.free, selected, situation, worked)
        portions = self._chosen(selected, situation, worked)
        wanted = self._wanted(portions, selected, situation, worked, measured)
        return _spread(wanted, self._limit(portions), selected, situation, worked)

    def _freed(
        self, free: Free, selected: Sequence[Line], situation: Situation, worked: Worked
    ) -> "Taken":
        units = free.units(selected)
        if free.added:
            return Taken({}, (FreeUnits(free.sku, units),) if units else ())
        lines = [line for line in situation.sold if line.sku == free.sku]
        portions = _cheapest_first(_whole(lines, situation, worked), units, Tax.INCLUDED)
        return _spread(
            [(each.line, each.room) for each in portions], None, lines, situation, worked
        )

    def _chosen(
        self, selected: Sequence[Line], situation: Situation, worked: Worked
    ) -> list["_Portion"]:
        """The units that it acts on, line by line."""
        whole = _whole(selected, situation, worked)
        if self.units is None and self.every is None:
            return whole
        there = sum(each.units for each in whole)
        if self.every is None:
            units = self.units or 0
        else:
            of_each = self.every if self.bundle is not None else self.units or 1
            units = there // self.every * min(of_each, self.every)
        return _cheapest_first(whole, units, self.choose_tax, dearest=self.choose is Choice.DEAREST)

    def _wanted(
        self,
        portions: Sequence["_Portion"],
        selected: Sequence[Line],
        situation: Situation,
        worked: Worked,
        measured: Worked,
    ) -> list[tuple[Line, int]]:
        """How much it would take off each line, before what limits all of it together."""
        rooms = [each.room for each in portions]
        if self.percent is not None:
            parts = self._percentages(portions, selected, situation, worked, measured)
        elif self.price is not None or self.prices is not None:
            parts = [max(0, each.payable - self._price(each)) for each in portions]
        else:
            parts = apportion(min(self._together(portions), sum(rooms)), rooms)
        return [
            (each.line, min(part, each.room)) for each, part in zip(portions, parts, strict=True)
        ]

    def _together(self, portions: Sequence["_Portion"]) -> int:
        """An amount, or what a bundle is cheaper by, for all portions together."""
        units = sum(each.units for each in portions)
        if self.bundle is None:
            return self._with_tax((self.amount or 0) * (units if self.each else 1), portions)
        price = self._with_tax(self.bundle * (units // (self.every or 1)), portions)
        return max(0, sum(each.payable for each in portions) - price)

    def _percentages(
        self,
        portions: Sequence["_Portion"],
        selected: Sequence[Line],
        situation: Situation,
        worked: Worked,
        measured: Worked,
    ) -> list[int]:
        bases = [
            each.payable
            if measured is worked
            else (measured.net(each.line) - each.line.levy) * each.units // pieces(each.line)
            for each in portions
        ]
        if self.stage is Stage.LINE:
            return [rounded_share(base, self.share, self.rounding) for base in bases]
        # A reduction by hand among all of the lines lowers what the percentage is of.
        is_all = self.units is None and self.every is None
        total = sum(bases) + (by_hand(selected, situation) if is_all else 0)
        return apportion(rounded_share(max(0, total), self.share, self.rounding), bases)

    def _price(self, portion: "_Portion") -> int:
        price = self.price if self.prices is None else self.prices.get(portion.line.sku)
        if price is None:
            return portion.payable
        return self._with_tax(price * portion.units, [portion])

    def _limit(self, portions: Sequence["_Portion"]) -> int | None:
        return None if self.up_to is None else self._with_tax(self.up_to, portions)

    def _with_tax(self, amount: int, portions: Sequence["_Portion"]) -> int:
        """An amount of the file as one with tax: by the mix of rates of what it is taken off."""
        if self.tax is Tax.INCLUDED:
            return amount
        paid = sum(each.payable for each in portions)
        net = sum(net_of_tax(each.payable, each.line.tax_rate) for each in portions)
        return rounded(Fraction(amount * paid, net), Rounding.HALF_UP) if net else amount


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
    return _spread(list(zip(selected, parts, strict=True)), None, selected, situation, worked)


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


class _Portion(NamedTuple):
    """Some units of a line: what is to pay for them without levies, and what of it may be taken off."""

    line: Line
    units: int
    payable: int
    room: int


def _whole(lines: Sequence[Line], situation: Situation, worked: Worked) -> list[_Portion]:
    """The lines that something may be taken off, each with all of its units."""
    return [
        _Portion(line, pieces(line), worked.net(line) - line.levy, room)
        for line, room in zip(lines, situation.rooms(lines, worked), strict=True)
        if room > 0
    ]


def _cheapest_first(
    whole: Sequence[_Portion], units: int, tax: Tax, *, dearest: bool = False
) -> list[_Portion]:
    """So many units, those with the lowest price first (or the highest), each line's share rounded down."""

    # Unit prices are compared as whole numbers of a common part, which is exact and much faster than fractions.
    common = lcm(*(each.units for each in whole))

    def unit_price(of: _Portion) -> int:
        net = of.payable if tax is Tax.INCLUDED else net_of_tax(of.payable, of.line.tax_rate)
        return net * (common // of.units)

    found: list[_Portion] = []
    for each in sorted(whole, key=unit_price, reverse=dearest):
        part = min(units, each.units)
        if part <= 0:
            break
        units -= part
        payable, room = each.payable * part // each.units, each.room * part // each.units
        found.append(_Portion(each.line, part, payable, room))
    return found


def _spread(
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

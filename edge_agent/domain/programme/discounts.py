"""Discounts as a file declares them: one shape for offers, vouchers and rewards.

Prices are those that customers pay, tax included. A line has one tax rate, so what is off the line is off its tax in
the same proportion, and the tax stays exact. A POS that keeps prices without tax sends each line with its tax added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.money import (
    AMOUNT_MAX_MINOR,
    Rounding,
    Share,
    apportion,
    fraction,
    net_of_tax,
    rounded,
)
from edge_agent.domain.programme.form import Exact, Flag, TableModel, Whole
from edge_agent.domain.programme.situation import FreeUnits, Situation, Worked
from edge_agent.domain.programme.taken import (
    Portions,
    Taken,
    by_hand,
    cheapest_first,
    pieces,
    spread,
    takeable,
)
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

    @property
    def most(self) -> int | None:
        """The most that one use takes off whatever the basket, in minor units as `tax` means them; None where only the
        basket says.
        """
        if self.free is not None:  # which up_to does not hold for
            return None
        if self.amount is None:
            return self.up_to
        if (
            not self.each
        ):  # whole without a quote, and in proportion to what is charged for a share of it
            return self.amount
        of_all = self.amount * self.units if self.units and self.every is None else None
        return min((each for each in (of_all, self.up_to) if each is not None), default=None)

    @cached_property
    def share(self) -> Fraction:
        """The percentage as a fraction of the price."""
        return fraction(self.percent or 0) / 100

    @cached_property
    def discount(self) -> "Discount":
        """The same as it is worked with."""
        return Discount(
            self.free,
            None if self.percent is None else Share.of(self.share, self.rounding),
            self.amount,
            self.each,
            self.price,
            self.prices,
            self.bundle,
            self.units,
            self.every,
            self.units is not None or self.every is not None,
            self.choose is Choice.DEAREST,
            self.choose_tax,
            self.up_to,
            self.tax is Tax.EXCLUDED,
            self.stage is Stage.LINE,
        )


@dataclass(frozen=True, slots=True)
class Discount:
    """An `Off` as it is worked with, many times in a sale: a model's own keys take several times longer to read.

    `share` is the percentage as a part of the price; `by_line` rounds it for every line by itself. With `of_units` it
    acts on some units of the lines, and not on all that there are.
    """

    free: Free | None
    share: Share | None
    amount: int | None
    each: bool
    price: int | None
    prices: Mapping[str, int] | None
    bundle: int | None
    units: int | None
    every: int | None
    of_units: bool
    dearest: bool
    choose_tax: Tax
    up_to: int | None
    without_tax: bool
    by_line: bool

    def taken(
        self, selected: Sequence[Line], situation: Situation, worked: Worked, measured: Worked
    ) -> "Taken":
        """What it takes off these lines, of what `worked` leaves; percentages are of what `measured` leaves."""
        if self.free is not None:
            return self._freed(self.free, selected, situation, worked)
        chosen = takeable(selected, situation, worked)
        if self.of_units:
            chosen = self._units_of(chosen)
        if self.share is not None:
            wanted = self._percentages(self.share, chosen, selected, situation, worked, measured)
        elif self.price is not None or self.prices is not None:
            wanted = self._down_to_price(chosen)
        else:
            wanted = apportion(min(self._together(chosen), sum(chosen.rooms)), chosen.rooms)
        parts = wanted
        if chosen.rooms != chosen.payable or measured is not worked:
            parts = list(map(min, wanted, chosen.rooms))
        limit = None if self.up_to is None else self._with_tax(self.up_to, chosen)
        return spread(chosen.lines, parts, limit, selected, situation, worked)

    def _freed(
        self, free: Free, selected: Sequence[Line], situation: Situation, worked: Worked
    ) -> "Taken":
        units = free.units(selected)
        if free.added:
            return Taken((), (), (FreeUnits(free.sku, units),) if units else ())
        lines = [line for line in situation.sold if line.sku == free.sku]
        chosen = cheapest_first(takeable(lines, situation, worked), units, Tax.INCLUDED)
        return spread(chosen.lines, chosen.rooms, None, lines, situation, worked)

    def _units_of(self, whole: Portions) -> Portions:
        """The units that it acts on, line by line."""
        there = sum(whole.counted())
        if self.every is None:
            units = self.units or 0
        else:
            of_each = self.every if self.bundle is not None else self.units or 1
            units = there // self.every * min(of_each, self.every)
        return cheapest_first(whole, units, self.choose_tax, dearest=self.dearest)

    def _together(self, chosen: Portions) -> int:
        """An amount, or what a bundle is cheaper by, for all portions together."""
        if self.bundle is None:
            times = sum(chosen.counted()) if self.each else 1
            return self._with_tax((self.amount or 0) * times, chosen)
        bundles = sum(chosen.counted()) // (self.every or 1)
        return max(0, sum(chosen.payable) - self._with_tax(self.bundle * bundles, chosen))

    def _percentages(
        self,
        share: Share,
        chosen: Portions,
        selected: Sequence[Line],
        situation: Situation,
        worked: Worked,
        measured: Worked,
    ) -> list[int]:
        bases = chosen.payable
        if measured is not worked:
            bases = measured.payable(chosen.lines)
            if chosen.units is not None:
                columns = zip(chosen.lines, chosen.units, bases, strict=True)
                bases = [base * units // pieces(line) for line, units, base in columns]
        if self.by_line:
            return [share.taken(base) for base in bases]
        total = sum(bases)
        if situation.sold.below_zero and not self.of_units:
            # A reduction by hand among all of the lines lowers what the percentage is of.
            total = max(0, total + by_hand(selected, situation))
        return apportion(share.taken(total), bases)

    def _down_to_price(self, chosen: Portions) -> list[int]:
        found = []
        for line, units, payable, room in zip(
            chosen.lines, chosen.counted(), chosen.payable, chosen.rooms, strict=True
        ):
            price = self.price if self.prices is None else self.prices.get(line.sku)
            if price is None:
                found.append(0)
            else:
                by_itself = Portions([line], [payable], [room], [units])
                found.append(max(0, payable - self._with_tax(price * units, by_itself)))
        return found

    def _with_tax(self, amount: int, chosen: Portions) -> int:
        """An amount of the file as one with tax: by the mix of rates of what it is taken off."""
        if not self.without_tax:
            return amount
        paid = sum(chosen.payable)
        columns = zip(chosen.lines, chosen.payable, strict=True)
        net = sum(net_of_tax(payable, line.tax_rate) for line, payable in columns)
        return rounded(Fraction(amount * paid, net), Rounding.HALF_UP) if net else amount

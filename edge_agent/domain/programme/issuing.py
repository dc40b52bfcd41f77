"""When vouchers are issued: for a sale, at so many points, at a statement, for an article that is bought."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.holdings import usable
from edge_agent.domain.money import AMOUNT_MAX_MINOR, Rounding, fraction, rounded, whole_parts
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.form import Exact, Flag, TableModel, Whole, WindowText
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.situation import Situation, Worked
from edge_agent.domain.programme.texts import UnitName
from edge_agent.domain.tallies import Reading, Window

POINTS_MAX = 1_000_000_000
"""As much as a reward may cost."""

ISSUED_MAX = 100
"""Vouchers of one rule in one sale; what points are left then wait for the next one."""


class Counted(StrEnum):
    """What reaches a number of points: those that are there and are used up, or those that were earned and stay."""

    BALANCE = "balance"
    PROGRESS = "progress"


class PerSale(TableModel):
    """`percent` of what is paid; or what the voucher is worth, for every `per` minor units or once for the sale."""

    percent: Exact | None = Field(
        default=None, gt=0, le=100, description="So much of what is paid.", examples=[10]
    )
    round_to: Whole = Field(
        default=1,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="The value is rounded to whole multiples of this, in minor units.",
        examples=[100],
    )
    rounding: Rounding = Field(
        default=Rounding.FLOOR, description="How it is rounded.", examples=["half-up"]
    )
    per: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="One for every so much, in minor units.",
        examples=[5000],
    )
    when: Conditions = Field(
        default=Conditions(),
        description="Which lines count, and for which sales.",
        examples=[{"minimum_sale": 2500}],
    )

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if self.percent is not None and self.per is not None:
            raise ValueError("give either percent or per, or neither for one voucher a sale")
        return self

    def quantities(self, one: int, situation: Situation, worked: Worked) -> list[int]:
        """What is issued for this sale: the quantity of each voucher; `one` is that of a whole one."""
        lines = [line for line in situation.lines if self.when.takes(line)]
        if not lines or self.when.unmet_by(situation, worked, lines) is not None:
            return []
        paid = sum(max(0, worked.net(line)) for line in lines)
        if self.per is not None:
            return [one] * min(paid // self.per, ISSUED_MAX)
        if self.percent is None:
            return [one] if paid else []
        share = paid * fraction(self.percent) / 100
        value = rounded(share / self.round_to, self.rounding) * self.round_to
        return [value] if value else []


class AtPoints(TableModel):
    """One for every so many points, however they came; several at once where several are reached.

    Of the balance, the points are used up by it; what is beyond stays for the next one, or with `carry_over = false` is
    used up too. Of progress, the points earned within a time are counted, and the member keeps them.
    """

    unit: UnitName = Field(default="points", description="Which points.", examples=["points"])
    points: Exact = Field(gt=0, le=POINTS_MAX, description="So many of them.", examples=[200])
    counts: Counted = Field(
        default=Counted.BALANCE,
        description="Whether the balance pays for it, or what was earned is only counted.",
        examples=["progress"],
    )
    within: WindowText = Field(
        default="ever",
        description="Of progress: the time within which it is counted.",
        examples=["membership-year"],
    )
    carry_over: Flag = Field(
        default=True,
        description="Of the balance: whether points beyond it stay for the next one.",
        examples=[False],
    )

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if self.counts is Counted.BALANCE and self.within != "ever":
            raise ValueError('within goes with counts = "progress"')
        if self.counts is Counted.PROGRESS and not self.carry_over:
            raise ValueError('carry_over goes with counts = "balance"')
        return self

    def reading(self, rule: str) -> Reading | None:
        """The tally of what was earned, where that is counted."""
        if self.counts is Counted.BALANCE:
            return None
        return Reading(tally_of(rule), Window.parse(self.within))

    def parts(self, scale: int) -> int:
        """The number of points in smallest parts."""
        return whole_parts(self.points, scale)


class AtStatement(TableModel):
    """In each of `months`, on its first day, points are turned into vouchers: `value` for every `step` of them."""

    months: frozenset[Whole] = Field(
        min_length=1,
        max_length=12,
        description="In which months, 1 to 12.",
        examples=[[2, 5, 8, 11]],
    )
    unit: UnitName = Field(default="points", description="Which points.", examples=["points"])
    step: Exact = Field(
        gt=0, le=POINTS_MAX, description="Points are used in so many at a time.", examples=[25]
    )
    value: Whole = Field(
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="What a step is worth, in minor units.",
        examples=[25],
    )
    minimum: Exact = Field(
        default=Decimal(0),
        ge=0,
        le=POINTS_MAX,
        description="Fewer points than this wait for the next statement.",
        examples=[50],
    )

    @model_validator(mode="after")
    def _months_exist(self) -> Self:
        if not self.months <= frozenset(range(1, 13)):
            raise ValueError("months are numbers from 1 (January) to 12")
        return self

    def steps(self, points: int, scale: int) -> int:
        """How many steps so many points (in smallest parts) are turned into."""
        if points < fraction(self.minimum) * scale:
            return 0
        return int(Fraction(max(points, 0)) // (fraction(self.step) * scale))


class WhenBought(TableModel):
    """One for every unit of these lines: of its own value, or of what was paid where it has none."""

    lines: Selection = Field(
        description="The articles that are vouchers.", examples=[{"kinds": ["gift-voucher"]}]
    )

    def quantities(
        self, one: int, of_own_value: bool, lines: Sequence[Line], worked: Worked
    ) -> list[int]:
        """The quantity of each voucher that was bought."""
        found: list[int] = []
        for line in lines:
            if self.lines.takes(line) and line.quantity > 0:
                units = min(int(line.quantity) or 1, ISSUED_MAX)
                each = one if of_own_value else worked.net(line) // units
                found.extend([each] * units)
        return [each for each in found if each > 0]


def split_up(value: int, denominations: Iterable[int]) -> list[int]:
    """A value as vouchers of these denominations, largest first, leaving out what is too small; itself without any."""
    sizes = sorted(denominations, reverse=True)
    if not sizes:
        return [value] if value else []
    found: list[int] = []
    for size in sizes:
        times = min(value // size, ISSUED_MAX - len(found))
        found.extend([size] * times)
        value -= size * times
    return found


def earned_of(unit: str, worked: Worked) -> int:
    """How much of a unit was earned so far, whatever was taken of it."""
    return sum(
        each.quantity
        for each in worked.entries()
        if each.unit == unit and each.kind is EntryKind.EARN and not each.account
    )


def usable_of(unit: str, situation: Situation, worked: Worked) -> int:
    """How much of a unit can be used now, what was earned so far included."""
    return usable(situation.held(unit, worked), unit, situation.today)


def tally_of(rule: str) -> str:
    """The tally of what was earned towards a voucher."""
    return f"towards.{rule}"

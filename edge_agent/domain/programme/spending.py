"""Points for money off: how many points a customer uses, and what they are worth."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.money import AMOUNT_MAX_MINOR, Rounding, fraction, rounded, whole_parts
from edge_agent.domain.programme.form import Exact, Flag, TableModel, Whole
from edge_agent.domain.programme.unmet import Obstacle, Unmet

POINTS_MAX = 1_000_000_000
"""A point that is worth a hundredth of a cent would buy a thousand euro with it."""


class Denomination(TableModel):
    """So many points for so much off; the two need not be in proportion."""

    points: Whole = Field(gt=0, le=POINTS_MAX, description="So many points ...", examples=[250])
    value: Whole = Field(
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="... are worth so much, in minor units.",
        examples=[800],
    )


class Spend(TableModel):
    """Every `step` points take `value` off, or what the `table` says, largest denominations first.

    The customer chooses how many points; where they leave it to the till, it takes as many as are of use. Points are
    charged for what was given: a last step that is used in part is charged whole, and only taken where the customer
    asked for it or `part_step` says so. A denomination is only used in full.
    """

    step: Exact | None = Field(
        default=None, gt=0, le=POINTS_MAX, description="Every so many points ...", examples=[100]
    )
    value: Exact | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="... take so much off, in minor units; a part of one is rounded in the end.",
        examples=[500],
    )
    table: tuple[Denomination, ...] = Field(
        default=(),
        max_length=50,
        description="What numbers of points are worth, in place of step and value.",
        examples=[[{"points": 250, "value": 800}]],
    )
    minimum: Exact | None = Field(
        default=None,
        gt=0,
        le=POINTS_MAX,
        description="The fewest points that can be used in a sale.",
        examples=[200],
    )
    maximum: Exact | None = Field(
        default=None,
        gt=0,
        le=POINTS_MAX,
        description="The most points that can be used in a sale.",
        examples=[5000],
    )
    share_percent: Exact | None = Field(
        default=None,
        gt=0,
        le=100,
        description="At most this share of what is to pay can be paid with points.",
        examples=[50],
    )
    part_step: Flag = Field(
        default=False,
        description="Whether as many as are of use includes a last step that is used in part.",
        examples=[True],
    )
    together: Flag = Field(
        default=True,
        description="Whether points that expire on different days can be used together in one sale.",
        examples=[False],
    )
    per_measure: Flag = Field(
        default=False,
        description="Whether value is off every unit of measure of the lines, such as a litre.",
        examples=[True],
    )
    measure_max: Exact | None = Field(
        default=None,
        gt=0,
        le=100_000,
        description="At most so many units of measure get value off.",
        examples=[35],
    )

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        if (self.step is None) != (self.value is None):
            raise ValueError("step and value go together: so many points for so much off")
        if (self.step is None) == (not self.table):
            raise ValueError("give either step and value or a table")
        if self.measure_max is not None and not self.per_measure:
            raise ValueError("measure_max goes with per_measure")
        if self.per_measure and self.table:
            raise ValueError("per_measure goes with step and value")
        return self

    def spent(
        self, wanted: int | None, usable: int, bill: int, lines: Sequence[Line], scale: int
    ) -> "Spent | Unmet":
        """How many points are used of `usable` on a bill of so many minor units; all points in smallest parts.

        `wanted` is what the customer chose, None for as many as are of use; `scale` is smallest parts per point.
        """
        least = 0 if self.minimum is None else whole_parts(self.minimum, scale)
        points = usable if wanted is None else wanted
        if wanted is not None and wanted > usable:
            return Unmet(Obstacle.NOT_ENOUGH, wanted - usable)
        if points < least:
            return Unmet(Obstacle.BELOW_MINIMUM, least)
        if self.maximum is not None:
            points = min(points, whole_parts(self.maximum, scale))
        if self.share_percent is not None:
            bill = rounded(bill * fraction(self.share_percent) / 100, Rounding.FLOOR)
        if bill <= 0:
            return Unmet(Obstacle.NOTHING_LEFT)
        found = (
            self._by_table(points, bill, scale)
            if self.table
            else self._by_steps(points, bill, lines, scale, chosen=wanted is not None)
        )
        if found.points == 0:
            return self._too_few(points, scale)
        return Unmet(Obstacle.BELOW_MINIMUM, least) if found.points < least else found

    def _too_few(self, points: int, scale: int) -> Unmet:
        smallest = self.smallest(scale)
        if points < smallest:
            return Unmet(Obstacle.NOT_ENOUGH, smallest - points)
        return Unmet(Obstacle.NOTHING_LEFT)

    def smallest(self, scale: int) -> int:
        """The fewest points that are worth anything, in smallest parts."""
        if self.step is not None:
            return whole_parts(self.step, scale)
        return min(each.points for each in self.table) * scale

    def least(self, scale: int) -> int:
        """The fewest points that can be used, in smallest parts."""
        least = 0 if self.minimum is None else whole_parts(self.minimum, scale)
        return max(self.smallest(scale), least)

    def most_of_a_point(self, scale: int) -> Fraction | None:
        """What one whole point takes off at most whatever the basket, in minor units; None where only the basket says.

        What a use of the fewest points gains where a part of a cent is rounded up is in it.
        """
        if self.table:
            return max(Fraction(each.value, each.points) for each in self.table)
        if self.per_measure and self.measure_max is None:
            return None
        of_step = fraction(self.value or 0) * fraction(self.measure_max or 1)
        step = self.smallest(scale)
        fewest = rounded(Fraction(self.least(scale), step), Rounding.CEIL)
        # Of steps of so many parts of a cent no more than half of the parts are missing to the next cent.
        gained = Fraction(of_step.denominator // 2, of_step.denominator)
        return (of_step + gained / fewest) * scale / step

    def choice(self, usable: int, scale: int) -> "Choice":
        """What the customer can choose of `usable` points, all in smallest parts; `most` 0 where it is too few."""
        step, least = self.smallest(scale), self.least(scale)
        most = usable if self.maximum is None else min(usable, whole_parts(self.maximum, scale))
        most -= most % step
        least += -least % step
        proportional = self.value is not None and not self.per_measure
        return Choice(
            step, least, most if most >= least else 0, self.value if proportional else None
        )

    def worth(self, points: int, scale: int) -> int:
        """What so many points are worth without a bill, in minor units (per unit of measure if so declared)."""
        if self.table:
            return self._by_table(points, AMOUNT_MAX_MINOR, scale).value
        value = points // self.smallest(scale) * fraction(self.value or 0)
        return rounded(value, Rounding.HALF_UP)

    def _by_steps(
        self, points: int, bill: int, lines: Sequence[Line], scale: int, *, chosen: bool
    ) -> "Spent":
        step = self.smallest(scale)
        value = fraction(self.value or 0) * (self._measured(lines) if self.per_measure else 1)
        if value <= 0:
            return Spent(0, 0)
        whole = rounded(bill / value, Rounding.FLOOR)
        useful = rounded(bill / value, Rounding.CEIL) if chosen or self.part_step else whole
        steps = min(points // step, useful)
        return Spent(steps * step, min(bill, rounded(steps * value, Rounding.HALF_UP)))

    def _measured(self, lines: Sequence[Line]) -> Fraction:
        measure = sum(
            (fraction(line.quantity if line.measure is None else line.measure) for line in lines),
            fraction(0),
        )
        return measure if self.measure_max is None else min(measure, fraction(self.measure_max))

    def _by_table(self, points: int, bill: int, scale: int) -> "Spent":
        used = value = 0
        for each in sorted(self.table, key=lambda each: each.points, reverse=True):
            times = min((points - used) // (each.points * scale), (bill - value) // each.value)
            used += times * each.points * scale
            value += times * each.value
        return Spent(used, value)


class Choice(NamedTuple):
    """From how many points to how many, in which steps, in smallest parts; `value` of a step in minor units, None
    where steps are not all worth the same."""

    step: int
    least: int
    most: int
    value: Decimal | None


class Spent(NamedTuple):
    """So many points, in smallest parts, for so much off, in minor units."""

    points: int
    value: int

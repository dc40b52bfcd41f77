"""The tables of earning: what one rule gives for which amount, measure or number, and how several act together."""

from collections.abc import Iterable
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import QUANTITY_MAX
from edge_agent.domain.money import AMOUNT_MAX_MINOR, Rounding
from edge_agent.domain.programme.conditions import Circumstances
from edge_agent.domain.programme.expiry import Expiry
from edge_agent.domain.programme.form import Exact, Flag, TableModel, Whole, WindowText
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.tax import Tax
from edge_agent.domain.programme.texts import Campaign, LocalText, RuleId, TierName, UnitName, Words
from edge_agent.domain.programme.units import DECIMALS_OF_UNIT_MAX
from edge_agent.domain.tallies import Reading, Window

POINTS_MAX = 10_000
"""For one minor unit, piece or sale; far above any rate that a shop can pay, so that more is a slip of the pen."""

GROUPS_MAX = 100
"""As many as a programme of a thousand bonuses can sensibly have."""

BANDS_MAX = 50
"""The longest published table that we know of has nine."""


class Basis(StrEnum):
    """Which amount of a line counts. A fixed levy in it, such as a bottle deposit, is no turnover and never does."""

    PAID = "paid"
    BEFORE_REWARDS = "before-rewards"
    BEFORE_PROGRAMME = "before-programme"
    BEFORE_DISCOUNTS = "before-discounts"


class Each(StrEnum):
    """What a fixed number of points is given for."""

    PIECE = "piece"
    LINE = "line"
    SALE = "sale"


class Stage(StrEnum):
    """Where a fraction of a point is rounded: once for the sale, for every line, or for every piece of a line."""

    SALE = "sale"
    LINE = "line"
    PIECE = "piece"


class Several(StrEnum):
    """What a line earns where several rules of one unit take it."""

    FIRST = "first"
    ADD = "add"
    BEST = "best"


class Stacking(StrEnum):
    """How several bonuses of one unit act together."""

    ADD = "add"
    MULTIPLY = "multiply"
    BEST = "best"
    FIRST = "first"


class Bounds(StrEnum):
    """To which band an amount belongs that is exactly the border of two."""

    UPPER_INCLUSIVE = "upper-inclusive"
    HALF_OPEN = "half-open"
    INCLUSIVE = "inclusive"


class Band(TableModel):
    """A range of amounts and what a sale within it gives."""

    from_amount: Whole = Field(
        default=0,
        ge=0,
        le=AMOUNT_MAX_MINOR,
        description="Where the band begins, in minor units.",
        examples=[3000],
    )
    to_amount: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="Where the band ends, in minor units; without it there is no end.",
        examples=[6000],
    )
    points: Exact = Field(
        gt=0, le=1_000_000, description="What a sale in the band gives.", examples=[6]
    )

    @model_validator(mode="after")
    def _has_a_width(self) -> Self:
        if self.to_amount is not None and self.to_amount <= self.from_amount:
            raise ValueError(
                f"to_amount {self.to_amount} is not more than from_amount {self.from_amount}"
            )
        return self

    def holds(self, amount: Fraction | int, bounds: Bounds) -> bool:
        """Whether an amount in minor units lies in the band. An amount of nothing lies in none."""
        if amount <= 0:
            return False
        above = amount > self.from_amount or (
            amount == self.from_amount and bounds is not Bounds.UPPER_INCLUSIVE
        )
        if self.to_amount is None:
            return above
        below = amount < self.to_amount or (
            amount == self.to_amount and bounds is not Bounds.HALF_OPEN
        )
        return above and below


class EarnRule(Campaign):
    """Points for what is bought: per amount, per measure, for each piece, line or sale, or by bands of the amount.

    The rule is about the lines in `scope`; without one about all that may earn. `step` and `rounding` say how an amount
    that is no round number is treated, `stage` and `period` over what it is added up first.
    """

    id: RuleId = Field(description="Names the rule.", examples=["base"])
    unit: UnitName = Field(default="points", description="What it gives.", examples=["points"])
    points: Exact | None = Field(
        default=None,
        gt=0,
        le=POINTS_MAX,
        description="So many points; with `tier_points` those of members without any of these tiers.",
        examples=[1],
    )
    tier_points: dict[TierName, Annotated[Exact, Field(gt=0, le=POINTS_MAX)]] | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        description="So many points for members of a tier.",
        examples=[{"gold": 3}],
    )
    per: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="... for so many minor units of the amount that `basis` names.",
        examples=[100],
    )
    per_measure: Exact | None = Field(
        default=None,
        gt=0,
        le=QUANTITY_MAX,
        description="... for so much of the measure that the POS sends with a line: litres, kilometres.",
        examples=[2],
    )
    each: Each | None = Field(
        default=None,
        description="... for each piece that no reward makes free, once for each line, or once for the sale.",
        examples=["piece"],
    )
    pieces: Whole | None = Field(
        default=None,
        gt=1,
        le=10_000,
        description='With `each = "piece"`: for every so many pieces together, in place of one.',
        examples=[3],
    )
    bands: tuple[Band, ...] = Field(
        default=(),
        max_length=BANDS_MAX,
        description="What a sale gives by its amount; where bands overlap, they add up.",
        examples=[[{"to_amount": 3000, "points": 2}, {"from_amount": 3000, "points": 6}]],
    )
    bounds: Bounds = Field(
        default=Bounds.UPPER_INCLUSIVE,
        description="Whether an amount on the border of two bands belongs to the lower, the upper or both.",
        examples=["half-open"],
    )
    basis: Basis = Field(
        default=Basis.PAID,
        description="Which amount counts: what is paid in the end, that before rewards of points, that before"
        " anything this programme takes off, or that before the discounts of the POS too.",
        examples=["before-rewards"],
    )
    tax: Tax = Field(
        default=Tax.INCLUDED,
        description="Whether the amount counts with the tax in it or without.",
        examples=["excluded"],
    )
    tenders: Words | None = Field(
        default=None,
        description="Only the part counts that is paid by these means.",
        examples=[["cash", "card"]],
    )
    not_tenders: Annotated[Words, Field(min_length=1)] | None = Field(
        default=None,
        description="The part does not count that is paid by these means.",
        examples=[["gift_card"]],
    )
    step: Exact | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="Only whole steps count, of so many minor units or so much of the measure.",
        examples=[200],
    )
    step_rounding: Rounding = Field(
        default=Rounding.FLOOR,
        description="How a part of a step becomes a whole one or none.",
        examples=["half-up"],
    )
    rounding: Rounding = Field(
        default=Rounding.FLOOR,
        description="How less than the smallest part of the unit is rounded.",
        examples=["half-up"],
    )
    decimals_first: Whole | None = Field(
        default=None,
        ge=0,
        le=DECIMALS_OF_UNIT_MAX,
        description="Points are rounded to so many decimals before they are rounded in the end.",
        examples=[2],
    )
    stage: Stage = Field(
        default=Stage.SALE,
        description="Over what is rounded: the sale, each line or each piece.",
        examples=["line"],
    )
    period: WindowText | None = Field(
        default=None,
        description="Amounts of this period are added up before they are rounded: `day`, `week`, `month`, `quarter`,"
        " `year`, `membership-year`, `ever`, or so many days or months back.",
        examples=["month"],
    )
    at_least: Exact | None = Field(
        default=None,
        gt=0,
        le=1_000_000,
        description="The least that is given wherever something is given.",
        examples=[500],
    )
    scope: Selection = Field(
        default=Selection(),
        description="Which lines it is about; without it all that may earn.",
        examples=[{"categories": ["fruit"]}],
    )
    when: Circumstances = Field(
        default=Circumstances(),
        description="When it holds; without it always.",
        examples=[{"tiers": ["gold"]}],
    )
    multiplied: Flag = Field(
        default=True, description="Whether bonuses multiply what it gives.", examples=[False]
    )
    stop: Flag = Field(
        default=False,
        description="Where it gives something, no later earning rule or bonus of the same unit does.",
        examples=[True],
    )
    expiry: Expiry | None = Field(
        default=None,
        description="How long these points last, in place of the unit's own.",
        examples=[{"days": 60}],
    )
    why: LocalText | None = Field(
        default=None,
        description="What the receipt says of it; without it the rate in words.",
        examples=["1 punt per hele euro"],
    )

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        given = [self.per, self.per_measure, self.each, self.bands or None]
        if sum(each is not None for each in given) != 1:
            raise ValueError("give one of per, per_measure, each and bands")
        if self.bands and (self.points is not None or self.tier_points is not None):
            raise ValueError("points stand in the bands, not beside them")
        if not self.bands and self.points is None and self.tier_points is None:
            raise ValueError("say how many points it gives: points, tier_points or bands")
        return self

    @model_validator(mode="after")
    def _keys_that_fit(self) -> Self:
        of_amounts = {"basis", "tax", "tenders", "not_tenders"} & self.model_fields_set
        if of_amounts and self.per is None and not self.bands:
            raise ValueError(f"{min(of_amounts)} is about amounts; it goes with per or bands")
        if self.pieces is not None and self.each is not Each.PIECE:
            raise ValueError('pieces goes with each = "piece"')
        if self.step is not None and self.per is None and self.per_measure is None:
            raise ValueError("step goes with per or per_measure")
        if self.period is not None and (
            self.stage is not Stage.SALE
            or self.tenders is not None
            or self.not_tenders is not None
            or self.each in {Each.LINE, Each.SALE}
        ):
            raise ValueError(
                "with a period everything in it is added up first; leave out stage, tenders and not_tenders,"
                " and count pieces, amounts or a measure"
            )
        if (self.bands or self.each is Each.SALE) and self.stage is not Stage.SALE:
            raise ValueError('what is given for the whole sale goes with stage = "sale"')
        return self

    @cached_property
    def is_plain(self) -> bool:
        """Whether what it gives is its rate times what is counted, rounded once."""
        more = (self.step, self.decimals_first, self.at_least, self.reading)
        return not self.bands and all(each is None for each in more)

    @property
    def is_of_paid(self) -> bool:
        """Whether it counts what is paid for the lines by any means, rounded for all of them together."""
        return (
            self.per is not None
            and self.basis is Basis.PAID
            and self.tax is Tax.INCLUDED
            and self.tenders is None
            and self.not_tenders is None
            and self.stage is Stage.SALE
        )

    @cached_property
    def reading(self) -> Reading | None:
        """The tally of what counted in the period, where there is one: in minor units, or thousandths of a measure."""
        return (
            None if self.period is None else Reading(f"earn.{self.id}", Window.parse(self.period))
        )

    def readings(self) -> Iterable[Reading]:
        """The figures that it asks for."""
        if self.reading is not None:
            yield self.reading
        yield from self.when.readings()

    def looks_at(self) -> Iterable[str]:
        """The units of which it needs the member's holdings."""
        if self.tier_points is not None:
            yield "tier/"
        yield from self.when.looks_at()


class GroupTable(TableModel):
    """Bonuses that act together; each of them names the group."""

    id: RuleId = Field(description="Names the group.", examples=["summer"])
    bonuses: Stacking = Field(description="How they act together.", examples=["best"])


class EarningTable(TableModel):
    """How earning rules and bonuses act together."""

    several: Several = Field(
        default=Several.FIRST,
        description="What a line earns by earning rules of one unit that all take it: by the first in the file, by all"
        " of them, or by the one that gives most.",
        examples=["add"],
    )
    bonuses: Stacking = Field(
        default=Stacking.ADD,
        description="How bonuses of one unit act together: each on the base points, each on what the ones before it"
        " made of them, or only the one that gives most or comes first.",
        examples=["multiply"],
    )
    group: tuple[GroupTable, ...] = Field(
        default=(),
        max_length=GROUPS_MAX,
        description="Groups of bonuses that act together in a way of their own; a group then acts as one bonus.",
        examples=[[{"id": "summer", "bonuses": "best"}]],
    )

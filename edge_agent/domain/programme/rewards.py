"""Rewards: what points, stamps and everything else that is counted is good for.

A reward takes money off the sale, or gives something that is no line of it: an experience, a partner's product, a
donation, points of another unit, a voucher. It is paid in a unit, from what the member has; issued rewards (units
`reward/<id>`) pay for the same rewards. What cannot be done takes nothing, and says why.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Self

from pydantic import Field, model_validator

from edge_agent.domain.holdings import usable
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.money import whole_parts
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.discounts import Off
from edge_agent.domain.programme.expiry import Expiry, Pending
from edge_agent.domain.programme.form import Exact, Flag, Whole
from edge_agent.domain.programme.gifts import Gifts
from edge_agent.domain.programme.limits import UseLimits, unmet_before
from edge_agent.domain.programme.spending import POINTS_MAX, Spend
from edge_agent.domain.programme.texts import Campaign, CountedTexts, LocalText, RuleId, UnitName
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.units import Derived, derived


class Sort(StrEnum):
    """What a reward is, for screens, terms and reports; it changes nothing that is worked out."""

    DISCOUNT = "discount"
    PRODUCT = "product"
    EXPERIENCE = "experience"
    PARTNER = "partner"
    DONATION = "donation"
    CONVERSION = "conversion"
    VOUCHER = "voucher"


class Charge(StrEnum):
    """What is charged where less could be taken off than the reward is worth."""

    GIVEN = "given"
    WHOLE = "whole"


class RewardRule(Campaign):
    """A reward: what it costs, and what it takes off or gives.

    The cost is `cost` points, or `cost_per` points for every minor unit that is taken off, or what the customer chooses
    within `spend`. Without any of them it is paid with one `reward/<id>`, which something else issued.
    """

    id: RuleId = Field(description="Names the reward.", examples=["coffee"])
    title: LocalText = Field(description="What it is called.", examples=["een kop koffie"])
    sort: Sort = Field(
        default=Sort.DISCOUNT,
        description="What it is, for screens, terms and reports.",
        examples=["donation"],
    )
    unit: UnitName = Field(default="points", description="What it is paid in.", examples=["points"])
    cost: Exact | None = Field(
        default=None, gt=0, le=POINTS_MAX, description="What it costs, in points.", examples=[60]
    )
    cost_per: Exact | None = Field(
        default=None,
        gt=0,
        le=10_000,
        description="Points for every minor unit that is taken off, rounded up to a whole point.",
        examples=[1],
    )
    spend: Spend | None = Field(
        default=None,
        description="Points for money off, as many as the customer chooses.",
        examples=[{"step": 100, "value": 500}],
    )
    off: Off | None = Field(
        default=None, description="What it takes off.", examples=[{"amount": 500}]
    )
    gives: Gifts = Field(
        default=(),
        description="What it gives besides.",
        examples=[[{"unit": "miles", "quantity": 500}]],
    )
    when: Conditions = Field(
        default=Conditions(),
        description="For which lines, for whom and when.",
        examples=[{"skus": ["8710400055556"]}],
    )
    limits: UseLimits = Field(
        default=(),
        description="How often it may be used; all of them apply.",
        examples=[[{"times": 1}]],
    )
    pending: Pending | None = Field(
        default=None,
        description="Where it is issued: how long it waits until it can be collected.",
        examples=[{"days": 1}],
    )
    expiry: Expiry | None = Field(
        default=None,
        description="Where it is issued: how long it can be collected; for ever without.",
        examples=[{"months": 3}],
    )
    charge: Charge = Field(
        default=Charge.GIVEN,
        description="Whether an amount that is only used in part costs its share (rounded up to step) or the whole.",
        examples=["whole"],
    )
    step: Whole = Field(
        default=1,
        gt=0,
        le=POINTS_MAX,
        description="To how many whole points a share of the cost is rounded up.",
        examples=[50],
    )
    same_sale: Flag = Field(
        default=False,
        description="Whether points of this very sale pay for it; it then lowers no points of this sale.",
        examples=[True],
    )
    alone: Flag = Field(
        default=False,
        description="Whether nothing else may be taken off in the same sale.",
        examples=[True],
    )
    own: Flag = Field(
        default=True,
        description="Whether earning rules count it as the programme's own reward and not as a lower price.",
        examples=[False],
    )

    @model_validator(mode="after")
    def _one_cost(self) -> Self:
        costs = [each for each in (self.cost, self.cost_per, self.spend) if each is not None]
        if len(costs) > 1:
            raise ValueError("give at most one of cost, cost_per and spend")
        if self.spend is not None and (self.off is not None or self.gives):
            raise ValueError("spend says itself what is taken off; leave off and gives out")
        if self.cost_per is not None and self.off is None:
            raise ValueError("cost_per needs off, which says what is taken off")
        return self

    @property
    def is_issued(self) -> bool:
        """Whether it is paid with the reward that something else issued."""
        return self.cost is None and self.cost_per is None and self.spend is None

    @property
    def paid_in(self) -> str:
        """The unit that it is paid in: the declared one, or the reward as it was issued."""
        return derived(Derived.REWARD, self.id) if self.is_issued else self.unit

    @cached_property
    def table(self) -> UnitTable:
        """How its lots live where it was issued."""
        name = CountedTexts(one=self.title, many=self.title)
        return UnitTable(name=name, expiry=self.expiry, pending=self.pending)

    @property
    def is_money(self) -> bool:
        """Whether what it takes off is known without a basket, so that it can be reserved up front."""
        if self.spend is not None:
            return not self.spend.per_measure
        return self.off is not None and self.off.amount is not None and not self.off.each

    def least(self, units: Mapping[str, UnitTable]) -> int:
        """The fewest that have to be there to use it, in the unit's smallest parts; 0 if that depends on the basket."""
        scale = scale_of(self.paid_in, units)
        if self.spend is not None:
            return self.spend.least(scale)
        if self.cost_per is not None:
            return 0
        return 1 if self.cost is None else whole_parts(self.cost, scale)

    def worth(self, units: Mapping[str, UnitTable]) -> int | None:
        """What `least` of it takes off, in minor units; None where that depends on the basket."""
        if not self.is_money:
            return None
        if self.spend is not None:
            return self.spend.worth(self.least(units), scale_of(self.paid_in, units))
        return None if self.off is None else self.off.amount

    def discount(
        self, points: int | None, times: int, units: Mapping[str, UnitTable]
    ) -> int | None:
        """What a redemption takes off, known up front, in minor units; None where it needs the basket and a quote.

        `points` (smallest parts) are those chosen for `spend`.
        """
        if not self.is_money:
            return None
        if self.spend is not None:
            return None if points is None else self.spend.worth(points, scale_of(self.unit, units))
        return (self.worth(units) or 0) * times

    def unmet_for(
        self, facts: MemberFacts, at: datetime, units: Mapping[str, UnitTable]
    ) -> Unmet | None:
        """What keeps this member from it at that time, whatever the basket."""
        if facts.anonymous:
            return Unmet(Obstacle.NO_MEMBER)
        unmet = self.when.unmet_for(facts, at) or unmet_before(self.limits, self.id, facts.figures)
        if unmet is not None:
            return unmet
        missing = self.least(units) - usable(facts.holdings, self.paid_in, at.date())
        return Unmet(Obstacle.NOT_ENOUGH, missing) if missing > 0 else None


def scale_of(unit: str, units: Mapping[str, UnitTable]) -> int:
    """How many smallest parts make one of a unit; derived units have none smaller than one."""
    table = units.get(unit)
    return 1 if table is None else table.scale

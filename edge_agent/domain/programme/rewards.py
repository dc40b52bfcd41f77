"""Rewards: what points are good for. Here they are shown; redeeming them comes with the redemption calls."""

from pydantic import Field

from edge_agent.domain.money import AMOUNT_MAX_MINOR
from edge_agent.domain.programme.form import TableModel, Whole
from edge_agent.domain.programme.texts import LocalText, RuleId, UnitName


class RewardRule(TableModel):
    """`cost` in whole points of `unit`; `value` in minor units where the reward is money off."""

    id: RuleId = Field(description="Names the reward.", examples=["coffee"])
    unit: UnitName = Field(default="points", description="What it costs.", examples=["points"])
    cost: Whole = Field(gt=0, le=1_000_000_000, description="How many it costs.", examples=[60])
    value: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="Money off in minor units, where it is that.",
        examples=[500],
    )
    title: LocalText = Field(description="What it is called.", examples=["een kop koffie"])

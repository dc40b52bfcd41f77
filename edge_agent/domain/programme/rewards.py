"""Rewards: what points are good for. Here they are shown; redeeming them comes with the redemption calls."""

from pydantic import Field

from edge_agent.domain.money import AMOUNT_MAX_MINOR
from edge_agent.domain.programme.form import TableModel, Whole
from edge_agent.domain.programme.texts import LocalText, RuleId


class RewardRule(TableModel):
    """`cost` in whole points of `unit`; `value` in minor units where the reward is money off."""

    id: RuleId
    unit: RuleId = "points"
    cost: Whole = Field(gt=0, le=1_000_000_000)
    value: Whole | None = Field(default=None, gt=0, le=AMOUNT_MAX_MINOR)
    title: LocalText

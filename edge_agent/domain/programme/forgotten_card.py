"""How long after a sale a forgotten card can be attached to it. `attaching` works out what it then earns."""

from pydantic import Field

from edge_agent.domain.programme.form import Flag, TableModel, Whole

DAYS_MAX = 366
"""A till keeps the sales of thirteen months."""


class ForgottenCardTable(TableModel):
    """A sale without a card can be given to a member afterwards, once, by whoever has its receipt."""

    within_days: Whole = Field(
        default=14,
        ge=0,
        le=DAYS_MAX,
        description="So many days after a sale its receipt still earns; 0 for the day itself only.",
        examples=[30],
    )
    allowed: Flag = Field(
        default=True,
        description="Whether a card can be attached to a sale afterwards.",
        examples=[False],
    )

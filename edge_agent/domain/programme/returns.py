"""What a return takes back and gives back, as a programme declares it. `giving_back` works it out."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from edge_agent.domain.programme.form import Exact, Flag, TableModel, Whole
from edge_agent.domain.programme.texts import UnitName

POINT_VALUE_MAX_MINOR = 100_000
"""A thousand euro for one of a unit is more than any that we know of; the bound keeps deductions far below 64 bits."""

FLOOR_MAX = 1_000_000_000
"""As much as a reward may cost; no balance that matters lies beyond it."""


class Reverse(StrEnum):
    """By which measure a return takes back what was earned.

    What was given for the sale as a whole (a stamp for the visit, a bonus from so much on) has no line;
    under every way but `AMOUNT` and `NOTHING` it is worked out again on what was kept.
    """

    LINES = "lines"  # what the returned part of each line earned
    AMOUNT = (
        "amount"  # of everything the sale gave, the share of the receipt's amount that comes back
    )
    KEPT = (
        "kept"  # the difference to what the kept part of the sale earns when it is worked out again
    )
    PERIOD = "period"  # as by lines; what is counted towards a period is taken off the period of the return
    NOTHING = "nothing"  # what was earned stays with the member


class ReversalPolicy(StrEnum):
    """How far earned points are taken back."""

    UNLIMITED = "unlimited"  # all of them; the balance may go below zero
    WITHIN_BALANCE = "within-balance"  # until the balance is at the floor
    ONLY_PENDING = "only-pending"  # those that cannot be used yet; what can be used stays


class Shortfall(StrEnum):
    """What becomes of points, or of issued things, that should come back and are not there any more."""

    FORGIVEN = "forgiven"
    DEDUCT = "deduct-from-refund"  # the refund is less by what they are worth


class Spent(StrEnum):
    """When points and vouchers that were used on a sale are given back."""

    BY_AMOUNT = "by-amount"  # by the share of what they took off that comes back
    FULL_RETURN = "full-return"  # once everything has come back
    NEVER = "never"


class Issued(StrEnum):
    """What becomes of vouchers and rewards that the sale issued, where the kept part of it would not."""

    TAKE_BACK = "take-back"  # what is left of them
    DEDUCT = "deduct-from-refund"  # what is left of them; money that was used comes off the refund
    KEPT = "kept"


class ReachedTier(StrEnum):
    """What becomes of a tier that the sale reached and the kept part of it would not."""

    TAKE_BACK = "take-back"
    KEPT = "kept"


class ReturnsTable(TableModel):
    """What a return takes back of a sale, and gives back. Every full return under the defaults restores everything.

    Amounts are in minor units of the currency. Whatever is declared, no return takes back more than the sale gave, and
    returns in parts end where one return of everything does.
    """

    reverse: Reverse = Field(
        default=Reverse.LINES,
        description="By which measure earned points are taken back.",
        examples=["kept"],
    )
    pending_first: Flag = Field(
        default=False,
        description="Whether points that cannot be used yet are taken before those that the sale itself gave.",
        examples=[True],
    )
    policy: ReversalPolicy = Field(
        default=ReversalPolicy.UNLIMITED,
        description="How far points are taken back that the member does not have any more.",
        examples=["within-balance"],
    )
    floor: Whole = Field(
        default=0,
        ge=-FLOOR_MAX,
        le=FLOOR_MAX,
        description="With policy within-balance: what the balance is not taken below, in whole units.",
        examples=[-100],
    )
    shortfall: Shortfall = Field(
        default=Shortfall.FORGIVEN,
        description="What becomes of points that the policy does not take back.",
        examples=["deduct-from-refund"],
    )
    point_value: dict[UnitName, Annotated[Exact, Field(gt=0, le=POINT_VALUE_MAX_MINOR)]] = Field(
        default={},
        max_length=20,
        description="What one of a unit is worth in minor units where it comes off the refund.",
        examples=[{"points": Decimal("0.5")}],
    )
    spent: Spent = Field(
        default=Spent.BY_AMOUNT,
        description="When points and vouchers that were used on the sale are given back.",
        examples=["full-return"],
    )
    grace_days: Whole = Field(
        default=30,
        ge=0,
        le=3_650,
        description="So many days spent points can be used after they are given back, if they had expired by then.",
        examples=[14],
    )
    issued: Issued = Field(
        default=Issued.TAKE_BACK,
        description="What becomes of vouchers and rewards that the kept part of the sale would not have brought.",
        examples=["kept"],
    )
    tiers: ReachedTier = Field(
        default=ReachedTier.TAKE_BACK,
        description="What becomes of a tier that the kept part of the sale would not have reached.",
        examples=["kept"],
    )

    @model_validator(mode="after")
    def _says_what_points_are_worth(self) -> Self:
        if self.shortfall is Shortfall.DEDUCT and not self.point_value:
            raise ValueError(
                "shortfall deduct-from-refund needs point_value, such as { points = 1 }"
            )
        if self.shortfall is Shortfall.DEDUCT and self.policy is ReversalPolicy.UNLIMITED:
            raise ValueError("with policy unlimited there is no shortfall that could be deducted")
        if self.floor and self.policy is not ReversalPolicy.WITHIN_BALANCE:
            raise ValueError("floor is only kept with policy within-balance")
        return self

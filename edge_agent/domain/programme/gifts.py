"""What is given for something that is no purchase: points of any unit, a reward to collect, a voucher, an offer."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from edge_agent.domain.entries import Entry
from edge_agent.domain.programme.expiry import Expiry, Pending
from edge_agent.domain.programme.form import Exact, Refers, TableModel, Whole, WindowText
from edge_agent.domain.programme.situation import Situation
from edge_agent.domain.programme.texts import RuleId, UnitName
from edge_agent.domain.tallies import Reading, Window
from edge_agent.domain.units import Derived, derived

RewardName = Annotated[RuleId, Refers("reward")]
VoucherName = Annotated[RuleId, Refers("voucher")]
OfferName = Annotated[RuleId, Refers("offer")]

GIFT_MAX = 1_000_000
"""Of one gift. A million points for a check-in is a typing mistake."""

GIFTS_MAX = 10
"""Gifts of one rule; a customer is told of each."""


class Gift(TableModel):
    """So many of a unit (points unless it says another), or of a reward, a voucher or an offer by its id."""

    unit: UnitName | None = Field(
        default=None, description="The unit that is given; points without.", examples=["stars"]
    )
    reward: RewardName | None = Field(
        default=None, description="A reward to collect later.", examples=["coffee"]
    )
    voucher: VoucherName | None = Field(
        default=None, description="A voucher that is issued.", examples=["five-euro"]
    )
    offer: OfferName | None = Field(
        default=None, description="An offer that is opened for this member.", examples=["cheese"]
    )
    quantity: Exact = Field(
        default=Decimal(1),
        gt=0,
        le=GIFT_MAX,
        description="How much of it; of a voucher its value in minor units, or its uses.",
        examples=[50],
    )
    expiry: Expiry | None = Field(
        default=None,
        description="How long it lasts, in place of the unit's own expiry.",
        examples=[{"days": 30}],
    )

    pending: Pending | None = Field(
        default=None,
        description="How long it waits until it can be used, in place of the unit's own waiting.",
        examples=[{"days": 1}],
    )

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        named = [each for each in (self.unit, self.reward, self.voucher, self.offer) if each]
        if len(named) > 1:
            raise ValueError("give one of unit, reward, voucher and offer")
        return self

    @property
    def held_as(self) -> str:
        """The unit in which the member then has it."""
        if self.reward is not None:
            return derived(Derived.REWARD, self.reward)
        if self.voucher is not None:
            return derived(Derived.VOUCHER, self.voucher)
        if self.offer is not None:
            return derived(Derived.OFFER, self.offer)
        return self.unit or "points"

    def entry(
        self, situation: Situation, rule: str, times: int = 1, account: str | None = None
    ) -> Entry:
        """The entry that gives it so many times; to another `account` than the member's where one is named.

        What is less than the unit's smallest part is dropped.
        """
        unit = self.held_as
        table = situation.units.get(unit)
        quantity = int(self.quantity * times * (1 if table is None else table.scale))
        life = situation.life(unit, self.expiry, self.pending)
        return situation.earned(unit, quantity, rule, life=life)._replace(account=account)


Gifts = Annotated[tuple[Gift, ...], Field(max_length=GIFTS_MAX)]


def given(
    gifts: Sequence[Gift], situation: Situation, rule: str, times: int = 1
) -> tuple[Entry, ...]:
    """The entries that give all of these so many times."""
    return tuple(each.entry(situation, rule, times) for each in gifts) if times else ()


class Limit(TableModel):
    """At most so many times per member within a stretch of time."""

    times: Whole = Field(gt=0, le=GIFT_MAX, description="At most so many times.", examples=[5])
    per: WindowText = Field(
        default="ever",
        description="Within this time: day, week, month, quarter, year, membership-year, ever, or so many days.",
        examples=["day"],
    )

    def reading(self, tally: str) -> Reading:
        """What has to be known of the tally that counts the times."""
        return Reading(tally, Window.parse(self.per))


Limits = Annotated[tuple[Limit, ...], Field(max_length=GIFTS_MAX)]

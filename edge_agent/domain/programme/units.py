"""Units: what is counted, what it is called, when it can be used and how long it lasts."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Self

from pydantic import Field, model_validator

from edge_agent.domain.entries import Life
from edge_agent.domain.holdings import Consume
from edge_agent.domain.programme.expiry import NEVER, Expiry, Pending
from edge_agent.domain.programme.form import Flag, TableModel, Whole
from edge_agent.domain.programme.texts import CountedTexts, counted
from edge_agent.domain.tallies import months_later

WARN_DAYS = 60
"""How long before its end something is told of: a monthly shopper then hears of it twice."""

DECIMALS_OF_UNIT_MAX = 4
"""A hundredth of a point is the finest that we know of; the bound keeps sums far below 64 bits."""


BUILT_IN_NAMES: Mapping[str, CountedTexts] = {
    "points": counted(
        {"nl": "punt", "en": "point", "de": "Punkt", "fr": "point"},
        {"nl": "punten", "en": "points", "de": "Punkte", "fr": "points"},
    ),
    "stamps": counted(
        {"nl": "zegel", "en": "stamp", "de": "Stempel", "fr": "tampon"},
        {"nl": "zegels", "en": "stamps", "de": "Stempel", "fr": "tampons"},
    ),
    "stars": counted(
        {"nl": "ster", "en": "star", "de": "Stern", "fr": "étoile"},
        {"nl": "sterren", "en": "stars", "de": "Sterne", "fr": "étoiles"},
    ),
    "miles": counted(
        {"nl": "mijl", "en": "mile", "de": "Meile", "fr": "mile"},
        {"nl": "mijlen", "en": "miles", "de": "Meilen", "fr": "miles"},
    ),
    "status": counted(
        {"nl": "statuspunt", "en": "status point", "de": "Statuspunkt", "fr": "point de statut"},
        {
            "nl": "statuspunten",
            "en": "status points",
            "de": "Statuspunkte",
            "fr": "points de statut",
        },
    ),
}
"""What units with these ids are called where the file does not say."""


class Active(StrEnum):
    """What shows that a member is active."""

    SALE = "sale"
    REDEEM = "redeem"
    EARN = "earn"


class InactivityTable(TableModel):
    """How long a unit lasts after the member was last active."""

    months: Whole | None = Field(
        default=None,
        gt=0,
        le=120,
        description="So many months; either this or days.",
        examples=[18],
    )
    days: Whole | None = Field(
        default=None,
        gt=0,
        le=3_650,
        description="So many days; either this or months.",
        examples=[365],
    )
    activity: frozenset[Active] = Field(
        default=frozenset({Active.SALE, Active.REDEEM}),
        min_length=1,
        description="What counts as active: a sale with the card, redeem, or earn in any way.",
        examples=[["sale", "redeem"]],
    )

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.months is None) == (self.days is None):
            raise ValueError("give either months or days")
        return self

    def last_day(self, last_active: date) -> date:
        """The last day on which it can be used by whoever was last active on that day."""
        if self.days is not None:
            return last_active + timedelta(days=self.days)
        return months_later(last_active, self.months or 0)


class TransferTable(TableModel):
    """How a unit goes from one member to another; what is pending or over never goes."""

    restarts_life: Flag = Field(
        default=False,
        description="Whether it lasts as long as if it had been earned on the day of the transfer.",
        examples=[True],
    )


class UnitTable(TableModel):
    """A kind of points: what it is called, when it can be used and how long it lasts; without `expiry` for ever.

    With `decimals` it is stored in its smallest part: 2 makes 1.61 points 161.
    """

    name: CountedTexts = Field(
        default=BUILT_IN_NAMES["points"],
        description="What it is called; points, stamps, stars, miles and status have a name without.",
        examples=[{"one": "punt", "many": "punten"}],
    )
    decimals: Whole = Field(
        default=0,
        ge=0,
        le=DECIMALS_OF_UNIT_MAX,
        description="With how many decimals it is counted.",
        examples=[2],
    )
    expiry: Expiry | None = Field(
        default=None, description="How long it lasts; for ever without.", examples=[{"months": 12}]
    )
    pending: Pending | None = Field(
        default=None,
        description="How long it waits until it can be used, as long as goods may come back.",
        examples=[{"days": 14}],
    )
    consume: Consume = Field(
        default=Consume.SOONEST_EXPIRING,
        description="What is used up first.",
        examples=["oldest"],
    )
    warn_days: Whole = Field(
        default=WARN_DAYS,
        ge=0,
        le=366,
        description="So many days before they expire, the customer is told of it on screen and paper.",
        examples=[30],
    )

    inactivity: InactivityTable | None = Field(
        default=None,
        description="Lasts as long as the member stays active, besides its expiry.",
        examples=[{"months": 18}],
    )
    transfer: TransferTable | None = Field(
        default=None,
        description="Whether a member may give it to another, and how; without it nobody can.",
        examples=[{"restarts_life": True}],
    )

    @model_validator(mode="after")
    def _expires_after_it_matures(self) -> Self:
        wait = None if self.pending is None else self.pending.days
        days = None if self.expiry is None or self.expiry.from_maturity else self.expiry.days
        if wait is not None and days is not None and days < wait:
            raise ValueError(
                f"what waits {wait} days would expire after {days}; make expiry longer, or count it from_maturity"
            )
        return self

    @cached_property
    def scale(self) -> int:
        """How many of its smallest parts make one."""
        return int(10**self.decimals)

    def shown(self, quantity: int) -> int | str:
        """A quantity in smallest parts as programs are told it: a whole number, or a decimal as text ("1.61")."""
        return f"{Decimal(quantity).scaleb(-self.decimals):f}" if self.decimals else quantity

    def life(
        self,
        earned_on: date,
        joined: date | None,
        expiry: Expiry | None = None,
        pending: Pending | None = None,
    ) -> Life:
        """When what was earned on a day can be used; `expiry` and `pending` in place of the unit's own.

        It can be used for a day at least: where it would expire while it waits, it expires with the day of maturing.
        """
        wait = pending or self.pending
        matures_on = None if wait is None else wait.first_day(earned_on)
        return self.life_from(matures_on, earned_on, joined, expiry)

    def life_from(
        self,
        matures_on: date | None,
        earned_on: date,
        joined: date | None,
        expiry: Expiry | None = None,
    ) -> Life:
        """The same where it is known when it matures: None for at once, `NEVER` where only an event will tell."""
        rule = expiry or self.expiry
        last: date | None = None
        if rule is not None and matures_on != NEVER:
            start = matures_on if matures_on and rule.from_maturity else earned_on
            last = max(rule.last_day(start, joined), matures_on or date.min)
        return Life(
            matures_on, last, None if self.consume is Consume.SOONEST_EXPIRING else earned_on
        )


UNDECLARED = UnitTable()
"""How issued rewards, vouchers and the like live: usable at once and for ever, unless their rule says otherwise."""

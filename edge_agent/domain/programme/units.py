"""Units: what is counted, what it is called, when it can be used and how long it lasts."""

from collections.abc import Mapping
from datetime import date
from typing import Self

from pydantic import Field, model_validator

from edge_agent.domain.entries import Life
from edge_agent.domain.holdings import Consume
from edge_agent.domain.programme.expiry import Expiry, Pending
from edge_agent.domain.programme.form import TableModel, Whole
from edge_agent.domain.programme.texts import CountedTexts, counted

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

    @model_validator(mode="after")
    def _expires_after_it_matures(self) -> Self:
        # Both are counted from the day of earning, so nothing may be over before it can be used.
        return self

    @property
    def scale(self) -> int:
        """How many of its smallest parts make one."""
        return int(10**self.decimals)

    def life(self, earned_on: date, joined: date | None, expiry: Expiry | None = None) -> Life:
        """When what was earned on a day can be used; `expiry` in place of the unit's own."""
        matures_on = None if self.pending is None else self.pending.first_day(earned_on)
        rule = expiry or self.expiry
        start = (
            matures_on
            if matures_on is not None and rule and rule.counts_from_maturity
            else earned_on
        )
        return Life(
            matures_on,
            None if rule is None else rule.last_day(start, joined),
            None if self.consume is Consume.SOONEST_EXPIRING else earned_on,
        )

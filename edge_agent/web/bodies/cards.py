"""Who a call is about: a code as it came, or whoever is at the till."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from edge_agent.domain.basket import EntryMode, PresentedCard
from edge_agent.domain.cards import normalised
from edge_agent.till.present import AT_TILL, Holder
from edge_agent.web.bodies.strict import Strict
from edge_agent.web.fields import Code, Kind, Word, wrong


class Presented(Strict):
    """A code as it was scanned, typed, swiped or tapped."""

    code: Code
    entry: Literal["scanned", "keyed", "swiped", "tapped"]
    symbology: Word | None = None

    def to_card(self) -> PresentedCard:
        """The card, normalised."""
        return PresentedCard(normalised(self.code), EntryMode(self.entry), self.symbology)


class IdentifyBody(Presented):
    """`POST /v1/identify`: a code; what is good in `channel` is shown, in the till's own without it."""

    channel: Kind | None = None


class AtTill(Strict):
    """The member that the agent's own scanner read since the sale before."""

    source: Literal["till"] = Field(alias="from")


def _card_form(value: Any) -> str | None:
    if isinstance(value, dict):
        return AT_TILL_TAG if "from" in value else PRESENTED
    return None


PRESENTED = "<presented>"
AT_TILL_TAG = "<from the till>"

Card = Annotated[
    Annotated[Presented, Tag(PRESENTED)] | Annotated[AtTill, Tag(AT_TILL_TAG)],
    Discriminator(_card_form),
]


class OfHolder(Strict):
    """Who a call is about: a code, or whoever is at the till.

    `entry` matters where a typed number is worth less than a scanned one.
    """

    code: Code | None = None
    entry: Literal["scanned", "keyed", "swiped", "tapped"] = "scanned"
    card: AtTill | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        missing = (self.code, self.card).count(None)
        if missing == 0 or (missing == 2 and self._needed):
            raise wrong("give either code or card")
        return self

    _needed: ClassVar[bool] = True

    def to_holder(self) -> Holder:
        """The card, normalised, or whoever is at the till."""
        return (
            AT_TILL
            if self.code is None
            else PresentedCard(normalised(self.code), EntryMode(self.entry))
        )


class OfAnybody(OfHolder):
    """The same for calls that need nobody."""

    _needed: ClassVar[bool] = False

    def to_holder_if_any(self) -> Holder | None:
        """As `to_holder`; None where nobody is named."""
        return None if self.code is None and self.card is None else self.to_holder()

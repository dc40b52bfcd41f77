"""A basket in a file, to see what it comes to."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import Field

from edge_agent.domain.basket import LINES_MAX, STORE_CHANNEL, Basket
from edge_agent.domain.programme.situation import Redemption, Wanted
from edge_agent.web.bodies.baskets import BasketBody
from edge_agent.web.bodies.cards import Card, Presented
from edge_agent.web.bodies.checked import checked
from edge_agent.web.bodies.strict import Strict
from edge_agent.web.body import decoded
from edge_agent.web.fields import Code, Id, Kind, Time, Word


class WishBody(Strict):
    """A reward that the customer would like, in a basket that is tried out."""

    reward: Word
    points: Annotated[int, Field(gt=0)] | None = None
    times: Annotated[int, Field(gt=0)] = 1


class WantedBody(Strict):
    """What the customer would like to use with a basket that is tried out."""

    redemptions: Annotated[list[WishBody], Field(max_length=LINES_MAX)] = []
    codes: Annotated[list[Code], Field(max_length=LINES_MAX)] = []

    def to_wanted(self) -> Wanted:
        """The wishes of the domain; what comes out is taken off."""
        return Wanted(
            tuple(Redemption(each.reward, each.points, each.times) for each in self.redemptions),
            tuple(self.codes),
        )


class TrialBasket(NamedTuple):
    """A basket in a file: its time and the code of its card, if it has them, and what the customer would like."""

    basket: Basket
    at: datetime | None
    wanted: Wanted
    code: str | None


class TrialBody(BasketBody):
    """A basket in a file, to see what it comes to: a sale whose ids and time may be left out."""

    sale_id: Id | None = None
    quote_id: Id | None = None
    at: Time | None = None
    store: Word = ""
    channel: Kind = STORE_CHANNEL
    wanted: WantedBody = WantedBody()

    def to_trial(self) -> TrialBasket:
        """The trial of the domain."""
        basket = replace(self.to_basket(), store=self.store)
        return TrialBasket(basket, self.at, self.wanted.to_wanted(), _code_of(self.card))


def _code_of(card: Card | None) -> str | None:
    return card.to_card().code if isinstance(card, Presented) else None


def trial_from_json(raw: bytes) -> TrialBasket:
    """The basket of a file as the POS would post it. Raises `Malformed`, `PaymentCard` or `Invalid`."""
    return checked(TrialBody, decoded(raw)).to_trial()

"""What a member does beside buying: redeeming, actions, answers, and coming back with a receipt."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from edge_agent.domain.programme.acts import TIMES_AT_ONCE_MAX
from edge_agent.till.attach import Attaching
from edge_agent.till.redeem import Wish
from edge_agent.till.without_sale import Answering, Reported
from edge_agent.web.bodies.cards import OfAnybody, OfHolder
from edge_agent.web.fields import (
    REDEMPTIONS_MAX,
    TEXT_PATTERN,
    AnswerValue,
    Id,
    Kind,
    Points,
    Text,
    Word,
    wrong,
)

FREE_TEXT_MAX = 1_000
"""As much as central keeps of an answer: longer than anybody types at a till."""


class RedemptionBody(OfHolder):
    """`POST /v1/redemptions`: a reward, or points of the customer's choice, or both.

    With `sale_id` only that sale can use it. `times` is how often a reward is wanted. `channel` is where it is used, as
    in a sale, the till's own without it: a reward of other channels is refused.
    """

    redemption_id: Id
    reward: Word | None = None
    points: Points | None = None
    times: Annotated[int, Field(ge=1, le=REDEMPTIONS_MAX)] = 1
    sale_id: Id | None = None
    channel: Kind | None = None
    symbology: Word | None = None

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.code is not None and "entry" not in self.model_fields_set:
            raise wrong("give entry with code: a typed number redeems nothing")
        if self.reward is None and self.points is None:
            raise wrong("give reward or points")
        return self

    def to_wish(self) -> Wish:
        """The wish, in the till's words."""
        return Wish(
            self.redemption_id,
            self.to_holder(),
            self.reward,
            self.points,
            self.times,
            self.sale_id,
            self.channel or "",
        )


class AttachBody(OfHolder):
    """`POST /v1/sales/{sale_id}/member`: a forgotten card; `proof` is the text of the QR code on the receipt."""

    proof: Annotated[Text, Field(min_length=1)]

    def to_act(self, sale_id: str) -> Attaching:
        """The act, in the till's words."""
        return Attaching(sale_id, self.to_holder(), self.proof)


class ActionBody(OfHolder):
    """`POST /v1/actions`: an action of the programme, or `activate/ID` of an offer or challenge.

    `channel` is as in a sale.
    """

    action_id: Id
    action: Word
    times: Annotated[int, Field(ge=1, le=TIMES_AT_ONCE_MAX)] = 1
    channel: Kind | None = None

    def to_act(self) -> Reported:
        """The act, in the till's words."""
        return Reported(
            self.action_id, self.to_holder(), self.action, self.times, self.channel or ""
        )


class AnswerBody(OfAnybody):
    """`POST /v1/answers`: a customer's answer to one of the programme's questions; with or without a card.

    `text` is what the customer wrote or said besides; it stays out of everything that is hashed. `sale_id` names the
    sale that it was asked after, whose buyer answers: their card may have gone by then. `channel` is as in a sale.
    """

    answer_id: Id
    question: Word
    value: AnswerValue
    sale_id: Id | None = None
    text: (
        Annotated[str, StringConstraints(max_length=FREE_TEXT_MAX, pattern=TEXT_PATTERN)] | None
    ) = None
    channel: Kind | None = None

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        if self.sale_id is not None and (self.code is not None or self.card is not None):
            raise wrong("give either sale_id or a card")
        return self

    def to_act(self) -> Answering:
        """The answer, in the till's words."""
        return Answering(
            self.answer_id,
            self.question,
            self.value,
            self.to_holder_if_any(),
            self.sale_id,
            self.text,
            self.channel or "",
        )

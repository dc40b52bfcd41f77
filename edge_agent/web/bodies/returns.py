"""Goods that come back: voids and returns."""

from typing import Annotated, Any

from pydantic import Field

from edge_agent.domain.basket import LINES_MAX, PresentedCard, ReturnedLine
from edge_agent.web.bodies.baskets import LineBody
from edge_agent.web.bodies.cards import Presented
from edge_agent.web.bodies.strict import Strict
from edge_agent.web.fields import Id, LineNumber, Quantity, Text, Time


class VoidBody(Strict):
    """`POST /v1/sales/{sale_id}/void`."""

    void_id: Id


class ReturnLineBody(Strict):
    """How much of a line comes back."""

    line: LineNumber
    quantity: Quantity


class OriginalBody(Strict):
    """What a receipt of another till proves: its text, its time and the lines bought."""

    proof: Annotated[Text, Field(min_length=1)]
    at: Time
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=LINES_MAX)]


class ReturnBody(Strict):
    """`POST /v1/sales/{sale_id}/returns`. With `card` the goods only come back if its holder bought them."""

    return_id: Id
    card: Presented | None = None
    lines: Annotated[list[ReturnLineBody], Field(min_length=1, max_length=LINES_MAX)]
    original: OriginalBody | None = None

    def to_lines(self) -> tuple[ReturnedLine, ...]:
        """The lines of the domain."""
        return tuple(ReturnedLine(each.line, each.quantity) for each in self.lines)

    def to_card(self) -> PresentedCard | None:
        """The card, normalised."""
        return None if self.card is None else self.card.to_card()

    def to_original(self) -> dict[str, Any] | None:
        """The original as facts: `proof`, `at` and the lines as a record holds them."""
        if self.original is None:
            return None
        return {
            "proof": self.original.proof,
            "at": self.original.at.isoformat(),
            "lines": [line.to_line().to_json() for line in self.original.lines],
        }

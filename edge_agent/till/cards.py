"""The cards that this shop gives out."""

from edge_agent.domain.basket import PresentedCard
from edge_agent.domain.cards import is_member_card
from edge_agent.errors import FieldError, Invalid
from edge_agent.till.parts import Parts


def check_form(parts: Parts, card: PresentedCard | None) -> None:
    """Refuse a code that is not of a form that this shop gives out; raises Invalid."""
    if card is not None and not is_member_card(card.code, parts.settings.patterns):
        wrong = FieldError(
            "card.code", "is not of a form that this shop gives out; send the sale without the card"
        )
        raise Invalid("the card is not a member card", [wrong])

"""The cards that this shop gives out."""

from edge_agent.domain.basket import PresentedCard
from edge_agent.domain.cards import is_member_card
from edge_agent.errors import FieldError, Invalid
from edge_agent.till.parts import Parts


def check_form(parts: Parts, card: PresentedCard | None) -> None:
    """Refuse a code that is not of a form that this shop gives out; raises Invalid naming `code`."""
    _check(parts, card, "code", "is not of a form that this shop gives out")


def check_form_in_basket(parts: Parts, card: PresentedCard | None) -> None:
    """The same of a basket's card, which can be bought without."""
    why = "is not of a form that this shop gives out; send the sale without the card"
    _check(parts, card, "card.code", why)


def _check(parts: Parts, card: PresentedCard | None, path: str, why: str) -> None:
    if card is not None and not is_member_card(card.code, parts.settings.patterns):
        raise Invalid("the card is not a member card", [FieldError(path, why)])

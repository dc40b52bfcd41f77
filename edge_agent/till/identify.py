"""Identifying: who holds this card, and what do they have."""

from dataclasses import dataclass

from edge_agent.domain.basket import EntryMode, PresentedCard
from edge_agent.domain.cards import (
    CODE_CHARACTERS_MAX,
    holds_payment_card,
    is_member_card,
    masked,
    normalised,
)
from edge_agent.domain.programme import Programme
from edge_agent.errors import PaymentCard, UnknownCard
from edge_agent.till.directory import Account, Holdings
from edge_agent.till.parts import Parts
from edge_agent.till.rewards import reward_views
from edge_agent.till.views import MemberView


@dataclass(frozen=True, slots=True)
class Seen:
    """A code that a scanner read: whether it is a member's card, how it may be shown, and if not why not."""

    accepted: bool
    shown: str
    reason: str | None
    card: PresentedCard | None = None


def look_at(parts: Parts, text: str, symbology: str | None) -> Seen:
    """Tell member cards from everything else that people hold before a scanner; nothing of a payment card is shown."""
    if holds_payment_card(text):
        return Seen(False, "", "payment-card")
    code = normalised(text)
    if len(code) > CODE_CHARACTERS_MAX or not is_member_card(code, parts.settings.patterns):
        return Seen(False, masked(code), "not-a-member-card")
    return Seen(True, masked(code), None, PresentedCard(code, EntryMode.SCANNED, symbology))


def identify(parts: Parts, card: PresentedCard) -> MemberView:
    """The member behind a card. An unknown but well-formed card is answered as such: it earns.

    Raises PaymentCard, or UnknownCard for a code that is not of a form this shop gives out.
    """
    if holds_payment_card(card.code):
        raise PaymentCard("this looks like a payment card; it was neither stored nor logged")
    if not is_member_card(card.code, parts.settings.patterns):
        raise UnknownCard("this is not a card of this shop")
    lookups = parts.ledger.lookups()
    known = parts.directory.presented(card.code, lookups)
    now = parts.clock.now()
    current = parts.shelf.current(now)
    holdings: Holdings | None = Holdings({}, ())
    if current is not None and not current[0].shows_balance(card.entry):
        holdings = None
    elif current is not None:
        holdings = parts.directory.holdings(known, lookups, current[0], now)
    view = _view(parts, card, known, holdings, current[0] if current else None)
    parts.present.set(card, now)
    parts.events.publish("member", view.to_json())
    return view


def _view(
    parts: Parts,
    card: PresentedCard,
    account: Account,
    holdings: Holdings | None,
    programme: Programme | None,
) -> MemberView:
    member = account.member
    return MemberView(
        standing=account.standing,
        account=account.ref or None,
        card=masked(card.code),
        display_name="" if member is None else member.display_name,
        tier=None if member is None else member.tier,
        since=None if member is None else member.since,
        language=None if member is None else member.language,
        balance=None if holdings is None else holdings.balance,
        rewards=()
        if programme is None or holdings is None
        else reward_views(programme, holdings.balance, parts.settings.language),
        expiring=() if holdings is None else holdings.expiring,
        as_of=account.as_of,
    )

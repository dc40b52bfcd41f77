"""Identifying: who holds this card, and what do they have."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
from edge_agent.ledger.acts import Lookups
from edge_agent.till.account import Account
from edge_agent.till.directory import Holdings
from edge_agent.till.parts import Parts
from edge_agent.till.refusals import Refusal
from edge_agent.till.shown import NOTHING_SHOWN, greeting_json, standing_json
from edge_agent.till.views import MemberView
from edge_agent.till.working_out import NO_HOLDINGS


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


def identify(parts: Parts, card: PresentedCard, channel: str = "store") -> MemberView:
    """The member behind a card, with the rewards of this store and `channel`. An unknown but well-formed card is
    answered as such: it earns.

    Raises PaymentCard, or UnknownCard for a code that is not of a form this shop gives out.
    """
    if holds_payment_card(card.code):
        raise PaymentCard(Refusal.PAYMENT_CARD.in_words(parts.settings.language))
    if not is_member_card(card.code, parts.settings.patterns):
        raise UnknownCard(Refusal.NOT_OUR_CARD.in_words(parts.settings.language))
    lookups = parts.ledger.lookups()
    known = parts.directory.presented(card.code, lookups)
    now = parts.clock.now()
    current = parts.shelf.current(now)
    holdings: Holdings | None = NO_HOLDINGS
    if current is not None and not current[0].shows_balance(card.entry):
        holdings = None
    elif current is not None:
        holdings = parts.directory.holdings(known, lookups, current[0], now)
    programme = current[0] if current else None
    view = _view(parts, lookups, card, known, holdings, programme, now, channel)
    parts.present.set(card, now)
    parts.events.publish("member", view.to_json())
    return view


def _view(
    parts: Parts,
    lookups: Lookups,
    card: PresentedCard,
    account: Account,
    holdings: Holdings | None,
    programme: Programme | None,
    now: datetime,
    channel: str,
) -> MemberView:
    member = account.member
    shown = _shown(parts, account, holdings, programme, now, channel)
    reserved = () if holdings is None else lookups.made_for(now, account.refs)
    tier = shown["tier"]
    return MemberView(
        standing=account.standing,
        account=account.ref or None,
        card=masked(card.code),
        display_name="" if member is None else member.display_name,
        tier=tier["id"] if tier else None if member is None else member.tier,
        since=None if member is None else member.since,
        language=None if member is None else member.language,
        balance=None if holdings is None else holdings.balance,
        shown={**shown, "redemptions": [json.loads(each.result) for each in reserved]},
        as_of=account.as_of,
    )


def _shown(
    parts: Parts,
    account: Account,
    holdings: Holdings | None,
    programme: Programme | None,
    now: datetime,
    channel: str,
) -> dict[str, Any]:
    """Everything that the view shows of an account; nothing without a programme to show it by."""
    if programme is None:
        return {"balance": {}, "rewards": [], **NOTHING_SHOWN, "messages": [], "questions": []}
    language, store = parts.settings.language, parts.settings.store
    return {
        **standing_json(account, holdings, programme, now, store, language, channel),
        **greeting_json(programme, holdings, now, store, language),
    }

"""Identifying: who holds this card, and what do they have."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from edge_agent.domain.balance import Balance
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
from edge_agent.till.shown import (
    NOTHING_SHOWN,
    balances_json,
    greeting_json,
    own_word,
    standing_json,
)
from edge_agent.till.unworked import worked_or
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


def identify(
    parts: Parts, card: PresentedCard, channel: str = "", *, again: bool = False
) -> MemberView:
    """The member behind a card, with what is good in this store and `channel` ("" for the till's own). An unknown but
    well-formed card is answered as such: it earns.

    With `again` nobody comes to the till by it: who is there already stays, and nobody else is shown.
    Where the rules fail on it, by a mistake of ours, the view has who it is and the balance, and says so.
    Raises PaymentCard, or UnknownCard for a code that is not of a form this shop gives out.
    """
    if holds_payment_card(card.code):
        raise PaymentCard(Refusal.PAYMENT_CARD.in_words(parts.settings.language))
    if not is_member_card(card.code, parts.settings.patterns):
        raise UnknownCard(Refusal.NOT_OUR_CARD.in_words(parts.settings.language))
    lookups = parts.ledger.lookups()
    account = parts.directory.presented(card.code, lookups)
    now = parts.clock.now()
    current = parts.shelf.current(now)
    if current is None:
        seen = _NO_PROGRAMME
    else:
        who = _Presented(card, account, current[0], now, parts.settings.channel_of(channel))
        seen = worked_or(
            lambda: _seen(parts, lookups, who), lambda _: _seen_without_rules(parts, lookups, who)
        )
    view = _view(lookups, card, account, seen, now)
    if not again:
        parts.present.set(card, now)
    elif not parts.present.renew(card, now):
        return view
    parts.events.publish("member", view.to_json())
    return view


class _Presented(NamedTuple):
    """Whose card is presented, by which programme, when and in which channel."""

    card: PresentedCard
    account: Account
    programme: Programme
    now: datetime
    channel: str


class _Seen(NamedTuple):
    """What may be seen of an account: its balance, None where that is not to be shown, and all else that is shown."""

    balance: dict[str, Balance] | None
    shown: dict[str, Any]


_NO_PROGRAMME = _Seen(
    {}, {"balance": {}, "rewards": [], **NOTHING_SHOWN, "messages": [], "questions": []}
)


def _seen(parts: Parts, lookups: Lookups, who: _Presented) -> _Seen:
    card, account, programme, now, channel = who
    language, store = parts.settings.language, parts.settings.store
    holdings: Holdings | None = None
    if programme.shows_balance(card.entry):
        holdings = parts.directory.holdings(account, lookups, programme, now)
    return _Seen(
        None if holdings is None else holdings.balance,
        {
            **standing_json(parts, lookups, account, holdings, programme, now, channel),
            **greeting_json(programme, holdings, now, store, channel, language),
        },
    )


def _seen_without_rules(parts: Parts, lookups: Lookups, who: _Presented) -> _Seen:
    """The balance, as far as it is known, and that the rest could not be worked out."""
    card, account, programme, now, channel = who

    def balance() -> dict[str, Balance]:
        found = parts.directory.balances(account, lookups, programme, now)
        return {unit: found[unit] for unit in programme.units}

    known = worked_or(balance, lambda _: {}) if programme.shows_balance(card.entry) else None
    shown = standing_json(parts, lookups, account, None, programme, now, channel)
    if known is not None:
        own = own_word(parts, lookups, programme, account)
        shown["balance"] = worked_or(lambda: balances_json(known, programme, own), lambda _: {})
    said = Refusal.NOT_SHOWN.in_words(parts.settings.language)
    return _Seen(known, {**shown, "messages": [], "questions": [], "not_worked_out": said})


def _view(
    lookups: Lookups, card: PresentedCard, account: Account, seen: _Seen, now: datetime
) -> MemberView:
    member, tier = account.member, seen.shown["tier"]
    reserved = () if seen.balance is None else lookups.made_for(now, account.refs)
    return MemberView(
        standing=account.standing,
        account=account.ref or None,
        card=masked(card.code),
        display_name="" if member is None else member.display_name,
        tier=tier["id"] if tier else None if member is None else member.tier,
        since=None if member is None else member.since,
        language=None if member is None else member.language,
        balance=seen.balance,
        shown={**seen.shown, "redemptions": [json.loads(each.result) for each in reserved]},
        as_of=account.as_of,
    )

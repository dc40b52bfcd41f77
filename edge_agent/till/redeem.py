"""Redeeming: reserved under limits, committed with a sale or by itself, cancelled, or lapsed by itself.

What is reserved is on disk before it is answered, and nobody else can use it meanwhile. It gets into the journal only
when it is committed.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic_core import to_json

from edge_agent.domain.basket import PresentedCard
from edge_agent.domain.cards import is_member_card
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.member import MemberFacts, Standing
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.collecting import collect
from edge_agent.domain.programme.rewards import RewardRule, scale_of
from edge_agent.domain.programme.situation import Redemption, Wanted
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.errors import (
    FieldError,
    Invalid,
    RedemptionDiffers,
    Refused,
    UnknownCard,
)
from edge_agent.ledger.acts import Lookups
from edge_agent.ledger.reservations import Reservation, ReservationState
from edge_agent.till.account import Account
from edge_agent.till.facts import member_facts
from edge_agent.till.limits import AtRisk, reached, room
from edge_agent.till.parts import Parts
from edge_agent.till.present import Holder, as_sent
from edge_agent.till.refusals import OF_STANDING, Refusal
from edge_agent.till.views import Answer

RESERVED_FOR = timedelta(minutes=15)
"""As long as a quote: who reserved and went away must not keep the points from their household for longer."""

AUTHORISED_BY = "limit"
"""Who stands for it: the limits of this till's configuration."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the customer wants to use: a reward, so many `times`, or `points` of their choice (whole ones)."""

    redemption_id: str
    card: Holder
    reward: str | None = None
    points: Decimal | None = None
    times: int = 1
    sale_id: str | None = None

    @property
    def fingerprint(self) -> bytes:
        """What tells a repeat from another redemption under the same id."""
        points = None if self.points is None else f"{self.points.normalize():f}"
        sent = [as_sent(self.card), self.reward, points, self.times, self.sale_id]
        return hashlib.sha256(to_json(sent)).digest()


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a wish takes at most, in smallest parts of `unit`, and what it takes off where that is known already."""

    unit: str
    quantity: int
    discount: int | None
    needs_quote: bool


def reserve(parts: Parts, wish: Wish) -> Answer:
    """Reserve what a redemption takes at most; the same wish again gets the same answer.

    Raises RedemptionDiffers, UnknownCard, Refused (with the reason in the till's language), Invalid, NoProgramme,
    DiskFull or LedgerUnavailable; then nothing was reserved.
    """
    mark = wish.fingerprint
    with parts.ledger.act() as act:
        known = act.redemption(wish.redemption_id)
        if known is not None:
            if known.fingerprint != mark:
                raise RedemptionDiffers(
                    f"redemption {wish.redemption_id} was asked for before with other content"
                )
            return Answer(json.loads(known.result), first=False, text=known.result)
        now = parts.clock.now()
        programme = parts.shelf.at(now)
        account = _holder(parts, act, parts.who(wish.card, now))
        rule = _reward(parts, programme, wish)
        facts = member_facts(programme, account, act, now)
        cost = _cost(parts, act, programme, account, facts, rule, wish, now)
        until = now + RESERVED_FOR
        redemption = Redemption(
            rule.id, _points(programme, rule, wish), wish.times, wish.redemption_id
        )
        result = _reserved_json(parts, programme, rule, cost, redemption, until)
        text = to_json(result).decode()
        act.reserve(
            Reservation(
                redemption,
                account.ref,
                cost.unit,
                cost.quantity,
                programme.digest,
                until,
                mark,
                text,
                cost.needs_quote,
                wish.sale_id,
            )
        )
    return Answer(result, first=True, text=text)


def _holder(parts: Parts, lookups: Lookups, card: PresentedCard) -> Account:
    """The account of whoever holds the card. Raises UnknownCard or Refused."""
    language = parts.settings.language
    if not is_member_card(card.code, parts.settings.patterns):
        raise UnknownCard(Refusal.NOT_OUR_CARD.in_words(language))
    account = parts.directory.by_card(card.code, lookups)
    if account is None or account.member is None:
        raise UnknownCard(Refusal.NOT_TOLD_OF.in_words(language))
    if account.standing is not Standing.KNOWN:
        raise Refused(OF_STANDING[account.standing].in_words(language))
    if card.is_typed:
        raise Refused(Refusal.TYPED_REDEEMS_NOTHING.in_words(language))
    return account


def _reward(parts: Parts, programme: Programme, wish: Wish) -> RewardRule:
    rewards = programme.file.reward
    if wish.reward is not None:
        found = next((rule for rule in rewards if rule.id == wish.reward), None)
        if found is None:
            raise Invalid("no such reward", [FieldError("reward", "is not in this programme")])
        return found
    found = next((rule for rule in rewards if rule.spend is not None), None)
    if found is None:
        raise Refused(Refusal.NO_FREE_CHOICE.in_words(parts.settings.language))
    return found


def _points(programme: Programme, rule: RewardRule, wish: Wish) -> int | None:
    """The points that were chosen, in smallest parts. Raises Invalid."""
    if wish.points is None:
        return None
    if rule.spend is None:
        wrong = FieldError("points", "cannot be chosen for this reward; leave them out")
        raise Invalid("the reward has a price of its own", [wrong])
    parts = wish.points * scale_of(rule.unit, programme.file.unit)
    if parts != parts.to_integral_value():
        raise Invalid("no such number of points", [FieldError("points", "has too many decimals")])
    return int(parts)


def _cost(
    parts: Parts,
    lookups: Lookups,
    programme: Programme,
    account: Account,
    facts: MemberFacts,
    rule: RewardRule,
    wish: Wish,
    now: datetime,
) -> _Cost:
    """What is reserved. Raises Refused where the programme, the balance or a limit does not allow it."""
    units = programme.file.unit
    here = now.astimezone(programme.timezone)
    scale = scale_of(rule.paid_in, units)
    spendable = parts.directory.spendable(account, lookups, programme, rule.paid_in, now)
    at_risk = _at_risk(parts, lookups, programme, account, now)
    counts = rule.paid_in in units
    left = room(parts.settings.offline, at_risk) * scale if counts else spendable
    unmet = rule.unmet_for(facts, here, units)
    if unmet is not None:
        raise refused(parts, programme, unmet)
    points = _points(programme, rule, wish)
    if rule.cost_per is not None or (rule.spend is not None and points is None):
        # How much is of use only the basket says: as much as there is and may be is kept for it.
        cost = _Cost(rule.paid_in, min(spendable, left), None, needs_quote=True)
    else:
        cost = _fixed_cost(parts, programme, facts, rule, wish, points, now)
    if cost.quantity > spendable or cost.quantity <= 0:
        missing = max(cost.quantity, rule.least(units)) - spendable
        raise refused(parts, programme, Unmet(Obstacle.NOT_ENOUGH, missing))
    asked = Fraction(cost.quantity, scale) if counts else Fraction(0)
    stop = reached(parts.settings.offline, asked, at_risk, _members_age(parts))
    if stop is not None:
        raise Refused(stop.in_words(parts.settings.language))
    return cost


def _fixed_cost(
    parts: Parts,
    programme: Programme,
    facts: MemberFacts,
    rule: RewardRule,
    wish: Wish,
    points: int | None,
    now: datetime,
) -> _Cost:
    """What the rules themselves would charge without a basket; where they need one, the price as it is declared."""
    redemption = Redemption(rule.id, points, wish.times, wish.redemption_id)
    tried = collect(programme, facts, Wanted((redemption,), reduces=False), now)
    unmet = next((each.unmet for each in tried.outcomes if each.unmet is not None), None)
    if unmet is not None and unmet.obstacle is Obstacle.NEEDS_QUOTE:
        times = 1 if rule.spend is not None else wish.times
        price = rule.least(programme.file.unit) if points is None else points
        return _Cost(rule.paid_in, price * times, None, needs_quote=True)
    if unmet is not None:
        raise refused(parts, programme, unmet)
    charged = -sum(
        each.quantity
        for each in tried.entries
        if each.kind is EntryKind.REDEEM and each.unit == rule.paid_in
    )
    chosen = None if points is None else charged
    discount = rule.discount(chosen, wish.times, programme.file.unit)
    return _Cost(rule.paid_in, charged, discount, needs_quote=False)


def refused(parts: Parts, programme: Programme, unmet: Unmet) -> Refused:
    """What the rules say stands in the way, in the till's language."""
    return Refused(unmet.in_words(parts.settings.language, programme.file.currency))


def _at_risk(
    parts: Parts, lookups: Lookups, programme: Programme, account: Account, now: datetime
) -> AtRisk:
    """Points of the programme's units that this till reserved or redeemed and that central has not posted."""
    applied = parts.directory.applied_seq()
    units = programme.file.unit
    of_member = of_all = Fraction(0)
    for each in (*lookups.redeemed_since(applied), *lookups.reserved(now)):
        if each.unit in units:
            points = Fraction(each.quantity, units[each.unit].scale)
            of_all += points
            if each.account in account.refs:
                of_member += points
    return AtRisk(of_member, of_all)


def _members_age(parts: Parts) -> timedelta | None:
    position = parts.directory.position()
    return None if position is None else parts.clock.age(position.as_of, position.noted)


def _reserved_json(
    parts: Parts,
    programme: Programme,
    rule: RewardRule,
    cost: _Cost,
    redemption: Redemption,
    until: datetime,
) -> dict[str, Any]:
    return {
        "redemption_id": redemption.id,
        "state": ReservationState.RESERVED.value,
        "authorised_by": AUTHORISED_BY,
        "reward": rule.id,
        "title": rule.title.for_language(parts.settings.language),
        "unit": cost.unit,
        "cost": programme.shown(cost.unit, cost.quantity),
        "discount": cost.discount,
        "needs_quote": cost.needs_quote,
        "until": until.isoformat(),
    }

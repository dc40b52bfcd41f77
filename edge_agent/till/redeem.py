"""Redeeming: reserved, committed with a sale or by itself, cancelled, or lapsed by itself.

What is reserved is on disk before it is answered, and nobody else can use it meanwhile. It gets into the journal only
when it is committed. Central is asked before the ledger is written to: no sale waits for its answer.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

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
from edge_agent.ledger.acts import Act, Lookups, is_repeat
from edge_agent.ledger.reservations import Reservation, ReservationState
from edge_agent.till.account import Account
from edge_agent.till.authority import RESERVED_FOR, Question, Word, certain_until
from edge_agent.till.facts import member_facts
from edge_agent.till.granting import Claim, Granted, granted, unheld
from edge_agent.till.limits import most_money
from edge_agent.till.parts import Parts
from edge_agent.till.present import Holder, as_sent
from edge_agent.till.refusals import OF_STANDING, Refusal
from edge_agent.till.unworked import worked_or_refused
from edge_agent.till.views import Answer


@dataclass(frozen=True, slots=True)
class Wish:
    """What the customer wants to use: a reward, so many `times`, or `points` of their choice (whole ones); `channel` as
    a sale would say it, "" for the till's own."""

    redemption_id: str
    card: Holder
    reward: str | None = None
    points: Decimal | None = None
    times: int = 1
    sale_id: str | None = None
    channel: str = ""

    @property
    def content(self) -> bytes:
        """What tells a repeat from another redemption under the same id."""
        points = None if self.points is None else f"{self.points.normalize():f}"
        sent = [as_sent(self.card), self.reward, points, self.times, self.sale_id, self.channel]
        return orjson.dumps(sent)


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a wish takes of the unit that the reward is paid in, in smallest parts, and what it takes off where that is
    known already. `least` is less than `quantity` where as many as are of use are kept for it."""

    quantity: int
    least: int
    discount: int | None
    needs_quote: bool


@dataclass(frozen=True, slots=True)
class _Considered:
    """A wish as it stands at one moment: by which rules, for whom, and at what cost."""

    rule: RewardRule
    claim: Claim
    cost: _Cost


def reserve(parts: Parts, wish: Wish) -> Answer:
    """Reserve what a redemption takes at most; the same wish again gets the same answer.

    Raises RedemptionDiffers, UnknownCard, Refused (with the reason in the till's language), Invalid, NoProgramme,
    DiskFull or LedgerUnavailable; then nothing was reserved.
    """
    return worked_or_refused(parts, lambda: _once(parts, wish))


def _once(parts: Parts, wish: Wish) -> Answer:
    mark = parts.ledger.fingerprint(wish.content)
    wish = replace(wish, channel=parts.settings.channel_of(wish.channel))
    lookups = parts.ledger.lookups()
    again = _again(lookups, wish, mark)
    if again is not None:
        return again
    now = parts.clock.now()
    word = parts.authority.ask(_question(parts, lookups, wish, now))
    try:
        with parts.ledger.act() as act:
            return _again(act, wish, mark) or _reserve(parts, act, wish, mark, word, now)
    except RedemptionDiffers:
        raise  # the id is another wish's, which was reserved meanwhile
    except BaseException:
        if word is None or word.quantity:
            parts.authority.let_go(wish.redemption_id)
        raise


def _again(lookups: Lookups, wish: Wish, mark: bytes) -> Answer | None:
    """What was answered before; None for a new wish. Raises RedemptionDiffers."""
    known = lookups.redemption(wish.redemption_id)
    if known is None:
        return None
    if not is_repeat(known.fingerprint, mark):
        raise RedemptionDiffers(
            f"redemption {wish.redemption_id} was asked for before with other content"
        )
    return Answer(json.loads(known.result), first=False, text=known.result)


def _question(parts: Parts, lookups: Lookups, wish: Wish, now: datetime) -> Question:
    claim = _considered(parts, lookups, wish, now).claim
    return Question(
        wish.redemption_id,
        claim.account.ref,
        claim.unit,
        claim.quantity,
        claim.least,
        certain_until(now + RESERVED_FOR),
        unheld(parts, lookups, claim, now),
    )


def _reserve(
    parts: Parts, act: Act, wish: Wish, mark: bytes, word: Word | None, now: datetime
) -> Answer:
    # Once more: what there was may have been used while central was asked.
    considered = _considered(parts, act, wish, now)
    claim, rule, cost = considered.claim, considered.rule, considered.cost
    grant = granted(parts, act, claim, word, now)
    redemption = Redemption(
        rule.id, _points(claim.programme, rule, wish), wish.times, wish.redemption_id
    )
    until = now + RESERVED_FOR
    result = _reserved_json(parts, considered, grant, redemption, until)
    text = orjson.dumps(result).decode()
    act.reserve(
        Reservation(
            redemption,
            claim.account.ref,
            claim.unit,
            grant.quantity,
            grant.authorised_by,
            claim.programme.digest,
            until,
            mark,
            text,
            cost.needs_quote,
            wish.sale_id,
            wish.channel,
        )
    )
    return Answer(result, first=True, text=text)


def _considered(parts: Parts, lookups: Lookups, wish: Wish, now: datetime) -> _Considered:
    """What the wish comes to now. Raises what `reserve` raises but for the word of central and limits."""
    programme = parts.shelf.at(now)
    account = _holder(parts, lookups, parts.who(wish.card, now))
    rule = _reward(parts, programme, wish)
    facts = member_facts(programme, account, lookups, now)
    spendable = parts.directory.spendable(account, lookups, programme, rule.paid_in, now)
    cost = _cost(parts, programme, facts, rule, wish, spendable, now)
    money = most_money(rule) * wish.times
    claim = Claim(programme, account, rule.paid_in, cost.quantity, cost.least, money)
    return _Considered(rule, claim, cost)


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
    programme: Programme,
    facts: MemberFacts,
    rule: RewardRule,
    wish: Wish,
    spendable: int,
    now: datetime,
) -> _Cost:
    """What is to be reserved. Raises Refused where the programme or the balance does not allow it."""
    units = programme.file.unit
    elsewhere = rule.when.unmet_where(parts.settings.store, wish.channel)
    unmet = elsewhere or rule.unmet_for(facts, now.astimezone(programme.timezone), units)
    if unmet is not None:
        raise refused(parts, programme, unmet)
    points = _points(programme, rule, wish)
    if rule.cost_per is not None or (rule.spend is not None and points is None):
        # How much is of use only the basket says: as much as there is and may be is kept for it.
        cost = _Cost(spendable, max(1, rule.least(units)), None, needs_quote=True)
    else:
        cost = _fixed_cost(parts, programme, facts, rule, wish, points, now)
    if not cost.least <= cost.quantity <= spendable:
        missing = max(cost.quantity, cost.least) - spendable
        raise refused(parts, programme, Unmet(Obstacle.NOT_ENOUGH, missing))
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
    wanted = Wanted((redemption,), reduces=False)
    store, channel = parts.settings.store, wish.channel
    tried = collect(programme, facts, wanted, now, store=store, channel=channel)
    unmet = next((each.unmet for each in tried.outcomes if each.unmet is not None), None)
    if unmet is not None and unmet.obstacle is Obstacle.NEEDS_QUOTE:
        times = 1 if rule.spend is not None else wish.times
        price = rule.least(programme.file.unit) if points is None else points
        return _Cost(price * times, price * times, None, needs_quote=True)
    if unmet is not None:
        raise refused(parts, programme, unmet)
    charged = -sum(
        each.quantity
        for each in tried.entries
        if each.kind is EntryKind.REDEEM and each.unit == rule.paid_in
    )
    chosen = None if points is None else charged
    discount = rule.discount(chosen, wish.times, programme.file.unit)
    return _Cost(charged, charged, discount, needs_quote=False)


def refused(parts: Parts, programme: Programme, unmet: Unmet) -> Refused:
    """What the rules say stands in the way, in the till's language."""
    return Refused(unmet.in_words(parts.settings.language, programme.file.currency))


def _reserved_json(
    parts: Parts, considered: _Considered, grant: Granted, redemption: Redemption, until: datetime
) -> dict[str, Any]:
    rule, claim = considered.rule, considered.claim
    return {
        "redemption_id": redemption.id,
        "state": ReservationState.RESERVED.value,
        "authorised_by": grant.authorised_by.value,
        "reward": rule.id,
        "title": rule.title.for_language(parts.settings.language),
        "unit": claim.unit,
        "cost": claim.programme.shown(claim.unit, grant.quantity),
        "discount": considered.cost.discount,
        "needs_quote": considered.cost.needs_quote,
        "until": until.isoformat(),
    }

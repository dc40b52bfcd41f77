"""What cashier and customer see of a member: what there is, what comes, what goes, what is within reach."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from edge_agent.domain.balance import Balance
from edge_agent.domain.entries import Entry
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.evaluation import Evaluation
from edge_agent.domain.programme.greeting import greeting
from edge_agent.domain.programme.messages import MessageRule, Place
from edge_agent.domain.programme.offers import OfferShown, offers_for
from edge_agent.domain.programme.outlook import Outlook, outlook
from edge_agent.domain.programme.progress import Measure, Progress, Towards
from edge_agent.domain.programme.questions import QuestionRule
from edge_agent.domain.programme.surprises import prize_in
from edge_agent.domain.programme.unmet import Unmet
from edge_agent.domain.units import is_tally
from edge_agent.ledger.acts import Lookups
from edge_agent.till.account import Account
from edge_agent.till.directory import Holdings
from edge_agent.till.granting import OwnWord
from edge_agent.till.parts import Parts
from edge_agent.till.receipt_facts import next_reward
from edge_agent.till.rewards import reward_views
from edge_agent.till.views import RewardView

NOTHING_SHOWN: dict[str, Any] = {
    "tier": None,
    "stamps": [],
    "offers": [],
    "pending": [],
    "expiring": [],
    "progress": [],
    "memberships": [],
}
"""For a customer without a card, and for whoever may not see what is on it."""


def entries_json(
    entries: Sequence[Entry], programme: Programme, language: str
) -> list[dict[str, Any]]:
    """Entries as the API shows them: with the reason in words, and bonuses told from the base.

    What is only counted is left out, and what another member gets is not this one's business.
    """
    own = [each for each in entries if each.account is None and not is_tally(each.unit)]
    said = {
        rule: {"why": programme.reason(rule, language), "bonus": programme.is_bonus(rule)}
        for rule in {entry.rule for entry in own}
    }
    return [
        {
            **entry.to_json(),
            "quantity": programme.shown(entry.unit, entry.quantity),
            **said[entry.rule],
        }
        for entry in own
    ]


def balance_json(balance: Balance, programme: Programme, unit: str) -> dict[str, Any]:
    """A balance as the API shows it: decimals as text where the unit has them."""
    return {
        name: programme.shown(unit, value) if isinstance(value, int) else value
        for name, value in balance.to_json().items()
    }


def own_word(
    parts: Parts, lookups: Lookups, programme: Programme, account: Account | None
) -> OwnWord | None:
    """What stands for a redemption of the account where central cannot be asked now; None where it can."""
    if account is None or not parts.authority.away:
        return None
    return OwnWord(parts, lookups, programme, account, parts.clock.now())


def balances_json(
    balances: Mapping[str, Balance], programme: Programme, own: OwnWord | None
) -> dict[str, Any]:
    """The balance of each unit as the API shows it; spendable is no more than what our `own` word is good for."""
    if own is not None:
        balances = {unit: replace(each, most=own.most(unit)) for unit, each in balances.items()}
    return {unit: balance_json(balance, programme, unit) for unit, balance in balances.items()}


def standing_json(
    parts: Parts,
    lookups: Lookups,
    account: Account | None,
    holdings: Holdings | None,
    programme: Programme,
    at: datetime,
    channel: str,
) -> dict[str, Any]:
    """What an answer says of what a member has: the balance per unit, the rewards that can be used in this store and
    channel and which one is next, and the rest of `shown_json`.

    Where central cannot be asked, what can be used is what would be granted now. Which reward is next is told without
    that: it is of the next visit, as the receipt is. Without `holdings` nothing of it is to be shown.
    """
    store, language = parts.settings.store, parts.settings.language
    standing = None if account is None else account.standing.value
    if holdings is None:
        return {
            "standing": standing,
            "balance": None,
            "rewards": [],
            "next_reward": None,
            **NOTHING_SHOWN,
        }
    own = own_word(parts, lookups, programme, account)
    rewards: tuple[RewardView, ...] = ()
    if not holdings.facts.anonymous:
        facts = programme.present(holdings.facts, programme.local_date(at))
        spendable = holdings.spendable
        rewards = reward_views(programme, facts, spendable, own, at, store, channel, language)
    reward = next_reward(rewards, holdings.balance)
    return {
        "standing": standing,
        "balance": balances_json(holdings.balance, programme, own),
        "rewards": [each.to_json() for each in rewards],
        "next_reward": None
        if reward is None
        else reward.to_json()
        | {
            "have": programme.shown(reward.unit, reward.have),
            "cost": programme.shown(reward.unit, reward.cost),
        },
        **shown_json(programme, holdings, at, store, channel, language),
    }


def shown_json(
    programme: Programme,
    holdings: Holdings | None,
    at: datetime,
    store: str,
    channel: str,
    language: str,
) -> dict[str, Any]:
    """Tier, stamps, offers, what waits, expires and is on the way; `holdings` None shows nothing.

    Offers are those of this store and channel and ranked: the first one is the one to mention. The way to what can only
    be had elsewhere is shown, and says so: the member goes on with it here, by the same points. What expires within the
    unit's `warn_days` says `warn`.
    """
    if holdings is None or holdings.facts.anonymous:
        return NOTHING_SHOWN
    here = at.astimezone(programme.timezone)
    facts = programme.present(holdings.facts, here.date())
    seen = outlook(programme, facts, at)
    return {
        "tier": _tier_json(programme, facts.tier, seen, language),
        "stamps": [
            {"card": each.rule, **_progress_json(programme, each, language)}
            for each in seen.towards(Towards.STAMP_CARD)
        ],
        "offers": [
            _offer_json(each, language)
            for each in offers_for(programme.file.offer, facts, here, store, channel)
        ],
        "pending": [
            _on_json(programme, each.unit, each.quantity, each.day) for each in seen.pending
        ],
        "expiring": _expiring_json(programme, holdings, seen),
        "progress": [
            _progress_json(programme, each, language, each.unmet_where(store, channel))
            for each in seen.progress
            if each.towards is not Towards.STAMP_CARD
        ],
        "memberships": [
            {
                "id": each.rule,
                "title": each.title.for_language(language),
                "until": None if each.until is None else each.until.isoformat(),
            }
            for each in programme.memberships.running(facts, here.date())
        ],
    }


def _offer_json(offer: OfferShown, language: str) -> dict[str, Any]:
    return {
        "id": offer.id,
        "title": offer.title.for_language(language),
        "say": None if offer.say is None else offer.say.for_language(language),
        "until": None if offer.until is None else offer.until.isoformat(),
        "active": offer.active,
    }


def _expiring_json(programme: Programme, holdings: Holdings, seen: Outlook) -> list[dict[str, Any]]:
    warned = {(each.unit, each.day) for each in seen.expiring}
    return [
        _on_json(programme, each.unit, each.quantity, each.on)
        | {"warn": (each.unit, each.on) in warned}
        for each in holdings.expiring
        if each.unit in programme.file.unit
    ]


def _on_json(programme: Programme, unit: str, quantity: int, on: date) -> dict[str, Any]:
    return {"unit": unit, "quantity": programme.shown(unit, quantity), "on": on.isoformat()}


def _tier_json(
    programme: Programme, tier: str | None, seen: Outlook, language: str
) -> dict[str, Any] | None:
    """The tier that the member is in, and the way to the next one; None where there are no tiers."""
    if programme.file.tiers is None:
        return None
    names = {level.id: level.name for level in programme.file.tiers.level}
    ahead = next(iter(seen.towards(Towards.TIER)), None)
    return {
        "id": tier,
        "title": names[tier].for_language(language) if tier in names else tier,
        "next": None if ahead is None else _progress_json(programme, ahead, language),
    }


def _progress_json(
    programme: Programme, progress: Progress, language: str, elsewhere: Unmet | None = None
) -> dict[str, Any]:
    units = programme.file.unit

    def counted(quantity: int) -> int | str:
        of_unit = progress.measure is Measure.UNIT and progress.unit is not None
        return programme.shown(progress.unit or "", quantity) if of_unit else quantity

    return {
        "id": progress.rule,
        "towards": progress.towards.value,
        "title": progress.title.for_language(language),
        "have": counted(progress.have),
        "need": counted(progress.need),
        "missing": counted(progress.missing),
        "measure": progress.measure.value,
        "unit": progress.unit,
        "until": None if progress.until is None else progress.until.isoformat(),
        "stand": progress.stand.value,
        "gives": None if progress.gives is None else progress.gives.for_language(language),
        "say": progress.in_words(language, programme.file.currency, units, elsewhere),
    }


def greeting_json(
    programme: Programme,
    holdings: Holdings | None,
    at: datetime,
    store: str,
    channel: str,
    language: str,
) -> dict[str, Any]:
    """What the screen says and asks when the member is recognised."""
    if holdings is None:
        return {"messages": [], "questions": []}
    said = greeting(programme, holdings.facts, at, store, channel)
    return {
        "messages": [_message_json(each, {Place.SCREEN}, language) for each in said.messages],
        "questions": []
        if said.question is None
        else [_question_json(said.question, {Place.SCREEN}, language)],
    }


def told_json(programme: Programme, evaluation: Evaluation, language: str) -> dict[str, Any]:
    """What a sale says and asks, on the screen or on the receipt, and the surprises that it won."""
    told = {each.id for each in programme.file.message}
    told |= {each.id for each in programme.file.question}
    places = {
        each.rule: {Place(place) for place in each.note.split()}
        for each in evaluation.outcomes
        if each.note is not None and each.unmet is None and each.rule in told
    }
    drawn = {each.rule: each.note or "" for each in evaluation.outcomes if each.entries}
    return {
        "messages": [
            _message_json(each, places[each.id], language)
            for each in programme.file.message
            if each.id in places
        ],
        "questions": [
            _question_json(each, places[each.id], language)
            for each in programme.file.question
            if each.id in places
        ],
        "surprises": [
            {
                "id": each.id,
                "title": each.title.for_language(language),
                "prize": prize.title.for_language(language),
            }
            for each in programme.file.surprise
            if each.id in drawn and (prize := prize_in(each, drawn[each.id])) is not None
        ],
    }


def _message_json(rule: MessageRule, where: Iterable[Place], language: str) -> dict[str, Any]:
    return {"id": rule.id, "text": rule.text.for_language(language), "where": sorted(where)}


def _question_json(rule: QuestionRule, where: Iterable[Place], language: str) -> dict[str, Any]:
    return {
        "id": rule.id,
        "text": rule.text.for_language(language),
        "answers": [
            {"value": rule.checked(value), "text": text.for_language(language)}
            for value, text in rule.answers.items()
        ],
        "where": sorted(where),
    }

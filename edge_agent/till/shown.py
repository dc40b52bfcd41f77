"""What cashier and customer see of a member besides the balance: what comes, what goes, what is within reach."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.evaluation import Evaluation
from edge_agent.domain.programme.greeting import greeting
from edge_agent.domain.programme.messages import MessageRule, Place
from edge_agent.domain.programme.offers import offers_for
from edge_agent.domain.programme.outlook import Outlook, outlook
from edge_agent.domain.programme.progress import Measure, Progress, Towards
from edge_agent.domain.programme.questions import QuestionRule
from edge_agent.domain.programme.surprises import prize_in
from edge_agent.till.directory import Holdings

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


def shown_json(
    programme: Programme, holdings: Holdings | None, at: datetime, language: str
) -> dict[str, Any]:
    """Tier, stamps, offers, what waits, expires and is on the way; `holdings` None shows nothing.

    Offers are ranked: the first one is the one to mention. What expires within the unit's `warn_days` says `warn`.
    """
    if holdings is None or holdings.facts.anonymous:
        return NOTHING_SHOWN
    here = at.astimezone(programme.timezone)
    facts = programme.present(holdings.facts, here.date())
    seen = outlook(programme, facts, at)
    warned = {(each.unit, each.day) for each in seen.expiring}
    return {
        "tier": _tier_json(programme, facts.tier, seen, language),
        "stamps": [
            {"card": each.rule, **_progress_json(programme, each, language)}
            for each in seen.towards(Towards.STAMP_CARD)
        ],
        "offers": [
            {
                "id": each.id,
                "title": each.title.for_language(language),
                "say": None if each.say is None else each.say.for_language(language),
                "until": None if each.until is None else each.until.isoformat(),
                "active": each.active,
            }
            for each in offers_for(programme.file.offer, facts, here)
        ],
        "pending": [
            {
                "unit": each.unit,
                "quantity": programme.shown(each.unit, each.quantity),
                "on": each.day.isoformat(),
            }
            for each in seen.pending
        ],
        "expiring": [
            {
                "unit": each.unit,
                "quantity": programme.shown(each.unit, each.quantity),
                "on": each.on.isoformat(),
                "warn": (each.unit, each.on) in warned,
            }
            for each in holdings.expiring
            if each.unit in programme.file.unit
        ],
        "progress": [
            _progress_json(programme, each, language)
            for each in seen.progress
            if each.towards is not Towards.STAMP_CARD
        ],
        "memberships": [
            {
                "id": each.rule,
                "title": each.title.for_language(language),
                "until": each.until.isoformat(),
            }
            for each in programme.memberships.running(facts, here.date())
        ],
    }


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


def _progress_json(programme: Programme, progress: Progress, language: str) -> dict[str, Any]:
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
        "say": progress.in_words(language, programme.file.currency, programme.file.unit),
    }


def greeting_json(
    programme: Programme, holdings: Holdings | None, at: datetime, store: str, language: str
) -> dict[str, Any]:
    """What the screen says and asks when the member is recognised."""
    if holdings is None:
        return {"messages": [], "questions": []}
    said = greeting(programme, holdings.facts, at, store)
    return {
        "messages": [_message_json(each, {Place.SCREEN}, language) for each in said.messages],
        "questions": []
        if said.question is None
        else [_question_json(said.question, {Place.SCREEN}, language)],
    }


def told_json(programme: Programme, evaluation: Evaluation, language: str) -> dict[str, Any]:
    """What a sale says and asks, on the screen or on the receipt, and the surprises that it won."""
    places = {
        each.rule: {Place(place) for place in each.note.split()}
        for each in evaluation.outcomes
        if each.note is not None and each.unmet is None and each.rule in _told_ids(programme)
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


def _told_ids(programme: Programme) -> frozenset[str]:
    messages = [rule.id for rule in programme.file.message]
    return frozenset((*messages, *(rule.id for rule in programme.file.question)))


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

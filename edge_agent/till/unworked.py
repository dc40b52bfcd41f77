"""A sale that the rules fail on: it is recorded all the same, and somebody is told.

Programmes are checked before they get to a till, so this is a mistake in our code that nobody foresaw. It must not stop
a queue of customers. The sale is on record with everything that it was to be worked out from, central parks it, and
head office sees it there.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from edge_agent.domain.basket import Basket
from edge_agent.domain.cards import masked
from edge_agent.domain.member import NOBODY
from edge_agent.domain.programme import Evaluation, Programme
from edge_agent.domain.programme.evaluation import NOTHING_WORKED_OUT
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import Wanted
from edge_agent.till.parts import Parts
from edge_agent.till.quotes import Quote
from edge_agent.till.shown import entries_json, standing_json
from edge_agent.till.working_out import Customer, WorkedOut, earned, lines_json, spent


def as_quoted(
    parts: Parts, customer: Customer, quote: Quote, basket: Basket, at: datetime
) -> WorkedOut:
    """The sale with what its quote came to, but for what is drawn by chance."""
    was = quote.recorded
    recorded = Recorded(
        was.programme,
        was.facts,
        _here(parts, basket),
        was.wanted,
        was.entries,
        was.reductions,
        was.notes,
        quote.at,
    )
    evaluation = Evaluation(entries=was.entries, reductions=was.reductions)
    return WorkedOut(customer, quote.programme, at, recorded, evaluation)


def not_worked_out(
    parts: Parts,
    customer: Customer,
    programme: Programme,
    basket: Basket,
    wanted: Wanted,
    at: datetime,
) -> WorkedOut:
    """The sale with nothing worked out: nothing is given, used or taken off."""
    facts = NOBODY if customer.account is None else customer.account.facts
    recorded = Recorded(programme.digest, facts, _here(parts, basket), wanted)
    return WorkedOut(customer, programme, at, recorded, NOTHING_WORKED_OUT)


def _here(parts: Parts, basket: Basket) -> Basket:
    return replace(basket, store=parts.settings.store)


def bare_json(parts: Parts, worked: WorkedOut) -> dict[str, Any]:
    """What an answer needs, with nothing in it that would have to be worked out."""
    programme, card = worked.programme, worked.customer.card
    language = parts.settings.language
    return {
        "kind": "sale",
        "at": worked.at.isoformat(),
        "programme": programme.digest,
        "card": None if card is None else masked(card.code),
        "entries": entries_json(worked.evaluation.entries, programme, language),
        "excluded": [],
        "earned": earned(worked.evaluation.entries, programme),
        "spent": spent(worked.evaluation.entries, programme),
        "discount": sum(each.amount for each in worked.evaluation.reductions),
        "lines": lines_json(worked, language),
        **standing_json(worked.customer.account, None, programme, worked.at, language),
        "messages": [],
        "questions": [],
        "surprises": [],
        "free": [],
        "offline": parts.line.offline,
    }

"""What the rules fail on: it is recorded all the same, and somebody is told.

Programmes are checked before they get to a till, so this is a mistake in our code that nobody foresaw. It must not stop
a queue of customers. What they did is on record with everything that it was to be worked out from, central parks it,
and head office sees it there. What has not happened yet, a quote or a redemption, is refused in words.
"""

import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import structlog

from edge_agent.domain.basket import Basket
from edge_agent.domain.cards import masked
from edge_agent.domain.member import NOBODY
from edge_agent.domain.programme import Evaluation, Programme
from edge_agent.domain.programme.evaluation import NOTHING_WORKED_OUT
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import Wanted
from edge_agent.errors import LoyaltyError, Refused
from edge_agent.ledger.acts import Lookups
from edge_agent.ledger.database import as_ledger_errors
from edge_agent.till.parts import Parts
from edge_agent.till.quotes import Quote
from edge_agent.till.refusals import Refusal
from edge_agent.till.shown import entries_json, standing_json
from edge_agent.till.working_out import (
    Customer,
    WorkedOut,
    at_this_till,
    earned,
    lines_json,
    spent,
)

T = TypeVar("T")


def worked_or(work: Callable[[], T], without_rules: Callable[[str], T]) -> T:
    """What `work` comes to, or, where it fails by a mistake of ours, `without_rules`, given the kind of failure.

    What is an error of `edge_agent.errors`, or SQLite's, is raised as such: sent again it may go well.
    """
    try:
        with as_ledger_errors():
            return work()
    except LoyaltyError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the rules fail on, the customer pays and goes
        kind = type(error).__name__
        frames = traceback.format_tb(error.__traceback__)
        structlog.get_logger(__name__).critical("not_worked_out", failure=kind, frames=frames)
        return without_rules(kind)


def worked_or_refused(parts: Parts, work: Callable[[], T]) -> T:
    """What `work` comes to; raises Refused where the rules fail on it: nothing has happened yet."""

    def refuse(_failure: str) -> T:
        raise Refused(Refusal.CANNOT_BE_WORKED_OUT.in_words(parts.settings.language))

    return worked_or(work, refuse)


def said_of(parts: Parts, failure: str | None) -> dict[str, str]:
    """What an answer says to the cashier where the rules failed; nothing otherwise."""
    if failure is None:
        return {}
    return {"not_worked_out": Refusal.NOT_WORKED_OUT.in_words(parts.settings.language)}


def as_quoted(
    parts: Parts, customer: Customer, quote: Quote, basket: Basket, at: datetime
) -> WorkedOut:
    """The sale with what its quote came to, but for what is drawn by chance."""
    was = quote.recorded
    recorded = Recorded(
        was.programme,
        was.facts,
        at_this_till(parts, basket),
        was.wanted,
        was.entries,
        was.reductions,
        was.notes,
        quote.at,
    )
    evaluation = Evaluation(quote.outcomes, entries=was.entries, reductions=was.reductions)
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
    recorded = Recorded(programme.digest, facts, at_this_till(parts, basket), wanted)
    return WorkedOut(customer, programme, at, recorded, NOTHING_WORKED_OUT)


def bare_json(parts: Parts, lookups: Lookups, worked: WorkedOut) -> dict[str, Any]:
    """What an answer needs, with nothing in it that would have to be worked out: in place of `worked_json`.

    Of what was not quoted either it is not known what was earned and used: nought would be a number.
    """
    programme, card = worked.programme, worked.customer.card
    entries = worked.evaluation.entries
    account, language = worked.customer.account, parts.settings.language
    channel = worked.recorded.basket.channel
    return {
        "kind": "sale",
        "at": worked.at.isoformat(),
        "programme": programme.digest,
        "card": None if card is None else masked(card.code),
        "entries": entries_json(entries, programme, language),
        "excluded": [],
        "earned": earned(entries, programme) if entries else {},
        "spent": spent(entries, programme) if entries else {},
        "discount": sum(each.amount for each in worked.evaluation.reductions),
        "lines": lines_json(worked, language),
        **standing_json(parts, lookups, account, None, programme, worked.at, channel),
        "messages": [],
        "questions": [],
        "surprises": [],
        "free": [],
        "offline": parts.line.offline,
    }

"""What a basket comes to for whoever buys it: the one way for quotes, sales and training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from edge_agent.domain.basket import Basket, PresentedCard
from edge_agent.domain.cards import masked
from edge_agent.domain.draws import Draw
from edge_agent.domain.entries import Entry, EntryKind, total_per_unit
from edge_agent.domain.member import MemberFacts, Standing
from edge_agent.domain.programme import Evaluation, Programme, evaluate
from edge_agent.domain.programme.exclusions import Forbids
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import Wanted
from edge_agent.domain.programme.texts import texts
from edge_agent.domain.units import Derived, kind_of
from edge_agent.errors import Refused
from edge_agent.ledger.acts import Lookups
from edge_agent.till.account import Account
from edge_agent.till.directory import Holdings
from edge_agent.till.facts import member_facts, till_facts
from edge_agent.till.parts import Parts
from edge_agent.till.refusals import Refusal
from edge_agent.till.shown import entries_json, standing_json, told_json

NO_HOLDINGS = Holdings({}, ())

_NO_SUCH_CODE = texts(
    {
        "nl": "deze code is hier niet bekend, of verkeerd gelezen",
        "en": "this code is not known here, or was misread",
        "de": "dieser Code ist hier nicht bekannt oder wurde falsch gelesen",
        "fr": "ce code n’est pas connu ici, ou a été mal lu",
    }
)


class Customer(NamedTuple):
    """Who buys: the card as it was presented and its account, both None without a card."""

    card: PresentedCard | None = None
    account: Account | None = None

    @property
    def recorded_card(self) -> PresentedCard | None:
        """The card as a record keeps it: not that of somebody who was erased."""
        account = self.account
        erased = account is not None and account.standing is Standing.ERASED
        return None if erased else self.card


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """What a basket came to: for whom, by which programme, at what time, and everything that a record of it holds."""

    customer: Customer
    programme: Programme
    at: datetime
    recorded: Recorded
    evaluation: Evaluation


def facts_of(
    customer: Customer, programme: Programme, lookups: Lookups, at: datetime
) -> MemberFacts:
    """What the rules may know of the customer at `at`; of a typed number not which vouchers there are to use up."""
    if customer.account is None:
        return till_facts(programme, lookups, at)
    facts = member_facts(programme, customer.account, lookups, at)
    if customer.card is None or not customer.card.is_typed:
        return facts
    others = (each for each in facts.holdings if kind_of(each.unit) is not Derived.VOUCHER)
    return replace(facts, holdings=tuple(others))


def check_stored_value(
    parts: Parts, customer: Customer, programme: Programme, basket: Basket, wanted: Wanted
) -> None:
    """Refuse to pay with what a member has stored where their number was only typed; raises Refused.

    What is on gift cards that were shown can be paid with.
    """
    if customer.card is None or not customer.card.is_typed:
        return
    for rule in programme.file.wallet:
        owed = sum(each.amount for each in basket.tenders if each.type == rule.tender)
        shown = (each.holding for each in wanted.vouchers if each.holding.unit == rule.unit)
        if owed > sum(each.quantity for each in shown):
            raise Refused(Refusal.TYPED_REDEEMS_NOTHING.in_words(parts.settings.language))


def work_out(
    parts: Parts,
    customer: Customer,
    programme: Programme,
    facts: MemberFacts,
    basket: Basket,
    at: datetime,
    wanted: Wanted,
    draw: Draw | None = None,
    quoted_at: datetime | None = None,
) -> WorkedOut:
    """Work out a basket whose amounts are those before anything that the programme takes off.

    With `quoted_at` it comes to what it came to then, also where an offer is over since.
    """
    here = at_this_till(parts, basket)
    evaluation = evaluate(programme, facts, here, quoted_at or at, wanted, draw)
    recorded = Recorded(
        programme.digest,
        facts,
        here,
        wanted,
        evaluation.entries,
        evaluation.reductions,
        evaluation.notes(),
        None if quoted_at == at else quoted_at,
    )
    return WorkedOut(customer, programme, at, recorded, evaluation)


def at_this_till(parts: Parts, basket: Basket) -> Basket:
    """The basket in this till's store, and in its channel where the POS said none."""
    settings = parts.settings
    return replace(basket, store=settings.store, channel=settings.channel_of(basket.channel))


def shown_holdings(parts: Parts, lookups: Lookups, worked: WorkedOut) -> Holdings | None:
    """What whoever presented the card may see of the account now; None for nothing."""
    card, account = worked.customer.card, worked.customer.account
    if card is None or account is None:
        return NO_HOLDINGS
    if not worked.programme.shows_balance(card.entry):
        return None
    return parts.directory.holdings(account, lookups, worked.programme, worked.at)


def worked_json(parts: Parts, lookups: Lookups, worked: WorkedOut) -> dict[str, Any]:
    """What the answers to quotes and sales have in common."""
    programme, evaluation = worked.programme, worked.evaluation
    card, account = worked.customer.card, worked.customer.account
    language, channel = parts.settings.language, worked.recorded.basket.channel
    holdings = shown_holdings(parts, lookups, worked)
    return {
        "kind": "sale",
        "at": worked.at.isoformat(),
        "programme": programme.digest,
        "card": None if card is None else masked(card.code),
        "entries": entries_json(evaluation.entries, programme, language),
        "excluded": [
            {"line": each.line, "rule": each.rule, "why": programme.reason(each.rule, language)}
            for each in evaluation.excluded
            if each.forbids is not Forbids.DISCOUNTS
        ],
        "earned": earned(evaluation.entries, programme),
        "spent": spent(evaluation.entries, programme),
        "discount": sum(each.amount for each in evaluation.reductions),
        "lines": lines_json(worked, language),
        **standing_json(parts, lookups, account, holdings, programme, worked.at, channel),
        **told_json(programme, evaluation, language),
        "free": [
            {"sku": each.sku, "quantity": each.quantity, "rule": outcome.rule}
            for outcome in evaluation.outcomes
            for each in outcome.free
        ],
        "offline": parts.line.offline,
    }


def lines_json(worked: WorkedOut, language: str) -> list[dict[str, Any]]:
    """What is off each line, in minor units, and by which rules in words: what a POS books on it."""
    by_line: dict[int, list[dict[str, Any]]] = {}
    for reduction in worked.evaluation.reductions:
        why = worked.programme.reason(reduction.rule, language)
        said = {"rule": reduction.rule, "discount": reduction.amount, "why": why}
        by_line.setdefault(reduction.line, []).append(said)
    return [
        {
            "line": line.number,
            "discount": sum(each["discount"] for each in by_line.get(line.number, ())),
            "rules": by_line.get(line.number, []),
        }
        for line in worked.recorded.basket.lines
    ]


def refused_json(worked: WorkedOut, language: str) -> list[dict[str, Any]]:
    """What the customer wanted to use and could not, with the reason: by redemption id, coupon text or lot."""
    currency = worked.programme.file.currency
    outcomes, wanted = worked.evaluation.outcomes, worked.recorded.wanted
    answered = {each.asked for each in outcomes}
    lots = (each.holding.lot or "" for each in wanted.vouchers)
    asked = {*(each.id for each in wanted.redemptions), *wanted.codes, *lots}
    return [
        *(
            {"what": each.asked, "rule": each.rule, "why": each.unmet.in_words(language, currency)}
            for each in outcomes
            if each.unmet is not None and each.asked in asked
        ),
        *(
            {"what": code, "rule": None, "why": _NO_SUCH_CODE.for_language(language)}
            for code in wanted.codes
            if code not in answered
        ),
    ]


def of_own_units(programme: Programme, sums: Mapping[str, int]) -> dict[str, int | str]:
    """Sums of the units that the programme declares, each there, as programs are told them."""
    return programme.shown_all({unit: sums.get(unit, 0) for unit in programme.units})


def earned(entries: Sequence[Entry], programme: Programme) -> dict[str, int | str]:
    """What was given of each unit that the programme declares."""
    own = (each for each in entries if each.kind is EntryKind.EARN and each.account is None)
    return of_own_units(programme, total_per_unit(own))


def spent(entries: Sequence[Entry], programme: Programme) -> dict[str, int | str]:
    """What was used of each unit that the programme declares, as a positive quantity."""
    own = (each for each in entries if each.kind is EntryKind.REDEEM and each.account is None)
    used = {unit: -quantity for unit, quantity in total_per_unit(own).items()}
    return of_own_units(programme, used)

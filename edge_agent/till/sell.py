"""Selling: points are awarded, recorded in one durable transaction, answered, shown and printed."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
import uuid_utils
from pydantic_core import to_json

from edge_agent.domain.basket import PresentedCard, Sale
from edge_agent.domain.cards import is_member_card, masked
from edge_agent.domain.entries import total_per_unit
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Evaluation, Programme, evaluate
from edge_agent.domain.programme.exclusions import Forbids
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import UNQUOTED
from edge_agent.domain.record import ClockReading, RecordKind
from edge_agent.errors import FieldError, Invalid, LedgerUnavailable, SaleDiffers
from edge_agent.ledger.acts import Act, Lookups, StoredSale
from edge_agent.till.directory import Account, Holdings
from edge_agent.till.facts import member_facts, till_facts
from edge_agent.till.parts import Parts
from edge_agent.till.receipts import Paper, Receipts, entries_json, standing_json
from edge_agent.till.views import Answer, PrintState

NO_HOLDINGS = Holdings({}, ())


@dataclass(frozen=True, slots=True)
class _Pinned:
    """What a sale is worked out with: the programme, and the member facts where a quote fixed them."""

    programme: Programme
    facts: MemberFacts | None = None


def fingerprint(sale: Sale) -> bytes:
    """What tells a repeat from another sale under the same id: everything that was sent, but for `print`.

    The order of names and fields is part of it: fingerprints are stored, and another order would make every repeat a
    different sale.
    """
    card = sale.card
    return hashlib.sha256(
        to_json(
            {
                "basket": sale.basket.to_json(),
                "names": [line.name for line in sale.basket.lines],
                "card": "till"
                if sale.from_till
                else None
                if card is None
                else [card.code, card.entry.value],
                "at": sale.at.isoformat(),
                "cashier": sale.cashier,
                "quote": sale.quote_id,
            }
        )
    ).digest()


def sell(parts: Parts, receipts: Receipts, sale: Sale) -> Answer:
    """Record a sale once and answer it; the same sale again gets the same answer.

    Raises SaleDiffers, Invalid (a card that is not of a form this shop gives out), QuoteLapsed, NoProgramme, DiskFull
    or LedgerUnavailable; then nothing was recorded.
    """
    mark = fingerprint(sale)
    if not sale.training:
        known = parts.ledger.lookups().sale(sale.sale_id)
        if known is not None:
            return _repeat(known, mark)
    present = parts.present.card(parts.clock.now())
    card = present if sale.from_till else sale.card
    check_form(parts, card)
    at, clock = parts.clock.reading_for(sale.at)
    pinned = _pinned(parts, sale, at)
    if sale.training:
        return Answer(_training_result(parts, receipts, sale, card, at, pinned), first=True)
    with parts.ledger.act() as act:
        known = act.sale(sale.sale_id)
        if known is not None:
            return _repeat(known, mark)
        result, text, paper = _record(parts, receipts, act, sale, card, at, clock, pinned, mark)
    _after(parts, sale, present, result, paper)
    return Answer(result, first=True, text=text)


def _repeat(known: StoredSale, mark: bytes) -> Answer:
    if known.fingerprint != mark:
        raise SaleDiffers(
            f"sale {known.sale_id} was recorded before with other content; that one stands"
        )
    return Answer(json.loads(known.result), first=False, text=known.result)


def check_form(parts: Parts, card: PresentedCard | None) -> None:
    """Refuse a code that is not of a form that this shop gives out; raises Invalid."""
    if card is not None and not is_member_card(card.code, parts.settings.patterns):
        wrong = FieldError(
            "card.code", "is not of a form that this shop gives out; send the sale without the card"
        )
        raise Invalid("the card is not a member card", [wrong])


def _pinned(parts: Parts, sale: Sale, at: datetime) -> _Pinned:
    if sale.quote_id is None:
        return _Pinned(parts.shelf.at(at))
    quote = parts.quotes.get(sale.quote_id, parts.clock.now())
    return _Pinned(quote.programme, quote.facts)


def _record(
    parts: Parts,
    receipts: Receipts,
    act: Act,
    sale: Sale,
    card: PresentedCard | None,
    at: datetime,
    clock: ClockReading,
    pinned: _Pinned,
    mark: bytes,
) -> tuple[dict[str, Any], str, Paper]:
    account = None if card is None else _account(parts, act, card)
    facts = _facts(account, pinned, act, at)
    basket = replace(sale.basket, store=parts.settings.store)
    evaluation = evaluate(pinned.programme, facts, basket, at, UNQUOTED)
    record_id = str(uuid_utils.uuid7().hex)
    record = act.append(
        RecordKind.SALE,
        record_id,
        at,
        clock,
        {
            "sale": {"sale_id": sale.sale_id}
            | ({"quote_id": sale.quote_id} if sale.quote_id else {}),
            **Recorded(pinned.programme.digest, facts, basket).to_json(),
        },
        _personal(sale, card),
        evaluation.entries,
    )
    holdings = _shown(parts, act, card, account, pinned.programme, at)
    result = {
        "sale_id": sale.sale_id,
        "record": record_id,
        "seq": record.seq,
        **_worked_out(parts, card, account, at, pinned.programme, evaluation, holdings),
    }
    paper = receipts.paper(result, pinned.programme, parts.columns)
    result["receipt"] = {"lines": paper.lines}
    prints = sale.print and paper.document is not None and parts.printing.columns is not None
    state = PrintState.QUEUED if prints else PrintState.NONE
    ref = None if account is None else account.ref
    text = to_json(result).decode()
    act.keep_sale(StoredSale(sale.sale_id, record.seq, ref, mark, text, state.value))
    return result, text, paper


def _account(parts: Parts, act: Act, card: PresentedCard) -> Account:
    account = parts.directory.presented(card.code, act)
    if account.member is None:
        act.open_provisional_account(card.code, account.ref)
    return account


def _facts(account: Account | None, pinned: _Pinned, lookups: Lookups, at: datetime) -> MemberFacts:
    if account is None:
        return till_facts(pinned.programme, lookups, at)
    if pinned.facts is not None and pinned.facts.account == account.ref:
        return pinned.facts
    return member_facts(pinned.programme, account, lookups, at)


def _shown(
    parts: Parts,
    lookups: Lookups,
    card: PresentedCard | None,
    account: Account | None,
    programme: Programme,
    at: datetime,
) -> Holdings | None:
    """What whoever presented the card may see of the account; None for nothing."""
    if card is None or account is None:
        return NO_HOLDINGS
    if not programme.shows_balance(card.entry):
        return None
    return parts.directory.holdings(account, lookups, programme, at)


def _personal(sale: Sale, card: PresentedCard | None) -> dict[str, Any]:
    """What goes into the attachment: who it was, who served, and free text."""
    personal: dict[str, Any] = {}
    if card is not None:
        personal["card"] = {"code": card.code, "entry": card.entry.value}
        if card.symbology is not None:
            personal["card"]["symbology"] = card.symbology
    if sale.cashier is not None:
        personal["cashier"] = sale.cashier
    names = {str(line.number): line.name for line in sale.basket.lines if line.name}
    if names:
        personal["names"] = names
    return personal


def _worked_out(
    parts: Parts,
    card: PresentedCard | None,
    account: Account | None,
    at: datetime,
    programme: Programme,
    evaluation: Evaluation,
    holdings: Holdings | None,
) -> dict[str, Any]:
    language = parts.settings.language
    return {
        "kind": "sale",
        "at": at.isoformat(),
        "programme": programme.digest,
        "card": None if card is None else masked(card.code),
        "entries": entries_json(evaluation.entries, programme, language),
        "excluded": [
            {"line": each.line, "rule": each.rule, "why": programme.reason(each.rule, language)}
            for each in evaluation.excluded
            if each.forbids is not Forbids.DISCOUNTS
        ],
        "earned": dict.fromkeys(programme.units, 0) | total_per_unit(evaluation.entries),
        "spent": dict.fromkeys(programme.units, 0),
        "discount": 0,
        **standing_json(account, holdings, programme, language),
        "offline": parts.line.offline,
    }


def preview(
    parts: Parts,
    sale: Sale,
    card: PresentedCard | None,
    at: datetime,
    programme: Programme,
    lookups: Lookups,
) -> tuple[dict[str, Any], MemberFacts]:
    """What a sale would come to, with nothing recorded; for quotes and training."""
    account = None if card is None else parts.directory.presented(card.code, lookups)
    facts = _facts(account, _Pinned(programme), lookups, at)
    basket = replace(sale.basket, store=parts.settings.store)
    evaluation = evaluate(programme, facts, basket, at)
    holdings = _shown(parts, lookups, card, account, programme, at)
    worked_out = _worked_out(parts, card, account, at, programme, evaluation, holdings)
    return worked_out, facts


def _training_result(
    parts: Parts,
    receipts: Receipts,
    sale: Sale,
    card: PresentedCard | None,
    at: datetime,
    pinned: _Pinned,
) -> dict[str, Any]:
    lookups = parts.ledger.lookups()
    worked_out, _ = preview(parts, sale, card, at, pinned.programme, lookups)
    result = {"sale_id": sale.sale_id, "record": None, "seq": None, **worked_out, "training": True}
    result["receipt"] = {"lines": receipts.paper(result, pinned.programme, parts.columns).lines}
    return result


def _after(
    parts: Parts, sale: Sale, present: PresentedCard | None, result: dict[str, Any], paper: Paper
) -> None:
    """What follows the commit; the sale stands whatever becomes of it."""
    parts.present.served(present)
    parts.events.publish("sale", {"kind": "sale", "result": result})
    if sale.print and not print_paper(parts, f"sale:{sale.sale_id}", paper):
        try:
            parts.ledger.set_print_state(sale.sale_id, PrintState.FAILED.value)
        except LedgerUnavailable as error:
            # The sale is on disk: whatever this is, it must not be answered as if it were not.
            structlog.get_logger(__name__).warning("print_state_not_kept", detail=error.detail)


def print_paper(parts: Parts, job_id: str, paper: Paper) -> bool:
    """Queue a receipt, where there is a printer and anything to print; False when the queue is full."""
    if paper.document is None or parts.printing.columns is None:
        return True
    return parts.printing.submit(job_id, paper.document)

"""Selling: points are awarded, recorded in one durable transaction, answered, shown and printed."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
import structlog
import uuid_utils

from edge_agent.domain.basket import Basket, PresentedCard, Sale
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.situation import UNQUOTED, Wanted
from edge_agent.domain.record import ClockReading, RecordKind
from edge_agent.errors import (
    FieldError,
    Invalid,
    LedgerUnavailable,
    Refused,
    SaleDiffers,
)
from edge_agent.ledger.acts import Act, Lookups, StoredSale, is_repeat
from edge_agent.till.cards import check_form_in_basket
from edge_agent.till.charge import redeemed, reserved, wanted_of
from edge_agent.till.parts import Parts
from edge_agent.till.proof import receipt_reference
from edge_agent.till.quote import bind, same_card
from edge_agent.till.quotes import Quote
from edge_agent.till.receipts import NO_PAPER, Paper, Receipts
from edge_agent.till.unworked import as_quoted, bare_json, not_worked_out, said_of, worked_or
from edge_agent.till.views import Answer, PrintState
from edge_agent.till.vouchers import check_left, issued_json
from edge_agent.till.working_out import (
    Customer,
    WorkedOut,
    check_stored_value,
    facts_of,
    refused_json,
    work_out,
    worked_json,
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A sale made ready: its time, what it is worked out with, whose card it was, and who was at the till."""

    sale: Sale
    mark: bytes
    card: PresentedCard | None
    present: PresentedCard | None
    at: datetime
    clock: ClockReading
    programme: Programme
    quote: Quote | None
    failed: str | None = None
    """How the rules failed on it, where it is recorded without them."""


def content(sale: Sale) -> bytes:
    """What tells a repeat from another sale under the same id: everything that was sent, but for `print`.

    The order of names and fields is part of it: fingerprints of it are stored, and another order would make every
    repeat a different sale.
    """
    card = sale.card
    sent: dict[str, Any] = {
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
    if sale.redemptions:
        sent["redemptions"] = sale.redemptions
    return orjson.dumps(sent)


def sell(parts: Parts, receipts: Receipts, sale: Sale) -> Answer:
    """Record a sale once and answer it; the same sale again gets the same answer.

    A sale that the rules fail on, by a mistake of ours, is recorded without them.
    Raises SaleDiffers, Invalid (a card that is not of a form this shop gives out, lines that are not the quote's,
    redemptions that are not this member's), Refused (redemptions that are not open), QuoteLapsed, NoProgramme, DiskFull
    or LedgerUnavailable; then nothing was recorded.
    """
    mark = parts.ledger.fingerprint(content(sale))
    if sale.training:
        return worked_or(
            lambda: _trained(parts, receipts, sale, mark),
            lambda failure: _trained(parts, receipts, sale, mark, failure),
        )
    try:
        return worked_or(
            lambda: _once(parts, receipts, sale, mark),
            lambda failure: _once(parts, receipts, sale, mark, failure),
        )
    except LedgerUnavailable:
        # What was recorded can still be told where nothing can be written.
        known = parts.ledger.lookups().sale(sale.sale_id)
        if known is None:
            raise
        return _repeat(known, mark)


def _once(
    parts: Parts, receipts: Receipts, sale: Sale, mark: bytes, failed: str | None = None
) -> Answer:
    # Looked up and recorded on the one connection that writes: another one reads its pages anew after every sale.
    with parts.ledger.act() as act:
        known = act.sale(sale.sale_id)
        if known is not None:
            return _repeat(known, mark)
        asked = _asked(parts, sale, mark, failed)
        result, text, paper = _record(parts, receipts, act, asked)
    _after(parts, asked, result, paper)
    return Answer(result, first=True, text=text)


def _asked(parts: Parts, sale: Sale, mark: bytes, failed: str | None = None) -> _Asked:
    now = parts.clock.now()
    present = parts.present.card(now)
    card = present if sale.from_till else sale.card
    check_form_in_basket(parts, card)
    at, clock = parts.clock.reading_for(sale.at)
    quote = None if sale.quote_id is None else parts.quotes.get(sale.quote_id, now, sale.sale_id)
    programme = parts.shelf.at(at) if quote is None else quote.programme
    return _Asked(sale, mark, card, present, at, clock, programme, quote, failed)


def _repeat(known: StoredSale, mark: bytes) -> Answer:
    if not is_repeat(known.fingerprint, mark):
        raise SaleDiffers(
            f"sale {known.sale_id} was recorded before with other content; that one stands"
        )
    return Answer(json.loads(known.result), first=False, text=known.result)


def _record(
    parts: Parts, receipts: Receipts, act: Act, asked: _Asked
) -> tuple[dict[str, Any], str, Paper]:
    sale = asked.sale
    worked = _with_ref_kept(parts, act, _work_out(parts, act, asked))
    check_left(parts, act, worked)
    record_id = str(uuid_utils.uuid7().hex)
    names = {"sale_id": sale.sale_id} | ({"quote_id": sale.quote_id} if sale.quote_id else {})
    is_bare = asked.failed is not None
    failure: dict[str, Any] = {}
    if is_bare:
        failure = {"undrawn": True} if worked.recorded.entries else {"not_worked_out": asked.failed}
    used = redeemed(act, worked, failed="not_worked_out" in failure)
    came_to = {"redeemed": [each.to_json() for each in used]} if used else {}
    record = act.append(
        RecordKind.SALE,
        record_id,
        asked.at,
        asked.clock,
        {"sale": names, **failure, **came_to, **worked.recorded.to_json()},
        _personal(sale, worked.customer.recorded_card),
        worked.evaluation.entries,
    )
    for each in used:
        act.charge(each, record.seq)
    result = {
        "sale_id": sale.sale_id,
        "record": record_id,
        "seq": record.seq,
        **(bare_json if is_bare else worked_json)(parts, act, worked),
        "vouchers": issued_json(parts, worked, record_id),
        "reference": receipt_reference(parts, sale.sale_id),
        **said_of(parts, failure.get("not_worked_out")),
    }
    paper = NO_PAPER if is_bare else receipts.paper(result, worked.programme, parts.columns)
    result["receipt"] = {"lines": paper.lines}
    prints = sale.print and paper.document is not None and parts.printing.columns is not None
    state = PrintState.QUEUED if prints else PrintState.NONE
    text = orjson.dumps(result).decode()
    act.keep_sale(
        StoredSale(
            sale.sale_id,
            record.seq,
            worked.recorded.facts.account or None,
            asked.mark,
            text,
            state.value,
        )
    )
    if sale.quote_id is not None:
        parts.quotes.used(sale.quote_id, sale.sale_id)
    if worked.recorded.facts.account:
        parts.quotes.outdate(worked.recorded.facts.account, but=sale.quote_id)
    return result, text, paper


def _work_out(parts: Parts, lookups: Lookups, asked: _Asked) -> WorkedOut:
    """What the sale comes to: as it was quoted, to whom it was quoted."""
    sale, card, quote = asked.sale, asked.card, asked.quote
    account = None if card is None else parts.directory.presented(card.code, lookups)
    customer = Customer(card, account)
    basket, wanted = _bought(parts, lookups, asked)
    check_stored_value(parts, customer, asked.programme, basket, wanted)
    if asked.failed is not None:
        if quote is not None and wanted.reduces and same_card(quote.card, card):
            return as_quoted(parts, customer, quote, basket, asked.at)
        return not_worked_out(parts, customer, asked.programme, basket, wanted, asked.at)
    quoted_at: datetime | None = None
    if quote is not None and same_card(quote.card, card):
        facts, quoted_at = quote.recorded.facts, quote.at
    else:
        facts = facts_of(customer, asked.programme, lookups, asked.at)
    draw = None if sale.training else parts.draw(sale.sale_id)
    worked = work_out(
        parts, customer, asked.programme, facts, basket, asked.at, wanted, draw, quoted_at
    )
    if quote is None and (refused := refused_json(worked, parts.settings.language)):
        raise Refused(f"{refused[0]['what']}: {refused[0]['why']}")
    return worked


def _bought(parts: Parts, lookups: Lookups, asked: _Asked) -> tuple[Basket, Wanted]:
    """The basket before anything that is off it, and what is used with it."""
    sale, card, quote = asked.sale, asked.card, asked.quote
    if quote is not None:
        bound = bind(quote, sale, card)
        # Reserved until its time is over; the quote alone keeps nothing from being used elsewhere.
        ids = [each.id for each in bound.wanted.redemptions]
        reserved(parts, lookups, ids, card, sale.sale_id)
        return bound.basket, bound.wanted
    reservations = reserved(parts, lookups, sale.redemptions, card, sale.sale_id)
    for index, each in enumerate(reservations):
        if each.needs_quote:
            why = "depends on the basket; ask for a quote with it and send the quote's id"
            raise Invalid("a redemption needs a quote", [FieldError(f"redemptions.{index}", why)])
    return sale.basket, wanted_of(reservations, reduces=False) if reservations else UNQUOTED


def _with_ref_kept(parts: Parts, act: Act, worked: WorkedOut) -> WorkedOut:
    """Remember the ref that a card goes by in the record, where it is not central's own for it."""
    card, account, ref = *worked.customer, worked.recorded.facts.account
    if card is None or account is None or (account.member is not None and account.ref == ref):
        return worked
    act.open_provisional_account(card.code, ref)
    return replace(worked, customer=Customer(card, parts.directory.presented(card.code, act)))


def _personal(sale: Sale, card: PresentedCard | None) -> dict[str, Any]:
    """What goes into the attachment: who it was, who served, and free text."""
    personal: dict[str, Any] = {}
    if card is not None:
        personal["card"] = card.to_json()
    if sale.cashier is not None:
        personal["cashier"] = sale.cashier
    names = {str(line.number): line.name for line in sale.basket.lines if line.name}
    if names:
        personal["names"] = names
    return personal


def _trained(
    parts: Parts, receipts: Receipts, sale: Sale, mark: bytes, failed: str | None = None
) -> Answer:
    asked = _asked(parts, sale, mark, failed)
    lookups = parts.ledger.lookups()
    worked = _work_out(parts, lookups, asked)
    result = {
        "sale_id": sale.sale_id,
        "record": None,
        "seq": None,
        **(worked_json if failed is None else bare_json)(parts, lookups, worked),
        **said_of(parts, failed),
        "training": True,
    }
    is_bare = failed is not None
    paper = NO_PAPER if is_bare else receipts.paper(result, worked.programme, parts.columns)
    result["receipt"] = {"lines": paper.lines}
    return Answer(result, first=True)


def _after(parts: Parts, asked: _Asked, result: dict[str, Any], paper: Paper) -> None:
    """What follows the commit; the sale stands whatever becomes of it."""
    sale = asked.sale
    parts.present.served(asked.present)
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

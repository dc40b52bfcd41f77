"""Quoting: what a basket would come to, and holding the sale that follows to it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from edge_agent.domain.basket import Basket, Line, PresentedCard, Sale
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import UNQUOTED, Wanted
from edge_agent.errors import FieldError, Invalid
from edge_agent.till.cards import check_form_in_basket
from edge_agent.till.charge import reserved, wanted_of
from edge_agent.till.parts import Parts
from edge_agent.till.quotes import QUOTE_LASTS, Quote
from edge_agent.till.unworked import worked_or_refused
from edge_agent.till.vouchers import presented
from edge_agent.till.working_out import (
    Customer,
    WorkedOut,
    check_stored_value,
    facts_of,
    refused_json,
    work_out,
    worked_json,
)


def quote(parts: Parts, quote_id: str, sale: Sale) -> dict[str, Any]:
    """What a basket would earn and what would be off it, pinned for the sale that names the quote.

    Raises Invalid (a card that is not of a form this shop gives out, redemptions that are not this member's), Refused
    (redemptions that are not open, or a basket that the rules fail on), NoProgramme or LedgerUnavailable.
    """
    return worked_or_refused(parts, lambda: _quote(parts, quote_id, sale))


def _quote(parts: Parts, quote_id: str, sale: Sale) -> dict[str, Any]:
    now = parts.clock.now()
    at, _ = parts.clock.reading_for(sale.at)
    programme = parts.shelf.at(at)
    card = parts.present.card(now) if sale.from_till else sale.card
    check_form_in_basket(parts, card)
    lookups = parts.ledger.lookups()
    account = None if card is None else parts.directory.presented(card.code, lookups)
    customer = Customer(card, account)
    facts = facts_of(customer, programme, lookups, at)
    ids = sale.redemptions
    if sale.reserved_at_till and card is not None and account is not None and not card.is_typed:
        ids = tuple(each.redemption.id for each in lookups.made_for(now, account.refs))
    reservations = reserved(parts, lookups, ids, card)
    shown = presented(parts, lookups, sale.codes)
    wanted = wanted_of(reservations, shown.codes, shown.vouchers, reduces=True)
    check_stored_value(parts, customer, programme, sale.basket, wanted)
    worked = work_out(parts, customer, programme, facts, sale.basket, at, wanted)
    recorded, outcomes = _without_strange_codes(worked), worked.evaluation.outcomes
    pinned = Quote(programme, card, recorded, at, now + QUOTE_LASTS, outcomes)
    parts.quotes.keep(quote_id, pinned)
    return {
        "quote_id": quote_id,
        "until": pinned.until.isoformat(),
        **worked_json(parts, lookups, worked),
        "kind": "quote",
        "redemptions": [each.redemption.id for each in reservations],
        "refused": [
            *({"what": text, "rule": None, "why": why} for text, why in shown.refused),
            *refused_json(worked, parts.settings.language),
        ],
    }


def _without_strange_codes(worked: WorkedOut) -> Recorded:
    """What will be recorded: of what was scanned as a coupon only what a rule knows.

    Anything may have been read there, also a member's card or a phone number, and no record's body holds those.
    """
    known = {each.asked for each in worked.evaluation.outcomes}
    wanted = worked.recorded.wanted
    codes = tuple(each for each in wanted.codes if each in known)
    return replace(worked.recorded, wanted=replace(wanted, codes=codes))


@dataclass(frozen=True, slots=True)
class Bound:
    """A sale as its quote has it: the basket before anything that is off it, and what was wanted with it."""

    basket: Basket
    wanted: Wanted


def bind(quoted: Quote, sale: Sale, card: PresentedCard | None) -> Bound:
    """Hold a sale to its quote.

    Its lines are the quote's, each paid less what is off it; or none of them less, and then nothing is applied and
    nothing charged. On another card than the quote's, where nothing was off for that one, nothing comes off any more:
    it is paid already. How it was paid is the sale's own. Raises Invalid naming every line that differs, and the card
    where the quote took something off for another one.
    """
    recorded = quoted.recorded
    off = recorded.off()
    asked_before = {line.number: line for line in recorded.basket.lines}
    undiscounted = bool(off) and all(
        line.number in asked_before and line.amount == asked_before[line.number].amount
        for line in sale.basket.lines
    )
    ids = [each.id for each in recorded.wanted.redemptions]
    wrong = list(_differences(asked_before, {} if undiscounted else off, sale.basket.lines))
    if off and not undiscounted and not same_card(quoted.card, card):
        wrong.append(FieldError("card", "is not the one that the quote was made for"))
    if sale.redemptions and sorted(sale.redemptions) != sorted(ids):
        wrong.append(FieldError("redemptions", "are not those of the quote"))
    if wrong:
        raise Invalid("the sale is not as it was quoted; nothing was recorded", wrong)
    basket = replace(recorded.basket, tenders=sale.basket.tenders)
    if undiscounted:
        return Bound(basket, UNQUOTED)
    reduces = same_card(quoted.card, card)
    return Bound(basket, replace(recorded.wanted, reduces=reduces and recorded.wanted.reduces))


def same_card(one: PresentedCard | None, other: PresentedCard | None) -> bool:
    """Whether both are of the same customer: the same code, or no card both times."""
    return (None if one is None else one.code) == (None if other is None else other.code)


def _differences(
    quoted: dict[int, Line], off: dict[int, int], lines: tuple[Line, ...]
) -> Iterator[FieldError]:
    for index, line in enumerate(lines):
        asked = quoted.get(line.number)
        if asked is None:
            yield FieldError(f"lines.{index}.line", "is not a line of the quote")
            continue
        if line.sku != asked.sku:
            yield FieldError(f"lines.{index}.sku", "is not the quote's")
        if line.quantity != asked.quantity:
            yield FieldError(f"lines.{index}.quantity", f"is not the quote's {asked.quantity}")
        reduced = off.get(line.number, 0)
        more = line.amount - (asked.amount - reduced)
        if more:
            less = f"{abs(more)} {'more' if more > 0 else 'less'} than the quote's"
            yield FieldError(
                f"lines.{index}.amount", f"is {less} {asked.amount} less {reduced} discount"
            )
    missing = quoted.keys() - {line.number for line in lines}
    if missing:
        numbers = ", ".join(str(number) for number in sorted(missing))
        yield FieldError("lines", f"lack the quote's line {numbers}")

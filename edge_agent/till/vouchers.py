"""Vouchers at the till: presented by a code that needs no line, issued with one, used up once."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.programme.situation import PresentedVoucher
from edge_agent.domain.programme.vouchers import VoucherRule
from edge_agent.domain.units import Derived, keeps_lots_apart, kind_of, name_of
from edge_agent.domain.voucher_codes import (
    Mistyped,
    NoVoucherCode,
    is_voucher_code,
    read_voucher_code,
    voucher_code,
    voucher_key,
)
from edge_agent.errors import Refused
from edge_agent.ledger.acts import Lookups
from edge_agent.till.parts import Parts
from edge_agent.till.refusals import Refusal
from edge_agent.till.working_out import WorkedOut

KEY_NUMBER = 0
"""The number of the key that comes with the enrolment; others would be keys of other programmes."""


class Presented(NamedTuple):
    """What was presented by code: vouchers of ours that something is left of, other codes, and what was refused."""

    vouchers: tuple[PresentedVoucher, ...] = ()
    codes: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


def presented(parts: Parts, lookups: Lookups, texts_read: Sequence[str]) -> Presented:
    """Tell vouchers from other codes, and check them; without an enrolment there is no key, so none is ours."""
    vouchers: list[PresentedVoucher] = []
    codes: list[str] = []
    refused: list[tuple[str, str]] = []
    language = parts.settings.language
    for text in texts_read:
        if not is_voucher_code(text):
            codes.append(text)
            continue
        try:
            read = read_voucher_code(text, _keys(parts))
        except Mistyped:
            refused.append((text, Refusal.MISTYPED.in_words(language)))
        except NoVoucherCode:
            refused.append((text, Refusal.NOT_OUR_VOUCHER.in_words(language)))
        else:
            left = left_of(parts, lookups, read.account, read.holding)
            if left > 0:
                vouchers.append(read._replace(holding=read.holding._replace(quantity=left)))
            else:
                refused.append((text, Refusal.VOUCHER_USED.in_words(language)))
    return Presented(tuple(vouchers), tuple(codes), tuple(refused))


def _keys(parts: Parts) -> dict[int, bytes]:
    card_key = parts.card_key()
    return {} if card_key is None else {KEY_NUMBER: voucher_key(card_key)}


def left_of(parts: Parts, lookups: Lookups, account: str, issued: Holding) -> int:
    """How much is left of a voucher that was issued with so much, as far as this till knows.

    Central's word counts where it has told of the lot; what this till did since comes on top.
    """
    holder = parts.directory.by_ref(account)
    named = (issued.unit, issued.lot)
    own = lookups.unposted(holder.refs, holder.applied)
    here = sum(each.quantity for each in own if (each.unit, each.lot) == named)
    posted = [each for each in holder.posted if (each.unit, each.lot) == named]
    if posted:
        return sum(each.quantity for each in posted) + here
    made_here = None if issued.lot is None else lookups.seq_of(issued.lot)
    # What this till issued is in its own changes, or central has it and would have told of what is left.
    return here if made_here is not None else issued.quantity + here


def check_left(parts: Parts, lookups: Lookups, worked: WorkedOut) -> None:
    """Refuse a sale that would use a voucher twice, such as under two quotes; raises Refused."""
    for entry in worked.evaluation.entries:
        if entry.kind is EntryKind.REDEEM and keeps_lots_apart(entry.unit):
            account = entry.account or worked.recorded.facts.account
            issued = _issued(worked, account, entry)
            if left_of(parts, lookups, account, issued) < -entry.quantity:
                raise Refused(Refusal.VOUCHER_USED.in_words(parts.settings.language))


def _issued(worked: WorkedOut, account: str, entry: Entry) -> Holding:
    """The voucher that an entry takes from, as it was presented or held when it was worked out."""
    known = [
        *(each.holding for each in worked.recorded.wanted.vouchers if each.account == account),
        *worked.recorded.facts.holdings,
    ]
    of_lot = (each for each in known if (each.unit, each.lot) == (entry.unit, entry.lot))
    return next(of_lot, Holding(entry.unit, 0, lot=entry.lot))


def issued_json(parts: Parts, worked: WorkedOut, record_id: str) -> list[dict[str, Any]]:
    """The vouchers that a sale gave, each with the code that any till takes; None for a till that is not enrolled."""
    programme, language = worked.programme, parts.settings.language
    lots: dict[Holding, int] = {}
    for entry in worked.evaluation.entries:
        if entry.kind is EntryKind.EARN and entry.account is None and keeps_lots_apart(entry.unit):
            key = entry.holding._replace(quantity=0, lot=record_id)
            lots[key] = lots.get(key, 0) + entry.quantity
    if not lots:
        return []
    rules = {rule.id: rule for rule in programme.file.voucher}
    key_of_tills = _keys(parts).get(KEY_NUMBER)
    account = worked.recorded.facts.account
    return [
        {
            "id": name_of(lot.unit),
            "title": _title(rules, lot.unit, language),
            "quantity": quantity,
            "value": quantity if _is_money(rules, lot.unit) else None,
            "from": None if lot.matures_on is None else lot.matures_on.isoformat(),
            "until": None if lot.expires_on is None else lot.expires_on.isoformat(),
            "code": None
            if key_of_tills is None
            else voucher_code(
                PresentedVoucher(account, lot._replace(quantity=quantity)), KEY_NUMBER, key_of_tills
            ),
        }
        for lot, quantity in lots.items()
        if kind_of(lot.unit) is Derived.VOUCHER
    ]


def _title(rules: Mapping[str, VoucherRule], unit: str, language: str) -> str:
    rule = rules.get(name_of(unit))
    return name_of(unit) if rule is None else rule.title.for_language(language)


def _is_money(rules: Mapping[str, VoucherRule], unit: str) -> bool:
    rule = rules.get(name_of(unit))
    return rule is not None and rule.off is None

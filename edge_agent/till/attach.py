"""A forgotten card: a sale that was made without one is given to whoever comes back with the receipt, once."""

import json
from dataclasses import dataclass, replace
from typing import Any

import orjson
import uuid_utils

from edge_agent.domain.basket import PresentedCard
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.attaching import attached, may_attach
from edge_agent.domain.programme.evaluation import NOTHING_WORKED_OUT
from edge_agent.domain.programme.kept import Sold
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import UNQUOTED
from edge_agent.domain.record import RecordKind
from edge_agent.errors import AlreadyAttached, Refused, UnknownSale
from edge_agent.ledger.acts import Act, Lookups, StoredAct, StoredSale, is_repeat
from edge_agent.till.cards import check_form
from edge_agent.till.parts import Parts
from edge_agent.till.present import AT_TILL, Holder, as_sent
from edge_agent.till.proof import proves
from edge_agent.till.refusals import Refusal
from edge_agent.till.unworked import bare_json, said_of, worked_or
from edge_agent.till.views import Answer
from edge_agent.till.vouchers import issued_json
from edge_agent.till.working_out import Customer, WorkedOut, facts_of, worked_json


@dataclass(frozen=True, slots=True)
class Attaching:
    """Whose a sale is that was made without a card; `proof` is the text of the QR code on its receipt."""

    sale_id: str
    who: Holder
    proof: str

    @property
    def content(self) -> bytes:
        """What tells a repeat from another card for the same sale."""
        return orjson.dumps(as_sent(self.who))


def attach(parts: Parts, wanted: Attaching) -> Answer:
    """Attach a card to a sale of this till and answer what it earned; the same card again gets the same answer.

    Where the rules fail on it, by a mistake of ours, it is recorded without them.
    Raises UnknownSale, AlreadyAttached (the sale was made with a card, or another one was attached), Invalid (a card of
    a form that this shop does not give out), Refused (no proof, too late by the programme, something came back, a
    blocked card), DiskFull or LedgerUnavailable; then nothing was recorded.
    """
    return worked_or(lambda: _once(parts, wanted), lambda failure: _once(parts, wanted, failure))


def _once(parts: Parts, wanted: Attaching, failed: str | None = None) -> Answer:
    with parts.ledger.act() as act:
        stored = act.sale(wanted.sale_id)
        if stored is None:
            raise UnknownSale(f"this till has no sale {wanted.sale_id}")
        if not proves(parts, wanted.sale_id, wanted.proof):
            raise _refused(parts, Refusal.NO_PROOF)
        known = act.stored_act(RecordKind.ATTACH, wanted.sale_id)
        mark = parts.ledger.fingerprint(wanted.content)
        if (
            known is not None
            and is_repeat(known.fingerprint, mark)
            and not _is_somebody_else(parts, act, wanted, known)
        ):
            return Answer(json.loads(known.result), first=False, text=known.result)
        if known is not None or stored.account is not None:
            raise AlreadyAttached(f"sale {wanted.sale_id} is on a card already")
        card = parts.who(wanted.who, parts.clock.now())
        check_form(parts, card)
        result, text = _record(parts, act, wanted, card, stored, failed)
    parts.events.publish("sale", {"kind": RecordKind.ATTACH.value, "result": result})
    return Answer(result, first=True, text=text)


def _is_somebody_else(parts: Parts, lookups: Lookups, wanted: Attaching, known: StoredAct) -> bool:
    """Whether who is at the till now is not whom it was attached to: "whoever is at the till" is sent alike of both."""
    if wanted.who is not AT_TILL:
        return False
    card = parts.present.card(parts.clock.now())
    if card is None:
        return False  # gone since: sent again
    account = parts.directory.by_card(card.code, lookups)
    return account is None or known.account not in account.refs


def _refused(parts: Parts, why: Refusal) -> Refused:
    return Refused(why.in_words(parts.settings.language))


def _record(
    parts: Parts,
    act: Act,
    wanted: Attaching,
    card: PresentedCard,
    stored: StoredSale,
    failed: str | None,
) -> tuple[dict[str, Any], str]:
    sold = Sold.from_body(act.body(stored.seq))
    now = parts.clock.now()
    programme = parts.shelf.by_digest(sold.sale.programme) or parts.shelf.at(now)
    if not may_attach(programme, sold.at, now):
        raise _refused(parts, Refusal.TOO_LATE)
    if act.givebacks_of(wanted.sale_id):
        raise _refused(parts, Refusal.CAME_BACK)
    worked = _work_out(parts, act, card, programme, sold, failed)
    account = worked.customer.account
    if account is not None and account.member is None:
        act.open_provisional_account(card.code, account.ref)
    _, clock = parts.clock.reading_for(now)
    record = act.append(
        RecordKind.ATTACH,
        str(uuid_utils.uuid7().hex),
        sold.at,
        clock,
        {
            "attach": {"sale_id": wanted.sale_id, "original": sold.record},
            **worked.recorded.to_json(),
            **({} if failed is None else {"not_worked_out": failed}),
        },
        {"card": card.to_json()},
        worked.evaluation.entries,
    )
    result = {
        "sale_id": wanted.sale_id,
        "record": record.id,
        "seq": record.seq,
        **(worked_json if failed is None else bare_json)(parts, act, replace(worked, at=now)),
        "kind": RecordKind.ATTACH.value,
        "vouchers": issued_json(parts, worked, record.id),
        **said_of(parts, failed),
    }
    text = orjson.dumps(result).decode()
    act.keep_act(
        StoredAct(
            RecordKind.ATTACH,
            wanted.sale_id,
            record.seq,
            worked.recorded.facts.account,
            parts.ledger.fingerprint(wanted.content),
            text,
        )
    )
    return result, text


def _work_out(
    parts: Parts,
    lookups: Lookups,
    card: PresentedCard,
    programme: Programme,
    sold: Sold,
    failed: str | None,
) -> WorkedOut:
    """What the sale earns, worked out as of its own time; nothing where the rules failed."""
    account = parts.directory.presented(card.code, lookups)
    customer = Customer(card, account)
    if not account.standing.earns:
        raise _refused(parts, Refusal.BLOCKED)
    if failed is None:
        facts = facts_of(customer, programme, lookups, sold.at)
        found = attached(programme, sold, facts)
    else:
        facts, found = account.facts, NOTHING_WORKED_OUT
    recorded = Recorded(
        programme.digest,
        facts,
        sold.sale.basket,
        UNQUOTED,
        found.entries,
        sold.sale.reductions,
        found.notes(),
    )
    return WorkedOut(customer, programme, sold.at, recorded, found)

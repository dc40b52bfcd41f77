"""What an understood record comes to: its state, its entries, and what else it changes. One function per kind.

Everything is checked before anything is written.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sqlalchemy import Connection

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.programme.giving_back import GivenBack
from edge_agent.domain.record import RecordKind
from edge_agent.domain.units import keeps_lots_apart
from sync.central import holds
from sync.central.batch import Batch, Outcome, Received
from sync.central.bodies import Act, ReturnNames, parked, rejected
from sync.central.differing import Difference, Known
from sync.central.effects import note_effects
from sync.central.enrolment import enrol, note_consents
from sync.central.feedback import note_answer
from sync.central.ledger import HeldLot, LedgerEntry, lots_in, taking
from sync.central.personal import Personal, read_attachment
from sync.central.redeemed import note_redeemed
from sync.central.reversing import reversing
from sync.central.sold import bodies_of, came_back, find_sale, note_giveback, sale_of
from sync.central.times import stored
from sync.central.working_again import Original
from sync.wire import RecordState


class Checks(Protocol):
    """Says whether an award is what its own facts come to; each raises `Unpostable` where it is not."""

    def award(self, connection: Connection, terminal: str, act: Act) -> None:
        """What a sale, an attached card, a redemption, an action, an answer or an enrolment gives and uses."""
        ...

    def differences(self, connection: Connection, act: Act, known: Known) -> Sequence[Difference]:
        """The facts that an award was worked out from and that central knows otherwise."""
        ...

    def attaching(self, act: Act, sale: Mapping[str, Any]) -> None:
        """That a card is attached to the basket that was sold, `sale` being the body of that record."""
        ...

    def giving_back(
        self,
        connection: Connection,
        terminal: str,
        act: Act,
        original: Original,
        before: Sequence[Mapping[str, Any]],
    ) -> None:
        """What a return or a void takes and gives back."""
        ...

    def coming_back(
        self,
        connection: Connection,
        sold_at: str,
        act: Act,
        original: Original,
        before: Sequence[Mapping[str, Any]],
        known: Known | None,
    ) -> GivenBack:
        """What a return comes to whose till did not know the sale: by what central knows of the buyer."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """One record being decided: the batch that it is written with, what it says, and who checks it."""

    batch: Batch
    received: Received
    act: Act
    personal: Personal
    checks: Checks


def decide(batch: Batch, received: Received, act: Act, checks: Checks) -> Outcome:
    """The state of a record, and everything that it changes; raises `Unpostable`, and then it changes nothing."""
    personal = read_attachment(act, received.attachment)
    if personal.holds_payment_card:
        batch.erase_attachment(received)
    digest = hashlib.sha256(act.content).digest()
    before = batch.before(received.terminal, act)
    if before is not None:
        if before.digest != digest:
            raise rejected(f"{act.kind.value}-differs")
        _learn_ref(batch, act, personal.card)
        return Outcome(RecordState.DUPLICATE, duplicate_of=before.record_id)
    if act.unlike is not None:
        raise act.unlike
    outcome = _ACTS[act.kind](Decision(batch, received, act, personal, checks))
    if batch.is_forgotten(outcome.account):
        batch.erase_attachment(received)
    batch.note_act(received, act, digest)
    return outcome


def _learn_ref(batch: Batch, act: Act, card: str | None) -> None:
    """A till that lost its journal may have made a new ref for the card; its later returns go by that one."""
    if act.account is not None and card is not None and batch.account_of(act.account) is None:
        batch.settle_ref(act.account, card)


def _award(of: Decision) -> Outcome:
    """A sale, a redemption or an action: what it gives, uses and counts."""
    batch, received, act = of.batch, of.received, of.act
    if act.account is None:
        batch.append(received.record_id, _awarded(batch, received, None, act))
        return Outcome(RecordState.ACCEPTED)
    account = batch.account_of(act.account)
    if account is None:
        if of.personal.card is None:
            raise parked("unknown-account")
        account = batch.settle_ref(act.account, of.personal.card)
    known = None if batch.is_forgotten(account) else batch.known(account)
    if known is not None:
        found = of.checks.differences(batch.connection, act, known)
        batch.note_differences(received, account, found)
    batch.append(received.record_id, _awarded(batch, received, account, act))
    note_effects(batch, received, act, account)
    note_redeemed(batch, received, act, account)
    return Outcome(RecordState.ACCEPTED, account=account)


def _answer(of: Decision) -> Outcome:
    outcome = _award(of)
    text = None if of.batch.is_forgotten(outcome.account) else of.personal.text
    note_answer(of.batch, of.received, of.act, outcome.account, text)
    return outcome


def _enrolment(of: Decision) -> Outcome:
    account = enrol(of.batch, of.received, of.act, of.personal)
    entries = _awarded(of.batch, of.received, account, of.act)
    of.batch.append(of.received.record_id, entries)
    return Outcome(RecordState.ACCEPTED, account=account)


def _consents(of: Decision) -> Outcome:
    """What a member agreed to or took back; what was there before stays as the history."""
    outcome = _award(of)
    if outcome.account is not None and not of.batch.is_forgotten(outcome.account):
        of.batch.flush()
        note_consents(
            of.batch.connection,
            outcome.account,
            of.act.consents,
            stored(of.act.at),
            of.received.record_id,
        )
        of.batch.touch(outcome.account)
    return outcome


def _attached(of: Decision) -> Outcome:
    """A forgotten card: what a sale of nobody's would have given, for whoever had its receipt."""
    original = sale_of(of.batch, of.received.terminal, of.act)
    if original.kind != RecordKind.SALE:
        raise rejected("malformed")
    if original.body is None:
        raise rejected("original-folded")  # nobody can tell any more what was sold, or to whom
    if original.account is not None:
        raise rejected("already-attached")
    of.checks.attaching(of.act, original.body)
    outcome = _award(of)
    returns = len(came_back(of.batch, original))
    if returns and outcome.account is not None:
        # The till refuses a card once something came back; it knew of nothing, so what it gave stands.
        unknown = Difference("returns of the sale", "", str(returns))
        of.batch.note_differences(of.received, outcome.account, [unknown])
    return outcome


def _reversal(of: Decision) -> Outcome:
    """A return or a void. What was folded meanwhile cannot be worked out again, and is bounded by the ledger alone."""
    batch, act = of.batch, of.act
    if act.original is None and act.returned is not None:
        return _returned_elsewhere(of, act.returned)
    original = sale_of(batch, of.received.terminal, act)
    account = None if original.account is None else batch.account_of(original.account)
    if act.account is not None and batch.account_of(act.account) != account:
        raise rejected("wrong-account")
    own = {act.original, *original.sources}
    if any(entry.quantity < 0 and entry.lot not in own for entry in act.entries):
        raise rejected("malformed")
    sold = original.as_recorded(batch)
    if sold is not None:
        of.checks.giving_back(batch.connection, of.received.terminal, act, sold, _before(of))
    named = _named(batch, act.entries, account)
    batch.append(of.received.record_id, reversing(batch, original.sources, named))
    note_giveback(batch, of.received, original)
    return Outcome(RecordState.ACCEPTED, account=account)


def _returned_elsewhere(of: Decision, named: ReturnNames) -> Outcome:
    """A return whose till did not know the sale: central finds it, and works the return out by what it knows."""
    batch, act = of.batch, of.act
    if act.entries or act.account is not None:
        raise rejected("malformed")
    original, sold, sold_at = find_sale(batch, of.received.terminal, act.at, named)
    account = None if original.account is None else batch.account_of(original.account)
    given = of.checks.coming_back(
        batch.connection,
        sold_at,
        act,
        sold,
        came_back(batch, original),
        None if account is None else batch.known(account),
    )
    moved = reversing(batch, original.sources, _named(batch, given.entries, account))
    batch.append(of.received.record_id, moved)
    note_giveback(batch, of.received, original, given)
    return Outcome(RecordState.ACCEPTED, account=account)


_ACTS: dict[RecordKind, Callable[[Decision], Outcome]] = {
    RecordKind.SALE: _award,
    RecordKind.RETURN: _reversal,
    RecordKind.VOID: _reversal,
    RecordKind.ATTACH: _attached,
    RecordKind.REDEMPTION: _award,
    RecordKind.ACTION: _award,
    RecordKind.ANSWER: _answer,
    RecordKind.MEMBER: _enrolment,
    RecordKind.CONSENT: _consents,
}


def _awarded(batch: Batch, received: Received, account: str | None, act: Act) -> list[LedgerEntry]:
    """The ledger's entries for a record's, in its order: what it uses may be what it gave just before.

    What was set aside for its redemptions is used up with it.
    """
    named = _named(batch, act.entries, account)
    uses = any(entry.kind is EntryKind.REDEEM for entry in act.entries)
    if uses:
        batch.flush()
    if account is not None:
        batch.use_set_aside(account, received, act)
    result: list[LedgerEntry] = []
    for of, entry in named:
        lots = _lots_for(batch, received.record_id, of, entry, act.at.date(), result)
        for lot, life, quantity in lots:
            result.append(
                LedgerEntry(of, entry.kind, entry.unit, quantity, lot, life, entry.rule, entry.line)
            )
    return result


def _lots_for(
    batch: Batch,
    record: str,
    account: str,
    entry: Entry,
    day: date,
    before: Sequence[LedgerEntry],
) -> list[HeldLot]:
    if entry.kind is not EntryKind.REDEEM:
        return [HeldLot(record, entry.life, entry.quantity)]
    held = lots_in(batch.connection, account, entry.unit) + [
        HeldLot(each.lot, each.life, each.quantity)
        for each in before
        if (each.account, each.unit) == (account, entry.unit)
    ]
    kept = 0
    if keeps_lots_apart(entry.unit):
        held = [each for each in held if each.lot == (entry.lot or record)]
    else:
        kept = holds.held(batch.connection, account).get(entry.unit, 0)
    taken = taking(_together(held), entry.life, -entry.quantity, day, kept)
    return [each._replace(quantity=-each.quantity) for each in taken]


def _together(held: Iterable[HeldLot]) -> list[HeldLot]:
    sums: dict[HeldLot, int] = {}
    for each in held:
        key = each._replace(quantity=0)
        sums[key] = sums.get(key, 0) + each.quantity
    return [key._replace(quantity=quantity) for key, quantity in sums.items()]


def _named(batch: Batch, entries: Iterable[Entry], account: str | None) -> list[tuple[str, Entry]]:
    """The entries of an act, each with its account; what a till counts of nobody is of no account."""
    named = ((_account_of(batch, entry, account), entry) for entry in entries)
    return [(of, entry) for of, entry in named if of is not None]


def _account_of(batch: Batch, entry: Entry, account: str | None) -> str | None:
    """Whose an entry is: the record's own member's, or that of the account it names."""
    if entry.account is None:
        return account
    other = batch.account_of(entry.account)
    if other is None:
        raise parked("unknown-account")
    return other


def _before(of: Decision) -> list[Mapping[str, Any]]:
    """The bodies of the earlier returns that this one names; only of the same sale, or it is not what it says."""
    named = of.act.said[of.act.kind.value]
    bodies = bodies_of(of.batch, list(named.get("after") or ()))
    if any(_takes_back(each) != named["sale_id"] for each in bodies):
        raise rejected("malformed")
    return bodies


def _takes_back(body: Mapping[str, Any]) -> Any:
    kind = body.get("kind")
    return body[kind]["sale_id"] if kind in {RecordKind.RETURN, RecordKind.VOID} else None

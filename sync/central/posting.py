"""Posting: gives every received record its state, and accounts their entries.

Records are posted in the order of their journal; a batch of them shares one durable commit, and when one of them
brings up something unforeseen the batch is taken again with a savepoint for each, so that one bad record holds up
nobody. Posting is idempotent on (record, account): a record with a state is never looked at again but for a
parked one whose original has come, and the ledger's unique key holds even if this code did not.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import structlog
from sqlalchemy import Connection, Select, bindparam, select
from sqlalchemy.exc import OperationalError

from edge_agent.domain.entries import EntryKind
from edge_agent.domain.record import RecordKind
from edge_agent.domain.units import keeps_lots_apart
from sync.central import holds
from sync.central.accounts import Accounts
from sync.central.batch import RECEIVED, Batch, Outcome, Received
from sync.central.bodies import (
    Act,
    BodyEntry,
    Envelope,
    Unpostable,
    parked,
    read_body,
    rejected,
)
from sync.central.database import Database
from sync.central.effects import note_effects
from sync.central.enrolment import enrol, note_consents
from sync.central.epochs import quarantined_records
from sync.central.feedback import note_answer
from sync.central.ledger import HeldLot, LedgerEntry, lots_in, taking
from sync.central.personal import Personal, read_attachment
from sync.central.reversing import reversing
from sync.central.tables import records
from sync.central.times import Clock, stored
from sync.wire import RecordState

BATCH = 200
"""Records per commit: fsync is shared by many, and other writers wait some hundred milliseconds at most."""

Counts = dict[RecordState, int]


class Posting:
    """Posts what intake stored."""

    def __init__(self, database: Database, accounts: Accounts, clock: Clock) -> None:
        self._database = database
        self._accounts = accounts
        self._clock = clock
        self._log = structlog.get_logger("central.posting")

    def post_waiting(self, terminal: str | None = None, epoch: str | None = None) -> Counts:
        """Post everything without a state (of one journal, or all); how many got which state."""
        counts: Counts = {}
        while True:
            done = self._post_batch(_waiting(terminal, epoch))
            for state in done:
                counts[state] = counts.get(state, 0) + 1
            if len(done) < BATCH:
                return counts

    def post_again(self) -> Counts:
        """Look again at what was parked for a reason that an upgrade of central may have taken away.

        Records that are still parked for the same reason stay as they are, and terminals hear nothing.
        """
        return self._look_again(_PARKED.where(records.c.code.in_(PARKED_UNTIL_UPGRADE)))

    def post_released(self, terminal: str) -> Counts:
        """Post what was laid aside while the terminal was in quarantine."""
        return self._look_again(_PARKED.where(quarantined_records(terminal)))

    def _look_again(self, query: Select[Any]) -> Counts:
        counts: Counts = {}
        row = 0
        while True:
            with self._database.write() as connection:
                found = connection.execute(query, {"after": row}).all()
                for each in found:
                    state = self._post_parked(connection, Received.of(each), each.code)
                    if state is not None:
                        counts[state] = counts.get(state, 0) + 1
            if len(found) < BATCH:
                return counts
            row = found[-1].row

    def _post_parked(
        self, connection: Connection, received: Received, code: str
    ) -> RecordState | None:
        try:
            with connection.begin_nested():
                batch = Batch(connection, self._accounts, stored(self._clock()))
                act = _read(received)
                if isinstance(act, Act):
                    batch.read_ahead([(received, act)])
                state = _settle(batch, received, act, settling=True, was=code)
                batch.finish()
        except OperationalError:
            raise
        except Exception:  # noqa: BLE001 - as below: it stays parked
            self._log.exception("still not", terminal=received.terminal, seq=received.seq)
            return None
        return state

    def _post_batch(self, query: Select[Any]) -> list[RecordState]:
        try:
            with self._database.write() as connection:
                return self._post(connection, _received(connection, query))
        except OperationalError:
            raise  # the disk or the lock: nothing is said of any record, all are tried again later
        except Exception:  # noqa: BLE001 - the supervisor's loop: what one record brings up must not stop the others
            self._log.exception("batch could not be posted; now record by record")
        with self._database.write() as connection:
            return [self._post_alone(connection, each) for each in _received(connection, query)]

    def _post_alone(self, connection: Connection, received: Received) -> RecordState:
        try:
            with connection.begin_nested():
                return self._post(connection, [received])[0]
        except OperationalError:
            raise
        except Exception:  # noqa: BLE001 - as above
            self._log.exception(
                "record could not be posted", terminal=received.terminal, seq=received.seq
            )
        batch = Batch(connection, self._accounts, stored(self._clock()))
        batch.set_state(received, Outcome(RecordState.PARKED, "internal"), tell=True)
        batch.finish()
        return RecordState.PARKED

    def _post(self, connection: Connection, received: Sequence[Received]) -> list[RecordState]:
        batch = Batch(connection, self._accounts, stored(self._clock()))
        read = [(each, _read(each)) for each in received]
        batch.read_ahead([(each, act) for each, act in read if isinstance(act, Act)])
        states = [_settle(batch, each, act, settling=False) for each, act in read]
        batch.finish()
        return [state for state in states if state is not None]


def _received(connection: Connection, query: Select[Any]) -> list[Received]:
    return [Received.of(row) for row in connection.execute(query)]


def _read(received: Received) -> Act | Unpostable:
    try:
        if received.id_is_taken:
            raise rejected("id-taken")
        return read_body(
            received.body,
            Envelope(received.terminal, received.epoch, received.seq, received.record_id),
        )
    except Unpostable as reason:
        return reason


def _settle(
    batch: Batch,
    received: Received,
    act: Act | Unpostable,
    *,
    settling: bool,
    was: str | None = None,
) -> RecordState | None:
    """Give one record its state; then whatever waited for it. None when it is parked as it `was`."""
    if isinstance(act, Unpostable):
        outcome = Outcome.without_effect(act)
    else:
        try:
            outcome = _decide(batch, received, act)
        except Unpostable as reason:
            outcome = Outcome.without_effect(reason)
    if was is not None and (outcome.state, outcome.code) == (RecordState.PARKED, was):
        return None
    batch.set_state(received, outcome, tell=settling or not outcome.has_effect)
    if outcome.has_effect:
        for waiter in batch.waiting_for(received.record_id):
            _settle(batch, waiter, _read(waiter), settling=True)
    return outcome.state


def _decide(batch: Batch, received: Received, act: Act) -> Outcome:
    """Everything is checked before anything is written; raises `Unpostable`."""
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
    outcome = _ACTS[act.kind](batch, received, act, personal)
    if batch.is_forgotten(outcome.account):
        batch.erase_attachment(received)
    batch.note_act(received, act, digest)
    return outcome


def _post_award(batch: Batch, received: Received, act: Act, personal: Personal) -> Outcome:
    """A sale, a redemption or an action: what it gives, uses and counts."""
    if act.account is None:
        batch.append(received.record_id, _awarded(batch, received, None, act))
        return Outcome(RecordState.ACCEPTED)
    account = batch.account_of(act.account)
    if account is None:
        if personal.card is None:
            raise parked("unknown-account")
        account = batch.settle_ref(act.account, personal.card)
    batch.append(received.record_id, _awarded(batch, received, account, act))
    note_effects(batch, received, act, account)
    return Outcome(RecordState.ACCEPTED, account=account)


def _post_answer(batch: Batch, received: Received, act: Act, personal: Personal) -> Outcome:
    outcome = _post_award(batch, received, act, personal)
    note_answer(batch, received, act, outcome.account, personal.text)
    return outcome


def _post_enrolment(batch: Batch, received: Received, act: Act, personal: Personal) -> Outcome:
    account = enrol(batch, received, act, personal)
    batch.append(received.record_id, _awarded(batch, received, account, act))
    return Outcome(RecordState.ACCEPTED, account=account)


def _post_consents(batch: Batch, received: Received, act: Act, personal: Personal) -> Outcome:
    """What a member agreed to or took back; what was there before stays as the history."""
    outcome = _post_award(batch, received, act, personal)
    if outcome.account is not None:
        batch.flush()
        note_consents(
            batch.connection, outcome.account, act.consents, stored(act.at), received.record_id
        )
        batch.touch(outcome.account)
    return outcome


def _awarded(batch: Batch, received: Received, account: str | None, act: Act) -> list[LedgerEntry]:
    """The ledger's entries for a record's, in its order: what it uses may be what it gave just before.

    What was set aside for its redemptions is used up with it.
    """
    named = _named(batch, act, account)
    uses = any(entry.kind is EntryKind.REDEEM for entry in act.entries)
    if uses:
        batch.flush()
    if account is not None:
        holds.use(batch.connection, account, received.terminal, act.redeemed)
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
    entry: BodyEntry,
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


def _named(batch: Batch, act: Act, account: str | None) -> list[tuple[str, BodyEntry]]:
    """The entries of an act, each with its account; what a till counts of nobody is of no account."""
    named = ((_account_of(batch, entry, account), entry) for entry in act.entries)
    return [(of, entry) for of, entry in named if of is not None]


def _account_of(batch: Batch, entry: BodyEntry, account: str | None) -> str | None:
    """Whose an entry is: the record's own member's, or that of the account it names."""
    if entry.account is None:
        return account
    other = batch.account_of(entry.account)
    if other is None:
        raise parked("unknown-account")
    return other


def _learn_ref(batch: Batch, act: Act, card: str | None) -> None:
    """A till that lost its journal may have made a new ref for the card; its later returns go by that one."""
    if act.account is not None and card is not None and batch.account_of(act.account) is None:
        batch.settle_ref(act.account, card)


def _post_reversal(batch: Batch, received: Received, act: Act, _personal: Personal) -> Outcome:
    """A return or a void, whatever the till worked out for it."""
    original = _original(batch, act)
    account = None if original.account is None else batch.account_of(original.account)
    if act.account is not None and batch.account_of(act.account) != account:
        raise rejected("wrong-account")
    sources = _sources(original)
    own = {act.original, *sources}
    if any(entry.quantity < 0 and entry.lot not in own for entry in act.entries):
        raise rejected("malformed")
    batch.append(received.record_id, reversing(batch, sources, _named(batch, act, account)))
    return Outcome(RecordState.ACCEPTED, account=account)


def _sources(original: Any) -> tuple[str, ...]:
    """The records that moved what a sale moved: its own, and before it that of a card attached later."""
    if original.kind == RecordKind.ATTACH:
        return original.record_id, str(json.loads(original.body)["attach"]["original"])
    return (original.record_id,)


def _post_attached(batch: Batch, received: Received, act: Act, personal: Personal) -> Outcome:
    """A forgotten card: what a sale of nobody's would have given, for whoever had its receipt."""
    original = _original(batch, act)
    if original.kind != RecordKind.SALE:
        raise rejected("malformed")
    if original.account is not None:
        raise rejected("already-attached")
    return _post_award(batch, received, act, personal)


_ACTS: dict[RecordKind, Callable[[Batch, Received, Act, Personal], Outcome]] = {
    RecordKind.SALE: _post_award,
    RecordKind.RETURN: _post_reversal,
    RecordKind.VOID: _post_reversal,
    RecordKind.ATTACH: _post_attached,
    RecordKind.REDEMPTION: _post_award,
    RecordKind.ACTION: _post_award,
    RecordKind.ANSWER: _post_answer,
    RecordKind.MEMBER: _post_enrolment,
    RecordKind.CONSENT: _post_consents,
}


def _original(batch: Batch, act: Act) -> Any:
    """The posted sale that an act takes back or attaches a card to; raises `Unpostable` when it is not there."""
    if act.original is None:
        raise parked("awaiting-original")
    batch.flush()
    found = batch.connection.execute(_ORIGINAL, {"id": act.original}).one_or_none()
    if found is not None and found.duplicate_of is not None:
        found = batch.connection.execute(_ORIGINAL, {"id": found.duplicate_of}).one_or_none()
    if found is None or found.state in {None, RecordState.PARKED}:
        raise parked("awaiting-original", act.original)
    if found.state == RecordState.REJECTED:
        raise parked("original-rejected", act.original)
    if found.kind not in {RecordKind.SALE, RecordKind.ATTACH}:
        raise rejected("malformed")
    return found


_ORIGINAL = select(
    records.c.record_id,
    records.c.state,
    records.c.kind,
    records.c.account,
    records.c.duplicate_of,
    records.c.body,
).where(records.c.record_id == bindparam("id"))


PARKED_UNTIL_UPGRADE = ("unknown-kind", "unknown-account", "card-taken", "internal")
"""Reasons that a newer central, or a card that became known or free, may have taken away."""

_PARKED = (
    RECEIVED.add_columns(records.c.code)
    .where(
        records.c.state == RecordState.PARKED.value,
        records.c.row > bindparam("after"),
    )
    .order_by(records.c.row)
    .limit(BATCH)
)


def _waiting(terminal: str | None, epoch: str | None) -> Select[Any]:
    query = RECEIVED.where(records.c.state.is_(None)).order_by(records.c.row).limit(BATCH)
    if terminal is not None:
        query = query.where(records.c.terminal == terminal, records.c.epoch == epoch)
    return query

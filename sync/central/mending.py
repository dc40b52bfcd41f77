"""What an operator does about a record that has no effect: repairs it by a new record, or gives it up with a reason.

Nothing that was received is ever changed. A repair is a record of central's own, in a chain of its own: what the old
record said, with the facts that were wrong replaced, and the name of the old one. It is posted like any other, on the
operator's word: its award is not worked out again. The old one is rejected as `repaired` from then on, and what waited
for it goes by the new one.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, bindparam, insert, select, update

from edge_agent.domain.cards import holds_payment_card
from edge_agent.domain.programme.giving_back import NOTHING_GIVEN_BACK, GivenBack
from edge_agent.domain.record import BODY_BYTES_MAX, BODY_VERSION, GENESIS, canonical, chain_hash
from sync.central.accounts import Accounts, insert_account
from sync.central.batch import RECEIVED, Outcome, Received
from sync.central.bodies import Act, Envelope, Unpostable, facts_in, read_body
from sync.central.database import Database, hold, upsert
from sync.central.deciding import Checks, decide
from sync.central.differing import Difference, Known
from sync.central.epochs import QUARANTINED
from sync.central.members import Members
from sync.central.plain import Line, Text
from sync.central.posting import Posting
from sync.central.problems import Problem, not_found
from sync.central.reports import by_name
from sync.central.tables import chains, closings, records, terminals
from sync.central.terminals import OWN_TERMINAL, terminal_name
from sync.central.times import Clock, stored
from sync.central.working_again import Original
from sync.wire import ACCOUNT_PATTERN, RecordState

REPAIRED = "repaired"
GIVEN_UP = "given-up"

OWN_EPOCH = "0" * 32
"""Central has one journal of its own for as long as its database lives."""

GIVEN_UP_AT_ONCE_MAX = 1_000
"""Records of a quarantined terminal per transaction; a till that was away for weeks has some tens of thousands."""

_ENVELOPE = ("v", "id", "terminal", "epoch", "seq")
REASON_CHARACTERS_MAX = 500

_Reason = Annotated[Text, Field(min_length=1, max_length=REASON_CHARACTERS_MAX)]


class Repair(BaseModel):
    """How a record is put right: `changes` replace facts of its body by name, `member` (id or ref) whose it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    repair_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    reason: _Reason
    member: Annotated[Line, Field(min_length=1, max_length=64)] | None = None
    changes: dict[str, Any] = {}


class GivingUp(BaseModel):
    """Why a record stays without effect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: _Reason


class OperatorsWord:
    """Takes what a record says: somebody has looked at it. What it leaves to central is worked out by the `rules`."""

    def __init__(self, rules: Checks | None = None) -> None:
        self._rules = rules

    def award(self, connection: Connection, terminal: str, act: Act) -> None:
        """Nothing is asked."""

    def differences(
        self,
        connection: Connection,  # noqa: ARG002 - as posting asks
        act: Act,  # noqa: ARG002
        known: Known,  # noqa: ARG002
    ) -> Sequence[Difference]:
        """None that anybody has to hear of."""
        return ()

    def attaching(self, act: Act, sale: Mapping[str, Any]) -> None:
        """Nothing is asked."""

    def giving_back(
        self,
        connection: Connection,
        terminal: str,
        act: Act,
        original: Original,
        before: Sequence[Mapping[str, Any]],
    ) -> None:
        """Nothing is asked."""

    def coming_back(
        self,
        connection: Connection,
        sold_at: str,
        act: Act,
        original: Original,
        before: Sequence[Mapping[str, Any]],
        known: Known | None,
    ) -> GivenBack:
        """Nobody has said what it comes to."""
        if self._rules is None:
            return NOTHING_GIVEN_BACK
        return self._rules.coming_back(connection, sold_at, act, original, before, known)


class Mending:
    """Repairs records and gives them up. A record is named by its id, or by its row where another has the id."""

    def __init__(
        self,
        database: Database,
        posting: Posting,
        accounts: Accounts,
        members: Members,
        clock: Clock,
    ) -> None:
        self._database = database
        self._posting = posting
        self._members = members
        self._accounts = accounts
        self._clock = clock

    def repair(self, record: str, repair: Repair) -> dict[str, Any]:
        """Post a record in place of one without effect, once; the same again changes nothing.

        Raises a problem where there is no such record, it has an effect, was repaired otherwise or given up, or the new
        one could not be posted either; then nothing is changed.
        """
        _check_text(repair.reason)
        done, looked_for = self._database.transaction(
            lambda connection: self._repair(connection, record, repair)
        )
        self._posting.settle({done["record"], *looked_for})
        return done

    def _repair(
        self, connection: Connection, record: str, repair: Repair
    ) -> tuple[dict[str, Any], set[str]]:
        old = _held(connection, record)
        new_id = hashlib.sha256(f"repair {repair.repair_id}".encode()).hexdigest()[:32]
        done = {"repair_id": repair.repair_id, "record": old.claimed_id, "repaired_by": new_id}
        before = connection.execute(_BY_ID, {"id": new_id}).one_or_none()
        if before is not None:
            if json.loads(before.body)["repairs"] != _said(old, repair):
                raise Problem(409, "repair-differs", "This repair_id was used for another repair.")
            return done | {"is_new": False, "state": before.state}, set()
        _check_open(old)
        outcome, looked_for = self._post(connection, old, new_id, repair)
        return done | {"is_new": True, "state": outcome.state.value}, looked_for

    def _post(
        self, connection: Connection, old: Any, new_id: str, repair: Repair
    ) -> tuple[Outcome, set[str]]:
        now = self._clock()
        seq, row, body = self._append(connection, old, new_id, repair, now)
        was = Received.of(old)
        made = Received(row, was.terminal, was.epoch, was.seq, new_id, False, body, was.attachment)
        batch = self._posting.batch(connection)
        try:
            act = read_body(body, Envelope(OWN_TERMINAL, OWN_EPOCH, seq, new_id))
            batch.read_ahead([(made, act), (was, act)])
            outcome = decide(batch, made, act, OperatorsWord(self._posting.checks))
        except Unpostable as reason:
            detail = f"The record could not be posted like this either: {reason.code}."
            raise Problem(422, reason.code, detail) from reason
        batch.set_state(made, outcome, tell=False)
        replaced = Outcome(RecordState.REJECTED, REPAIRED, outcome.account, duplicate_of=new_id)
        batch.set_state(was, replaced, tell=True)
        batch.finish()
        _close(connection, old, REPAIRED, repair.reason, stored(now))
        return outcome, batch.looked_for

    def _append(
        self, connection: Connection, old: Any, new_id: str, repair: Repair, now: datetime
    ) -> tuple[int, int, bytes]:
        """Continue central's own chain by one record: its seq, row and body."""
        chain = _own_chain(connection, stored(now))
        seq = chain.received + 1
        body = canonical(
            {
                **facts_in(old.body),
                **self._changes(connection, old, repair),
                "v": BODY_VERSION,
                "id": new_id,
                "terminal": OWN_TERMINAL,
                "epoch": OWN_EPOCH,
                "seq": seq,
                "repairs": _said(old, repair),
            }
        )
        if len(body) > BODY_BYTES_MAX:
            raise Problem(413, "too-large", f"A record has at most {BODY_BYTES_MAX} bytes.")
        head = chain_hash(chain.head, body)
        row = connection.execute(
            insert(records).returning(records.c.row),
            {
                "terminal": OWN_TERMINAL,
                "epoch": OWN_EPOCH,
                "seq": seq,
                "record_id": new_id,
                "claimed_id": new_id,
                "previous": chain.head,
                "hash": head,
                "body": body,
                "received_at": stored(now),
            },
        ).scalar_one()
        connection.execute(
            update(chains)
            .where(chains.c.terminal == OWN_TERMINAL)
            .values(received=seq, head=head, last_at=stored(now))
        )
        return seq, row, body

    def _changes(self, connection: Connection, old: Any, repair: Repair) -> dict[str, Any]:
        wrong = sorted({*_ENVELOPE, "repairs"} & repair.changes.keys())
        if wrong:
            errors = [{"path": f"changes.{name}", "message": "is central's own"} for name in wrong]
            raise Problem(422, "invalid", "A repair replaces facts, no envelope.", errors=errors)
        if holds_payment_card(json.dumps(repair.changes, ensure_ascii=False)):
            raise Problem(422, "payment-card", "The changes hold what looks like a payment card.")
        changes = dict(repair.changes)
        if repair.member is not None:
            facts = changes.get("facts", facts_in(old.body).get("facts"))
            if not facts or not isinstance(facts, dict):
                facts = {"standing": "known"}
            account = self._members.row(connection, repair.member).ref
            self._learn_ref(connection, facts.get("account"), account)
            changes["facts"] = {**facts, "account": account}
        return changes

    def _learn_ref(self, connection: Connection, ref: Any, account: str) -> None:
        """A ref that nobody knows is from now on another name of the account: later returns go by it."""
        if not isinstance(ref, str) or not re.fullmatch(ACCOUNT_PATTERN, ref):
            return
        if self._accounts.resolve(connection, ref) is None:
            at = stored(self._clock())
            insert_account(connection, ref, at, provisional=True, joined_into=account)

    def give_up(self, record: str, giving_up: GivingUp) -> dict[str, Any]:
        """Leave a record without effect for good; a second time changes nothing."""
        _check_text(giving_up.reason)
        at = stored(self._clock())

        def work(connection: Connection) -> dict[str, Any]:
            old = _held(connection, record)
            if (old.state, old.code) != (RecordState.REJECTED, GIVEN_UP):
                _check_open(old)
                self._give_up(connection, [old], giving_up.reason, at)
            return {"record": old.claimed_id, "state": "rejected", "code": GIVEN_UP}

        return self._database.transaction(work)

    def give_up_terminal(self, store: str, till: str, giving_up: GivingUp) -> dict[str, Any]:
        """Leave everything that waits in a terminal's quarantine without effect for good."""
        _check_text(giving_up.reason)
        terminal, at, count = terminal_name(store, till), stored(self._clock()), 0
        waiting = (
            _ROW.where(
                records.c.terminal == terminal,
                records.c.state == RecordState.PARKED.value,
                records.c.code == QUARANTINED,
            )
            .order_by(records.c.row)
            .limit(GIVEN_UP_AT_ONCE_MAX)
        )

        def work(connection: Connection) -> int:
            found = connection.execute(waiting).all()
            self._give_up(connection, found, giving_up.reason, at)
            return len(found)

        while done := self._database.transaction(work):
            count += done
        return {"terminal": terminal, "given_up": count}

    def _give_up(
        self, connection: Connection, given_up: Sequence[Any], reason: str, at: str
    ) -> None:
        batch = self._posting.batch(connection)
        for old in given_up:
            outcome = Outcome(RecordState.REJECTED, GIVEN_UP, old.account)
            batch.set_state(Received.of(old), outcome, tell=True)
            _close(connection, old, GIVEN_UP, reason, at)
        batch.finish()


_ROW = RECEIVED.add_columns(records.c.state, records.c.code, records.c.account, records.c.awaiting)
_BY_ID = select(records.c.body, records.c.state).where(records.c.record_id == bindparam("id"))


def _held(connection: Connection, record: str) -> Any:
    hold(connection, select(records.c.row).where(by_name(record)))
    row = connection.execute(_ROW.where(by_name(record))).one_or_none()
    if row is None:
        raise not_found("record")
    return row


def _check_open(old: Any) -> None:
    """Raises a problem where there is nothing to be done about a record."""
    if old.code in {REPAIRED, GIVEN_UP}:
        raise Problem(409, old.code, "Somebody has decided about this record already.")
    if old.state not in {RecordState.REJECTED, RecordState.PARKED}:
        raise Problem(409, "not-refused", "This record has its effect, or will have it soon.")


def _check_text(reason: str) -> None:
    if holds_payment_card(reason):
        raise Problem(422, "payment-card", "The reason holds what looks like a payment card.")


def _said(old: Any, repair: Repair) -> dict[str, Any]:
    """What a repair says of itself, in the new record. Not why: people are named in reasons, and this is for good."""
    return {
        "record": old.claimed_id,
        "row": old.row,
        "terminal": old.terminal,
        **repair.model_dump(exclude={"reason"}),
    }


def _own_chain(connection: Connection, at: str) -> Any:
    """Central's own chain, held until this transaction ends; begun with the first repair."""
    for table, values in (
        (terminals, {"store": "", "till": "", "created_at": at}),
        (
            chains,
            {"epoch": OWN_EPOCH, "received": 0, "head": GENESIS, "first_at": at, "last_at": at},
        ),
    ):
        connection.execute(
            upsert(connection, table)
            .values(terminal=OWN_TERMINAL, **values)
            .on_conflict_do_nothing()
        )
    (chain,) = hold(connection, select(chains).where(chains.c.terminal == OWN_TERMINAL))
    return chain


def _close(connection: Connection, old: Any, how: str, reason: str, at: str) -> None:
    connection.execute(
        insert(closings),
        {
            "record": old.row,
            "how": how,
            "was_state": old.state,
            "was_code": old.code,
            "reason": reason,
            "at": at,
        },
    )

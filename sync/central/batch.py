"""What a batch of records comes to, gathered and written together.

Posting looks and decides record by record; what it decides is kept here and written in a few statements, because
a statement each would cost more than the work. Whoever reads something back from the database flushes first.

Every account that a batch knows is held until its end, so that what is decided by what an account has stays true. The
accounts that records name are held together and in one order; counters come last, since everybody waits for those.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from edge_agent.domain.member import Standing
from edge_agent.domain.record import Attachment, RecordKind
from sync.central import holds, risk
from sync.central.accounts import Accounts, insert_account, join, joined_to
from sync.central.bodies import Act, Unpostable, awaited_sale, kind_of
from sync.central.database import ACCOUNTS, count, next_changes
from sync.central.differing import Known, known_of
from sync.central.ledger import LedgerEntry, append_many, touch
from sync.central.tables import acts, attachments, differences, records
from sync.central.times import stored
from sync.wire import RecordState

INTERNAL = "internal"
"""The code of what posting failed on in a way that nobody foresaw."""


@dataclass(frozen=True, slots=True)
class Received:
    """A record as intake stored it, not understood yet. `record_id` is what it claims; another may have it."""

    row: int
    terminal: str
    epoch: str
    seq: int
    record_id: str
    id_is_taken: bool
    body: bytes
    attachment: Attachment | None

    @classmethod
    def of(cls, row: Any) -> "Received":
        """A row of `RECEIVED`."""
        attachment = None if row.salt is None else Attachment(row.salt, row.content)
        return cls(
            row.row,
            row.terminal,
            row.epoch,
            row.seq,
            row.claimed_id,
            row.record_id is None,
            row.body,
            attachment,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state of a record."""

    state: RecordState
    code: str | None = None
    account: str | None = None
    awaiting: str | None = None
    duplicate_of: str | None = None

    @classmethod
    def without_effect(cls, reason: Unpostable) -> "Outcome":
        """Rejected or parked."""
        return cls(reason.state, reason.code, awaiting=reason.awaiting)

    @property
    def has_effect(self) -> bool:
        """Accepted, now or as another record before."""
        return self.state in {RecordState.ACCEPTED, RecordState.DUPLICATE}


@dataclass(frozen=True, slots=True)
class Before:
    """An act that was accepted before under the same id of the POS."""

    record_id: str
    digest: bytes


_ActKey = tuple[str, str, str]


class Batch:
    """Reads ahead for some records, and gathers what is to be written."""

    def __init__(self, connection: Connection, accounts: Accounts, at: str) -> None:
        self.at = at
        self._connection = connection
        self._accounts = accounts
        self._refs: dict[str, str] = {}
        self._forgotten: dict[str, str] = {}
        self._acts: dict[_ActKey, Before | None] = {}
        self._opened = 0
        self._new_acts: list[dict[str, Any]] = []
        self._entries: list[tuple[str, int, LedgerEntry]] = []
        self._states: list[dict[str, Any]] = []
        self._told: list[int] = []
        self._touched: set[str] = set()
        self._allowances_of: set[str] = set()
        self._erased: list[int] = []
        self.looked_for: set[str] = set()
        """What somebody may be parked for and that may be there by now, as in `awaiting`: see `Posting.settle`."""
        self._known: dict[str, Known | None] = {}
        self._differences: list[dict[str, Any]] = []

    @property
    def connection(self) -> Connection:
        """For reading; flush first when this batch may have written what is read."""
        return self._connection

    def read_ahead(self, read: Sequence[tuple[Received, Act]]) -> None:
        """Look up the accounts and acts of a whole batch at once."""
        named = {entry.account for _, act in read for entry in act.entries}
        own = {act.account for _, act in read}
        held = self._hold({ref for ref in named | own if ref is not None})
        rows = {held[ref].ref: held[ref] for ref in own if ref in held}
        self._known.update(known_of(self._connection, rows))
        keys = {(received.terminal, act.kind.value, act.act_id) for received, act in read}
        self._acts.update(dict.fromkeys(keys))
        for row in self._connection.execute(
            select(acts).where(
                acts.c.terminal.in_({key[0] for key in keys}),
                acts.c.kind.in_({key[1] for key in keys}),
                acts.c.act_id.in_({key[2] for key in keys}),
            )
        ):
            self._acts[row.terminal, row.kind, row.act_id] = Before(row.record_id, row.digest)

    def _hold(self, refs: Collection[str]) -> dict[str, Any]:
        """The rows of the accounts behind refs, by those that are known."""
        held = self._accounts.hold(self._connection, refs)
        for ref, row in held.items():
            self._refs[ref] = row.ref
            if row.standing == Standing.ERASED:
                self._forgotten[row.ref] = row.erased_at
        return held

    def account_of(self, ref: str) -> str | None:
        """The account behind a ref, if central knows it."""
        if ref not in self._refs:
            self._hold([ref])
        return self._refs.get(ref)

    def names_of(self, refs: Collection[str]) -> set[str]:
        """These accounts and all that were joined to them: entries stay under the name that they were written with."""
        return {*refs, *joined_to(self._connection, refs)}

    def settle_ref(self, ref: str, card: str) -> str:
        """The account for a ref that a till made for `card`."""
        account = self._accounts.settle_ref(self._connection, ref, card, self.at)
        self._opened += account == ref
        self._refs[ref] = account
        if account == ref:
            self._known[ref] = None
        else:
            self._hold([account])  # it may be that of somebody who was erased
        self._touched.add(account)
        return account

    def open_account(self, ref: str) -> str:
        """A provisional account for a ref of somebody without a card."""
        insert_account(self._connection, ref, self.at, provisional=True)
        self._opened += 1
        self._refs[ref] = ref
        self._touched.add(ref)
        return ref

    def is_forgotten(self, account: str | None) -> bool:
        """Whether an account was erased, so that nothing personal of it may be kept again."""
        return account in self._forgotten

    def is_before_forgotten(self, account: str | None, at: datetime) -> bool:
        """Whether somebody was erased after that time: what they did before is of whom nobody knows any more."""
        return account in self._forgotten and stored(at) < self._forgotten[account]

    def is_of_forgotten(self, act: Act) -> bool:
        """Whether an act is that of somebody who was erased since, whatever becomes of it."""
        return act.account is not None and self.is_forgotten(self.account_of(act.account))

    def learn_forgotten(self, act: Act, card: str) -> bool:
        """Whether an act is by a till's own ref for the card of somebody who was erased after it, whatever becomes of
        it; the till then hears that the ref was theirs."""
        ref = act.account
        if ref is None or self.account_of(ref) is not None:
            return False
        if not self.is_before_forgotten(self.last_owner_of(card), act.at):
            return False
        self.settle_ref(ref, card)
        return True

    def last_owner_of(self, card: str) -> str | None:
        """The account that a card belongs to, or belonged to before that was erased."""
        owner = self._accounts.of_card(self._connection, card)
        return None if owner is None else self.account_of(owner)

    def owner_of(self, card: str) -> str | None:
        """The account that a card belongs to, unless that was erased: then it is nobody's from now on."""
        self._accounts.free_card(self._connection, card)
        owner = self._accounts.of_card(self._connection, card)
        return None if owner is None else self.account_of(owner)

    def add_card(self, account: str, card: str) -> None:
        """Give a card that nobody has to an account."""
        self._accounts.add_card(self._connection, account, card, self.at)

    def join(self, provisional: str, account: str) -> None:
        """Make one account another name of `account`, with everything that it has by now."""
        self.flush()
        join(self._connection, provisional, account, self.at)
        self._opened -= 1
        self._touched.add(account)
        self._refs = {
            ref: account if known == provisional else known for ref, known in self._refs.items()
        }
        self._touched.discard(provisional)
        for changed in (provisional, account):
            self._known.pop(changed, None)

    def known(self, account: str) -> Known | None:
        """What central knows of an account before what is posted next; None of one that is new."""
        if account not in self._known:
            self.flush()
            rows = {row.ref: row for row in self._hold([account]).values()}
            self._known[account] = known_of(self._connection, rows).get(account)
        return self._known[account]

    def note_differences(self, received: Received, account: str, found: Sequence[Any]) -> None:
        """List the facts that a till had otherwise."""
        self._differences += [
            {
                "record_id": received.record_id,
                "fact": each.fact,
                "till": each.till,
                "central": each.central,
                "account": account,
                "terminal": received.terminal,
                "at": self.at,
            }
            for each in found
        ]

    def touch(self, account: str) -> None:
        """Let terminals hear of an account whose profile changed."""
        self._touched.add(account)

    def before(self, terminal: str, act: Act) -> Before | None:
        """The same act, if it was accepted before."""
        key = (terminal, act.kind.value, act.act_id)
        if key not in self._acts:
            row = self._connection.execute(
                select(acts.c.record_id, acts.c.digest).where(
                    acts.c.terminal == terminal,
                    acts.c.kind == act.kind.value,
                    acts.c.act_id == act.act_id,
                )
            ).one_or_none()
            self._acts[key] = None if row is None else Before(row.record_id, row.digest)
        return self._acts[key]

    def note_act(self, received: Received, act: Act, digest: bytes) -> None:
        """Keep the act's id for good."""
        key = (received.terminal, act.kind.value, act.act_id)
        self._acts[key] = Before(received.record_id, digest)
        if act.kind is RecordKind.SALE:
            self.looked_for.add(awaited_sale(act.act_id))
        self._new_acts.append(
            {
                "terminal": received.terminal,
                "kind": act.kind.value,
                "act_id": act.act_id,
                "record_id": received.record_id,
                "digest": digest,
            }
        )

    def use_set_aside(self, account: str, received: Received, act: Act) -> None:
        """Use up what was set aside for the redemptions that a record charges."""
        if holds.use(self._connection, account, received.terminal, act.redeemed):
            self._allowances_of.add(received.terminal)

    def append(self, source: str, new: Sequence[LedgerEntry]) -> None:
        """Entries of one record; what it overdraws is carried by the offline-risk account."""
        at_risk = list(risk.carried(new))
        for of, written in ((source, new), (risk.risk_source(source), at_risk)):
            self._entries.extend((of, ordinal, entry) for ordinal, entry in enumerate(written))
        self._touched.update(entry.account for entry in new)
        for entry in (*new, *at_risk):
            if (known := self._known.get(entry.account)) is not None:
                known.moved(entry)
        if at_risk:
            risk.open_account(self._connection, self.at)
            overdrawn = {each.account for each in at_risk if each.quantity > 0}
            risk.only_with_central(self._connection, overdrawn - {risk.OFFLINE_RISK})

    def erase_attachment(self, received: Received) -> None:
        """Keep nothing of what a till should not have sent; the body stays, and its commitment in it."""
        self._erased.append(received.row)

    def set_state(
        self, received: Received, outcome: Outcome, act: Act | None = None, *, tell: bool
    ) -> None:
        """The record's state, and its kind by the act in it, if it was read; with `tell` the terminal hears of it by
        `changes`, not by its push alone."""
        self._states.append(
            {
                "r": received.row,
                "new_kind": kind_of(received.body) if act is None else act.kind.value,
                "new_state": outcome.state.value,
                "new_code": outcome.code,
                "new_account": outcome.account,
                "new_awaiting": outcome.awaiting,
                "new_duplicate_of": outcome.duplicate_of,
                "new_posted_at": self.at,
            }
        )
        if tell:
            self._told.append(received.row)
        if outcome.has_effect:
            self.looked_for.add(received.record_id)
        if outcome.awaiting is not None:
            self.looked_for.add(outcome.awaiting)

    def park_unread(self, row: int) -> None:
        """Park a record that posting fails on. Nothing that it says is written, so that this cannot fail by it too."""
        self._connection.execute(_PARK_UNREAD, {"r": row, "at": self.at})
        self._told.append(row)

    def flush(self) -> None:
        """Write what has been gathered so far."""
        if self._new_acts:
            self._connection.execute(insert(acts), self._new_acts)
        if self._entries:
            append_many(self._connection, self.at, self._entries)
        if self._states:
            self._connection.execute(_SET_STATE, self._states)
        if self._erased:
            self._connection.execute(
                delete(attachments).where(attachments.c.record.in_(self._erased))
            )
        if self._differences:
            self._connection.execute(insert(differences), self._differences)
        self._new_acts, self._entries, self._states, self._erased = [], [], [], []
        self._differences = []

    def finish(self) -> None:
        """Write everything, and let terminals hear of every state and account that changed."""
        self.flush()
        if self._opened:
            count(self._connection, ACCOUNTS, self._opened)
        if self._told:
            changes = next_changes(self._connection, len(self._told))
            told = [{"r": row, "n": n} for row, n in zip(self._told, changes, strict=True)]
            self._connection.execute(_TELL, told)
        touch(self._connection, self._touched)
        for terminal in sorted(self._allowances_of):
            holds.note_allowances(self._connection, terminal)
        self._opened, self._told, self._touched = 0, [], set()
        self._allowances_of = set()


RECEIVED = select(
    records.c.row,
    records.c.terminal,
    records.c.epoch,
    records.c.seq,
    records.c.record_id,
    records.c.claimed_id,
    records.c.body,
    attachments.c.salt,
    attachments.c.content,
).select_from(records.outerjoin(attachments, attachments.c.record == records.c.row))

_SET_STATE = (
    update(records)
    .where(records.c.row == bindparam("r"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "kind",
                "state",
                "code",
                "account",
                "awaiting",
                "duplicate_of",
                "posted_at",
            )
        }
    )
)

_PARK_UNREAD = (
    update(records)
    .where(records.c.row == bindparam("r"))
    .values(state=RecordState.PARKED.value, code=INTERNAL, posted_at=bindparam("at"))
)

_TELL = update(records).where(records.c.row == bindparam("r")).values(change=bindparam("n"))

"""Any order of acts, reservations, central's words and restarts, against a ledger of a few lists."""

import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uuid_utils
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.programme.situation import Redemption
from edge_agent.domain.record import ClockReading, RecordKind
from edge_agent.domain.redeemed import AuthorisedBy, Redeemed
from edge_agent.ledger.acts import Act, StoredState
from edge_agent.ledger.derived import Applied
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.reservations import Reservation

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ACCOUNTS = ("a" * 32, "b" * 32)
UNITS = ("points", "stamps")
KINDS = (EntryKind.EARN, EntryKind.REDEEM, EntryKind.REVERSE)


class PowerCutError(Exception):
    """The act does not come to its end."""


@dataclass
class Model:
    """What the ledger should hold: every record's entries by account, and what central said of it."""

    records: list[tuple[str, list[tuple[str, Entry]]]] = field(default_factory=list)
    received: int = 0
    states: dict[int, str] = field(default_factory=dict)
    reserved: dict[str, tuple[str, int, datetime]] = field(default_factory=dict)
    """By id the account, the quantity and until when, of those that are neither charged nor cancelled."""
    charged: list[tuple[str, int, int]] = field(default_factory=list)
    """The account, the quantity and the number of the record, of those that were charged."""

    def unposted(self, account: str, applied: int) -> Counter[str]:
        """By unit what central has not posted."""
        sums: Counter[str] = Counter()
        for seq, (_, entries) in enumerate(self.records, 1):
            if seq > applied or self.states.get(seq) == "parked":
                for of, entry in entries:
                    sums[entry.unit] += entry.quantity if of == account else 0
        return sums

    def at_stake(self, applied: int, now: datetime) -> Counter[str]:
        """By account what is reserved, or was charged and central has not posted."""
        sums = self.open_at(now)
        for account, quantity, seq in self.charged:
            if seq > applied or self.states.get(seq) == "parked":
                sums[account] += quantity
        return sums

    def open_at(self, now: datetime) -> Counter[str]:
        """By account what is reserved."""
        sums: Counter[str] = Counter()
        for account, quantity, until in self.reserved.values():
            sums[account] += quantity if until >= now else 0
        return sums


_entries = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.sampled_from(UNITS),
        st.integers(1, 9),
        st.sampled_from((0, 0, 1)),
    ),
    max_size=3,
)


class LedgerMachine(RuleBasedStateMachine):
    """One ledger on a real file."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.now = AT
        self.model = Model()
        self.ledger = self._opened()

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
            self.folder.cleanup()

    def _opened(self) -> Ledger:
        return Ledger.open(Path(self.folder.name), "0412/03", self.now)

    def _append(self, act: Act, moved: list[tuple[EntryKind, str, int, int]]) -> str:
        """One record of the first account, some of whose entries are the other one's."""
        record_id = uuid_utils.uuid7().hex
        entries = [
            Entry(
                kind,
                unit,
                quantity if kind is EntryKind.EARN else -quantity,
                "base",
                account=ACCOUNTS[1] if of else None,
            )
            for kind, unit, quantity, of in moved
        ]
        facts = {"facts": {"account": ACCOUNTS[0], "standing": "known"}, "sale": {}}
        reading = ClockReading(self.now, "boot", 0)
        act.append(RecordKind.SALE, record_id, self.now, reading, facts, {}, entries)
        self.entered = (record_id, [(each.account or ACCOUNTS[0], each) for each in entries])
        return record_id

    @rule(moved=_entries)
    def record(self, moved: list[tuple[EntryKind, str, int, int]]) -> None:
        with self.ledger.act() as act:
            self._append(act, moved)
        self.model.records.append(self.entered)

    @rule(moved=_entries, quantity=st.integers(1, 9))
    def an_act_fails_in_the_middle(
        self, moved: list[tuple[EntryKind, str, int, int]], quantity: int
    ) -> None:
        with suppress(PowerCutError), self.ledger.act() as act:
            self._append(act, moved)
            act.reserve(self._reservation("never", quantity))
            raise PowerCutError

    def _reservation(self, name: str, quantity: int) -> Reservation:
        until = self.now + timedelta(minutes=15)
        wish = Redemption("coffee", None, 1, name)
        return Reservation(
            wish,
            ACCOUNTS[0],
            "points",
            quantity,
            AuthorisedBy.LIMIT,
            "0" * 64,
            until,
            b"mark",
            "{}",
        )

    @rule(quantity=st.integers(1, 9))
    def reserve(self, quantity: int) -> None:
        made = self._reservation(uuid_utils.uuid7().hex, quantity)
        with self.ledger.act() as act:
            act.reserve(made)
        self.model.reserved[made.redemption.id] = (made.account, quantity, made.until)

    @precondition(lambda self: self.model.reserved)
    @rule(which=st.integers(0, 99), commits=st.booleans())
    def settle(self, which: int, *, commits: bool) -> None:
        name = sorted(self.model.reserved)[which % len(self.model.reserved)]
        with self.ledger.act() as act:
            if commits:
                self._append(act, [(EntryKind.REDEEM, "points", 1, 0)])
                act.charge(Redeemed(name, "coffee", AuthorisedBy.LIMIT, "points", 1), act.head.seq)
            else:
                act.cancel(name)
        if commits:
            self.model.records.append(self.entered)
            self.model.charged.append((ACCOUNTS[0], 1, len(self.model.records)))
        del self.model.reserved[name]

    @rule(minutes=st.integers(1, 20))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.model.records)
    @rule(share=st.floats(0, 1))
    def central_says_how_far_it_is(self, share: float) -> None:
        seq = round(len(self.model.records) * share)
        head = self.ledger.hash_at(seq)
        assert head is not None
        self.ledger.mark_received(seq, head)
        self.model.received = seq

    @rule(
        told=st.lists(
            st.tuples(st.integers(1, 12), st.sampled_from(("accepted", "parked", "rejected"))),
            max_size=4,
        )
    )
    def central_says_what_it_made_of_records(self, told: list[tuple[int, str]]) -> None:
        self.ledger.keep_states([StoredState(seq, state, None) for seq, state in told])
        for seq, state in told:
            if state == "accepted":
                self.model.states.pop(seq, None)
            elif seq <= len(self.model.records):
                self.model.states[seq] = state

    @rule()
    def the_agent_restarts(self) -> None:
        self.ledger.close()
        self.ledger = self._opened()

    @rule()
    def the_log_is_folded(self) -> None:
        self.ledger.tidy()

    @invariant()
    def the_ledger_is_the_model(self) -> None:
        if not hasattr(self, "ledger"):
            return
        model, lookups = self.model, self.ledger.lookups()
        parked = tuple(seq for seq, state in model.states.items() if state == "parked")
        for applied in {0, model.received, len(model.records)}:
            for account in ACCOUNTS:
                found: Counter[str] = Counter()
                for held in lookups.unposted([account], Applied(applied, parked)):
                    found[held.unit] += held.quantity
                assert +found == +model.unposted(account, applied)
                assert -found == -model.unposted(account, applied)
            stake = lookups.at_stake(Applied(applied, parked), self.now, {AuthorisedBy.LIMIT})
            assert +Counter({each.account: each.quantity for each in stake}) == +model.at_stake(
                applied, self.now
            )
        reserved = {each.account: each.quantity for each in lookups.reserved(self.now)}
        assert +Counter(reserved) == +model.open_at(self.now)

    @invariant()
    def the_chain_is_whole_and_holds_every_record(self) -> None:
        if not hasattr(self, "ledger"):
            return
        ids = [record for record, _ in self.model.records]
        assert [each.id for each in self.ledger.records(0, 1_000)] == ids
        assert [each.id for each in self.ledger.waiting(self.model.received, 1_000, 10**9)] == ids[
            self.model.received :
        ]
        assert self.ledger.received().seq == self.model.received
        states = Counter(self.model.states.values())
        assert self.ledger.state_counts() == {"rejected": 0, "parked": 0} | states
        assert self.ledger.verify().faults == ()


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

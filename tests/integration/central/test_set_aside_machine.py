"""Whatever tills ask, redeem, let go of or forget: what central set aside is there, and is used by nobody else.

The model knows of each account what was earned and what each till may still charge, by the plainest means there are.
"""

import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from edge_agent.domain.record import RecordKind
from sync.central.central import Central
from sync.central.holds import held
from sync.central.ledger import lots_in, usable_on
from sync.central.mending import OperatorsWord
from sync.wire import AuthorisationMessage, ReleaseMessage, TillReport
from tests.central import AT, Till, earn, settings_in, spend
from tests.tills import PROGRAMME

CARD = "2912345678906"
TERMINALS = ("0412/03", "0412/04", "0412/05")
LAPSE = timedelta(minutes=31)
CAP, PERCENT = 40, 50

which = st.integers(0, len(TERMINALS) - 1)
amounts = st.integers(1, 60)


@dataclass
class Holder:
    """A till, and what it may charge: by redemption what central authorised, and what it has as an allowance."""

    till: Till
    granted: dict[str, int] = field(default_factory=dict)
    allowance: int = 0
    asked: int = 0
    pushed: int = 0


class SetAside(RuleBasedStateMachine):
    """One member, some tills."""

    @initialize(points=st.integers(0, 200))
    def begin(self, points: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        place = settings_in(Path(self.folder.name), allowance_points=CAP, allowance_percent=PERCENT)
        self.central = Central(place, lambda: AT, OperatorsWord())
        self.holders = [Holder(Till(terminal)) for terminal in TERMINALS]
        for terminal in TERMINALS:
            self.central.terminals.add(*terminal.split("/"))
        self.central.programmes.publish(PROGRAMME.read_text(encoding="utf-8"), "sample")
        self.central.member_import.run(["card,member_id,points\n", f"{CARD},M1,{points}\n"])
        self.ref = str(self.central.members.of_card(CARD)["ref"])

    def push(self, holder: Holder) -> None:
        self.central.push(holder.till.message(holder.pushed + 1))
        holder.pushed = len(holder.till.records)

    def redeem(self, holder: Holder, key: str, quantity: int, by: str) -> None:
        facts: dict[str, Any] = {
            "programme": None,
            "redemption": {"redemption_id": key},
            "facts": {"account": self.ref, "standing": "known"},
            "entries": [spend(quantity, expires_on=None).to_json()],
            "redeemed": [
                {
                    "id": key,
                    "reward": "coffee",
                    "authorised_by": by,
                    "unit": "points",
                    "quantity": quantity,
                    "value": 150,
                }
            ],
        }
        holder.till.append(RecordKind.REDEMPTION, facts)

    @rule(n=which, quantity=amounts, least=amounts)
    def authorise(self, n: int, quantity: int, least: int) -> None:
        holder = self.holders[n]
        holder.asked += 1
        answer = self.central.authorising.authorise(
            AuthorisationMessage(
                terminal=holder.till.terminal, redemption_id=f"R{holder.asked}", account=self.ref,
                unit="points", quantity=max(quantity, least), least=least, until=AT,
            )
        )  # fmt: skip
        if answer.quantity:
            assert least <= answer.quantity <= max(quantity, least)
            holder.granted[f"R{holder.asked}"] = answer.quantity

    @rule(n=which, share=st.floats(0.1, 1))
    def charge(self, n: int, share: float) -> None:
        """Charge what was authorised, or part of it; the record may wait."""
        holder = self.holders[n]
        if holder.granted:
            key, quantity = holder.granted.popitem()
            self.redeem(holder, key, max(1, int(quantity * share)), "central")

    @rule(n=which)
    def cancel(self, n: int) -> None:
        holder = self.holders[n]
        if holder.granted:
            key, _ = holder.granted.popitem()
            message = ReleaseMessage(terminal=holder.till.terminal, redemption_ids=(key,))
            assert self.central.authorising.release(message).released == 1

    @rule(n=which)
    def pull(self, n: int) -> None:
        """Hear of allowances, as of what this till's records came to."""
        holder = self.holders[n]
        self.push(holder)
        told = self.central.feed.changes(holder.till.terminal, holder.till.epoch, 0, 0)
        holder.allowance = sum(each.quantity for each in told.allowances or ())

    @rule(n=which, quantity=amounts)
    def use_allowance(self, n: int, quantity: int) -> None:
        holder = self.holders[n]
        taken = min(quantity, holder.allowance)
        if taken:
            holder.allowance -= taken
            holder.asked += 1
            self.redeem(holder, f"R{holder.asked}", taken, "allowance")

    @rule(n=which, quantity=amounts)
    def redeem_at_risk(self, n: int, quantity: int) -> None:
        holder = self.holders[n]
        holder.asked += 1
        self.redeem(holder, f"R{holder.asked}", quantity, "limit")

    @rule(n=which, quantity=amounts)
    def sell(self, n: int, quantity: int) -> None:
        holder = self.holders[n]
        holder.till.sale(self.ref, [earn(quantity, expires_on=None)])
        self.push(holder)

    @rule(n=which)
    def lapse(self, n: int) -> None:
        """So much time passes at a till that it will charge nothing of what it had reserved."""
        holder = self.holders[n]
        self.push(holder)
        holder.granted.clear()
        report = TillReport(time=AT + LAPSE, last_seq=holder.pushed)
        self.central.authorising.note_position(holder.till.terminal, holder.till.epoch, report)

    @invariant()
    def what_is_set_aside_is_there(self) -> None:
        with self.central.database.read() as connection:
            there = usable_on(lots_in(connection, self.ref, "points"), AT.date())
            aside = held(connection, self.ref).get("points", 0)
        assert aside <= there
        assert aside >= sum(sum(each.granted.values()) for each in self.holders)

    @invariant()
    def only_who_had_leave_of_nobody_overdraws(self) -> None:
        by = {
            record.id: b'"authorised_by":"limit"' in record.body
            for holder in self.holders
            for record in holder.till.records
        }
        assert all(by[each["record"]] for each in self.central.reports.overdrafts())

    def teardown(self) -> None:
        if hasattr(self, "central"):
            for holder in self.holders:
                self.push(holder)
            self.what_is_set_aside_is_there()
            self.only_who_had_leave_of_nobody_overdraws()
            self.central.close()
            self.folder.cleanup()


@pytest.mark.not_on_postgresql  # where a new database for each example takes a second
def test_what_is_set_aside_is_there_and_only_who_had_leave_of_nobody_overdraws() -> None:
    # Each step is a durable transaction: to make a failure smaller would take minutes, and its steps are told anyway.
    plan = settings(
        max_examples=12,
        stateful_step_count=25,
        deadline=None,
        phases=[phase for phase in Phase if phase is not Phase.shrink],
    )
    run_state_machine_as_test(SetAside, settings=plan)

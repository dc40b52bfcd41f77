"""Posting: every record has a state, and accounts have what was accepted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.record import GENESIS, Record, RecordKind, canonical, chain_hash
from sync.central import bodies as bodies_module
from sync.central.bodies import Act
from sync.central.central import Central
from sync.central.mending import OperatorsWord
from sync.central.posting import Posting
from sync.central.tables import attachments, entries, lots
from sync.central.times import utc_now
from sync.wire import WireAttachment, WireRecord
from tests.central import EXPIRES_ON, Till, earn, message_of, take_back
from tests.integration.central.looking import balance, changes, everything, kept, states, sums

CARD = "2912345678906"


def push_changed(
    central: Central, till: Till, change: Callable[[dict[str, Any]], object] | bytes
) -> tuple[str | None, str | None]:
    """Change the body of the till's only record, chain it properly, push it; its state."""
    record = till.records[0]
    if isinstance(change, bytes):
        body = change
    else:
        facts = json.loads(record.body)
        change(facts)
        body = canonical(facts)
    wire = WireRecord.of(record).model_copy(
        update={"body": body.decode(), "hash": chain_hash(GENESIS, body).hex()}
    )
    central.push(message_of(till, [wire]))
    (state,) = states(central)
    return state[1:]


def test_a_sale_is_accepted_and_its_points_are_in_a_lot(central: Central, till: Till) -> None:
    sale = till.sale("ref-1", [earn(2), earn(10, rule="bonus")], card=CARD)
    central.push(till.message())
    assert states(central) == [(1, "accepted", None)]
    member = central.members.get("ref-1")
    assert member["balance"] == {"points": 12}
    assert [(each["unit"], each["quantity"], each["expires_on"]) for each in member["lots"]] == [
        ("points", 12, "2027-11-30")
    ]
    assert [(each["rule"], each["quantity"], each["lot"]) for each in member["entries"]] == [
        ("bonus", 10, sale.id),
        ("base", 2, sale.id),
    ]


def test_a_sale_without_a_card_is_accepted_and_touches_nobody(central: Central, till: Till) -> None:
    till.sale()
    before = changes(central).next
    central.push(till.message())
    assert states(central) == [(1, "accepted", None)]
    assert changes(central).next == before


def test_parts_of_a_sale_come_back_until_nothing_is_left_and_no_further(
    central: Central, till: Till
) -> None:
    sale = till.sale("ref-1", [earn(5)], card=CARD)
    till.give_back(sale.id, [take_back(sale, 2)], "ref-1")
    till.give_back(sale.id, [take_back(sale, 3)], "ref-1")
    till.give_back(sale.id, [take_back(sale, 1)], "ref-1")
    till.sale("ref-1", [earn(7)])
    central.push(till.message())
    assert [state for _, state, _ in states(central)] == [
        "accepted",
        "accepted",
        "accepted",
        "rejected",
        "accepted",
    ]
    assert states(central)[3] == (4, "rejected", "over-reversal")
    assert balance(central, "ref-1") == 7


@pytest.mark.parametrize(
    "entry",
    [
        {"quantity": 6},
        {"quantity": 1, "rule": "bonus"},
        {"quantity": 1, "line": 2},
        {"quantity": 6, "expires_on": None},
        {"quantity": -1},
    ],
    ids=[
        "more than earned",
        "other rule",
        "other line",
        "more of other lots",
        "adds instead of takes",
    ],
)
def test_what_was_not_earned_cannot_be_taken_back(
    central: Central, till: Till, entry: dict[str, Any]
) -> None:
    sale = till.sale("ref-1", [earn(5)], card=CARD)
    till.give_back(sale.id, [take_back(sale, **entry)], "ref-1")
    central.push(till.message())
    assert states(central)[1] == (2, "rejected", "over-reversal")
    assert balance(central, "ref-1") == 5


def test_a_return_is_not_split_to_take_more_than_was_there(central: Central, till: Till) -> None:
    sale = till.sale("ref-1", [earn(5)], card=CARD)
    till.give_back(sale.id, [take_back(sale, 3), take_back(sale, 3)], "ref-1")
    central.push(till.message())
    assert states(central)[1] == (2, "rejected", "over-reversal")


def test_points_of_another_sale_cannot_be_taken_back(central: Central, till: Till) -> None:
    sale = till.sale("ref-1", [earn(5)], card=CARD)
    other = till.sale("ref-2", [earn(5)], card="2912345678913")
    till.give_back(sale.id, [take_back(other, 5)], "ref-1")
    till.give_back(sale.id, [take_back(sale, 5)], "ref-2")
    central.push(till.message())
    assert states(central)[2:] == [
        (3, "rejected", "malformed"),
        (4, "rejected", "wrong-account"),
    ]
    assert (balance(central, "ref-1"), balance(central, "ref-2")) == (5, 5)


def test_a_void_takes_everything_back(central: Central, till: Till) -> None:
    sale = till.sale("ref-1", [earn(5), earn(2, rule="bonus")], card=CARD)
    till.void(sale.id, [take_back(sale, 5), take_back(sale, 2, rule="bonus")], "ref-1")
    central.push(till.message())
    assert balance(central, "ref-1") == 0
    assert [state for _, state, _ in states(central)] == ["accepted", "accepted"]


def test_a_return_of_a_sale_that_the_till_does_not_know_waits(central: Central, till: Till) -> None:
    till.give_back(None)
    till.sale()
    central.push(till.message())
    assert states(central) == [(1, "parked", "awaiting-original"), (2, "accepted", None)]


def test_a_return_settles_by_itself_when_its_sale_arrives(
    central: Central, till: Till, other_till: Till
) -> None:
    sale = other_till.sale("ref-1", [earn(5)], card=CARD)
    till.give_back(sale.id, [take_back(sale, 5)], "ref-1")
    central.push(till.message())
    assert states(central) == [(1, "parked", "awaiting-original")]
    told = changes(central, epoch=till.epoch)
    assert [(state.state, state.code) for state in told.states] == [("parked", "awaiting-original")]
    central.push(other_till.message())
    assert states(central) == [(1, "accepted", None)]
    assert balance(central, "ref-1") == 0
    told = changes(central, after=told.next, epoch=till.epoch)
    assert [(state.seq, state.state, state.code) for state in told.states] == [
        (1, "accepted", None)
    ]


def test_returns_that_wait_for_one_sale_settle_together_and_still_take_no_more(
    central: Central, till: Till, other_till: Till
) -> None:
    sale = other_till.sale("ref-1", [earn(5)], card=CARD)
    till.give_back(sale.id, [take_back(sale, 3)], "ref-1")
    till.give_back(sale.id, [take_back(sale, 3)], "ref-1")
    central.push(till.message())
    central.push(other_till.message())
    assert states(central) == [(1, "accepted", None), (2, "rejected", "over-reversal")]
    assert balance(central, "ref-1") == 2


def test_a_sale_recorded_again_after_the_till_lost_its_journal_counts_once(
    central: Central, till: Till
) -> None:
    till.sale("ref-1", [earn(5)], card=CARD, sale_id="0412-03-1")
    central.push(till.message())
    rebuilt = Till(till.terminal)
    again = rebuilt.sale("ref-9", [earn(5)], card=CARD, sale_id="0412-03-1")
    rebuilt.give_back(again.id, [take_back(again, 2)], "ref-1", sale_id="0412-03-1")
    central.push(rebuilt.message())
    assert states(central)[1:] == [(1, "duplicate", None), (2, "accepted", None)]
    assert balance(central, "ref-1") == 3


def test_what_a_till_recorded_again_under_a_ref_of_its_own_can_be_taken_back_under_it(
    central: Central, till: Till
) -> None:
    till.sale("ref-1", [earn(5)], card=CARD, sale_id="0412-03-1")
    central.push(till.message())
    rebuilt = Till(till.terminal)
    again = rebuilt.sale("ref-9", [earn(5)], card=CARD, sale_id="0412-03-1")
    rebuilt.give_back(again.id, [take_back(again, 2)], "ref-9", sale_id="0412-03-1")
    central.push(rebuilt.message())
    assert states(central)[1:] == [(1, "duplicate", None), (2, "accepted", None)]
    assert balance(central, "ref-1") == 3


def test_the_same_sale_id_with_other_content_is_rejected(central: Central, till: Till) -> None:
    till.sale("ref-1", [earn(5)], card=CARD, sale_id="0412-03-1")
    till.sale("ref-1", [earn(5)], card=CARD, sale_id="0412-03-1", amount=999)
    central.push(till.message())
    assert states(central)[1] == (2, "rejected", "sale-differs")
    assert balance(central, "ref-1") == 5


def test_another_terminal_may_use_the_same_sale_id(
    central: Central, till: Till, other_till: Till
) -> None:
    till.sale(sale_id="1")
    other_till.sale(sale_id="1", amount=999)
    central.push(till.message())
    central.push(other_till.message())
    assert states(central, "0412/04") == [(1, "accepted", None)]


def changed(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda body: body.update(fields)


@pytest.mark.parametrize(
    ("change", "state", "code"),
    [
        (b"", "rejected", "malformed"),
        (b"not json", "rejected", "malformed"),
        (b"[" * 50_000, "rejected", "malformed"),
        (b"[1]", "rejected", "malformed"),
        (b"{}", "rejected", "malformed"),
        (changed(v=2), "parked", "unknown-kind"),
        (changed(v="1"), "rejected", "malformed"),
        (changed(v=True), "rejected", "malformed"),
        (changed(kind="wish"), "parked", "unknown-kind"),
        (changed(kind=["sale"]), "rejected", "malformed"),
        (changed(id="0" * 32), "rejected", "envelope"),
        (changed(seq=2), "rejected", "envelope"),
        (changed(terminal="0412/04"), "rejected", "envelope"),
        (changed(epoch="0" * 32), "rejected", "envelope"),
        (changed(at="yesterday"), "rejected", "malformed"),
        (changed(entries=None), "rejected", "malformed"),
        (changed(entries=[7]), "rejected", "malformed"),
        (changed(sale={}), "rejected", "malformed"),
        (changed(sale={"sale_id": "../x"}), "rejected", "malformed"),
        (changed(basket="none"), "rejected", "malformed"),
        (changed(facts=None), "rejected", "malformed"),
        (changed(facts={"account": ""}), "rejected", "malformed"),
        (changed(facts={"account": 7}), "rejected", "malformed"),
    ],
)
def test_a_strange_body_has_a_state_and_no_effect(
    central: Central, till: Till, change: Any, state: str, code: str
) -> None:
    till.sale("ref-1", [earn(2)], card=CARD)
    assert push_changed(central, till, change) == (state, code)
    assert sums(central) == (0, 0)
    assert central.reports.totals()["accounts"] == 0


@pytest.mark.parametrize(
    ("entry", "state", "code"),
    [
        ({"quantity": 2.5}, "rejected", "malformed"),
        ({"quantity": "2"}, "rejected", "malformed"),
        ({"quantity": True}, "rejected", "malformed"),
        ({"quantity": 10**30}, "rejected", "malformed"),
        ({"quantity": None}, "rejected", "malformed"),
        ({"unit": ""}, "rejected", "malformed"),
        ({"unit": "p\0"}, "rejected", "malformed"),
        ({"line": "1"}, "rejected", "malformed"),
        ({"expires_on": "2027-02-30"}, "rejected", "malformed"),
        ({"kind": "reverse"}, "rejected", "malformed"),
        ({"kind": "swap"}, "parked", "unknown-kind"),
        ({"kind": "redeem"}, "rejected", "malformed"),
        ({"kind": "adjust"}, "rejected", "malformed"),
        ({"matures_on": "soon"}, "rejected", "malformed"),
        ({"account": "nobody"}, "parked", "unknown-account"),
    ],
)
def test_a_strange_entry_has_no_effect(
    central: Central, till: Till, entry: dict[str, Any], state: str, code: str
) -> None:
    till.sale("ref-1", [earn(2)], card=CARD)
    assert push_changed(central, till, lambda body: body["entries"][0].update(entry)) == (
        state,
        code,
    )
    assert sums(central) == (0, 0)


def test_one_bad_record_holds_up_nobody(central: Central, till: Till) -> None:
    till.sale("ref-1", [earn(1)], card=CARD)
    till.sale("ref-1", [Entry(EntryKind.REVERSE, "points", -1, "base")], card=CARD)
    till.sale("ref-1", [earn(4)], card=CARD)
    central.push(till.message())
    assert [state for _, state, _ in states(central)] == ["accepted", "rejected", "accepted"]
    assert balance(central, "ref-1") == 5


def test_a_tampered_attachment_is_rejected(central: Central, till: Till) -> None:
    record = till.sale("ref-1", [earn(2)], card=CARD)
    assert record.attachment is not None
    tampered = WireAttachment(
        salt=record.attachment.salt.hex(),
        content=record.attachment.content.decode().replace(CARD, "2912345678913"),
    )
    wire = WireRecord.of(record).model_copy(update={"attachment": tampered})
    central.push(message_of(till, [wire]))
    assert states(central) == [(1, "rejected", "attachment")]
    assert sums(central) == (0, 0)


def test_an_attachment_that_nothing_commits_to_is_rejected(central: Central, till: Till) -> None:
    record = till.sale()
    wire = WireRecord.of(record).model_copy(
        update={"attachment": WireAttachment(salt="00" * 16, content='{"cashier":"C17"}')}
    )
    central.push(message_of(till, [wire]))
    assert states(central) == [(1, "rejected", "attachment")]


def test_a_payment_card_is_no_member_card_and_is_not_kept(
    central: Central, till: Till, tmp_path: Path
) -> None:
    till.sale("ref-1", [earn(2)], card="4111111111111111")
    central.push(till.message())
    assert states(central) == [(1, "parked", "unknown-account")]
    assert b"4111111111111111" not in kept(central, tmp_path)


def test_a_payment_card_in_an_articles_name_costs_nobody_points_and_is_not_kept(
    central: Central, till: Till
) -> None:
    sale = till.sale("ref-1", [earn(2)], card=CARD)
    assert sale.attachment is not None
    till.records.clear()
    facts = json.loads(sale.body)
    names = {"card": {"code": CARD, "entry": "keyed"}, "names": {"1": "pas 4111111111111111"}}
    till.append(
        RecordKind.SALE,
        {key: facts[key] for key in ("programme", "facts", "sale", "basket", "entries")},
        names,
    )
    central.push(till.message())
    assert balance(central, "ref-1") == 2
    with central.database.read() as connection:
        assert connection.execute(attachments.select()).all() == []


def test_an_unknown_account_without_a_card_waits_for_somebody_to_look(
    central: Central, till: Till
) -> None:
    till.sale("ref-1", [earn(2)])
    central.push(till.message())
    assert states(central) == [(1, "parked", "unknown-account")]


def test_what_a_crash_left_between_intake_and_posting_is_posted_at_the_next_start(
    central: Central, till: Till
) -> None:
    till.sale("ref-1", [earn(2)], card=CARD)
    till.sale("ref-1", [earn(3)], card=CARD)
    central.intake.take(till.message())
    assert [state for _, state, _ in states(central)] == [None, None]
    assert changes(central, epoch=till.epoch).applied_seq == 0
    central.catch_up()
    assert balance(central, "ref-1") == 5
    told = changes(central, epoch=till.epoch)
    assert (told.applied_seq, told.received) == (2, 2)


def test_a_record_that_brings_up_the_unforeseen_is_parked_alone(
    central: Central, till: Till
) -> None:
    first = till.sale("ref-1", [earn(2)], card=CARD)
    bad = till.sale("ref-1", [earn(3)], card=CARD)
    last = till.sale("ref-1", [earn(4)], card=CARD)
    central.intake.take(till.message())
    with central.database.write() as connection:  # entries that nobody could have written before
        central.accounts.settle_ref(connection, "ref-1", CARD, "")
        connection.execute(
            insert(entries),
            {
                "account": "ref-1",
                "source": bad.id,
                "ordinal": 0,
                "kind": "earn",
                "unit": "points",
                "quantity": 0,
                "lot": bad.id,
                "expires_on": "",
                "matures_on": "",
                "day": "",
                "rule": "",
                "at": "",
            },
        )
    central.catch_up()
    assert states(central) == [
        (1, "accepted", None),
        (2, "parked", "internal"),
        (3, "accepted", None),
    ]
    assert balance(central, "ref-1") == 6
    assert {first.id, last.id} == {
        each["lot"] for each in central.members.get("ref-1")["entries"] if each["quantity"]
    }


class FailsOn(OperatorsWord):
    """Checks that fail on one sale in a way that nobody foresaw."""

    def __init__(self, sale_id: str) -> None:
        super().__init__()
        self._sale_id = sale_id

    def award(self, connection: Connection, terminal: str, act: Act) -> None:
        if act.act_id == self._sale_id:
            raise RuntimeError("nobody foresaw this")
        super().award(connection, terminal, act)


def test_a_record_that_brings_up_the_unforeseen_when_it_is_read_is_parked_alone(
    central: Central, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        till.sale("ref-1", [earn(number)], card=CARD, sale_id=f"s-{number}")
    with monkeypatch.context() as failing:
        failing.setattr(central.posting, "checks", FailsOn("s-2"))
        central.push(till.message())
    assert states(central) == [
        (1, "accepted", None),
        (2, "parked", "internal"),
        (3, "accepted", None),
    ]
    central.catch_up()
    assert balance(central, "ref-1") == 6


def test_posting_again_has_no_effect(central: Central, till: Till) -> None:
    till.sale("ref-1", [earn(2)], card=CARD)
    central.push(till.message())
    before = everything(central)
    central.catch_up()
    Posting(central.database, central.accounts, OperatorsWord(), utc_now).post_waiting()
    assert everything(central) == before


def test_more_records_than_a_batch_are_posted_in_order(central: Central, till: Till) -> None:
    sales: list[Record] = []
    for number in range(230):
        sales.append(till.sale("ref-1", [earn(2)], card=CARD, sale_id=f"s-{number}"))
        till.give_back(sales[-1].id, [take_back(sales[-1], 1)], "ref-1", sale_id=f"s-{number}")
    central.push(till.message())
    assert {state for _, state, _ in states(central)} == {"accepted"}
    assert balance(central, "ref-1") == 230


def test_the_ledger_itself_refuses_the_same_entry_twice(central: Central, till: Till) -> None:
    till.sale("ref-1", [earn(2)], card=CARD)
    central.push(till.message())
    with central.database.write() as connection:
        connection.execute(delete(lots))
        connection.exec_driver_sql("UPDATE records SET state = NULL")
        connection.exec_driver_sql("DELETE FROM acts")
    central.catch_up()
    assert states(central) == [(1, "parked", "internal")]
    assert len(central.members.get("ref-1")["entries"]) == 1


def test_expired_points_stay_those_of_their_day(central: Central, till: Till) -> None:
    till.sale("ref-1", [earn(2), earn(3, rule="bonus", expires_on=None)], card=CARD)
    till.sale("ref-1", [earn(4)], card=CARD)
    central.push(till.message())
    (member,) = changes(central).members
    assert [(lot.quantity, lot.expires_on) for lot in member.lots] == [(3, None), (6, EXPIRES_ON)]


def test_what_an_older_central_could_not_read_is_posted_after_its_upgrade(
    central: Central, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = till.sale("ref-1", [earn(5)], card=CARD)
    till.give_back(sale.id, [take_back(sale, 2)], "ref-1")
    with monkeypatch.context() as older:
        older.delitem(bodies_module._READERS, "sale")
        central.push(till.message())
        assert states(central) == [
            (1, "parked", "unknown-kind"),
            (2, "parked", "awaiting-original"),
        ]
        seen = changes(central, epoch=till.epoch).next
        central.catch_up()
        assert changes(central, seen, till.epoch).next == seen
    central.catch_up()
    assert states(central) == [(1, "accepted", None), (2, "accepted", None)]
    assert balance(central, "ref-1") == 3
    told = changes(central, seen, till.epoch).states
    assert sorted((state.seq, state.state) for state in told) == [(1, "accepted"), (2, "accepted")]

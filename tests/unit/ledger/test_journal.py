"""The journal: a chain in which any change, gap or exchange shows."""

import hashlib
import itertools
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.errors import RecordDamaged
from edge_agent.ledger.acts import StateCount, StoredState
from edge_agent.ledger.inspect import open_journal
from edge_agent.ledger.journal import Fault
from edge_agent.ledger.ledger import Ledger, WrongTerminal
from tests.tills import AT, Shop, back, jan, milk, open_shop, points, sale


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with five records."""
    shop = open_shop(tmp_path)
    for number in range(4):
        shop.till.sell(sale(f"s{number}", milk(1, "2", 1000)))
    shop.till.give_back("s0", "r", (back(1, "1"),), None)
    shop.close()
    return tmp_path


def faults_after(data: Path, tamper: Callable[[sqlite3.Connection], object]) -> tuple[Fault, ...]:
    with sqlite3.connect(data / "ledger.db") as database:
        database.execute("PRAGMA foreign_keys=OFF")
        tamper(database)
    database.close()
    with open_journal(data) as journal:
        return journal.verify().faults


def test_an_untouched_chain_is_whole(data: Path) -> None:
    with open_journal(data) as journal:
        found = journal.verify()
    assert found.faults == ()
    assert (found.records, found.head.seq) == (5, 5)


@pytest.mark.parametrize("seq", [1, 3, 5])
@pytest.mark.parametrize("place", [0, 40, -1])
def test_one_changed_byte_is_found_and_named(data: Path, seq: int, place: int) -> None:
    def change(database: sqlite3.Connection) -> None:
        (body,) = database.execute("SELECT body FROM records WHERE seq = ?", (seq,)).fetchone()
        changed = bytearray(body)
        changed[place] ^= 1
        database.execute("UPDATE records SET body = ? WHERE seq = ?", (bytes(changed), seq))

    faults = faults_after(data, change)
    assert {fault.seq for fault in faults} == {seq}
    assert "its content, its hash or its predecessor was changed" in faults[0].what


def test_a_record_that_was_worked_out_again_breaks_the_one_after_it(data: Path) -> None:
    def forge(database: sqlite3.Connection) -> None:
        (previous,) = database.execute("SELECT hash FROM records WHERE seq = 1").fetchone()
        (body,) = database.execute("SELECT body FROM records WHERE seq = 2").fetchone()
        body = body.replace(b'"quantity":10', b'"quantity":99')
        digest = hashlib.sha256(previous + body).digest()
        database.execute("UPDATE records SET body = ?, hash = ? WHERE seq = 2", (body, digest))

    assert [fault.seq for fault in faults_after(data, forge)] == [3]


def test_a_missing_record_is_found_and_named(data: Path) -> None:
    faults = faults_after(
        data, lambda database: database.execute("DELETE FROM records WHERE seq = 3")
    )
    assert faults[0] == Fault(4, "record 3 before it is missing")


def test_exchanged_records_are_found_and_both_named(data: Path) -> None:
    def exchange(database: sqlite3.Connection) -> None:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            database.execute("UPDATE records SET seq = ? WHERE seq = ?", (new, old))

    assert {2, 3} <= {fault.seq for fault in faults_after(data, exchange)}


def test_a_cut_tail_shows_where_central_holds_more(data: Path) -> None:
    def cut(database: sqlite3.Connection) -> None:
        (head,) = database.execute("SELECT hash FROM records WHERE seq = 5").fetchone()
        database.execute("UPDATE outbox SET received = 5, head = ?", (head,))
        database.execute("DELETE FROM records WHERE seq > 3")

    assert faults_after(data, cut) == (
        Fault(5, "the journal ends at 3, but central holds it up to 5"),
    )


def test_a_chain_worked_out_anew_as_a_whole_shows_at_what_central_received(data: Path) -> None:
    def claim(database: sqlite3.Connection) -> None:
        database.execute("UPDATE outbox SET received = 4, head = ?", (b"\x01" * 32,))

    assert [fault.seq for fault in faults_after(data, claim)] == [4]


def test_a_changed_attachment_is_found(data: Path) -> None:
    def change(database: sqlite3.Connection) -> None:
        (content,) = database.execute("SELECT content FROM attachments WHERE seq = 2").fetchone()
        changed = bytes(content).replace(b"8906", b"8907")
        database.execute("UPDATE attachments SET content = ? WHERE seq = 2", (changed,))

    assert faults_after(data, change) == (
        Fault(2, "its attachment is not the one that it commits to"),
    )


def test_an_erased_attachment_leaves_the_chain_whole(data: Path) -> None:
    assert faults_after(data, lambda database: database.execute("DELETE FROM attachments")) == ()


def test_records_can_be_read_in_batches_and_follow_each_other(data: Path) -> None:
    with open_journal(data) as journal:
        records = list(journal.records())
        assert [record.seq for record in records] == [1, 2, 3, 4, 5]
        assert [record.seq for record in journal.records(3, 1)] == [4]
    for earlier, later in itertools.pairwise(records):
        assert later.previous == earlier.hash


def test_what_waits_comes_in_order_and_within_its_bounds(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    for number in range(6):
        shop.till.sell(sale(f"s{number}"))
    assert [record.seq for record in shop.ledger.waiting(2, 3, 1_000_000)] == [3, 4, 5]
    assert [record.seq for record in shop.ledger.waiting(2, 3, 1)] == [3]
    assert shop.ledger.waiting(6, 3, 1) == []
    shop.close()


def test_what_waits_ends_before_a_damaged_record(tmp_path: Path, data: Path) -> None:
    """So that what is before it is sent; then it is named."""
    with sqlite3.connect(data / "ledger.db") as database:
        database.execute("UPDATE records SET body = ? WHERE seq = 3", (b"\xff",))
    database.close()
    shop = open_shop(tmp_path)
    assert [record.seq for record in shop.ledger.waiting(0, 5, 1_000_000)] == [1, 2]
    with pytest.raises(RecordDamaged, match="record 3 of the journal is damaged"):
        shop.ledger.waiting(2, 5, 1_000_000)
    shop.close()


def test_a_journal_belongs_to_one_terminal(tmp_path: Path, data: Path) -> None:
    with pytest.raises(WrongTerminal, match="0412/03"):
        Ledger.open(data, "0412/04", AT)


def test_every_database_has_an_epoch_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = open_shop(tmp_path / "a"), open_shop(tmp_path / "b")
    assert first.ledger.epoch != second.ledger.epoch
    epoch = first.ledger.epoch
    first.close()
    again = open_shop(tmp_path / "a")
    assert again.ledger.epoch == epoch
    again.close()
    second.close()


def test_a_rejected_record_is_shown_as_such_and_no_longer_counted(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    shop.confirm(jan())
    shop.till.sell(sale("a"))
    shop.till.sell(sale("b"))
    shop.ledger.keep_states(
        [StoredState(1, "rejected", "malformed"), StoredState(2, "parked", "awaiting-original")]
    )
    shop.confirm(jan(), applied_seq=2, parked=(2,))
    assert shop.till.sale("a")[1].central == "rejected"
    assert shop.till.sale("b")[1].central == "parked"
    assert shop.ledger.state_counts() == {"rejected": 1, "parked": 1}
    assert shop.ledger.states_by_reason() == [
        StateCount("rejected", "malformed", 1),
        StateCount("parked", "awaiting-original", 1),
    ]
    shown = points(shop)
    assert (shown.confirmed, shown.unconfirmed) == (118, 2)
    shop.close()


def test_a_parked_record_that_is_accepted_is_shown_throughout(tmp_path: Path) -> None:
    """Its state comes in the ledger, its points in the members file: in between it is what it was."""
    shop = open_shop(tmp_path)
    shop.confirm(jan())
    shop.till.sell(sale())
    shop.ledger.keep_states([StoredState(1, "parked", "awaiting-original")])
    shop.confirm(jan(), applied_seq=1, parked=(1,))
    assert (points(shop).confirmed, points(shop).unconfirmed) == (118, 2)
    shop.ledger.keep_states([StoredState(1, "accepted", None)])
    assert shop.till.sale(sale().sale_id)[1].central == "accepted"
    assert (points(shop).confirmed, points(shop).unconfirmed) == (118, 2)
    shop.confirm(jan(120), applied_seq=1)
    assert (points(shop).confirmed, points(shop).unconfirmed) == (120, 0)
    shop.close()


@pytest.mark.parametrize("code", ["repaired", "given-up"])
def test_what_head_office_has_decided_about_is_no_longer_to_be_looked_at(
    tmp_path: Path, code: str
) -> None:
    shop = open_shop(tmp_path)
    shop.confirm(jan())
    shop.till.sell(sale("a"))
    shop.ledger.keep_states([StoredState(1, "parked", "unknown-account")])
    shop.confirm(jan(), applied_seq=1, parked=(1,))
    assert points(shop).unconfirmed == 2
    shop.ledger.keep_states([StoredState(1, "rejected", code)])
    assert shop.till.sale("a")[1].central == "rejected"
    assert shop.ledger.state_counts() == {"rejected": 0, "parked": 0}
    assert shop.ledger.states_by_reason() == []
    shop.confirm(jan(), applied_seq=1)
    assert points(shop).unconfirmed == 0
    shop.close()


def test_the_received_position_is_kept_over_a_restart(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    shop.till.sell(sale())
    assert shop.till.sale(sale().sale_id)[1].central == "waiting"
    assert shop.ledger.oldest_waiting_at() == AT
    shop.ledger.mark_received(1, shop.ledger.head.hash)
    shop.close()
    reopened: Shop = open_shop(tmp_path)
    assert reopened.ledger.received() == reopened.ledger.head
    assert reopened.ledger.oldest_waiting_at() is None
    reopened.close()

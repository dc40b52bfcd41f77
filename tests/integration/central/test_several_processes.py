"""Several centrals on one PostgreSQL: whichever of them a record reaches, it has one effect, and no reader misses it.

Most tests have two centrals in this process, each with connections of its own, so that a transaction can be held open
where it matters; what PostgreSQL sees of them is the same. The last ones start processes.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, func, select, text

from sync.central.accounts import insert_account
from sync.central.central import Central
from sync.central.database import ACCOUNTS, hold, next_change, read_counter
from sync.central.ledger import touch
from sync.central.mending import OperatorsWord
from sync.central.risk import OFFLINE_RISK
from sync.central.tables import accounts, acts, chains, givebacks, lots, records
from tests.central import Running, Till, Wire, earn, running_central, settings_in, spend
from tests.integration.central.conftest import SteppingClock
from tests.integration.central.looking import balance, states, sums
from tests.support.waiting import wait_until

pytestmark = pytest.mark.not_on_sqlite

CARD = "2912345678906"


@pytest.fixture
def other(central: Central, tmp_path: Path, clock: SteppingClock) -> Iterator[Central]:
    """A second central on the same database."""
    made = Central(settings_in(tmp_path), clock, OperatorsWord())
    yield made
    made.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(12) as pool:
        yield pool


def test_records_of_one_terminal_that_arrive_at_both_at_once_count_once(
    central: Central, other: Central, threads: ThreadPoolExecutor, till: Till
) -> None:
    for _ in range(40):
        till.sale("ref-1", [earn(1)], card=CARD)

    def push(at: Central) -> None:
        for first in range(1, 41, 8):
            at.push(till.message(1, first + 7))

    done = [threads.submit(push, at) for at in (central, other, central, other)]
    for each in done:
        each.result()
    assert states(central) == [(seq, "accepted", None) for seq in range(1, 41)]
    assert balance(other, "ref-1") == 40
    assert sums(central) == (40, 40)
    assert accounts_there(central) == 1


def test_a_card_that_many_tills_meet_at_once_is_one_account(
    central: Central, other: Central, threads: ThreadPoolExecutor
) -> None:
    tills = [Till(f"0500/{number:02}") for number in range(12)]
    for till in tills:
        central.terminals.add(*till.terminal.split("/"))
        for _ in range(3):
            till.sale(ref_at(till), [earn(1)], card=CARD)
    at_once = threading.Barrier(len(tills))

    def push(at: Central, till: Till) -> None:
        at_once.wait()
        at.push(till.message())

    both = (central, other)
    done = [threads.submit(push, both[at % 2], till) for at, till in enumerate(tills)]
    for each in done:
        each.result()
    for till in tills:
        assert [state for _, state, _ in states(central, till.terminal)] == ["accepted"] * 3
        assert balance(central, ref_at(till)) == 36
    assert accounts_there(central) == 1
    with central.database.read() as connection:
        mains = connection.scalars(select(accounts.c.ref).where(accounts.c.joined_into.is_(None)))
        assert len(list(mains)) == 1


def test_what_is_redeemed_at_both_at_once_comes_from_what_there_was_and_the_rest_is_at_risk(
    central: Central, other: Central, threads: ThreadPoolExecutor, till: Till, other_till: Till
) -> None:
    till.sale("ref-1", [earn(50)], card=CARD)
    central.push(till.message())
    other_till.sale("ref-1", [], card=CARD)
    for each in (till, other_till):
        for _ in range(10):
            each.sale("ref-1", [spend(5)], card=CARD)

    def push(at: Central, pushed: Till) -> None:
        for last in range(2, 12):
            at.push(pushed.message(1, last))

    for pushing in [threads.submit(push, central, till), threads.submit(push, other, other_till)]:
        pushing.result()
    assert (balance(central, "ref-1"), balance(central, OFFLINE_RISK)) == (0, -50)
    assert sums(central) == (-50, -50)
    with central.database.read() as connection:
        least = connection.scalar(
            select(func.min(lots.c.quantity)).where(lots.c.account != OFFLINE_RISK)
        )
    assert least == 0


NAMED_BY = pytest.mark.parametrize("by_id", [False, True], ids=["by its record", "by its id"])


@NAMED_BY
def test_a_return_that_is_posted_while_its_sale_is_settles(
    central: Central,
    other: Central,
    threads: ThreadPoolExecutor,
    till: Till,
    other_till: Till,
    by_id: bool,
) -> None:
    till.sale("ref-1", [earn(1)], card=CARD)
    central.push(till.message())
    sale = till.sale("ref-1", [earn(1)], sale_id="s-1")
    other_till.give_back(None if by_id else sale.id)
    with central.database.write() as slow:
        hold(slow, select(accounts).where(accounts.c.ref == "ref-1"))
        posting = threads.submit(central.push, till.message())
        until_waiting(central, 1)
        other.push(other_till.message())
        assert states(central, "0412/04") == [(1, "parked", "awaiting-original")]
    posting.result()
    assert states(central, "0412/04") == [(1, "accepted", None)]


@NAMED_BY
def test_a_return_that_is_parked_while_its_sale_is_posted_settles(
    central: Central,
    other: Central,
    threads: ThreadPoolExecutor,
    till: Till,
    other_till: Till,
    by_id: bool,
) -> None:
    sale = till.sale(sale_id="s-1")
    other_till.give_back(None if by_id else sale.id)
    with central.database.write() as slow:
        next_change(slow)
        parking = threads.submit(other.push, other_till.message())
        until_waiting(central, 1)
        central.push(till.message())
        assert states(central) == [(1, "accepted", None)]
        assert states(central, "0412/04") == [(1, None, None)]
    parking.result()
    assert states(central, "0412/04") == [(1, "accepted", None)]


def test_what_a_dead_process_left_parked_beside_its_posted_sale_settles_at_the_next_start(
    central: Central, till: Till, other_till: Till
) -> None:
    sale = till.sale()
    other_till.give_back(sale.id)
    central.push(other_till.message())
    central.push(till.message())
    with central.database.write() as connection:  # as it stood between the two commits
        connection.execute(
            records.update()
            .where(records.c.terminal == "0412/04")
            .values(state="parked", code="awaiting-original", awaiting=sale.id)
        )
        connection.execute(delete(acts).where(acts.c.terminal == "0412/04"))
        connection.execute(delete(givebacks))
    central.catch_up()
    assert states(central, "0412/04") == [(1, "accepted", None)]


def test_what_a_process_had_taken_when_it_died_is_posted_by_another(
    central: Central, other: Central, till: Till
) -> None:
    till.sale("ref-1", [earn(5)], card=CARD)
    other.intake.take(till.message())
    central.keep_up()
    assert states(central) == [(1, "accepted", None)]


def test_a_reader_never_passes_a_number_that_a_slower_transaction_commits_later(
    central: Central, other: Central, threads: ThreadPoolExecutor, other_till: Till
) -> None:
    other_till.sale("ref-quick", [earn(1)], card=CARD)
    told: set[str] = set()
    after = other.feed.changes("0412/03", None, 0, 0).next

    def look() -> None:
        nonlocal after
        page = other.feed.changes("0412/03", None, after, 0)
        after = page.next
        told.update(member.ref for member in page.members)

    with central.database.write() as slow:
        insert_account(slow, "ref-slow", "2026-11-21T13:03:11.000Z", provisional=True)
        touch(slow, ["ref-slow"])
        quick = threads.submit(other.push, other_till.message())
        until_waiting(central, 1)
        look()
        assert told == set()
    quick.result()
    look()
    assert told == {"ref-slow", "ref-quick"}


def test_two_that_wait_for_each_other_both_get_through(
    central: Central, other: Central, threads: ThreadPoolExecutor
) -> None:
    both_hold = threading.Barrier(2)
    tried: list[str] = []

    def work(first: str, second: str) -> Callable[[Connection], None]:
        def once(connection: Connection) -> None:
            tried.append(first)
            hold(connection, select(chains).where(chains.c.terminal == first))
            if tried.count(first) == 1:
                both_hold.wait()
            hold(connection, select(chains).where(chains.c.terminal == second))

        return once

    for till in (Till("0412/03"), Till("0412/04")):
        till.sale()
        central.push(till.message())
    done = [
        threads.submit(central.database.transaction, work("0412/03", "0412/04")),
        threads.submit(other.database.transaction, work("0412/04", "0412/03")),
    ]
    for each in done:
        each.result()
    assert len(tried) == 3


def test_a_job_for_one_process_is_done_by_one(central: Central, other: Central) -> None:
    with central.database.alone("members file") as mine:
        assert mine
        with other.database.alone("members file") as theirs:
            assert not theirs
        with other.database.alone("something else") as theirs:
            assert theirs
    with other.database.alone("members file") as theirs:
        assert theirs


def test_two_processes_behind_one_address_take_turns_and_wake_each_others_terminals(
    tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    with ExitStack() as stack:
        both = [stack.enter_context(running_central(tmp_path)) for _ in range(2)]
        both[0].publish()
        wires = [both[0].enrol()]
        wires.append(replace(wires[0], url=both[1].url))
        till = Till(wires[0].terminal)
        for _ in range(60):
            till.sale("ref-1", [earn(1)], card=CARD)
        for seq in range(1, 21):  # in turn
            answer = wires[seq % 2].push(till.message(seq, seq))
            assert answer.json()["states"] == [{"seq": seq, "state": "accepted"}]
        done = [threads.submit(_push_on, wire, till) for wire in wires * 2]  # and at once
        for each in done:
            each.result()
        told = wires[1].changes(epoch=till.epoch).json()
        assert (told["received"], told["applied_seq"]) == (60, 60)
        assert _points(both[0]) == _points(both[1]) == {"points": 60}
        waits = threads.submit(wires[1].changes, epoch=till.epoch, after=told["next"], wait=30)
        till.sale("ref-1", [earn(1)])
        assert not waits.done()
        wires[0].push(till.message(61))
        assert waits.result().json()["applied_seq"] == 61


def _push_on(wire: Wire, till: Till) -> None:
    for last in range(25, 61, 5):
        assert wire.push(till.message(21, last)).status_code == 200


def _points(running: Running) -> object:
    return running.admin("GET", f"/members?card={CARD}").json()["balance"]


def ref_at(till: Till) -> str:
    """What a till calls the account of a card that it does not know."""
    return f"ref-{till.terminal.replace('/', '-')}"


def accounts_there(central: Central) -> int:
    """How many there are, as it is counted, and as it is told."""
    with central.database.read() as connection:
        there = connection.scalar(
            select(func.count()).where(
                accounts.c.joined_into.is_(None), accounts.c.ref != OFFLINE_RISK
            )
        )
        assert read_counter(connection, ACCOUNTS) == there
    return int(there or 0)


def until_waiting(central: Central, how_many: int) -> None:
    """Wait until so many connections wait for a lock."""

    def waiting() -> bool:
        with central.database.read() as connection:
            found = connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
            )
        return int(found or 0) >= how_many

    wait_until(waiting, f"{how_many} connections wait for a lock")

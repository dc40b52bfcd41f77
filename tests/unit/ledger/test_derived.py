"""What is derived from the journal: the same when it is built again, whatever the records hold."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import uuid_utils
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.record import ClockReading, RecordKind
from edge_agent.ledger import derived
from edge_agent.ledger.database import connect_temporary
from edge_agent.ledger.derived import NOTHING_APPLIED, Applied, TallyAsked
from edge_agent.ledger.inspect import open_journal
from edge_agent.ledger.ledger import Ledger

AT = datetime(2026, 11, 18, 13, 3, tzinfo=UTC)
ANNA, BART = "a" * 32, "b" * 32
NOV, DEC, JAN = date(2026, 11, 18), date(2026, 12, 18), date(2027, 1, 31)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(tmp_path, "0412/03", AT)
    yield opened
    opened.close()


def record(ledger: Ledger, *entries: Entry, account: str | None = ANNA) -> str:
    """One record with these entries; its id."""
    record_id: str = uuid_utils.uuid7().hex
    facts = None if account is None else {"account": account, "standing": "known"}
    with ledger.act() as act:
        act.append(
            RecordKind.SALE,
            record_id,
            AT,
            ClockReading(AT, "boot", 1),
            {"facts": facts},
            {},
            entries,
        )
    return record_id


def earned(quantity: int, unit: str = "points", **more: object) -> Entry:
    return Entry(EntryKind.EARN, unit, quantity, "base", **more)  # type: ignore[arg-type]


def counted(quantity: int, day: date, tally: str = "visits") -> Entry:
    return Entry(EntryKind.COUNT, f"count/{tally}", quantity, tally, day=day)


def test_what_is_alike_is_one_movement_and_what_is_not_stays_apart(ledger: Ledger) -> None:
    record(
        ledger,
        earned(3, expires_on=JAN),
        earned(4, expires_on=JAN),
        earned(5, expires_on=JAN, matures_on=DEC),
        earned(6, expires_on=JAN, day=NOV),
    )
    assert ledger.lookups().unposted([ANNA], NOTHING_APPLIED) == [
        Holding("points", 7, JAN),
        Holding("points", 6, JAN, None, NOV),
        Holding("points", 5, JAN, DEC),
    ]


def test_an_entry_of_another_account_moves_that_one(ledger: Ledger) -> None:
    record(ledger, earned(3), earned(50, account=BART))
    assert ledger.lookups().unposted([ANNA], NOTHING_APPLIED) == [Holding("points", 3)]
    assert ledger.lookups().unposted([BART], NOTHING_APPLIED) == [Holding("points", 50)]


def test_without_a_card_only_what_names_an_account_moves_anything(ledger: Ledger) -> None:
    record(ledger, earned(3), earned(50, account=BART), account=None)
    assert ledger.lookups().unposted([ANNA, BART], NOTHING_APPLIED) == [Holding("points", 50)]


def test_a_voucher_gets_the_name_of_the_record_that_gave_it(ledger: Ledger) -> None:
    given = record(ledger, earned(500, "voucher/birthday", expires_on=JAN))
    again = record(ledger, earned(500, "voucher/birthday", expires_on=JAN))
    record(
        ledger, Entry(EntryKind.REDEEM, "voucher/birthday", -500, "x", lot=given, expires_on=JAN)
    )
    left = [each for each in ledger.lookups().unposted([ANNA], NOTHING_APPLIED) if each.quantity]
    assert left == [Holding("voucher/birthday", 500, JAN, lot=again)]


def test_what_central_posted_is_left_out_but_for_what_it_parked(ledger: Ledger) -> None:
    for quantity in (1, 2, 4):
        record(ledger, earned(quantity))
    assert ledger.lookups().unposted([ANNA], Applied(2)) == [Holding("points", 4)]
    assert ledger.lookups().unposted([ANNA], Applied(2, (1,))) == [Holding("points", 5)]


def test_the_tills_own_tallies_are_summed_over_members_and_days(ledger: Ledger) -> None:
    record(ledger, counted(1, NOV), counted(300, NOV, "spent"))
    record(ledger, counted(1, NOV), account=BART)
    record(ledger, counted(1, DEC), account=None)
    record(ledger, Entry(EntryKind.REVERSE, "count/visits", -1, "visits", day=NOV))
    asked = [
        TallyAsked("count/visits", NOV, NOV),
        TallyAsked("count/visits", date.min, date.max),
        TallyAsked("count/spent", NOV, DEC),
        TallyAsked("count/visits", JAN, JAN),
        TallyAsked("count/never", NOV, DEC),
    ]
    assert ledger.lookups().till_sums(asked) == [1, 2, 300, 0, 0]
    assert ledger.lookups().till_sums([]) == []


lives = {
    "expires_on": st.sampled_from([None, DEC, JAN]),
    "matures_on": st.sampled_from([None, DEC]),
    "day": st.sampled_from([None, NOV, DEC]),
    "lot": st.sampled_from([None, "c" * 32]),
    "account": st.sampled_from([None, ANNA, BART]),
}
entries = st.builds(
    Entry,
    kind=st.sampled_from([EntryKind.EARN, EntryKind.REDEEM, EntryKind.COUNT, EntryKind.REVERSE]),
    unit=st.sampled_from(["points", "tier/gold", "voucher/x", "count/visits", "count/spent"]),
    quantity=st.integers(-1000, 1000),
    rule=st.just("r"),
    **lives,
)
records = st.lists(
    st.tuples(st.sampled_from([None, ANNA]), st.lists(entries, max_size=6)), max_size=5
)


@settings(max_examples=40, deadline=None)
@given(records)
def test_built_again_from_the_records_alone_every_table_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str | None, list[Entry]]]
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    ledger = Ledger.open(folder, "0412/03", AT)
    for account, of_act in acts:
        record(ledger, *of_act, account=account)
    ledger.close()
    with open_journal(folder) as journal:
        fresh = connect_temporary()
        derived.create_tables(fresh)
        derived.rebuild(journal._db, fresh)
        for table in derived.DERIVED_TABLES:
            assert rows(fresh, table) == rows(journal._db, table)
        fresh.close()
        assert journal.verify().faults == ()


def rows(db: Database, table: str) -> list[tuple[object, ...]]:
    return sorted(db.execute(f"SELECT * FROM {table}").fetchall())


@pytest.mark.parametrize("table", derived.DERIVED_TABLES)
def test_a_table_that_is_not_what_the_records_come_to_is_found_by_name(
    ledger: Ledger, table: str
) -> None:
    record(ledger, earned(3), counted(1, NOV), Entry(EntryKind.REDEEM, "points", -2, "five-euro"))
    assert ledger.verify().faults == ()
    with ledger._connections.write() as db:
        db.execute(f"UPDATE {table} SET quantity = quantity + 1")
    (fault,) = ledger.verify().faults
    assert fault.what == f"{table} is not what the records come to"

"""The daily job: what is due, for whom, and once for each day however often it runs or is interrupted."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.tallies import DAYS_KEPT
from sync.central import upkeep as upkeep_module
from sync.central.central import Central
from sync.central.ledger import holdings
from sync.central.tables import entries
from tests.central import AT, EXPIRES_ON, Till, earn, spend, take_back, visit
from tests.integration.central.conftest import SteppingClock
from tests.integration.central.looking import balance, changes, everything, sums

CARD = "2912345678906"
STARTER = (Path(__file__).parents[3] / "config" / "programmes" / "starter.toml").read_text(
    encoding="utf-8"
)
BIRTHDAY = """
[[action]]
id = "birthday"
title = "verjaardag"
happens = "birthday"
gives = [{ quantity = 10 }]
"""
NEW_YEAR = datetime(2027, 1, 1, 9, 0, tzinfo=UTC)


def bring_in(central: Central, *birthdays: str) -> None:
    lines = [f"29{n:011d},M{n},{day}\n" for n, day in enumerate(birthdays, 1)]
    central.member_import.run(["card,member_id,birthday\n", *lines])


def gifts(central: Central) -> list[tuple[str, str, int]]:
    """(day of the job, unit, quantity) of everything that was given."""
    with central.database.read() as connection:
        rows = connection.execute(
            select(entries).where(entries.c.kind == "earn").order_by(entries.c.row)
        )
        return [(row.source, row.unit, row.quantity) for row in rows]


def held(central: Central, ref: str = "ref-1") -> list[Holding]:
    with central.database.read() as connection:
        return list(holdings(connection, [ref]).get(ref, ()))


def test_a_birthday_is_given_once_on_its_day(central: Central, clock: SteppingClock) -> None:
    central.programmes.publish(STARTER + BIRTHDAY, "test")
    bring_in(central, "1988-01-01", "1990-06-01", "")
    central.keep_up()
    clock.now = NEW_YEAR
    seen = changes(central).next
    central.keep_up()
    central.keep_up()
    assert gifts(central) == [("upkeep:2027-01-01", "points", 10)]
    assert balance(central, "M1") == 10
    assert len(changes(central, after=seen).members) == 1


def test_days_that_central_was_down_for_are_caught_up(
    central: Central, clock: SteppingClock
) -> None:
    central.programmes.publish(STARTER + BIRTHDAY, "test")
    bring_in(central, "1988-12-24", "2000-02-29")
    central.keep_up()
    clock.now = datetime(2027, 3, 5, 9, 0, tzinfo=UTC)
    central.keep_up()
    assert sorted(gifts(central)) == [
        ("upkeep:2026-12-24", "points", 10),
        ("upkeep:2027-02-28", "points", 10),
    ]


def test_what_is_past_before_somebody_joined_is_not_given(
    central: Central, clock: SteppingClock
) -> None:
    central.programmes.publish(STARTER + BIRTHDAY, "test")
    central.keep_up()
    clock.now = AT + timedelta(days=10)
    bring_in(central, "1988-11-25")
    central.keep_up()
    assert gifts(central) == []


@pytest.mark.parametrize("stopped_after", [1, 2, 3])
def test_a_job_that_was_interrupted_goes_on_where_it_was(
    central: Central,
    clock: SteppingClock,
    monkeypatch: pytest.MonkeyPatch,
    stopped_after: int,
) -> None:
    monkeypatch.setattr(upkeep_module, "BATCH", 2)
    central.programmes.publish(STARTER + BIRTHDAY, "test")
    bring_in(central, *["1988-01-01"] * 5, "1988-01-02")
    central.keep_up()
    clock.now = NEW_YEAR
    for _ in range(stopped_after):
        central.database.transaction(central.upkeep._batch)
    clock.now = NEW_YEAR + timedelta(days=1)
    central.keep_up()
    before = everything(central)
    central.keep_up()
    assert everything(central) == before
    given = gifts(central)
    assert sorted(given) == [("upkeep:2027-01-01", "points", 10)] * 5 + [
        ("upkeep:2027-01-02", "points", 10)
    ]


def test_every_unit_lapses_and_tallies_do_not(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    central.programmes.publish(STARTER, "test")
    voucher = Entry(EntryKind.EARN, "voucher/five", 500, "five", expires_on=EXPIRES_ON)
    tier = Entry(EntryKind.EARN, "tier/gold", 1, "gold", expires_on=EXPIRES_ON)
    till.sale("ref-1", [earn(5), earn(2, expires_on=None), voucher, tier, visit()], card=CARD)
    till.sale("ref-1", [earn(4)])
    central.push(till.message())
    clock.now = datetime(2027, 12, 1, 9, 0, tzinfo=UTC)
    central.keep_up()
    assert held(central) == [Holding("count/visits", 1, day=AT.date()), Holding("points", 2)]


def test_what_was_used_before_is_owed_and_the_debt_does_not_lapse(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    central.programmes.publish(STARTER, "test")
    sale = till.sale("ref-1", [earn(5)], card=CARD, sale_id="s-1")
    till.sale("ref-1", [spend(3)])
    central.push(till.message())
    clock.now = datetime(2028, 1, 1, tzinfo=UTC)
    central.keep_up()
    till.give_back(sale.id, [take_back(sale, 5)], "ref-1")
    central.push(till.message(3))
    seen = changes(central).next
    for _ in range(3):
        central.keep_up()
        assert held(central) == [Holding("points", -3)]
    assert len(changes(central, after=seen).members) == 1
    assert sums(central) == (-3, -3)


def test_days_of_tallies_that_no_window_reaches_are_one_row(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    central.programmes.publish(STARTER, "test")
    today = date(2028, 6, 1)
    kept = today - timedelta(days=DAYS_KEPT)
    days = [kept - timedelta(days=n) for n in range(3)]
    till.sale("ref-1", [visit(day) for day in (*days, today)], card=CARD)
    central.push(till.message())
    clock.now = datetime(2028, 6, 1, 9, 0, tzinfo=UTC)
    central.keep_up()
    assert held(central) == [
        Holding("count/visits", 2),
        Holding("count/visits", 1, day=kept),
        Holding("count/visits", 1, day=today),
    ]
    central.keep_up()
    assert len(held(central)) == 3
    assert sums(central) == (4, 4)


def test_the_last_day_of_a_tally_stays_however_old_it_is(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    central.programmes.publish(STARTER, "test")
    long_ago = date(2026, 11, 1)
    days = [long_ago - timedelta(days=n) for n in range(3)]
    till.sale("ref-1", [visit(day) for day in days], card=CARD)
    central.push(till.message())
    clock.now = datetime(2029, 6, 1, 9, 0, tzinfo=UTC)
    for _ in range(2):
        central.keep_up()
        assert held(central) == [
            Holding("count/visits", 2),
            Holding("count/visits", 1, day=long_ago),
        ]


def test_without_a_programme_nothing_is_due(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    till.sale("ref-1", [earn(5)], card=CARD)
    central.push(till.message())
    clock.now = datetime(2027, 12, 1, tzinfo=UTC)  # before the record is folded
    before = everything(central)
    central.keep_up()
    assert everything(central) == before

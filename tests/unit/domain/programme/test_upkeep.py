"""Central's daily job for one account."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.entries import Entry, EntryKind, total_per_unit
from edge_agent.domain.holdings import Holding, summed
from edge_agent.domain.member import MemberFacts, Standing
from edge_agent.domain.programme.upkeep import caught_up, keep_up
from tests.unit.domain.builders import BASE, MEMBER, programme

PLAIN = programme(BASE)
NEW_YEAR = date(2027, 1, 1)


def having(*holdings: Holding) -> MemberFacts:
    return MemberFacts(MEMBER.account, holdings=holdings)


def points(quantity: int, last: date | None, matures_on: date | None = None) -> Holding:
    return Holding("points", quantity, last, matures_on)


def test_a_lot_is_taken_away_on_the_day_after_its_last_one() -> None:
    facts = having(points(80, date(2026, 12, 31)), points(20, NEW_YEAR), points(5, None))
    assert keep_up(PLAIN, facts, date(2026, 12, 31)).entries == ()
    assert keep_up(PLAIN, facts, NEW_YEAR).entries == (
        Entry(EntryKind.EXPIRE, "points", -80, "lapse", expires_on=date(2026, 12, 31)),
    )


def test_whatever_has_a_last_day_lapses_and_a_voucher_names_its_own_lot() -> None:
    over = date(2026, 12, 31)
    facts = having(
        Holding("tier/gold", 1, over),
        Holding("voucher/five", 500, over, lot="a" * 32),
        Holding("voucher/five", 500, over, lot="b" * 32),
    )
    entries = keep_up(PLAIN, facts, NEW_YEAR).entries
    assert [(each.unit, each.quantity, each.lot) for each in entries] == [
        ("tier/gold", -1, None),
        ("voucher/five", -500, "a" * 32),
        ("voucher/five", -500, "b" * 32),
    ]


def test_a_debt_does_not_lapse_and_neither_does_a_tally() -> None:
    over = date(2026, 12, 31)
    facts = having(points(-30, over), Holding("count/visits", 4, over, day=over))
    assert keep_up(PLAIN, facts, NEW_YEAR).entries == ()


@pytest.mark.parametrize(("standing", "taken"), [(Standing.BLOCKED, 1), (Standing.ERASED, 0)])
def test_points_of_a_blocked_account_lapse_and_an_erased_one_has_none(
    standing: Standing, taken: int
) -> None:
    facts = MemberFacts(MEMBER.account, standing, holdings=(points(80, date(2026, 12, 31)),))
    assert len(keep_up(PLAIN, facts, NEW_YEAR).entries) == taken


days = st.dates(date(2026, 12, 20), date(2027, 1, 20))
lots = st.lists(
    st.builds(points, st.integers(-20, 200), st.none() | days, st.none() | days), max_size=8
)


@given(lots, st.integers(1, 40))
def test_day_by_day_takes_what_once_takes(held: list[Holding], waited: int) -> None:
    facts = having(*summed(held))
    last = NEW_YEAR + timedelta(days=waited)
    daily = [
        each for _, due in caught_up(PLAIN, facts, None, NEW_YEAR, last) for each in due.entries
    ]
    once = keep_up(PLAIN, facts, last).entries
    assert total_per_unit(daily) == total_per_unit(once)
    assert facts.after(daily, (), last) == facts.after(once, (), last)


@given(lots, days)
def test_the_same_day_again_does_nothing(held: list[Holding], day: date) -> None:
    facts = having(*summed(held))
    entries = keep_up(PLAIN, facts, day).entries
    assert keep_up(PLAIN, facts.after(entries, (), day), day).entries == ()

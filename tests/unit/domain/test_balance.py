"""Shown = confirmed + unconfirmed, told apart, and what expired counts for neither (promises 3 and 7)."""

from datetime import date, datetime

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.balance import Balance, Expiring, balances, expiring
from edge_agent.domain.holdings import Holding, usable

TODAY = date(2026, 11, 21)
YESTERDAY = date(2026, 11, 20)
NEXT_WEEK = date(2026, 11, 28)
LATER = date(2027, 11, 30)
AS_OF = datetime.fromisoformat("2026-11-21T12:00:00+00:00")

holdings = st.lists(
    st.builds(
        Holding,
        unit=st.sampled_from(("points", "stars")),
        quantity=st.integers(-500, 500),
        expires_on=st.sampled_from((None, YESTERDAY, TODAY, LATER)),
        matures_on=st.sampled_from((None, YESTERDAY, TODAY, NEXT_WEEK)),
    ),
    max_size=8,
)


def test_confirmed_and_unconfirmed_are_told_apart() -> None:
    posted = [Holding("points", 118, LATER)]
    own = [Holding("points", 2, LATER)]
    found = balances(["points"], posted, own, TODAY, AS_OF)["points"]
    assert (found.confirmed, found.unconfirmed, found.shown, found.spendable) == (118, 2, 120, 118)
    assert found.to_json() == {
        "confirmed": 118,
        "unconfirmed": 2,
        "maturing": 0,
        "held": 0,
        "reserved": 0,
        "spendable": 118,
        "as_of": "2026-11-21T12:00:00+00:00",
    }


def test_points_can_be_used_on_their_last_day_and_not_on_the_next() -> None:
    posted = [Holding("points", 5, YESTERDAY), Holding("points", 7, TODAY)]
    own = [Holding("points", 11, YESTERDAY), Holding("points", 13, None)]
    found = balances(["points"], posted, own, TODAY, AS_OF)["points"]
    assert (found.confirmed, found.unconfirmed) == (7, 13)


def test_what_cannot_be_used_yet_is_maturing_whoever_recorded_it() -> None:
    posted = [Holding("points", 60, LATER, NEXT_WEEK), Holding("points", 5, LATER, TODAY)]
    own = [Holding("points", -30, LATER, NEXT_WEEK), Holding("points", 7, LATER, NEXT_WEEK)]
    found = balances(["points"], posted, own, TODAY, AS_OF)["points"]
    assert (found.confirmed, found.unconfirmed, found.maturing) == (5, 0, 37)


def test_what_was_taken_from_a_lot_beyond_what_waits_in_it_is_owed_at_once() -> None:
    posted = [Holding("points", 10, LATER, NEXT_WEEK), Holding("points", 50, LATER)]
    own = [Holding("points", -30, LATER, NEXT_WEEK)]
    found = balances(["points"], posted, own, TODAY, AS_OF)["points"]
    assert (found.confirmed, found.unconfirmed, found.maturing) == (50, -20, 0)
    assert usable([*posted, *own], "points", TODAY) == 30


def test_tiers_and_tallies_are_no_balances() -> None:
    posted = [Holding("tier/gold", 1), Holding("count/visits", 9, day=TODAY)]
    assert list(balances(["points"], posted, [], TODAY, AS_OF)) == ["points"]


def test_what_this_till_took_back_cannot_be_spent_any_more() -> None:
    posted, own = [Holding("points", 100, LATER)], [Holding("points", -30, LATER)]
    assert balances(["points"], posted, own, TODAY, AS_OF)["points"].spendable == 70
    assert Balance(confirmed=10, unconfirmed=-30).spendable == 0


def test_without_figures_of_central_there_is_no_time_of_them() -> None:
    found = balances(["points"], [], [], TODAY, None)["points"]
    assert found.to_json()["as_of"] is None
    assert found.shown == 0


@given(posted=holdings, own=holdings)
def test_every_holding_that_is_not_expired_counts_once(
    posted: list[Holding], own: list[Holding]
) -> None:
    found = balances(["points", "stars"], posted, own, TODAY, AS_OF)
    for unit, balance in found.items():
        assert balance.maturing >= 0
        assert balance.shown + balance.maturing == sum(
            each.quantity
            for each in [*posted, *own]
            if each.unit == unit and each.expires_on != YESTERDAY
        )
        assert 0 <= balance.spendable <= max(0, balance.confirmed)


def test_what_expires_is_told_soonest_first_and_nets_out_returns() -> None:
    posted = [Holding("points", 40, LATER), Holding("points", 3, TODAY), Holding("points", 9)]
    own = [Holding("points", -40, LATER), Holding("stars", 1, LATER)]
    assert expiring(posted, own, TODAY) == [
        Expiring("points", 3, TODAY),
        Expiring("stars", 1, LATER),
    ]
    assert expiring(posted, own, TODAY)[0].to_json() == {
        "unit": "points",
        "quantity": 3,
        "on": "2026-11-21",
    }

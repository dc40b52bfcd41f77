"""What an account has, and taking from it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.holdings import Consume, Holding, summed, taking, usable

TODAY = date(2026, 11, 21)
SOON, LATE = date(2026, 12, 31), date(2027, 12, 31)
OLD, NEW = date(2025, 1, 1), date(2026, 6, 1)
days = st.none() | st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=3))
lots = st.lists(
    st.builds(
        Holding,
        unit=st.sampled_from(("points", "stars")),
        quantity=st.integers(-50, 200),
        expires_on=days,
        matures_on=days,
        day=days,
        lot=st.none(),
    ),
    max_size=8,
)


@pytest.mark.parametrize(
    ("consume", "quantity", "taken"),
    [
        (Consume.SOONEST_EXPIRING, 120, [(SOON, 100), (LATE, 20)]),
        (Consume.OLDEST, 120, [(LATE, 100), (SOON, 20)]),
        (Consume.NEWEST, 120, [(SOON, 100), (LATE, 20)]),
        (Consume.SOONEST_EXPIRING, 210, [(SOON, 100), (LATE, 100), (None, 10)]),
        (Consume.SOONEST_EXPIRING, 0, []),
    ],
)
def test_lots_are_used_up_in_the_declared_order_and_what_is_missing_comes_last(
    consume: Consume, quantity: int, taken: list[tuple[date | None, int]]
) -> None:
    held = [Holding("points", 100, SOON, None, NEW), Holding("points", 100, LATE, None, OLD)]
    found = taking(held, "points", quantity, TODAY, consume)
    assert [(each.expires_on, each.quantity) for each in found] == taken


def test_nothing_is_taken_from_what_is_over_or_still_waits() -> None:
    held = [
        Holding("points", 100, TODAY - timedelta(days=1)),
        Holding("points", 100, None, TODAY + timedelta(days=1)),
        Holding("points", 30, TODAY, TODAY),
    ]
    assert usable(held, "points", TODAY) == 30
    assert taking(held, "points", 30, TODAY, Consume.OLDEST) == [held[2]]


@given(lots, st.integers(0, 500), st.sampled_from(Consume))
def test_no_lot_gives_more_than_it_has_and_the_parts_add_up(
    held: list[Holding], quantity: int, consume: Consume
) -> None:
    taken = taking(held, "points", quantity, TODAY, consume)
    have = {each._replace(quantity=0): each.quantity for each in summed(held)}
    assert sum(each.quantity for each in taken) == quantity
    beyond = max(quantity - max(usable(held, "points", TODAY), 0), 0)
    covered = taken[:-1] if beyond else taken
    for each in covered:
        assert each.usable_on(TODAY)
        assert 0 < each.quantity <= have[each._replace(quantity=0)]
    if beyond:
        assert taken[-1] == Holding("points", beyond)


@given(lots, st.integers(0, 500), st.sampled_from(Consume))
def test_the_order_of_the_lots_does_not_matter(
    held: list[Holding], quantity: int, consume: Consume
) -> None:
    found = taking(held, "points", quantity, TODAY, consume)
    assert taking(held[::-1], "points", quantity, TODAY, consume) == found


def test_of_the_oldest_day_the_soonest_expiring_is_taken_first() -> None:
    late, soon = Holding("points", 5, LATE, day=OLD), Holding("points", 5, SOON, day=OLD)
    assert taking((late, soon), "points", 5, TODAY, Consume.OLDEST) == [soon]

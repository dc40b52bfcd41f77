"""What is counted comes to the same whether central has netted it already or this till knows of it in parts."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.holdings import Holding, summed
from edge_agent.domain.tallies import Fold, Reading, Window, figures

TODAY, JOINED = date(2026, 11, 21), date(2024, 2, 29)
VISITS = "count/visits"
DAYS_SINCE = Reading("visits", fold=Fold.SINCE)
WINDOWS = ("ever", "day", "week", "month", "quarter", "year", "membership-year", "30 days")
READINGS = [
    *(Reading("visits", Window.parse(each)) for each in WINDOWS),
    *(Reading("visits", Window.parse(each), Fold.RUN) for each in ("day", "week", "month")),
    DAYS_SINCE,
]

days = st.integers(0, 40).map(lambda back: TODAY - timedelta(days=back))
movements = st.lists(
    st.builds(lambda n, day: Holding(VISITS, n, day=day), st.integers(-2, 2), days)
)


def visited(*movements: tuple[int, str]) -> int | None:
    """Days since the last visit, after these movements."""
    held = [Holding(VISITS, n, day=date.fromisoformat(day)) for n, day in movements]
    return figures([DAYS_SINCE], held, TODAY, JOINED).get(DAYS_SINCE.key)


@pytest.mark.parametrize(
    ("movements", "since"),
    [
        ([], None),
        ([(1, "2026-11-21")], 0),
        ([(1, "2026-11-11"), (1, "2026-11-20")], 1),
        ([(1, "2026-11-11"), (1, "2026-11-20"), (-1, "2026-11-20")], 10),
        ([(1, "2026-11-20"), (-1, "2026-11-20")], None),
        ([(2, "2026-11-20"), (-1, "2026-11-20")], 1),
    ],
)
def test_a_visit_that_was_taken_back_was_none(
    movements: list[tuple[int, str]], since: int | None
) -> None:
    assert visited(*movements) == since


@given(movements, movements)
def test_what_central_posted_and_what_the_till_did_since_come_to_what_central_will_have(
    posted: list[Holding], own: list[Holding]
) -> None:
    together = figures(READINGS, summed([*posted, *own]), TODAY, JOINED)
    assert figures(READINGS, [*posted, *own], TODAY, JOINED) == together

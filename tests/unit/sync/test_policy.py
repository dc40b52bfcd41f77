"""The numbers of sync, and what follows from them."""

import pytest

from edge_agent.domain.record import BODY_BYTES_MAX
from sync import policy
from sync.errors import Busy, HeadDiffers, Refused, TooLarge, Unreachable
from sync.policy import Window, backoff_s, pause_s, pull_every_s
from sync.wire import PUSH_BYTES_MAX, RECORDS_PER_PUSH_MAX


def longest(_low: float, high: float) -> float:
    return high


def shortest(low: float, _high: float) -> float:
    return low


def test_backoff_doubles_from_half_a_second_up_to_a_minute() -> None:
    assert [backoff_s(attempt, longest) for attempt in range(1, 10)] == [
        0.5,
        1.0,
        2.0,
        4.0,
        8.0,
        16.0,
        32.0,
        60.0,
        60.0,
    ]


@pytest.mark.parametrize(
    ("members", "seconds"), [(0, 1.0), (1, 1.0), (200, 1.0), (400, 2.0), (1_000, 5.0), (10**6, 5.0)]
)
def test_who_was_told_of_many_members_asks_again_later(members: int, seconds: float) -> None:
    assert pull_every_s(members) == seconds


def test_backoff_has_full_jitter() -> None:
    assert [backoff_s(attempt, shortest) for attempt in (1, 5, 50)] == [0.0, 0.0, 0.0]


def test_backoff_of_a_three_weeks_outage_is_still_a_minute() -> None:
    assert backoff_s(1_000_000, longest) == policy.BACKOFF_MAX_S


@pytest.mark.parametrize("error", [Refused(""), HeadDiffers(""), TooLarge("")])
def test_what_somebody_has_to_act_on_is_tried_slowly_from_the_start(error: Exception) -> None:
    assert pause_s(error, 1, shortest) == 240
    assert pause_s(error, 1, longest) == 360


def test_a_pause_that_central_asks_for_is_kept_and_bounded() -> None:
    assert pause_s(Busy("", retry_after_s=20), 1, shortest) == 20
    assert pause_s(Busy("", retry_after_s=86_400), 1, longest) == policy.REFUSED_PAUSE_S
    assert pause_s(Busy("", retry_after_s=-5), 1, shortest) == 0
    assert pause_s(Busy(""), 1, longest) == pause_s(Unreachable(""), 1, longest) == 0.5


def test_the_window_halves_down_to_one_record_and_doubles_up_to_the_most() -> None:
    window = Window()
    sizes = []
    for _ in range(11):
        sizes.append(window.records)
        window.shrink(sent=window.records)
    assert sizes == [500, 250, 125, 62, 31, 15, 7, 3, 1, 1, 1]
    for _ in range(11):
        window.grow()
    assert window.records == RECORDS_PER_PUSH_MAX


def test_the_window_halves_what_was_really_sent() -> None:
    window = Window()
    window.shrink(sent=8)
    assert window.records == 4


def test_one_record_of_the_largest_size_fits_a_push_even_when_all_of_it_is_escaped() -> None:
    assert policy.RECORD_BYTES_PER_PUSH >= 2 * BODY_BYTES_MAX
    assert 2 * policy.RECORD_BYTES_PER_PUSH <= PUSH_BYTES_MAX


def test_every_wait_of_a_loop_is_within_what_the_watchdog_is_told() -> None:
    exchange_s = policy.REQUEST_TOTAL_S + policy.LONG_POLL_S
    assert exchange_s + 2 * policy.READ_TIMEOUT_S < policy.LOOP_BOUND_S
    slowest_pause_s = policy.REFUSED_PAUSE_S * (1 + policy.REFUSED_JITTER)
    # 600 s is the longest silence that edge_agent.health lets a loop declare.
    assert slowest_pause_s + policy.LOOP_BOUND_S / 2 <= 600

"""Pauses and states."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from drivers.ports import DeviceReport, Reason, State
from drivers.supervisor import (
    BACKOFF_JITTER,
    BACKOFF_MAX_S,
    Backoff,
    Identity,
    StateBoard,
    state_of,
)

START = datetime(2026, 11, 21, 14, 3, 11, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def board(heard: list[DeviceReport]) -> StateBoard:
    return StateBoard(Identity("hand", "scanner", "serial", "/dev/x"), heard.append, Clock())


def test_pauses_grow_to_a_limit_and_start_small_again() -> None:
    backoff = Backoff(0.2, 3.0, chance=lambda: 0.5)
    pauses = [backoff.next_s() for _ in range(10)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.2, 3.0)
    backoff.reset()
    assert backoff.next_s() == 0.2


@pytest.mark.parametrize(
    ("chance", "factor"), [(0.0, 1 - BACKOFF_JITTER), (1.0, 1 + BACKOFF_JITTER)]
)
def test_pauses_vary_within_their_jitter(chance: float, factor: float) -> None:
    assert Backoff(1.0, 9.0, chance=lambda: chance).next_s() == pytest.approx(factor)


def test_no_pause_is_longer_than_somebody_waits_at_a_till() -> None:
    backoff = Backoff()
    assert max(backoff.next_s() for _ in range(50)) <= BACKOFF_MAX_S * (1 + BACKOFF_JITTER)


def test_a_device_begins_unknown_and_not_fine() -> None:
    assert board([]).report().as_json() == {
        "id": "hand",
        "role": "scanner",
        "kind": "serial",
        "where": "/dev/x",
        "state": "unknown",
        "reason": "starting",
        "since": "2026-11-21T14:03:12.000+00:00",
        "last": None,
    }


def test_only_changes_are_told_and_since_is_when_the_state_began() -> None:
    heard: list[DeviceReport] = []
    subject = board(heard)
    subject.set("ok")
    subject.set("ok", worked=True)
    subject.set("trouble", "paper-out")
    subject.set("trouble", "cover-open")
    assert [(report.state, report.reason) for report in heard] == [
        ("ok", ""),
        ("trouble", "paper-out"),
        ("trouble", "cover-open"),
    ]
    state = subject.state
    assert state.since == START + timedelta(seconds=5)
    assert state.last == START + timedelta(seconds=3), "trouble does not forget the last good work"


def test_since_stays_while_nothing_changes() -> None:
    subject = board([])
    subject.set("ok")
    before = subject.state.since
    subject.set("ok", worked=True)
    assert subject.state.since == before


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("unplugged", "offline"),
        ("not-found", "offline"),
        ("unreachable", "offline"),
        ("no-answer", "unknown"),
        ("no-status", "unknown"),
        ("paper-out", "trouble"),
        ("busy", "trouble"),
        ("internal", "trouble"),
    ],
)
def test_absence_is_offline_silence_is_unknown_the_rest_is_trouble(
    reason: Reason, state: State
) -> None:
    assert state_of(reason) == state


def test_no_reason_ever_means_ok() -> None:
    assert "ok" not in {state_of(reason) for reason in get_args(Reason) if reason}

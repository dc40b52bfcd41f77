"""Trusted time never runs backwards, also not over a restart."""

from datetime import UTC, datetime, timedelta

from edge_agent.clock import SALE_TIME_OFF_MAX, Clock, boot_ms
from tests.tills import AT, SetClock

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_time_follows_the_system_forwards_and_stands_still_when_it_goes_back() -> None:
    system = SetClock(NOON)
    clock = Clock(None, system)
    system.at = NOON + HOUR
    assert clock.now() == NOON + HOUR
    system.at = NOON - 10 * HOUR
    assert clock.now() == NOON + HOUR
    assert not clock.trusted
    system.at = NOON + 2 * HOUR
    assert clock.now() == NOON + 2 * HOUR
    assert clock.trusted


def test_what_was_recorded_before_a_restart_is_the_floor() -> None:
    clock = Clock(NOON, SetClock(NOON - 300 * HOUR))
    assert clock.now() == NOON
    assert not clock.trusted


def test_a_sale_dated_within_a_day_keeps_its_time() -> None:
    clock = Clock(None, SetClock(NOON))
    for claimed in (NOON - SALE_TIME_OFF_MAX, NOON + SALE_TIME_OFF_MAX):
        at, reading = clock.reading_for(claimed)
        assert (at, reading.flagged) == (claimed, False)


def test_a_sale_dated_further_off_is_flagged_and_gets_our_time() -> None:
    clock = Clock(None, SetClock(NOON))
    for claimed in (NOON - SALE_TIME_OFF_MAX - HOUR, NOON + SALE_TIME_OFF_MAX + HOUR):
        at, reading = clock.reading_for(claimed)
        assert (at, reading.flagged) == (NOON, True)


def test_a_clock_far_from_centrals_is_not_trusted() -> None:
    clock = Clock(None, SetClock(NOON))
    assert clock.offset_seconds is None
    clock.heard_from_central(NOON + 2 * HOUR)
    assert [clock.offset_seconds, clock.trusted] == [7200, True]
    clock.heard_from_central(NOON + 30 * HOUR)
    assert not clock.trusted


def test_the_boot_clock_only_goes_forwards() -> None:
    assert boot_ms() <= boot_ms()


def test_a_time_that_was_wrong_in_the_future_is_let_go_when_central_and_the_system_agree() -> None:
    clock = Clock(NOON + 87_600 * HOUR, SetClock(NOON))
    assert clock.now() == NOON + 87_600 * HOUR
    clock.heard_from_central(NOON + HOUR)
    assert clock.now() == NOON
    assert clock.trusted
    assert clock.reading_for(NOON)[1].flagged is False


def test_neither_central_nor_the_system_alone_turns_time_back() -> None:
    recorded = NOON + 300 * HOUR
    for system, central in ((NOON, recorded), (recorded, NOON), (NOON, NOON + 100 * HOUR)):
        clock = Clock(recorded, SetClock(system))
        clock.heard_from_central(central)
        assert clock.now() == recorded


def test_setting_the_clock_back_makes_nothing_younger_within_one_boot() -> None:
    system, hours_since_boot = SetClock(AT), [1]
    clock = Clock(None, system, lambda: hours_since_boot[-1] * 3_600_000)
    noted = clock.boot
    hours_since_boot.append(74)
    system.at = AT - timedelta(days=30)
    assert clock.age(AT, noted) == timedelta(hours=73)
    # Of another boot nothing but the wall clock is known.
    assert clock.age(AT, ("another boot", 0)) == timedelta(0)
    system.at = AT + timedelta(hours=5)
    assert clock.age(AT, ("another boot", 0)) == timedelta(hours=5)

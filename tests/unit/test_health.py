"""Ready or not, alive or hung: what follows from what the parts say and do."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.health import (
    LOOP_BOUND_MAX_S,
    OK,
    PARTS_MAX,
    PINGS_PER_WATCHDOG,
    REASON_MAX_CHARS,
    Health,
    Watchdog,
    Word,
)
from edge_agent.notify import Notifier


class Clock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def advance(self, by_s: float) -> None:
        self.now_s += by_s


def says(state: Word) -> Callable[[], Word]:
    return lambda: state


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    """A health whose essential parts are fine."""
    health = Health(clock)
    health.part("ledger", says(OK))
    health.part("programme", says(OK))
    return health


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(10)
        yield channel


def received(manager: socket.socket) -> list[str]:
    """Everything the manager was sent up to now."""
    messages = []
    manager.setblocking(False)
    try:
        while True:
            messages.append(manager.recv(4096).decode())
    except BlockingIOError:
        return messages


# Ready or not


@pytest.mark.parametrize(
    ("ledger", "printer", "readiness"),
    [
        ("ok", "ok", "ready"),
        ("ok", "degraded", "degraded"),
        ("ok", "failed", "degraded"),
        ("ok", "unknown", "degraded"),
        ("degraded", "ok", "degraded"),
        ("failed", "ok", "unready"),
        ("unknown", "ok", "unready"),
        ("failed", "failed", "unready"),
    ],
)
def test_only_the_ledger_or_programme_can_make_the_agent_unready(
    clock: Clock, ledger: str, printer: str, readiness: str
) -> None:
    words = {"ok": OK, **{s: Word(s, "why") for s in ("degraded", "failed", "unknown")}}
    for essential, other in (("ledger", "programme"), ("programme", "ledger")):
        health = Health(clock)
        health.part(essential, says(words[ledger]))
        health.part(other, says(OK))
        health.part("printer", says(words[printer]))

        report = health.report()

        assert report.readiness == readiness
        assert report.ready is (readiness != "unready")


def test_an_essential_part_that_never_registered_is_unknown_and_not_fine(clock: Clock) -> None:
    health = Health(clock)
    health.part("ledger", says(OK))

    report = health.report()

    assert report.readiness == "unready"
    assert report.summary() == "unready: programme unknown (not started)"


def test_a_part_that_cannot_say_how_it_is_fails_alone(health: Health) -> None:
    def broken() -> Word:
        raise RuntimeError("no such thing")

    health.part("printer", broken)
    health.part("sync", says(OK))

    states = {part.name: part.state for part in health.report().parts}

    assert states == {"ledger": "ok", "programme": "ok", "printer": "failed", "sync": "ok"}


def test_the_summary_names_what_is_not_fine_and_why(health: Health) -> None:
    assert health.report().summary() == "ready"

    health.part("printer", says(Word("degraded", "paper out")))
    health.part("sync", says(Word("unknown")))

    assert health.report().summary() == "degraded: printer degraded (paper out), sync unknown"


def test_a_reason_is_kept_to_a_line(health: Health) -> None:
    health.part("printer", says(Word("failed", "x" * 5000)))

    assert len(health.report().parts[-1].reason) == REASON_MAX_CHARS


# Alive or hung


def test_a_loop_hangs_when_it_is_silent_for_longer_than_it_declared(
    health: Health, clock: Clock
) -> None:
    printer = health.loop("printer", bound_s=10)
    sync = health.loop("sync", bound_s=60)

    clock.advance(10)
    assert health.hung() == ()
    clock.advance(0.1)
    assert health.hung() == ("printer",)

    printer.beat()
    assert health.hung() == ()
    clock.advance(50)
    sync.beat()
    assert health.hung() == ("printer",)


def test_a_hung_loop_is_shown_as_failed_whatever_its_part_says(
    health: Health, clock: Clock
) -> None:
    health.part("printer", says(OK))
    health.loop("printer", bound_s=10)
    clock.advance(12)

    printer = health.report().parts[-1]

    assert (printer.name, printer.state) == ("printer", "failed")
    assert printer.reason == "no progress for 12 s"
    assert printer.progress_age_s == 12
    assert health.report().readiness == "degraded"


def test_a_hung_ledger_loop_makes_the_agent_unready(health: Health, clock: Clock) -> None:
    health.loop("ledger", bound_s=5)
    clock.advance(6)

    assert health.report().readiness == "unready"


def test_an_offline_device_whose_loop_turns_is_not_hung(health: Health, clock: Clock) -> None:
    health.part("scanner", says(Word("failed", "unplugged")))
    scanner = health.loop("scanner", bound_s=10)

    for _ in range(100):
        clock.advance(9)
        scanner.beat()
        assert health.hung() == ()
    assert health.report().readiness == "degraded"


def test_a_long_job_may_be_announced_for_one_turn(health: Health, clock: Clock) -> None:
    members = health.loop("members", bound_s=10)

    members.beat(next_within_s=120)
    clock.advance(119)
    assert health.hung() == ()

    members.beat()
    clock.advance(11)
    assert health.hung() == ("members",)


def test_a_loop_that_ended_by_plan_is_not_missed_and_its_name_is_free(
    health: Health, clock: Clock
) -> None:
    health.loop("sync", bound_s=10).close()
    clock.advance(1000)
    assert health.hung() == ()
    assert "sync" not in {part.name for part in health.report().parts}

    health.loop("sync", bound_s=10)
    clock.advance(11)
    assert health.hung() == ("sync",)


@pytest.mark.parametrize("bound_s", [0, -1, LOOP_BOUND_MAX_S + 1, float("nan"), float("inf")])
def test_a_bound_that_no_watchdog_could_use_is_refused(health: Health, bound_s: float) -> None:
    with pytest.raises(ValueError, match="bound"):
        health.loop("sync", bound_s)
    with pytest.raises(ValueError, match="bound"):
        health.loop("other", 1).beat(next_within_s=bound_s)


def test_a_name_is_taken_once(health: Health) -> None:
    health.loop("sync", bound_s=1)

    with pytest.raises(ValueError, match="'sync' is running"):
        health.loop("sync", bound_s=1)
    with pytest.raises(ValueError, match="'ledger' is registered"):
        health.part("ledger", says(OK))


def test_the_number_of_parts_is_bounded_but_restarting_loops_does_not_use_it_up(
    health: Health,
) -> None:
    for _ in range(PARTS_MAX * 2):
        health.loop("again", bound_s=1).close()
    for number in range(PARTS_MAX - 3):
        health.part(f"part {number}", says(OK))

    with pytest.raises(ValueError, match="more than"):
        health.part("one more", says(OK))
    health.loop("again", bound_s=1)


# The watchdog


def test_the_watchdog_is_fed_while_every_loop_makes_progress_and_not_otherwise(
    health: Health, clock: Clock, manager: socket.socket
) -> None:
    watchdog = Watchdog(health, Notifier(manager.getsockname()), watchdog_s=30)
    printer = health.loop("printer", bound_s=10)
    health.loop("sync", bound_s=1000 - 500)

    assert watchdog.turn()
    assert received(manager) == ["WATCHDOG=1", "STATUS=ready"]

    clock.advance(11)
    assert not watchdog.turn()
    assert received(manager) == [
        "STATUS=degraded: printer failed (no progress for 11 s)",
    ]

    printer.beat()
    assert watchdog.turn()
    assert received(manager) == ["WATCHDOG=1", "STATUS=ready"]


def test_an_unready_agent_whose_loops_turn_is_left_running(
    clock: Clock, manager: socket.socket
) -> None:
    """Restarting would not repair a programme that is missing, and would hide why."""
    health = Health(clock)
    health.part("ledger", says(OK))
    health.part("programme", says(Word("failed", "none downloaded yet")))

    assert Watchdog(health, Notifier(manager.getsockname()), watchdog_s=30).turn()
    assert received(manager) == [
        "WATCHDOG=1",
        "STATUS=unready: programme failed (none downloaded yet)",
    ]


def test_the_status_is_sent_when_it_changes_and_not_at_every_turn(
    health: Health, manager: socket.socket
) -> None:
    watchdog = Watchdog(health, Notifier(manager.getsockname()), watchdog_s=30)
    for _ in range(3):
        watchdog.turn()

    assert received(manager) == ["WATCHDOG=1", "STATUS=ready", "WATCHDOG=1", "WATCHDOG=1"]


def test_the_watchdog_pings_several_times_within_its_time_and_turns_without_one(
    health: Health,
) -> None:
    assert Watchdog(health, Notifier(None), watchdog_s=30).interval_s == 30 / PINGS_PER_WATCHDOG
    assert 0 < Watchdog(health, Notifier(None), watchdog_s=None).interval_s <= 60


def test_the_loop_pings_by_itself_and_stops_when_told(manager: socket.socket) -> None:
    health = Health()
    stop = threading.Event()
    watchdog = Watchdog(health, Notifier(manager.getsockname()), watchdog_s=0.03)
    thread = threading.Thread(target=watchdog.run, args=(stop,))
    thread.start()
    try:
        pings = [manager.recv(4096) for _ in range(6)].count(b"WATCHDOG=1")
    finally:
        stop.set()
        thread.join(timeout=10)

    assert pings == 5  # and one status
    assert not thread.is_alive()


def test_a_thread_that_died_without_closing_starves_the_watchdog(
    clock: Clock, manager: socket.socket
) -> None:
    health = Health(clock)
    beat = health.loop("printer", bound_s=10)
    thread = threading.Thread(target=beat.beat)
    thread.start()
    thread.join(timeout=10)
    clock.advance(11)

    Watchdog(health, Notifier(manager.getsockname()), watchdog_s=30).turn()

    assert "WATCHDOG=1" not in received(manager)


def test_many_threads_may_register_beat_and_ask_at_once() -> None:
    health = Health()
    health.part("ledger", says(OK))
    health.part("programme", says(OK))
    faults: list[BaseException] = []
    start = threading.Barrier(8)

    def work(number: int) -> None:
        try:
            start.wait(timeout=10)
            for turn in range(200):
                loop = health.loop(f"loop {number}", bound_s=60)
                loop.beat(next_within_s=1 + turn % 5)
                assert health.hung() == ()
                assert health.report().readiness == "ready"
                loop.close()
        except BaseException as fault:  # noqa: BLE001 - shown below, in the thread of the test
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert faults == []

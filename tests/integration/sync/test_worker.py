"""The worker's threads over real sockets and real SQLite files, with everything that goes wrong between."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sync import policy
from sync.client import CentralClient, Place, Timeouts
from sync.link import LinkState, LinkStatus
from sync.once import sync_once
from sync.policy import LOOP_BOUND_S, STOP_WITHIN_S, pause_s
from sync.ports import Beat, Line
from sync.signing import Signer
from sync.worker import Parts, Worker
from tests.integration.sync.scripted_central import (
    CENTRAL_KEY,
    KEY,
    OTHER_KEY,
    Exchange,
    Fault,
    ScriptedCentral,
    close_early,
    cut_after,
    cut_before,
    dribble,
    eventually,
    garbage,
    half_an_answer,
    never,
    slow,
    status,
    twice,
)
from tests.unit.sync.real_till import EPOCH, TERMINAL, RealTill

SOON = Timeouts(connect_s=2.0, read_s=0.5, total_s=5.0)
PATIENT = Timeouts(connect_s=30, read_s=60, total_s=120)

Uniform = Callable[[float, float], float]


def quick_pause_s(error: BaseException | None, attempt: int, uniform: Uniform) -> float:
    """The policy's pauses, fifty times as fast; those for a refusal a fifth of a second."""
    return min(0.2, pause_s(error, attempt, uniform) / 50)


class Beats:
    """Heartbeats as the watchdog would see them."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.closed: list[str] = []
        self.longest_s = 0.0

    def loop(self, name: str, bound_s: float) -> Beat:
        assert bound_s == LOOP_BOUND_S
        self.counts[name] = 0
        return _OneBeat(self, name)


class _OneBeat:
    def __init__(self, beats: Beats, name: str) -> None:
        self._beats = beats
        self._name = name

    def beat(self, next_within_s: float | None = None) -> None:
        self._beats.counts[self._name] += 1
        self._beats.longest_s = max(self._beats.longest_s, next_within_s or 0)

    def close(self) -> None:
        self._beats.closed.append(self._name)


class Bench:
    """A till, its worker and what the worker told."""

    def __init__(self, till: RealTill, url: str) -> None:
        self.till = till
        self.url = url
        self.key = KEY
        self.terminal = TERMINAL
        self.enrolled = True
        self.timeouts = SOON
        self.pause_s: Callable[[BaseException | None, int, Uniform], float] = quick_pause_s
        self.told: list[LinkStatus] = []
        self.beats = Beats()
        self.worker: Worker | None = None

    def connect(self) -> Line | None:
        if not self.enrolled:
            return None
        return CentralClient(
            Place(self.url, key=CENTRAL_KEY), Signer(self.terminal, self.key), self.timeouts
        )

    def start(self) -> Worker:
        self.worker = Worker(
            Parts(
                connect=self.connect,
                outbox=self.till.journal,
                members=self.till.members,
                programmes=self.till.programmes,
                loop=self.beats.loop,
                changed=self.told.append,
                pause_s=self.pause_s,
            )
        )
        self.worker.start()
        return self.worker

    def sell(self, count: int = 1) -> None:
        self.till.journal.record(count)
        if self.worker is not None:
            self.worker.wake()

    def status(self) -> LinkStatus:
        assert self.worker is not None
        return self.worker.status

    def state(self) -> LinkState:
        return self.status().state

    def told_states(self) -> list[LinkState]:
        return [told.state for told in self.told]


@pytest.fixture
def bench(till: RealTill, server: ScriptedCentral) -> Iterator[Bench]:
    bench = Bench(till, server.url)
    yield bench
    if bench.worker is not None:
        assert bench.worker.stop(within_s=10)


def connected(bench: Bench) -> None:
    eventually(lambda: bench.state() is LinkState.CONNECTED, "connected")


def all_there(bench: Bench, server: ScriptedCentral, count: int) -> None:
    eventually(lambda: bench.till.journal.received() == count, f"{count} received", 60)
    assert len(server.model.effects) == count == len(set(server.model.effects))


# --- the main job ---


def test_a_record_is_at_central_soon_after_it_was_told_of(
    bench: Bench, server: ScriptedCentral
) -> None:
    bench.start()
    connected(bench)
    began = time.monotonic()
    bench.sell()
    all_there(bench, server, 1)
    assert time.monotonic() - began < 2


def test_records_of_before_the_start_are_sent_without_being_told_of(
    bench: Bench, server: ScriptedCentral
) -> None:
    bench.sell(3)
    bench.start()
    all_there(bench, server, 3)


def test_a_change_at_central_is_here_soon_although_nobody_asks(
    bench: Bench, server: ScriptedCentral
) -> None:
    bench.start()
    connected(bench)
    eventually(lambda: server.count("/wire/v1/changes") >= 2, "a long poll is open")
    began = time.monotonic()
    server.model.set_points("m", 7)
    eventually(lambda: bench.till.members.refs() == {"m": 7}, "the new balance")
    assert time.monotonic() - began < 3


def test_a_long_poll_does_not_hold_up_records(bench: Bench, server: ScriptedCentral) -> None:
    bench.start()
    connected(bench)
    for count in range(1, 6):
        bench.sell()
        all_there(bench, server, count)


def test_a_central_that_never_waits_is_not_asked_in_a_circle(
    bench: Bench, server: ScriptedCentral
) -> None:
    good = server.model.changes
    server.model.changes = (  # type: ignore[method-assign]
        lambda after, epoch, _wait_s=0, *more, **named: good(after, epoch, 0, *more, **named)
    )
    bench.start()
    time.sleep(1.5)
    assert server.count("/wire/v1/changes") <= 3


def test_after_many_members_central_is_asked_again_later(
    bench: Bench, server: ScriptedCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.start()
    connected(bench)
    eventually(lambda: server.count("/wire/v1/changes") >= 2, "a long poll is open")
    monkeypatch.setattr(policy, "PULL_PER_MEMBER_S", 3.0)
    server.model.set_points("m", 7)
    eventually(lambda: bench.till.members.refs().get("m") == 7, "the change")
    began = time.monotonic()
    server.model.set_points("m", 8)
    eventually(lambda: bench.till.members.refs().get("m") == 8, "the next change")
    assert time.monotonic() - began > 1.5  # and 1 at most after one that brought few


def test_ten_thousand_waiting_records_arrive_in_batches(
    bench: Bench, server: ScriptedCentral
) -> None:
    bench.sell(10_000)
    bench.timeouts = PATIENT
    bench.start()
    all_there(bench, server, 10_000)
    assert max(server.model.messages) == 500
    assert len(server.model.messages) == 21, "one question and twenty batches"


# --- trouble ---


@pytest.mark.parametrize(
    "fault",
    [
        cut_before,
        cut_after,
        half_an_answer,
        close_early,
        garbage,
        never,
        twice,
        slow(0.2),
        status(500),
        status(503, {"Retry-After": "1"}),
        status(404),
        status(200, {"Content-Type": "text/html"}, b"<h1>wifi</h1>"),
    ],
)
def test_after_any_trouble_every_record_is_there_once(
    bench: Bench, server: ScriptedCentral, fault: Fault
) -> None:
    server.only_path = "/wire/v1/records"
    server.script.extend([fault] * 3)
    bench.sell(40)
    bench.start()
    all_there(bench, server, 40)
    connected(bench)


def test_trouble_of_all_kinds_under_load_has_one_effect_per_record(
    bench: Bench, server: ScriptedCentral
) -> None:
    dice = random.Random(7)
    kinds = [cut_before, cut_after, half_an_answer, close_early, garbage, twice, status(500)]
    server.script.extend(dice.choice(kinds) for _ in range(60))
    bench.start()
    for _ in range(50):
        bench.sell(dice.randint(1, 9))
        time.sleep(dice.random() / 50)
    all_there(bench, server, bench.till.journal.last_seq())


def test_central_away_is_said_and_what_waited_arrives_when_it_is_back(
    till: RealTill, server: ScriptedCentral
) -> None:
    bench = Bench(till, server.url)
    worker = bench.start()
    connected(bench)
    server.end()
    bench.sell(5)
    eventually(lambda: bench.state() is LinkState.OFFLINE, "offline")
    assert worker.status.last_contact is not None
    again = ScriptedCentral(server.model, server.port).start()
    try:
        all_there(bench, again, 5)
        connected(bench)
        assert worker.stop(10)
    finally:
        again.end()
    assert bench.told_states() == [LinkState.CONNECTED, LinkState.OFFLINE, LinkState.CONNECTED]


def test_the_loop_that_finds_central_back_ends_the_others_pause(
    till: RealTill, server: ScriptedCentral
) -> None:
    """Push waits out an hour; pull comes back at once, and takes push along."""

    def pause(error: BaseException | None, attempt: int, uniform: Uniform) -> float:
        pushing = threading.current_thread().name == "sync-push"
        return 3600.0 if pushing else quick_pause_s(error, attempt, uniform)

    bench = Bench(till, server.url)
    bench.pause_s = pause
    server.always = status(500)
    bench.sell(3)
    worker = bench.start()
    eventually(lambda: server.count("/wire/v1/records") == 1, "push failed")
    eventually(lambda: server.count("/wire/v1/members") >= 3, "pull failed")
    server.always = None
    all_there(bench, server, 3)
    assert worker.stop(10)


def test_a_wake_does_not_shorten_the_pause_of_a_central_that_is_away(
    till: RealTill, server: ScriptedCentral
) -> None:
    bench = Bench(till, server.url)
    bench.pause_s = lambda _error, _attempt, _uniform: 3600.0
    server.always = status(500)
    worker = bench.start()
    eventually(lambda: server.count("/wire/v1/records") == 1, "push failed")
    for _ in range(20):
        bench.sell()
    time.sleep(0.1)
    assert server.count("/wire/v1/records") == 1
    assert worker.stop()


def test_pauses_grow_from_try_to_try(till: RealTill, server: ScriptedCentral) -> None:
    attempts: list[int] = []

    def pause(error: BaseException | None, attempt: int, uniform: Uniform) -> float:
        if threading.current_thread().name == "sync-push":
            attempts.append(attempt)
        return 0.01

    bench = Bench(till, server.url)
    bench.pause_s = pause
    server.always = status(500)
    bench.sell()
    worker = bench.start()
    eventually(lambda: len(attempts) >= 5, "five tries")
    assert worker.stop()
    assert attempts[:5] == [1, 2, 3, 4, 5]


def test_a_line_that_breaks_after_each_batch_still_moves_and_its_pauses_stay_small(
    till: RealTill, server: ScriptedCentral
) -> None:
    attempts: list[int] = []

    def pause(error: BaseException | None, attempt: int, uniform: Uniform) -> float:
        if threading.current_thread().name == "sync-push":
            attempts.append(attempt)
        return 0.01

    bench = Bench(till, server.url)
    bench.pause_s = pause
    server.only_path = "/wire/v1/records"

    good: Fault = slow(0)
    server.script.extend([good, good, cut_before] * 10)
    bench.sell(3_000)
    worker = bench.start()
    all_there(bench, server, 3_000)
    assert worker.stop()
    assert set(attempts) <= {1, 2}


def test_a_central_from_a_backup_gets_what_it_lost_although_nothing_new_is_recorded(
    bench: Bench, server: ScriptedCentral
) -> None:
    bench.sell(10)
    bench.start()
    all_there(bench, server, 10)

    def pulled() -> bool:
        position = bench.till.members.position()
        return position is not None and position.applied_seq == 10

    eventually(pulled, "a pull knows of all ten")
    server.model.restore(EPOCH, 4)
    server.model.set_points("m", 1)
    eventually(lambda: server.model.held(EPOCH) == 10, "the lost ones are back")
    assert len(set(server.model.effects)) == len(server.model.effects) == 10


# --- refusals ---


def test_a_refused_key_is_said_and_tried_slowly(till: RealTill, server: ScriptedCentral) -> None:
    bench = Bench(till, server.url)
    bench.pause_s = pause_s
    bench.key = OTHER_KEY
    bench.sell()
    worker = bench.start()
    eventually(lambda: bench.state() is LinkState.REFUSED, "refused")
    assert bench.status().reason == "refused"
    time.sleep(0.5)
    assert server.count("/wire/v1/records") == 1
    assert server.count("/wire/v1/members") == 1
    assert worker.stop(), "also in a pause of five minutes"


def test_members_files_that_are_not_what_central_made_are_counted(
    bench: Bench, server: ScriptedCentral
) -> None:
    server.on_the_way = lambda content: content[::-1]
    bench.start()
    eventually(lambda: bench.status().members_files_refused >= 2, "counted")
    assert (bench.state(), bench.status().reason) == (LinkState.REFUSED, "members-file-refused")
    server.on_the_way = lambda content: content
    connected(bench)
    counted = bench.status().members_files_refused
    assert counted >= 2, "and the count stays"
    assert bench.status().to_json()["members_files_refused"] == counted


def test_a_till_that_was_enrolled_anew_is_let_in_without_a_restart(
    till: RealTill, server: ScriptedCentral
) -> None:
    bench = Bench(till, server.url)
    bench.pause_s = pause_s
    bench.key = OTHER_KEY
    bench.sell()
    worker = bench.start()
    eventually(lambda: bench.state() is LinkState.REFUSED, "refused")
    bench.key = KEY
    worker.reconnect()
    all_there(bench, server, 1)
    connected(bench)
    assert worker.stop()


def test_another_head_stops_push_and_pull_where_central_cannot_say_what_differs(
    bench: Bench, server: ScriptedCentral, tmp_path: Path
) -> None:
    """Two tills from one disk image. What central says of this terminal's records is about the other one's: no figure
    of it is taken, and nothing is lost. A central that names the record that differs: see test_against_central."""
    clone = Bench(bench.till.clone(tmp_path / "clone"), server.url)
    clone.till.journal.record(5)
    worker = clone.start()
    all_there(clone, server, 5)
    assert worker.stop(10)
    clone.till.close()
    server.model.set_points("m", 1)
    bench.sell(700)
    bench.start()
    eventually(lambda: bench.state() is LinkState.REFUSED, "refused")
    assert bench.status().reason == "conflict"
    assert bench.till.members.refs() == {}
    assert bench.till.journal.last_seq() == 700
    assert server.model.held(EPOCH) == 5


def test_an_identity_of_another_terminal_is_not_used(bench: Bench, server: ScriptedCentral) -> None:
    bench.terminal = "0412/99"
    bench.sell()
    bench.start()
    eventually(lambda: bench.state() is LinkState.REFUSED, "refused")
    assert bench.status().reason == "other-terminal"
    assert server.requests == []


def test_a_till_that_is_not_enrolled_says_so_and_begins_once_it_is(
    bench: Bench, server: ScriptedCentral
) -> None:
    bench.enrolled = False
    bench.sell()
    worker = bench.start()
    eventually(lambda: bench.state() is LinkState.NOT_ENROLLED, "not enrolled")
    bench.enrolled = True
    worker.reconnect()
    bench.sell()
    all_there(bench, server, 2)
    connected(bench)


def test_a_sale_on_a_till_that_is_not_enrolled_does_not_make_sync_turn_without_a_pause(
    bench: Bench,
) -> None:
    bench.enrolled = False
    bench.start()
    eventually(lambda: bench.state() is LinkState.NOT_ENROLLED, "not enrolled")
    before = bench.beats.counts["sync-push"]
    bench.sell()
    eventually(lambda: bench.beats.counts["sync-push"] > before, "the wake is heard")
    time.sleep(0.3)
    assert bench.beats.counts["sync-push"] - before < 10


def test_a_record_that_nobody_lets_through_is_said(bench: Bench, server: ScriptedCentral) -> None:
    bench.start()
    bench.sell()
    all_there(bench, server, 1)  # the first question about positions is behind it
    server.only_path = "/wire/v1/records"
    server.always = status(413)
    bench.sell(3)
    eventually(lambda: bench.state() is LinkState.REFUSED, "refused")
    assert bench.status().reason == "too-large"
    assert "record 2 " in bench.status().detail


# --- the state ---


def test_before_any_contact_the_state_is_never(till: RealTill) -> None:
    bench = Bench(till, "http://127.0.0.1:1")
    worker = bench.start()
    eventually(lambda: bench.told_states() == [LinkState.NEVER], "told why")
    assert worker.status.reason == "unreachable"
    assert worker.status.last_contact is None
    assert worker.stop()


def test_a_till_with_members_from_yesterday_starts_offline_with_their_time(
    till: RealTill, server: ScriptedCentral
) -> None:
    bench = Bench(till, server.url)
    worker = bench.start()
    eventually(lambda: till.members.position() is not None, "a first pull")
    assert worker.stop()
    later = Bench(till, "http://127.0.0.1:1")
    worker = later.start()
    eventually(lambda: later.told_states() == [LinkState.OFFLINE], "offline")
    assert worker.status.last_contact is not None
    assert worker.stop()


def test_the_state_is_plain_json(bench: Bench) -> None:
    worker = bench.start()
    connected(bench)
    shown = worker.status.to_json()
    assert shown["state"] == "connected"
    assert shown["reason"] is None
    assert datetime.fromisoformat(shown["last_contact"] or "").tzinfo is not None
    assert datetime.fromisoformat(shown["since"] or "") <= datetime.now(UTC)


def test_a_defect_is_logged_with_its_traceback_and_sync_goes_on(
    bench: Bench, server: ScriptedCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.policy.AFTER_DEFECT_S", 0.05)
    good, failed = bench.till.journal.waiting, threading.Event()

    def waiting(after: int, count_max: int, bytes_max: int):  # type: ignore[no-untyped-def]
        if not failed.is_set():
            failed.set()
            raise ZeroDivisionError("a defect")
        return good(after, count_max, bytes_max)

    bench.till.journal.waiting = waiting  # type: ignore[method-assign]
    bench.sell()
    with capture_logs() as logs:
        bench.start()
        all_there(bench, server, 1)
    defects = [entry for entry in logs if entry["event"] == "sync_loop_failed"]
    assert [(entry["loop"], entry["exc_info"]) for entry in defects] == [("push", True)]


def test_logs_hold_no_key(bench: Bench, server: ScriptedCentral) -> None:
    with capture_logs() as logs:
        bench.start()
        connected(bench)
        server.script.append(status(401))
        bench.sell()
        eventually(lambda: len(bench.told) >= 2, "told of the refusal")
    assert KEY.hex() not in repr(logs)


def test_the_watchdog_hears_both_loops_also_while_central_is_away(
    till: RealTill, server: ScriptedCentral
) -> None:
    bench = Bench(till, server.url)
    server.always = status(500)
    worker = bench.start()
    eventually(lambda: all(count > 5 for count in bench.beats.counts.values()), "beats")
    assert worker.stop()
    assert set(bench.beats.counts) == set(bench.beats.closed) == {"sync-push", "sync-pull"}
    assert bench.beats.longest_s <= 600


# --- stopping ---


def stop_while(bench: Bench, ready: Callable[[], bool]) -> None:
    # A test before this one may have left a thread behind that is still inside a handshake.
    others = set(threading.enumerate())
    worker = bench.start()
    eventually(ready, "it is under way")
    time.sleep(0.05)
    began = time.monotonic()
    assert worker.stop()
    assert time.monotonic() - began < STOP_WITHIN_S + 0.1
    left = set(threading.enumerate()) - others
    assert not [thread for thread in left if thread.name.startswith("sync-")]
    bench.worker = None


def test_stopping_in_a_long_poll_is_immediate(till: RealTill, server: ScriptedCentral) -> None:
    bench = Bench(till, server.url)
    bench.timeouts = PATIENT
    stop_while(bench, lambda: any("wait=" in path for path, _ in list(server.requests)))


@pytest.mark.parametrize("fault", [never, dribble])
def test_stopping_in_a_push_that_is_never_answered_is_immediate(
    till: RealTill, server: ScriptedCentral, fault: Fault
) -> None:
    bench = Bench(till, server.url)
    bench.timeouts = PATIENT
    server.always = fault
    bench.sell(100)
    stop_while(bench, lambda: len(server.requests) >= 2)


def test_stopping_in_a_backoff_is_immediate(till: RealTill, server: ScriptedCentral) -> None:
    bench = Bench(till, server.url)
    bench.pause_s = lambda _error, _attempt, _uniform: 3600.0
    server.always = status(500)
    stop_while(bench, lambda: len(server.requests) >= 2)


def test_stopping_in_the_pause_between_two_pages_is_immediate(
    till: RealTill, server: ScriptedCentral
) -> None:
    for number in range(9):
        server.model.set_points(f"m{number}", 1)
    with_file = sync_once(server.model, till.journal, till.members, till.programmes)
    for number in range(9):
        server.model.set_points(f"m{number}", 2)
    server.only_path = "/wire/v1/changes?after=12"
    server.always = cut_before
    bench = Bench(till, server.url)
    stop_while(bench, lambda: server.count("/wire/v1/changes?after=12") >= 3)
    assert till.members.position() == with_file.pulled.position


def test_stopping_in_the_middle_of_a_members_file_is_immediate_and_it_goes_on_there(
    till: RealTill, server: ScriptedCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "MEMBERS_PART_BYTES", 200)
    for number in range(300):
        server.model.set_points(f"m{number}", 1)
    came = 0

    def then_never(exchange: Exchange) -> None:
        nonlocal came
        came += 1
        if came > 5:
            never(exchange)
        else:
            exchange.work()()

    server.only_path = "/wire/v1/members/"
    server.always = then_never
    bench = Bench(till, server.url)
    stop_while(bench, lambda: came > 5)
    assert till.members.position() is None
    server.always = None
    bench.start()
    eventually(lambda: till.members.refs() == server.model.points(), "all members are there")
    assert server.count("/wire/v1/members/300") == -(-len(server.model.files[300]) // 200) + 1


def test_stopping_at_any_moment_loses_and_doubles_nothing(
    tmp_path: Path, server: ScriptedCentral
) -> None:
    """Forty lives of one till, each ended at a random moment of a push."""
    dice = random.Random(11)
    path = tmp_path / "till"
    for _ in range(40):
        till = RealTill(path)
        bench = Bench(till, server.url)
        till.journal.record(dice.randint(1, 60))
        worker = bench.start()
        bench.sell()
        time.sleep(dice.random() * 0.05)
        assert worker.stop(10)
        till.close()
    till = RealTill(path)
    bench = Bench(till, server.url)
    worker = bench.start()
    all_there(bench, server, till.journal.last_seq())
    assert worker.stop(10)
    till.close()


def test_after_stopping_nothing_of_the_till_is_touched(
    till: RealTill, server: ScriptedCentral
) -> None:
    server.always = slow(0.3)
    bench = Bench(till, server.url)
    bench.timeouts = PATIENT
    bench.sell(5)
    stop_while(bench, lambda: len(server.requests) >= 2)
    till.close()
    with capture_logs() as logs:
        time.sleep(0.4)
    assert logs == []
    assert till.journal.marks == []


def test_a_worker_is_started_once(bench: Bench) -> None:
    worker = bench.start()
    with pytest.raises(RuntimeError, match="started already"):
        worker.start()


def test_a_worker_that_was_never_started_stops_at_once(bench: Bench) -> None:
    worker = bench.start()
    assert worker.stop()
    assert worker.stop()

"""The web server's threads: as many as were ever busy at once, and never more than their bound."""

import threading
import time

from edge_agent.web.server import _Threads

WAIT_S = 10.0


class Call:
    """A call that takes until it is let go."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.may_end = threading.Event()

    def service(self) -> None:
        self.began.set()
        assert self.may_end.wait(WAIT_S)


def test_calls_beyond_the_bound_wait_and_are_all_served() -> None:
    threads = _Threads(2)
    calls = [Call() for _ in range(6)]
    for each in calls:
        threads.add_task(each)
    assert all(each.began.wait(WAIT_S) for each in calls[:2])
    assert len(threads.threads) == 2
    assert not any(each.began.is_set() for each in calls[2:])
    for each in calls:
        each.may_end.set()
    assert all(each.began.wait(WAIT_S) for each in calls)
    threads.shutdown(timeout=WAIT_S)  # type: ignore[arg-type]  # any number of seconds does


def test_one_after_the_other_needs_no_more_than_one_thread() -> None:
    threads = _Threads(8)
    for _ in range(20):
        call = Call()
        threads.add_task(call)
        call.may_end.set()
        until = time.monotonic() + WAIT_S
        while not (call.began.is_set() and threads.active_count == 0):
            assert time.monotonic() < until
            time.sleep(0.001)
    assert len(threads.threads) == 1
    threads.shutdown(timeout=WAIT_S)  # type: ignore[arg-type]  # any number of seconds does
    assert not threads.threads

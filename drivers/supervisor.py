"""One supervisor per device: open, run, fail, back off, reopen; visible, and stopped at once.

The only broad except of the package is here: a mistake in a driver must not silence the device for
the rest of the day. It is logged with its traceback and shown as `internal`.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, ParamSpec

import structlog

from drivers.ports import DeviceError, DeviceReport, DeviceState, Reason, State

P = ParamSpec("P")

BACKOFF_FIRST_S = 0.2
"""A replugged USB device needs about that long until its node is there."""

BACKOFF_MAX_S = 3.0
"""Somebody who replugs a scanner waits for the light; more than a few seconds reads as broken."""

BACKOFF_FACTOR = 1.8
BACKOFF_JITTER = 0.3
"""Share by which a pause varies, so that tills behind one switch do not knock in step."""

STOP_S = 1.0
"""`stop` waits for its thread at most so long; every driver call gives up within half of it."""

WAIT_SLICE_S = 0.25
"""Long waits report progress in between, so that a watchdog sees a living thread."""

_STATE_OF_REASON: dict[Reason, State] = {
    "not-found": "offline",
    "unplugged": "offline",
    "unreachable": "offline",
    "connection-lost": "offline",
    "stopped": "offline",
    "no-answer": "unknown",
    "no-status": "unknown",
    "starting": "unknown",
}


def state_of(reason: Reason) -> State:
    """The state that a failure's reason means; anything but absence and silence is trouble."""
    return _STATE_OF_REASON.get(reason, "trouble")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Identity:
    """What does not change about a device while the program runs."""

    id: str
    role: Literal["scanner", "printer"]
    kind: str
    where: str


class StateBoard:
    """The state of one device; changes are told to `on_change`, outside the lock, in order."""

    def __init__(
        self,
        identity: Identity,
        on_change: Callable[[DeviceReport], None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._identity = identity
        self._on_change = on_change
        self._now = now
        self._lock = threading.Lock()
        self._state = DeviceState("unknown", "starting", now())

    @property
    def state(self) -> DeviceState:
        with self._lock:
            return self._state

    def report(self) -> DeviceReport:
        """The device as the API shows it."""
        at = self.state
        who = self._identity
        return DeviceReport(
            who.id, who.role, who.kind, who.where, at.state, at.reason, at.since, at.last
        )

    def set(self, state: State, reason: Reason = "", *, worked: bool = False) -> None:
        """Enter a state; `worked` notes that the device just did its work."""
        with self._lock:
            before = self._state
            at = self._now()
            last = at if worked else before.last
            changed = (before.state, before.reason) != (state, reason)
            self._state = DeviceState(state, reason, at if changed else before.since, last)
        if changed:
            self._on_change(self.report())


class Backoff:
    """Pauses that grow, with jitter, up to a limit."""

    def __init__(
        self,
        first_s: float = BACKOFF_FIRST_S,
        max_s: float = BACKOFF_MAX_S,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self._chance = chance
        self._next_s = first_s

    def next_s(self) -> float:
        """How long to pause now."""
        base_s = self._next_s
        self._next_s = min(base_s * BACKOFF_FACTOR, self._max_s)
        return base_s * (1 + BACKOFF_JITTER * (2 * self._chance() - 1))

    def reset(self) -> None:
        """It worked: start small again."""
        self._next_s = self._first_s


class Supervisor:
    """Runs `work` in a thread of its own until told to stop, again and again when it fails.

    `work` opens the device, loops while `running()`, calls `beat()` in every round and `well()`
    once the device is known to do its work; it raises DeviceError when the device fails. `release`
    lets go of the device and runs after each failure and at the end.
    """

    def __init__(
        self,
        board: StateBoard,
        name: str,
        work: Callable[["Supervisor"], None],
        release: Callable[[], None],
        *,
        backoff: Backoff | None = None,
    ) -> None:
        self.board = board
        self._work = work
        self._release = release
        self._backoff = backoff or Backoff()
        self._stop = threading.Event()
        self._log = structlog.get_logger("drivers").bind(device=name)
        self._thread = threading.Thread(target=self._run, name=f"device-{name}", daemon=True)
        self._last_progress_s = time.monotonic()

    @property
    def last_progress_s(self) -> float:
        """`time.monotonic()` of the last round; what a watchdog compares with now."""
        return self._last_progress_s

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def signal_stop(self) -> None:
        """Ask to stop without waiting."""
        self._stop.set()

    def join(self, timeout_s: float = STOP_S) -> bool:
        """Wait for the thread; True when it has ended (or never began)."""
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def running(self) -> bool:
        return not self._stop.is_set()

    def beat(self) -> None:
        """A round was done."""
        self._last_progress_s = time.monotonic()

    def well(self) -> None:
        """The device does its work: the next failure starts with a short pause again."""
        self._backoff.reset()

    def pause(self, seconds: float) -> None:
        """Wait, unless told to stop, and show progress meanwhile."""
        until_s = time.monotonic() + seconds
        while self.running() and (left_s := until_s - time.monotonic()) > 0:
            self.beat()
            self._stop.wait(min(left_s, WAIT_SLICE_S))

    def guard(self, call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call somebody else's code: its failure is logged and costs neither device nor loop."""
        try:
            call(*args, **kwargs)
        except Exception:  # noqa: BLE001  # see the law of this file
            self._log.exception("a listener of a device failed")

    def _run(self) -> None:
        while self.running():
            self.beat()
            try:
                self._work(self)
            except DeviceError as error:
                self._failed(error.reason, str(error))
            except Exception:  # noqa: BLE001  # see the law of this file
                self._log.exception("a driver failed in a way it must not")
                self._tell("internal")
            finally:
                self.guard(self._release)
            self.pause(self._backoff.next_s() if self.running() else 0)
        self._tell("stopped")

    def _failed(self, reason: Reason, why: str) -> None:
        if self.board.state.reason != reason:
            self._log.warning("device failed", reason=reason, why=why)
        self._tell(reason)

    def _tell(self, reason: Reason) -> None:
        self.board.set(state_of(reason), reason)

"""What each part says of itself, and what follows: ready or not, alive or hung.

Two questions are kept apart. *How is it?* is a part's own word (a silent printer says `degraded`).
*Does it still turn?* is measured: a worker loop beats, and one that has not beaten within the time
that it declared hangs. Only the second feeds the service manager's watchdog: an offline printer is
no reason to restart the agent, a thread stuck in a driver is.

One `Health` is made by compose and handed to the parts; every method may be called by any thread.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import structlog

from edge_agent.notify import Notifier

State = Literal["ok", "degraded", "failed", "unknown"]
Readiness = Literal["ready", "degraded", "unready"]

ESSENTIAL = ("ledger", "programme")
"""Without these no sale can be answered; without anything else it can."""

PARTS_MAX = 64
"""Parts and loops together: a till has a handful of devices; more means a leak."""

LOOP_BOUND_MAX_S = 600.0
"""Longest silence that a loop may declare. Longer ones would make the watchdog worthless."""

REASON_MAX_CHARS = 200
"""A reason is a line on a page, not a log."""

PINGS_PER_WATCHDOG = 3
"""Pings per WatchdogSec: one may come late on a busy till without a restart."""


@dataclass(frozen=True, slots=True)
class Word:
    """How a part says that it is, with a reason in words where it is not `ok`."""

    state: State
    reason: str = ""


OK = Word("ok")


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part or loop as seen at one moment."""

    name: str
    state: State
    reason: str
    essential: bool
    progress_age_s: float | None
    """Seconds since the loop's last beat; None for a part that has no loop."""


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of /readyz: 200 while `ready`, else 503."""

    readiness: Readiness
    parts: tuple[PartHealth, ...]

    @property
    def ready(self) -> bool:
        return self.readiness != "unready"

    def summary(self) -> str:
        """Return one line for `systemctl status`: the readiness, and every part that is not ok."""
        notes = [
            f"{part.name} {part.state}" + (f" ({part.reason})" if part.reason else "")
            for part in self.parts
            if part.state != "ok"
        ]
        return f"{self.readiness}: {', '.join(notes)}" if notes else self.readiness


class Heartbeat:
    """The handle of one worker loop: `beat` once a turn, `close` when the loop ends by plan."""

    def __init__(self, name: str, bound_s: float, clock: Callable[[], float]) -> None:
        self.name = name
        self._clock = clock
        self._bound_s = checked_bound_s(bound_s)
        # One tuple, replaced whole, so that a reader never pairs an old time with a new bound.
        self._last = (clock(), self._bound_s)
        self._closed = threading.Event()

    def beat(self, next_within_s: float | None = None) -> None:
        """Say that the loop has made progress.

        `next_within_s` replaces the bound until the next beat, for a wait or a long job known
        beforehand (a members file being installed). At most LOOP_BOUND_MAX_S.
        """
        bound_s = self._bound_s if next_within_s is None else checked_bound_s(next_within_s)
        self._last = (self._clock(), bound_s)

    def close(self) -> None:
        """End by plan: a loop that was closed is not missed. One that died without it is."""
        self._closed.set()

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    def age_s(self) -> float:
        """Seconds since the last beat."""
        return self._clock() - self._last[0]

    def overdue_s(self) -> float:
        """Seconds past the declared bound; 0 or less is fine."""
        beat_at, bound_s = self._last
        return self._clock() - beat_at - bound_s


class Health:
    """The parts of one agent. `clock` counts seconds and stands still while the machine sleeps.

    A part named in `essential` that never registered is `unknown`, and so the agent is unready:
    forgetting to register cannot read as fine.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        essential: tuple[str, ...] = ESSENTIAL,
    ) -> None:
        self._clock = clock
        self._essential = essential
        self._lock = threading.Lock()
        self._parts: dict[str, Callable[[], Word]] = {}
        self._loops: dict[str, Heartbeat] = {}

    def part(self, name: str, says: Callable[[], Word]) -> None:
        """Register a part; `says` is called by whoever asks, and must answer at once."""
        with self._lock:
            self._check_name(name)
            self._parts[name] = says

    def loop(self, name: str, bound_s: float) -> Heartbeat:
        """Register a worker loop that beats at least every `bound_s` seconds, from now on.

        A loop may have the name of a part: the two are then shown as one. A closed loop's name
        may be used again.
        """
        with self._lock:
            previous = self._loops.get(name)
            if previous is not None and not previous.closed:
                raise ValueError(f"health: a loop named {name!r} is running already")
            if previous is None:
                self._check_count()
            self._loops[name] = Heartbeat(name, bound_s, self._clock)
            return self._loops[name]

    def hung(self) -> tuple[str, ...]:
        """Return the loops that are past their bound. Asks no part: none can hold it up."""
        with self._lock:
            loops = list(self._loops.values())
        return tuple(loop.name for loop in loops if not loop.closed and loop.overdue_s() > 0)

    def report(self) -> Report:
        """Ask every part and work out whether the agent is ready.

        Unready: an essential part is failed or unknown, or its loop hangs. Degraded: anything else
        is not ok. An essential part that is degraded is so by its own word still usable.
        """
        with self._lock:
            says = dict(self._parts)
            loops = {name: loop for name, loop in self._loops.items() if not loop.closed}
        names = dict.fromkeys((*self._essential, *says, *loops))
        parts = tuple(self._look(name, says.get(name), loops.get(name)) for name in names)
        if any(part.essential and part.state in {"failed", "unknown"} for part in parts):
            return Report("unready", parts)
        if any(part.state != "ok" for part in parts):
            return Report("degraded", parts)
        return Report("ready", parts)

    def _look(
        self, name: str, says: Callable[[], Word] | None, loop: Heartbeat | None
    ) -> PartHealth:
        age_s = None if loop is None else loop.age_s()
        if loop is not None and loop.overdue_s() > 0:
            word = Word("failed", f"no progress for {loop.age_s():.0f} s")
        elif says is not None:
            word = _asked(name, says)
        else:
            word = OK if loop is not None else Word("unknown", "not started")
        reason = word.reason[:REASON_MAX_CHARS]
        return PartHealth(name, word.state, reason, name in self._essential, age_s)

    def _check_name(self, name: str) -> None:
        if name in self._parts:
            raise ValueError(f"health: a part named {name!r} is registered already")
        self._check_count()

    def _check_count(self) -> None:
        if len(self._parts) + len(self._loops) >= PARTS_MAX:
            raise ValueError(f"health: more than {PARTS_MAX} parts and loops")


class Watchdog:
    """Feeds the service manager's watchdog from real progress: one hung loop and it starves.

    So does a part that never answers when asked, since the turn then never ends.
    """

    def __init__(self, health: Health, notifier: Notifier, watchdog_s: float | None) -> None:
        self._health = health
        self._notifier = notifier
        self._log = structlog.get_logger(__name__)
        self._said = ""
        self._hung: tuple[str, ...] = ()
        self.interval_s = (watchdog_s or LOOP_BOUND_MAX_S / 20) / PINGS_PER_WATCHDOG
        """Seconds between two turns; without a watchdog only the status line is kept up to date."""

    def turn(self) -> bool:
        """Ping if every loop made progress within its bound; return whether it was due.

        The ping goes out before any part is asked, so that a slow answer does not delay it.
        """
        hung = self._health.hung()
        if not hung:
            self._notifier.watchdog()
        if hung != self._hung:
            self._hung = hung
            if hung:
                self._log.error("watchdog_withheld", loops=hung)
            else:
                self._log.info("watchdog_resumed")
        summary = self._health.report().summary()
        if summary != self._said:
            self._said = summary
            self._notifier.status(summary)
        return not hung

    def run(self, stop: threading.Event) -> None:
        """Turn until `stop` is set; meant for the main thread or one of its own."""
        self.turn()
        while not stop.wait(self.interval_s):
            self.turn()


def checked_bound_s(bound_s: float) -> float:
    """Return `bound_s`, or raise ValueError where no watchdog could make sense of it."""
    if not 0 < bound_s <= LOOP_BOUND_MAX_S:
        allowed = f"more than 0, at most {LOOP_BOUND_MAX_S:.0f} s"
        raise ValueError(f"health: a loop's bound is {bound_s} s; allowed is {allowed}")
    return bound_s


def _asked(name: str, says: Callable[[], Word]) -> Word:
    # Broad, because a part that cannot say how it is must not hide how the others are.
    try:
        return says()
    except Exception:  # noqa: BLE001
        structlog.get_logger(__name__).exception("part_could_not_say", part=name)
        return Word("failed", "cannot say how it is; see the log")

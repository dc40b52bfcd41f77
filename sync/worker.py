"""The till's side of sync at work: two threads, one pushes and one pulls.

Two, because a pull is a long poll: a single thread would leave a record lying for as long as
central keeps the question, or would have to ask central every second. So a record goes out as soon
as it is told of, and a change comes in as soon as central has it. Each thread has its own line;
they share nothing but the link's state, and that each lets the other try at once when it finds
central back.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_attempt,
    stop_when_event_set,
    wait_random_exponential,
)

from sync import policy
from sync.errors import (
    CentralError,
    HeadDiffers,
    OtherTerminal,
    Stalled,
    Stopped,
    Unreachable,
)
from sync.link import Link, LinkState, LinkStatus
from sync.policy import Window
from sync.ports import Beat, Line, MemberStore, NoBeat, Outbox, ProgrammeStore, unwatched
from sync.pull import Pull, PullResult
from sync.push import PushResult, push
from sync.wire import (
    NO_REPORT,
    Changes,
    MembersManifest,
    ProgrammeReport,
    RecordsAnswer,
    RecordsMessage,
)


def _unheard(_status: LinkStatus) -> None: ...


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker works on.

    `connect` makes a line for one thread, or returns None while the terminal is not enrolled (it is
    asked again: a till may be enrolled while it runs); `loop` registers a heartbeat
    (`Health.loop`); `changed` hears changes of the link; `pause_s` is how long to wait after an
    error and so many attempts.
    """

    connect: Callable[[], Line | None]
    outbox: Outbox
    members: MemberStore
    programmes: ProgrammeStore
    loop: Callable[[str, float], Beat] = unwatched
    changed: Callable[[LinkStatus], None] = _unheard
    now: Callable[[], datetime] = _utc_now
    pause_s: Callable[[BaseException | None, int, Callable[[float, float], float]], float] = (
        policy.pause_s
    )


class Worker:
    """Pushes and pulls until it is stopped. `start` once, `stop` once; `wake` from any thread at
    any time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        position = parts.members.position()
        last_contact = None if position is None else position.as_of
        self._link = Link(parts.now, parts.changed, last_contact)
        self._stopping = threading.Event()
        self._log = structlog.get_logger(__name__)
        self._push = _PushLoop("push", parts, self._link, self._stopping, self._found_central)
        self._pull = _PullLoop(
            "pull", parts, self._link, self._stopping, self._found_central, self._push.ask_again
        )
        self._threads: tuple[threading.Thread, ...] = ()

    @property
    def status(self) -> LinkStatus:
        """How the line to central stands."""
        return self._link.status

    def start(self) -> None:
        """Start both threads. They are daemons, since the system's resolver cannot be interrupted."""
        if self._threads:
            raise RuntimeError("the sync worker was started already")
        self._threads = tuple(
            threading.Thread(target=loop.run, name=f"sync-{loop.name}", daemon=True)
            for loop in (self._push, self._pull)
        )
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Something was recorded. Never waits."""
        self._push.wake()

    def reconnect(self) -> None:
        """Try now, pauses or not: the till was enrolled anew, or somebody at the till asks for it."""
        self._push.hurry()
        self._pull.hurry()

    def stop(self, within_s: float = policy.STOP_WITHIN_S) -> bool:
        """End both threads at once; returns whether they ended in time.

        Requests under way are cut. What central took of them is learned from its next answer. A
        thread that did not end is inside the resolver or a TCP handshake; it ends by itself and
        calls none of the parts any more.
        """
        self._stopping.set()
        for loop in (self._push, self._pull):
            loop.cut()
        deadline = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = [thread.name for thread in self._threads if thread.is_alive()]
        if late:
            self._log.warning("sync_threads_left_behind", threads=late)
        return not late

    def _found_central(self, finder: str) -> None:
        """One loop found central back: the other need not wait out its pause."""
        for loop in (self._push, self._pull):
            if loop.name != finder:
                loop.hurry()


class _Watched:
    """A line that beats before every request and tells the link of every good answer."""

    def __init__(self, line: Line, beat: Beat, link: Link) -> None:
        self._line = line
        self._beat = beat
        self._link = link

    @property
    def terminal(self) -> str:
        return self._line.terminal

    def send(self, message: RecordsMessage) -> RecordsAnswer:
        self._beat.beat()
        answer = self._line.send(message)
        self._link.answered()
        return answer

    def changes(
        self,
        after: int,
        epoch: str,
        wait_s: int,
        report: ProgrammeReport = NO_REPORT,
        members_after: int = 0,
    ) -> Changes:
        self._beat.beat()
        answer = self._line.changes(after, epoch, wait_s, report, members_after)
        self._link.answered()
        return answer

    def manifest(self) -> MembersManifest:
        self._beat.beat()
        answer = self._line.manifest()
        self._link.answered()
        return answer

    def members_part(self, manifest: MembersManifest, start: int) -> bytes:
        self._beat.beat()
        answer = self._line.members_part(manifest, start)
        self._link.answered()
        return answer


class _Loop:
    """What both loops have in common: turns until stopped, with pauses after faults."""

    def __init__(
        self,
        name: str,
        parts: Parts,
        link: Link,
        stopping: threading.Event,
        found_central: Callable[[str], None],
    ) -> None:
        self.name: Final = name
        self._parts = parts
        self._link = link
        self._stopping = stopping
        self._found_central = found_central
        self._log = structlog.get_logger(__name__)
        self._alarm = threading.Event()
        """Ends a pause; set for stopping, for work, or because central was found back."""
        self._random = random.SystemRandom()
        self._line: Line | None = None
        self._beat: Beat = NoBeat()

    def hurry(self) -> None:
        """End the pause, if there is one."""
        self._alarm.set()

    def cut(self) -> None:
        """End whatever is waited for. `stopping` is set before."""
        self._alarm.set()
        line = self._line
        if line is not None:
            line.cut()

    def run(self) -> None:
        """The thread."""
        self._beat = self._parts.loop(f"sync-{self.name}", policy.LOOP_BOUND_S)
        try:
            while not self._stopping.is_set():
                try:
                    self._until_well()
                except CentralError:
                    break  # Stopped, or the fault that a turn met while it was being stopped
                except Exception:  # noqa: BLE001
                    # A defect of ours, or a ledger that fails: it must be seen, and must not end sync for good.
                    self._log.exception("sync_loop_failed", loop=self.name)
                    self._hang_up()
                    self._rest(policy.AFTER_DEFECT_S)
        finally:
            self._hang_up()
            self._beat.close()

    def _until_well(self) -> None:
        """Turns until one goes well, then rests."""
        tries = Retrying(
            retry=retry_if_exception(_worth_a_pause),
            wait=self._pause,
            stop=stop_when_event_set(self._stopping),
            sleep=sleep_using_event(self._alarm),
            before_sleep=self._before_pause,
            reraise=True,
        )
        self._rest(tries(self._attempt))

    def _attempt(self) -> float:
        """One turn; returns how long to rest after it, and raises CentralError when it failed."""
        # In this order: a stop that comes in between is seen here, and one that comes later rings again.
        self._alarm.clear()
        if self._stopping.is_set():
            raise Stopped("told to stop")
        self._beat.beat()
        line = self._connected()
        if line is None:
            self._link.not_enrolled()
            return policy.NOT_ENROLLED_LOOK_S
        rest_s = self._turn(_Watched(line, self._beat, self._link))
        if self._link.well(self.name):
            self._found_central(self.name)
        return rest_s

    def _connected(self) -> Line | None:
        if self._line is None:
            line = self._parts.connect()
            if line is not None and line.terminal != self._parts.outbox.terminal:
                line.close()
                raise OtherTerminal(
                    f"the identity is for {line.terminal}, and this is {self._parts.outbox.terminal}"
                )
            self._line = line
            if line is not None and self._stopping.is_set():
                line.cut()
        return self._line

    def _turn(self, central: _Watched) -> float:
        raise NotImplementedError

    def _pause(self, state: RetryCallState) -> float:
        error = None if state.outcome is None else state.outcome.exception()
        return self._parts.pause_s(error, state.attempt_number, self._random.uniform)

    def _before_pause(self, state: RetryCallState) -> None:
        error = None if state.outcome is None else state.outcome.exception()
        if isinstance(error, CentralError):
            self._link.failed(self.name, error)
            if error.refused:
                # Whoever enrols this till anew gives it another token: read the identity again next time.
                self._hang_up()
        self._beat.beat(state.upcoming_sleep + policy.LOOP_BOUND_S / 2)

    def _rest(self, rest_s: float) -> None:
        self._beat.beat(rest_s + policy.LOOP_BOUND_S / 2)
        self._alarm.wait(rest_s)

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()


def _worth_a_pause(error: BaseException) -> bool:
    return isinstance(error, CentralError) and not isinstance(error, Stopped)


class _PushLoop(_Loop):
    """Pushes when something was recorded, and every now and then."""

    def __init__(
        self,
        name: str,
        parts: Parts,
        link: Link,
        stopping: threading.Event,
        found_central: Callable[[str], None],
    ) -> None:
        super().__init__(name, parts, link, stopping, found_central)
        self._window = Window()
        self._recorded = threading.Event()
        self._ask = threading.Event()
        # The first turn compares positions and heads before it sends anything: a backup may have been put back.
        self._ask.set()

    def wake(self) -> None:
        """Something was recorded. In a pause after a fault it waits with the rest: it does not
        bring central back."""
        self._recorded.set()

    def ask_again(self) -> None:
        """Central seems to hold less than we think, or hears of this terminal elsewhere."""
        self._ask.set()
        self._recorded.set()

    def cut(self) -> None:
        super().cut()
        self._recorded.set()

    def _attempt(self) -> float:
        # Before anything is looked at, also where there is no line: else one wake would be a wake for ever.
        self._recorded.clear()
        return super()._attempt()

    def _turn(self, central: _Watched) -> float:
        asked = self._ask.is_set()
        self._ask.clear()
        result: PushResult = push(central, self._parts.outbox, self._window, ask_first=asked)
        if result.moved:
            self._log.info("pushed", records=result.moved, received=result.received)
        if isinstance(result.fault, HeadDiffers) or (asked and result.fault is not None):
            self._ask.set()
        if result.fault is not None:
            self._raise_or_go_on(result)
        return policy.PUSH_EVERY_S

    def _raise_or_go_on(self, result: PushResult) -> None:
        fault = result.fault
        if fault is None:
            return
        if result.moved and not fault.refused and not isinstance(fault, Stopped):
            # It got somewhere: the next turn comes at once, and its pauses begin small again.
            self._recorded.set()
            return
        raise fault

    def _rest(self, rest_s: float) -> None:
        self._beat.beat(rest_s + policy.LOOP_BOUND_S / 2)
        # `stopping` is set before `cut` rings: whoever clears that ring sees `stopping` here.
        if not self._stopping.is_set():
            self._recorded.wait(rest_s)


class _PullLoop(_Loop):
    """Pulls by long poll."""

    def __init__(
        self,
        name: str,
        parts: Parts,
        link: Link,
        stopping: threading.Event,
        found_central: Callable[[str], None],
        ask_again: Callable[[], None],
    ) -> None:
        super().__init__(name, parts, link, stopping, found_central)
        self._ask_again = ask_again

    def _turn(self, central: _Watched) -> float:
        began = time.monotonic()
        parts = self._parts
        pull = Pull(central, parts.outbox, parts.members, parts.programmes, again=self._again())
        # Only a line that is known to be good may be waited on; else a first short question tells how it stands.
        connected = self._link.status.state is LinkState.CONNECTED
        # Read before asking: central held this much already, however far a push gets meanwhile.
        acknowledged = parts.outbox.received()
        try:
            result = pull.run(policy.LONG_POLL_S if connected else 0)
        except Stalled:
            self._ask_again()
            raise
        self._tell(result)
        if result.received < acknowledged or result.closed:
            self._ask_again()
        changed = 0 if result.fresh else result.members
        return max(0.0, policy.pull_every_s(changed) - (time.monotonic() - began))

    def _again(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(Unreachable),
            wait=wait_random_exponential(policy.BACKOFF_FIRST_S, policy.PAGE_PAUSE_MAX_S),
            stop=stop_after_attempt(policy.PAGE_ATTEMPTS_MAX) | stop_when_event_set(self._stopping),
            sleep=sleep_using_event(self._stopping),
            reraise=True,
        )

    def _tell(self, result: PullResult) -> None:
        if result.members or result.fresh:
            self._log.info("pulled", members=result.members, after=result.position.after)
        if result.programme is not None:
            self._log.info("programme_received", digest=result.programme)
        if result.programme_refused is not None:
            self._log.error("programme_refused", why=result.programme_refused)

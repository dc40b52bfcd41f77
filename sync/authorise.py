"""Asking central about a redemption while a customer waits: an answer within a hard deadline, or none.

A thread of its own asks, on a connection that it keeps. Whoever wants to know waits no longer than the deadline,
whatever the thread hangs in: neither a name look-up nor a handshake can be called off, so nobody who matters waits in
them. After some answers that did not come in time nobody waits any more at all, until the thread has found by itself
that central answers again: the next customer does not have to be the one to find out.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from sync import policy
from sync.client import Timeouts
from sync.errors import CentralError
from sync.ports import Beat, unwatched
from sync.wire import (
    RELEASES_MAX,
    AuthorisationAnswer,
    AuthorisationMessage,
    ReleaseAnswer,
    ReleaseMessage,
)


class AuthorisingLine(Protocol):
    """The line to central for redemptions, as one terminal. Every call but `cut` may raise `errors.CentralError`."""

    def authorise(self, message: AuthorisationMessage) -> AuthorisationAnswer:
        """`POST /wire/v1/authorisations`."""
        ...

    def release(self, message: ReleaseMessage) -> ReleaseAnswer:
        """`POST /wire/v1/authorisations/releases`."""
        ...

    def cut(self) -> None:
        """End the exchange under way at once, and all later ones; from any thread."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


def timeouts(deadline_s: float) -> Timeouts:
    """How long an exchange may go on.

    Longer than anybody waits for it: a connection that was slow to make is then there for the next customer.
    """
    longest_s = deadline_s + policy.AUTHORISE_LATE_S
    return Timeouts(connect_s=longest_s, read_s=longest_s, total_s=longest_s)


class Numbers:
    """Counts up, across restarts too as far as the clock does; one that is put back while it runs is no matter."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """The next one; under the caller's lock."""
        self._last = max(self._last + 1, time.time_ns())
        return self._last


@dataclass(slots=True)
class _Asked:
    """A question under way; `late_s` is the monotonic time after which nobody waits for it."""

    message: AuthorisationMessage
    late_s: float
    done: threading.Event = field(default_factory=threading.Event)
    answer: AuthorisationAnswer | None = None


class Authoriser:
    """Asks central. `start` once, `stop` once; `ask` and `let_go` from any thread at any time.

    `connect` makes the line, or returns None while the terminal is not enrolled; it is asked again after every fault.
    """

    def __init__(
        self,
        connect: Callable[[], AuthorisingLine | None],
        terminal: str,
        deadline_s: float,
        loop: Callable[[str, float], Beat] = unwatched,
    ) -> None:
        self._connect = connect
        self._terminal = terminal
        self._deadline_s = deadline_s
        self._loop = loop
        self._news = threading.Condition()
        self._asked: deque[_Asked] = deque()
        self._let_go: dict[str, int] = {}
        self._numbers = Numbers()
        self._failures = 0
        self._retry_s = 0.0
        self._stopping = False
        self._line: AuthorisingLine | None = None
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger(__name__)

    @property
    def is_open(self) -> bool:
        """Whether central is asked; not after several answers that did not come in time."""
        return self._failures < policy.AUTHORISE_FAILURES_MAX

    def ask(self, message: AuthorisationMessage) -> AuthorisationAnswer | None:
        """What central says, or None where it did not say it in time; what it may have set aside is still to be let
        go of, unless the redemption is charged under its id."""
        late_s = time.monotonic() + self._deadline_s
        with self._news:
            busy = len(self._asked) >= policy.AUTHORISE_WAITING_MAX
            if self._thread is None or self._stopping or busy or not self.is_open:
                return None
            # It is wanted again: what was to be let go of it before may not take what is set aside from now on.
            self._let_go.pop(message.redemption_id, None)
            numbered = message.model_copy(update={"asked": self._numbers.next()})
            asked = _Asked(numbered, late_s)
            self._asked.append(asked)
            self._news.notify_all()
        asked.done.wait(self._deadline_s)
        answer = asked.answer
        self._count(well=answer is not None)
        return answer

    def let_go(self, redemption_id: str) -> None:
        """This redemption is not charged: tell central, when it can be told. Never waits.

        What could not be told in time ends with its lapse, by the position that `changes` reports.
        """
        with self._news:
            self._let_go.pop(redemption_id, None)
            self._let_go[redemption_id] = self._numbers.next()
            while len(self._let_go) > RELEASES_MAX:
                self._let_go.pop(next(iter(self._let_go)))
            self._news.notify_all()

    def start(self) -> None:
        """Start the thread; a daemon, since the system's resolver cannot be interrupted."""
        self._thread = threading.Thread(target=self._run, name="authorise", daemon=True)
        self._thread.start()

    def stop(self, within_s: float = policy.STOP_WITHIN_S) -> bool:
        """End the thread at once; whether it ended in time."""
        with self._news:
            self._stopping = True
            self._news.notify_all()
        line, thread = self._line, self._thread
        if line is not None:
            line.cut()
        if thread is None:
            return True
        thread.join(within_s)
        return not thread.is_alive()

    def _count(self, *, well: bool) -> None:
        with self._news:
            was_open = self.is_open
            self._failures = 0 if well else self._failures + 1
            if was_open and not self.is_open:
                self._retry_s = time.monotonic() + policy.AUTHORISE_PROBE_EVERY_S
                self._log.warning("authorising_paused", failures=self._failures)
            elif not was_open and self.is_open:
                self._log.info("authorising_resumed")
            self._news.notify_all()

    def _run(self) -> None:
        beat = self._loop("authorise", policy.LOOP_BOUND_S)
        try:
            while not self._stopping:
                beat.beat(policy.AUTHORISE_IDLE_S + policy.LOOP_BOUND_S / 2)
                try:
                    self._turn()
                except Exception:  # noqa: BLE001
                    # A defect of ours: it must be seen, and must not end asking for good.
                    self._log.exception("authorising_loop_failed")
                    self._hang_up()
                    self._retry_s = time.monotonic() + policy.AUTHORISE_PROBE_EVERY_S
        finally:
            self._hang_up()
            beat.close()

    def _turn(self) -> None:
        asked = self._next()
        if asked is not None:
            self._answer(asked)
        elif self._has_to_tell():
            self._tell()

    def _next(self) -> _Asked | None:
        """The next question that somebody still waits for; None when there is something else to do."""
        with self._news:
            if not self._asked and not self._has_to_tell() and not self._stopping:
                self._news.wait(self._idle_s())
            while self._asked:
                asked = self._asked.popleft()
                if asked.late_s > time.monotonic():
                    return asked
            return None

    def _idle_s(self) -> float:
        if self.is_open and not self._let_go:
            return policy.AUTHORISE_IDLE_S
        return min(max(0.0, self._retry_s - time.monotonic()), policy.AUTHORISE_IDLE_S)

    def _has_to_tell(self) -> bool:
        due = time.monotonic() >= self._retry_s
        return due and (bool(self._let_go) or not self.is_open)

    def _answer(self, asked: _Asked) -> None:
        try:
            line = self._connected()
            if line is not None:
                asked.answer = line.authorise(asked.message)
        except CentralError as error:
            self._failed(error)
        finally:
            asked.done.set()

    def _tell(self) -> None:
        """Tell central what is let go of; with nothing to tell, only whether it answers in time."""
        with self._news:
            told = dict(self._let_go)
            message = ReleaseMessage(
                terminal=self._terminal, redemption_ids=tuple(told), asked=self._numbers.next()
            )
        began_s = time.monotonic()
        try:
            line = self._connected()
            if line is not None:
                line.release(message)
                with self._news:
                    # What was let go of again meanwhile is told again.
                    self._let_go = {
                        each: number
                        for each, number in self._let_go.items()
                        if told.get(each) != number
                    }
                if time.monotonic() - began_s <= self._deadline_s:
                    self._count(well=True)
                    return
        except CentralError as error:
            self._failed(error)
        self._retry_s = time.monotonic() + policy.AUTHORISE_PROBE_EVERY_S

    def _failed(self, error: CentralError) -> None:
        self._log.debug("authorising_failed", code=error.code, detail=error.detail)
        self._hang_up()

    def _connected(self) -> AuthorisingLine | None:
        if self._line is None:
            self._line = self._connect()
            if self._line is not None and self._stopping:
                self._line.cut()
        return self._line

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

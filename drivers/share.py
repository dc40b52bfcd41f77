"""The POS's port of a shared scanner: a pty on which the POS reads what is not for us.

Law of this file: nobody waits for the POS, and nothing is kept for it. A scan of the time when the
POS did not listen would land in a later customer's basket. What cannot be passed on is dropped in
whole scans, counted and told; the log never holds what was scanned.
"""

import os
import select
import threading
import tty
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from drivers.ports import DeviceError, DeviceReport, Reason
from drivers.supervisor import STOP_S, Backoff, Identity, StateBoard, Supervisor, utc_now

WAITING_MAX = 64
"""Scans that wait for a slow POS, behind the 12 to 20 KB that the kernel keeps for a pty."""

TURN_S = 0.25
"""How often to look whether the POS came or went; stopping takes at most that."""

INPUT_BYTES_MAX = 4_096
"""What the POS sends is read and forgotten, so much a turn: a full buffer would block the POS."""

PORT_MODE = 0o660
"""For the agent itself, and for the group of the folder that the link is in."""

PTY_FOLDER = "/dev/pts/"


class _Pty:
    """One pseudo terminal, raw, of which we keep the master's end only.

    As long as nobody has the other end open, the kernel says so (POLLHUP): that is how we know
    whether the POS listens.
    """

    def __init__(self, group: int) -> None:
        self._master, pos_end = os.openpty()
        try:
            tty.setraw(pos_end)
            os.fchown(pos_end, -1, group)
            os.fchmod(pos_end, PORT_MODE)
            os.set_blocking(self._master, False)
            self.name = os.ttyname(pos_end)
        except BaseException:
            os.close(self._master)
            raise
        finally:
            os.close(pos_end)

    def listened_to(self) -> bool:
        """Whether somebody has the other end open."""
        return not self._events(0, 0) & select.POLLHUP

    def wait_for_room(self, timeout_s: float) -> None:
        """Return when it takes bytes again, or nobody listens any more."""
        self._events(select.POLLOUT, timeout_s)

    def _events(self, wanted: int, timeout_s: float) -> int:
        poll = select.poll()
        poll.register(self._master, wanted)
        return next((events for _, events in poll.poll(timeout_s * 1_000)), 0)

    def write(self, data: bytes) -> int:
        """Write what fits now; how many bytes that were."""
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    def forget_input(self) -> None:
        """Throw away what the POS sent."""
        if self._events(select.POLLIN, 0) & select.POLLIN:
            os.read(self._master, INPUT_BYTES_MAX)

    def close(self) -> None:
        """End it; a POS that still has it open sees its scanner unplugged."""
        os.close(self._master)


@dataclass(slots=True, eq=False)
class _Passage:
    """A scan on its way: its bytes and terminators, and how many of them are gone."""

    data: bytearray
    scan_bytes: int
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How passing on goes. `dropped`: scans since the start; `dropped_since`: since one got through."""

    report: DeviceReport
    listened_to: bool
    dropped: int
    dropped_since: int


class SharedPort:
    """The port below `link`, a symbolic link to a pty; a thread of its own does what may wait.

    The link's folder has to exist; its group may open the port. Every POS that comes finds a fresh
    pty: nothing unread, no line settings and no exclusive mode (TIOCEXCL outlives a killed process)
    of the one before.
    """

    def __init__(
        self,
        device: str,
        link: Path,
        *,
        now: Callable[[], datetime] = utc_now,
        backoff: Backoff | None = None,
    ) -> None:
        self._link = link
        self._log = structlog.get_logger("drivers").bind(device=device, share=str(link))
        self._board = StateBoard(
            Identity(device, "share", "pty", str(link)), lambda _report: None, now
        )
        self._supervisor = Supervisor(
            self._board, f"{device}-share", self._work, self._release, backoff=backoff
        )
        self._changed = threading.Condition()
        self._pty: _Pty | None = None
        self._listened_to = False
        self._waiting: deque[_Passage] = deque()
        self._last: _Passage | None = None
        self._dropped = 0
        self._dropped_since = 0

    @property
    def last_progress_s(self) -> float:
        """`time.monotonic()` of the last round of its loop."""
        return self._supervisor.last_progress_s

    def standing(self) -> Standing:
        """How it is now."""
        with self._changed:
            return Standing(
                self._board.report(), self._listened_to, self._dropped, self._dropped_since
            )

    def start(self) -> None:
        self._supervisor.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Take the port away; True when that is done."""
        self._supervisor.signal_stop()
        with self._changed:
            self._changed.notify_all()
        return self._supervisor.join(timeout_s)

    def write(self, scan: bytes) -> bool:
        """Pass a scan on, from any thread, without waiting. False: it was dropped, whole."""
        with self._changed:
            self._last = None
            if self._pty is not None and len(self._waiting) < WAITING_MAX:
                self._last = _Passage(bytearray(scan), len(scan))
                self._waiting.append(self._last)
                self._changed.notify_all()
                return True
            why = "there is no port" if self._pty is None else "the POS does not read"
        self._tell_dropped(1, why)
        return False

    def write_tail(self, tail: bytes) -> None:
        """Terminators that followed the scan written last; they share its fate."""
        with self._changed:
            last = self._last
            if last is None:
                return
            # Gone already, and nothing came after it; one that was dropped never gets so far.
            if last.sent == len(last.data):
                self._waiting.append(last)
            last.data += tail
            self._changed.notify_all()

    def _work(self, supervisor: Supervisor) -> None:
        try:
            fresh = self._fresh_pty()
            with self._changed:
                self._pty = fresh
            self._point_to(fresh)
            self._board.set("ok")
            supervisor.well()
            while supervisor.running():
                supervisor.beat()
                self._turn()
        except OSError as error:
            raise DeviceError(_reason(error), f"{self._link}: {error}") from error

    def _turn(self) -> None:
        pty = self._pty
        assert pty is not None, "the loop runs between opening and release"  # noqa: S101
        if pty.listened_to():
            self._note_listened_to(True)
            pty.forget_input()
            if self._waiting and not self._send(pty):
                pty.wait_for_room(TURN_S)
        else:
            self._drop_waiting("the POS does not listen")
            if self._listened_to:
                self._note_listened_to(False)
                self._renew(pty)
        with self._changed:
            if not self._waiting and self._supervisor.running():
                self._changed.wait(TURN_S)

    def _note_listened_to(self, listened_to: bool) -> None:
        if listened_to != self._listened_to:
            self._listened_to = listened_to
            self._log.info("the POS opened its port" if listened_to else "the POS closed its port")

    def _send(self, pty: _Pty) -> bool:
        """Send what waits longest, as far as it fits; False when nothing did."""
        with self._changed:
            passage = self._waiting[0]
            rest = bytes(passage.data[passage.sent :])
        sent = pty.write(rest)
        with self._changed:
            passage.sent += sent
            if passage.sent < len(passage.data):
                return sent > 0
            self._waiting.popleft()
            missed, self._dropped_since = self._dropped_since, 0
        self._board.set("ok", worked=True)
        if missed:
            self._log.warning("scans reach the POS again", dropped=missed)
        return True

    def _renew(self, old: _Pty) -> None:
        """Put a fresh pty in the place of the one that the POS has left."""
        unused = fresh = self._fresh_pty()
        try:
            self._point_to(fresh)
            if old.listened_to():  # it came back in between, and stays with what it has
                self._point_to(old)
                return
            with self._changed:
                self._pty = fresh
            unused = old
        finally:
            unused.close()

    def _fresh_pty(self) -> _Pty:
        folder = self._link.parent
        group = folder.stat().st_gid
        try:
            return _Pty(group)
        except PermissionError as error:
            raise DeviceError(
                "no-permission",
                f"the port cannot be given to group {group}, that of {folder}: {error.strerror}",
            ) from error

    def _point_to(self, pty: _Pty) -> None:
        """Let the link point to it, in one step; what is not ours is left alone."""
        if (problem := obstacle(self._link)) is not None:
            raise DeviceError("bad-settings", problem)
        fresh = self._link.with_name(self._link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(pty.name)
        fresh.replace(self._link)

    def _release(self) -> None:
        with self._changed:
            pty, self._pty = self._pty, None
        self._listened_to = False
        self._drop_waiting("there is no port")
        if pty is None:
            return
        try:
            if self._link.is_symlink() and str(self._link.readlink()) == pty.name:
                self._link.unlink()
        finally:
            pty.close()

    def _drop_waiting(self, why: str) -> None:
        with self._changed:
            lost = sum(passage.sent < passage.scan_bytes for passage in self._waiting)
            self._waiting.clear()
        if lost:
            self._tell_dropped(lost, why)

    def _tell_dropped(self, scans: int, why: str) -> None:
        """Count, and say so once until a scan gets through: a busy till would fill the log."""
        with self._changed:
            first = self._dropped_since == 0
            self._dropped += scans
            self._dropped_since += scans
            dropped = self._dropped
        if first:
            self._log.warning("a scan did not reach the POS", why=why, dropped=dropped)


def obstacle(link: Path) -> str | None:
    """Why a port cannot be put at `link`, where something is there already that is not ours."""
    if link.is_symlink():
        target = str(link.readlink())
        if not target.startswith(PTY_FOLDER):
            return f"{link} points to {target}, which is no port of ours; choose another path"
    elif link.exists():
        return f"{link} is there already and no port of ours; choose another path"
    return None


def _reason(error: OSError) -> Reason:
    if isinstance(error, FileNotFoundError):
        return "not-found"
    return "no-permission" if isinstance(error, PermissionError) else "error"

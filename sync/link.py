"""How the line to central stands, put together from what the worker's loops meet."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog

from sync.errors import CentralError, MembersFileRefused


class LinkState(StrEnum):
    """`NEVER`: nothing has been heard of central yet; `OFFLINE`: not at the moment."""

    CONNECTED = "connected"
    OFFLINE = "offline"
    REFUSED = "refused"
    NOT_ENROLLED = "not-enrolled"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """The line at one moment.

    `reason` is an error's code ("" where there is none) and `detail` its sentence for store IT;
    `since` is when this state began, `last_contact` when central last answered well. `members_files_refused` counts the
    members files since the start of the agent that were not what central made (`errors.MembersFileRefused`).
    """

    state: LinkState
    reason: str
    detail: str
    since: datetime
    last_contact: datetime | None
    members_files_refused: int = 0

    def to_json(self) -> dict[str, Any]:
        """The status as the API shows it."""
        return {
            "state": self.state.value,
            "reason": self.reason or None,
            "detail": self.detail or None,
            "since": self.since.isoformat(),
            "last_contact": None if self.last_contact is None else self.last_contact.isoformat(),
            "members_files_refused": self.members_files_refused,
        }


class Link:
    """Collects successes and faults of the loops, by their names; every method may be called by any
    thread.

    `changed` hears every change of state or reason, by the thread that met it; it should be quick.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        changed: Callable[[LinkStatus], None],
        last_contact: datetime | None = None,
    ) -> None:
        self._now = now
        self._changed = changed
        self._lock = threading.Lock()
        self._faults: dict[str, CentralError] = {}
        self._enrolled = True
        self._heard = False
        self._log = structlog.get_logger(__name__)
        state = LinkState.NEVER if last_contact is None else LinkState.OFFLINE
        self._status = LinkStatus(state, "", "not asked yet", now(), last_contact)

    @property
    def status(self) -> LinkStatus:
        """How the line stands now."""
        return self._status

    def answered(self) -> None:
        """Central answered a request well."""
        with self._lock:
            self._heard = True
            self._status = replace(self._status, last_contact=self._now())

    def well(self, loop: str) -> bool:
        """A turn of `loop` went well; returns whether it had a fault before."""
        with self._lock:
            had_fault = self._faults.pop(loop, None) is not None
            self._enrolled = True
        self._settle()
        return had_fault

    def failed(self, loop: str, fault: CentralError) -> None:
        """A turn of `loop` ended with `fault`."""
        with self._lock:
            self._faults[loop] = fault
            self._enrolled = True
            if isinstance(fault, MembersFileRefused):
                count = self._status.members_files_refused + 1
                self._status = replace(self._status, members_files_refused=count)
        self._settle()

    def not_enrolled(self) -> None:
        """There is no identity."""
        with self._lock:
            self._faults.clear()
            self._enrolled = False
        self._settle()

    def _settle(self) -> None:
        with self._lock:
            was = self._status
            state, reason, detail = self._judge()
            if (state, reason) == (was.state, was.reason):
                return
            now = replace(was, state=state, reason=reason, detail=detail, since=self._now())
            self._status = now
        self._log.info("central_link", state=state.value, reason=reason, detail=detail)
        self._changed(now)

    def _judge(self) -> tuple[LinkState, str, str]:
        """A refusal outweighs being away, since somebody has to act on it."""
        if not self._enrolled:
            return LinkState.NOT_ENROLLED, "not-enrolled", "run edge-agent enrol"
        faults = sorted(self._faults.values(), key=lambda fault: (not fault.refused, fault.code))
        away = LinkState.NEVER if self._status.last_contact is None else LinkState.OFFLINE
        if faults:
            worst = faults[0]
            return LinkState.REFUSED if worst.refused else away, worst.code, worst.detail
        if not self._heard:
            # A push with nothing to send went well without asking central anything.
            return away, "", "not asked yet"
        return LinkState.CONNECTED, "", ""

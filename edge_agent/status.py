"""What the agent says of itself as a whole: the status of the contract."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edge_agent.clock import Clock
from edge_agent.ledger.database import sqlite_is_sound, sqlite_version
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.members import MembersFile
from edge_agent.till.limits import OfflineLimits, unbounded, worst_loss
from edge_agent.till.shelf import ProgrammeShelf
from sync.link import LinkStatus

DISTRIBUTION = "loyalty-edge-agent"


def agent_version() -> str:
    """The installed version."""
    return version(DISTRIBUTION)


@dataclass(frozen=True, slots=True)
class Status:
    """Gathers the status from the parts. `link` says how the line to central stands, `asks_central` whether central is
    asked about redemptions: not after several answers that did not come in time."""

    data: Path
    ledger: Ledger
    members: MembersFile
    shelf: ProgrammeShelf
    clock: Clock
    link: Callable[[], LinkStatus]
    limits: OfflineLimits
    asks_central: Callable[[], bool]

    def to_json(self) -> dict[str, Any]:
        """The status as the API shows it. Raises LedgerUnavailable."""
        return {
            "version": agent_version(),
            "sqlite": {"version": sqlite_version(), "sound": sqlite_is_sound()},
            "terminal": self.ledger.terminal,
            "journal": self._journal(),
            **self.sync_json(),
            "members": self._members(),
            "programme": self._programme(),
            "clock": {"trusted": self.clock.trusted, "offset_seconds": self.clock.offset_seconds},
            "redemption": self._redemption(),
            "disk_free_bytes": disk_free_bytes(self.data),
        }

    def sync_json(self) -> dict[str, Any]:
        """How far central is with us; also the event `sync`."""
        received = self.ledger.received()
        oldest = self.ledger.oldest_waiting_at()
        age = 0 if oldest is None else max(0, round((self.clock.now() - oldest).total_seconds()))
        return {
            "outbox": {"records": self.ledger.head.seq - received.seq, "oldest_seconds": age},
            "central": self.link().to_json(),
            "states": {**self.ledger.state_counts(), "reasons": self._reasons()},
        }

    def _journal(self) -> dict[str, Any]:
        head = self.ledger.head
        return {
            "seq": head.seq,
            "received": self.ledger.received().seq,
            "head": head.hash.hex(),
            "epoch": self.ledger.epoch,
        }

    def _reasons(self) -> list[dict[str, Any]]:
        """Why central took records without effect; there are some thirty codes."""
        return [
            {"state": each.state, "code": each.code, "records": each.records}
            for each in self.ledger.states_by_reason()
        ]

    def _redemption(self) -> dict[str, Any]:
        """What this till could give away at most, in minor units, for points that were not there (see `worst_loss`),
        and the rewards that are not in it."""
        current = self.shelf.current(self.clock.now())
        return {
            "worst_loss": 0 if current is None else worst_loss(current[0], self.limits),
            "unbounded": [] if current is None else unbounded(current[0], self.limits),
            "points_per_outage": self.limits.per_outage,
            "asks_central": self.asks_central(),
        }

    def _members(self) -> dict[str, Any]:
        position = self.members.position()
        if position is None:
            return {"version": None, "as_of": None, "count": 0}
        return {
            "version": position.change,
            "as_of": position.as_of.isoformat(),
            "count": position.member_count,
        }

    def _programme(self) -> dict[str, Any] | None:
        current = self.shelf.current(self.clock.now())
        if current is None:
            return None
        programme, received_at = current
        return {
            "id": programme.id,
            "version": programme.version,
            "digest": programme.digest,
            "currency": programme.file.currency,
            "as_of": received_at.isoformat(),
            "refused": None if (refused := self.shelf.refused) is None else refused._asdict(),
        }


def disk_free_bytes(folder: Path) -> int:
    """What an ordinary process may still write there."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize

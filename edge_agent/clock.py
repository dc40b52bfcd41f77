"""Trusted time: never runs backwards, also not over a restart, but where two clocks say that it was wrong."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.domain.record import ClockReading

SALE_TIME_OFF_MAX = timedelta(hours=24)
"""A POS that dates a sale further from our time has a wrong clock or a wrong date typed in; ours is used instead."""

BACKWARDS_TOLERATED = timedelta(seconds=60)
"""Time services step a clock by seconds now and then; more than a minute back means that something set it wrongly."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def system_now() -> datetime:
    """The system's wall clock, aware, in UTC."""
    return datetime.now(UTC)


def boot_ms() -> int:
    """Milliseconds since the machine was started, sleep included; unlike the wall clock nobody can set it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class Clock:
    """The terminal's time.

    `floor` is the last time that was recorded: the system's clock may lie before it (empty battery, wrong date set),
    and then time stands still at the floor until the system's clock has caught up. `since_boot` counts the milliseconds
    since the machine was started.
    """

    def __init__(
        self,
        floor: datetime | None,
        now: Callable[[], datetime] = system_now,
        since_boot: Callable[[], int] = boot_ms,
    ) -> None:
        self._now = now
        self._since_boot = since_boot
        self._lock = threading.Lock()
        self._floor = floor if floor is not None else now()
        self._boot_id = _BOOT_ID.read_text().strip().replace("-", "") if _BOOT_ID.exists() else ""
        self._central_ahead: timedelta | None = None

    def now(self) -> datetime:
        """The trusted time, in UTC."""
        with self._lock:
            self._floor = max(self._floor, self._now())
            return self._floor

    @property
    def trusted(self) -> bool:
        """False while the system's clock lies behind what was recorded before, or far from central's."""
        with self._lock:
            behind = self._floor - self._now()
            ahead = self._central_ahead
        return behind <= BACKWARDS_TOLERATED and (ahead is None or abs(ahead) <= SALE_TIME_OFF_MAX)

    @property
    def offset_seconds(self) -> int | None:
        """By how much central's clock was ahead of ours at the last contact; None before the first."""
        return None if self._central_ahead is None else round(self._central_ahead.total_seconds())

    def heard_from_central(self, its_time: datetime) -> None:
        """Note central's time.

        A floor that lies more than a day ahead of both central's time and the system's came from a clock that was
        wrong once; it would date every sale in the future for as long, so it is let go.
        """
        with self._lock:
            system = self._now()
            agree = abs(its_time - system) <= SALE_TIME_OFF_MAX
            if agree and self._floor - max(its_time, system) > SALE_TIME_OFF_MAX:
                self._floor = system
            self._floor = max(self._floor, system)
            self._central_ahead = its_time - self._floor

    @property
    def boot(self) -> tuple[str, int]:
        """Which boot of the machine this is, and the milliseconds since."""
        return self._boot_id, self._since_boot()

    def age(self, of: datetime, noted: tuple[str, int]) -> timedelta:
        """How old something of the time `of` is that was noted at `noted` (see `boot`).

        Within one boot nobody can make it look younger by setting the clock back.
        """
        boot_id, then_ms = noted
        now_ms = self._since_boot()
        since = timedelta(milliseconds=now_ms - then_ms) if boot_id == self._boot_id else None
        by_wall = self.now() - of
        return by_wall if since is None else max(by_wall, since)

    def reading_for(self, claimed: datetime) -> tuple[datetime, ClockReading]:
        """The time that counts for a sale dated `claimed` by the POS, and the reading for its record."""
        wall = self.now()
        flagged = abs(claimed - wall) > SALE_TIME_OFF_MAX
        at = wall if flagged else claimed
        return at, ClockReading(wall, self._boot_id, self._since_boot(), flagged)

"""Times as central stores them: RFC 3339 text in UTC with milliseconds, so that text order is time order."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Where the time comes from; tests pass their own."""


def utc_now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def stored(moment: datetime) -> str:
    """`moment` (aware) as text, e.g. `2026-11-21T13:03:11.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read(text: str) -> datetime:
    """The inverse of `stored`."""
    return datetime.fromisoformat(text)

"""Waiting for conditions instead of for time."""

import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE_S = 30.0
"""Generous: the machine may be busy with other tests. Nothing waits so long when all is well."""

LOOK_S = 0.02

T = TypeVar("T")


def wait_until(holds: Callable[[], T | None], what: str, deadline_s: float = DEADLINE_S) -> T:
    """Return what `holds` returned as soon as that is true; fail with `what` when it is not in time."""
    until_s = time.monotonic() + deadline_s
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() >= until_s:
            raise AssertionError(f"not within {deadline_s:.0f} s: {what}")
        time.sleep(LOOK_S)

"""Taking turns and counting: what all parts of the bench have in common."""

import math
import statistics
import time
from collections.abc import Callable, Sequence

Action = Callable[[int], object]
"""Something to time; it is given the number of the turn."""


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: a value that was really measured."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median(values: Sequence[float]) -> float:
    """The p50."""
    return statistics.median(values)


def seconds_of(action: Action, turn: int = 0) -> float:
    """How long one turn takes."""
    began_at = time.perf_counter()
    action(turn)
    return time.perf_counter() - began_at


def in_turns(
    measured: Action,
    baseline: Action,
    turns: int,
    warm_up: int,
    between: Callable[[], object] = lambda: None,
) -> tuple[list[float], list[float]]:
    """Time both, one turn each, so that whatever else the machine does meets both alike.

    The first `warm_up` turns do not count. `between` is called before every pair and is not timed.
    """
    ours: list[float] = []
    theirs: list[float] = []
    for turn in range(warm_up + turns):
        between()
        took, beside = seconds_of(measured, turn), seconds_of(baseline, turn)
        if turn >= warm_up:
            ours.append(took)
            theirs.append(beside)
    return ours, theirs


def spread(values: Sequence[float]) -> dict[str, float]:
    """The percentiles that `--json` shows."""
    return {
        "turns": len(values),
        "p50": median(values),
        "p90": percentile(values, 90),
        "p99": percentile(values, 99),
        "max": max(values),
    }


def every(interval_s: float, action: Callable[[], object]) -> Callable[[], None]:
    """`action` at most every so many seconds, for whoever is called much more often."""
    last_at = time.monotonic()

    def maybe() -> None:
        nonlocal last_at
        if time.monotonic() - last_at >= interval_s:
            action()
            last_at = time.monotonic()

    return maybe

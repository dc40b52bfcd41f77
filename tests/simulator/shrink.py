"""A failure cut down to the few steps that it takes, and told so that somebody can follow it.

Delta debugging: chunks of the list are left out, large ones first, and what still fails in the same way is kept. It can
be done because every step carries its own luck and a step that finds nothing to do is none.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence

from tests.simulator.run import AT_TILL, Failed, Step, replay
from tests.simulator.world import TERMINALS

SHRINK_FOR_S = 300
"""After that the list is told as it is by then: a long list today is worth more than a short one tomorrow."""

_DIGITS = re.compile(r"[0-9a-f]{8,}|\d+")


def shrunk(failed: Failed, within_s: float = SHRINK_FOR_S) -> Failed:
    """The shortest list that was found to fail in the same way."""
    deadline = time.monotonic() + within_s
    best = _without_groups(failed, deadline)
    chunk = max(1, len(best.steps) // 2)
    while time.monotonic() < deadline:
        shorter = _without_chunks(best, chunk, deadline)
        if chunk == 1 and len(shorter.steps) == len(best.steps):
            break
        best = shorter
        chunk = max(1, min(chunk // 2, len(best.steps) // 2))
    return best


def _without_groups(best: Failed, deadline: float) -> Failed:
    """Leave out all steps of one till, or of one kind, at once."""
    tills = {each.which % TERMINALS for each in best.steps}
    kinds = Counter(each.kind for each in best.steps)
    groups: list[Callable[[Step], bool]] = [
        *(
            lambda step, till=till: step.which % TERMINALS == till and step.kind in AT_TILL
            for till in tills
        ),
        *(lambda step, kind=kind: step.kind == kind for kind, _ in kinds.most_common()),
    ]
    for belongs in groups:
        left = tuple(step for step in best.steps if not belongs(step))
        if time.monotonic() < deadline and len(left) < len(best.steps):
            found = replay(best.seed, left)
            if found is not None and alike(found, best):
                best = found
    return best


def _without_chunks(best: Failed, chunk: int, deadline: float) -> Failed:
    """Leave out one chunk after the other, from the end, for as long as it still fails."""
    start = len(best.steps) - chunk
    while start > -chunk and time.monotonic() < deadline:
        left = (*best.steps[: max(0, start)], *best.steps[max(0, start) + chunk :])
        found = replay(best.seed, left)
        if found is not None and alike(found, best):
            best = found
        start -= chunk
    return best


def alike(one: Failed, other: Failed) -> bool:
    """Whether two failures say the same but for names and numbers."""
    return _DIGITS.sub("#", one.error)[:60] == _DIGITS.sub("#", other.error)[:60]


def story(failed: Failed) -> str:
    """The list as it happens, what broke, and how to have it again."""
    lines: list[str] = []
    again = replay(failed.seed, failed.steps, lines.append)
    numbered = [f"{number:5}  {line}" for number, line in enumerate(lines, 1)]
    said = failed.error if again is None else again.error
    wanted = " ".join(map(str, failed.steps))
    return "\n".join(
        [
            f"SEED={failed.seed}, {len(failed.steps)} steps:",
            *numbered,
            f"then: {said}",
            f'again: python -m tests.simulator SEED={failed.seed} STEPS="{wanted}"',
        ]
    )


def read_steps(text: str) -> Sequence[Step]:
    """The inverse of what `story` prints."""
    parts = (each.split(":") for each in text.split())
    return [Step(kind, int(which), int(luck)) for kind, which, luck in parts]

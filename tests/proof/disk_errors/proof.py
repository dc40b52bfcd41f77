"""Errors of the disk at every write and every sync of a sale, and of a push at central."""

import random
import time
from collections.abc import Sequence
from pathlib import Path

from tests.proof.disk_errors.failing import DATABASES, Actor, act, faults_of, prepare, wrong_after
from tests.proof.report import Outcome, Part, Progress


def fail(most: int, seed: int, folder: Path, progress: Progress) -> Outcome:
    """An error at each call of both acts, or at `most` of them, drawn by the seed."""
    began_s = time.monotonic()
    wrong: list[str] = []
    with Actor() as actor:
        prepared = [prepare(actor, end, folder / end) for end in DATABASES]
        faults = []
        for each in prepared:
            _, calls, _ = act(actor, each, folder, None)
            faults += [(each, fault) for fault in faults_of(calls)]
        chosen = random.Random(seed).sample(faults, min(most, len(faults)))
        for each, fault in chosen:
            wrong += wrong_after(actor, each, folder, fault)
            progress()
    seconds = time.monotonic() - began_s
    note = (
        f"{len(chosen)} of the {len(faults)} calls of a sale and of a push, each with EIO or ENOSPC"
    )
    return Outcome("disk errors", len(chosen), 0, 0, seconds, wrong, note)


def prove(amount: int, seed: int, folder: Path, progress: Progress) -> Sequence[Outcome]:
    """At most so many errors."""
    return [fail(amount, seed, folder, progress)]


PART = Part("ERRORS", 1_000, "disk errors", prove)

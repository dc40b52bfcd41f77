"""Many power cuts of one recording, each at a moment and with a disk drawn from a seed."""

import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.proof.power_cuts.central_at_work import messages, write_messages
from tests.proof.power_cuts.dying_disk import Disk, put_down, said_before
from tests.proof.power_cuts.findings import Acknowledgement, Found
from tests.proof.power_cuts.judge_central import JudgeOfCentral
from tests.proof.power_cuts.judge_till import judge_till
from tests.proof.power_cuts.system_calls import Operation, record

Synchronous = Literal["FULL", "NORMAL", "OFF"]
MEMORY = Path("/dev/shm")
"""What is judged is thrown away at once, so it may lie in memory."""

EXAMPLES_MAX = 5
"""Faults are alike; five are read, a thousand are not."""

Judge = Callable[[Path, Sequence[Acknowledgement], Found], None]
"""Starts the shipped code on what is left in a folder; is given what had been acknowledged, and what to fill in."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What somebody at work did to its files below `root`, and who says what of it is missed."""

    root: str
    operations: Sequence[Operation]
    judge: Judge


@dataclass
class Cuts:
    """How many cuts did what."""

    count: int = 0
    losing: int = 0
    corrupting: int = 0
    lost: int = 0
    """Acknowledgements that were not there, over all cuts."""

    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)

    def add(self, found: Found, name: str) -> None:
        """One more cut."""
        self.count += 1
        self.losing += bool(found.lost)
        self.corrupting += bool(found.corrupt)
        self.lost += len(found.lost)
        for what in (*found.corrupt, *found.lost)[:1]:
            if len(self.examples) < EXAMPLES_MAX:
                self.examples.append(f"{name}: {what}")


def record_till(folder: Path, synchronous: Synchronous = "FULL") -> Recording:
    """Let a till work in `folder` and record it."""
    operations = _record("till_at_work", folder, synchronous)
    return Recording(str(_root(folder)), operations, judge_till)


def record_central(folder: Path, synchronous: Synchronous = "FULL") -> Recording:
    """Let central work in `folder` and record it."""
    root = _root(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_messages(root)
    operations = _record("central_at_work", folder, synchronous)
    return Recording(str(root), operations, JudgeOfCentral(messages(root)))


def _root(folder: Path) -> Path:
    return folder / "root"


def _record(module: str, folder: Path, synchronous: Synchronous) -> Sequence[Operation]:
    root, said = _root(folder), folder / "said"
    root.mkdir(parents=True)
    arguments = [str(root), str(said), synchronous]
    command = [sys.executable, "-m", f"tests.proof.power_cuts.{module}", *arguments]
    return record(command, root, said, folder / "trace")


def cut_many(
    recording: Recording, count: int, seed: int, progress: Callable[[], None] = lambda: None
) -> Cuts:
    """Cut the power `count` times; the same seed and recording give the same cuts."""
    chance = random.Random(seed)
    moments = sorted(chance.randrange(len(recording.operations) + 1) for _ in range(count))
    disk, done = Disk(recording.root), 0
    cuts = Cuts()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="edge-agent-cuts-", dir=_memory()) as folder:
        for number, moment in enumerate(moments):
            for operation in recording.operations[done:moment]:
                disk.do(operation)
            done = moment
            here = Path(folder) / "disk"
            here.mkdir()
            put_down(disk.left(random.Random(f"{seed} {number}")), recording.root, here)
            found = _judged(recording, here, moment)
            cuts.add(found, f"cut {number} after {moment} operations")
            shutil.rmtree(here)
            progress()
    cuts.seconds = time.monotonic() - began_s
    return cuts


def _judged(recording: Recording, folder: Path, moment: int) -> Found:
    found = Found()
    acknowledged = [json.loads(line) for line in said_before(recording.operations, moment)]
    try:
        recording.judge(folder, acknowledged, found)
    except Exception as error:  # noqa: BLE001 - whatever keeps the shipped code from starting is what is looked for
        found.corrupt.append(f"{type(error).__name__}: {error}")
    return found


def _memory() -> Path | None:
    return MEMORY if MEMORY.is_dir() else None

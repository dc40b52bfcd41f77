"""The long proof: as many events as are asked for, in worlds of a bounded size, one process for each core."""

import os
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.proof.report import Outcome, Part, Progress
from tests.simulator.run import Failed, Run, place, steps
from tests.simulator.shrink import shrunk, story
from tests.simulator.world import open_world

EVENTS_PER_WORLD = 25_000
"""Some months in the life of twelve tills; a longer one only grows its files, and a failure is harder to cut down."""


@dataclass(frozen=True, slots=True)
class Lived:
    """How one world went: what happened in it by kind, what became of its records, and how it failed, if it did."""

    kinds: Counter[str]
    states: Counter[str]
    checked: Counter[str]
    failed: Failed | None = None


def live(seed: int, events: int) -> Lived:
    """One world from its beginning to its calm end. An event is a step that found something to do."""
    with place() as folder, open_world(folder / "world", seed) as world:
        run = Run(world)
        failed = None
        try:
            for step in steps(seed):
                if len(run.done) == events:
                    break
                run.do(step)
            run.calm_down()
        except Exception as error:  # noqa: BLE001 - whatever comes out is what is looked for
            failed = Failed(seed, tuple(run.done), f"{type(error).__name__}: {error}")
        return Lived(run.kinds, world.books.states, world.checked, failed)


def prove(amount: int, seed: int, _folder: Path, progress: Progress) -> Sequence[Outcome]:
    """So many events, in worlds with the seeds from `seed` on; the first one that fails is cut down and told."""
    sizes = [EVENTS_PER_WORLD] * (amount // EVENTS_PER_WORLD)
    sizes += [rest] if (rest := amount % EVENTS_PER_WORLD) else []
    began = time.monotonic()
    kinds: Counter[str] = Counter()
    states: Counter[str] = Counter()
    checked: Counter[str] = Counter()
    wrong: list[str] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for lived in pool.map(live, range(seed, seed + len(sizes)), sizes):
            kinds += lived.kinds
            states += lived.states
            checked += lived.checked
            if lived.failed is not None:
                pool.shutdown(cancel_futures=True)
                wrong.append(story(shrunk(lived.failed)))
                break
            for _ in range(lived.kinds.total()):
                progress()
    seconds = time.monotonic() - began
    note = (
        f"{len(sizes)} worlds, {kinds.total() / seconds:,.0f} events a second; {_listed(kinds)};"
        f" records {_listed(states)}; {_listed(checked)}"
    )
    return [Outcome("simulated events", kinds.total(), 0, 0, seconds, wrong, note)]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common())


PART = Part("EVENTS", 1_000_000, "simulated events", prove)

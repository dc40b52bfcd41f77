"""The long proof: as many events as are asked for, in worlds of a bounded size, one process for each core."""

import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from tests.simulator.run import Failed, Run, place, steps
from tests.simulator.shrink import shrunk, story
from tests.simulator.world import open_world

EVENTS_PER_WORLD = 50_000
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


def prove(events: int, seed: int) -> None:
    """Run the worlds with the seeds from `seed` on, tell what happened; SystemExit with the story of a failure."""
    sizes = [EVENTS_PER_WORLD] * (events // EVENTS_PER_WORLD)
    sizes += [events % EVENTS_PER_WORLD] if events % EVENTS_PER_WORLD else []
    began = time.monotonic()
    kinds: Counter[str] = Counter()
    states: Counter[str] = Counter()
    checked: Counter[str] = Counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for lived in pool.map(live, range(seed, seed + len(sizes)), sizes):
            kinds += lived.kinds
            states += lived.states
            checked += lived.checked
            if lived.failed is not None:
                pool.shutdown(cancel_futures=True)
                print(f"SEED={lived.failed.seed} failed: {lived.failed.error}", flush=True)
                sys.exit(story(shrunk(lived.failed)))
    took = time.monotonic() - began
    print(
        f"{kinds.total():,} events in {len(sizes)} worlds from SEED={seed}, {kinds.total() / took:,.0f} a second:"
    )
    print("  " + ", ".join(f"{kind} {count:,}" for kind, count in kinds.most_common()))
    print("  records: " + ", ".join(f"{state} {count:,}" for state, count in states.most_common()))
    print("  checks: " + ", ".join(f"{what} {count:,}" for what, count in checked.most_common()))

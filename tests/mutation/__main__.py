"""`make mutation`: change the rules in many small ways and see whether a test fails.

    python -m tests.mutation SAMPLE=300 SEED=1

SAMPLE mutations of `edge_agent/domain`, drawn by SEED, each tried with the tests that run the mutated line, on
PROCESSES copies of the tree at once. Ends with 1 where fewer than nine in ten are caught. Arguments or environment
variables. KEEP names a folder for what the tests cover, which takes some minutes to record; without it that is thrown
away.
"""

import os
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.mutation.coverage_of_tests import Covering, record
from tests.mutation.sites import Mutation, sample
from tests.mutation.trial import Trial, Verdict, try_out
from tests.support.tree import copy_of

ROOT = Path(__file__).parents[2]
EXPLAINED = Path(__file__).with_name("survivors.toml")
CAUGHT_MIN = 0.9
DEFAULTS = {"SAMPLE": "300", "SEED": "1", "PROCESSES": "2", "KEEP": ""}

Explained = Mapping[tuple[str, str, str], str]
"""The reason by file, text of the line and operator."""


def chosen(arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """What was asked for. Raises SystemExit for a name that there is not."""
    found = DEFAULTS | {name: environment[name] for name in DEFAULTS if environment.get(name)}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or name not in DEFAULTS:
            sys.exit(f"usage: python -m tests.mutation [{'=…] ['.join(DEFAULTS)}=…]")
        found[name] = value
    return found


def explained() -> Explained:
    """The survivors that no test can catch."""
    listed = tomllib.loads(EXPLAINED.read_text()).get("survivor", [])
    return {(each["file"], each["line"], each["operator"]): each["reason"] for each in listed}


def key(trial: Trial) -> tuple[str, str, str]:
    """What an explanation names."""
    return trial.mutation.file, trial.text, trial.mutation.operator


def try_all(
    trees: Iterable[Path], mutations: Sequence[Mutation], covering: Covering
) -> list[Trial]:
    """Every mutation, each tree busy with one at a time; interrupted, what is known so far."""
    free: Queue[Path] = Queue()
    for tree in trees:
        free.put(tree)
    found: list[Trial] = []

    def one(mutation: Mutation) -> Trial:
        tree = free.get()
        try:
            return try_out(tree, mutation, covering)
        finally:
            free.put(tree)

    console = Console(stderr=True)
    with Progress(console=console) as progress, ThreadPoolExecutor(free.qsize()) as pool:
        task = progress.add_task("mutations", total=len(mutations))
        try:
            for trial in pool.map(one, mutations):
                found.append(trial)
                progress.advance(task)
                if not trial.is_caught:
                    progress.console.print(f"{trial.verdict.value}: {trial.mutation}", markup=False)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
    return found


def report(trials: Sequence[Trial], reasons: Explained) -> bool:
    """A table by file, every survivor with its diff, and whether enough was caught."""
    table = Table("file", "caught", "timed out", "survived", "explained")
    for file in sorted({each.mutation.file for each in trials}):
        of_file = [each for each in trials if each.mutation.file == file]
        left = [each for each in of_file if not each.is_caught]
        known = sum(key(each) in reasons for each in left)
        caught = sum(each.verdict is Verdict.CAUGHT for each in of_file)
        late = len(of_file) - caught - len(left)
        table.add_row(file, *map(str, (caught, late, len(left) - known, known)))
    console = Console()
    console.print(table)
    for each in trials:
        if not each.is_caught:
            why = reasons.get(key(each), each.verdict.value)
            console.print(
                f"\n{each.mutation.file}:{each.mutation.line} {each.mutation.operator}: {why}\n{each.diff}",
                markup=False,
                highlight=False,
            )
    caught = sum(each.is_caught for each in trials)
    known = sum(key(each) in reasons for each in trials if not each.is_caught)
    console.print(f"\n{caught} of {len(trials)} caught, {known} more explained.")
    return caught >= CAUGHT_MIN * len(trials)


def main() -> None:
    """Record, draw, try, tell."""
    asked = chosen(sys.argv[1:], os.environ)
    with tempfile.TemporaryDirectory(prefix="edge-agent-mutation-") as made:
        trees = [
            copy_of(ROOT, Path(made) / str(number)) for number in range(int(asked["PROCESSES"]))
        ]
        files = sorted(
            str(path.relative_to(trees[0]))
            for path in (trees[0] / "edge_agent" / "domain").rglob("*.py")
        )
        folder = Path(asked["KEEP"] or made)
        folder.mkdir(exist_ok=True)
        covering = record(trees[0], folder, files)
        mutations = sample(trees[0], files, int(asked["SAMPLE"]), int(asked["SEED"]))
        trials = try_all(trees, mutations, covering)
    sys.exit(0 if report(trials, explained()) else 1)


if __name__ == "__main__":
    main()

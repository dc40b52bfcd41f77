"""`make mutants`: break each promise and show that the test which holds it fails.

    python -m tests.mutants [NAME…]

Every patch in this folder is applied to a copy of the tree, the test that it names is run there, and the patch is taken
back; before that, the test has to pass without it. Ends with 1 where a mutant survives or does not apply any more.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.mutants.patches import PROMISES, ROOT, Mutant, applies, apply, mutants, take_back
from tests.support.tree import copy_of

TEST_S_MAX = 600
"""The longest named test takes seconds; on a busy machine, ten times that."""


class Verdict(StrEnum):
    """What became of a mutant."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    STALE = "does not apply"
    ALREADY = "its test fails without it"
    ERROR = "its test could not be run"


class Trial(NamedTuple):
    """A mutant, what became of it, and what there is to read about it."""

    mutant: Mutant
    verdict: Verdict
    seconds: float
    said: str = ""


class Run(NamedTuple):
    """One run of a test: how many of its cases failed and passed, and what was said."""

    failed: int
    passed: int
    said: str


def run_test(tree: Path, test: str) -> Run:
    """Run a test in `tree`, up to its first failure."""
    report = tree / "mutant-report.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, f"--junitxml={report}", test],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=TEST_S_MAX,
        check=False,
    )
    if not report.exists():
        return Run(0, 0, done.stdout + done.stderr)
    counts = [suite.attrib for suite in ElementTree.parse(report).iter("testsuite")]  # noqa: S314 - our own file
    total, failed, others = (
        sum(int(each[name]) for each in counts for name in names)
        for names in (("tests",), ("failures",), ("failures", "errors", "skipped"))
    )
    return Run(failed, total - others, done.stdout)


def try_out(mutant: Mutant, tree: Path) -> Trial:
    """Run the named test without and with the patch."""
    began_s = time.monotonic()

    def tried(verdict: Verdict, said: str = "") -> Trial:
        return Trial(mutant, verdict, time.monotonic() - began_s, said)

    why_not = applies(mutant, tree)
    if why_not:
        return tried(Verdict.STALE, why_not)
    sound = run_test(tree, mutant.test)
    if sound.failed or not sound.passed:
        return tried(Verdict.ALREADY if sound.failed else Verdict.ERROR, sound.said)
    apply(mutant, tree)
    try:
        broken = run_test(tree, mutant.test)
    finally:
        take_back(mutant, tree)
    if broken.failed:
        return tried(Verdict.CAUGHT)
    return tried(Verdict.SURVIVED if broken.passed else Verdict.ERROR, broken.said)


def show(trials: Sequence[Trial], console: Console) -> None:
    """A table by promise, with the test that must fail, and what there is to say of those that were not caught."""
    table = Table("promise", "mutant", "seconds", "verdict")
    for each in trials:
        colour = "green" if each.verdict is Verdict.CAUGHT else "red"
        table.add_row(
            PROMISES[each.mutant.promise],
            f"{each.mutant.name}\n  {each.mutant.test.rpartition('::')[2]}",
            f"{each.seconds:.0f}",
            f"[{colour}]{each.verdict.value}",
        )
    console.print(table)
    for each in trials:
        if each.verdict is not Verdict.CAUGHT:
            text = (
                f"\n{each.mutant.name} {each.verdict.value}: {each.mutant.why}\n{each.said[-3000:]}"
            )
            console.print(text, markup=False, highlight=False)


def chosen(names: Sequence[str]) -> list[Mutant]:
    """The mutants of these names, or all. Raises SystemExit with 2 for a name that there is not."""
    every = {each.name: each for each in mutants()}
    unknown = [name for name in names if name not in every]
    if unknown:
        print(f"no such mutant: {', '.join(unknown)}", file=sys.stderr)
        raise SystemExit(2)
    return [each for name, each in every.items() if not names or name in names]


def main() -> None:
    """Break, run, mend, tell."""
    console = Console()
    asked = chosen(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="edge-agent-mutants-") as folder:
        tree = copy_of(ROOT, Path(folder) / "tree")
        # A folder of its own to git: what lies around it would change how patches are read.
        subprocess.run(["git", "init", "--quiet", tree], check=True)
        trials = []
        for each in track(asked, "mutants", console=console):
            trials.append(try_out(each, tree))
            console.print(f"{each.name}: {trials[-1].verdict.value}", highlight=False)
    show(trials, console)
    caught = sum(each.verdict is Verdict.CAUGHT for each in trials)
    console.print(f"{caught} of {len(trials)} caught.")
    sys.exit(0 if caught == len(trials) else 1)


if __name__ == "__main__":
    main()

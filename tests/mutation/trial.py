"""One mutation tried: the tests that run its line, in a copy of the tree that nobody else uses."""

import difflib
import os
import resource
import signal
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from tests.mutation.coverage_of_tests import OF_EVERY_FILE, PLAINLY, Covering
from tests.mutation.sites import Mutation

START_S = 30
"""Seconds of processor time for Python, pytest and the models, which take some four."""

TIMES_AS_LONG = 5
"""A test that takes so many times what it took is in a loop without end. Processor time, so that a machine on which
others work, too, makes nothing look like one."""

HANGS_S = 3_600
"""Of wall time, for what waits for ever without working."""


AT_FIRST = 25
"""So many of the quickest tests are asked first where none are named after the file. These few catch most, and then the
modules of the others need not be read, which takes longer than the tests themselves."""


class Verdict(StrEnum):
    """What the tests made of a mutation. One that never ends is noticed, too."""

    CAUGHT = "caught"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"
    NO_TEST = "no test"


class Trial(NamedTuple):
    """A mutation, the text of its line, what became of it, and the change as a diff."""

    mutation: Mutation
    text: str
    verdict: Verdict
    diff: str

    @property
    def is_caught(self) -> bool:
        """Whether a test noticed."""
        return self.verdict in {Verdict.CAUGHT, Verdict.TIMED_OUT}


def try_out(tree: Path, mutation: Mutation, covering: Covering) -> Trial:
    """Change the file in `tree`, run what covers the line until something fails, and change it back."""
    path = tree / mutation.file
    source = path.read_text()
    mutated = mutation.code(source) or source
    tests = covering.of(mutation.file, mutation.line)
    path.write_text(mutated)
    try:
        verdict = _asked(tree, mutation.file, tests, covering)
    finally:
        path.write_text(source)
    diff = difflib.unified_diff(source.split("\n"), mutated.split("\n"), lineterm="", n=1)
    text = source.split("\n")[mutation.line - 1].strip()
    return Trial(mutation, text, verdict, "\n".join([*diff][2:]))


def _asked(tree: Path, file: str, tests: list[str], covering: Covering) -> Verdict:
    """What the tests say: first those in modules that are named after the file, and those of every file."""
    named = {each for each in tests if Path(file).stem in Path(each.partition("::")[0]).stem}
    named |= {each for each in tests if each.startswith(OF_EVERY_FILE)}
    first = [each for each in tests if each in named] or tests[:AT_FIRST]
    verdict = Verdict.NO_TEST
    for some in (first, [each for each in tests if each not in first]):
        if some and verdict in {Verdict.NO_TEST, Verdict.SURVIVED}:
            verdict = _run(tree, some, covering.takes_s(some))
    return verdict


def _run(tree: Path, tests: list[str], usually_s: float) -> Verdict:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    process = subprocess.Popen(
        [*command, "--hypothesis-seed=0", *tests],
        cwd=tree,
        env=os.environ | PLAINLY | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    cpu_s = int(START_S + TIMES_AS_LONG * usually_s)
    resource.prlimit(process.pid, resource.RLIMIT_CPU, (cpu_s, cpu_s))
    try:
        code = process.wait(HANGS_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return Verdict.TIMED_OUT
    if (
        code == -signal.SIGKILL
    ):  # At the hard limit the kernel sends this, and pytest itself never ends by it.
        return Verdict.TIMED_OUT
    return Verdict.CAUGHT if code else Verdict.SURVIVED

"""Which tests run which line, recorded once: a pytest plugin that tells coverage whose turn it is, and its reading."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import coverage
import pytest

TESTS = ("tests/unit/domain", "tests/unit/authoring", "tests/unit/programmes")
"""The tests that say what the domain does: its own, the reference page, schema and findings that are made from the
models, and the complete programmes. Others would only find out by accident, and much later."""

OF_EVERY_FILE = ("tests/unit/domain/test_values.py", "tests/unit/authoring/test_reference.py")
"""Tests that look at every module as a whole: what stands in a class is there once it is imported by anybody."""

PLAINLY = {"EXAMPLES": "15"}
"""Fewer examples of each property than in the test run, so that a survivor costs seconds and not minutes."""

_DURATIONS = "durations.json"
_took_s: dict[str, float] = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Lines that run from now on are run by this test; how long it takes, so that the quick ones are asked first."""
    name = _function(item.nodeid)
    running = coverage.Coverage.current()
    if running is not None:
        running.switch_context(name)
    begun = time.process_time()
    yield
    _took_s[name] = _took_s.get(name, 0.0) + time.process_time() - begun


def pytest_sessionfinish() -> None:
    """Leave the durations beside the coverage data."""
    Path(os.environ["COVERAGE_FILE"]).with_name(_DURATIONS).write_text(json.dumps(_took_s))


def _function(nodeid: str) -> str:
    """A test without its parameters."""
    return nodeid.partition("[")[0]


@dataclass(frozen=True)
class Covering:
    """The tests of every line of every file, and how long each test takes in seconds of processor time."""

    by_line: Mapping[str, Mapping[int, Sequence[str]]]
    took_s: Mapping[str, float] = field(default_factory=dict)

    def of(self, file: str, line: int) -> list[str]:
        """The tests that run a line, quickest first; of one that only runs at import those of its file and of all."""
        lines = self.by_line.get(file, {})
        tests = {test for test in lines.get(line, ()) if test}
        if not tests:
            tests = {test for each in lines.values() for test in each if test}
            tests |= {test for test in self.took_s if test.startswith(OF_EVERY_FILE)}
        return sorted(tests, key=lambda test: (self.took_s.get(test, 0.0), test))

    def takes_s(self, tests: Sequence[str]) -> float:
        """How long they took together."""
        return sum(self.took_s.get(test, 0.0) for test in tests)


def record(root: Path, folder: Path, files: Sequence[str]) -> Covering:
    """Run all tests once in the tree at `root`; `folder` keeps what is found, for the next run with the same tree."""
    data = folder / "coverage"
    if not data.exists():
        done = subprocess.run(
            [
                *(sys.executable, "-m", "coverage", "run", "--source", "edge_agent/domain"),
                *("-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"),
                *("-p", "tests.mutation.coverage_of_tests", *TESTS),
            ],
            cwd=root,
            env=os.environ | PLAINLY | {"COVERAGE_FILE": str(data), "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"the tests fail without any mutation:\n{done.stdout[-2000:]}{done.stderr}")
    found = coverage.CoverageData(basename=str(data))
    found.read()
    by_line = {file: found.contexts_by_lineno(file) for file in files}
    return Covering(by_line, json.loads((folder / _DURATIONS).read_text()))

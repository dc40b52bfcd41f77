"""A mutant: a patch that breaks a promise, with a header that says which, and which test must fail.

Promise: 1
Test: tests/unit/ledger/test_database.py::test_every_commit_is_synced_before_it_is_acknowledged
Why: one sentence on what goes wrong for people
diff --git …
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]

PROMISES = {
    1: "Acknowledged means on disk",
    2: "Once",
    3: "It adds up",
    4: "A return takes back what those units earned",
    5: "No overspending by construction",
    6: "The sale never waits",
    7: "Unknown is a state",
    8: "No payment card",
    9: "Everything is bounded",
    10: "Nothing disappears quietly",
    11: "An old till may always upload",
    12: "Nobody spends another's points",
}
"""What the software promises to those who rely on it, by number."""

_HEADER = re.compile(r"^(Promise|Test|Why): (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One patch; `test` is a node as pytest knows it, without parameters."""

    path: Path
    promise: int
    test: str
    why: str

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.stem


def read(path: Path) -> Mutant:
    """One patch file. Raises ValueError for a header that is not as it should be."""
    head, diff, _ = path.read_text(encoding="utf-8").partition("diff --git ")
    found = dict(_HEADER.findall(head))
    if not diff or found.keys() != {"Promise", "Test", "Why"}:
        raise ValueError(f"{path.name} needs Promise, Test and Why before its diff")
    return Mutant(path, int(found["Promise"]), found["Test"], found["Why"])


def mutants() -> list[Mutant]:
    """All of them, by promise."""
    return sorted(map(read, FOLDER.glob("*.patch")), key=lambda each: (each.promise, each.name))


def applies(mutant: Mutant, tree: Path) -> str:
    """Why the patch does not apply to `tree`; empty when it does."""
    return _git_apply(mutant, tree, "--check")


def apply(mutant: Mutant, tree: Path) -> None:
    """Break the tree."""
    said = _git_apply(mutant, tree)
    assert not said, said


def take_back(mutant: Mutant, tree: Path) -> None:
    """Mend it."""
    said = _git_apply(mutant, tree, "--reverse")
    assert not said, said


def _git_apply(mutant: Mutant, tree: Path, *how: str) -> str:
    done = subprocess.run(
        ["git", "apply", "--unidiff-zero", *how, str(mutant.path)],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr.strip() or "git apply failed"

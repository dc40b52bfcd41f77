"""`python -m tests.simulator EVENTS=100000 SEED=1`, or STEPS="..." to see one short list again."""

import sys
from pathlib import Path

from rich.console import Console

from tests.proof.report import show
from tests.simulator.prove import prove
from tests.simulator.run import replay
from tests.simulator.shrink import read_steps


def main() -> None:
    """Run; ends with 1 when something does not hold."""
    asked = dict(each.partition("=")[::2] for each in sys.argv[1:])
    if asked.keys() - {"EVENTS", "SEED", "STEPS"}:
        sys.exit(f"usage: {__doc__}")
    seed = int(asked.get("SEED", 1))
    if "STEPS" in asked:
        failed = replay(seed, read_steps(asked["STEPS"]), print)
        sys.exit(f"then: {failed.error}" if failed else 0)
    outcomes = prove(int(asked.get("EVENTS", 10_000)), seed, Path(), lambda: None)
    show(outcomes, seed, Console())
    sys.exit(0 if all(each.holds for each in outcomes) else 1)


if __name__ == "__main__":
    main()

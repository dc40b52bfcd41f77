"""`make proof`: what takes too long for every test run.

    python -m tests.proof CUTS=10000 KILLS=1000 SEED=1

Each number is the amount of one proof, 0 leaves it out, and SEED makes the same again. Arguments or environment
variables. Ends with a table, and with 1 when anything fails. docs/proof.md says what each of them shows.
"""

import logging
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.proof import chaos, kills
from tests.proof.disk_errors import proof as disk_errors
from tests.proof.power_cuts import proof as power_cuts
from tests.proof.report import Outcome, Part, show
from tests.simulator import prove as simulator

PARTS = (power_cuts.PART, kills.PART, disk_errors.PART, chaos.PART, simulator.PART)
NUMBERS = (*(part.number for part in PARTS), "SEED")


def chosen(arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, int]:
    """The numbers that were asked for. Raises SystemExit with 2 for anything else."""
    found = {name: environment[name] for name in NUMBERS if environment.get(name)}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or name not in NUMBERS:
            _wrong_use(f"usage: python -m tests.proof [{'=N] ['.join(NUMBERS)}=N]")
        found[name] = value
    if not all(value.isdecimal() for value in found.values()):
        _wrong_use(f"every one of {', '.join(NUMBERS)} is a whole number")
    return {name: int(value) for name, value in found.items()}


def _wrong_use(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    raise SystemExit(2)


def prove(amounts: Mapping[str, int], seed: int, console: Console) -> list[Outcome]:
    """Every part that has an amount."""
    outcomes: list[Outcome] = []
    columns = TextColumn("{task.description:28}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        for part in PARTS:
            amount = amounts[part.number]
            if amount == 0:
                continue
            task = progress.add_task(part.what, total=amount)
            moves, tells = partial(progress.advance, task), in_tenths(part.what, amount, console)
            outcomes += run(part, amount, seed, moves if console.is_terminal else tells)
            progress.update(task, completed=amount)
    return outcomes


def in_tenths(what: str, amount: int, console: Console) -> Callable[[], None]:
    """A line for each tenth of the amount: a file shows no bar that moves, and an hour without a word is long."""
    counted = count(1)
    began_s = time.monotonic()

    def advance() -> None:
        done = next(counted)
        if done * 10 // amount > (done - 1) * 10 // amount:
            took_s = time.monotonic() - began_s
            console.print(f"{what}: {done:,} of {amount:,} after {took_s:,.0f} s", highlight=False)

    return advance


def run(part: Part, amount: int, seed: int, advance: Callable[[], None]) -> Sequence[Outcome]:
    """One part; whatever ends it early is its failure, and the others are proven all the same."""
    began_s = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="edge-agent-proof-") as folder:
            return part.run(amount, seed, Path(folder), advance)
    except Exception as error:  # noqa: BLE001 - said in the table
        wrong = [f"it ended early: {type(error).__name__}: {error}"]
        return [Outcome(part.what, amount, 0, 0, time.monotonic() - began_s, wrong)]


def main() -> None:
    """Prove, tell, and end with 1 when something does not hold."""
    # What central logs in this process is not what is read here.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    numbers = chosen(sys.argv[1:], os.environ)
    seed = numbers.get("SEED", secrets.randbelow(1_000_000))
    amounts = {part.number: numbers.get(part.number, part.default) for part in PARTS}
    console = Console()
    asked = " ".join(f"{name}={amount}" for name, amount in amounts.items())
    console.print(f"Proof with SEED={seed} {asked}", highlight=False)
    outcomes = prove(amounts, seed, console)
    show(outcomes, seed, console)
    sys.exit(0 if all(each.holds for each in outcomes) else 1)


if __name__ == "__main__":
    main()

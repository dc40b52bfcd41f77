"""`make proof`: what takes too long for every test run.

    python -m tests.proof KILLS=300 SEED=1

KILLS kill -9 of agent and central under load, then every book is compared; SEED makes the same load again.
Arguments or environment variables; other names that `make proof` knows (CUTS, EVENTS) are accepted and not used yet.
"""

import os
import secrets
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.crashes import compare_books, run_crashes
from tests.support.load import Load
from tests.support.shop import Plan, open_shop

KILLS = 300
TOLD_EVERY = 20
NAMES = ("KILLS", "SEED", "CUTS", "EVENTS")


def chosen(arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, int]:
    """The numbers that were asked for. Raises SystemExit with 2 for anything else."""
    found = {name: environment[name] for name in NAMES if environment.get(name)}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or name not in NAMES:
            sys.exit(f"usage: python -m tests.proof [{'=N] ['.join(NAMES)}=N]")
        found[name] = value
    try:
        return {name: int(value) for name, value in found.items() if value}
    except ValueError:
        sys.exit(f"every one of {', '.join(NAMES)} is a number")


def prove_kills(kills: int, seed: int) -> None:
    """Kill, compare, tell."""
    with (
        tempfile.TemporaryDirectory(prefix="edge-agent-proof-") as folder,
        open_shop(Path(folder), Plan(printer=False)) as shop,
    ):
        before = shop.totals()

        def told(number: int) -> None:
            if number % TOLD_EVERY == 0:
                print(f"  {number} kills", flush=True)

        with Load(shop, seed) as load:
            crashes = run_crashes(shop, load, kills, seed, told)
        load.finish()
        compare_books(shop, load.log, before)
        print(crashes.summary(load.log))


def main() -> None:
    """Run every proof; ends with a traceback and 1 when one fails."""
    numbers = chosen(sys.argv[1:], os.environ)
    seed = numbers.get("SEED", secrets.randbelow(1_000_000))
    kills = numbers.get("KILLS", KILLS)
    print(f"Proof with SEED={seed} KILLS={kills}", flush=True)
    prove_kills(kills, seed)
    print("Every acknowledged act is there once, at the till and at central.")


if __name__ == "__main__":
    main()

"""kill -9 of agent and central under load, and every book compared afterwards."""

from collections.abc import Sequence
from pathlib import Path

from tests.proof.report import Outcome, Part, Progress
from tests.support.crashes import WITHIN_SHARE_MIN, compare_books, run_crashes
from tests.support.load import Load
from tests.support.shop import Plan, open_shop


def prove(amount: int, seed: int, folder: Path, progress: Progress) -> Sequence[Outcome]:
    """So many kills; the clients' own log is the oracle."""
    with open_shop(folder, Plan(printer=False)) as shop:
        before = shop.totals()
        wrong: list[str] = []
        with Load(shop, seed) as load:
            crashes = run_crashes(shop, load, amount, seed, lambda _: progress())
        load.finish()
        try:
            compare_books(shop, load.log, before)
        except AssertionError as error:
            wrong.append(f"the books differ: {error}")
        share = crashes.within_share(load.log)
        if share < WITHIN_SHARE_MIN:
            wrong.append(f"only {share:.0%} of the kills hit between BEGIN and answer")
        return [
            Outcome("kills", crashes.kills, 0, 0, crashes.seconds, wrong, crashes.summary(load.log))
        ]


PART = Part("KILLS", 1_000, "kills", prove)

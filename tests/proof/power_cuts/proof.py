"""What power cuts have to come to: nothing lost, nothing corrupt, and both wherever the disk is not waited for."""

from collections.abc import Sequence
from pathlib import Path

from tests.proof.power_cuts.cutting import Cuts, cut_many, record_central, record_till
from tests.proof.report import Outcome, Part, Progress

CONTROL_SHARE = 10
"""Each control does one in ten as many cuts: it has to fail, not to be measured."""

CONTROL_CUTS_MIN = 40

CENTRAL_SHARE = 10
"""Central gets one in ten as many cuts: it writes in the same way, and takes longer to start."""


def control_cuts(cuts: int) -> int:
    """How many cuts each control does."""
    return max(CONTROL_CUTS_MIN, cuts // CONTROL_SHARE)


def prove(amount: int, seed: int, folder: Path, progress: Progress) -> Sequence[Outcome]:
    """So many cuts of a till, some of central, and the two controls that show that a loss would be seen."""
    shipped = cut_many(record_till(folder / "full"), amount, seed, progress)
    central = cut_many(record_central(folder / "central"), max(1, amount // CENTRAL_SHARE), seed)
    relaxed = cut_many(record_till(folder / "normal", "NORMAL"), control_cuts(amount), seed)
    careless = cut_many(record_till(folder / "off", "OFF"), control_cuts(amount), seed)
    return [
        _outcome("power cuts at the till", shipped),
        _outcome("power cuts at central", central),
        _control("control: synchronous=NORMAL loses", relaxed, relaxed.lost),
        _control("control: synchronous=OFF corrupts", careless, careless.corrupting),
    ]


def _outcome(what: str, cuts: Cuts) -> Outcome:
    return Outcome(what, cuts.count, cuts.lost, cuts.corrupting, cuts.seconds, cuts.examples)


def _control(what: str, cuts: Cuts, fails: int) -> Outcome:
    wrong = [] if fails else ["it did not: a loss would not be seen"]
    note = (
        f"{cuts.lost:,} acknowledgements lost and {cuts.corrupting:,} disks corrupt, as they should"
    )
    return Outcome(what, cuts.count, 0, 0, cuts.seconds, wrong, note)


PART = Part("CUTS", 10_000, "power cuts", prove)

"""The proof's command: which amounts were asked for, and what becomes of a part that ends early."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.proof.__main__ import PARTS, chosen, run
from tests.proof.report import Outcome, Part, Progress


def test_arguments_come_before_the_environment() -> None:
    assert chosen(["CUTS=5"], {"CUTS": "7", "SEED": "3", "KILLS": ""}) == {"CUTS": 5, "SEED": 3}


@pytest.mark.parametrize("argument", ["CUTS=many", "CUTS=-1", "CUTS", "OTHER=1"])
def test_anything_else_is_wrong_use(argument: str) -> None:
    with pytest.raises(SystemExit) as ended:
        chosen([argument], {})
    assert ended.value.code == 2


def test_a_part_that_ends_early_does_not_hold_and_says_why() -> None:
    def fails(amount: int, seed: int, folder: Path, progress: Progress) -> Sequence[Outcome]:
        raise TimeoutError("central does not answer")

    [outcome] = run(Part("SOME", 1, "some part", fails), 7, 1, lambda: None)
    assert not outcome.holds
    assert (outcome.what, outcome.amount) == ("some part", 7)
    assert "central does not answer" in outcome.wrong[0]


def test_every_part_has_a_number_of_its_own() -> None:
    assert len({part.number for part in PARTS}) == len(PARTS)

"""The proof's command: which amounts were asked for, and what becomes of a part that ends early."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from tests.proof.__main__ import PARTS, chosen, in_tenths, run
from tests.proof.report import Outcome, Part, Progress, show


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


def test_what_is_needed_to_see_a_failure_again_is_told_as_it_is() -> None:
    told, again = Console(file=StringIO(), width=40), "lose:100:7 sell:1:2 [3] " * 9
    show([Outcome("some part", 1, 0, 0, 0.0, [again])], 7, told)
    assert f"some part: {again}" in cast("StringIO", told.file).getvalue()


def test_without_a_terminal_each_tenth_is_a_line() -> None:
    told = Console(file=StringIO(), width=80)
    advance = in_tenths("some part", 25, told)
    for _ in range(25):
        advance()
    lines = cast("StringIO", told.file).getvalue().splitlines()
    assert [line.split(" after ")[0] for line in lines][-2:] == [
        "some part: 23 of 25",
        "some part: 25 of 25",
    ]
    assert len(lines) == 10


def test_every_part_has_a_number_of_its_own() -> None:
    assert len({part.number for part in PARTS}) == len(PARTS)

"""A slice of the power cuts of `make proof`: of the shipped ledger, and of two that do not wait for the disk."""

from pathlib import Path

import pytest

from tests.proof.power_cuts.cutting import cut_many, record_central, record_till

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

CUTS, CONTROL_CUTS, CENTRAL_CUTS = 200, 30, 25
SEED = 20261127


def test_power_cuts_lose_nothing_that_was_acknowledged_and_leave_nothing_corrupt(
    tmp_path: Path,
) -> None:
    cuts = cut_many(record_till(tmp_path), CUTS, SEED)
    assert cuts.count == CUTS
    assert (cuts.lost, cuts.corrupting) == (0, 0), cuts.examples


def test_at_central_they_lose_nothing_that_a_till_was_told_of_and_no_secret(
    tmp_path: Path,
) -> None:
    cuts = cut_many(record_central(tmp_path), CENTRAL_CUTS, SEED)
    assert (cuts.lost, cuts.corrupting) == (0, 0), cuts.examples


def test_the_same_cuts_lose_something_where_the_log_is_not_synced_at_every_commit(
    tmp_path: Path,
) -> None:
    cuts = cut_many(record_till(tmp_path, "NORMAL"), CONTROL_CUTS, SEED)
    assert cuts.lost > 0
    assert cuts.corrupting == 0, cuts.examples


def test_the_same_cuts_corrupt_something_where_nothing_is_synced(tmp_path: Path) -> None:
    cuts = cut_many(record_till(tmp_path, "OFF"), CONTROL_CUTS, SEED)
    assert cuts.corrupting > 0

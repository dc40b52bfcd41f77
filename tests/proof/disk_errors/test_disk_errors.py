"""A slice of the disk errors of `make proof`: at some of the calls that a sale and a push make."""

from pathlib import Path

import pytest

from tests.proof.disk_errors.proof import fail

ERRORS = 16
SEED = 20261127


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_an_error_at_any_write_or_sync_loses_nothing_and_acknowledges_nothing_that_is_not_there(
    tmp_path: Path,
) -> None:
    outcome = fail(ERRORS, SEED, tmp_path, lambda: None)
    assert outcome.amount == ERRORS
    assert not outcome.wrong

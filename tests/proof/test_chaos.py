"""A slice of the breaking line of `make proof`."""

from pathlib import Path

import pytest

from tests.proof.chaos import STRIKES_MIN, break_line, wrong_after
from tests.support.shop import Plan, open_shop

ACTS = 150
SEED = 20261127


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_whatever_the_line_does_every_act_is_at_central_once(tmp_path: Path) -> None:
    with open_shop(tmp_path, Plan(printer=False)) as shop:
        before = shop.totals()
        load = break_line(shop, ACTS, SEED, lambda: None)
        assert shop.proxy.strikes.total() >= STRIKES_MIN, "the line hardly struck"
        # The pauses of a till that was refused for a while may be a minute long; a fresh start has none.
        shop.restart_agent_killed()
        assert not wrong_after(shop, load, before), f"with SEED={SEED}"

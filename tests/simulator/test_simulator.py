"""A slice of the simulator in every run, and that it finds what is broken."""

from collections.abc import Sequence

import pytest
from sqlite_utils import Database

from edge_agent.domain.holdings import Holding
from edge_agent.ledger import derived
from edge_agent.ledger.derived import Applied
from tests.simulator.prove import live
from tests.simulator.run import Run, place, steps
from tests.simulator.shrink import read_steps, shrunk, story
from tests.simulator.world import open_world

EVENTS = 600
"""Enough that most kinds of step happen, and some seconds of every test run; `make proof` does a million."""


@pytest.mark.slow
@pytest.mark.timeout(300)  # a failure is cut down before it is told
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_or_done_twice_or_overspent_whatever_goes_wrong(seed: int) -> None:
    lived = live(seed, EVENTS)
    if lived.failed is not None:
        pytest.fail(story(shrunk(lived.failed, within_s=60)))
    assert lived.kinds.total() == EVENTS
    assert lived.states["accepted"] > EVENTS / 10
    assert lived.checked["balances shown"] > EVENTS / 20


def _heads(seed: int, events: int) -> list[bytes]:
    with place() as folder, open_world(folder / "world", seed) as world:
        run = Run(world)
        for step in steps(seed):
            if len(run.done) == events:
                return [each.store.ledger.head.hash for each in world.terminals]
            run.do(step)
    raise AssertionError


def test_the_same_seed_writes_the_same_bytes() -> None:
    first = _heads(7, 120)
    assert first == _heads(7, 120)
    assert len(set(first)) > len(first) // 2


@pytest.mark.slow
def test_a_failure_is_cut_down_to_a_list_that_can_be_had_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sound = derived.unposted

    def one_off(db: Database, accounts: Sequence[str], applied: Applied) -> list[Holding]:
        return sound(db, accounts, applied._replace(seq=applied.seq + 1))

    monkeypatch.setattr(derived, "unposted", one_off)
    failed = live(3, EVENTS).failed
    assert failed is not None
    short = shrunk(failed, within_s=90)
    assert len(short.steps) <= 5 < len(failed.steps)
    told = story(short)
    assert "shows" in told
    wanted = told.partition('STEPS="')[2].rstrip('"')
    assert tuple(read_steps(wanted)) == short.steps

"""Rewards where nothing is bought: what is taken and given, and what has to wait for a sale."""

from dataclasses import replace

import pytest

from edge_agent.domain.member import MemberFacts, Standing
from edge_agent.domain.programme import Evaluation
from edge_agent.domain.programme.collecting import collect
from edge_agent.domain.programme.evaluation import nothing_bought
from edge_agent.domain.programme.situation import Redemption
from tests.unit.domain.builders import A_SATURDAY
from tests.unit.domain.programme.reducing import (
    member,
    points,
    redeeming,
    reward,
    rules,
    spent,
    why_not,
)

REWARDS = rules(
    reward("trip", 'cost = 100\nsort = "experience"\nlimits = [{ times = 2, of = "sale" }]')
    + reward("miles", 'sort = "donation"\ncost = 30')
    + reward("half", "cost = 10\noff = { percent = 50 }"),
    combine="rewards_per_sale = 3",
)
RICH = member(points(1000))


def collecting(*wanted: Redemption, facts: MemberFacts = RICH) -> Evaluation:
    return collect(REWARDS, facts, redeeming(*wanted, reduces=False), A_SATURDAY)


def test_what_was_chosen_is_taken_without_a_sale() -> None:
    assert spent(collecting(Redemption("trip"), Redemption("miles"))) == 130
    assert spent(collecting(Redemption("trip", times=2))) == 200
    assert why_not(collecting(Redemption("trip", times=3))) == {"trip": "used-up"}


def test_as_often_as_is_of_use_counts_as_one_reward_of_those_that_a_sale_may_have() -> None:
    as_often = Redemption("trip", times=0)
    assert spent(collecting(as_often, Redemption("miles", times=2))) == 260
    assert why_not(collecting(as_often, Redemption("miles", times=3))) == {
        "trip": "too-many",
        "miles": "too-many",
    }


def test_what_is_off_a_basket_needs_one() -> None:
    assert why_not(collecting(Redemption("half"))) == {"half": "needs-quote"}


@pytest.mark.parametrize(
    ("store", "channel", "obstacle"),
    [
        ("0412", "store", None),
        ("0413", "store", "other-store"),
        ("0412", "web", "other-channel"),
    ],
)
def test_a_reward_of_one_store_is_collected_there(
    store: str, channel: str, obstacle: str | None
) -> None:
    when = 'when = { stores = ["0412"], channels = ["store"] }'
    here = rules(reward("trip", f'cost = 100\nsort = "experience"\n{when}'))
    wanted = redeeming(Redemption("trip"), reduces=False)
    found = collect(here, RICH, wanted, A_SATURDAY, store=store, channel=channel)
    assert why_not(found) == ({} if obstacle is None else {"trip": obstacle})
    assert spent(found) == (100 if obstacle is None else 0)


@pytest.mark.parametrize("standing", [Standing.BLOCKED, Standing.ERASED])
def test_an_account_that_does_not_take_part_gets_nothing(standing: Standing) -> None:
    found = collecting(Redemption("miles"), facts=replace(RICH, standing=standing))
    assert (found.outcomes, found.entries) == ((), ())


def test_whoever_buys_nothing_has_an_empty_basket_in_the_programmes_currency() -> None:
    nothing = nothing_bought(REWARDS)
    assert (nothing.lines, nothing.total, nothing.currency) == ((), 0, "EUR")
    assert (nothing.channel, nothing.store) == ("store", "")

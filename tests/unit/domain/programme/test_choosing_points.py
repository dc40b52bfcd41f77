"""What the customer can choose from where they choose how many points to use, and the fewest that are of use."""

from decimal import Decimal
from typing import Any

import pytest

from edge_agent.domain.programme.spending import Choice, Spend
from edge_agent.domain.programme.unmet import Obstacle, Unmet

HUNDRED = Decimal(100)
TABLE = {"table": [{"points": 500, "value": 600}, {"points": 100, "value": 100}]}


@pytest.mark.parametrize(
    ("keys", "usable", "scale", "choice"),
    [
        ({"step": 50, "value": 100}, 260, 1, Choice(50, 50, 250, HUNDRED)),
        ({"step": 50, "value": 100}, 49, 1, Choice(50, 50, 0, HUNDRED)),
        ({"step": 50, "value": 100}, 50, 1, Choice(50, 50, 50, HUNDRED)),
        ({"step": 50, "value": 100, "minimum": 120}, 260, 1, Choice(50, 150, 250, HUNDRED)),
        ({"step": 50, "value": 100, "minimum": 150}, 149, 1, Choice(50, 150, 0, HUNDRED)),
        ({"step": 50, "value": 100, "maximum": 199}, 260, 1, Choice(50, 50, 150, HUNDRED)),
        ({"step": 5, "value": 100}, 260, 10, Choice(50, 50, 250, HUNDRED)),
        ({"step": 50, "value": 4, "per_measure": True}, 260, 1, Choice(50, 50, 250, None)),
        (TABLE, 260, 1, Choice(100, 100, 200, None)),
        (TABLE, 99, 1, Choice(100, 100, 0, None)),
    ],
)
def test_from_how_many_to_how_many_in_which_steps(
    keys: dict[str, Any], usable: int, scale: int, choice: Choice
) -> None:
    assert Spend.model_validate(keys).choice(usable, scale) == choice


@pytest.mark.parametrize(
    ("keys", "wanted", "usable", "expected"),
    [
        ({"step": 50, "value": 100}, 300, 260, Unmet(Obstacle.NOT_ENOUGH, 40)),
        ({"step": 50, "value": 100}, None, 49, Unmet(Obstacle.NOT_ENOUGH, 1)),
        ({"step": 50, "value": 100}, 49, 260, Unmet(Obstacle.NOT_ENOUGH, 1)),
        ({"step": 50, "value": 100, "minimum": 120}, 119, 260, Unmet(Obstacle.BELOW_MINIMUM, 120)),
        ({"step": 50, "value": 100, "minimum": 120}, None, 119, Unmet(Obstacle.BELOW_MINIMUM, 120)),
        # there is only 1.00 to pay, which is one step, and two at least have to be used
        ({"step": 50, "value": 100, "minimum": 100}, None, 260, Unmet(Obstacle.BELOW_MINIMUM, 100)),
        ({"step": 50, "value": 200}, None, 260, Unmet(Obstacle.NOTHING_LEFT)),
    ],
)
def test_what_cannot_be_used_says_how_far_off_it_is(
    keys: dict[str, Any], wanted: int | None, usable: int, expected: Unmet
) -> None:
    assert Spend.model_validate(keys).spent(wanted, usable, 100, (), 1) == expected


@pytest.mark.parametrize(("wanted", "usable"), [(None, -1), (None, -500), (-1, 260)])
def test_less_than_nothing_is_never_used(wanted: int | None, usable: int) -> None:
    spend = Spend.model_validate({"step": 1, "value": 1})
    assert isinstance(spend.spent(wanted, usable, 100, (), 1), Unmet)

"""The limits on redeeming without central, and the worst that can be lost under them."""

from datetime import timedelta
from fractions import Fraction

import pytest

from edge_agent.till.limits import (
    AtRisk,
    Limit,
    OfflineLimits,
    in_points,
    most_money,
    reached,
    room,
    worst_loss,
)
from tests.unit.domain.builders import BASE, programme

LIMITS = OfflineLimits(500, 700, 2000, timedelta(hours=72))
HOUR = timedelta(hours=1)


def risk(of_member: int = 0, of_all: int = 0) -> AtRisk:
    return AtRisk(Fraction(of_member), Fraction(of_all))


@pytest.mark.parametrize(
    ("asked", "at_risk", "age", "limit"),
    [
        (500, risk(), 72 * HOUR, None),
        (501, risk(), HOUR, Limit.REDEMPTION),
        (500, risk(200, 200), HOUR, None),
        (500, risk(201, 201), HOUR, Limit.MEMBER),
        (500, risk(0, 1500), HOUR, None),
        (500, risk(0, 1501), HOUR, Limit.OUTAGE),
        (1, risk(), 72 * HOUR + timedelta(seconds=1), Limit.AGE),
        (1, risk(), None, Limit.AGE),
    ],
)
def test_each_limit_allows_up_to_itself_and_not_one_more(
    asked: int, at_risk: AtRisk, age: timedelta | None, limit: Limit | None
) -> None:
    stop = reached(LIMITS, Fraction(asked), at_risk, age)
    assert (None if stop is None else stop.limit) == limit


def test_parts_of_a_point_count_as_parts() -> None:
    assert reached(LIMITS, Fraction("500.01"), risk(), HOUR) is not None
    assert reached(LIMITS, Fraction("499.99"), risk(), HOUR) is None


@pytest.mark.parametrize(
    ("at_risk", "left"),
    [(risk(), 500), (risk(300, 300), 400), (risk(700, 700), 0), (risk(0, 1990), 10)],
)
def test_the_room_is_what_the_tightest_limit_leaves(at_risk: AtRisk, left: int) -> None:
    assert room(LIMITS, at_risk) == left
    if left:
        assert reached(LIMITS, Fraction(left), at_risk, HOUR) is None
    assert reached(LIMITS, Fraction(left + 1), at_risk, HOUR) is not None


@pytest.mark.parametrize("language", ["nl", "en", "de", "fr"])
@pytest.mark.parametrize(
    ("asked", "at_risk", "number"),
    [(501, risk(), "500"), (300, risk(600, 600), "100"), (300, risk(0, 1900), "100")],
)
def test_the_reason_says_how_much_can_still_be_redeemed(
    language: str, asked: int, at_risk: AtRisk, number: str
) -> None:
    stop = reached(LIMITS, Fraction(asked), at_risk, HOUR)
    assert stop is not None
    assert number in stop.in_words(language)


REWARD = '[[reward]]\nid = "r{}"\ntitle = "reward"\n{}\n'


@pytest.mark.parametrize(
    ("rewards", "worst"),
    [
        # 2000 points at 5.00 for 250: 2 cents a point.
        (["cost = 250\noff = { amount = 500 }"], 4000),
        # The dearest point counts: 8.00 for 250 beats 5.00 for 250.
        (["cost = 250\noff = { amount = 500 }", "cost = 250\noff = { amount = 800 }"], 6400),
        (["spend = { step = 100, value = 500 }"], 10_000),
        (
            ["spend = { table = [{ points = 100, value = 100 }, { points = 250, value = 1000 }] }"],
            8000,
        ),
        (["cost_per = 2\noff = { percent = 50 }"], 1000),
        # 2000 points at 1.00 for 3 points: 666.67, rounded up to the cent.
        (["cost = 3\noff = { amount = 100 }"], 66_667),
        (["cost = 100\noff = { percent = 10, up_to = 300 }"], 6000),
        # What was issued counts as the points that its money is worth, and makes no point dearer.
        (["cost = 250\noff = { amount = 500 }", "off = { amount = 9000 }"], 4000),
        # Where nothing else is money, its limits are cents.
        (["off = { percent = 100, up_to = 1500 }"], 2000),
        # No money.
        (["cost = 60"], 0),
        (["cost = 60", 'sort = "product"'], 0),
        ([], 0),
    ],
)
def test_the_worst_loss_is_every_point_of_an_outage_in_the_reward_that_gives_most_for_one(
    rewards: list[str], worst: int
) -> None:
    rules = BASE + "".join(REWARD.format(n, each) for n, each in enumerate(rewards))
    assert worst_loss(programme(rules), LIMITS) == worst


@pytest.mark.parametrize(
    ("rewards", "money", "points"),
    [
        (["off = { amount = 400 }", "cost = 250\noff = { amount = 500 }"], 400, 200),
        (["off = { percent = 100, up_to = 1500 }", "cost = 3\noff = { amount = 100 }"], 1500, 45),
        (["off = { percent = 100, units = 1 }", "cost = 250\noff = { amount = 500 }"], 0, 0),
        (["off = { amount = 400 }"], 400, 400),
        (['sort = "product"'], 0, 0),
    ],
)
def test_what_was_issued_counts_as_the_points_that_its_money_is_worth(
    rewards: list[str], money: int, points: int
) -> None:
    rules = programme(BASE + "".join(REWARD.format(n, each) for n, each in enumerate(rewards)))
    assert most_money(rules.file.reward[0]) == money
    assert in_points(money, rules) == points

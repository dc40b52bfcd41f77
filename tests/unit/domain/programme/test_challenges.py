"""Challenges: so many within a window, so many periods in a row, all of a collection; each paid once."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Programme, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.outlook import outlook
from edge_agent.domain.programme.progress import Measure, Progress, Stand, Towards
from edge_agent.domain.programme.unmet import Obstacle
from edge_agent.domain.tallies import Window
from tests.unit.domain.builders import BASE, basket, line, programme
from tests.unit.domain.customers import Customer, at, given

BREAD = basket(line(1, 250, "bread"))
NO_POINTS = BASE.replace(
    "points = 1", 'points = "0.000001"'
)  # so that every point is the challenge's
CAMPAIGN = "target = 2\nwhen = { from_date = 2026-11-10, until_date = 2026-11-20 }"


def challenge(keys: str, gives: str = "[{ quantity = 100 }]") -> Programme:
    return programme(
        f'{NO_POINTS}[[challenge]]\nid = "run"\ntitle = "Vijf keer"\ngives = {gives}\n{keys}\n'
    )


def given_on(rules: Programme, days: str) -> list[int]:
    """What one loaf of bread gives on each of these days of November and December 2026."""
    customer = Customer(rules)
    return [given(customer.buys(BREAD, at(f"2026-{day}"))) for day in days.split()]


@pytest.mark.parametrize(
    ("keys", "days", "points"),
    [
        # three visits, ever; the fourth begins nothing
        ("target = 3", "11-01 11-02 11-03 11-04 11-05 11-06", [0, 0, 100, 0, 0, 0]),
        ("target = 2\ntimes = 2", "11-01 11-02 11-03 11-04 11-05 11-06", [0, 100, 0, 100, 0, 0]),
        ("target = 1", "11-01 11-02", [100, 0]),
        # in a calendar month: December begins anew, and its completion is its own
        ('target = 2\nwithin = "month"', "11-28 12-01 12-02 12-03", [0, 0, 100, 0]),
        ('target = 2\nwithin = "month"', "11-01 11-02 11-03 12-01 12-02", [0, 100, 0, 0, 100]),
        # within 7 days, today included: the 1st is out of the week that ends on the 8th
        ('target = 3\nwithin = "7 days"', "11-01 11-04 11-08 11-09", [0, 0, 0, 100]),
        ('target = 3\nwithin = "7 days"', "11-01 11-04 11-07", [0, 0, 100]),
        # what one completion used up is not counted for the next
        ('target = 2\nwithin = "7 days"\ntimes = 9', "11-01 11-02 11-03 11-10 11-11", [0, 100, 0, 0, 100]),
        ('target = 2\nwithin = "7 days"\ntimes = 9', "11-01 11-02 11-03 11-04", [0, 100, 0, 100]),
        # dates of a campaign: both count, nothing before or after does
        (CAMPAIGN, "11-09 11-10 11-20 11-21", [0, 0, 100, 0]),
        (CAMPAIGN, "11-09 11-10 11-21 11-22", [0, 0, 0, 0]),
        # different days and weeks (2026-11-02 is a Monday)
        ('target = 2\nonce_per = "day"', "11-02 11-02 11-02 11-03", [0, 0, 0, 100]),
        ('target = 3\nonce_per = "week"', "11-02 11-08 11-09 11-15 11-30", [0, 0, 0, 0, 100]),
        ('target = 1\nonce_per = "day"\ntimes = 5', "11-02 11-02 11-03", [100, 0, 100]),
        # in a row
        ('target = 3\nin_a_row = "week"', "11-02 11-09 11-16 11-23", [0, 0, 100, 0]),
        ('target = 3\nin_a_row = "week"', "11-02 11-09 11-23 11-30 12-07", [0, 0, 0, 0, 100]),
        ('target = 2\nin_a_row = "week"\ntimes = 9', "11-02 11-09 11-16 11-23 11-30", [0, 100, 0, 100, 0]),
        ('target = 2\nin_a_row = "week"\ntimes = 9', "11-02 11-09 11-10 11-15 11-16 11-23", [0, 100, 0, 0, 0, 100]),
        ('target = 3\nin_a_row = "day"', "11-30 12-01 12-01 12-02", [0, 0, 0, 100]),
        ('target = 2\nin_a_row = "month"', "11-30 12-31", [0, 100]),
        ('target = 1\nin_a_row = "week"\ntimes = 9', "11-02 11-03 11-09", [100, 0, 100]),
        # conditions of the visit
        ('target = 2\nwhen = { weekdays = ["mon"] }', "11-02 11-03 11-09", [0, 0, 100]),
        ('target = 1\nwhen = { categories = ["fruit"] }', "11-02", [0]),
        ("target = 1\nwhen = { minimum_spend = 251 }", "11-02", [0]),
        ("target = 1\nwhen = { minimum_spend = 250 }", "11-02", [100]),
    ],
)  # fmt: skip
def test_visits_are_counted_and_paid_once(keys: str, days: str, points: list[int]) -> None:
    assert given_on(challenge(keys), days) == points


@pytest.mark.parametrize(
    ("keys", "amounts", "points"),
    [
        ("target = 1000", [400, 500, 99, 1, 5000], [0, 0, 0, 100, 0]),
        ("target = 1000\ntimes = 10", [2500, 500, 1999], [200, 100, 100]),  # 500 and 999 are carried over
        ("target = 1000\ntimes = 2", [9999, 1], [200, 0]),
    ],
)  # fmt: skip
def test_spend_is_counted_in_minor_units_and_the_rest_is_carried_over(
    keys: str, amounts: list[int], points: list[int]
) -> None:
    customer = Customer(challenge(f'counts = "spend"\n{keys}'))
    bought = [basket(line(1, amount)) for amount in amounts]
    assert [given(customer.buys(each, at("2026-11-02"))) for each in bought] == points


def test_pieces_of_the_selection_are_counted_and_weighed_goods_have_none() -> None:
    rules = challenge('counts = "pieces"\ntarget = 5\nwhen = { categories = ["coffee"] }')
    customer = Customer(rules)
    bought = basket(
        line(1, 600, "coffee", quantity=Decimal(2)),
        line(2, 300, "coffee", quantity=Decimal("0.482")),
        line(3, 900, "bread", quantity=Decimal(3)),
    )
    assert [given(customer.buys(bought, at("2026-11-02"))) for _ in range(3)] == [0, 0, 100]
    assert customer.has("count/did.run") == 6
    assert customer.has("count/used.did.run") == 5


COLLECTION = """
items = [
  { id = "espresso", title = "espresso", skus = ["e"] },
  { id = "latte", title = "latte", skus = ["l", "ll"] },
  { id = "tea", title = "thee", categories = ["tea"] },
]
times = 2
"""


def cups(*skus: str) -> list[int]:
    """What cups give that are bought one by one."""
    customer = Customer(challenge(COLLECTION))
    lines = {"t": line(1, 200, "tea")}
    return [
        given(customer.buys(basket(lines.get(sku) or line(1, 200, sku=sku)), at("2026-11-02")))
        for sku in skus
    ]


@pytest.mark.parametrize(
    ("skus", "points"),
    [
        ("e l t", [0, 0, 100]),
        ("e e e ll t", [0, 0, 0, 0, 100]),
        ("e l t l t e", [0, 0, 100, 0, 0, 100]),
        ("e e l t l t e l t", [0, 0, 0, 100, 0, 100, 0, 0, 0]),  # twice and no more
        ("e l x", [0, 0, 0]),
    ],
)
def test_a_collection_takes_one_of_each(skus: str, points: list[int]) -> None:
    assert cups(*skus.split()) == points


def test_a_collection_can_be_bought_at_once() -> None:
    customer = Customer(challenge(COLLECTION))
    bought = basket(line(1, 200, sku="e"), line(2, 200, sku="l"), line(3, 200, "tea"))
    assert given(customer.buys(bought, at("2026-11-02"))) == 100


def test_a_reward_is_given_to_collect_and_points_in_the_units_parts() -> None:
    reward = '[[reward]]\nid = "coffee"\ncost = 60\ntitle = "koffie"\n'
    stars = '[unit.stars]\nname = { one = "star", many = "stars" }\ndecimals = 1\n'
    rules = programme(
        stars
        + NO_POINTS
        + reward
        + '[[challenge]]\nid = "run"\ntitle = "x"\n'
        + 'gives = [{ reward = "coffee" }, { unit = "stars", quantity = 2.5, expiry = { days = 30 } }]\n'
    )
    found = Customer(rules).buys(BREAD, at("2026-11-02")).entries
    assert [(each.unit, each.quantity, each.expires_on) for each in found if each.unit[:5] != "count"] == [
        ("reward/coffee", 1, None),
        ("stars", 25, date(2026, 12, 2)),
    ]  # fmt: skip


def test_what_was_counted_before_its_first_day_is_of_an_earlier_edition() -> None:
    rules = challenge("target = 2\nwhen = { from_date = 2026-11-10 }")
    last_year = Holding("count/did.run", 1, day=date(2025, 11, 12))
    customer = Customer(rules, MemberFacts("a", holdings=(last_year,)))
    found = [given(customer.buys(BREAD, at(f"2026-11-{day}"))) for day in (11, 12)]
    assert found == [0, 100]


def test_nothing_counts_before_the_member_has_activated_it() -> None:
    customer = Customer(
        challenge("target = 2\nactivate = true\nwhen = { until_date = 2026-11-30 }")
    )
    first = customer.buys(BREAD, at("2026-11-02"))
    assert customer.has("count/did.run") == 0
    assert not any(each.rule == "run" for each in first.outcomes)
    active = customer.does("activate/run", at("2026-11-03")).entries
    assert [(each.unit, each.quantity, each.expires_on) for each in active] == [
        ("offer/run", 1, date(2026, 11, 30))
    ]
    assert [given(customer.buys(BREAD, at(f"2026-11-0{day}"))) for day in (4, 5)] == [0, 100]


@pytest.mark.parametrize(
    ("keys", "days", "obstacle"),
    [
        ("target = 2\nactivate = true", "", Obstacle.NOT_ACTIVATED),
        ("target = 1", "11-01", Obstacle.USED_UP),
        ('target = 2\nonce_per = "day"', "11-02", Obstacle.USED_UP),
        ('when = { categories = ["fruit"] }', "", Obstacle.NO_LINE),
        ('when = { weekdays = ["sun"] }', "", Obstacle.OTHER_DAY),
    ],
)
def test_why_nothing_counted_is_said_when_it_is_asked(
    keys: str, days: str, obstacle: Obstacle
) -> None:
    rules = challenge(keys)
    customer = Customer(rules)
    for day in days.split():
        customer.buys(BREAD, at(f"2026-{day}"))
    now = at("2026-11-02")
    unmet = evaluate(rules, customer.facts(now), BREAD, now, explains=True).outcomes[-1].unmet
    assert unmet is not None
    assert unmet.obstacle is obstacle


def progress(rules: Programme, days: str, day: str) -> Progress:
    customer = Customer(rules)
    for each in days.split():
        customer.buys(BREAD, at(f"2026-{each}"))
    now = at(f"2026-{day}")
    (found,) = outlook(rules, customer.facts(now), now).towards(Towards.CHALLENGE)
    return found


@pytest.mark.parametrize(
    ("keys", "days", "have", "need", "measure", "until"),
    [
        ("target = 5", "11-01 11-02", 2, 5, Measure.VISITS, None),
        ('target = 5\nwithin = "month"', "10-31 11-02", 1, 5, Measure.VISITS, "2026-11-30"),
        ('target = 5\nwithin = "30 days"', "11-02", 1, 5, Measure.VISITS, None),
        ('target = 5\nwithin = "year"\nwhen = { until_date = 2026-11-29 }', "", 0, 5, Measure.VISITS, "2026-11-29"),
        ('target = 5000\ncounts = "spend"', "11-01 11-02", 500, 5000, Measure.MONEY, None),
        ('target = 5\ncounts = "pieces"', "11-01", 1, 5, Measure.PIECES, None),
        ('target = 4\nonce_per = "week"', "11-01 11-02", 2, 4, Measure.WEEKS, None),
        ('target = 4\nin_a_row = "week"', "11-02 11-09", 2, 4, Measure.WEEKS, None),  # still to come this week
        ('target = 4\nin_a_row = "week"', "11-02 11-09 11-16", 3, 4, Measure.WEEKS, None),
        ('target = 4\nin_a_row = "week"', "11-02", 0, 4, Measure.WEEKS, None),  # missed a week
    ],
)  # fmt: skip
def test_progress_says_what_is_there_and_what_it_takes(
    keys: str, days: str, have: int, need: int, measure: Measure, until: str | None
) -> None:
    found = progress(challenge(keys), days, "11-21")
    assert (found.have, found.need, found.measure) == (have, need, measure)
    assert found.until == (None if until is None else date.fromisoformat(until))
    assert found.stand is Stand.ON_THE_WAY


def test_progress_names_what_is_missing_of_a_collection() -> None:
    rules = challenge(COLLECTION)
    customer = Customer(rules)
    customer.buys(basket(line(1, 200, sku="e")), at("2026-11-02"))
    found = outlook(rules, customer.facts(at("2026-11-03")), at("2026-11-03")).progress[-1]
    assert [each.nl for each in found.left] == ["latte", "thee"]
    assert (found.have, found.need, found.measure) == (1, 3, Measure.ITEMS)


def test_progress_tells_what_waits_for_a_yes_and_what_is_reached() -> None:
    assert progress(challenge("activate = true"), "", "11-21").stand is Stand.TO_ACTIVATE
    assert progress(challenge("target = 2"), "11-01 11-02", "11-21").stand is Stand.REACHED


def test_a_challenge_for_others_or_of_another_time_is_not_shown() -> None:
    for when in ('segments = ["vip"]', "until_date = 2026-11-20", "from_date = 2026-11-22"):
        rules = challenge(f"when = {{ {when} }}")
        assert outlook(rules, MemberFacts("a"), at("2026-11-21")).progress == ()


def test_a_challenge_can_count_actions() -> None:
    rules = programme(
        NO_POINTS
        + '[[action]]\nid = "check-in"\ntitle = "x"\n'
        + '[[challenge]]\nid = "run"\ntitle = "x"\ncounts = "actions"\nactions = ["check-in"]\n'
        + "target = 3\ngives = [{ quantity = 50 }]\n"
    )
    customer = Customer(rules)
    times = (1, 1, 2)
    assert [given(customer.does("check-in", at("2026-11-02"), n)) for n in times] == [0, 0, 50]
    assert given(customer.buys(BREAD, at("2026-11-02"))) == 0


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('once_per = "year"', "once_per is day, week or month, and counts visits"),
        ('in_a_row = "week"\ncounts = "spend"', "in_a_row is day, week or month"),
        ('counts = "actions"', "give the actions"),
        ('actions = ["a"]', "give the actions"),
        ('within = "fortnight"', "'fortnight' is no stretch of time"),
        ('within = "401 days"', "days are kept apart for 400 days"),
        (COLLECTION + "target = 2", "take target out"),
        (COLLECTION + 'when = { skus = ["x"] }', "a collection counts its items"),
        ('items = [{ id = "a", title = "x" }]', "say what it is"),
        ('items = [{ id = "a", title = "x", skus = ["x"] }, { id = "a", title = "x", skus = ["y"] }]', "two items"),
        ("times = 0", "must be more than 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_words(keys: str, words: str) -> None:
    with pytest.raises(ProgrammeInvalid) as refused:
        challenge(keys)
    assert words in str(refused.value)


@property_of(
    target=st.integers(1, 4),
    times=st.integers(1, 3),
    within=st.sampled_from(("ever", "month", "7 days", "30 days")),
    gaps=st.lists(st.integers(0, 9), min_size=1, max_size=25),
)
def test_no_visit_is_paid_twice_and_no_window_pays_more_often_than_it_may(
    target: int, times: int, within: str, gaps: list[int]
) -> None:
    customer = Customer(challenge(f'target = {target}\ntimes = {times}\nwithin = "{within}"'))
    now = at("2026-10-01")
    paid: list[date] = []
    for number, gap in enumerate(gaps, 1):
        now += timedelta(days=gap)
        paid += [now.date()] * (given(customer.buys(BREAD, now)) // 100)
        assert len(paid) * target <= number
        assert customer.has("count/used.did.run") == len(paid) * target
        first, last = Window.parse(within).bounds(now.date(), None)
        assert sum(first <= day <= last for day in paid) <= times


def test_what_a_return_elsewhere_gave_back_of_a_completion_counts_again() -> None:
    """This till knows of the return, and not yet of the completion that it took back."""
    rules = challenge("target = 5")
    today = at("2026-11-21").date()
    before = (
        Holding("count/did.run", 2, day=today),
        Holding("count/used.did.run", -2, day=today),
    )
    worked = evaluate(rules, MemberFacts("m", holdings=before), BREAD, at("2026-11-21"))
    assert sum(each.quantity for each in worked.entries if each.unit == "points") == 100

"""Rewards: what they cost, what they take off or give, how often, and what is charged for it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import NOBODY, MemberFacts
from edge_agent.domain.programme import Programme, ProgrammeInvalid
from edge_agent.domain.programme.redeeming import rewards_for
from edge_agent.domain.programme.situation import Redemption
from tests.unit.domain.builders import A_SATURDAY, HEAD, basket, baskets, line, programme
from tests.unit.domain.programme.reducing import (
    NO_POINTS,
    earned,
    member,
    piece,
    points,
    redeeming,
    reward,
    rules,
    spent,
    total_off,
    why_not,
    worked,
)

MAX = Redemption("r")
"""As many points as are of use."""
DECIMALS = HEAD.replace("[unit.points.name]", "[unit.points]\ndecimals = 2\n[unit.points.name]")


def choosing(points: int) -> Redemption:
    return Redemption("r", points)


def bill(amount: int) -> Basket:
    return basket(line(1, amount, sku="x"))


# --- Points for money off, as many as the customer chooses

TABLE = ", ".join(
    f"{{ points = {p}, value = {v} }}"
    for p, v in ((100, 300), (250, 800), (500, 1750), (750, 3000), (1000, 5000), (2000, 12500))
)


@pytest.mark.parametrize(
    ("spend", "held", "wanted", "to_pay", "expected"),
    [
        ("step = 50, value = 250", 137, MAX, 4000, (100, 500)),
        ("step = 10000, value = 1000, maximum = 500000", 27_500, MAX, 8000, (20_000, 2000)),
        ("step = 10000, value = 1000, maximum = 500000", 812_000, MAX, 90_000, (500_000, 50_000)),
        ("step = 100, value = 10000", 126, MAX, 26_500, (100, 10_000)),
        ("step = 10, value = 1000", 100, MAX, 1000, (10, 1000)),  # only for what is given
        ("step = 2, value = 300", 3, MAX, 3000, (2, 300)),
        ("step = 100, value = 500", 1000, MAX, 1200, (200, 1000)),  # a third would be used in part
        ("step = 100, value = 500, part_step = true", 1000, MAX, 1200, (300, 1200)),
        ("step = 100, value = 500", 1000, choosing(300), 1200, (300, 1200)),  # asked for it
        ("step = 100, value = 500", 1000, choosing(900), 1200, (300, 1200)),
        ("step = 100, value = 500", 1000, choosing(100), 1200, (100, 500)),
        ("step = 100, value = 500", 1000, choosing(250), 9000, (200, 1000)),
        ("step = 100, value = 500, share_percent = 50", 1000, MAX, 3000, (300, 1500)),
        ("step = 1, value = 1", 1000, MAX, 999, (999, 999)),
        ("step = 1, value = 0.5", 137, MAX, 5000, (137, 69)),  # 68.5 cents
        (f"table = [{TABLE}]", 2500, MAX, 1500, (450, 1400)),  # 250 + 100 + 100
        (f"table = [{TABLE}]", 600, MAX, 5000, (600, 2050)),  # 500 + 100
        (f"table = [{TABLE}]", 4000, MAX, 25_000, (4000, 25_000)),
    ],
)
def test_points_for_money_off(
    spend: str, held: int, wanted: Redemption, to_pay: int, expected: tuple[int, int]
) -> None:
    found = worked(
        rules(reward("r", f"spend = {{ {spend} }}")),
        bill(to_pay),
        redeeming(wanted),
        member(points(held)),
    )
    assert (spent(found), total_off(found)) == expected


@pytest.mark.parametrize(
    ("spend", "held", "wanted", "to_pay", "obstacle"),
    [
        ("step = 100, value = 500", 99, MAX, 1000, "not-enough"),
        ("step = 100, value = 500", 250, choosing(300), 9000, "not-enough"),
        ("step = 100, value = 500, minimum = 200", 150, MAX, 9000, "below-minimum"),
        ("step = 100, value = 500, minimum = 200", 900, choosing(100), 9000, "below-minimum"),
        ("step = 100, value = 500, minimum = 200", 900, MAX, 600, "below-minimum"),
        ("step = 100, value = 500", 900, MAX, 0, "nothing-left"),
        ("step = 100, value = 500", 900, MAX, 499, "nothing-left"),
        (f"table = [{TABLE}]", 99, MAX, 1500, "not-enough"),
        (f"table = [{TABLE}]", 500, MAX, 299, "nothing-left"),
    ],
)
def test_what_cannot_be_done_takes_nothing_and_says_why(
    spend: str, held: int, wanted: Redemption, to_pay: int, obstacle: str
) -> None:
    found = worked(
        rules(reward("r", f"spend = {{ {spend} }}")),
        bill(to_pay),
        redeeming(wanted),
        member(points(held)),
    )
    assert (spent(found), total_off(found), why_not(found)) == (0, 0, {"r": obstacle})


JUNE, JULY = date(2026, 6, 30), date(2026, 7, 31)


@pytest.mark.parametrize(
    ("june", "july", "wanted", "expected"),
    [
        (350, 480, MAX, (400, JULY)),  # what gives most
        (480, 450, MAX, (400, JUNE)),  # of the same, what expires first
        (350, 480, choosing(300), (300, JUNE)),  # what expires first, where it is enough
        (150, 480, choosing(300), (300, JULY)),
        (350, 480, choosing(500), (0, None)),  # 830 in all, but not together
        (50, 60, MAX, (0, None)),
    ],
)
def test_points_that_expire_on_different_days_are_kept_apart_where_declared(
    june: int, july: int, wanted: Redemption, expected: tuple[int, date | None]
) -> None:
    held = (Holding("points", june, JUNE), Holding("points", july, JULY))
    at = datetime(2026, 6, 10, 12, tzinfo=UTC)
    rule = rules(reward("r", "spend = { step = 100, value = 100, together = false }"))
    found = worked(rule, bill(5000), redeeming(wanted), member(*held), at)
    days = {each.expires_on for each in found.entries if each.quantity < 0}
    assert (spent(found), *(days or {None})) == expected
    assert total_off(found) == spent(found)


def test_cents_a_litre_on_so_many_litres() -> None:
    """100 points are 10 cents off every gallon, of at most 35: 1000 points on 40 gallons are 35.00."""
    rule = reward(
        "r",
        "spend = { step = 100, value = 10, maximum = 1000, per_measure = true, measure_max = 35 }\n"
        'when = { categories = ["fuel"] }',
    )
    bought = basket(line(1, 45_000, "fuel", measure=Decimal(40)), line(2, 500, "shop"))
    found = worked(rules(rule), bought, redeeming(MAX), member(points(1250)))
    assert (spent(found), found.off()) == (1000, {1: 3500})


@pytest.mark.parametrize(("held", "used"), [(3, 2), (26, 20), (1, 0)])
def test_credits_are_used_in_twos_and_twenty_at_most(held: int, used: int) -> None:
    rule = reward(
        "r",
        'unit = "credits"\nspend = { step = 2, value = 2, minimum = 2, maximum = 20, per_measure = true }',
    )
    pence = HEAD + '[unit.credits.name]\none = "credit"\nmany = "credits"\n'
    found = worked(
        programme(NO_POINTS + rule, pence),
        bill(120),
        redeeming(MAX),
        member(Holding("credits", held)),
    )
    assert (spent(found, "credits"), total_off(found)) == (used, used)


# --- Rewards with a price


@pytest.mark.parametrize(
    ("keys", "bought", "expected"),
    [
        ("cost = 5\noff = { percent = 10 }", bill(10_000), (5, 1000)),
        ("cost = 250\noff = { amount = 500 }", bill(2000), (250, 500)),
        ("cost = 250\noff = { amount = 500 }", bill(300), (150, 300)),  # charged for what is given
        ("cost = 250\noff = { amount = 500 }\nstep = 100", bill(300), (200, 300)),
        ('cost = 250\noff = { amount = 500 }\ncharge = "whole"', bill(300), (250, 300)),
        (
            'cost = 100\noff = { price = 200, units = 1 }\nwhen = { skus = ["A"] }',
            basket(piece(1, "A", 2, 500)),
            (100, 300),
        ),
        (
            'cost = 60\noff = { percent = 100, units = 1 }\nwhen = { skus = ["A"] }',
            basket(piece(1, "A", 2, 250)),
            (60, 250),
        ),
        (
            'cost_per = 1\noff = { percent = 100, units = 1 }\nwhen = { skus = ["A"] }',
            basket(piece(1, "A", 1, 2495)),
            (2495, 2495),
        ),
    ],
)
def test_rewards_with_a_price(keys: str, bought: Basket, expected: tuple[int, int]) -> None:
    found = worked(rules(reward("r", keys)), bought, redeeming(MAX), member(points(5000)))
    assert (spent(found), total_off(found)) == expected


@pytest.mark.parametrize(
    ("keys", "held", "times", "obstacle"),
    [
        ("cost = 60\noff = { amount = 100 }", 59, 1, "not-enough"),
        ("cost = 60\noff = { amount = 100 }", 119, 2, "not-enough"),  # two are wanted, or none
        ('cost = 6\noff = { percent = 10 }\nwhen = { skus = ["B"] }', 60, 1, "no-line"),
        ("cost = 6\noff = { percent = 10 }\nwhen = { minimum_sale = 5000 }", 60, 1, "too-little"),
        (
            'cost = 6\noff = { percent = 10 }\nlimits = [{ times = 1, of = "sale" }]',
            60,
            2,
            "used-up",
        ),
        ("cost = 6\noff = { amount = 600 }", 60, 3, "nothing-left"),  # after 6.00 and 4.00
    ],
)
def test_a_reward_that_cannot_be_had(keys: str, held: int, times: int, obstacle: str) -> None:
    wanted = redeeming(Redemption("r", times=times))
    found = worked(rules(reward("r", keys)), bill(1000), wanted, member(points(held)))
    assert (spent(found), total_off(found), why_not(found)) == (0, 0, {"r": obstacle})


def test_without_a_card_there_is_nothing_to_redeem() -> None:
    rule = rules(reward("r", "cost = 6\noff = { percent = 10 }"))
    assert why_not(worked(rule, bill(1000), redeeming(MAX), NOBODY)) == {"r": "no-member"}


@pytest.mark.parametrize(("times", "left"), [(1, 27_000), (2, 24_300), (3, 21_870)])
def test_each_of_several_works_on_what_is_left(times: int, left: int) -> None:
    """Three points earned by this sale, ten percent for each: 270.00, 243.00, 218.70."""
    rule = reward("r", "cost = 1\noff = { percent = 10 }\nsame_sale = true")
    one_each = '[[earn]]\nid = "base"\npoints = 1\nper = 10000\n'
    bought = basket(piece(1, "A", 3, 10_000))
    found = worked(rules(rule, one_each), bought, redeeming(Redemption("r", times=times)))
    assert (bought.total - total_off(found), spent(found)) == (left, times)


@pytest.mark.parametrize(("held", "issued"), [(465, 3), (542, 4), (124, 0)])
def test_as_often_as_points_last(held: int, issued: int) -> None:
    rule = rules(reward("r", "cost = 125"))
    found = worked(rule, bill(500), redeeming(Redemption("r", times=0)), member(points(held)))
    assert spent(found) == issued * 125


def test_of_an_amount_of_which_a_cent_was_used_a_cent_is_charged() -> None:
    found = worked(
        rules(reward("r", "cost = 100\noff = { amount = 100 }")),
        bill(1),
        redeeming(Redemption("r")),
        member(points(100)),
    )
    assert (spent(found), total_off(found)) == (1, 1)


def test_two_free_units_a_reward_five_units_three_rewards() -> None:
    rule = reward("r", 'cost = 3\noff = { free = { sku = "pen", quantity = 2, added = true } }\n')
    wanted = redeeming(Redemption("r", times=3))
    found = worked(rules(rule), bill(500), wanted, member(points(50)))
    assert spent(found) == 9
    assert sum(each.quantity for each in found.free_units()) == 6
    assert {each.sku for each in found.free_units()} == {"pen"}


# --- Points of this very sale


def test_points_of_this_very_sale_can_be_used_where_declared() -> None:
    """3.39 points there, 1.61 earned by this sale of 161.00: five points are 5.00 off."""
    earn = '[[earn]]\nid = "base"\npoints = 0.01\nper = 100\n'
    spend = "spend = { step = 1, value = 100 }"
    late = programme(earn + reward("r", f"{spend}\nsame_sale = true"), DECIMALS)
    found = worked(late, bill(16_100), redeeming(MAX), member(points(339)))
    assert (earned(found), spent(found), total_off(found)) == (161, 500, 500)
    early = programme(earn + reward("r", spend), DECIMALS)
    found = worked(early, bill(16_100), redeeming(MAX), member(points(339)))
    assert (spent(found), total_off(found)) == (300, 300)


def test_half_points_pay_for_two_rewards() -> None:
    one_a_sale = '[[earn]]\nid = "base"\npoints = 1\nper = 10500\n'
    rule = reward(
        "a", 'cost = 0.5\noff = { percent = 10 }\nwhen = { skus = ["A"] }\nsame_sale = true'
    )
    rule += reward(
        "b", 'cost = 0.5\noff = { percent = 15 }\nwhen = { skus = ["B"] }\nsame_sale = true'
    )
    found = worked(
        programme(one_a_sale + rule, DECIMALS),
        basket(piece(1, "A", 1, 10_000), piece(2, "B", 1, 500)),
        redeeming(Redemption("a"), Redemption("b")),
    )
    assert (spent(found), total_off(found)) == (100, 1075)


def test_points_that_wait_cannot_be_used_in_the_same_sale() -> None:
    waiting = HEAD.replace(
        "[unit.points.name]", "[unit.points]\npending = { days = 14 }\n[unit.points.name]"
    )
    earn = '[[earn]]\nid = "base"\npoints = 1\nper = 100\n'
    rule = reward("r", "cost = 5\noff = { amount = 100 }\nsame_sale = true")
    found = worked(programme(earn + rule, waiting), bill(1000), redeeming(MAX))
    assert why_not(found) == {"r": "not-enough"}


def test_a_reward_lowers_the_points_of_its_sale_unless_it_is_paid_with_them() -> None:
    earn = '[[earn]]\nid = "base"\npoints = 1\nper = 100\n'
    early = rules(reward("r", "cost = 5\noff = { percent = 10 }"), earn)
    late = rules(reward("r", "cost = 5\noff = { percent = 10 }\nsame_sale = true"), earn)
    assert [
        earned(worked(each, bill(10_000), redeeming(MAX), member(points(50))))
        for each in (early, late)
    ] == [90, 100]


# --- Which points are taken


def test_the_points_that_expire_soonest_go_first_and_expired_ones_never() -> None:
    rule = rules(reward("r", "cost = 60\noff = { amount = 100 }"))
    held = member(
        Holding("points", 50, date(2027, 6, 30)),
        Holding("points", 30, date(2026, 12, 31)),
        Holding("points", 90, date(2026, 11, 20)),
        Holding("points", 90, None, date(2026, 11, 22)),
    )
    found = worked(rule, bill(1000), redeeming(MAX), held)
    taken = [(each.kind, each.quantity, each.expires_on) for each in found.entries]
    assert taken == [
        (EntryKind.REDEEM, -30, date(2026, 12, 31)),
        (EntryKind.REDEEM, -30, date(2027, 6, 30)),
    ]


def test_a_reward_that_was_issued_is_paid_with_itself() -> None:
    rule = rules(reward("r", 'off = { percent = 100, units = 1 }\nwhen = { skus = ["A"] }'))
    bought = basket(piece(1, "A", 2, 250))
    assert "reward/r" in rule.looks_at
    found = worked(rule, bought, redeeming(MAX), member(Holding("reward/r", 1)))
    assert (spent(found, "reward/r"), total_off(found)) == (1, 250)
    assert why_not(worked(rule, bought, redeeming(MAX), member(points(99)))) == {"r": "not-enough"}


# --- What is no money off


def test_other_things_than_money_off() -> None:
    miles = HEAD + '[unit.miles]\ndecimals = 1\n[unit.miles.name]\none = "mile"\nmany = "miles"\n'
    rule = reward("trip", 'cost = 400\nsort = "experience"')
    rule += reward(
        "swap", 'cost = 100\nsort = "conversion"\ngives = [{ unit = "miles", quantity = 12.5 }]'
    )
    rule += reward("fund", 'cost = 50\nsort = "donation"\nlimits = [{ times = 2, per = "day" }]')
    rule += reward("card", 'cost = 10\ngives = [{ reward = "trip", expiry = { months = 3 } }]')
    wanted = redeeming(*(Redemption(each) for each in ("trip", "swap", "fund", "card")))
    found = worked(programme(NO_POINTS + rule, miles), bill(100), wanted, member(points(560)))
    assert (spent(found), earned(found, "miles"), total_off(found)) == (560, 125, 0)
    assert [each.quantity for each in found.entries if each.unit == "count/use.fund"] == [1]
    issued = next(each for each in found.entries if each.unit == "reward/trip")
    assert (issued.quantity, issued.expires_on) == (1, date(2027, 2, 21))


# --- Limits


def test_once_a_member_and_five_at_the_till() -> None:
    rule = rules(reward("r", 'cost = 10\nlimits = [{ times = 1 }, { times = 5, of = "till" }]'))
    own, till = (reading.key for reading in rule.readings)
    for figures, obstacle in (
        ({}, {}),
        ({own: 1}, {"r": "used-up"}),
        ({till: 5}, {"r": "all-gone"}),
    ):
        found = worked(rule, bill(100), redeeming(MAX), member(points(100), figures=figures))
        assert why_not(found) == obstacle
        assert spent(found) == (0 if obstacle else 10)


# --- A sale without a quote: the till took the money off already


@pytest.mark.parametrize(
    ("keys", "wanted", "expected", "obstacles"),
    [
        ("cost = 250\noff = { amount = 500 }", Redemption("r", id="x"), 250, {}),
        ("spend = { step = 100, value = 500 }", Redemption("r", 200), 200, {}),
        ("spend = { step = 100, value = 500 }", Redemption("r", 700), 0, {"r": "not-enough"}),
        ("cost = 5\noff = { percent = 10 }", Redemption("r"), 0, {"r": "needs-quote"}),
        ("cost = 5\noff = { price = 10 }", Redemption("r"), 0, {"r": "needs-quote"}),
        ("cost = 5", Redemption("r"), 5, {}),
    ],
)
def test_without_a_quote_amounts_are_charged_and_nothing_is_reduced(
    keys: str, wanted: Redemption, expected: int, obstacles: dict[str, str]
) -> None:
    found = worked(
        rules(reward("r", keys)), bill(300), redeeming(wanted, reduces=False), member(points(600))
    )
    assert (spent(found), found.off(), why_not(found)) == (expected, {}, obstacles)


@pytest.mark.parametrize(
    ("keys", "chosen", "times", "discount"),
    [
        ("cost = 250\noff = { amount = 500 }", None, 2, 1000),
        ("spend = { step = 100, value = 500 }", 250, 1, 1000),
        (f"spend = {{ table = [{TABLE}] }}", 450, 1, 1400),
        ("spend = { step = 100, value = 500 }", None, 1, None),
        ("cost = 5\noff = { percent = 10 }", None, 1, None),
    ],
)
def test_what_a_reservation_is_worth_is_known_up_front_where_it_is_money(
    keys: str, chosen: int | None, times: int, discount: int | None
) -> None:
    file = rules(reward("r", keys)).file
    assert file.reward[0].discount(chosen, times, file.unit) == discount


def test_the_redemption_that_was_reserved_is_named_by_its_outcome() -> None:
    rule = rules(reward("r", "cost = 5\noff = { amount = 100 }"))
    wanted = redeeming(Redemption("r", id="one"), Redemption("r", id="two"))
    found = worked(rule, bill(1000), wanted, member(points(9)))
    assert [(each.asked, each.unmet is None) for each in found.outcomes if each.rule == "r"] == [
        ("one", True),
        ("two", False),
    ]


# --- Screens


def shown(
    rule: Programme, who: MemberFacts, *place: str
) -> list[tuple[str, int, int | None, str | None]]:
    place = place or ("0412", "store")
    return [
        (each.id, each.cost, each.worth, None if each.unmet is None else each.unmet.obstacle.value)
        for each in rewards_for(rule.file.reward, who, A_SATURDAY, rule.file.unit, *place)
    ]


def test_what_the_screen_shows() -> None:
    rule = rules(
        reward("euro", "cost = 250\noff = { amount = 500 }")
        + reward("free", "spend = { step = 100, value = 500, minimum = 300 }")
        + reward("trip", 'cost = 5\nsort = "experience"\nwhen = { segments = ["few"] }')
        + reward("issued", "off = { percent = 10 }")
        + reward("once", "cost = 1\nlimits = [{ times = 1 }]"),
    )
    assert shown(rule, member(points(260), figures={"use.once@ever": 1})) == [
        ("euro", 250, 500, None),
        ("free", 300, 1500, "not-enough"),
        ("trip", 5, None, "other-segment"),
        ("once", 1, None, "used-up"),
    ]
    assert ("issued", 1, None, None) in shown(rule, member(Holding("reward/issued", 1)))


def test_a_screen_shows_what_can_be_used_in_its_store_and_channel() -> None:
    rule = rules(
        reward("here", 'cost = 1\nwhen = { stores = ["0412"] }')
        + reward("web", 'cost = 1\nwhen = { channels = ["web", "app"] }')
        + reward("issued", 'off = { percent = 10 }\nwhen = { stores = ["0413"] }')
    )
    has = member(points(9), Holding("reward/issued", 1))

    def ids(*place: str) -> list[str]:
        return [each[0] for each in shown(rule, has, *place)]

    assert (ids("0412", "store"), ids("0412", "app")) == (["here"], ["here", "web"])
    assert (ids("0413", "store"), ids("0414", "store")) == (["issued"], [])


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            "cost = 1\ncost_per = 1\noff = { percent = 1 }",
            "at most one of cost, cost_per and spend",
        ),
        ("spend = { step = 1, value = 1 }\noff = { percent = 1 }", "leave off and gives out"),
        ("cost_per = 1", "cost_per needs off"),
        ("spend = { step = 1 }", "step and value go together"),
        ("spend = { minimum = 1 }", "either step and value or a table"),
        ("spend = { step = 1, value = 1, measure_max = 5 }", "measure_max goes with per_measure"),
        ('cost = 1\ngives = [{ unit = "points", reward = "r" }]', "one of unit, reward"),
    ],
)
def test_a_reward_that_makes_no_sense_is_refused(keys: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid, match=said):
        rules(reward("r", keys))


spends = st.sampled_from(
    (
        "spend = { step = 7, value = 33 }",
        "spend = { step = 1, value = 3, part_step = true }",
        f"spend = {{ table = [{TABLE}] }}",
        "spend = { step = 10, value = 100, minimum = 20, maximum = 90, share_percent = 30 }",
        "cost = 40\noff = { amount = 700 }",
        "cost = 40\noff = { percent = 25 }",
        "cost_per = 0.3\noff = { price = 10 }",
    )
)


@given(
    bought=baskets,
    keys=spends,
    held=st.integers(0, 900),
    chosen=st.none() | st.integers(1, 900),
    times=st.integers(0, 3),
)
def test_no_more_is_charged_than_there_is_and_nothing_is_charged_for_nothing(
    bought: Basket, keys: str, held: int, chosen: int | None, times: int
) -> None:
    wanted = redeeming(Redemption("r", chosen, times), Redemption("r", chosen, times))
    found = worked(rules(reward("r", keys)), bought, wanted, member(points(held)))
    assert 0 <= spent(found) <= held
    assert (spent(found) > 0) == (total_off(found) > 0)
    assert total_off(found) <= bought.total

"""The worst loss: of every kind of reward that has a bound no till gives more, and every other kind is named."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket, Line
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.money import Rounding, rounded
from edge_agent.domain.programme import Programme, evaluate
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.situation import Redemption, Wanted
from edge_agent.errors import Refused
from edge_agent.till.limits import OfflineLimits, in_points, most_money, unbounded, worst_loss
from edge_agent.till.redeem import Wish
from tests.tills import AT, JAN, PROGRAMME, Shop, jan, open_shop, sale, scanned
from tests.unit.domain.builders import A_SATURDAY, basket, line, lines, programme

LIMITS = OfflineLimits(500, 500, 500)
REWARD = '[[reward]]\nid = "x"\ntitle = "x"\n{}\n'

BOUNDED = {
    "cost = 100\noff = { amount = 500 }": 2500,
    "cost = 100\noff = { amount = 500 }\ncharge = 'whole'": 2500,
    "cost = 2.5\noff = { amount = 100 }": 20_000,
    "cost = 100\noff = { amount = 500, up_to = 300 }": 2500,
    "cost = 100\noff = { amount = 100, each = true, up_to = 300 }": 1500,
    "cost = 100\noff = { amount = 100, each = true, units = 5 }": 2500,
    "cost = 100\noff = { amount = 100, each = true, units = 5, up_to = 450 }": 2250,
    "cost = 100\noff = { percent = 100, up_to = 700 }": 3500,
    "cost = 100\noff = { percent = 100, units = 1, up_to = 700 }": 3500,
    "cost = 100\noff = { price = 1, up_to = 700 }": 3500,
    "cost = 100\noff = { prices = { fuel = 1 }, up_to = 700 }": 3500,
    "cost = 100\noff = { bundle = 1, every = 2, up_to = 700 }": 3500,
    "cost_per = 2\noff = { percent = 0.3 }": 250,
    "cost_per = 2\noff = { amount = 1, each = true }": 250,
    "cost_per = 0.2\noff = { free = { sku = 'fuel' } }": 2500,
    "cost_per = 2\noff = { percent = 100, up_to = 200, tax = 'excluded' }": 250,
    "spend = { step = 100, value = 100 }": 500,
    # Half a cent is rounded up to a whole one each time; at no less than 160 points at a time that gives half as much.
    "spend = { step = 5, value = 0.5 }": 100,
    "spend = { step = 80, value = 2.5, minimum = 150 }": 18,
    "spend = { table = [{ points = 50, value = 10 }, { points = 100, value = 300 }] }": 1500,
    "spend = { step = 50, value = 1, maximum = 500, per_measure = true, measure_max = 40 }": 400,
    # Paid with itself: money is counted, in minor units where no points are good for any.
    "off = { amount = 150 }": 500,
    "off = { amount = 20, each = true, units = 5 }": 500,
    "off = { percent = 100, up_to = 200 }": 500,
    # No money.
    "cost = 100": 0,
    "sort = 'product'": 0,
}
UNBOUNDED = (
    "cost = 100\noff = { amount = 100, each = true }",
    "cost = 100\noff = { amount = 100, each = true, every = 2 }",
    "cost = 100\noff = { amount = 100, each = true, units = 1, every = 2 }",
    "cost = 100\noff = { percent = 1 }",
    "cost = 100\noff = { percent = 100, units = 1 }",
    "cost = 100\noff = { price = 1 }",
    "cost = 100\noff = { prices = { fuel = 1 } }",
    "cost = 100\noff = { bundle = 1, every = 2 }",
    "cost = 100\noff = { free = { sku = 'fuel', quantity = 40 } }",
    # Nothing of it holds for free units, and what the till adds costs nothing by what it takes off.
    "cost = 100\noff = { free = { sku = 'fuel', quantity = 40 }, up_to = 1 }",
    "cost = 100\noff = { free = { sku = 'mug', added = true } }",
    "cost_per = 1\noff = { free = { sku = 'mug', added = true } }",
    # How much tax is on it only the basket says.
    "cost = 100\noff = { amount = 500, tax = 'excluded' }",
    "cost = 100\noff = { percent = 100, up_to = 500, tax = 'excluded' }",
    "spend = { step = 50, value = 1, per_measure = true }",
    "off = { percent = 100, units = 1 }",
    "off = { amount = 100, each = true }",
    "off = { free = { sku = 'fuel' } }",
    "off = { amount = 150, tax = 'excluded' }",
)


@pytest.mark.parametrize(("rule", "worst"), BOUNDED.items())
def test_what_has_a_bound_is_in_the_number(rule: str, worst: int) -> None:
    rules = programme(REWARD.format(rule))
    assert unbounded(rules, LIMITS) == []
    assert worst_loss(rules, LIMITS) == worst


@pytest.mark.parametrize("rule", UNBOUNDED)
def test_what_only_a_basket_bounds_is_named_and_makes_no_number(rule: str) -> None:
    rules = programme(REWARD.format(rule))
    assert unbounded(rules, LIMITS) == ["x"]
    assert worst_loss(rules, LIMITS) == (500 if rule.startswith("off") else 0)


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("cost = 500\noff = { percent = 10 }", True),
        ("cost = 501\noff = { percent = 10 }", False),
        ("spend = { step = 50, value = 1, minimum = 501, per_measure = true }", False),
        ("off = { amount = 501, tax = 'excluded' }", False),
    ],
)
def test_what_the_limits_never_let_through_is_not_named(rule: str, named: bool) -> None:
    assert bool(unbounded(programme(REWARD.format(rule)), LIMITS)) is named


def test_nothing_for_points_is_named_where_points_cannot_be_redeemed_offline() -> None:
    rules = programme(REWARD.format("cost_per = 1\noff = { free = { sku = 'mug', added = true } }"))
    assert unbounded(rules, OfflineLimits(0, 0, 0)) == []


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = open_shop(tmp_path)
    yield opened
    opened.close()


def given_away(shop: Shop, rule: str) -> int:
    """What the till gives in so many sales of much fuel, until its limits let no more through, in minor units."""
    text = PROGRAMME.read_text().replace("version = 3", "version = 4", 1)
    shop.shelf.offer(text[: text.index("[[reward]]")] + REWARD.format(rule), "x", AT)
    member = jan(100_000)
    issued = Holding("reward/x", 1000, member.lots[0].expires_on)
    shop.confirm(replace(member, lots=(*member.lots, issued)))
    settings = replace(shop.till._parts.settings, offline=LIMITS)
    shop.till._parts = replace(shop.till._parts, settings=settings)
    fuel = Line(1, "fuel", Decimal(40), 80_000, tax_rate="21", name="Euro 95")
    points = None
    if rule.startswith("spend"):
        points = Decimal(5 if "step = 5," in rule else 160 if "minimum" in rule else 100)
    given = 0
    for number in range(200):
        wish = Wish(f"R{number}", scanned(JAN), "x", points)
        try:
            reserved = shop.till.reserve(wish)
        except Refused:
            break
        assert reserved.result["authorised_by"] == "limit"
        bought = sale("", fuel, redemptions=(wish.redemption_id,))
        discount = shop.till.quote(f"Q{number}", bought)["discount"]
        paid = replace(fuel, amount=fuel.amount - discount)
        shop.till.sell(sale(f"S{number}", paid, quote_id=f"Q{number}"))
        given += discount
    return given


MONEY = [rule for rule, worst in BOUNDED.items() if worst]


@pytest.mark.parametrize("rule", MONEY)
def test_a_till_gives_no_more_than_the_worst_loss_and_nearly_as_much(shop: Shop, rule: str) -> None:
    given = given_away(shop, rule)
    worst = worst_loss(shop.shelf.at(AT), LIMITS)
    assert given <= worst
    assert given >= worst / 2


baskets = st.lists(
    lines.flatmap(
        lambda each: st.builds(
            replace,
            st.just(each),
            quantity=st.just(each.quantity) | st.integers(1, 5000).map(Decimal),
            amount=st.integers(0, 3) | st.integers(0, 10_000_000),
            levy=st.sampled_from((0, 0, 2)),
        )
    ),
    min_size=1,
    max_size=8,
).map(lambda found: basket(*(replace(each, number=at) for at, each in enumerate(found, 1))))
money = st.integers(1, 50) | st.integers(1, 5000)
few = st.integers(1, 5)
flags = st.booleans()


def exact(least: str, most: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(least, most, places=places)


effects = st.one_of(
    st.fixed_dictionaries({"percent": exact("1", "100", 1)}),
    st.fixed_dictionaries({"amount": money}, optional={"each": flags}),
    st.fixed_dictionaries({"price": money}),
    st.fixed_dictionaries({"prices": st.dictionaries(st.sampled_from("abc"), money, min_size=1)}),
    st.fixed_dictionaries({"bundle": money, "every": st.integers(2, 4)}),
    st.fixed_dictionaries(
        {
            "free": st.fixed_dictionaries(
                {"sku": st.sampled_from("abc"), "quantity": few, "added": flags},
                optional={"buy": few},
            )
        }
    ),
)
ways = st.fixed_dictionaries(
    {},
    optional={
        "units": few,
        "every": st.integers(2, 4),
        "up_to": money,
        "choose": st.sampled_from(("cheapest", "dearest")),
        "tax": st.sampled_from(("included", "included", "excluded")),
        "rounding": st.sampled_from(("floor", "half-up", "ceil")),
        "stage": st.sampled_from(("together", "line")),
    },
)
offs = st.builds(
    lambda effect, way: {**(way if "bundle" not in effect else _no_units(way)), **effect},
    effects,
    ways,
)
prices: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"cost": exact("0.5", "200", 1)}),
    st.fixed_dictionaries({"cost_per": exact("0.1", "5", 2)}),
)
spends = st.one_of(
    st.fixed_dictionaries(
        {"step": exact("0.5", "50", 1), "value": exact("0.1", "3", 2) | money},
        optional={
            "minimum": st.integers(1, 300),
            "maximum": st.integers(300, 1000),
            "share_percent": st.integers(1, 100),
            "part_step": flags,
        },
    ).flatmap(
        lambda spend: (
            st.just(spend)
            | st.fixed_dictionaries({"measure_max": exact("0.5", "60", 1)}).map(
                lambda more: {**spend, "per_measure": True, **more}
            )
        )
    ),
    st.lists(
        st.fixed_dictionaries({"points": st.integers(1, 300), "value": money}),
        min_size=1,
        max_size=3,
    ).map(lambda table: {"table": table}),
)
rewards = st.one_of(
    spends.map(lambda spend: {"spend": spend}),
    st.builds(
        lambda price, off, more: {**price, "off": off, **more},
        prices,
        offs,
        st.fixed_dictionaries({"charge": st.sampled_from(("given", "whole")), "step": few}),
    ),
)


def _no_units(way: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in way.items() if key != "units"}


def _with_reward(reward: dict[str, Any], decimals: int) -> Programme:
    values = {
        "format": 1,
        "id": "drawn",
        "version": 1,
        "name": "Drawn",
        "timezone": "Europe/Amsterdam",
        "currency": "EUR",
        "valid_from": datetime.fromisoformat("2026-01-01T00:00:00+01:00"),
        "unit": {"points": {"decimals": decimals}},
        "reward": [{"id": "x", "title": "x", **reward}],
    }
    return Programme("0" * 64, "", ProgrammeFile.model_validate(values))


@given(
    rewards,
    st.sampled_from((0, 0, 2)),
    st.lists(baskets, min_size=1, max_size=3),
    st.integers(1, 900),
    st.integers(1, 3),
)
def test_whatever_is_bought_what_has_a_bound_takes_off_no_more_than_its_points_are_worth(
    reward: dict[str, Any], decimals: int, bought: list[Basket], points: int, times: int
) -> None:
    """The limits allow just as much as is redeemed: then the worst loss is what that is worth at most."""
    rules = _with_reward(reward, decimals)
    rule = rules.file.reward[0]
    assume(not unbounded(rules, OfflineLimits(10_000, 10_000, 10_000)))
    scale = rules.file.unit["points"].scale
    holdings = (Holding("points", 1_000_000 * scale), Holding("reward/x", 100))
    wanted = Redemption("x", points * scale if rule.spend else None, times, "R")
    given = 0
    used = Fraction(0)
    for each in bought:
        facts = MemberFacts("7f0c2b1e9d3a4c58", holdings=holdings)
        found = evaluate(rules, facts, each, A_SATURDAY, Wanted((wanted,)))
        charged = -sum(e.quantity for e in found.entries if e.kind is EntryKind.REDEEM)
        given += sum(found.off().values())
        used += (
            in_points(charged * most_money(rule), rules)
            if rule.is_issued
            else Fraction(charged, scale)
        )
    event("something is off" if given else "nothing is off")
    limits = OfflineLimits(per_outage=rounded(used, Rounding.CEIL))
    assert given <= worst_loss(rules, limits)


def test_a_tax_makes_more_of_an_amount_that_is_meant_without() -> None:
    """Why it is named: what it takes off is no more known than the tax."""
    rules = programme(REWARD.format("cost = 100\noff = { amount = 500, tax = 'excluded' }"))
    facts = MemberFacts("7f0c2b1e9d3a4c58", holdings=(Holding("points", 100),))
    for rate, off in (("9", 545), ("21", 605)):
        bought = basket(line(1, 100_000, tax_rate=rate))
        found = evaluate(rules, facts, bought, A_SATURDAY, Wanted((Redemption("x"),)))
        assert sum(found.off().values()) == off

"""Whole programmes, baskets, members and wishes for properties: some of everything, drawn together."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from edge_agent.domain.basket import Basket, Line, Tender
from edge_agent.domain.draws import draw_from, draw_key
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.situation import NOTHING, Redemption, Wanted
from tests.unit.domain.builders import basket, line
from tests.unit.domain.customers import at

RECORD, EARLIER = "5" * 32, "4" * 32
NOON = at("2026-11-21 12:00")
DRAW = draw_from(draw_key(b"k" * 32), "0412", "03", "s-1")

BASE = 'id = "base"\npoints = 1\nper = 100'
EARNING = [
    'id = "exact"\npoints = 1.5\nper = 40\nrounding = "half-up"\nstage = "line"',
    'id = "pieces"\nunit = "stamps"\npoints = 1\neach = "piece"\nscope = { categories = ["drink"] }',
    'id = "visit"\nunit = "stamps"\npoints = 2\neach = "sale"',
    'id = "month"\npoints = 1\nper = 700\nperiod = "month"',
]
MORE = [
    '[[bonus]]\nid = "double"\nmultiply = 2\nwhen.categories = ["bread"]\nwhy = "x"',
    '[[bonus]]\nid = "big"\nadd = 25\nwhen.minimum_spend = 2500\nwhy = "x"',
    '[[bonus]]\nid = "third"\nadd = 10\nwhen.visits = [1, 3]\nwhy = "x"',
    """\
[[stamp]]
id = "card"
title = "x"
size = 5
reward = [
    { title = "x", gives = [{ reward = "coffee" }] },
    { at = 3, title = "y", gives = [{ quantity = 30 }] },
]
""",
    """\
[[challenge]]
id = "run"
title = "x"
counts = "pieces"
target = 3
times = 9
when.categories = ["bread"]
gives = [{ quantity = 50 }]
""",
    '[[challenge]]\nid = "two"\ntitle = "x"\ntarget = 2\ngives = [{ reward = "coffee" }]',
    '[[membership]]\nid = "plus"\ntitle = "x"\nskus = ["plus"]\nmonths = 12',
    '[[surprise]]\nid = "lucky"\ntitle = "x"\none_in = 2\nprizes = [{ id = "five-more", title = "x", quantity = 5 }]',
    '[[voucher]]\nid = "per-ten"\ntitle = "x"\nvalue = 200\nper_sale = { per = 1000 }',
    '[[voucher]]\nid = "hundred"\ntitle = "x"\nvalue = 500\nautomatic = true\nat_points = { points = 100 }',
    """\
[[voucher]]
id = "gift"
title = "x"
rest = "kept"
automatic = true
bought = { lines = { skus = ["plus"] } }
""",
    """\
[[offer]]
id = "ten"
title = "x"
off = { percent = 10 }
when.categories = ["bread"]
limits = [{ times = 3 }]
""",
    '[[offer]]\nid = "cent"\ntitle = "x"\noff = { amount = 100 }',
    """\
[tiers]
measure = "spend"
over = "year"
valid = { years = 1, rounded = "end-of-year" }
downgrade = "one-down"
level = [
    { id = "everybody", name = "x", at_least = 0 },
    { id = "gold", name = "x", at_least = 3000 },
    { id = "platinum", name = "x", at_least = 9000 },
]
""",
]
REWARDS = """\
[[reward]]
id = "coffee"
title = "x"
off = { percent = 100 }
when.categories = ["drink"]
[[reward]]
id = "five"
title = "x"
cost = 100
off = { amount = 500 }
limits = [{ times = 2 }]
[[reward]]
id = "some"
title = "x"
spend = { step = 10, value = 20 }
[[reward]]
id = "miles"
title = "x"
sort = "conversion"
cost = 50
gives = [{ unit = "miles", quantity = 20 }]
"""
UNITS = """\
[unit.stamps]
[unit.miles]
[unit.miles.name]
one = "mile"
many = "miles"
"""
WAYS = st.sampled_from(["lines", "amount", "kept", "period"])


rich_programmes = st.builds(
    lambda earning, more, way: (
        UNITS
        + "".join(f"[[earn]]\n{each}\n" for each in (BASE, *earning))
        + "\n".join(more)
        + f'\n{REWARDS}[earning]\nseveral = "add"\n[returns]\nreverse = "{way}"\n'
    ),
    st.lists(st.sampled_from(EARNING), max_size=4, unique=True),
    st.lists(st.sampled_from(MORE), max_size=6, unique=True),
    WAYS,
)
"""Programmes of some of everything, under one way of returning; as text, which is what can be read when one fails."""


goods = st.builds(
    lambda sku, category, quantity, price: line(
        0,
        int(price * quantity),
        category,
        sku=sku,
        quantity=quantity,
        kind="service" if sku == "plus" else "product",
    ),
    st.sampled_from(["a", "b", "c", "plus"]),
    st.sampled_from(["bread", "drink", "other"]),
    st.sampled_from([Decimal(1), Decimal(2), Decimal(3), Decimal("0.5")]),
    st.integers(1, 4_000),
)


def _basket(found: list[Line]) -> Basket:
    numbered = [replace(each, number=number) for number, each in enumerate(found, 1)]
    bought = basket(*numbered)
    return replace(bought, tenders=(Tender("card", bought.total),))


baskets = st.lists(goods, min_size=1, max_size=5).map(_basket)
alike = st.lists(
    st.builds(
        lambda sku, price: line(0, price, "bread", sku=sku),
        st.sampled_from("abcdef"),
        st.sampled_from([100, 250]),
    ),
    min_size=2,
    max_size=6,
    unique_by=lambda each: each.sku,
).map(_basket)
"""Different articles at the same prices, where an odd point or cent has to go to one of equals."""

members = st.builds(
    lambda points, stamps, coffees, visits, spend: MemberFacts(
        "7f0c",
        since=date(2025, 3, 1),
        holdings=tuple(
            holding
            for holding in (
                Holding("points", points, date(2027, 3, 31)),
                Holding("stamps", stamps),
                Holding("reward/coffee", coffees),
                Holding("voucher/hundred", 500 * coffees, lot=EARLIER),
                Holding("count/visits", visits, day=date(2026, 11, 1)),
                Holding("count/tier-spend", spend, day=date(2026, 11, 1)),
            )
            if holding.quantity
        ),
    ),
    st.integers(0, 400),
    st.integers(0, 4),
    st.integers(0, 2),
    st.integers(0, 3),
    st.integers(0, 9_000),
)
wishes = st.lists(
    st.sampled_from(
        [Redemption("coffee"), Redemption("five"), Redemption("some", 50), Redemption("miles")]
    ),
    max_size=3,
    unique_by=lambda each: each.reward,
).map(lambda wanted: Wanted(tuple(wanted)) if wanted else NOTHING)

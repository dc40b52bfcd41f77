"""The builders' merchant, worked out by hand: what an accountant would check.

Points are in tenths: 10 is one point. Amounts of goods are with 21 % VAT, as the POS sends them: 121.00 is 100.00
without.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.basket import Line, Tender
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.situation import Redemption, Wanted
from edge_agent.domain.programme.upkeep import keep_up
from edge_agent.till.without_sale import Answering
from tests.tills import JAN, back, jan, scanned
from tests.unit.programmes.shops import (
    Counter,
    basket,
    gives,
    item,
    programme_of,
    regular,
    takes_off,
    works_out,
)

SHOP = "wholesaler"
FAIR = "2026-11-25 10:00"
MASTER = regular(tier="master")
RESELLER = regular(segments=frozenset({"resellers"}))


def goods(net: int, *categories: str, margin: str | None = "A", **more: Any) -> Line:
    """Goods that cost so much without VAT."""
    return item(net * 121 // 100, *categories, margin=margin, tax_rate="21", **more)


def cable(metres: str) -> Line:
    """Cable at 2.00 a metre without VAT."""
    net = int(Decimal(metres) * 200)
    return goods(net, "cable", margin="B", quantity=metres, measure=Decimal(metres))


@pytest.mark.parametrize(
    ("items", "member", "given", "off"),
    [
        # 100.00 of margin A: ten times 2 points, and one status point.
        ([goods(10000)], regular(), {"margin-a": 200, "status": 1}, {}),
        # 100.00 of margin B: ten points.
        ([goods(10000, margin="B")], regular(), {"margin-b": 100, "status": 1}, {}),
        # 55.00 of A: 5.5 times 2 points are 11.0; no status point yet.
        ([goods(5500)], regular(), {"margin-a": 110}, {}),
        # Net prices earn nothing, whatever they come to.
        ([goods(50000, margin="N")], regular(), {}, {}),
        # 130 metres of cable are five times 25; 260.00 are two status points.
        ([cable("130")], regular(), {"cable": 50, "status": 2}, {}),
        # Resellers: 100.00 of A are 5 points and nothing else of points.
        ([goods(10000)], RESELLER, {"reseller": 50, "status": 1}, {}),
        # 2,000.00 of A are 400 points and 25 for the pallet; 20 status points.
        (
            [goods(200000)],
            regular(),
            {"margin-a": 4000, "full-pallet": 250, "status": 20},
            {},
        ),
        # Master: 4 % of 1,000.00 is 40.00 without VAT, 48.40 with it; 960.00 are 192 points and half of it.
        (
            [goods(100000)],
            MASTER,
            {"margin-a": 1920, "partner-plus": 960, "status": 9},
            {"master-price": 4840},
        ),
        # Five boxes of screws at 14.00 are 70.00: 60.00 for five, 10.00 and its VAT off. 60.00 of B: 6 points.
        (
            [goods(7000, "screws", margin="B", quantity=5)],
            regular(),
            {"margin-b": 60},
            {"box-of-screws": 1210},
        ),
        # Freight is free from 500.00 on. It earns nothing either way.
        (
            [goods(50000), goods(4000, margin=None, kind="freight")],
            regular(),
            {"margin-a": 1000, "status": 5},
            {"return-freight": 4840},
        ),
        (
            [goods(49000), goods(400, margin=None, kind="freight")],
            regular(),
            {"margin-a": 980, "status": 4},
            {},
        ),
        # Project prices are not discounted any more, also not for Masters; Dam's own goods are.
        (
            [goods(10000, labels=("project",)), goods(10000, labels=("project",), brand="Dam")],
            MASTER,
            {"margin-a": 392, "partner-plus": 196, "status": 1},
            {"master-price": 484},
        ),
    ],
)
def test_what_an_order_earns_and_what_is_off_it(
    items: list[Line], member: MemberFacts, given: dict[str, int], off: dict[str, int]
) -> None:
    found = works_out(SHOP, basket(*items), member=member)
    assert {rule: much for rule, much in gives(found).items() if rule != "firm"} == given
    assert takes_off(found) == off


def test_on_the_web_a_tenth_more_and_at_the_fair_three_times_as_many() -> None:
    web = works_out(SHOP, basket(goods(10000), channel="web"))
    assert gives(web) == {"margin-a": 200, "web-order": 20, "status": 1}
    fair = works_out(SHOP, basket(goods(10000), store="0900"), FAIR, MASTER)
    # 96.00 are 19.2 points; twice as many on top, and nothing after it.
    assert gives(fair) == {"margin-a": 192, "fair": 384}


def test_direct_debit_gives_half_a_point_per_fifty_euro_and_at_least_that() -> None:
    def paid(net: int) -> dict[str, int]:
        bought = basket(goods(net))
        return gives(
            works_out(SHOP, replace(bought, tenders=(Tender("direct-debit", bought.total),)))
        )

    # 150.00 are three times 50.00: 1.5 points; 10.00 are a tenth of a point, raised to half of one.
    assert paid(15000)["direct-debit"] == 15
    assert paid(1000)["direct-debit"] == 5


def test_who_buys_through_a_reseller_gets_half_of_the_points_from_it() -> None:
    found = works_out(SHOP, basket(goods(10000), channel="reseller"))
    assert gives(found) == {"margin-a": 200, "status": 1, "through-reseller": 100}


def test_an_order_gives_a_thousand_points_at_most() -> None:
    # 6,000.00 of A are 1,200 points, and 25: 1,225. Each gives up its share of 225.
    found = gives(works_out(SHOP, basket(goods(600000))))
    assert found["margin-a"] + found["full-pallet"] == 10000
    # 1,200 / 1,225 of 1,000 are 979.59, so 979.6 in tenths.
    assert found["margin-a"] == 9796


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    opened = Counter(tmp_path, SHOP)
    yield opened
    opened.close()


def test_status_points_are_counted_over_the_month(counter: Counter) -> None:
    earned = [counter.buys(goods(6000))["earned"]["status"] for _ in range(3)]
    # 60.00, 120.00, 180.00 in November: one point at the second.
    assert earned == [0, 1, 0]
    counter.goes_to("2026-12-01 10:00")
    assert counter.buys(goods(6000))["earned"]["status"] == 0


def test_points_can_be_used_from_next_month_on(counter: Counter) -> None:
    counter.buys(goods(10000))
    assert counter.shows()["pending"] == [
        {"unit": "points", "quantity": "20.0", "on": "2026-12-01"}
    ]  # fmt: skip


def test_points_come_off_the_invoice_for_a_quarter_of_it_at_most(counter: Counter) -> None:
    counter.shop.confirm(replace(jan(0), lots=(Holding("points", 8000),)))
    counter.redeems("credit", 400)
    # 5 cents a point. Of 60.50 a quarter is 15.12: 302 points are 15.10, and one more is used in part.
    result = counter.buys(goods(5000), uses=("R",))
    assert (result["discount"], result["spent"]["points"]) == (1512, "303.0")
    # 50.00 of A before own rewards: 10 points.
    assert result["earned"]["points"] == "10.0"


def test_a_drill_for_2000_points_is_150_euro_less_without_vat() -> None:
    member = regular(Holding("points", 25000))
    wanted = Wanted(redemptions=(Redemption("drill"),))
    drill = basket(goods(30000, "power-tools"))
    found = works_out(SHOP, drill, member=member, wanted=wanted)
    # 150.00 and its VAT: 181.50.
    assert takes_off(found) == {"drill": 18150}
    spent = [each.quantity for each in found.entries if each.rule == "drill"]
    assert spent == [-20000]


def test_a_master_is_one_from_the_next_day_on(counter: Counter) -> None:
    assert counter.buys(goods(2500000))["tier"]["title"] == "Vakman"
    counter.goes_to("2026-11-24 10:00")
    assert counter.shows()["tier"]["title"] == "Meester"
    assert counter.buys(goods(10000))["discount"] == 484


def test_after_a_year_the_tier_is_what_the_last_twelve_months_say() -> None:
    member = regular(Holding("tier/master", 1), since=date(2025, 11, 23))
    due = keep_up(programme_of(SHOP), member, date(2026, 11, 23)).entries
    assert [(each.unit, each.quantity) for each in due] == [("tier/master", -1)]


def test_helmets_gloves_and_boots_are_a_day_of_training(counter: Counter) -> None:
    counter.buys(goods(3000, "helmets"), goods(1000, "gloves", brand="Dam"))
    counter.buys(goods(9000, "boots"))
    assert counter.has("reward/safety-course") == 1


def test_a_return_takes_back_the_points_and_the_status_of_the_month(counter: Counter) -> None:
    counter.buys(goods(6000))
    counter.buys(goods(6000))
    assert (counter.has(), counter.has("status")) == (240, 1)
    counter.shop.till.give_back(counter.last, "B", (back(1, "1"),), None)
    # 60.00 are left of November: 12 points, and no status point.
    assert (counter.has(), counter.has("status")) == (120, 0)


def test_something_missing_at_the_counter_opens_a_case(counter: Counter) -> None:
    answered = counter.shop.till.answer(Answering("Q", "counter", "missed", scanned(JAN)))
    assert answered.result["earned"]["points"] == "0.0"

"""The drugstore, worked out by hand: what an accountant would check."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from edge_agent.domain.basket import Line
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.upkeep import keep_up
from edge_agent.till.without_sale import Answering, Reported
from tests.tills import JAN, back, jan, scanned
from tests.unit.programmes.shops import (
    MONDAY,
    Counter,
    basket,
    gives,
    item,
    programme_of,
    regular,
    takes_off,
    works_out,
)

SHOP = "drugstore"
SUNDAY = "2026-11-29 14:00"
CURLY = regular(attributes={"hair": "curly"})
PARENT = regular(Holding("offer/nappies", 1), segments=frozenset({"young-parents"}))


@pytest.mark.parametrize(
    ("at", "items", "member", "given", "off"),
    [
        # 12.95 is 12 points. Kruid for 12.95 is two full 5.00: two drops besides.
        (MONDAY, [item(1295, "hair-care")], regular(), {"base": 12}, {}),
        (
            MONDAY,
            [item(1295, "hair-care", brand="Kruid")],
            regular(),
            {"base": 12, "own-brand-drops": 2},
            {},
        ),
        # A travel size brings no drops.
        (
            MONDAY,
            [item(600, brand="Kruid", labels=("travel-size",))],
            regular(),
            {"base": 6},
            {},
        ),
        # Other brands: 1 drop from 20.00, and 3 from 40.00 on.
        (MONDAY, [item(1999)], regular(), {"base": 19}, {}),
        (MONDAY, [item(2000)], regular(), {"base": 20, "basket-drops": 1}, {}),
        (MONDAY, [item(4000)], regular(), {"base": 40, "basket-drops": 3}, {}),
        # Sunday: twice the points on make-up.
        (SUNDAY, [item(1500, "make-up")], regular(), {"base": 15, "sunday": 15}, {}),
        # Two refills at 4.50 are 9 points and 10 each.
        (
            MONDAY,
            [item(900, quantity=2, labels=("refill",))],
            regular(),
            {"base": 9, "refill": 20},
            {},
        ),
        # Eleven refills: 49.50 -> 49 points and 3 drops; 110 would be more than the 100 of a week.
        (
            MONDAY,
            [item(4950, quantity=11, labels=("refill",))],
            regular(),
            {"base": 49, "refill": 100, "basket-drops": 3},
            {},
        ),
        # Curl care: 20 % of 9.95 is 1.99 off; the points are on the 9.95.
        (
            MONDAY,
            [item(995, "hair-care", labels=("curl-care",))],
            CURLY,
            {"base": 9},
            {"curls": 199},
        ),
        # At most 10.00 off: 20 % of 60.00 would be 12.00. And 3 drops for 40.00 and more: 48.00 is paid.
        (
            MONDAY,
            [item(6000, "hair-care", labels=("curl-care",))],
            CURLY,
            {"base": 60, "basket-drops": 3},
            {"curls": 1000},
        ),
        # Four packs of nappies at 8.99: three of them are 2.00 less. 35.96 - 6.00 = 29.96: one drop.
        (
            MONDAY,
            [item(3596, "nappies", quantity=4)],
            PARENT,
            {"base": 35, "basket-drops": 1},
            {"nappies": 600},
        ),
        # Medicines and infant formula earn nothing.
        (MONDAY, [item(899, "medicine"), item(1599, "infant-formula")], CURLY, {}, {}),
    ],
)
def test_what_a_basket_earns_and_what_is_off_it(
    at: str, items: list[Line], member: MemberFacts, given: dict[str, int], off: dict[str, int]
) -> None:
    found = works_out(SHOP, basket(*items), at, member)
    assert gives(found) == given
    assert takes_off(found) == off


def test_on_new_years_day_points_become_a_voucher_fifty_at_a_time() -> None:
    points = Holding("points", 386, date(2027, 12, 31))
    due = keep_up(programme_of(SHOP), regular(points), date(2027, 1, 1)).entries
    # 386 are seven times 50: 350 points, seven times 0.50. 36 points stay.
    assert [(each.unit, each.quantity, each.expires_on) for each in due] == [
        ("points", -350, date(2027, 12, 31)),
        ("voucher/quarter", 350, date(2027, 4, 30)),
    ]


@pytest.mark.parametrize(("points", "day"), [(199, date(2027, 1, 1)), (386, date(2027, 2, 1))])
def test_too_few_points_and_other_months_become_nothing(points: int, day: date) -> None:
    held = Holding("points", points, date(2027, 12, 31))
    assert keep_up(programme_of(SHOP), regular(held), day).entries == ()


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    opened = Counter(tmp_path, SHOP)
    yield opened
    opened.close()


def test_fifteen_drops_are_a_beauty_box(counter: Counter) -> None:
    # Kruid for 82.50: sixteen full 5.00. Fifteen of the drops go, one stays.
    result = counter.buys(item(8250, "skincare", brand="Kruid"))
    box, care = sorted(result["vouchers"], key=lambda each: str(each["id"]))
    assert (box["id"], box["quantity"]) == ("beauty-box", 750)
    assert counter.has("drops") == 1 + 5  # five for 75.00 of care in autumn
    # 5 % of 82.50 is 4.125; to the nearest half euro 4.00.
    assert (care["id"], care["quantity"]) == ("care-back", 400)
    assert counter.buys(item(2000, "make-up"), codes=(box["code"],))["discount"] == 750


def test_400_points_in_a_year_are_five_euro_by_themselves(counter: Counter) -> None:
    counter.buys(item(40000))
    assert counter.has() == 400
    assert counter.buys(item(1000))["discount"] == 0
    counter.goes_to("2026-11-24 10:00")
    # From the next day on, without a code; the points were only counted.
    assert counter.buys(item(1000))["discount"] == 500


def test_an_offer_is_mentioned_switched_on_and_used(counter: Counter) -> None:
    counter.shop.confirm(replace(jan(0), segments=frozenset({"young-parents"})))
    (offer,) = [each for each in counter.shows()["offers"] if each["id"] == "nappies"]
    assert (offer["active"], offer["until"]) == (False, "2026-12-31")
    counter.shop.till.report(Reported("A", scanned(JAN), "activate/nappies"))
    # Two points for switching it on.
    assert counter.has() == 2
    assert counter.buys(item(899, "nappies"))["discount"] == 200


def test_who_was_away_gets_three_euro_for_the_next_time(counter: Counter) -> None:
    counter.buys(item(1000))
    counter.goes_to("2027-02-01 10:00")
    assert counter.buys(item(2000))["discount"] == 0
    assert counter.has("offer/come-back") == 1
    assert counter.buys(item(2000))["discount"] == 300
    assert counter.buys(item(2000))["discount"] == 0


def test_points_pay_for_care_up_to_five_euro(counter: Counter) -> None:
    counter.shop.confirm(jan(1000))
    counter.redeems("pay")
    # A cent a point: of 7.50 care 5.00 at most, 500 points; nothing of the toothpaste.
    result = counter.buys(item(750, "skincare"), item(300), uses=("R",))
    assert (result["discount"], result["spent"]["points"]) == (500, 500)
    # The points are on what things cost: 10.50 -> 10.
    assert counter.has() == 1000 - 500 + 10


def test_a_code_for_perfume_works_once_a_quarter(counter: Counter) -> None:
    scent = item(8000, "perfume")
    assert counter.buys(scent, codes=("geur10",))["discount"] == 800
    (refused,) = counter.quotes(scent, codes=("geur10",))["refused"]
    assert refused["rule"] == "scent-code"
    counter.goes_to("2027-01-04 10:00")
    assert counter.buys(scent, codes=("GEUR10",))["discount"] == 800


def test_a_house_that_minds_its_prices_gives_thirty_percent_at_most(counter: Counter) -> None:
    coupons = ("9814410011003",)
    scent = item(1000, "perfume", brand="Nachtviool")
    # Ten percent by code is 1.00 and the coupon is worth 10.00: of 10.00 no more than 3.00 in all.
    assert counter.buys(scent, codes=(*coupons, "GEUR10"))["discount"] == 300


def test_four_brush_heads_give_a_hundred_and_counting_goes_on(counter: Counter) -> None:
    assert counter.buys(item(2400, "brush-heads", quantity=3))["earned"]["points"] == 24
    # Three and two are five: one of the next four.
    assert counter.buys(item(1600, "brush-heads", quantity=2))["earned"]["points"] == 116
    progress = {each["id"]: each for each in counter.shows()["progress"]}
    assert (progress["brushes"]["have"], progress["brushes"]["need"]) == (1, 4)


def test_a_return_takes_the_points_and_what_is_left_of_the_voucher(counter: Counter) -> None:
    counter.buys(item(3000, "skincare"), item(500))
    assert counter.has("voucher/care-back") == 150
    counter.shop.till.give_back(counter.last, "B", (back(1, "1"),), None)
    # 35 points were 30 and 5; 5 % of 30.00 is 1.50 and nothing of what was kept.
    assert (counter.has(), counter.has("voucher/care-back")) == (5, 0)


def test_an_answer_gives_a_drop(counter: Counter) -> None:
    counter.shop.till.answer(Answering("Q", "advice", 2, scanned(JAN)))
    assert counter.has("drops") == 1

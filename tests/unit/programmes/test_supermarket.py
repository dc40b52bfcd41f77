"""The supermarket, worked out by hand: what an accountant would check."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.domain.basket import Line
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Birthday, MemberFacts
from edge_agent.till.without_sale import Answering, Enrolling, Reported
from tests.tills import JAN, STRANGER, back, jan, scanned
from tests.unit.programmes.shops import (
    MONDAY,
    Counter,
    basket,
    gives,
    item,
    regular,
    takes_off,
    works_out,
)

SHOP = "supermarket"
SATURDAY = "2026-11-28 11:00"
MILK, APPLES, TOWEL = "8710400011118", "8710400077770", "8710400088882"
FAMILY = regular(segments=frozenset({"families"}))


def coffee(packs: int) -> Line:
    """Packs of coffee at 5.49."""
    return item(549 * packs, "coffee", quantity=packs)


@pytest.mark.parametrize(
    ("at", "items", "member", "points", "off"),
    [
        # 0.99 is no whole euro.
        (MONDAY, [item(99)], regular(), {}, {}),
        # Cents of different articles make a euro together: 0.60 + 0.60 = 1.20.
        (MONDAY, [item(60), item(60)], regular(), {"base": 1}, {}),
        # 3 x 2.58 = 7.74 -> 7 points.
        (MONDAY, [item(774, quantity=3)], regular(), {"base": 7}, {}),
        # Milk at the card price: 2 x 1.29 = 2.58, 2 x 0.10 off, 2.38 is paid -> 2.
        (
            MONDAY,
            [item(258, "dairy", quantity=2, sku=MILK)],
            regular(),
            {"base": 2},
            {"member-prices": 20},
        ),
        # Organic goods for themselves, two per euro: 2 x 1.99 = 3.98 -> 3; the rest, 0.99, is no euro.
        (MONDAY, [item(199, labels=("organic",)), item(99)], regular(), {"organic": 3}, {}),
        # Bread, 3.12: 3, and as many again at the weekend.
        (MONDAY, [item(312, "bakery")], regular(), {"base": 3}, {}),
        (SATURDAY, [item(312, "bakery")], regular(), {"base": 3, "bread-weekend": 3}, {}),
        # Monday evening: half of 7 again, 3.5 -> 3; over at nine.
        ("2026-11-23 19:30", [item(700)], regular(), {"base": 7, "quiet-evening": 3}, {}),
        ("2026-11-23 21:00", [item(700)], regular(), {"base": 7}, {}),
        # Two soups at 1.79 and a loaf at 2.39: 3.58 + 2.39 = 5.97 -> 5, and 20.
        (
            MONDAY,
            [item(358, "soup", quantity=2), item(239, "bakery")],
            regular(),
            {"base": 5, "soup-and-bread": 20},
            {},
        ),
        # One soup is not enough for it: 1.79 + 2.39 = 4.18.
        (MONDAY, [item(179, "soup"), item(239, "bakery")], regular(), {"base": 4}, {}),
        # Two cheeses at 5.89: half of the second is 2.945, rounded 2.95; 11.78 - 2.95 = 8.83 -> 8.
        (
            MONDAY,
            [item(1178, "cheese", quantity=2)],
            regular(),
            {"base": 8},
            {"second-cheese": 295},
        ),
        # Four packs of pasta at 1.59: three cost 4.00 and not 4.77, 0.77 off; 6.36 - 0.77 = 5.59 -> 5.
        (MONDAY, [item(636, "pasta", quantity=4)], regular(), {"base": 5}, {"three-pastas": 77}),
        # Fruit for families, 10 % of 8.43 is 0.843, rounded 0.84; 7.59 is paid -> 7. Others pay it all: 8.
        (MONDAY, [item(843, "fruit")], FAMILY, {"base": 7}, {"families-fruit": 84}),
        (MONDAY, [item(843, "fruit")], regular(), {"base": 8}, {}),
        # Tobacco (11.20) and deposit (0.25) earn nothing; beer (6.49) does -> 6.
        (
            MONDAY,
            [item(1120, "tobacco"), item(25, kind="deposit"), item(649, "beer")],
            regular(),
            {"base": 6},
            {},
        ),
        # The first shopping, 20.00 and not a cent less: 20 and 100.
        (MONDAY, [item(2000)], regular(visits=0), {"base": 20, "first-shop": 100}, {}),
        (MONDAY, [item(1999)], regular(visits=0), {"base": 19}, {}),
    ],
)
def test_what_a_basket_earns_and_what_is_off_it(
    at: str, items: list[Line], member: MemberFacts, points: dict[str, int], off: dict[str, int]
) -> None:
    found = works_out(SHOP, basket(*items), at, member)
    assert gives(found) == points
    assert takes_off(found) == off


def test_extra_points_are_at_most_300_on_a_receipt() -> None:
    born = regular(birthday=frozenset({Birthday.WEEK}))
    # Bread for 260.00: 260, as many again, and 50 for the birthday: 310 extra, so the last rule gives up 10.
    found = works_out(SHOP, basket(item(26000, "bakery")), SATURDAY, born)
    assert gives(found) == {"base": 260, "bread-weekend": 260, "birthday-week": 40}


def test_five_packs_of_coffee_are_four_stamps_and_half_a_card() -> None:
    # 5 x 5.49 = 27.45 -> 27 points; 4 stamps a day at most; 4 stamps on the card give 40 points.
    found = works_out(SHOP, basket(coffee(5)))
    assert gives(found) == {"base": 27, "coffee-stamp": 4, "coffee-card": 40}


def test_a_control_group_is_not_offered_the_fruit() -> None:
    members = [replace(FAMILY, account=f"{number:016x}") for number in range(200)]
    held_out = [each for each in members if not takes_off(works_out(SHOP, FRUIT, member=each))]
    # One in ten of 200 is 20; by chance some more or less.
    assert 10 <= len(held_out) <= 32
    assert [each for each in members if not takes_off(works_out(SHOP, FRUIT, member=each))] == (
        held_out
    )


FRUIT = basket(item(843, "fruit"))


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    opened = Counter(tmp_path, SHOP, jan(1000))
    yield opened
    opened.close()


def test_points_pay_for_half_of_a_bill_at_most(counter: Counter) -> None:
    counter.redeems("money-off", 500)
    # A cent a point, in steps of 50. Half of 8.00 is 4.00: 400 points; 8.00 - 4.00 = 4.00 -> 4 points.
    # It is the first sale with this card, but below 20.00.
    result = counter.buys(item(800), uses=("R",))
    assert (result["discount"], result["spent"]["points"]) == (400, 400)
    assert result["earned"]["points"] == 4
    # 1000 - 400 + 4.
    assert counter.has() == 604


def test_a_tea_towel_for_points_costs_no_money(counter: Counter) -> None:
    counter.redeems("tea-towel")
    result = counter.buys(item(499, sku=TOWEL), item(300), uses=("R",))
    assert (result["discount"], result["spent"]["points"]) == (499, 300)
    # 1000 - 300 + 3 for the other article.
    assert counter.has() == 703


def test_a_gift_to_the_food_bank_needs_no_sale(counter: Counter) -> None:
    counter.redeems("food-bank")
    assert counter.shop.till.commit("R").result["spent"]["points"] == 200
    assert counter.has() == 800


def test_two_full_days_of_coffee_are_a_free_pack(counter: Counter) -> None:
    counter.buys(coffee(4))
    counter.goes_to("2026-11-24 10:00")
    counter.buys(coffee(4))
    # Eight stamps are one card; it is empty again. 40 points came halfway: 1000 + 2 x 21 + 100 (first) + 40.
    assert (counter.has("stamps"), counter.has("reward/free-coffee")) == (0, 1)
    assert counter.has() == 1182


def test_an_offer_counts_once_it_was_switched_on(counter: Counter) -> None:
    bulbs = item(699, "flower-bulbs")
    assert counter.buys(bulbs)["discount"] == 0
    counter.shop.till.report(Reported("A", scanned(JAN), "activate/spring-bulbs"))
    assert counter.buys(bulbs)["discount"] == 200
    # Once for each member.
    assert counter.buys(bulbs)["discount"] == 0


def test_a_code_takes_five_euro_off_once(counter: Counter) -> None:
    result = counter.buys(item(3000), codes=("WELKOM5",))
    # 30.00 - 5.00 = 25.00 -> 25, and 100 for the first shopping.
    assert (result["discount"], result["earned"]["points"]) == (500, 125)
    (refused,) = counter.quotes(item(3000), codes=("WELKOM5",))["refused"]
    assert (refused["what"], refused["rule"]) == ("WELKOM5", "welcome-code")


def test_a_coupon_of_a_manufacturer_is_worth_what_its_number_says(counter: Counter) -> None:
    # 981, issuer 3765, coupon 01, 010 tenths of a euro, check digit.
    assert counter.buys(item(800), codes=("9813765010105",))["discount"] == 100


def test_a_returned_loaf_takes_its_points_back(counter: Counter) -> None:
    counter.goes_to(SATURDAY)
    result = counter.buys(item(312, "bakery"), item(500))
    # 3.12 + 5.00 = 8.12: 8 points, of which bread has 3.07 -> 3, doubled.
    assert result["earned"]["points"] == 11
    returned = counter.shop.till.give_back(counter.last, "B", (back(1, "1"),), None).result
    assert returned["earned"]["points"] == -6
    assert counter.has() == 1005


def test_batteries_give_five_points_twice_a_month(counter: Counter) -> None:
    for number in range(2):
        counter.shop.till.report(Reported(f"A{number}", scanned(JAN), "batteries"))
    assert counter.has() == 1010


def test_a_low_score_gives_its_points_and_opens_a_case(counter: Counter) -> None:
    counter.shop.till.answer(Answering("Q", "recommend", 4, scanned(JAN)))
    assert counter.has() == 1010


def test_who_enrols_begins_with_25_points(counter: Counter) -> None:
    enrolled = counter.shop.till.enrol(Enrolling("M", scanned(STRANGER), {"display_name": "Noor"}))
    assert enrolled.result["earned"]["points"] == 25


def test_one_sale_in_25_wins_and_the_screen_says_what(counter: Counter) -> None:
    results = [counter.buys(item(1500), card=STRANGER) for _ in range(30)]
    won = [each["surprises"] for each in results if each["surprises"]]
    # Which sales win follows from their ids: here it is one in thirty.
    assert won == [[{"id": "lucky-receipt", "title": "Geluksbon", "prize": "100 punten extra!"}]]


def test_who_had_three_good_weeks_is_told_of_the_fourth(counter: Counter) -> None:
    for day in ("2026-11-23", "2026-11-30", "2026-12-07", "2026-12-14"):
        counter.goes_to(f"{day} 10:00")
        earned = counter.buys(item(2000))["earned"]["points"]
    # 20 of the basket, 60 of four weeks in a row.
    assert earned == 80


def test_coffee_to_collect_is_shown_with_what_it_is(counter: Counter) -> None:
    held = (Holding("reward/free-coffee", 1), Holding("stamps", 3))
    counter.shop.confirm(replace(jan(0), lots=held))
    counter.limits(per_redemption=1500, per_member=1500)  # a pack of up to 15.00, at a cent a point
    counter.redeems("free-coffee")
    result = counter.buys(coffee(2), uses=("R",))
    # The pack that is free earns no points but 10.98 - 5.49 = 5.49 -> 5; a free pack is stamped no more than paid ones.
    assert (result["discount"], result["earned"]["points"]) == (549, 45)

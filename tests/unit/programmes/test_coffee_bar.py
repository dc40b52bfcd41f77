"""The coffee bar, worked out by hand: what an accountant would check. Stamps are in tenths: 10 is one stamp."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.domain.basket import Line
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.errors import Refused
from edge_agent.till.without_sale import Answering, Reported
from tests.tills import JAN, back, jan, scanned
from tests.unit.programmes.shops import Counter, basket, gives, item, regular, takes_off, works_out

SHOP = "coffee-bar"
TUESDAY, TUESDAY_AT_THREE = "2026-11-24 10:00", "2026-11-24 15:00"
MONDAY_EARLY, SATURDAY = "2026-11-23 09:30", "2026-11-28 10:30"


def cups(number: int = 1, *labels: str) -> Line:
    """Cappuccinos at 3.80."""
    return item(380 * number, "hot-drink", quantity=number, labels=labels)


def small(number: int = 1) -> Line:
    """Espressos at 2.40."""
    return item(240 * number, "small-drink", quantity=number)


STAFF = regular(segments=frozenset({"staff"}))


@pytest.mark.parametrize(
    ("at", "items", "member", "given", "off"),
    [
        # A cappuccino is a stamp, and the visit five beans.
        (TUESDAY, [cups()], regular(), {"drink": 10, "visit": 5}, {}),
        # An espresso is half a stamp; 2.40 is below the 2.50 that makes it a visit.
        (TUESDAY, [small()], regular(), {"small-drink": 5}, {}),
        # Two halves and a whole: two stamps.
        (
            TUESDAY,
            [small(2), cups()],
            regular(),
            {"small-drink": 10, "drink": 10, "visit": 5},
            {},
        ),
        # Monday before ten: twice the stamps, once the beans.
        (MONDAY_EARLY, [cups()], regular(), {"drink": 10, "early-monday": 10, "visit": 5}, {}),
        ("2026-11-23 10:00", [cups()], regular(), {"drink": 10, "visit": 5}, {}),
        # The new roast: one stamp more for each of two cups.
        (
            TUESDAY,
            [cups(2, "new-roast")],
            regular(),
            {"drink": 20, "new-roast": 20, "visit": 5},
            {},
        ),
        # Four cookies are three and one: a bean, besides those of the visit.
        (TUESDAY, [item(600, "cookie", quantity=4)], regular(), {"cookies": 1, "visit": 5}, {}),
        # A sandwich at noon is one lunch stamp, however many sandwiches.
        (
            "2026-11-24 12:15",
            [item(1500, "sandwich", quantity=2)],
            regular(),
            {"lunch": 1, "visit": 5},
            {},
        ),
        # Happy hour: two cups for 2.50 each and not 3.80, 2 x 1.30 off.
        (
            TUESDAY_AT_THREE,
            [cups(2)],
            regular(),
            {"drink": 20, "visit": 5},
            {"happy-hour": 260},
        ),
        # An own cup is 0.25 off each; in the happy hour the better of the two counts.
        (TUESDAY, [cups(2, "own-cup")], regular(), {"drink": 20, "visit": 5}, {"own-cup": 50}),
        (
            TUESDAY_AT_THREE,
            [cups(2, "own-cup")],
            regular(),
            {"drink": 20, "visit": 5},
            {"happy-hour": 260},
        ),
        # Staff: 30 % of 3.80 is 1.14, of 2.40 is 0.72. Of beer the law lets go 25 %: 1.25 of 5.00.
        (
            TUESDAY,
            [cups(), small(), item(500, "beer")],
            STAFF,
            {"drink": 10, "small-drink": 5, "visit": 5},
            {"staff": 114 + 72 + 125},
        ),
        # A gift card fills the wallet (cents) and earns nothing, also not as a visit; nor does the deposit of a cup.
        (
            TUESDAY,
            [item(2500, kind="gift-card"), item(100, kind="deposit")],
            regular(),
            {"gift-card": 2500},
            {},
        ),
        # Eight cups: six stamps a day at most, and five of them bring the cookie.
        (
            TUESDAY,
            [cups(8)],
            regular(),
            {"drink": 60, "visit": 5, "coffee-card": 1},
            {},
        ),
    ],
)  # fmt: skip
def test_what_a_basket_gives_and_what_is_off_it(
    at: str, items: list[Line], member: MemberFacts, given: dict[str, int], off: dict[str, int]
) -> None:
    found = works_out(SHOP, basket(*items), at, member)
    assert gives(found) == given
    assert takes_off(found) == off


@pytest.mark.parametrize(("number", "cookies"), [(1, 0), (2, 1), (3, 1), (4, 2)])
def test_at_the_weekend_a_cookie_comes_with_every_two_cups(number: int, cookies: int) -> None:
    found = works_out(SHOP, basket(cups(number)), SATURDAY)
    assert sum(each.quantity for each in found.free_units()) == cookies


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    opened = Counter(tmp_path, SHOP)
    opened.goes_to(TUESDAY)
    yield opened
    opened.close()


def test_ten_cups_are_one_of_choice_and_the_card_begins_again(counter: Counter) -> None:
    counter.buys(cups(6))
    counter.goes_to("2026-11-25 10:00")
    assert counter.buys(cups(5))["stamps"][0]["have"] == "1.0"
    # Eleven stamps: a full card of ten, one on the next.
    assert (counter.has("stamps"), counter.has("reward/free-cup")) == (10, 1)
    counter.redeems("free-cup")
    result = counter.buys(small(), cups(), uses=("R",))
    # The dearer of the two is free; what is free earns no stamp, the espresso half a one.
    assert (result["discount"], counter.has("stamps")) == (380, 15)
    assert counter.has("reward/free-cup") == 0


def test_the_cookie_of_half_a_card_comes_off_by_itself_with_the_next_coffee(
    counter: Counter,
) -> None:
    counter.buys(cups(5))
    assert counter.has("voucher/cookie") == 1
    assert counter.buys(item(150, "cookie"))["discount"] == 0
    assert counter.buys(item(150, "cookie"), cups())["discount"] == 150
    assert counter.has("voucher/cookie") == 0


def test_double_stamps_come_once_a_day(counter: Counter) -> None:
    counter.goes_to("2026-11-30 08:00")
    assert counter.buys(cups())["earned"]["stamps"] == "2.0"
    assert counter.buys(cups())["earned"]["stamps"] == "1.0"


def test_stamps_beyond_the_lunch_card_are_lost(counter: Counter) -> None:
    counter.shop.confirm(replace(jan(0), lots=(Holding("lunches", 5),)))
    counter.goes_to("2026-11-24 12:00")
    counter.buys(item(700, "sandwich"))
    # The sixth: the card is empty, and soup can be had from tomorrow.
    assert (counter.has("lunches"), counter.has("reward/free-soup")) == (0, 1)


def test_a_pass_pays_for_five_cups(counter: Counter) -> None:
    (bought,) = counter.buys(item(1650, sku="pass-5"))["vouchers"]
    assert bought["quantity"] == 5
    used = [counter.buys(cups(2), codes=(bought["code"],))["discount"] for _ in range(5)]
    # One cup each time; after five the pass is empty.
    assert used == [380] * 5
    (refused,) = counter.quotes(cups(), codes=(bought["code"],))["refused"]
    assert refused["why"] == "deze bon is al gebruikt"


def test_a_gift_card_pays_what_is_on_it(counter: Counter) -> None:
    counter.buys(item(2500, kind="gift-card"))
    assert counter.has("euro") == 2500
    # 2 x 3.80 = 7.60; 25.00 - 7.60 = 17.40. Five beans for the visit, three for paying with the card.
    result = counter.buys(cups(2), tender="kade-card")
    assert (counter.has("euro"), result["earned"]["points"]) == (1740, 8)


def test_a_voyage_counts_once_it_was_begun(counter: Counter) -> None:
    counter.buys(cups(1, "ethiopia"))
    counter.shop.till.report(Reported("A", scanned(JAN), "activate/round-the-world"))
    for label in ("ethiopia", "colombia"):
        counter.buys(cups(1, label))
    last = counter.buys(item(380, "hot-drink", sku="sumatra"))
    # A visit is 5, the three countries 60 beans; two stamps beside the cup's own.
    assert last["earned"] == {
        "stamps": "3.0",
        "lunches": 0,
        "points": 65,
        "euro": "0.00",
    }


def test_a_cup_that_is_brought_back_is_half_a_stamp_twice_a_day(counter: Counter) -> None:
    for number in range(2):
        counter.shop.till.report(Reported(f"A{number}", scanned(JAN), "cup-back"))
    with pytest.raises(Refused, match="hoogstens 2 keer per dag"):
        counter.shop.till.report(Reported("A3", scanned(JAN), "cup-back"))
    assert counter.has("stamps") == 10


def test_a_returned_cup_takes_its_stamp_back_and_leaves_the_cookie(counter: Counter) -> None:
    counter.buys(cups(5))
    counter.shop.till.give_back(counter.last, "B", (back(1, "1"),), None)
    assert (counter.has("stamps"), counter.has("voucher/cookie")) == (40, 1)


def test_two_stars_or_less_open_a_case(counter: Counter) -> None:
    counter.shop.till.answer(Answering("Q", "taste", 2, scanned(JAN)))
    assert counter.has() == 5


def test_the_third_visit_is_asked_how_it_tasted(counter: Counter) -> None:
    asked = [counter.buys(cups())["questions"] for _ in range(3)]
    assert [[each["id"] for each in questions] for questions in asked] == [[], [], ["taste"]]

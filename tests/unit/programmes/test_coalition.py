"""The coalition, worked out by hand: what an accountant would check, and each partner in its books."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from edge_agent.domain.basket import Basket, Line
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.consents import Consent
from edge_agent.domain.programme.moving import transferred
from edge_agent.domain.programme.situation import Redemption, Wanted
from edge_agent.domain.programme.upkeep import keep_up
from edge_agent.errors import Invalid, Refused
from edge_agent.till.without_sale import Answering, Enrolling, Reported
from tests.tills import JAN, STRANGER, back, jan, scanned
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

SHOP = "coalition"
FRIEND = regular(tier="friend")
FLYER = regular(segments=frozenset({"flyers"}))
PLUS = regular(Holding("membership/ring-plus", 1, date(2026, 12, 20)))
NEXT_YEAR = date(2028, 12, 31)


def market(amount: int) -> Line:
    """Groceries at the supermarket."""
    return item(amount, labels=("market",))


def fuel(litres: str) -> Line:
    """Petrol at 1.95 a litre."""
    amount = int(Decimal(litres) * 195)
    return item(amount, "fuel", quantity=litres, measure=Decimal(litres))


def tickets(number: int) -> Basket:
    """Cinema tickets at 12.50."""
    return basket(item(1250 * number, "ticket", quantity=number), channel="cinema")


def books(amount: int, **more: str) -> Basket:
    """Books, at the bookshop."""
    return basket(item(amount, **more), store="0430")


@pytest.mark.parametrize(
    ("bought", "member", "given"),
    [
        # 45.80 at the supermarket: 45 points, and a purchase from 10.00 is one status point.
        (basket(market(4580)), regular(), {"market": 45, "visit-status": 1}),
        (basket(market(999)), regular(), {"market": 9}),
        # Friends of the Ring: 20 more from 30.00 on.
        (
            basket(market(3000)),
            FRIEND,
            {"market": 30, "friends-add": 20, "visit-status": 1},
        ),
        # 38.5 litres are 77 points; with Ring Plus half of them again, 38.5 -> 38.
        (basket(fuel("38.5")), regular(), {"fuel": 77, "visit-status": 1}),
        (basket(fuel("38.5")), PLUS, {"fuel": 77, "plus-fuel": 38, "visit-status": 1}),
        # Two tickets are 25.00: 12.5 times 5 points per 2.00, 62.5 -> 62, from the cinema.
        (tickets(2), regular(), {"cinema": 62, "visit-status": 1}),
        # Books for 18.95: 3 points per euro are 56.85 -> 56, from the bookshop; its gift cards give none.
        (books(1895), regular(), {"bookshop": 56, "visit-status": 1}),
        (books(800, kind="gift-card"), regular(), {}),
        # Whoever flies gets 0.3 miles for each of the Ring's points: 45 x 0.3 = 13.5, in tenths 135.
        (
            basket(market(4580)),
            FLYER,
            {"market": 45, "airline": 135, "visit-status": 1},
        ),
        # 600.00 at the supermarket: 500 points a day and no more.
        (basket(market(60000)), regular(), {"market": 500, "visit-status": 1}),
        # Tobacco and deposits alone are nobody's points, nor a purchase that counts.
        (
            basket(item(1120, "tobacco", labels=("market",)), item(25, kind="deposit")),
            regular(),
            {},
        ),
    ],
)
def test_what_a_purchase_gives(
    bought: Basket, member: MemberFacts, given: dict[str, int]
) -> None:  # fmt: skip
    assert gives(works_out(SHOP, bought, member=member)) == given


def test_the_books_say_who_pays() -> None:
    assert works_out(SHOP, tickets(1)).notes()["cinema"] == "paid by partner"
    assert works_out(SHOP, basket(market(4580)), member=FLYER).notes()["airline"] == "paid by house"


@pytest.mark.parametrize(
    ("litres", "points", "off"),
    [
        # 200 points are four cents a litre: 30 litres, 1.20.
        ("30", 200, 120),
        # Of 60 litres 40 get it: 1.60.
        ("60", 200, 160),
        # 500 points at most: ten cents, 4.00.
        ("60", 500, 400),
    ],
)
def test_points_take_cents_off_each_litre(litres: str, points: int, off: int) -> None:
    member = regular(Holding("points", 1000, NEXT_YEAR))
    wanted = Wanted(redemptions=(Redemption("fuel-off", points),))
    found = works_out(SHOP, basket(fuel(litres)), member=member, wanted=wanted)
    assert takes_off(found) == {"fuel-off": off}


def test_on_the_first_of_june_points_become_a_voucher_for_any_shop() -> None:
    held = Holding("points", 1730, NEXT_YEAR)
    due = keep_up(programme_of(SHOP), regular(held), date(2027, 6, 1)).entries
    # Three times 500 points, three times 4.00.
    assert [(each.unit, each.quantity) for each in due] == [
        ("points", -1500),
        ("voucher/ring", 1200),
    ]


def test_on_new_years_day_friends_are_who_came_forty_times() -> None:
    programme = programme_of(SHOP)
    for times, entries in ((39, [("tier/friend", -1), ("status", -39)]), (41, [("status", -41)])):
        lots = (Holding("tier/friend", 1), Holding("status", times, date(2027, 12, 31)))
        member = regular(*lots)
        figures = {each.key: times for each in programme.chore_readings}
        due = keep_up(programme, replace(member, figures=figures), date(2027, 1, 1)).entries
        assert [(each.unit, each.quantity) for each in due if each.quantity < 0] == entries


def test_points_that_are_given_away_begin_anew() -> None:
    giver = regular(Holding("points", 300, date(2026, 12, 31)))
    receiver = MemberFacts("b" * 16)
    moved = transferred(programme_of(SHOP), giver, receiver, "points", 200, date(2026, 11, 23))
    # They would have ended this year; two years from today, to the end of the year, is 2028.
    assert [(each.quantity, each.expires_on) for each in moved.entries] == [
        (-200, date(2026, 12, 31)),
        (200, NEXT_YEAR),
    ]


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    opened = Counter(tmp_path, SHOP, jan(900))
    yield opened
    opened.close()


def test_a_ticket_is_paid_with_points_at_the_cinema_alone(counter: Counter) -> None:
    with pytest.raises(Refused, match="niet via dit kanaal"):
        counter.redeems("cinema-ticket")
    counter.redeems("cinema-ticket", channel="cinema")
    two = item(2500, "ticket", quantity=2)
    result = counter.buys(two, uses=("R",), channel="cinema")
    # One of two is free; 12.50 is paid, 6.25 times 5 points: 31.
    assert (result["discount"], result["earned"]["points"]) == (1250, 31)
    assert counter.has() == 900 - 450 + 31


def test_points_become_miles(counter: Counter) -> None:
    counter.redeems("to-miles")
    counter.shop.till.commit("R")
    assert (counter.has(), counter.has("miles")) == (500, 1000)


def test_the_playground_gets_three_euro(counter: Counter) -> None:
    counter.redeems("playground")
    assert counter.shop.till.commit("R").result["spent"]["points"] == 300


def test_a_month_of_plus_works_from_the_next_sale_on(counter: Counter) -> None:
    month = item(495, sku="ring-plus-month")
    first = counter.buys(month, fuel("10"))
    assert first["earned"]["points"] == 20
    # 30 days with 23 November: until 22 December.
    assert first["memberships"][0]["until"] == "2026-12-22"
    assert counter.buys(fuel("10"))["earned"]["points"] == 30


def test_round_the_town_is_a_hundred_points(counter: Counter) -> None:
    counter.buys(market(1000))
    counter.buys(fuel("10"))
    last = counter.buys(item(1250, "ticket"), channel="cinema")
    # 31 from the cinema and 100.
    assert last["earned"]["points"] == 131


def test_a_return_takes_a_share_of_what_still_waits(counter: Counter) -> None:
    counter.buys(market(3000), market(1500))
    # 45 points. A third of 45.00 comes back: 15 points.
    returned = counter.shop.till.give_back(counter.last, "B", (back(2, "1"),), None).result
    assert returned["earned"]["points"] == -15


def test_points_that_can_be_used_already_stay(counter: Counter) -> None:
    counter.buys(market(3000))
    sold = counter.last
    counter.goes_to("2026-12-07 10:00")
    returned = counter.shop.till.give_back(sold, "B", (back(1, "1"),), None).result
    assert (returned["earned"]["points"], counter.has()) == (0, 930)


def test_a_typed_number_shows_nothing(counter: Counter) -> None:
    typed = replace(scanned(JAN), entry=type(scanned(JAN).entry).KEYED)
    assert counter.shop.till.identify(typed).balance is None


def test_a_visit_to_the_fair_and_an_answer_are_rewarded(counter: Counter) -> None:
    counter.shop.till.report(Reported("A", scanned(JAN), "fair"))
    counter.shop.till.answer(Answering("Q", "missing-shop", "bakery", scanned(JAN)))
    assert counter.has() == 900 + 25 + 5


def test_a_neighbour_who_was_brought_along_is_rewarded_once(counter: Counter) -> None:
    counter.shop.confirm(replace(jan(0), referred_by="b" * 32))
    counter.buys(market(1000))
    counter.buys(market(1000))
    assert counter.has() == 10 + 25 + 10
    given = [
        each["quantity"]
        for record in counter.shop.ledger.records(0, 10)
        for each in json.loads(record.body)["entries"]
        if each.get("account")
    ]
    assert given == [75]


def test_nobody_joins_without_agreeing_to_one_card_for_all(counter: Counter) -> None:
    joining = Enrolling("M", scanned(STRANGER), {"display_name": "Noor"})
    with pytest.raises(Invalid):
        counter.shop.till.enrol(joining)
    agreed = Consent("shared-card", "2026-01")
    enrolled = counter.shop.till.enrol(replace(joining, consents=(agreed,))).result
    assert enrolled["standing"] == "unknown"

"""Stamp cards: filling, several rewards, what is over, and sizes that change."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Line
from edge_agent.domain.entries import Entry, EntryKind, total_per_unit
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Programme, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.outlook import outlook
from edge_agent.domain.programme.progress import Towards
from edge_agent.domain.programme.situation import Redemption, Wanted
from edge_agent.domain.programme.upkeep import follow, keep_up
from edge_agent.domain.tallies import figures
from tests.unit.domain.builders import basket, line, programme

DRINK = """
[[earn]]
id = "drink"
unit = "stamps"
points = 1
each = "piece"
scope = { categories = ["drink"] }
"""
CARD = """
[[stamp]]
id = "card"
title = "Koffiekaart"
size = 10
"""
FULL = """
[[stamp.reward]]
title = "Gratis koffie"
gives = [{ unit = "points", quantity = 100 }]
"""
TODAY = date(2026, 11, 21)


def rules(card: str = CARD + FULL, earn: str = DRINK, unit: str = "") -> Programme:
    return programme(f"[unit.stamps]\n{unit}\n" + earn + card)


def drinks(pieces: int, *labels: str) -> Line:
    return line(1, 395 * pieces, "drink", quantity=Decimal(pieces), labels=labels)


def having(stamps: int, rewarded: int = 0) -> MemberFacts:
    known = {"card.card@ever": rewarded} if rewarded else {}
    return MemberFacts("7f0c", holdings=(Holding("stamps", stamps),), figures=known)


def at(day: date, programme: Programme) -> datetime:
    return datetime.combine(day, datetime.min.time(), programme.timezone)


def sold(
    programme: Programme, facts: MemberFacts, *lines: Line, day: date = TODAY
) -> dict[str, int]:
    return total_per_unit(evaluate(programme, facts, basket(*lines), at(day, programme)).entries)


@pytest.mark.parametrize(
    ("before", "bought", "stamps", "points"),
    [
        (0, 1, 1, 0),
        (8, 1, 1, 0),
        (9, 1, -9, 100),  # ten, and the card begins again
        (7, 5, -5, 100),  # two are over
        (0, 25, 5, 200),
        (12, 1, -9, 100),  # more than a card holds, however they came
    ],
)
def test_a_full_card_gives_its_reward_and_what_is_over_begins_the_next(
    before: int, bought: int, stamps: int, points: int
) -> None:
    found = sold(rules(), having(before), drinks(bought))
    assert (found["stamps"], found.get("points", 0)) == (stamps, points)


def test_what_is_over_may_be_lost() -> None:
    card = CARD + 'overshoot = "lost"\n' + FULL
    assert sold(rules(card), having(7), drinks(5)) == {"stamps": -7, "points": 100}
    assert sold(rules(card), having(7), drinks(2)) == {"stamps": 2}


def test_an_own_cup_gives_one_more() -> None:
    own_cup = """
[[earn]]
id = "own-cup"
unit = "stamps"
points = 1
each = "piece"
scope = { labels = ["own-cup"] }
[earning]
several = "add"
"""
    cups = rules(earn=DRINK + own_cup)
    facts = having(0)
    for _ in range(5):
        facts = facts.after(
            evaluate(cups, facts, basket(drinks(1, "own-cup")), at(TODAY, cups)).entries, (), TODAY
        )
    assert {each.unit: each.quantity for each in facts.holdings} == {"points": 100}


FREE_DRINK = """
[[reward]]
id = "free-drink"
title = "Gratis drankje"
unit = "stamps"
cost = 10
off = { percent = 100, units = 1 }
when = { categories = ["drink"] }
"""


@pytest.mark.parametrize(("bought", "stamps"), [(1, -10), (3, -8)])
def test_a_drink_chosen_from_the_card_gives_no_stamp(bought: int, stamps: int) -> None:
    shop = rules(FREE_DRINK)
    wanted = Wanted((Redemption("free-drink"),))
    found = evaluate(shop, having(10), basket(drinks(bought)), at(TODAY, shop), wanted)
    assert total_per_unit(found.entries) == {"stamps": stamps}
    assert found.off() == {1: 395}


def test_stamps_are_doubled_like_any_other_unit() -> None:
    double = '[[bonus]]\nid = "double"\nunit = "stamps"\nmultiply = 2\nwhy = "dubbel"\n'
    assert sold(rules(earn=DRINK + double), having(0), drinks(3)) == {"stamps": 6}


def test_half_stamps_fill_a_card_too() -> None:
    halves = DRINK.replace("points = 1", "points = 0.5")
    found = sold(rules(earn=halves, unit="decimals = 1"), having(95), drinks(1))
    assert found == {"stamps": -95, "points": 100}


@pytest.mark.parametrize(
    ("day", "before", "stamps", "points"),
    [("2023-07-31", 7, -7, 100), ("2023-08-01", 7, 1, 0), ("2023-08-01", 9, -9, 100)],
)
def test_a_card_that_is_half_full_goes_on_with_the_new_size(
    day: str, before: int, stamps: int, points: int
) -> None:
    card = CARD.replace("10", "8") + "sizes = [{ from_date = 2023-08-01, size = 10 }]\n" + FULL
    found = sold(rules(card), having(before), drinks(1), day=date.fromisoformat(day))
    assert (found["stamps"], found.get("points", 0)) == (stamps, points)


SEVERAL = (
    CARD
    + """
[[stamp.reward]]
at = 3
title = "Kwart kip"
gives = [{ unit = "points", quantity = 3 }]
[[stamp.reward]]
at = 6
title = "Halve kip"
gives = [{ unit = "points", quantity = 6 }]
[[stamp.reward]]
title = "Hele kip"
gives = [{ unit = "points", quantity = 10 }]
"""
)


@pytest.mark.parametrize(
    ("before", "rewarded", "bought", "points", "marked"),
    [
        (0, 0, 2, 0, 0),
        (2, 0, 1, 3, 3),
        (3, 3, 1, 0, 0),
        (2, 0, 4, 9, 6),
        (0, 0, 10, 19, 0),
        (8, 6, 6, 10 + 3, -3),  # full, and the next one has four
        (0, 0, 23, 2 * 19 + 3, 3),
        (2, 3, 1, 0, 0),  # a stamp was taken back: the same reward does not come twice
    ],
)
def test_one_card_gives_each_of_its_rewards_once(
    before: int, rewarded: int, bought: int, points: int, marked: int
) -> None:
    found = sold(rules(SEVERAL), having(before, rewarded), drinks(bought))
    assert (found.get("points", 0), found.get("count/card.card", 0)) == (points, marked)


def test_a_reward_can_wait_until_the_next_day() -> None:
    card = CARD + FULL.replace("quantity = 100", "quantity = 100, pending = { days = 1 }")
    waiting = rules(card)
    entries = evaluate(waiting, having(9), basket(drinks(1)), at(TODAY, waiting)).entries
    given = [each for each in entries if each.unit == "points"]
    assert [each.matures_on for each in given] == [TODAY + timedelta(days=1)]


def test_stamps_that_come_without_a_sale_fill_a_card_too() -> None:
    by_hand = Entry(EntryKind.ADJUST, "stamps", 2, "by-hand")
    plain = rules()
    found = follow(plain, having(8), [by_hand], at(TODAY, plain)).entries
    assert total_per_unit(found) == {"stamps": -10, "points": 100}


def test_central_fills_a_card_with_stamps_that_waited() -> None:
    plain = rules()
    facts = MemberFacts(
        "7f0c", holdings=(Holding("stamps", 9), Holding("stamps", 1, None, date(2026, 11, 22)))
    )
    assert keep_up(plain, facts, TODAY).entries == ()
    found = keep_up(plain, facts, date(2026, 11, 22)).entries
    assert total_per_unit(found) == {"stamps": -10, "points": 100}


@pytest.mark.parametrize(
    ("card", "stamps", "shown"),
    [
        (CARD + FULL, 7, (7, 10, "Gratis koffie")),
        (SEVERAL, 2, (2, 3, "Kwart kip")),
        (SEVERAL, 3, (3, 6, "Halve kip")),
        (SEVERAL, 6, (6, 10, "Hele kip")),
        (CARD, 4, (4, 10, None)),
    ],
)
def test_what_is_missing_to_the_next_reward(
    card: str, stamps: int, shown: tuple[int, int, str | None]
) -> None:
    shop = rules(card)
    (card_now,) = outlook(shop, having(stamps), at(TODAY, shop)).towards(Towards.STAMP_CARD)
    gives = None if card_now.gives is None else card_now.gives.nl
    assert (card_now.have, card_now.need, gives) == shown


@pytest.mark.parametrize(
    ("card", "message"),
    [
        (CARD + FULL.replace("title", "at = 11\ntitle"), "no card has room"),
        (CARD + FULL + FULL, "give both in one"),
        (
            CARD
            + "sizes = [{ from_date = 2023-08-01, size = 10 }, { from_date = 2023-07-01, size = 9 }]\n",
            "by their days",
        ),
        (CARD + 'unit = "beans"\n', "no .unit.beans."),
        (CARD + CARD.replace('"card"', '"other"'), "a unit of its own"),
    ],
)
def test_cards_that_cannot_be_are_refused(card: str, message: str) -> None:
    with pytest.raises(ProgrammeInvalid, match=message):
        rules(card)


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=10),
    st.sampled_from([CARD + FULL, SEVERAL]),
)
def test_every_stamp_is_on_a_card_or_in_one_that_was_full(sales: list[int], card: str) -> None:
    shop = rules(card)
    facts = MemberFacts("7f0c")
    for bought in sales:
        known = figures(shop.readings, facts.holdings, TODAY, None)
        entries = evaluate(
            shop, replace(facts, figures=known), basket(drinks(bought)), at(TODAY, shop)
        ).entries
        facts = facts.after(entries, (), TODAY)
    left = {each.unit: each.quantity for each in facts.holdings}
    full, on_card = divmod(sum(sales), 10)
    assert left.get("stamps", 0) == on_card
    worth = (
        100 * full if card == CARD + FULL else 19 * full + 3 * (on_card >= 3) + 6 * (on_card >= 6)
    )
    assert left.get("points", 0) == worth

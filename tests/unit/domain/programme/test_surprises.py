"""Surprises: never in a quote, won as often as declared, never beyond budgets and limits, and every draw is told."""

import re
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from edge_agent.domain.draws import DRAWN_BELOW, Draw, draw_from
from edge_agent.domain.member import NOBODY, MemberFacts
from edge_agent.domain.programme import Programme, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.surprises import Surprises
from edge_agent.domain.programme.unmet import Obstacle
from edge_agent.domain.tallies import Period, first_day
from tests.unit.domain.builders import BASE, basket, line, programme
from tests.unit.domain.customers import Customer, TillCounts, at
from tests.unit.domain.programme.telling import telling

NOON = at("2026-11-21")
BOUGHT = basket(line(1, 1000, "bread"))
KEY = b"k" * 32
PRIZES = (
    '[{ id = "coffee", title = "Koffie!", quantity = 60, weight = 9, worth = 150 },'
    ' { id = "trip", title = "Reis!", quantity = 5000, weight = 1, worth = 10000 }]'
)


def surprise(keys: str, one_in: int = 4, prizes: str = PRIZES) -> Programme:
    return programme(
        f'{BASE}[[surprise]]\nid = "luck"\ntitle = "x"\none_in = {one_in}\nprizes = {prizes}\n{keys}\n'
    )


def drawing(luck: int, prize: int = 0) -> Draw:
    return lambda rule: {"luck": luck, "luck/prize": prize}[rule]


def won(rules: Programme, draw: Draw, facts: MemberFacts | None = None) -> int:
    found = evaluate(rules, facts or MemberFacts("a"), BOUGHT, NOON, draw=draw)
    return sum(
        each.quantity for each in found.entries if each.rule == "luck" and each.unit == "points"
    )


@pytest.mark.parametrize(
    ("luck", "prize", "points"),
    [
        (0, 0, 60),
        (DRAWN_BELOW // 4 - 1, 0, 60),  # the last number that wins of one in four
        (DRAWN_BELOW // 4, 0, 0),
        (DRAWN_BELOW - 1, 0, 0),
        (0, DRAWN_BELOW * 9 // 10, 60),  # nine tenths of the prizes are coffee
        (0, DRAWN_BELOW * 9 // 10 + 1, 5000),
        (0, DRAWN_BELOW - 1, 5000),
    ],
)
def test_the_first_number_says_whether_and_the_second_what(
    luck: int, prize: int, points: int
) -> None:
    assert won(surprise(""), drawing(luck, prize)) == points


@property_of(one_in=st.integers(1, 50), explains=st.booleans())
def test_nothing_is_ever_drawn_in_a_quote(one_in: int, explains: bool) -> None:
    rules = surprise("", one_in)
    found = evaluate(rules, MemberFacts("a"), BOUGHT, NOON, explains=explains)
    assert {each.rule for each in found.entries} == {"base"}
    assert found.notes() == {}
    obstacles = [each.unmet.obstacle for each in found.outcomes if each.unmet]
    assert obstacles == ([Obstacle.NOT_DRAWN] if explains else [])


@pytest.mark.parametrize(
    ("draw", "keys", "note"),
    [
        (drawing(DRAWN_BELOW - 1), "", "drew ffffffffffffffff of 4: nothing"),
        (drawing(1), "", "drew 0000000000000001 of 4: coffee"),
        (
            drawing(1, DRAWN_BELOW - 1),
            "budgets = [{ worth = 9999 }]",
            "drew 0000000000000001 of 4: trip (budget-spent)",
        ),
    ],
)  # fmt: skip
def test_every_draw_is_told_for_the_record_won_or_not(draw: Draw, keys: str, note: str) -> None:
    found = evaluate(surprise(keys), MemberFacts("a"), BOUGHT, NOON, draw=draw)
    assert found.notes() == {"luck": note}


def test_the_winner_is_told_of_the_prize_and_nobody_of_one_that_was_kept_back() -> None:
    twice = '[[surprise]]\nid = "other"\ntitle = "x"\none_in = 1\nprizes = [{ id = "pen", title = "Pen!" }]\n'
    rules = surprise(twice)
    draw = {"luck": 0, "luck/prize": 0, "other": DRAWN_BELOW - 1, "other/prize": 0}.__getitem__
    customer = Customer(rules)
    found = [telling(rules, customer.buys(BOUGHT, NOON, draw)).prizes for _ in range(2)]
    assert [[prize.title.nl for prize in prizes] for prizes in found] == [["Koffie!", "Pen!"], []]
    assert telling(rules, evaluate(rules, MemberFacts("a"), BOUGHT, NOON)).prizes == ()


def test_head_office_works_every_draw_out_again_from_the_sales_id() -> None:
    rules = surprise("limits = [{ times = 1000 }]")
    customer = Customer(rules)
    for number in range(200):
        found = customer.buys(BOUGHT, NOON, draw_from(KEY, "0412", "03", f"S-{number}"))
        told = re.fullmatch(r"drew ([0-9a-f]{16}) of 4: (\w+)", found.notes()["luck"])
        assert told is not None
        audited = draw_from(KEY, "0412", "03", f"S-{number}")
        assert int(told[1], 16) == audited("luck")
        assert (told[2] != "nothing") == (audited("luck") < DRAWN_BELOW // 4)


def test_the_share_of_wins_and_of_prizes_is_what_was_declared() -> None:
    mechanism = Surprises(surprise("").file.surprise)
    (rule,) = mechanism.rules
    count = 40_000
    draws = [draw_from(KEY, "0412", "03", f"S-{number}") for number in range(count)]
    wins = [draw for draw in draws if rule.wins_with(draw("luck"))]
    prizes = Counter(rule.prize_of(draw("luck/prize")).id for draw in wins)
    assert abs(Fraction(len(wins), count) - Fraction(1, 4)) < Fraction(1, 100)  # 4.6 deviations
    assert abs(Fraction(prizes["trip"], len(wins)) - Fraction(1, 10)) < Fraction(15, 1000)


def test_a_member_wins_once_a_day_unless_it_says_otherwise() -> None:
    customer = Customer(surprise(""))
    found = [customer.buys(BOUGHT, NOON, drawing(0)) for _ in range(2)]
    assert [each.notes()["luck"].endswith("coffee") for each in found] == [True, False]
    assert found[1].notes()["luck"].endswith("coffee (used-up)")
    tomorrow = customer.buys(BOUGHT, NOON + timedelta(days=1), drawing(0))
    assert tomorrow.notes()["luck"].endswith("coffee")


@pytest.mark.parametrize(
    ("budget", "wins_per_day"),
    [
        ('{ wins = 2, per = "day" }', [2, 2]),
        ('{ wins = 3 }', [3, 0]),
        ('{ wins = 7, per = "day", tills = 4 }', [1, 1]),  # each till keeps to its share
        ('{ worth = 450, per = "day" }', [3, 3]),
        ('{ worth = 449, per = "day" }', [2, 2]),
        ('{ wins = 3, per = "day" }, { worth = 600 }', [3, 1]),
        ('{ wins = 4, per = "2 days" }', [4, 0]),
    ],
)  # fmt: skip
def test_a_till_keeps_to_its_share_of_the_stores_budget_over_all_members(
    budget: str, wins_per_day: list[int]
) -> None:
    rules, till = surprise(f"budgets = [{budget}]"), TillCounts()
    wins = []
    for day in range(2):
        customers = [Customer(rules, MemberFacts(f"m{number}"), till) for number in range(5)]
        found = [each.buys(BOUGHT, NOON + timedelta(days=day), drawing(0)) for each in customers]
        wins.append(sum(each.notes()["luck"].endswith("coffee") for each in found))
    assert wins == wins_per_day


@pytest.mark.parametrize(
    ("budget", "counted"), [('{ wins = 7, per = "day" }', False), ("{ worth = 600 }", True)]
)
def test_what_prizes_are_worth_is_counted_where_a_budget_asks_for_it(
    budget: str, counted: bool
) -> None:
    rules = surprise(f"budgets = [{budget}]")
    found = evaluate(rules, MemberFacts("a"), BOUGHT, NOON, draw=drawing(0))
    assert ("count/worth.luck" in {each.unit for each in found.entries}) is counted


@property_of(
    wins=st.integers(1, 6),
    worth=st.integers(150, 30_000),
    per=st.sampled_from(("day", "week", "ever")),
    numbers=st.lists(st.tuples(st.integers(0, 2), st.integers(0, DRAWN_BELOW - 1)), max_size=40),
)
def test_budgets_are_never_exceeded(
    wins: int, worth: int, per: str, numbers: list[tuple[int, int]]
) -> None:
    keys = f'limits = []\nbudgets = [{{ wins = {wins}, per = "{per}" }}, {{ worth = {worth} }}]'
    rules, till = surprise(keys, one_in=1), TillCounts()
    customers = [Customer(rules, MemberFacts(f"m{number}"), till) for number in range(3)]
    for index, (who, prize) in enumerate(numbers):
        customers[who].buys(BOUGHT, NOON + timedelta(hours=6 * index), drawing(0, prize))
    won, spent = Counter[date](), 0
    for (unit, day), quantity in till.items():
        if unit == "count/win.luck":
            won[first_day(Period(per), day)] += quantity
        if unit == "count/worth.luck":
            spent += quantity
    assert all(count <= wins for count in won.values())
    assert spent <= worth


def test_who_takes_part_is_declared_and_nobody_does_without_a_card() -> None:
    rules = surprise("when = { minimum_sale = 1001 }")
    assert evaluate(rules, MemberFacts("a"), BOUGHT, NOON, draw=drawing(0)).notes() == {}
    assert evaluate(surprise(""), NOBODY, BOUGHT, NOON, draw=drawing(0)).notes() == {}
    only_fruit = surprise('when = { categories = ["fruit"] }')
    assert evaluate(only_fruit, MemberFacts("a"), BOUGHT, NOON, draw=drawing(0)).notes() == {}


@pytest.mark.parametrize(
    ("keys", "prizes", "words"),
    [
        ("", "[]", "prizes"),
        ("", '[{ id = "a", title = "x" }, { id = "a", title = "y" }]', "two prizes have the same id"),
        ("budgets = [{ wins = 1, worth = 1 }]", PRIZES, "give either wins or worth"),
        ("budgets = [{}]", PRIZES, "give either wins or worth"),
        ("budgets = [{ wins = 3, tills = 4 }]", PRIZES, "is less than one for each of its tills"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_words(keys: str, prizes: str, words: str) -> None:
    with pytest.raises(ProgrammeInvalid) as refused:
        surprise(keys, prizes=prizes)
    assert words in str(refused.value)

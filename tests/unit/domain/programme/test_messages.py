"""Messages: for whom, at which visit, where, how often, and never where the customer does not want them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket
from edge_agent.domain.member import NOBODY, MemberFacts, Standing
from edge_agent.domain.programme import Programme, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.messages import BOTH, Place, wants
from edge_agent.domain.programme.unmet import Obstacle
from edge_agent.domain.tallies import Window
from tests.unit.domain.builders import BASE, basket, line, programme
from tests.unit.domain.customers import Customer, at
from tests.unit.domain.programme.telling import telling, telling_at_visit

BREAD = basket(line(1, 250, "bread"))
NOON = at("2026-11-21")


def message(rule: str, keys: str = "") -> str:
    return f'[[message]]\nid = "{rule}"\ntext = "{rule}!"\n{keys}\n'


def messages(*rules: str, per_visit: int = 2) -> Programme:
    return programme(f"{BASE}[messages]\nper_visit = {per_visit}\n{''.join(rules)}")


def told(
    rules: Programme, facts: MemberFacts, bought: Basket = BREAD
) -> dict[str, frozenset[Place]]:
    """The messages of a sale and where they stand, in their order."""
    found = telling(rules, evaluate(rules, facts, bought, NOON)).messages
    return {each.message.id: each.places for each in found}


def test_a_welcome_journey_goes_by_the_number_of_the_visit() -> None:
    rules = messages(*(message(f"visit-{n}", f"when = {{ visits = [{n}] }}") for n in (1, 2, 3)))
    customer = Customer(rules)
    found = [telling(rules, customer.buys(BREAD, NOON)) for _ in range(4)]
    assert [[each.message.id for each in one.messages] for one in found] == [
        ["visit-1"],
        ["visit-2"],
        ["visit-3"],
        [],
    ]


@pytest.mark.parametrize(
    ("when", "facts", "is_told"),
    [
        ("joined_days_min = 7, joined_days_max = 13", MemberFacts("a", since=date(2026, 11, 14)), True),
        ("joined_days_min = 7, joined_days_max = 13", MemberFacts("a", since=date(2026, 11, 15)), False),
        ("away_days = 60", MemberFacts("a", figures={"visits@ever:since": 60}), True),
        ("away_days = 60", MemberFacts("a", figures={"visits@ever:since": 59}), False),
        ("away_days = 60", MemberFacts("a"), False),  # never here before is not away
        ('segments = ["vip"]', MemberFacts("a", segments=frozenset({"vip"})), True),
        ('segments = ["vip"]', MemberFacts("a"), False),
        ('languages = ["fr"]', MemberFacts("a", language="fr-BE"), True),
        ('languages = ["fr"]', MemberFacts("a", language="nl-BE"), False),
        ('categories = ["bread"]', MemberFacts("a"), True),
        ('categories = ["fruit"]', MemberFacts("a"), False),
        ("minimum_sale = 251", MemberFacts("a"), False),
        ("", NOBODY, False),
        ("", MemberFacts("a", Standing.BLOCKED), False),
    ],
)  # fmt: skip
def test_for_whom_and_when(when: str, facts: MemberFacts, is_told: bool) -> None:
    rules = messages(message("m", f"when = {{ {when} }}"))
    assert ("m" in told(rules, facts)) is is_told


def test_the_most_important_come_first_and_no_more_than_fit() -> None:
    rules = messages(
        message("a"), message("b", "priority = 5"), message("c", "priority = 9"), message("d")
    )
    assert list(told(rules, MemberFacts("a"))) == ["c", "b"]


def test_each_place_has_its_own_room() -> None:
    rules = messages(
        message("paper", 'where = ["receipt"]\npriority = 2'), message("both", "priority = 1"), message("last"),
        per_visit=1,
    )  # fmt: skip
    assert told(rules, MemberFacts("a")) == {
        "paper": frozenset({Place.RECEIPT}),
        "both": frozenset({Place.SCREEN}),
    }


@pytest.mark.parametrize(
    ("chosen", "places"),
    [
        (None, BOTH),
        ("till", {Place.SCREEN}),
        ("receipt", {Place.RECEIPT}),
        ("till receipt", BOTH),
        ("e-mail", set()),
        ("post", set()),
        ("e-mail receipt", {Place.RECEIPT}),
    ],
)
def test_the_channel_that_the_customer_chose_is_kept_to(
    chosen: str | None, places: set[Place]
) -> None:
    facts = MemberFacts("a", attributes={} if chosen is None else {"channel": chosen})
    assert wants(facts, BOTH) == places
    expected = {"m": frozenset(places)} if places else {}
    rules = messages(message("m"))
    assert told(rules, facts) == expected
    assert "channel" in rules.asks.attributes
    assert "channel" not in programme(BASE).asks.attributes


def test_a_message_comes_back_only_after_its_time() -> None:
    rules = messages(message("m", 'limits = [{ times = 2, per = "7 days" }]'))
    customer = Customer(rules)
    days = (0, 1, 2, 6, 7, 8, 9)
    found = [telling(rules, customer.buys(BREAD, NOON + timedelta(days=day))) for day in days]
    assert [len(each.messages) for each in found] == [1, 1, 0, 0, 1, 1, 0]


@property_of(st.integers(1, 3), st.integers(1, 10), st.lists(st.integers(0, 5), max_size=20))
def test_nobody_is_told_more_often_than_declared(times: int, days: int, gaps: list[int]) -> None:
    rules = messages(message("m", f'limits = [{{ times = {times}, per = "{days} days" }}]'))
    customer, now, told_on = Customer(rules), NOON, list[date]()
    for gap in gaps:
        now += timedelta(days=gap)
        told_on += [now.date()] * len(telling(rules, customer.buys(BREAD, now)).messages)
        first, last = Window(days=days).bounds(now.date(), None)
        assert sum(first <= day <= last for day in told_on) <= times


def test_before_the_sale_what_depends_on_the_basket_is_not_said_and_nothing_is_counted() -> None:
    rules = messages(
        message("m", "limits = [{ times = 1 }]"),
        message("bread", 'when = { categories = ["bread"] }'),
        message("much", "when = { minimum_sale = 100 }"),
        message("here", 'when = { stores = ["0412"] }'),
        per_visit=9,
    )
    customer = Customer(rules)
    for _ in range(2):
        found = telling_at_visit(rules, customer.facts(NOON), NOON, store="0412").messages
        assert [each.message.id for each in found] == ["m", "here"]
    sale = telling(rules, customer.buys(replace(BREAD, store="0412"), NOON)).messages
    assert [each.message.id for each in sale] == ["m", "bread", "much", "here"]
    again = telling_at_visit(rules, customer.facts(NOON), NOON, store="0413").messages
    assert again == ()


@pytest.mark.parametrize("facts", [NOBODY, MemberFacts("a", Standing.BLOCKED)])
def test_before_the_sale_nobody_is_told_nothing(facts: MemberFacts) -> None:
    rules = messages(message("m"))
    assert telling_at_visit(rules, facts, NOON).messages == ()


@pytest.mark.parametrize(
    ("keys", "facts", "obstacle"),
    [
        ("", MemberFacts("a", attributes={"channel": "post"}), Obstacle.OTHER_CHANNEL),
        ("limits = [{ times = 1 }]", MemberFacts("a", figures={"told.m@ever": 1}), Obstacle.USED_UP),
        ('when = { skus = ["x"] }', MemberFacts("a"), Obstacle.NO_LINE),
        ("when = { until_date = 2026-11-20 }", MemberFacts("a"), Obstacle.OVER),
    ],
)  # fmt: skip
def test_why_a_message_is_not_told_is_said(
    keys: str, facts: MemberFacts, obstacle: Obstacle
) -> None:
    rules = messages(message("m", keys))
    unmet = evaluate(rules, facts, BREAD, NOON, explains=True).outcomes[-1].unmet
    assert unmet is not None
    assert unmet.obstacle is obstacle


@pytest.mark.parametrize(
    ("keys", "words"),
    [('where = ["e-mail"]', "where"), ("where = []", "where"), ("priority = 101", "at most 100")],
)
def test_what_cannot_be_meant_is_refused_in_words(keys: str, words: str) -> None:
    with pytest.raises(ProgrammeInvalid, match=words):
        messages(message("m", keys))


def test_visits_are_counted_for_every_sale_with_a_card_where_a_rule_asks_for_them() -> None:
    rules = messages(message("m", "when = { visits = [2] }"))
    excluded = programme(f'{BASE}{message("m", "when = {{ every_visit = 2 }}")}'.replace("{{", "{").replace("}}", "}")
                         + '[[exclude]]\nid = "no"\ncategories = ["bread"]\nwhy = "x"\n')  # fmt: skip
    for each in (rules, excluded):
        counted = [
            e for e in evaluate(each, MemberFacts("a"), BREAD, NOON).entries if e.rule == "visits"
        ]
        assert [(e.unit, e.quantity, e.day) for e in counted] == [("count/visits", 1, NOON.date())]
        assert not any(e.rule == "visits" for e in evaluate(each, NOBODY, BREAD, NOON).entries)
    plain = evaluate(programme(BASE), MemberFacts("a"), BREAD, NOON)
    assert {each.rule for each in plain.entries} == {"base"}

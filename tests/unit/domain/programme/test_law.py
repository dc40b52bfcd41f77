"""The law is followed whatever a file says; the file only names the categories."""

import pytest

from edge_agent.domain.programme.law import LawTable
from edge_agent.domain.programme.own_rules import LAW
from tests.unit.domain.builders import BASE, awarded, basket, line, programme

HALF_OFF = '[[offer]]\nid = "sale"\ntitle = "x"\noff = { percent = 50 }\n'


@pytest.mark.parametrize("category", ["tobacco", "infant-formula", "medicine", "lottery"])
def test_what_may_not_be_rewarded_earns_nothing_and_keeps_its_price(category: str) -> None:
    found = awarded(programme(BASE + HALF_OFF), basket(line(1, 1000, category), line(2, 1000)))
    assert found.off() == {2: 500}
    assert {each.line for each in found.entries} == {2}
    assert [(each.line, each.rule.startswith(LAW)) for each in found.excluded] == [(1, True)]


@pytest.mark.parametrize(
    ("amount", "discount", "off"),
    [
        (1000, 0, 250),  # half of it was offered, a quarter may be given
        (900, 100, 150),  # 10.00 before; the POS took off 1.00 already
        (700, 300, 0),  # the POS itself went further
    ],
)
def test_alcohol_is_never_discounted_by_more_than_a_quarter(
    amount: int, discount: int, off: int
) -> None:
    bought = basket(line(1, amount, "alcohol", discount=discount))
    assert sum(awarded(programme(BASE + HALF_OFF), bought).off().values()) == off


def test_alcohol_earns() -> None:
    found = awarded(programme(BASE), basket(line(1, 1000, "alcohol")))
    assert [each.quantity for each in found.entries] == [10]


def test_the_file_says_by_which_categories_the_pos_marks_the_goods() -> None:
    own = '[law]\ntobacco = ["rookwaar"]\nalcohol = []\n'
    found = awarded(
        programme(BASE + HALF_OFF + own),
        basket(line(1, 1000, "rookwaar"), line(2, 1000, "tobacco"), line(3, 1000, "alcohol")),
    )
    assert found.off() == {2: 500, 3: 500}


def test_goods_that_are_not_sold_have_no_rule() -> None:
    assert [rule.id for rule in LawTable().rules()] == [
        "law-tobacco",
        "law-infant-formula",
        "law-medicines",
        "law-lottery",
        "law-alcohol",
    ]
    assert [rule.id for rule in LawTable(lottery=frozenset()).rules()].count("law-lottery") == 0

"""The programme that ships as an example, worked out by hand: what an accountant would check."""

import json
from datetime import date, datetime
from decimal import Decimal

import pytest

from edge_agent.domain.basket import Basket, Line, ReturnedLine
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.programme import Evaluation
from edge_agent.domain.programme.giving_back import give_back
from edge_agent.domain.programme.kept import Returned, Sold
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.texts import LANGUAGES
from tests.unit.domain.builders import MEMBER, SAMPLE_PATH, awarded, basket, line, sample, shares

SATURDAY = "2026-11-21T14:03:11+01:00"
MONDAY = "2026-11-23T10:00:00+01:00"
TUESDAY_EVENING = "2026-11-24T18:30:00+01:00"


def earned(at: str, *lines: Line) -> Evaluation:
    return awarded(sample(), basket(*lines), datetime.fromisoformat(at))


def total(found: Evaluation) -> int:
    return sum(entry.quantity for entry in found.entries)


def per_rule(found: Evaluation) -> dict[str, int]:
    rules = dict.fromkeys(entry.rule for entry in found.entries)
    return {rule: sum(shares(found.entries, rule).values()) for rule in rules}


CONTRACT = """
{"lines": [{"line": 1, "sku": "8710400011118", "name": "Halfvolle melk 1L", "quantity": 2,
            "amount": 258, "discount": 0, "categories": ["dairy"], "brand": "Zuiver", "labels": [],
            "kind": "product", "tax_rate": "9"}],
 "total": {"amount": 258, "currency": "EUR"},
 "tenders": [{"type": "card", "amount": 258}], "channel": "store"}
"""


def test_the_sale_of_the_contract_earns_what_the_contract_says() -> None:
    rules = sample()
    bought = Basket.from_json(json.loads(CONTRACT))
    found = awarded(rules, bought, datetime.fromisoformat(SATURDAY))
    assert found.entries == (
        Entry(EntryKind.EARN, "points", 2, "base", 1, expires_on=date(2027, 11, 30)),
    )
    assert rules.reason("base", "nl-NL") == "1 punt per hele euro"


@pytest.mark.parametrize(
    ("at", "lines", "expected"),
    [
        # 0.99 is no whole euro; 1.00 is one
        (MONDAY, [line(1, 99)], {}),
        (MONDAY, [line(1, 100)], {"base": 1}),
        # cents of different lines make a euro together: 0.60 + 0.60 = 1.20
        (MONDAY, [line(1, 60), line(2, 60)], {"base": 1}),
        # fruit and vegetables are summed by themselves: 1.99 is three halves, 0.99 nothing of the base
        (MONDAY, [line(1, 199, "fruit"), line(2, 99)], {"base-fresh": 3}),
        (MONDAY, [line(1, 149, "fruit"), line(2, 51, "vegetables")], {"base-fresh": 4}),
        # bread: 3.12 alone is 3; doubled from Friday to Sunday
        (MONDAY, [line(1, 312, "bread")], {"base": 3}),
        (SATURDAY, [line(1, 312, "bread")], {"base": 3, "double-bread-weekend": 3}),
        # bread 2.60 and milk 2.60 are 5.20, so 5 points: 2.5 each; the odd one goes by sku, here to the bread
        (
            SATURDAY,
            [line(1, 260, "bread", sku="1"), line(2, 260, "dairy", sku="2")],
            {"base": 5, "double-bread-weekend": 3},
        ),
        # Tuesday evening: half of 7 again, 3.5 floored
        (TUESDAY_EVENING, [line(1, 700)], {"base": 7, "happy-hour": 3}),
        ("2026-11-24T20:00:00+01:00", [line(1, 700)], {"base": 7}),
        # from 50.00: 25 more; tobacco and deposits do not help to reach it
        (MONDAY, [line(1, 4999)], {"base": 49}),
        (MONDAY, [line(1, 5000)], {"base": 50, "big-basket": 25}),
        (MONDAY, [line(1, 4999), line(2, 1000, "tobacco")], {"base": 49}),
        (MONDAY, [line(1, 4999), line(2, 25, kind="deposit")], {"base": 49}),
        # December on Zuiver, from 10.00
        ("2026-12-01T00:00:00+01:00", [line(1, 1000, brand="Zuiver")], {"base": 10, "zuiver-christmas": 10}),
        ("2026-12-31T23:59:59+01:00", [line(1, 1000, brand="Zuiver")], {"base": 10, "zuiver-christmas": 10}),
        ("2027-01-01T00:00:00+01:00", [line(1, 1000, brand="Zuiver")], {"base": 10}),
        ("2026-12-01T00:00:00+01:00", [line(1, 999, brand="Zuiver"), line(2, 500)], {"base": 14}),
    ],
)  # fmt: skip
def test_worked_examples(at: str, lines: list[Line], expected: dict[str, int]) -> None:
    assert per_rule(earned(at, *lines)) == expected


def test_a_whole_saturday_basket() -> None:
    """21.49 of fruit and vegetables, 6.00 bread, 24.00 of the rest, tobacco and a deposit."""
    found = earned(
        SATURDAY,
        line(1, 1149, "fruit", quantity=Decimal("3.830")),
        line(2, 1000, "vegetables"),
        line(3, 600, "bread"),
        line(4, 2400, "dairy", brand="Zuiver"),
        line(5, 1150, "tobacco"),
        line(6, 15, kind="deposit"),
    )
    assert per_rule(found) == {
        "base-fresh": 42,  # 21.49 / 0.50 = 42.98
        "base": 30,  # 6.00 + 24.00
        "double-bread-weekend": 6,
        "big-basket": 25,  # 51.49 without tobacco and deposit
    }
    assert shares(found.entries, "base-fresh") == {
        1: 22,
        2: 20,
    }  # 22.455 and 19.545: the second rounds up
    assert shares(found.entries, "base") == {3: 6, 4: 24}
    assert shares(found.entries, "big-basket") == {1: 5, 2: 5, 3: 3, 4: 12}
    assert [(each.line, each.rule) for each in found.excluded] == [(5, "tobacco"), (6, "deposit")]


@pytest.mark.parametrize(
    ("bought", "rule"),
    [
        (line(1, 1150, "tobacco"), "tobacco"),
        (line(1, 5000, "gift-card"), "gift-cards"),
        (line(1, 300, "lottery"), "lottery"),
        (line(1, 450, "medicine"), "medicines"),
        (line(1, 1399, "infant-formula", "dairy", "baby"), "infant-formula"),
        (line(1, 15, kind="deposit"), "deposit"),
    ],
)
def test_what_may_not_be_rewarded_earns_nothing_in_any_way_and_says_why(
    bought: Line, rule: str
) -> None:
    rules = sample()
    for at in (MONDAY, SATURDAY, TUESDAY_EVENING, "2026-12-05T18:30:00+01:00"):
        found = earned(at, bought)
        assert found.entries == ()
        assert [(each.line, each.rule) for each in found.excluded] == [(1, rule)]
    assert len({rules.reason(rule, language) for language in LANGUAGES}) == len(LANGUAGES)


@pytest.mark.parametrize(
    ("at", "last"),
    [
        (SATURDAY, "2027-11-30"),
        ("2026-11-30T23:59:59+01:00", "2027-11-30"),
        ("2026-11-30T23:00:00+00:00", "2027-12-31"),  # midnight of 1 December in Amsterdam
        ("2027-01-31T12:00:00+01:00", "2028-01-31"),
        ("2027-02-28T12:00:00+01:00", "2028-02-29"),
        ("2028-02-29T12:00:00+01:00", "2029-02-28"),
        ("2026-03-28T23:30:00+00:00", "2027-03-31"),
        ("2026-10-25T00:30:00+00:00", "2027-10-31"),
    ],
)
def test_points_last_twelve_months_to_the_end_of_that_month(at: str, last: str) -> None:
    (entry,) = earned(at, line(1, 100)).entries
    assert entry.expires_on == date.fromisoformat(last)


def test_christmas_points_last_sixty_days_and_the_base_its_year() -> None:
    found = earned("2026-12-24T12:00:00+01:00", line(1, 1000, brand="Zuiver"))
    assert {entry.rule: str(entry.expires_on) for entry in found.entries} == {
        "base": "2027-12-31",
        "zuiver-christmas": "2027-02-22",
    }


def test_a_bottle_of_three_comes_back_in_two_steps() -> None:
    """3 bottles for 10.47 on a Monday: 10 points. One back: 3.33, so 3; all back: the other 7."""
    bought = basket(line(1, 1047, quantity=Decimal(3)))
    worked = earned(MONDAY, *bought.lines)
    recorded = Recorded(sample().digest, MEMBER, bought, entries=worked.entries)
    sale = Sold("0" * 32, datetime.fromisoformat(MONDAY), recorded)

    def back(before: tuple[Returned, ...], quantity: int) -> Returned:
        now = (ReturnedLine(1, Decimal(quantity)),)
        return Returned(now, give_back(sample(), sale, before, now, MEMBER, sale.at).entries)

    one = back((), 1)
    rest = back((one,), 2)
    assert [[entry.quantity for entry in each.entries] for each in (one, rest)] == [[-3], [-7]]


def test_it_has_every_text_in_four_languages() -> None:
    file = sample().file
    reasons = [rule.why for rule in file.bonus] + [rule.why for rule in file.exclude]
    reasons += [rule.why for rule in file.earn if rule.why is not None]
    assert len(reasons) == len(file.earn) + len(file.bonus) + len(file.exclude)
    assert all(len({each.nl, each.en, each.de, each.fr}) == len(LANGUAGES) for each in reasons)
    assert file.receipt.footer is not None
    assert file.receipt.invitation is not None


def test_it_shows_every_kind_of_rule_and_names_its_sources() -> None:
    text = SAMPLE_PATH.read_text(encoding="utf-8")
    for shown in (
        "[[earn]]",
        "[[bonus]]",
        "[[exclude]]",
        "[[reward]]",
        "[receipt]",
        "multiply",
        "add",
    ):
        assert shown in text
    assert {rule.id for rule in sample().file.exclude} >= {
        "tobacco",
        "gift-cards",
        "lottery",
        "medicines",
        "infant-formula",
    }

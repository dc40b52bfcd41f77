"""What `programme try` says: every rule, what it gave on which lines or why not, in the shop's languages."""

import json
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given

from edge_agent.domain.basket import Basket
from edge_agent.domain.member import MemberFacts, Standing
from edge_agent.domain.programme import Programme, evaluate
from edge_agent.domain.programme.explain import Explanation, explain
from edge_agent.domain.programme.texts import LANGUAGES
from tests.unit.domain.builders import (
    A_SATURDAY,
    BASE,
    MEMBER,
    awarded,
    basket,
    baskets,
    line,
    programme,
    programmes,
    sample,
)

BOUGHT = basket(
    line(1, 258, "dairy", name="Halfvolle melk 1L", quantity=Decimal(2)),
    line(2, 900, "tobacco", name="Shag"),
    line(3, 199, "fruit", name="Appels"),
    line(4, 312, "bread"),
)


def explained(language: str, at: datetime = A_SATURDAY) -> Explanation:
    rules = sample()
    return explain(rules, awarded(rules, BOUGHT, at), BOUGHT, language)


def test_in_dutch_line_by_line() -> None:
    assert [each.replace("\u00a0", " ") for each in explained("nl-NL").lines()] == [
        "Zuiver Punten, versie 3",
        "base-fresh: 3 punten: 1 punt per halve euro groente en fruit",
        "  regel 3 (Appels): 3 punten",
        "base: 5 punten: 1 punt per hele euro",
        "  regel 1 (Halfvolle melk 1L): 2 punten",
        "  regel 4: 3 punten",
        "double-bread-weekend: 3 punten: dubbele punten op brood in het weekend",
        "  regel 4: 3 punten",
        "happy-hour: niets: alleen op dinsdag (anderhalf keer punten op dinsdagavond)",
        "big-basket: niets: € 42,31 te weinig besteed (25 extra bij € 50 of meer)",
        "zuiver-christmas: niets: geen regel waar het over gaat (10 extra op Zuiver in december)",
        "regel 2 (Shag): uitgesloten: geen punten op tabak [tobacco]",
        "samen: 11 punten",
        "  11 punten: te gebruiken tot en met 30 november 2027",
    ]


def test_in_english_line_by_line() -> None:
    lines = explained("en").lines()
    assert lines[0] == "Zuiver Punten, version 3"
    assert (
        "happy-hour: nothing: only on Tuesday (one and a half times the points on Tuesday evening)"
        in lines
    )
    assert "line 2 (Shag): excluded: no points on tobacco [tobacco]" in lines
    assert lines[-2:] == [
        "together: 11 points",
        "  11 points: to be used up to and including 30 November 2027",
    ]


def test_for_scripts() -> None:
    told = explained("en").to_json()
    assert json.loads(json.dumps(told)) == told
    assert told["programme"]["id"] == "zuiver-punten"
    assert told["earns"] is True
    assert told["earned"] == {"points": 11}
    assert told["expiring"] == [{"unit": "points", "on": "2027-11-30", "quantity": 11}]
    assert told["excluded"] == [{"line": 2, "rule": "tobacco", "why": "no points on tobacco"}]
    by_rule = {rule["rule"]: rule for rule in told["rules"]}
    assert by_rule["double-bread-weekend"] == {
        "rule": "double-bread-weekend",
        "mechanism": "bonus",
        "unit": "points",
        "why": "double points on bread at the weekend",
        "quantity": 3,
        "lines": [{"line": 4, "quantity": 3}],
        "expires_on": "2027-11-30",
        "obstacle": None,
        "why_not": None,
    }
    assert by_rule["happy-hour"]["obstacle"] == "other-day"
    assert by_rule["happy-hour"]["quantity"] == 0
    assert "Appels" not in json.dumps(told)


@pytest.mark.parametrize("standing", [Standing.BLOCKED, Standing.ERASED])
def test_a_card_that_does_not_earn_is_said_so(standing: Standing) -> None:
    rules = sample()
    evaluation = evaluate(rules, MemberFacts("x", standing), BOUGHT, A_SATURDAY)
    told = explain(rules, evaluation, BOUGHT, "en")
    assert told.lines()[1] == "this card is blocked or erased and does not earn"
    assert told.to_json()["earns"] is False
    assert told.to_json()["earned"] == {"points": 0}


def test_points_that_never_expire_are_said_to() -> None:
    rules = programme(BASE)
    bought = basket(line(1, 100))
    told = explain(rules, awarded(rules, bought), bought, "nl")
    assert told.lines()[-1] == "  1 point: verloopt niet"


@given(rules=programmes(), bought=baskets)
def test_what_is_told_adds_up_in_every_language(rules: Programme, bought: Basket) -> None:
    evaluation = evaluate(rules, MEMBER, bought, A_SATURDAY)
    for language in LANGUAGES:
        told = explain(rules, evaluation, bought, language)
        assert all(line and "{" not in line for line in told.lines())
        figures = told.to_json()
        for unit, total in figures["earned"].items():
            of_unit = [rule for rule in figures["rules"] if rule["unit"] == unit]
            assert total == sum(rule["quantity"] for rule in of_unit)
            assert total == sum(share["quantity"] for rule in of_unit for share in rule["lines"])
            assert total == sum(
                lot["quantity"] for lot in figures["expiring"] if lot["unit"] == unit
            )
        for rule in figures["rules"]:
            assert (rule["quantity"] == 0) == (rule["why_not"] is not None)

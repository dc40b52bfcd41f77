"""What `programme try` says: every rule, what it gave on which lines or why not, in the shop's languages."""

import json
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given

from edge_agent.authoring.member_file import MemberFile
from edge_agent.authoring.trial import Trial, tried
from edge_agent.domain.basket import Basket
from edge_agent.domain.member import MemberFacts, Standing
from edge_agent.domain.programme import Evaluation, Programme, evaluate
from edge_agent.domain.programme.situation import Outcome, Reduction
from edge_agent.domain.programme.texts import LANGUAGES
from edge_agent.web.bodies.trials import trial_from_json
from tests.unit.authoring.programmes import everything
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


def explained(language: str, at: datetime = A_SATURDAY) -> Trial:
    rules = sample()
    return tried(rules, awarded(rules, BOUGHT, at), BOUGHT, language)


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
    assert told["lots"] == [{"unit": "points", "quantity": 11, "from": None, "until": "2027-11-30"}]
    assert (told["discount"], told["to_pay"]) == (0, 1669)
    assert told["excluded"] == [
        {"line": 2, "rule": "tobacco", "forbids": "both", "why": "no points on tobacco"}
    ]
    by_rule = {rule["rule"]: rule for rule in told["rules"]}
    assert by_rule["double-bread-weekend"] == {
        "rule": "double-bread-weekend",
        "mechanism": "bonus",
        "why": "double points on bread at the weekend",
        "entries": [
            {
                "kind": "earn",
                "unit": "points",
                "quantity": 3,
                "rule": "double-bread-weekend",
                "line": 4,
                "expires_on": "2027-11-30",
            }
        ],
        "off": [],
        "obstacle": None,
        "why_not": None,
        "note": None,
    }
    assert by_rule["happy-hour"]["obstacle"] == "other-day"
    assert by_rule["happy-hour"]["entries"] == []
    assert "Appels" not in json.dumps(told)


@pytest.mark.parametrize("standing", [Standing.BLOCKED, Standing.ERASED])
def test_a_card_that_does_not_earn_is_said_so(standing: Standing) -> None:
    rules = sample()
    evaluation = evaluate(rules, MemberFacts("x", standing), BOUGHT, A_SATURDAY)
    told = tried(rules, evaluation, BOUGHT, "en")
    assert told.lines()[1] == "this card is blocked or erased and does not earn"
    assert told.to_json()["earns"] is False
    assert told.to_json()["earned"] == {"points": 0}


def test_points_that_never_expire_are_said_to() -> None:
    rules = programme(BASE)
    bought = basket(line(1, 100))
    told = tried(rules, awarded(rules, bought), bought, "nl")
    assert told.lines()[-1] == "  1 point: verloopt niet"


@given(rules=programmes(), bought=baskets)
def test_what_is_told_adds_up_in_every_language(rules: Programme, bought: Basket) -> None:
    evaluation = evaluate(rules, MEMBER, bought, A_SATURDAY)
    for language in LANGUAGES:
        told = tried(rules, evaluation, bought, language)
        assert all(line and "{" not in line for line in told.lines())
        figures = told.to_json()
        for unit, total in figures["earned"].items():
            given = [
                entry["quantity"]
                for rule in figures["rules"]
                for entry in rule["entries"]
                if entry["unit"] == unit
            ]
            assert total == sum(each for each in given if each > 0)
            assert total - figures["spent"].get(unit, 0) == sum(given)
            assert sum(given) == sum(
                lot["quantity"] for lot in figures["lots"] if lot["unit"] == unit
            )
        for rule in figures["rules"]:
            assert bool(rule["entries"]) == (rule["why_not"] is None)


TIERED = """
[[earn]]
id = "base"
points = 1
per = 100
[[bonus]]
id = "gold-double"
multiply = 2
when = { tiers = ["gold"] }
why = "dubbel voor Goud"
[tiers]
measure = "spend"
over = "year"
[[tiers.level]]
id = "silver"
name = "Zilver"
at_least = 5000
[[tiers.level]]
id = "gold"
name = "Goud"
at_least = 20000
"""


def test_a_tier_that_is_reached_is_called_by_its_name() -> None:
    rules = programme(TIERED)
    bought = basket(line(1, 6000))
    told = tried(rules, awarded(rules, bought), bought, "nl")
    assert any("niveau Zilver" in each for each in told.lines())
    assert told.earned == {"points": 60, "tier/silver": 1}


def test_what_the_pos_takes_off_is_told_per_line() -> None:
    rules = sample()
    bought = basket(line(1, 1000, name="Boek"))
    off = Outcome("five-euro", reductions=(Reduction(1, 250, "five-euro", own=True),))
    told = tried(rules, Evaluation((off,)), bought, "nl")
    lines = [each.replace("\u00a0", " ") for each in told.lines()]
    assert "five-euro: € 2,50 korting: € 5 korting" in lines
    assert "  regel 1 (Boek): € 2,50 korting" in lines
    assert "te betalen: € 7,50" in lines
    assert told.to_json()["to_pay"] == 750


BASKET = {
    "at": "2026-05-09T14:03:11+02:00",
    "lines": [
        {"line": 1, "sku": "k1", "name": "Cappuccino", "quantity": 3, "amount": 1050},
        {"line": 2, "sku": "b1", "name": "Brood", "quantity": 1, "amount": 300},
    ],
    "total": {"amount": 1350, "currency": "EUR"},
    "wanted": {"redemptions": [{"reward": "money-off", "points": 300}, {"reward": "coffee"}]},
}
BASKET["lines"][0]["categories"] = ["coffee"]  # type: ignore[index]
MEMBER_SAID = {"holdings": {"points": 640, "stamps": 9, "reward/coffee": 1}}


def test_every_mechanism_is_told_in_plain_words() -> None:
    rules = everything()
    wish = trial_from_json(json.dumps(BASKET).encode())
    at = wish.at or A_SATURDAY
    facts = MemberFile.read(MEMBER_SAID).facts(rules, rules.local_date(at))
    found = evaluate(rules, facts, wish.basket, at, wish.wanted, explains=True)
    told = tried(rules, found, wish.basket, "nl")
    lines = [each.replace("\u00a0", " ") for each in told.lines()]
    for expected in (
        "coffee: -1 × tegoed een kop koffie, € 3,50 korting: een kop koffie",
        "money-off: -300 punten, € 5,00 korting: korting",
        "coffee-card: -10 zegels, tegoed een kop koffie: Koffiekaart",
        "luck: niets: wordt pas getrokken als er is afgerekend (Zomergeluk)",
        "five: telt mee (Vijf bezoeken)",
        "gebruikt: 300 punten",
        "te betalen: € 5,00",
    ):
        assert expected in lines, expected
    assert told.spent["points"] == 300
    assert told.discount == 850

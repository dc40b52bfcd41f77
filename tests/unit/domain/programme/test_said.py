"""What rules, units and obstacles are called, word by word: customers and head office read it."""

from datetime import date, time
from typing import Any

import pytest

from edge_agent.domain.entries import Life
from edge_agent.domain.programme.consents import Consent, ConsentRule, wrong_consents
from edge_agent.domain.programme.naming import Names
from edge_agent.domain.programme.rate_words import rate_in_words
from edge_agent.domain.programme.rates import EarnRule
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from tests.unit.domain.builders import BASE, programme

NAMED = programme(
    "[unit.stamps]\ndecimals = 1\n"
    f'{BASE}[tiers]\nmeasure = "spend"\nlevel = [{{ id = "gold", name = "Goud", at_least = 5 }}]\n'
    '[[voucher]]\nid = "five"\ntitle = "verjaardag"\nvalue = 500\n'
    '[[voucher]]\nid = "tenth"\ntitle = "tien procent"\noff = { percent = 10 }\n'
    '[[reward]]\nid = "coffee"\ntitle = "een kop koffie"\noff = { percent = 100 }\n'
).file


@pytest.mark.parametrize(
    ("unit", "quantity", "said"),
    [
        ("points", 25, "25 points"),
        ("points", 1, "1 point"),
        ("stamps", 15, "1,5 zegels"),
        ("stamps", 10, "1 zegel"),
        ("gone", 3, "3 gone"),
        ("tier/gold", 1, "niveau Goud"),
        ("tier/gone", 1, "niveau gone"),
        ("reward/coffee", 2, "2 × tegoed een kop koffie"),
        ("reward/coffee", 1, "tegoed een kop koffie"),
        ("voucher/five", 500, "bon verjaardag: € 5,00"),
        ("voucher/tenth", 2, "2 × bon tien procent"),
    ],
)
def test_so_much_of_a_unit_in_words(unit: str, quantity: int, said: str) -> None:
    assert Names(NAMED, "nl").quantity(unit, quantity).replace("\xa0", " ") == said


def test_units_amounts_and_lives_in_words() -> None:
    names = Names(NAMED, "nl")
    assert [names.unit(each) for each in ("points", "stamps", "gone")] == [
        *("points", "zegels", "gone")
    ]
    assert [names.amount(*each) for each in (("points", 1250), ("stamps", 12505), ("x", 7))] == [
        *("1.250", "1.250,5", "7")
    ]
    days = date(2026, 3, 1), date(2026, 12, 31)
    assert names.life(Life()) == "verloopt niet"
    assert names.life(Life(*days)) == (
        "te gebruiken vanaf 1 maart 2026, te gebruiken tot en met 31 december 2026"
    )


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"per": 100, "points": 1}, "1 per € 1"),
        ({"per": 150, "points": "1.50"}, "1.5 per € 1,50"),
        ({"per": 205, "points": 2}, "2 per € 2,05"),
        ({"each": "piece", "points": 10}, "10 per stuk"),
        ({"each": "piece", "pieces": 3, "points": 1}, "1 per 3 stuks"),
        ({"each": "line", "points": 1}, "1 per artikel"),
        ({"each": "sale", "points": 1}, "1 per aankoop"),
        ({"per_measure": 1, "points": 1}, "naar hoeveelheid"),
        ({"per": 100, "tier_points": {"gold": 2}}, "naar niveau"),
        ({"per": 100, "points": 1, "tier_points": {"gold": 2}}, "naar niveau"),
        ({"bands": [{"from_amount": 0, "points": 1}]}, "naar het bedrag van de aankoop"),
    ],
)
def test_a_rate_in_words(keys: dict[str, Any], said: str) -> None:
    assert rate_in_words(EarnRule.model_validate({"id": "e", **keys})).nl == said


@pytest.mark.parametrize(
    ("unmet", "said"),
    [
        (Unmet(Obstacle.NOT_YET, date(2026, 12, 1)), "only begins on 1 December 2026"),
        (Unmet(Obstacle.OTHER_DAY, (0, 4, 6)), "only on Monday, Friday, Sunday"),
        (Unmet(Obstacle.TOO_EARLY, time(18, 5)), "only from 18:05"),
        (Unmet(Obstacle.TOO_LITTLE, 1205), "€12.05 short of the minimum spend"),
        (Unmet(Obstacle.NOT_ENOUGH, 1205), "1205 short"),
        (Unmet(Obstacle.OTHER_TIER, ("gold", "silver")), "only for gold, silver"),
        (Unmet(Obstacle.TOO_FEW), "too few pieces"),
    ],
)
def test_an_obstacle_in_words(unmet: Unmet, said: str) -> None:
    assert unmet.in_words("en-GB", "EUR") == said


@pytest.mark.parametrize("language", ["nl", "en", "de", "fr"])
def test_every_obstacle_has_words_of_its_own(language: str) -> None:
    said = [Unmet(each).in_words(language, "EUR") for each in Obstacle]
    assert all(said)
    assert len(set(said)) == len(said)


NEWS, HEALTH = (
    ConsentRule.model_validate({"purpose": each, "version": "2", "text": "x", "required": needed})
    for each, needed in (("news", False), ("terms", True))
)


@pytest.mark.parametrize(
    ("said", "joining", "wrong"),
    [
        ([], False, []),
        ([], True, [(None, "", "must agree to terms")]),
        ([Consent("terms", "2")], True, []),
        ([Consent("terms", "2", given=False)], True, [(None, "", "must agree to terms")]),
        ([Consent("news", "2"), Consent("news", "2")], False, [(1, "purpose", "stands there twice")]),
        ([Consent("news", "1")], False, [(0, "version", "is not the version of the text of now, which is 2")]),
        ([Consent("news", "1", given=False)], False, []),
        ([Consent("old", "1")], False, [(0, "purpose", "is not asked by the programme; it asks: news, terms")]),
        ([Consent("old", "1", given=False)], False, []),
    ],
)  # fmt: skip
def test_agreed_to_is_what_is_asked_now_and_anything_can_be_taken_back(
    said: list[Consent], joining: bool, wrong: list[tuple[int | None, str, str]]
) -> None:
    assert list(wrong_consents((NEWS, HEALTH), said, joining=joining)) == wrong


def test_a_programme_that_asks_nothing_says_so() -> None:
    (wrong,) = wrong_consents((), [Consent("news", "1")])
    assert wrong.message == "is not asked by the programme; it asks: none"
    assert Consent("news", "1").to_json() == {"purpose": "news", "version": "1", "given": True}

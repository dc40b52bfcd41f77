"""Every condition, selection and lifetime has words in Dutch and English."""

from datetime import date
from typing import Any

import pytest

from edge_agent.authoring.wording import (
    CIRCUMSTANCES,
    LANGUAGES,
    MODIFIERS,
    SELECTION,
    Speech,
    condition_clauses,
    lasts,
    waits,
)
from edge_agent.domain.programme.conditions import Circumstances, Conditions
from edge_agent.domain.programme.expiry import Expiry, Pending, RoundedTo
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.shape import keys_of
from tests.unit.domain.builders import BASE, programme

FILE = programme(BASE).file
NL, EN = Speech(FILE, "nl"), Speech(FILE, "en")


def said(when: dict[str, Any], speech: Speech = NL) -> str:
    return ", ".join(condition_clauses(speech, Conditions.model_validate(when)))


def test_every_key_has_its_words() -> None:
    assert SELECTION.keys() == Selection.model_fields.keys()
    assert CIRCUMSTANCES.keys() == Circumstances.model_fields.keys() - MODIFIERS


@pytest.mark.parametrize("key", sorted(Conditions.model_fields.keys() - MODIFIERS))
def test_every_key_is_told_in_both_languages(key: str) -> None:
    example = (keys_of(Conditions)[key].field.examples or [])[0]
    nl, en = said({key: example}, NL), said({key: example}, EN)
    assert nl
    assert en
    assert nl != en
    assert "{" not in nl + en
    assert "None" not in nl + en


@pytest.mark.parametrize(
    ("when", "nl", "en"),
    [
        ({"weekdays": ["sun", "sat"]}, "op zaterdag en zondag", "on Saturday and Sunday"),
        (
            {"categories": ["fruit", "bread"], "without": {"labels": ["sale"]}},
            "op bread of fruit, maar niet met het kenmerk sale",
            "on bread or fruit, but not marked sale",
        ),
        (
            {"minimum_spend": 5000},
            "bij een aankoop vanaf € 50,00",
            "on a purchase of €50.00 or more",
        ),
        (
            {"brands": ["Zuiver"], "minimum_spend": 1000},
            "van Zuiver, vanaf € 10,00 aan deze artikelen",
            "by Zuiver, from €10.00 of these goods",
        ),
        (
            {"minimum_sale": 2500, "minimum_tax": "excluded"},
            "bij een aankoop vanaf € 25,00, (zonder btw)",
            "on a purchase of €25.00 or more, (without tax)",
        ),
        ({"visits": [10, 1]}, "bij bezoek 1 of 10", "on visit 1 or 10"),
        ({"birthday": "month"}, "in de maand van uw verjaardag", "in the month of your birthday"),
    ],
)
def test_as_people_would_say_it(when: dict[str, Any], nl: str, en: str) -> None:
    assert said(when, NL) == nl
    assert said(when, EN) == en


@pytest.mark.parametrize(
    ("expiry", "nl", "en"),
    [
        ({"days": 60}, "60 dagen", "60 days"),
        (
            {"months": 1, "rounded": "end-of-month"},
            "1 maand, tot het einde van die maand",
            "1 month, to the end of that month",
        ),
        (
            {"until_date": date(2027, 3, 31)},
            "tot en met 31 maart 2027",
            "up to and including 31 March 2027",
        ),
        (
            {"years": 1, "sweep": {"month": 12, "day": 31}},
            "1 jaar, tot de eerste 31 december daarna",
            "1 year, until the next 31 December",
        ),
    ],
)
def test_how_long_something_lasts(expiry: dict[str, Any], nl: str, en: str) -> None:
    assert lasts(NL, Expiry.model_validate(expiry)) == nl
    assert lasts(EN, Expiry.model_validate(expiry)) == en


@pytest.mark.parametrize("to", sorted(RoundedTo))
def test_every_way_of_rounding_a_day_has_words(to: RoundedTo) -> None:
    assert lasts(NL, Expiry(months=1, rounded=to)) != lasts(EN, Expiry(months=1, rounded=to))
    assert (lasts(EN, Expiry(months=1, rounded=to)) == "1 month") == (to is RoundedTo.DAY)


def test_when_something_can_be_used() -> None:
    assert waits(NL, Pending(days=14)) == "na 14 dagen"
    assert waits(EN, Pending(next_month=True)) == "from the next month"


@pytest.mark.parametrize("language", LANGUAGES)
def test_windows_have_words(language: str) -> None:
    speech = Speech(FILE, language)
    for text in ("day", "month", "year", "membership-year", "ever", "30 days", "12 months"):
        assert speech.window(text)

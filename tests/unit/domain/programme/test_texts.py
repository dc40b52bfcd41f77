"""Texts in four languages, and the words for why a rule gave nothing."""

from datetime import date, time

import pytest

from edge_agent.domain.programme.texts import LANGUAGES, CountedTexts, Texts, texts
from edge_agent.domain.programme.unmet import Obstacle, Unmet

DECEMBER = date(2026, 12, 1)
HELLO = texts({"nl": "Hallo", "en": "Hello", "de": "Guten Tag", "fr": "Bonjour"})


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nl", "Hallo"),
        ("nl-BE", "Hallo"),
        ("en-GB", "Hello"),
        ("EN", "Hello"),
        ("de_DE", "Guten Tag"),
        ("fr", "Bonjour"),
        ("pl", "Hallo"),
        ("", "Hallo"),
    ],
)
def test_a_language_that_we_do_not_have_is_dutch(language: str, text: str) -> None:
    assert HELLO.for_language(language) == text


@pytest.mark.parametrize(
    ("count", "form"), [(1, "punt"), (-1, "punt"), (0, "punten"), (2, "punten")]
)
def test_one_is_one_and_none_is_many(count: int, form: str) -> None:
    names = CountedTexts(one=_same("punt"), many=_same("punten"))
    assert names.for_count(count, "nl") == form


def _same(text: str) -> Texts:
    return texts(dict.fromkeys(LANGUAGES, text))


@pytest.mark.parametrize(
    ("unmet", "nl", "en"),
    [
        (Unmet(Obstacle.NOT_YET, DECEMBER), "begint pas op 1 december 2026", "only begins on 1 December 2026"),
        (Unmet(Obstacle.OVER, date(2026, 12, 31)), "gold tot en met 31 december 2026", "ended on 31 December 2026"),
        (Unmet(Obstacle.OTHER_DAY, (1, 6)), "alleen op dinsdag, zondag", "only on Tuesday, Sunday"),
        (Unmet(Obstacle.TOO_EARLY, time(18)), "pas vanaf 18:00", "only from 18:00"),
        (Unmet(Obstacle.TOO_LATE, time(20, 30)), "alleen vóór 20:30", "only before 20:30"),
        (Unmet(Obstacle.TOO_LITTLE, 4543), "€ 45,43 te weinig besteed", "€45.43 short of the minimum spend"),
        (Unmet(Obstacle.NO_LINE), "geen regel waar het over gaat", "no line that it is about"),
    ],
)  # fmt: skip
def test_why_not_in_plain_words(unmet: Unmet, nl: str, en: str) -> None:
    assert unmet.in_words("nl-NL", "EUR").replace("\u00a0", " ") == nl
    assert unmet.in_words("en-GB", "EUR") == en


@pytest.mark.parametrize("obstacle", Obstacle)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_obstacle_has_words_in_every_language(obstacle: Obstacle, language: str) -> None:
    words = Unmet(obstacle, 1).in_words(language, "EUR")
    assert words
    assert "{" not in words

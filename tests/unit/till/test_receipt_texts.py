"""Four languages that say the same, and numbers, dates and euro as each of them writes."""

import re
from dataclasses import asdict, fields
from datetime import UTC, date, datetime
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from edge_agent.till.receipt_layout import on_paper, printable
from edge_agent.till.receipt_texts import WORDS, Formats, Language, UnitName, Words

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_language_has_every_text() -> None:
    assert set(WORDS) == set(Language)
    for words in WORDS.values():
        assert all(text.strip() for text in asdict(words).values())


@pytest.mark.parametrize("key", [field.name for field in fields(Words)])
def test_a_text_is_filled_with_the_same_facts_in_every_language(key: str) -> None:
    dutch = placeholders(getattr(WORDS[Language.NL], key))
    for language in Language:
        assert placeholders(getattr(WORDS[language], key)) == dutch, language


@pytest.mark.parametrize("language", Language)
def test_no_two_texts_of_a_language_are_confused(language: Language) -> None:
    texts = list(asdict(WORDS[language]).values())
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("language", [Language.EN, Language.DE, Language.FR])
def test_what_is_a_sentence_is_translated(language: Language) -> None:
    dutch, other = asdict(WORDS[Language.NL]), asdict(WORDS[language])
    same = {key for key in dutch if dutch[key] == other[key]}
    words_that_are_the_same = {
        Language.EN: {"bonus"},
        Language.DE: {"copy", "receipt"},
        Language.FR: {"title_return"},
    }
    assert same == words_that_are_the_same[language]


def test_every_text_is_printable_as_it_stands() -> None:
    for words in WORDS.values():
        for text in asdict(words).values():
            assert printable(text) == text


def test_no_fixed_text_names_a_unit_since_programmes_name_their_own() -> None:
    for words in WORDS.values():
        for text in asdict(words).values():
            assert not re.search(r"\bpun(t|kt|ten|kte)\b|\bpoints?\b", text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("nl-NL", Language.NL),
        ("de_AT", Language.DE),
        ("FR", Language.FR),
        ("en", Language.EN),
        ("pl-PL", Language.NL),
        ("", Language.NL),
        (None, Language.NL),
    ],
)
def test_a_language_that_is_not_spoken_becomes_dutch(tag: str | None, language: Language) -> None:
    assert Language.of(tag) is language


@pytest.mark.parametrize(
    ("language", "number", "euro", "whole_euro", "moment"),
    [
        (Language.NL, "-1.234.567", "€ 1.002,50", "€ 5", "02-01-2027 00:30"),
        (Language.EN, "-1,234,567", "€1,002.50", "€5", "02/01/2027 00:30"),
        (Language.DE, "-1.234.567", "1.002,50 €", "5 €", "02.01.2027 00:30"),
        (Language.FR, "-1 234 567", "1 002,50 €", "5 €", "02/01/2027 00:30"),
    ],
)
def test_figures_are_written_as_the_language_writes_them(
    language: Language, number: str, euro: str, whole_euro: str, moment: str
) -> None:
    formats = Formats(language, AMSTERDAM)
    shown = [
        formats.number(-1_234_567),
        formats.euro(100_250),
        formats.euro(500),
        formats.moment(datetime(2027, 1, 1, 23, 30, tzinfo=UTC)),
    ]
    assert [on_paper(text) for text in shown] == [number, euro, whole_euro, moment]
    assert not any(" " in text for text in shown), "a line could be broken inside"


def test_an_expiry_shows_its_year_in_full() -> None:
    for language in Language:
        assert "2030" in Formats(language, AMSTERDAM).day(date(2030, 12, 31))


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        (Language.NL, ["0 many", "1 one", "-1 one", "2 many", "1.000.000 many"]),
        (Language.EN, ["0 many", "1 one", "-1 one", "2 many", "1,000,000 many"]),
        (Language.FR, ["0 one", "1 one", "-1 one", "2 many", "1 000 000 many"]),
    ],
)
def test_a_unit_is_singular_where_the_language_says_so(
    language: Language, shown: list[str]
) -> None:
    formats = Formats(language, AMSTERDAM)
    name = UnitName("one", "many")
    quantities = [formats.quantity(value, name) for value in (0, 1, -1, 2, 1_000_000)]
    assert [on_paper(text) for text in quantities] == shown

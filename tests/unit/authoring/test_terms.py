"""The customer's terms: every table has its sentence, in Dutch and in English, from the file itself."""

import re
from enum import StrEnum

import pytest

from edge_agent.authoring.return_terms import returns
from edge_agent.authoring.terms import NOT_FOR_CUSTOMERS, SECTIONS, terms
from edge_agent.authoring.wording import LANGUAGES, Speech
from edge_agent.domain.programme.discounts import Off
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.returns import (
    Issued,
    ReachedTier,
    ReturnsTable,
    ReversalPolicy,
    Reverse,
    Shortfall,
    Spent,
)
from edge_agent.domain.programme.shape import keys_of
from tests.unit.authoring.programmes import everything
from tests.unit.domain.builders import BASE, programme, sample

NL = terms(everything(), "nl")
EN = terms(everything(), "en")


def test_every_key_of_a_file_has_its_section_or_is_not_for_customers() -> None:
    told = [key for section in SECTIONS for key in section.keys]
    assert len(told) == len(set(told))
    assert set(told) | NOT_FOR_CUSTOMERS == ProgrammeFile.model_fields.keys()
    assert not set(told) & NOT_FOR_CUSTOMERS


def test_the_programme_with_everything_leaves_no_table_out() -> None:
    file = everything().file
    empty = {key for key in ProgrammeFile.model_fields if not getattr(file, key)}
    assert empty <= {"combine", "earning", "returns", "receipt", "privacy", "redeem", "questions"}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.en)
def test_the_programme_with_everything_has_every_section(section: object) -> None:
    assert f"## {getattr(section, 'nl', '')}\n" in NL
    assert f"## {getattr(section, 'en', '')}\n" in EN


@pytest.mark.parametrize(
    "sentence",
    [
        "# Voorwaarden Alles",
        "Versie 7, geldig vanaf 1 januari 2026.",
        "- Dubbele punten; 2 × de gewone punten; op brood, voor Goud, op zaterdag en zondag.",
        (
            "- Vier keer punten in februari; 3 × de gewone punten erbovenop; vanaf 1 februari 2026,"
            " tot en met 28 februari 2026; als u dan voor € 600,00 koopt; hoogstens 3.000 punten;"
            " bijgeschreven na 28 dagen."
        ),
        "- Punten kunt u na 14 dagen gebruiken.",
        (
            "- Punten verlopen na het sparen: 12 maanden, tot het einde van die maand;"
            " wij waarschuwen 60 dagen van tevoren."
        ),
        "- Punten vervallen als u 18 maanden niets doet met uw kaart.",
        "- Bij het inschrijven: “Ik ga akkoord met de voorwaarden.”.",
        "- Alleen als u dat wilt: “Ik wil de nieuwsbrief ontvangen.”.",
        "- Zegels zijn tot en met 31 december 2026 te gebruiken.",
        "- Basis: voor iedereen.",
        "- Goud: vanaf € 500,00 aan aankopen per kalenderjaar.",
        (
            "- Een niveau houdt u 1 jaar, tot het einde van dat jaar;"
            " daarna gaat u hoogstens één niveau terug."
        ),
        "- Koffiekaart: een volle kaart heeft 10 zegels; bij 10: een kop koffie.",
        "- Plus: 12 maanden; meteen actief, ook voor deze aankoop; eenmaal 30 dagen op proef.",
        "- Korting: 100 punten = € 2,00 korting, vanaf 200 punten, tot 50 % van wat te betalen is.",
        (
            "- Kaas; 20 % korting, hoogstens € 10,00; op cheese, voor de groep families,"
            " tot en met 30 juni 2026; hoogstens 1 keer per week."
        ),
        "- Een recensie: 5 punten; hoogstens 1 keer per kalendermaand.",
        "- Punten: 1 per € 1.",
        "- Zegels: 1 per stuk; op coffee.",
        "- Wie een vriend aanbrengt: 50 punten; na de eerste aankoop.",
        "- Hoogstens 500 punten per dag.",
        "- Bedankbon (€ 5,00); bij elke 200 punten; geldig: 3 maanden; wat over is blijft staan.",
        "- Geen punten op statiegeld.",
        "- De wet staat geen punten of korting op tabak toe.",
    ],
)
def test_as_the_customer_reads_it(sentence: str) -> None:
    assert sentence in NL.splitlines()


def test_the_chance_of_a_surprise_is_told() -> None:
    assert "- Zomergeluk; 1 op de 20 aankopen met kaart wint, door het lot bepaald" in NL


def test_english_says_as_much_as_dutch() -> None:
    assert len(EN.splitlines()) == len(NL.splitlines())
    assert not set(EN.splitlines()) & {line for line in NL.splitlines() if len(line.split()) > 5}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_is_a_whole_sentence(language: str) -> None:
    for text in (terms(everything(), language), terms(sample(), language)):
        for line in text.splitlines():
            if line.startswith("- "):
                assert re.fullmatch(r"- [A-Z0-9€].*[.!?]", line), line
                assert not re.search(r"None|[{}]| ;|\.\.|  ", line), line


def test_what_the_file_does_not_have_is_not_promised() -> None:
    bare = terms(programme(BASE), "nl")
    assert "niveau" not in bare
    assert "Beloningen" not in bare
    assert "verlopen niet" in bare


def test_what_the_house_excludes_the_law_does_not_say_again() -> None:
    assert terms(sample(), "en").count("tobacco") == 1


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (Reverse, "reverse"),
        (ReversalPolicy, "policy"),
        (Spent, "spent"),
        (Issued, "issued"),
        (ReachedTier, "tiers"),
    ],
)
def test_every_way_of_returning_is_told_apart(kind: type[StrEnum], key: str) -> None:
    file = everything().file
    for language in LANGUAGES:
        speech = Speech(file, language)
        told = [
            tuple(returns(speech, ReturnsTable().model_copy(update={key: choice})))
            for choice in kind
        ]
        assert len(set(told)) == len(kind)


def test_what_comes_off_the_refund_is_told() -> None:
    table = ReturnsTable(
        shortfall=Shortfall.DEDUCT, policy=ReversalPolicy.WITHIN_BALANCE, point_value={"points": 1}
    )
    told = list(returns(Speech(everything().file, "en"), table))
    assert "what you have spent already comes off the refund" in told


@pytest.mark.parametrize("key", ["percent", "amount", "price", "prices", "free"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_of_taking_off_is_told(key: str, language: str) -> None:
    from edge_agent.authoring.phrases import off

    (example, *_) = keys_of(Off)[key].field.examples or []
    assert off(Speech(everything().file, language), Off.model_validate({key: example}))

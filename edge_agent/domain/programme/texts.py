"""Texts in the shop's four languages."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from edge_agent.domain.programme.form import Refers, TableModel

LANGUAGES = ("nl", "en", "de", "fr")
"""The first is spoken where no other is asked for."""
TEXT_CHARACTERS_MAX = 200
"""Four lines of the widest receipt; more is a leaflet."""


def language_of(tag: str) -> str:
    """The one of our languages that a tag ("nl" or "nl-NL") asks for; Dutch for one we do not have."""
    short = tag[:2].lower()
    return short if short in LANGUAGES else LANGUAGES[0]


LOCALES: Mapping[str, str] = {"nl": "nl_NL", "en": "en_GB", "de": "de_DE", "fr": "fr_FR"}
"""For dates and amounts; English as it is written in Europe."""

OneText = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_CHARACTERS_MAX)]


class Texts(TableModel):
    """One text in all four languages; a plain string stands for the same in each."""

    nl: OneText = Field(description="In Dutch.", examples=["punten"])
    en: OneText = Field(description="In English.", examples=["points"])
    de: OneText = Field(description="In German.", examples=["Punkte"])
    fr: OneText = Field(description="In French.", examples=["points"])

    def for_language(self, language: str) -> str:
        """The text in `language` ("nl" or "nl-NL"); Dutch for a language we do not have."""
        text: str = getattr(self, language_of(language))
        return text


def _same_in_all(value: Any) -> Any:
    return dict.fromkeys(LANGUAGES, value) if isinstance(value, str) else value


LocalText = Annotated[Texts, BeforeValidator(_same_in_all, json_schema_input_type=Texts | OneText)]


class CountedTexts(TableModel):
    """The name of something that is counted: `one` and `many`."""

    one: LocalText = Field(description="The word for one of it.", examples=["punt"])
    many: LocalText = Field(description="The word for none, or more than one.", examples=["punten"])

    def for_count(self, count: int, language: str) -> str:
        """The form that goes with `count`."""
        return (self.one if abs(count) == 1 else self.many).for_language(language)


def texts(by_language: Mapping[str, str]) -> Texts:
    """Texts that the code itself brings."""
    return Texts(**by_language)


def counted(one: Mapping[str, str], many: Mapping[str, str]) -> CountedTexts:
    """The name of something that is counted, where the code itself brings it."""
    return CountedTexts(one=texts(one), many=texts(many))


class Goal(TableModel):
    """What a programme or campaign is for, and the figure that will show whether it works."""

    aim: LocalText = Field(
        description="What it is for, in a sentence.", examples=["more visits on quiet days"]
    )
    figure: OneText = Field(
        description="The figure that will show it, as head office calls it.",
        examples=["sales with a card on Tuesdays"],
    )


class Campaign(TableModel):
    """A rule that head office does something for; what for is not worked with, but shown beside what it did."""

    goal: Goal | None = Field(
        default=None,
        description="What it is for, and which figure will show that it worked.",
        examples=[{"aim": "more visits on quiet days", "figure": "sales with a card on Tuesdays"}],
    )


RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
RuleName = Annotated[RuleId, Refers("")]
"""Of a rule of whatever kind."""
UnitName = Annotated[RuleId, Refers("unit")]
TierName = Annotated[RuleId, Refers("tiers.level")]
MembershipName = Annotated[RuleId, Refers("membership")]
WORD_CHARACTERS_MAX = 64
"""As of the words of a POS: skus, categories and stores are never longer."""
WORDS_MAX = 1_000
"""An assortment that one rule names by its articles; more is a category."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=WORD_CHARACTERS_MAX)]
Words = Annotated[frozenset[Word], Field(min_length=1, max_length=WORDS_MAX)]

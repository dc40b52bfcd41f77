"""How far a member is on the way to something: the next tier, a full card, a challenge, a reward.

Mechanisms that lead somewhere say so in this one shape, so that screen, receipt and the customer's terms need to know
one way of telling it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Protocol, runtime_checkable

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.texts import LOCALES, CountedTexts, Texts, language_of, texts
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.programme.unmet import Unmet
from edge_agent.domain.programme.when import When

_NUMBERS_KEPT = 4_096
"""Every sale says a few, and writing one in a language takes as long as working out two offers."""


class Towards(StrEnum):
    """What kind of thing a member is on the way to."""

    TIER = "tier"
    STAMP_CARD = "stamp-card"
    CHALLENGE = "challenge"
    REWARD = "reward"


class Stand(StrEnum):
    """Where the member stands."""

    ON_THE_WAY = "on-the-way"
    TO_ACTIVATE = "to-activate"  # nothing counts before the member has said yes to it
    REACHED = "reached"


class Measure(StrEnum):
    """What is counted on the way, and so what `have` and `need` are in."""

    UNIT = "unit"  # smallest parts of the unit
    MONEY = "money"  # minor units of the programme's currency
    VISITS = "visits"
    PIECES = "pieces"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    ITEMS = "items"  # of a collection
    TIMES = "times"


def _counted(nl: str, en: str, de: str, fr: str) -> CountedTexts:
    """Two forms a language, as "bezoek/bezoeken"."""
    forms = {"nl": nl, "en": en, "de": de, "fr": fr}
    one, many = (
        texts({language: form.split("/")[at] for language, form in forms.items()}) for at in (0, 1)
    )
    return CountedTexts(one=one, many=many)


_COUNTED: Mapping[Measure, CountedTexts] = {
    Measure.VISITS: _counted("bezoek/bezoeken", "visit/visits", "Besuch/Besuche", "visite/visites"),
    Measure.PIECES: _counted("stuk/stuks", "piece/pieces", "Stück/Stück", "article/articles"),
    Measure.DAYS: _counted("dag/dagen", "day/days", "Tag/Tage", "jour/jours"),
    Measure.WEEKS: _counted("week/weken", "week/weeks", "Woche/Wochen", "semaine/semaines"),
    Measure.MONTHS: _counted("maand/maanden", "month/months", "Monat/Monate", "mois/mois"),
    Measure.ITEMS: _counted("soort/soorten", "item/items", "Sorte/Sorten", "sorte/sortes"),
    Measure.TIMES: _counted("keer/keer", "time/times", "Mal/Mal", "fois/fois"),
}
_SAYS: Mapping[Stand, Texts] = {
    Stand.ON_THE_WAY: texts(
        {
            "nl": "{title}: nog {missing}",
            "en": "{title}: {missing} to go",
            "de": "{title}: noch {missing}",
            "fr": "{title} : encore {missing}",
        }
    ),
    Stand.TO_ACTIVATE: texts(
        {
            "nl": "{title}: nog niet geactiveerd",
            "en": "{title}: not activated yet",
            "de": "{title}: noch nicht aktiviert",
            "fr": "{title} : pas encore activé",
        }
    ),
    Stand.REACHED: texts(
        {
            "nl": "{title}: gehaald",
            "en": "{title}: reached",
            "de": "{title}: erreicht",
            "fr": "{title} : atteint",
        }
    ),
}
_UNTIL = texts(
    {
        "nl": " (t/m {day})",
        "en": " (until {day})",
        "de": " (bis {day})",
        "fr": " (jusqu’au {day})",
    }
)


@dataclass(frozen=True, slots=True)
class Progress:
    """`have` of the `need` towards what the rule `rule` gives; `measure` says in what.

    `until` is the last day on which it can still be reached. `gives` is what comes then, where it is not the `title`
    itself. `left` names what is missing of a collection. `when` says in which stores and channels it can be had, None
    for in all.
    """

    towards: Towards
    rule: str
    title: Texts
    have: int
    need: int
    measure: Measure
    unit: str | None = None
    until: date | None = None
    stand: Stand = Stand.ON_THE_WAY
    gives: Texts | None = None
    left: tuple[Texts, ...] = ()
    when: When | None = None

    @property
    def missing(self) -> int:
        """What is still needed, in the measure; never below 0."""
        return max(self.need - self.have, 0)

    def unmet_where(self, store: str, channel: str) -> Unmet | None:
        """Why it cannot be had at this place; None where it can."""
        return None if self.when is None else self.when.unmet_where(store, channel)

    def in_words(
        self,
        language: str,
        currency: str,
        units: Mapping[str, UnitTable],
        elsewhere: Unmet | None = None,
    ) -> str:
        """A line for people in `language` ("nl" or "nl-NL"), such as "Goud: nog € 34,00 (t/m 31 dec 2026)".

        Of what can only be had `elsewhere` it says so: the way to it is as long here, and nobody may ask for it here.
        """
        said = self._said(language, currency, units)
        return said if elsewhere is None else f"{said}, {elsewhere.in_words(language, currency)}"

    def _said(self, language: str, currency: str, units: Mapping[str, UnitTable]) -> str:
        missing = self._amount(self.missing, language, currency, units)
        title = self.title.for_language(language)
        said = _SAYS[self.stand].for_language(language).format(title=title, missing=missing)
        if self.until is None or self.stand is Stand.REACHED:
            return said
        day = format_date(self.until, "medium", locale=LOCALES[language_of(language)])
        return said + _UNTIL.for_language(language).format(day=day)

    def _amount(
        self, count: int, language: str, currency: str, units: Mapping[str, UnitTable]
    ) -> str:
        locale = LOCALES[language_of(language)]
        if self.measure is Measure.MONEY:
            return format_currency(Decimal(count).scaleb(-2), currency, locale=locale)
        if self.unit is not None and self.unit in units:
            return units_in_words(units[self.unit], count, language)
        noun = _COUNTED.get(self.measure, _COUNTED[Measure.TIMES]).for_count(count, language)
        return f"{_number(Decimal(count), locale)} {noun}"


def units_in_words(unit: UnitTable, quantity: int, language: str) -> str:
    """So many smallest parts of a unit in words, such as "1,5 zegels"."""
    locale = LOCALES[language_of(language)]
    shown = _number(Decimal(quantity).scaleb(-unit.decimals).normalize(), locale)
    one = quantity == unit.scale
    noun = (unit.name.one if one else unit.name.many).for_language(language)
    return f"{shown} {noun}"


@lru_cache(_NUMBERS_KEPT)
def _number(value: Decimal, locale: str) -> str:
    return str(format_decimal(value, locale=locale))


@runtime_checkable
class ShowsProgress(Protocol):
    """A mechanism that leads somewhere."""

    def progress(
        self, facts: MemberFacts, at: datetime, units: Mapping[str, UnitTable]
    ) -> Iterable[Progress]:
        """How far this member is with each of its rules that are open at `at` (in the programme's zone)."""
        ...

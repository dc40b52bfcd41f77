"""Why a rule gave nothing: a reason that programs can tell apart, and its words in the shop's languages."""

from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from babel.dates import format_date, format_time
from babel.numbers import format_currency

from edge_agent.domain.programme.texts import LOCALES, Texts, language_of, texts


class Obstacle(StrEnum):
    """What stood in the way; the comment says what `Unmet.value` then is."""

    NOT_YET = "not-yet"  # the first day
    OVER = "over"  # the last day
    OTHER_DAY = "other-day"  # the days on which it holds, a tuple of 0 (Monday) to 6
    TOO_EARLY = "too-early"  # the time from which it holds
    TOO_LATE = "too-late"  # the time before which it holds
    NO_LINE = "no-line"
    TOO_LITTLE = "too-little"  # what is missing, in minor units
    LINES_TAKEN = "lines-taken"
    LESS_THAN_ONE = "less-than-one"
    NO_BASE = "no-base"


_WORDS: dict[Obstacle, Texts] = {
    Obstacle.NOT_YET: texts(
        {
            "nl": "begint pas op {}",
            "en": "only begins on {}",
            "de": "beginnt erst am {}",
            "fr": "ne commence que le {}",
        }
    ),
    Obstacle.OVER: texts(
        {
            "nl": "gold tot en met {}",
            "en": "ended on {}",
            "de": "galt bis einschließlich {}",
            "fr": "s'est terminé le {}",
        }
    ),
    Obstacle.OTHER_DAY: texts(
        {"nl": "alleen op {}", "en": "only on {}", "de": "nur am {}", "fr": "seulement le {}"}
    ),
    Obstacle.TOO_EARLY: texts(
        {"nl": "pas vanaf {}", "en": "only from {}", "de": "erst ab {}", "fr": "à partir de {}"}
    ),
    Obstacle.TOO_LATE: texts(
        {
            "nl": "alleen vóór {}",
            "en": "only before {}",
            "de": "nur vor {}",
            "fr": "seulement avant {}",
        }
    ),
    Obstacle.NO_LINE: texts(
        {
            "nl": "geen regel waar het over gaat",
            "en": "no line that it is about",
            "de": "keine Zeile, die gemeint ist",
            "fr": "aucune ligne concernée",
        }
    ),
    Obstacle.TOO_LITTLE: texts(
        {
            "nl": "{} te weinig besteed",
            "en": "{} short of the minimum spend",
            "de": "{} fehlen am Mindestbetrag",
            "fr": "il manque {} pour le minimum d'achat",
        }
    ),
    Obstacle.LINES_TAKEN: texts(
        {
            "nl": "geen regel voor over: een regel hierboven ging voor",
            "en": "no line left for it: a rule above came first",
            "de": "keine Zeile übrig: eine Regel darüber ging vor",
            "fr": "aucune ligne restante : une règle ci-dessus l'emporte",
        }
    ),
    Obstacle.LESS_THAN_ONE: texts(
        {
            "nl": "te weinig voor één punt",
            "en": "less than one point",
            "de": "weniger als ein Punkt",
            "fr": "moins d'un point",
        }
    ),
    Obstacle.NO_BASE: texts(
        {
            "nl": "geen gewone punten om te vermenigvuldigen",
            "en": "no base points to multiply",
            "de": "keine Grundpunkte zum Vervielfachen",
            "fr": "pas de points de base à multiplier",
        }
    ),
}


class Unmet(NamedTuple):
    """What stood in the way of a rule, with the figure that says how far off it was."""

    obstacle: Obstacle
    value: date | time | int | tuple[int, ...] | None = None

    def in_words(self, language: str, currency: str) -> str:
        """A clause for people, in `language` ("nl" or "nl-NL"); amounts are in `currency`."""
        locale = LOCALES[language_of(language)]
        return _WORDS[self.obstacle].for_language(language).format(self._shown(locale, currency))

    def _shown(self, locale: str, currency: str) -> str:
        if isinstance(self.value, date):
            return format_date(self.value, "long", locale=locale)
        if isinstance(self.value, time):
            return format_time(self.value, "HH:mm", locale=locale)
        if isinstance(self.value, tuple):
            monday = date(2024, 1, 1)
            return ", ".join(
                format_date(monday.replace(day=1 + day), "EEEE", locale=locale)
                for day in self.value
            )
        if isinstance(self.value, int):
            return format_currency(Decimal(self.value).scaleb(-2), currency, locale=locale)
        return ""

"""Selections, conditions and lifetimes in plain Dutch and English, for terms, calendar and trials.

A clause follows whatever it limits: "dubbele punten" + "op zaterdag en zondag". Every key of a condition has one; a
test compares.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any, NamedTuple

from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

from edge_agent.domain.member import Birthday
from edge_agent.domain.programme.conditions import Circumstances
from edge_agent.domain.programme.expiry import Expiry, Pending, RoundedTo
from edge_agent.domain.programme.form import TableModel
from edge_agent.domain.programme.naming import titles
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.selections import Contains, Selection
from edge_agent.domain.programme.tax import Tax
from edge_agent.domain.programme.texts import LOCALES, CountedTexts, Texts
from edge_agent.domain.programme.when import WEEKDAYS, Weekday
from edge_agent.domain.tallies import Window

LANGUAGES = ("nl", "en")
"""In which terms and calendars can be had."""

_A_MONDAY = date(2024, 1, 1)


class Speech:
    """One language, and what the file calls its things."""

    def __init__(self, file: ProgrammeFile, language: str) -> None:
        self.file = file
        self.language = language
        self._locale = LOCALES[language]
        self._titles = titles(file)

    def either(self, nl: str, en: str) -> str:
        """The words in this language."""
        return nl if self.language == "nl" else en

    def text(self, text: Texts) -> str:
        """A text of the file."""
        return text.for_language(self.language)

    def title(self, rule_id: str) -> str:
        """What customers call a rule, or its id where they have no name for it."""
        title = self._titles.get(rule_id)
        return rule_id if title is None else self.text(title)

    def listed(self, items: Iterable[str], style: str = "standard") -> str:
        """a, b en c."""
        return str(format_list(list(items), style=style, locale=self._locale))  # type: ignore[arg-type]

    def any_of(self, items: Iterable[str]) -> str:
        """a, b of c; in alphabetical order, since what is chosen from has none."""
        return self.listed(sorted(items), "or")

    def called(self, word: str) -> str:
        """What customers call a category, a store, ...; the word itself where the file does not say."""
        text = self.file.words.get(word)
        return word if text is None else self.text(text)

    def money(self, minor: int | Decimal) -> str:
        """An amount of minor units."""
        amount = Decimal(minor).scaleb(-2)
        shown: str = format_currency(amount, self.file.currency, locale=self._locale)
        return shown.replace("\u00a0", " ")

    def number(self, value: Decimal | int) -> str:
        """A number without needless zeros."""
        shown = format_decimal(
            Decimal(value).normalize(), locale=self._locale, decimal_quantization=False
        )
        return str(shown)

    def day(self, day: date) -> str:
        """1 december 2026."""
        return format_date(day, "long", locale=self._locale)

    def days(self, count: int) -> str:
        """14 dagen."""
        return self._plural(count, ("dag", "dagen"), ("day", "days"))

    def months(self, count: int) -> str:
        """12 maanden."""
        return self._plural(count, ("maand", "maanden"), ("month", "months"))

    def years(self, count: int) -> str:
        """2 jaar."""
        return self._plural(count, ("jaar", "jaar"), ("year", "years"))

    def _plural(self, count: int, nl: tuple[str, str], en: tuple[str, str]) -> str:
        form = 0 if count == 1 else 1
        return f"{self.number(count)} {self.either(nl[form], en[form])}"

    def month(self, month: int) -> str:
        """December."""
        return format_date(date(2024, month, 1), "LLLL", locale=self._locale)

    def weekdays(self, days: Iterable[Weekday]) -> str:
        """vrijdag en zaterdag, in the order of the week."""
        chosen = [index for index, day in enumerate(WEEKDAYS) if day in set(days)]
        return self.listed(
            format_date(_A_MONDAY.replace(day=1 + index), "EEEE", locale=self._locale)
            for index in chosen
        )

    def units(self, unit: str, quantity: Decimal | int) -> str:
        """So many of a unit, in whole ones: 25 punten."""
        name: CountedTexts = self.file.unit[unit].name
        form = name.one if abs(quantity) == 1 else name.many
        return f"{self.number(quantity)} {self.text(form)}"

    def window(self, text: str) -> str:
        """A window such as `year` or `12 months`: per kalenderjaar, in de laatste 12 maanden."""
        window = Window.parse(text)
        if window.days:
            return self.either(f"in {window.days} dagen", f"in {window.days} days")
        if window.months:
            return self.either(f"in {window.months} maanden", f"in {window.months} months")
        return self.either(*_PERIODS[window.period.value])


_PERIODS: Mapping[str, tuple[str, str]] = {
    "day": ("per dag", "per day"),
    "week": ("per week", "per week"),
    "month": ("per kalendermaand", "per calendar month"),
    "quarter": ("per kwartaal", "per quarter"),
    "year": ("per kalenderjaar", "per calendar year"),
    "membership-year": ("per lidmaatschapsjaar", "per year of membership"),
    "ever": ("in totaal", "in all"),
}


class _Clause(NamedTuple):
    """The words of one key, `{}` being the value as `shown` gives it."""

    nl: str
    en: str
    shown: Callable[[Speech, Any], str]


def _words(speech: Speech, value: Iterable[str]) -> str:
    return speech.any_of(speech.called(each) for each in value)


def _titles(speech: Speech, value: Iterable[str]) -> str:
    return speech.any_of(speech.title(each) for each in value)


def _day(speech: Speech, value: date) -> str:
    return speech.day(value)


def _time(_speech: Speech, value: time) -> str:
    return f"{value:%H:%M}"


def _money(speech: Speech, value: int) -> str:
    return speech.money(value)


def _number(speech: Speech, value: Decimal | int) -> str:
    return speech.number(value)


def _numbers(speech: Speech, value: Iterable[int]) -> str:
    return speech.listed((speech.number(each) for each in sorted(value)), "or")


def _nothing(_speech: Speech, _value: object) -> str:
    return ""


def _without(speech: Speech, value: Iterable[Selection]) -> str:
    return speech.listed(" ".join(selection_clauses(speech, each)) for each in value)


def _contained(speech: Speech, value: Iterable[Contains]) -> str:
    return speech.listed(
        f"{speech.number(each.quantity)} × {' '.join(selection_clauses(speech, each))}"
        for each in value
    )


def _birthday(speech: Speech, value: Birthday) -> str:
    return speech.either(
        *{
            Birthday.DAY: ("op uw verjaardag", "on your birthday"),
            Birthday.WEEK: ("in de week vanaf uw verjaardag", "in the week from your birthday"),
            Birthday.MONTH: ("in de maand van uw verjaardag", "in the month of your birthday"),
        }[value]
    )


def _attributes(speech: Speech, value: Mapping[str, Iterable[str]]) -> str:
    return speech.listed(
        f"{speech.called(name)}: {_words(speech, each)}" for name, each in value.items()
    )


SELECTION: Mapping[str, _Clause] = {
    "categories": _Clause("op {}", "on {}", _words),
    "brands": _Clause("van {}", "by {}", _words),
    "skus": _Clause("op artikel {}", "on article {}", _words),
    "labels": _Clause("met het kenmerk {}", "marked {}", _words),
    "kinds": _Clause("van de soort {}", "of the kind {}", _words),
    "margins": _Clause("in margeklasse {}", "of margin class {}", _words),
    "without": _Clause("maar niet {}", "but not {}", _without),
}
CIRCUMSTANCES: Mapping[str, _Clause] = {
    "tiers": _Clause("voor {}", "for {}", _titles),
    "memberships": _Clause("voor leden van {}", "for members of {}", _titles),
    "segments": _Clause("voor de groep {}", "for the group {}", _words),
    "not_segments": _Clause("niet voor de groep {}", "not for the group {}", _words),
    "attributes": _Clause("voor wie past bij {}", "for those matching {}", _attributes),
    "languages": _Clause("voor klanten met taal {}", "for customers whose language is {}", _words),
    "birthday": _Clause("{}", "{}", _birthday),
    "visits": _Clause("bij bezoek {}", "on visit {}", _numbers),
    "every_visit": _Clause("bij elk {}e bezoek", "on every {}th visit", _number),
    "joined_days_min": _Clause("na {} dagen lidmaatschap", "after {} days of membership", _number),
    "joined_days_max": _Clause(
        "in de eerste {} dagen van het lidmaatschap", "in the first {} days of membership", _number
    ),
    "away_days": _Clause(
        "voor wie {} dagen niet geweest is", "for those who have not been here for {} days", _number
    ),
    "weekdays": _Clause("op {}", "on {}", Speech.weekdays),
    "from_time": _Clause("vanaf {} uur", "from {}", _time),
    "until_time": _Clause("tot {} uur", "before {}", _time),
    "from_date": _Clause("vanaf {}", "from {}", _day),
    "until_date": _Clause("tot en met {}", "up to and including {}", _day),
    "stores": _Clause("in winkel {}", "in store {}", _words),
    "channels": _Clause("via {}", "through {}", _words),
    "tenders": _Clause("bij betaling met {}", "when paying by {}", _words),
    "minimum_spend": _Clause("vanaf {} aan deze artikelen", "from {} of these goods", _money),
    "minimum_sale": _Clause("bij een aankoop vanaf {}", "on a purchase of {} or more", _money),
    "minimum_quantity": _Clause("vanaf {} stuks", "from {} pieces", _number),
    "contains": _Clause("bij aankoop van {}", "when buying {}", _contained),
    "no_discount": _Clause("niet op artikelen met korting", "not on discounted goods", _nothing),
}
MODIFIERS = frozenset({"minimum_tax"})
"""Keys that say how another one is meant."""


def selection_clauses(speech: Speech, selection: Selection) -> list[str]:
    """Which goods, in words; nothing for all of them."""
    return _clauses(speech, selection, SELECTION)


def condition_clauses(speech: Speech, when: TableModel) -> list[str]:
    """What limits a rule, in words: goods first, then for whom, when, where and how."""
    found = selection_clauses(speech, when) if isinstance(when, Selection) else []
    if not isinstance(when, Circumstances):
        return found
    if when.minimum_spend is not None and not found:
        # Of all goods together it is the same as a minimum of the whole purchase.
        when = when.model_copy(
            update={"minimum_spend": None, "minimum_sale": when.minimum_sale or when.minimum_spend}
        )
    found += _clauses(speech, when, CIRCUMSTANCES)
    if when.minimum_tax is Tax.EXCLUDED and (when.minimum_spend or when.minimum_sale):
        found.append(speech.either("(zonder btw)", "(without tax)"))
    return found


def _clauses(speech: Speech, table: TableModel, words: Mapping[str, _Clause]) -> list[str]:
    found = []
    for key, clause in words.items():
        value = getattr(table, key)
        if value not in (None, False, ()):
            found.append(speech.either(clause.nl, clause.en).format(clause.shown(speech, value)))
    return found


def limited(speech: Speech, what: str, when: TableModel | None) -> str:
    """`what` with what limits it behind it."""
    return " ".join([what, *([] if when is None else condition_clauses(speech, when))])


_ROUNDED: Mapping[RoundedTo, tuple[str, str]] = {
    RoundedTo.END_OF_WEEK: ("tot het einde van die week", "to the end of that week"),
    RoundedTo.END_OF_MONTH: ("tot het einde van die maand", "to the end of that month"),
    RoundedTo.END_OF_QUARTER: ("tot het einde van dat kwartaal", "to the end of that quarter"),
    RoundedTo.END_OF_YEAR: ("tot het einde van dat jaar", "to the end of that year"),
    RoundedTo.MEMBERSHIP_YEAR: (
        "tot de dag voor de volgende verjaardag van het lidmaatschap",
        "to the eve of the next anniversary of joining",
    ),
}


def lasts(speech: Speech, expiry: Expiry) -> str:
    """How long something lasts: 12 maanden, tot het einde van die maand."""
    if expiry.until_date is not None:
        day = speech.day(expiry.until_date)
        return speech.either(f"tot en met {day}", f"up to and including {day}")
    length = _length(speech, expiry)
    if expiry.sweep is not None:
        day = format_date(expiry.sweep.in_year(2024), "d MMMM", locale=LOCALES[speech.language])
        return speech.either(
            f"{length}, tot de eerste {day} daarna", f"{length}, until the next {day}"
        )
    if expiry.rounded is RoundedTo.DAY:
        return length
    rounded = speech.either(*_ROUNDED[expiry.rounded])
    return f"{length}, {rounded}" if length else rounded


def _length(speech: Speech, expiry: Expiry) -> str:
    if expiry.days is not None:
        return speech.days(expiry.days)
    if expiry.months is not None:
        return speech.months(expiry.months)
    if expiry.years is not None:
        return speech.years(expiry.years)
    return ""


def waits(speech: Speech, pending: Pending) -> str:
    """When something can be used first."""
    if pending.days is not None:
        days = speech.days(pending.days)
        return speech.either(f"na {days}", f"after {days}")
    return speech.either("vanaf de volgende maand", "from the next month")

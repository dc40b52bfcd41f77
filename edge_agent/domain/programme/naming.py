"""What a programme calls what it gives: points by their unit, tiers and vouchers by their rule."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from edge_agent.domain.entries import Life
from edge_agent.domain.programme.form import TableModel
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.progress import units_in_words
from edge_agent.domain.programme.shape import tables
from edge_agent.domain.programme.texts import LOCALES, Texts, texts
from edge_agent.domain.units import Derived, kind_of, name_of

_KINDS: Mapping[Derived, Texts] = {
    Derived.TIER: texts({"nl": "niveau", "en": "tier", "de": "Stufe", "fr": "niveau"}),
    Derived.MEMBERSHIP: texts(
        {"nl": "lidmaatschap", "en": "membership", "de": "Mitgliedschaft", "fr": "abonnement"}
    ),
    Derived.VOUCHER: texts({"nl": "bon", "en": "voucher", "de": "Gutschein", "fr": "bon"}),
    Derived.REWARD: texts({"nl": "tegoed", "en": "reward", "de": "Prämie", "fr": "récompense"}),
    Derived.OFFER: texts({"nl": "aanbieding", "en": "offer", "de": "Angebot", "fr": "offre"}),
    Derived.COUNT: texts({"nl": "teller", "en": "count", "de": "Zähler", "fr": "compteur"}),
}

_LIVES: Mapping[str, Texts] = {
    "until": texts(
        {
            "nl": "te gebruiken tot en met {day}",
            "en": "to be used up to and including {day}",
            "de": "einzulösen bis einschließlich {day}",
            "fr": "à utiliser jusqu'au {day} inclus",
        }
    ),
    "from": texts(
        {
            "nl": "te gebruiken vanaf {day}",
            "en": "to be used from {day}",
            "de": "einzulösen ab {day}",
            "fr": "à utiliser à partir du {day}",
        }
    ),
    "never": texts(
        {
            "nl": "verloopt niet",
            "en": "never expires",
            "de": "verfällt nicht",
            "fr": "n'expire pas",
        }
    ),
}


class Names:
    """The names of one programme in one of the four languages."""

    def __init__(self, file: ProgrammeFile, language: str) -> None:
        self._file = file
        self._language = language
        self._locale = LOCALES[language]
        self._titles = titles(file)
        self._of_money = {voucher.id for voucher in file.voucher if voucher.off is None}

    def quantity(self, unit: str, quantity: int) -> str:
        """So much of a unit, in its smallest parts: "25 punten", "niveau Goud", "2 × tegoed een kop koffie",
        "bon verjaardag: € 5,00"."""
        kind = kind_of(unit)
        if kind is None:
            table = self._file.unit.get(unit)
            return (
                f"{quantity} {unit}"
                if table is None
                else units_in_words(table, quantity, self._language)
            )
        what = self.unit(unit)
        if kind is Derived.VOUCHER and name_of(unit) in self._of_money:
            return f"{what}: {self.money(quantity)}"
        return what if quantity == 1 else f"{quantity} × {what}"

    def unit(self, unit: str) -> str:
        """What a unit is called: "punten", "niveau Goud"."""
        kind = kind_of(unit)
        if kind is None:
            table = self._file.unit.get(unit)
            return unit if table is None else table.name.many.for_language(self._language)
        title = self._titles.get(name_of(unit))
        name = name_of(unit) if title is None else title.for_language(self._language)
        return f"{_KINDS[kind].for_language(self._language)} {name}"

    def amount(self, unit: str, quantity: int) -> str:
        """How much of a unit, in whole ones and without its name."""
        table = self._file.unit.get(unit)
        value = Decimal(quantity).scaleb(-(0 if table is None else table.decimals))
        return str(format_decimal(value, locale=self._locale))

    def money(self, minor: int) -> str:
        """An amount of the programme's currency."""
        return format_currency(Decimal(minor).scaleb(-2), self._file.currency, locale=self._locale)

    def life(self, life: Life) -> str:
        """When something can be used."""
        told = [
            self._on("from", life.matures_on),
            self._on("until", life.expires_on),
            None if life.expires_on else _LIVES["never"].for_language(self._language),
        ]
        return ", ".join(each for each in told if each is not None)

    def _on(self, key: str, day: date | None) -> str | None:
        if day is None:
            return None
        shown = format_date(day, "long", locale=self._locale)
        return _LIVES[key].for_language(self._language).format(day=shown)


def titles(file: ProgrammeFile) -> dict[str, Texts]:
    """What customers call the rules of a file, by id, where they have a name."""
    return {
        rule_id: title
        for _, table in tables(file)
        if isinstance(rule_id := getattr(table, "id", None), str)
        and (title := title_of(table)) is not None
    }


def title_of(table: TableModel) -> Texts | None:
    """The name of a table, as customers know it."""
    for key in ("name", "title"):
        found = getattr(table, key, None)
        if isinstance(found, Texts):
            return found
    return None

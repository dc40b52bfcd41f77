"""What a basket comes to and why, rule by rule, for whoever writes programmes or has to answer a customer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from edge_agent.domain.basket import Basket
from edge_agent.domain.entries import Entry, Life
from edge_agent.domain.programme import Evaluation, Programme
from edge_agent.domain.programme.naming import Names
from edge_agent.domain.programme.situation import Outcome, Reduction
from edge_agent.domain.programme.texts import Texts, language_of, texts
from edge_agent.domain.units import is_tally

_SAYS: Mapping[str, Texts] = {
    "programme": texts(
        {
            "nl": "{name}, versie {version}",
            "en": "{name}, version {version}",
            "de": "{name}, Version {version}",
            "fr": "{name}, version {version}",
        }
    ),
    "nothing": texts({"nl": "niets", "en": "nothing", "de": "nichts", "fr": "rien"}),
    "line": texts(
        {
            "nl": "regel {line}{name}: {what}",
            "en": "line {line}{name}: {what}",
            "de": "Zeile {line}{name}: {what}",
            "fr": "ligne {line}{name} : {what}",
        }
    ),
    "off": texts(
        {
            "nl": "{amount} korting",
            "en": "{amount} off",
            "de": "{amount} Rabatt",
            "fr": "{amount} de remise",
        }
    ),
    "both": texts({"nl": "uitgesloten", "en": "excluded", "de": "ausgeschlossen", "fr": "exclue"}),
    "points": texts(
        {"nl": "geen punten", "en": "no points", "de": "keine Punkte", "fr": "pas de points"}
    ),
    "discounts": texts(
        {
            "nl": "korting beperkt",
            "en": "discounts restricted",
            "de": "Rabatt beschränkt",
            "fr": "remise limitée",
        }
    ),
    "counts": texts({"nl": "telt mee", "en": "counts", "de": "zählt mit", "fr": "compte"}),
    "together": texts({"nl": "samen", "en": "together", "de": "zusammen", "fr": "au total"}),
    "spent": texts({"nl": "gebruikt", "en": "used", "de": "eingelöst", "fr": "utilisé"}),
    "to_pay": texts({"nl": "te betalen", "en": "to pay", "de": "zu zahlen", "fr": "à payer"}),
    "for_other": texts(
        {
            "nl": "voor een ander: {what}",
            "en": "for somebody else: {what}",
            "de": "für jemand anderen: {what}",
            "fr": "pour quelqu’un d’autre : {what}",
        }
    ),
    "standing": texts(
        {
            "nl": "deze kaart is geblokkeerd of gewist en spaart niet",
            "en": "this card is blocked or erased and does not earn",
            "de": "diese Karte ist gesperrt oder gelöscht und sammelt nicht",
            "fr": "cette carte est bloquée ou effacée et ne cumule pas",
        }
    ),
}


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule came to: entries and reductions by line, or why not. `why` is what the receipt says of it."""

    rule: str
    mechanism: str
    why: str
    entries: tuple[Entry, ...]
    reductions: tuple[Reduction, ...]
    obstacle: str | None
    why_not: str | None
    note: str | None

    def to_json(self) -> dict[str, Any]:
        """The result for scripts; `obstacle` is a code, `why_not` its words."""
        return {
            "rule": self.rule,
            "mechanism": self.mechanism,
            "why": self.why,
            "entries": [each.to_json() for each in self.entries],
            "off": [{"line": each.line, "amount": each.amount} for each in self.reductions],
            "obstacle": self.obstacle,
            "why_not": self.why_not,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class ExcludedLine:
    """A line that is kept from points, discounts or both, and why."""

    line: int
    rule: str
    forbids: str
    why: str


@dataclass(frozen=True, slots=True)
class Trial:
    """An evaluation in words. `rules` is empty for an account that does not earn, as `earns` says.

    `outlook` are lines about what is within reach after this basket.
    """

    programme: Programme
    language: str
    earns: bool
    rules: tuple[RuleResult, ...]
    excluded: tuple[ExcludedLine, ...]
    basket: Basket
    outlook: tuple[str, ...] = ()

    @property
    def lots(self) -> dict[tuple[str, Life, bool], int]:
        """What the member gets and uses, tallies apart, by unit, life and whether it is used."""
        lots: dict[tuple[str, Life, bool], int] = {}
        for rule in self.rules:
            for entry in rule.entries:
                if entry.account is None and not is_tally(entry.unit):
                    lot = (entry.unit, entry.life._replace(day=None), entry.quantity < 0)
                    lots[lot] = lots.get(lot, 0) + entry.quantity
        return {lot: lots[lot] for lot in sorted(lots, key=_soonest)}

    @property
    def earned(self) -> dict[str, int]:
        """What the member gets per unit, those of the programme's own units that give nothing too."""
        sums = dict.fromkeys(self.programme.units, 0)
        for (unit, _, _), quantity in self.lots.items():
            if quantity > 0:
                sums[unit] = sums.get(unit, 0) + quantity
        return sums

    @property
    def spent(self) -> dict[str, int]:
        """What the member uses per unit."""
        sums: dict[str, int] = {}
        for (unit, _, _), quantity in self.lots.items():
            if quantity < 0:
                sums[unit] = sums.get(unit, 0) - quantity
        return sums

    @property
    def discount(self) -> int:
        """What is off the basket, in minor units."""
        return sum(each.amount for rule in self.rules for each in rule.reductions)

    def to_json(self) -> dict[str, Any]:
        """The trial for scripts. Article names are free text and stay out."""
        return {
            "programme": {
                "id": self.programme.id,
                "version": self.programme.version,
                "digest": self.programme.digest,
            },
            "earns": self.earns,
            "rules": [rule.to_json() for rule in self.rules],
            "excluded": [
                {"line": each.line, "rule": each.rule, "forbids": each.forbids, "why": each.why}
                for each in self.excluded
            ],
            "earned": self.earned,
            "spent": self.spent,
            "discount": self.discount,
            "to_pay": self.basket.total - self.discount,
            "lots": [
                {
                    "unit": unit,
                    "quantity": quantity,
                    "from": None if life.matures_on is None else life.matures_on.isoformat(),
                    "until": None if life.expires_on is None else life.expires_on.isoformat(),
                }
                for (unit, life, _), quantity in self.lots.items()
            ],
            "outlook": list(self.outlook),
        }

    def lines(self) -> list[str]:
        """The trial for people, as lines of plain text."""
        names = Names(self.programme.file, self.language)
        name = self.programme.file.name.for_language(self.language)
        told = [self._say("programme", name=name, version=self.programme.version)]
        if not self.earns:
            return [*told, self._say("standing")]
        for rule in self.rules:
            told += self._rule_lines(rule, names)
        for each in self.excluded:
            what = f"{self._say(each.forbids)}: {each.why} [{each.rule}]"
            told.append(self._line(each.line, what))
        told += self._sums(names)
        return [*told, *self.outlook]

    def _rule_lines(self, rule: RuleResult, names: Names) -> list[str]:
        if rule.why_not is not None:
            return [f"{rule.rule}: {self._say('nothing')}: {rule.why_not} ({rule.why})"]
        parts = [names.quantity(unit, quantity) for unit, quantity in _sums(rule.entries)]
        others = [each for each in rule.entries if each.account is not None]
        parts += [
            self._say("for_other", what=names.quantity(each.unit, each.quantity)) for each in others
        ]
        off = sum(each.amount for each in rule.reductions)
        if off:
            parts.append(self._say("off", amount=names.money(off)))
        if not parts:
            return [f"{rule.rule}: {self._say('counts')} ({rule.why})"] if rule.entries else []
        shares = [
            (each.line, names.quantity(each.unit, each.quantity))
            for each in rule.entries
            if each.line is not None and not is_tally(each.unit)
        ]
        shares += [
            (each.line, self._say("off", amount=names.money(each.amount)))
            for each in rule.reductions
        ]
        head = f"{rule.rule}: {', '.join(parts)}: {rule.why}"
        return [head, *("  " + self._line(line, what) for line, what in shares)]

    def _sums(self, names: Names) -> list[str]:
        told = []
        for unit, quantity in self.earned.items():
            told.append(f"{self._say('together')}: {names.quantity(unit, quantity)}")
            told += [
                f"  {names.quantity(unit, part)}: {names.life(life)}"
                for (of_unit, life, _), part in self.lots.items()
                if of_unit == unit and part > 0
            ]
        for unit, quantity in self.spent.items():
            told.append(f"{self._say('spent')}: {names.quantity(unit, quantity)}")
        if self.discount:
            told.append(
                f"{self._say('together')}: {self._say('off', amount=names.money(self.discount))}"
            )
            told.append(f"{self._say('to_pay')}: {names.money(self.basket.total - self.discount)}")
        return told

    def _line(self, number: int, what: str) -> str:
        name = next((each.name for each in self.basket.lines if each.number == number), "")
        return self._say("line", line=number, name=f" ({name})" if name else "", what=what)

    def _say(self, key: str, **values: object) -> str:
        return _SAYS[key].for_language(self.language).format(**values)


def _sums(entries: Iterable[Entry]) -> list[tuple[str, int]]:
    """What the member gets per unit, tallies apart."""
    sums: dict[str, int] = {}
    for entry in entries:
        if entry.account is None and not is_tally(entry.unit):
            sums[entry.unit] = sums.get(entry.unit, 0) + entry.quantity
    return list(sums.items())


def _soonest(lot: tuple[str, Life, bool]) -> tuple[str, bool, date, date]:
    unit, life, used = lot
    return unit, used, life.expires_on or date.max, life.matures_on or date.min


def tried(
    programme: Programme,
    evaluation: Evaluation,
    basket: Basket,
    language: str,
    outlook: Iterable[str] = (),
) -> Trial:
    """Put an evaluation that `explains` into words, in `language` ("nl" or "nl-NL"; Dutch for one we do not have)."""
    language = language_of(language)
    return Trial(
        programme=programme,
        language=language,
        earns=bool(evaluation.outcomes),  # every programme has a rule, and every rule an outcome
        rules=tuple(_rule_result(programme, each, language) for each in evaluation.outcomes),
        excluded=tuple(
            ExcludedLine(
                each.line, each.rule, each.forbids.value, programme.reason(each.rule, language)
            )
            for each in evaluation.excluded
        ),
        basket=basket,
        outlook=tuple(outlook),
    )


def _rule_result(programme: Programme, outcome: Outcome, language: str) -> RuleResult:
    unmet = outcome.unmet
    return RuleResult(
        rule=outcome.rule,
        mechanism=programme.mechanism_of(outcome.rule),
        why=programme.reason(outcome.rule, language),
        entries=tuple(sorted(outcome.entries, key=lambda entry: entry.line or 0)),
        reductions=outcome.reductions,
        obstacle=None if unmet is None else unmet.obstacle.value,
        why_not=None if unmet is None else unmet.in_words(language, programme.file.currency),
        note=outcome.note,
    )

"""What a basket earns and why, rule by rule, for whoever writes programmes or has to answer a customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date

from edge_agent.domain.basket import Basket
from edge_agent.domain.entries import Entry, total_per_unit
from edge_agent.domain.programme.evaluation import Evaluation
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.situation import Outcome
from edge_agent.domain.programme.texts import LOCALES, Texts, language_of, texts

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
            "nl": "regel {line}{name}: {points}",
            "en": "line {line}{name}: {points}",
            "de": "Zeile {line}{name}: {points}",
            "fr": "ligne {line}{name} : {points}",
        }
    ),
    "excluded": texts(
        {"nl": "uitgesloten", "en": "excluded", "de": "ausgeschlossen", "fr": "exclue"}
    ),
    "until": texts(
        {
            "nl": "te gebruiken tot en met {day}",
            "en": "to be used up to and including {day}",
            "de": "einzulösen bis einschließlich {day}",
            "fr": "à utiliser jusqu'au {day} inclus",
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
    "together": texts({"nl": "samen", "en": "together", "de": "zusammen", "fr": "au total"}),
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
class LineShare:
    """How much of an award belongs to one line."""

    line: int
    quantity: int


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule came to: points on lines, or why not. `why` is what the receipt says of the rule."""

    rule: str
    mechanism: str
    unit: str
    why: str
    quantity: int
    lines: tuple[LineShare, ...]
    expires_on: date | None
    obstacle: str | None
    why_not: str | None

    def to_json(self) -> dict[str, Any]:
        """The result for scripts; `obstacle` is a code, `why_not` its words."""
        return {
            "rule": self.rule,
            "mechanism": self.mechanism,
            "unit": self.unit,
            "why": self.why,
            "quantity": self.quantity,
            "lines": [{"line": share.line, "quantity": share.quantity} for share in self.lines],
            "expires_on": None if self.expires_on is None else self.expires_on.isoformat(),
            "obstacle": self.obstacle,
            "why_not": self.why_not,
        }


@dataclass(frozen=True, slots=True)
class ExcludedLine:
    """A line that earns nothing, and why."""

    line: int
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """An evaluation in words. `rules` is empty for an account that does not earn, as `earns` says."""

    programme: Programme
    language: str
    earns: bool
    rules: tuple[RuleResult, ...]
    excluded: tuple[ExcludedLine, ...]
    earned: Mapping[str, int]
    expiring: tuple[tuple[str, date | None, int], ...]
    names: Mapping[int, str]

    def to_json(self) -> dict[str, Any]:
        """The explanation for scripts. Article names are free text and stay out."""
        return {
            "programme": {
                "id": self.programme.id,
                "version": self.programme.version,
                "digest": self.programme.digest,
            },
            "earns": self.earns,
            "rules": [rule.to_json() for rule in self.rules],
            "excluded": [
                {"line": each.line, "rule": each.rule, "why": each.why} for each in self.excluded
            ],
            "earned": dict(self.earned),
            "expiring": [
                {"unit": unit, "on": None if on is None else on.isoformat(), "quantity": quantity}
                for unit, on, quantity in self.expiring
            ],
        }

    def lines(self) -> list[str]:
        """The explanation for people, as lines of plain text."""
        name = self.programme.file.name.for_language(self.language)
        result = [self._say("programme", name=name, version=self.programme.version)]
        if not self.earns:
            return [*result, self._say("standing")]
        for rule in self.rules:
            result += self._rule_lines(rule)
        for each in self.excluded:
            outcome = f"{self._say('excluded')}: {each.why} [{each.rule}]"
            result.append(self._line(each.line, outcome))
        for unit in self.programme.units:
            counted = self._counted(unit, self.earned.get(unit, 0))
            result.append(f"{self._say('together')}: {counted}")
        for unit, on, quantity in self.expiring:
            result.append(f"  {self._counted(unit, quantity)}: {self._expiry(on)}")
        return result

    def _rule_lines(self, rule: RuleResult) -> list[str]:
        if rule.why_not is not None:
            return [f"{rule.rule}: {self._say('nothing')}: {rule.why_not} ({rule.why})"]
        counted = self._counted(rule.unit, rule.quantity)
        shares = (
            "  " + self._line(share.line, self._counted(rule.unit, share.quantity))
            for share in rule.lines
        )
        return [f"{rule.rule}: {counted}: {rule.why}", *shares]

    def _line(self, number: int, outcome: str) -> str:
        name = self.names.get(number)
        return self._say("line", line=number, name=f" ({name})" if name else "", points=outcome)

    def _counted(self, unit: str, count: int) -> str:
        noun = self.programme.file.unit[unit].name.for_count(count, self.language)
        return f"{count} {noun}"

    def _expiry(self, on: date | None) -> str:
        if on is None:
            return self._say("never")
        return self._say("until", day=format_date(on, "long", locale=LOCALES[self.language]))

    def _say(self, key: str, **values: object) -> str:
        return _SAYS[key].for_language(self.language).format(**values)


def explain(
    programme: Programme, evaluation: Evaluation, basket: Basket, language: str
) -> Explanation:
    """Put an evaluation of `basket` into words, in `language` ("nl" or "nl-NL"; Dutch for one we do not have)."""
    language = language_of(language)
    expiring: dict[tuple[str, date | None], int] = {}
    points = [each for each in evaluation.entries if each.unit in programme.units]
    for entry in points:
        lot = (entry.unit, entry.expires_on)
        expiring[lot] = expiring.get(lot, 0) + entry.quantity
    return Explanation(
        programme=programme,
        language=language,
        earns=bool(evaluation.outcomes),  # every programme has a rule, and every rule an outcome
        rules=tuple(
            _rule_result(programme, each, unit, evaluation, language)
            for each in evaluation.outcomes
            if (unit := programme.unit_of(each.rule)) is not None
        ),
        excluded=tuple(
            ExcludedLine(each.line, each.rule, programme.reason(each.rule, language))
            for each in evaluation.excluded
        ),
        earned=dict.fromkeys(programme.units, 0) | total_per_unit(points),
        expiring=tuple(
            (unit, on, quantity)
            for (unit, on), quantity in sorted(
                expiring.items(), key=lambda lot: (lot[0][0], lot[0][1] or date.max)
            )
        ),
        names={line.number: line.name for line in basket.lines if line.name},
    )


def _rule_result(
    programme: Programme, outcome: Outcome, unit: str, evaluation: Evaluation, language: str
) -> RuleResult:
    entries: list[Entry] = [each for each in evaluation.entries if each.rule == outcome.rule]
    unmet = outcome.unmet
    return RuleResult(
        rule=outcome.rule,
        mechanism="bonus" if programme.is_bonus(outcome.rule) else "earn",
        unit=unit,
        why=programme.reason(outcome.rule, language),
        quantity=sum(entry.quantity for entry in entries),
        lines=tuple(LineShare(entry.line or 0, entry.quantity) for entry in entries),
        expires_on=entries[0].expires_on if entries else None,
        obstacle=None if unmet is None else unmet.obstacle.value,
        why_not=None if unmet is None else unmet.in_words(language, programme.file.currency),
    )

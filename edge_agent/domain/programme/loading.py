"""From a programme file's text to a programme, or to everything that is wrong with it at once."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_agent.domain.programme.earning import EarnRule
from edge_agent.domain.programme.mistakes import code_of, in_words, is_echo
from edge_agent.domain.programme.programme import Programme, ProgrammeFile
from edge_agent.domain.toml_source import Path, TomlMistake, read_toml

PROGRAMME_BYTES_MAX = 1_048_576
"""A thousand rules with texts in four languages stay below half of it."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One mistake: file, line (from 1), key (as `earn[0].per`), a code for scripts and what would be right."""

    file: str
    line: int
    key: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.message} [{self.code}]"


class ProgrammeInvalid(Exception):
    """The programme cannot be used; `findings` are all its mistakes, by line."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))


def load_programme(text: str, name: str) -> Programme:
    """Read and check a programme; `name` is the file's name for messages. Raises ProgrammeInvalid."""
    raw = text.encode()
    if len(raw) > PROGRAMME_BYTES_MAX:
        message = f"the file has {len(raw)} bytes; at most {PROGRAMME_BYTES_MAX} are read"
        raise ProgrammeInvalid([Finding(name, 1, "(file)", "too-large", message)])
    try:
        source = read_toml(text)
    except TomlMistake as error:
        raise ProgrammeInvalid(
            [Finding(name, error.line, "(file)", "toml", error.message)]
        ) from error
    mistakes = [*_duplicate_ids(source.values), *_unknown_units(source.values)]
    file: ProgrammeFile | None = None
    try:
        file = ProgrammeFile.model_validate(source.values)
    except ValidationError as error:
        mistakes += [
            _mistake(each) for each in error.errors(include_url=False) if not is_echo(each)
        ]
    else:
        mistakes += _unreachable(file)
    if file is None or mistakes:
        raise ProgrammeInvalid(
            [
                Finding(name, source.line_of(path), key_text(path), code, message)
                for path, code, message in mistakes
            ]
        )
    return Programme(hashlib.sha256(raw).hexdigest(), text, file)


def key_text(path: Path) -> str:
    """A path as people write it: `earn[0].scope.categories`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(file)"


_Mistake = tuple[Path, str, str]
"""Where, code, message."""


def _mistake(details: ErrorDetails) -> _Mistake:
    path: Path = tuple(part for part in details["loc"] if part != "[key]")
    return path, code_of(details), in_words(details, ProgrammeFile)


def _rules(values: Mapping[str, Any], *tables: str) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The rules of a file that is not checked yet: whatever has the form of a table."""
    for table in tables:
        rules = values.get(table)
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict):
                yield (table, index), rule


def _duplicate_ids(values: Mapping[str, Any]) -> Iterator[_Mistake]:
    first: dict[str, Path] = {}
    for path, rule in _rules(values, "earn", "bonus", "exclude", "reward"):
        rule_id = rule.get("id")
        if not isinstance(rule_id, str):
            continue
        if rule_id in first:
            message = f"is the id of {key_text(first[rule_id])} too; receipts and records name rules by their ids"
            yield (*path, "id"), "duplicate-id", message
        else:
            first[rule_id] = path


def _unknown_units(values: Mapping[str, Any]) -> Iterator[_Mistake]:
    units = values.get("unit")
    if not isinstance(units, dict):
        return
    for path, rule in _rules(values, "earn", "bonus", "reward"):
        unit = rule.get("unit", "points")
        if isinstance(unit, str) and unit not in units:
            message = f"there is no [unit.{unit}]; there is: {', '.join(units)}"
            yield (*path, "unit"), "unknown-unit", message


def _unreachable(file: ProgrammeFile) -> Iterator[_Mistake]:
    """Rules that would silently never give anything: behind a rate for every line, or with nothing to multiply."""
    taker: dict[str, EarnRule] = {}
    for index, rule in enumerate(file.earn):
        if rule.unit in taker:
            message = f"never earns, since {taker[rule.unit].id} above takes every line; put the wider rule last"
            yield ("earn", index), "contradiction", message
        elif rule.scope.is_everything:
            taker[rule.unit] = rule
    earned = {rule.unit for rule in file.earn}
    for index, bonus in enumerate(file.bonus):
        if bonus.multiply is not None and bonus.unit not in earned:
            message = f"there is nothing to multiply, since no [[earn]] gives {bonus.unit}"
            yield ("bonus", index, "multiply"), "contradiction", message

"""From a programme file's text to a programme, or to everything that is wrong with it at once."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_agent.domain.programme.checks import FORMED, FORMLESS
from edge_agent.domain.programme.findings import Finding, Mistake, Severity, key_text
from edge_agent.domain.programme.mistakes import code_of, in_words, is_echo
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.toml_source import Path, TomlMistake, read_toml

PROGRAMME_BYTES_MAX = 1_048_576
"""A thousand rules with texts in four languages stay below half of it."""


class ProgrammeInvalid(Exception):
    """The programme cannot be used; `findings` are all its mistakes, by line, warnings too."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))


class Checked(NamedTuple):
    """A programme that can be used, and what head office should be told of it all the same, by line."""

    programme: Programme
    warnings: tuple[Finding, ...]


def load_programme(text: str, name: str) -> Programme:
    """Read and check a programme; `name` is the file's name for messages. Raises ProgrammeInvalid."""
    return check_programme(text, name).programme


def check_programme(text: str, name: str) -> Checked:
    """The same, with the warnings."""
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
    mistakes = [mistake for check in FORMLESS for mistake in check(source.values)]
    file: ProgrammeFile | None = None
    try:
        file = ProgrammeFile.model_validate(source.values)
    except ValidationError as error:
        mistakes += [
            _mistake(each) for each in error.errors(include_url=False) if not is_echo(each)
        ]
    else:
        mistakes += [mistake for check in FORMED for mistake in check(file)]
    found = sorted(
        Finding(name, source.line_of(path), key_text(path), code, message)
        for path, code, message in mistakes
    )
    if file is None or any(each.severity is Severity.ERROR for each in found):
        raise ProgrammeInvalid(found)
    return Checked(Programme(hashlib.sha256(raw).hexdigest(), text, file), tuple(found))


def _mistake(details: ErrorDetails) -> Mistake:
    path: Path = tuple(part for part in details["loc"] if part != "[key]")
    return Mistake(path, code_of(details), in_words(details, ProgrammeFile))

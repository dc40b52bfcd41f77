"""From a programme file's text to a programme, or to everything that is wrong with it at once."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_agent.domain.programme.programme import Programme, ProgrammeFile
from edge_agent.domain.toml_source import Path, TomlMistake, TomlSource, read_toml

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
    try:
        file = ProgrammeFile.model_validate(source.values)
    except ValidationError as error:
        found = [_finding(name, source, details) for details in error.errors(include_url=False)]
        raise ProgrammeInvalid(found) from None
    findings = [
        Finding(name, source.line_of(path), key_text(path), code, message)
        for path, code, message in (*_duplicates(file), *_unknown_units(file))
    ]
    if findings:
        raise ProgrammeInvalid(findings)
    return Programme(hashlib.sha256(raw).hexdigest(), text, file)


def key_text(path: Path) -> str:
    """A path as people write it: `earn[0].scope.categories`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(file)"


_CODES = {
    "missing": "missing-key",
    "extra_forbidden": "unknown-key",
    "value_error": "contradiction",
}


def _finding(name: str, source: TomlSource, details: ErrorDetails) -> Finding:
    path: Path = tuple(part for part in details["loc"] if part != "[key]")
    message = details["msg"].removeprefix("Value error, ")
    if details["type"] == "missing":
        message = "is missing"
    elif details["type"] == "extra_forbidden":
        message = "is not a key that is known here; look for a typing mistake"
    code = _CODES.get(details["type"], "bad-value")
    return Finding(
        name, source.line_of(path), key_text(path), code, message[0].lower() + message[1:]
    )


def _rules(file: ProgrammeFile) -> Iterator[tuple[Path, str]]:
    for table in ("earn", "bonus", "exclude", "reward"):
        for index, rule in enumerate(getattr(file, table)):
            yield (table, index, "id"), rule.id


def _duplicates(file: ProgrammeFile) -> Iterator[tuple[Path, str, str]]:
    counts = Counter(rule for _, rule in _rules(file))
    seen: set[str] = set()
    for path, rule in _rules(file):
        if counts[rule] > 1 and rule in seen:
            yield (
                path,
                "duplicate-id",
                f"{rule!r} is the id of another rule too; ids name rules on receipts and in records",
            )
        seen.add(rule)


def _unknown_units(file: ProgrammeFile) -> Iterator[tuple[Path, str, str]]:
    known = ", ".join(file.unit)
    for table in ("earn", "bonus", "reward"):
        for index, rule in enumerate(getattr(file, table)):
            if rule.unit not in file.unit:
                yield (
                    (table, index, "unit"),
                    "unknown-unit",
                    f"there is no [unit.{rule.unit}]; there is: {known}",
                )

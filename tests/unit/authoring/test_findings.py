"""Every code has a file that gives it, at the line that says so; the page tells of every code."""

from pathlib import Path

import pytest

from edge_agent.authoring.codes import codes
from edge_agent.domain.programme import Finding, ProgrammeInvalid, check_programme
from edge_agent.domain.programme.findings import CODES, Severity
from tests.unit.domain.builders import SAMPLE_PATH

ROOT = Path(__file__).parents[3]
BAD = ROOT / "tests" / "data" / "programmes" / "bad"
SAID = BAD.with_name("bad.txt")
"""What is said of each bad file, a line each, as head office reads it."""

MADE_IN_A_TEST = {"too-large"}
"""A file of more than 1 MiB is made where it is tested, in test_loading."""


def found(path: Path) -> tuple[Finding, ...]:
    try:
        return check_programme(path.read_text(encoding="utf-8"), path.name).warnings
    except ProgrammeInvalid as error:
        return error.findings


@pytest.mark.parametrize("code", sorted(CODES.keys() - MADE_IN_A_TEST))
def test_each_bad_file_gives_its_code_at_its_line_and_nothing_else(code: str) -> None:
    path = BAD / f"{code}.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    (marked,) = [number for number, line in enumerate(lines, 1) if line.endswith("# HERE")]
    assert [(each.code, each.line) for each in found(path)] == [(code, marked)]


def test_what_is_said_of_the_bad_files_is_what_was_read_and_found_good() -> None:
    said = [str(each) for path in sorted(BAD.iterdir()) for each in found(path)]
    assert said == SAID.read_text(encoding="utf-8").splitlines()


def test_there_is_no_bad_file_of_another_name() -> None:
    assert {path.stem for path in BAD.iterdir()} == CODES.keys() - MADE_IN_A_TEST


@pytest.mark.parametrize("code", sorted(CODES.keys() - MADE_IN_A_TEST))
def test_errors_never_load_and_warnings_do(code: str) -> None:
    path = BAD / f"{code}.toml"
    if CODES[code].severity is Severity.ERROR:
        with pytest.raises(ProgrammeInvalid):
            check_programme(path.read_text(encoding="utf-8"), path.name)
    else:
        assert check_programme(path.read_text(encoding="utf-8"), path.name).programme.id == "bad"


@pytest.mark.parametrize(
    "path",
    [SAMPLE_PATH, *(ROOT / "config" / "programmes").glob("*.toml")],
    ids=lambda path: path.name,
)
def test_what_ships_has_no_findings(path: Path) -> None:
    assert found(path) == ()


def test_the_starter_is_short_and_complete() -> None:
    text = (ROOT / "config" / "programmes" / "starter.toml").read_text(encoding="utf-8")
    meant = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(meant) <= 15
    file = check_programme(text, "starter.toml").programme.file
    assert file.earn
    assert file.reward
    assert file.unit["points"].name.for_count(2, "fr") == "points"


def test_the_page_is_that_of_the_codes() -> None:
    written = (ROOT / "docs" / "programme-findings.md").read_text(encoding="utf-8")
    assert written == codes(), "run `make reference`"
    for code in CODES:
        assert f"| `{code}` |" in written


def test_what_is_said_of_a_code_is_whole_sentences() -> None:
    for code in CODES.values():
        for sentence in (code.means, code.instead):
            assert sentence[0].isupper()
            assert sentence.endswith(".")

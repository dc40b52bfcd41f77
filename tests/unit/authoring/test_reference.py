"""Every key of a programme file is told of, and the page and the schema in the tree are those of the models."""

import json
import tomllib
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from edge_agent.authoring.reference import example_text, reference
from edge_agent.authoring.schema import SCHEMA_FILE, schema, schema_text
from edge_agent.domain.programme.form import TableModel
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.shape import Holds, Key, keys_of, models_within
from tests.unit.domain.builders import SAMPLE_PATH
from tests.unit.domain.programme.mistakes import GOOD, MISTAKES

ROOT = Path(__file__).parents[3]
PAGE = reference()
KEYS = [
    pytest.param(key, id=f"{model.__name__}.{key.name}")
    for model in models_within(ProgrammeFile)
    for key in keys_of(model).values()
]


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_one_sentence_that_is_not_its_name(key: Key) -> None:
    sentence = key.field.description or ""
    assert sentence[:1].isupper() or sentence[:1] in "`1234567890."
    assert sentence.endswith((".", "..."))
    assert len(sentence.split()) > 1
    assert sentence.lower().strip(". ") != key.name.replace("_", " ")


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_examples_that_are_right_and_are_toml(key: Key) -> None:
    examples = key.field.examples or pytest.fail("there is no example")
    for example in examples:
        TypeAdapter(key.field.rebuild_annotation()).validate_python(example)
    written = tomllib.loads(example_text(key), parse_float=Decimal)
    assert list(written) == [key.name]
    if key.holds not in {Holds.TABLES, Holds.NAMED}:
        TypeAdapter(key.field.rebuild_annotation()).validate_python(written[key.name])


@pytest.mark.parametrize("model", models_within(ProgrammeFile))
def test_every_table_says_what_it_is(model: type[TableModel]) -> None:
    assert (model.__doc__ or "").strip().endswith(".")


def test_the_page_is_that_of_the_models() -> None:
    written = (ROOT / "docs" / "programme-reference.md").read_text(encoding="utf-8")
    assert written == PAGE, "run `make reference`"


def test_the_schema_is_that_of_the_models() -> None:
    written = (ROOT / "config" / SCHEMA_FILE).read_text(encoding="utf-8")
    assert written == schema_text(), "run `make reference`"


@pytest.mark.parametrize("key", KEYS)
def test_every_key_stands_on_the_page_with_its_sentence(key: Key) -> None:
    sentence = (key.field.description or "").replace("|", "\\|")
    assert f"| `{key.name}` | {sentence} |" in PAGE


def test_every_link_on_the_page_leads_to_a_heading() -> None:
    headings = {
        "".join(each for each in line[3:].lower() if each.isalnum() or each in " -").replace(
            " ", "-"
        )
        for line in PAGE.splitlines()
        if line.startswith("## ")
    }
    links = {part.split(")")[0] for part in PAGE.split("](#")[1:]}
    assert links
    assert links <= headings


def test_bounds_defaults_and_what_is_named_are_told() -> None:
    assert '| id of a `unit` | `"points"` |' in PAGE
    assert "| whole number, at least 0, at most 36500 | none |" in PAGE
    assert '`"soonest-expiring"`' in PAGE
    assert "| list of `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun` |" in PAGE


def for_an_editor(value: object) -> object:
    """Values as an editor's TOML extension gives them to JSON Schema."""
    if isinstance(value, dict):
        return {name: for_an_editor(each) for name, each in value.items()}
    if isinstance(value, list):
        return [for_an_editor(each) for each in value]
    return value.isoformat() if isinstance(value, datetime | date | time) else value


VALIDATOR = Draft202012Validator(schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_schema_is_one_and_takes_the_example() -> None:
    Draft202012Validator.check_schema(schema())
    text = SAMPLE_PATH.read_text(encoding="utf-8")
    assert text.startswith(f"#:schema ./{SCHEMA_FILE}\n")
    assert not list(VALIDATOR.iter_errors(for_an_editor(tomllib.loads(text))))


@pytest.mark.parametrize(
    "text",
    [text for _, text, said in MISTAKES if said.endswith(("[unknown-key]", "[missing-key]"))],
)
def test_an_editor_marks_keys_that_are_missing_or_unknown(text: str) -> None:
    assert list(VALIDATOR.iter_errors(for_an_editor(tomllib.loads(text))))


def test_an_editor_marks_values_out_of_bounds() -> None:
    assert not list(VALIDATOR.iter_errors(for_an_editor(tomllib.loads(GOOD))))
    for wrong in ("per = 0", "per = 1.5", 'per = "100"'):
        text = GOOD.replace("per = 100", wrong)
        assert list(VALIDATOR.iter_errors(for_an_editor(tomllib.loads(text))))


def test_the_schema_is_json() -> None:
    assert json.loads(schema_text()) == schema()

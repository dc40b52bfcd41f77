"""docs/programme.md tells of every key that a programme file may have, with its bounds and its default."""

import re
import tomllib
from decimal import Decimal
from enum import Enum
from pathlib import Path

import pytest
from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic.fields import FieldInfo

from edge_agent.domain.programme.bonuses import BonusRule
from edge_agent.domain.programme.conditions import Conditions, Selection
from edge_agent.domain.programme.earning import EarnRule
from edge_agent.domain.programme.exclusions import ExcludeRule
from edge_agent.domain.programme.expiry import Expiry
from edge_agent.domain.programme.form import TableModel
from edge_agent.domain.programme.programme import (
    PrivacyTable,
    ProgrammeFile,
    ReceiptTexts,
)
from edge_agent.domain.programme.rewards import RewardRule
from edge_agent.domain.programme.texts import CountedTexts, Texts
from edge_agent.domain.programme.units import UnitTable
from tests.unit.domain.programme.mistakes import MISTAKES

TEXT = (Path(__file__).parents[4] / "docs" / "programme.md").read_text(encoding="utf-8")

SECTIONS: dict[str, list[type[TableModel]]] = {
    "## The file": [ProgrammeFile, Texts],
    "## `[unit.ID]`": [UnitTable],
    "### `name`": [CountedTexts],
    "### `expiry`": [Expiry],
    "## `[[earn]]`": [EarnRule],
    "## Selections": [Selection],
    "## `[[bonus]]`": [BonusRule],
    "### `when`": [Conditions],
    "## `[[exclude]]`": [ExcludeRule],
    "## `[[reward]]`": [RewardRule],
    "## `[receipt]`": [ReceiptTexts],
    "## `[privacy]`": [PrivacyTable],
}

Row = dict[str, str]


def rows(heading: str) -> dict[str, Row]:
    """The rows of the tables under a heading, up to the next heading, by key."""
    _, found, rest = TEXT.partition(f"\n{heading}\n")
    assert found, heading
    section = re.split(r"\n##+ ", rest, maxsplit=1)[0]
    names = ("what", "bounds", "default", "example")
    return {
        cells[0].strip("`"): dict(zip(names, cells[1:], strict=True))
        for line in section.splitlines()
        if line.startswith("| `")
        and len(cells := [cell.strip() for cell in line.strip("|").split(" | ")]) == 5
    }


def own_fields(model: type[TableModel]) -> dict[str, FieldInfo]:
    """The model's fields but those of a selection, which have a section of their own."""
    inherited = Selection.model_fields if model is not Selection else {}
    return {key: field for key, field in model.model_fields.items() if key not in inherited}


FIELDS = [
    pytest.param(heading, key, field, id=f"{model.__name__}.{key}")
    for heading, models in SECTIONS.items()
    for model in models
    for key, field in own_fields(model).items()
]


@pytest.mark.parametrize(("heading", "key", "field"), FIELDS)
def test_every_key_is_told_of_with_its_default(heading: str, key: str, field: FieldInfo) -> None:
    row = rows(heading)[key]
    if field.is_required():
        assert row["default"] == "required"
    elif isinstance(field.default, (Enum, str)):
        assert row["default"] == f"`{field.default}`"
    else:
        assert row["default"] not in {"", "required"}


@pytest.mark.parametrize(("heading", "key", "field"), FIELDS)
def test_every_bound_is_told(heading: str, key: str, field: FieldInfo) -> None:
    bounds = rows(heading)[key]["bounds"]
    for bound in field.metadata:
        if isinstance(bound, Gt):
            assert f"more than {bound.gt}" in bounds
        if isinstance(bound, Le):
            assert f"at most {bound.le}" in bounds
        if isinstance(bound, Ge):
            assert f"at least {bound.ge}" in bounds
        if isinstance(bound, MinLen):
            assert str(bound.min_length) in bounds
        if isinstance(bound, MaxLen):
            assert str(bound.max_length) in bounds


@pytest.mark.parametrize(("heading", "key", "field"), FIELDS)
def test_every_example_is_toml_of_that_key(heading: str, key: str, field: FieldInfo) -> None:
    example = rows(heading)[key]["example"].strip("`")
    assert key in str(tomllib.loads(example, parse_float=Decimal))


def test_no_key_is_told_of_that_is_not_there() -> None:
    for heading, models in SECTIONS.items():
        known = {key for model in models for key in own_fields(model)}
        assert set(rows(heading)) == known


def test_every_code_is_told_of() -> None:
    codes = {expected.rpartition("[")[2].rstrip("]") for _, _, expected in MISTAKES}
    told = set(re.findall(r"^\| `([a-z-]+)` \| [^|]+ \|$", TEXT, re.MULTILINE))
    assert codes | {"too-large"} == told - {"floor", "half-up"}

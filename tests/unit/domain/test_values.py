"""The domain is made of values: what was worked out once is never changed by whoever is handed it."""

import inspect
import pkgutil
from dataclasses import is_dataclass
from importlib import import_module
from typing import Final

import pytest
from pydantic import BaseModel

import edge_agent.domain

GROWING: Final[frozenset[str]] = frozenset({"Given", "Settling"})
"""What collects something while it is worked out, and is handed to nobody."""

WORKED_WITH: Final[frozenset[str]] = frozenset(
    {
        "_Base",
        "_Bonus",
        "_Count",
        "OfferClaim",
        "Outcome",
        "Portions",
        "Situation",
        "Taken",
        "Worked",
    }
)
"""What one evaluation makes by the dozen, and what would take three times as long to make if it were frozen."""

CLASSES = {
    each
    for module in pkgutil.walk_packages(edge_agent.domain.__path__, "edge_agent.domain.")
    for _, each in inspect.getmembers(import_module(module.name), inspect.isclass)
    if each.__module__ == module.name
}


@pytest.mark.parametrize(
    "value", sorted(filter(is_dataclass, CLASSES), key=str), ids=lambda each: each.__name__
)
def test_a_value_cannot_be_changed(value: type) -> None:
    changes = value.__name__ in GROWING | WORKED_WITH
    assert value.__dataclass_params__.frozen == (not changes)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "table",
    [each for each in sorted(CLASSES, key=str) if issubclass(each, BaseModel)],
    ids=lambda each: each.__name__,
)
def test_a_table_of_a_programme_cannot_be_changed_and_takes_no_other_keys(
    table: type[BaseModel],
) -> None:
    assert table.model_config.get("frozen")
    assert table.model_config.get("extra") == "forbid"

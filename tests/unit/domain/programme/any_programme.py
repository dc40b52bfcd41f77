"""Programmes at random, written by the JSON Schema that editors complete with: any key, any value within its bounds."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from random import Random
from typing import Any

from edge_agent.authoring.schema import schema
from edge_agent.authoring.toml_text import toml_value

_SCHEMA = schema()
_NAMES: Mapping[str, tuple[str, ...]] = {
    "unit": ("points", "stamps", "miles"),
    "tier_points": ("basic", "gold"),
    "tier_multiply": ("basic", "gold"),
    "reward": ("coffee",),
    "voucher": ("thanks",),
    "memberships": ("plus",),
    "tiers": ("basic", "gold"),
    "skus": ("a", "b", "plus"),
    "categories": ("bread", "dairy", "tobacco"),
    "kinds": ("product", "deposit"),
    "segments": ("families",),
    "tenders": ("card", "cash"),
}
"""Names that are there to be named, by the key that names them; others are made up."""
BEGUN: dict[str, Any] = {
    "format": 1,
    "id": "any",
    "version": 1,
    "name": "Any",
    "valid_from": datetime.fromisoformat("2026-01-01T00:00:00+01:00"),
    "unit": {
        "points": {"expiry": {"months": 12}},
        "stamps": {},
        "miles": {"decimals": 2, "name": {"one": "mile", "many": "miles"}},
    },
    "earn": [{"id": "base", "points": 1, "per": 100}],
    "reward": [
        {"id": "coffee", "title": "x", "off": {"amount": 250}},
        {"id": "five", "title": "x", "cost": 500, "off": {"amount": 500}},
        {"id": "some", "title": "x", "spend": {"step": 100, "value": 100}},
    ],
    "voucher": [{"id": "thanks", "title": "x", "value": 500, "expiry": {"months": 3}}],
    "membership": [{"id": "plus", "title": "x", "skus": ["plus"], "months": 12}],
    "tiers": {
        "measure": "spend",
        "over": "year",
        "level": [
            {"id": "basic", "name": "x", "at_least": 0},
            {"id": "gold", "name": "x", "at_least": 3000},
        ],
    },
}
"""What the rules that are added can name. Most of what is made up contradicts itself; what does not is tried."""
_GIVEN_ALREADY = {"format", "id", "version", "name", "timezone", "currency", "valid_from", "unit"}
_SHARE_OF_KEYS = 0.12
"""Of ten optional keys of a table about one is given: with more, hardly a programme is without contradictions."""


def any_programme(dice: Random) -> str:
    """The text of a programme with one to three tables more than `BEGUN`, which may well be refused."""
    file = json.loads(json.dumps(BEGUN, default=lambda _: None)) | {
        "valid_from": BEGUN["valid_from"]
    }
    tables = sorted(_SCHEMA["properties"].keys() - _GIVEN_ALREADY)
    for name in dice.choices(tables, k=dice.randint(1, 3)):
        made = _any(_without_examples(_SCHEMA["properties"][name]), name, dice, 0)
        if isinstance(made, list):
            for number, rule in enumerate(made):
                rule["id"] = f"z-{name}-{len(file.get(name, ()))}-{number}"
            file[name] = [*file.get(name, ()), *made]
        elif made is not None:
            file[name] = made
    return "".join(f"{name} = {toml_value(value)}\n" for name, value in file.items())


def _without_examples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key != "examples"}


def _any(node: Mapping[str, Any], name: str, dice: Random, depth: int) -> Any:
    if "examples" in node and dice.random() < 0.3:
        return _as_toml(dice.choice(node["examples"]))
    if "$ref" in node:
        return _any(_SCHEMA["$defs"][node["$ref"].rpartition("/")[2]], name, dice, depth)
    if "anyOf" in node:
        return _any(dice.choice(node["anyOf"]), name, dice, depth)
    if "enum" in node:
        return dice.choice(node["enum"])
    return _OF_TYPE.get(node.get("type", ""), _any_example)(node, name, dice, depth)


def _any_example(node: Mapping[str, Any], _name: str, dice: Random, _depth: int) -> Any:
    return _as_toml(dice.choice(node.get("examples", [1])))


def _any_table(node: Mapping[str, Any], name: str, dice: Random, depth: int) -> dict[str, Any]:
    if "properties" not in node:
        key = dice.choice(_NAMES.get(name, _NAMES["unit"]))
        (values,) = node.get("patternProperties", {"": node.get("additionalProperties")}).values()
        return {key: _any(values, name, dice, depth + 1)}
    required = node.get("required", ())
    return {
        key: _any(value, key, dice, depth + 1)
        for key, value in node["properties"].items()
        if key in required or (depth < 5 and dice.random() < _SHARE_OF_KEYS)
    }


def _any_list(node: Mapping[str, Any], name: str, dice: Random, depth: int) -> list[Any]:
    count = max(1, node.get("minItems", 1), dice.randint(1, 2))
    return [_any(node["items"], name, dice, depth + 1) for _ in range(count)]


def _any_number(node: Mapping[str, Any], _name: str, dice: Random, _depth: int) -> int | Decimal:
    least = int(node.get("minimum", node.get("exclusiveMinimum", -1) + 1))
    most = int(node.get("maximum", node.get("exclusiveMaximum", 10**9)))
    close = [each for each in (least, least + 1, 10, 100, 1000, most) if least <= each <= most]
    found = dice.choice(close)
    return Decimal(found) - Decimal("0.5") if node["type"] == "number" and found > 1 else found


def _any_text(node: Mapping[str, Any], name: str, dice: Random, _depth: int) -> Any:
    if name in _NAMES:
        return dice.choice(_NAMES[name])
    if node.get("format") == "date":
        return date.fromisoformat(dice.choice(["2026-01-01", "2026-11-21", "2028-02-29"]))
    if node.get("format") == "time":
        return time.fromisoformat(dice.choice(["00:00:00", "12:00:00", "23:59:59"]))
    return dice.choice(node.get("examples", ["x"]))


def _any_flag(_node: Mapping[str, Any], _name: str, dice: Random, _depth: int) -> bool:
    return dice.random() < 0.5


_OF_TYPE = {
    "object": _any_table,
    "array": _any_list,
    "integer": _any_number,
    "number": _any_number,
    "string": _any_text,
    "boolean": _any_flag,
}


def _as_toml(value: Any) -> Any:
    """An example as TOML has it: days and times are no texts there, and no number is a binary fraction."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, list):
        return [_as_toml(each) for each in value]
    if isinstance(value, dict):
        return {key: _as_toml(each) for key, each in value.items()}
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return date.fromisoformat(value)
    if isinstance(value, str) and re.fullmatch(r"\d\d:\d\d:\d\d", value):
        return time.fromisoformat(value)
    return value

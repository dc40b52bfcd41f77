"""Ids that are there twice, and names of what is not there."""

from collections.abc import Iterator, Mapping
from typing import Any

from edge_agent.domain.programme.findings import Mistake, key_text
from edge_agent.domain.programme.form import Refers
from edge_agent.domain.programme.own_rules import is_own
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.shape import Found, Holds, key_at, place, walk
from edge_agent.domain.programme.units import BUILT_IN_NAMES
from edge_agent.domain.toml_source import Path


def names(values: Mapping[str, Any]) -> Iterator[Mistake]:
    """Every id is one rule's, every name is of something that is there, every unit is called something."""
    found = list(walk(ProgrammeFile, values))
    yield from _ids(found)
    declared = _declared(found)
    for each in found:
        for path, name, refers in _references(each):
            there = declared.get(refers.place, [])
            if name not in there:
                yield Mistake(path, "unknown-name", _no_such(refers, name, there))
    yield from _nameless_units(values)


def _ids(found: list[Found]) -> Iterator[Mistake]:
    first: dict[str, Path] = {}
    for path, _, rule_id in found:
        if path[-1] != "id" or len(path) == 1 or not isinstance(rule_id, str):
            continue
        if is_own(rule_id):
            message = f"{rule_id} stands in records for what no rule of a file did; take another id"
            yield Mistake(path, "reserved-id", message)
        elif rule_id in first:
            other = key_text(first[rule_id])
            message = f"is the id of {other} too; receipts and records name rules by their ids"
            yield Mistake(path, "duplicate-id", message)
        else:
            first[rule_id] = path[:-1]


def _declared(found: list[Found]) -> dict[str, list[str]]:
    """What the file has, by the place where it stands: names of tables, ids of listed ones."""
    declared: dict[str, list[str]] = {}
    for path, key, value in found:
        if key.holds is Holds.NAMED and isinstance(value, dict):
            declared.setdefault(place(path), []).extend(value)
        elif path[-1] == "id" and len(path) > 1 and isinstance(value, str):
            declared.setdefault(place(path[:-1]), []).append(value)
            declared.setdefault("", []).append(value)
    return declared


def _references(found: Found) -> Iterator[tuple[Path, str, Refers]]:
    path, key, value = found
    if key.names_refer is not None and isinstance(value, dict):
        yield from (((*path, name), name, key.names_refer) for name in value)
    if key.refers is None:
        return
    if isinstance(value, str):
        yield path, value, key.refers
    elif isinstance(value, list):
        for index, each in enumerate(value):
            if isinstance(each, str):
                yield (*path, index), each, key.refers


def _no_such(refers: Refers, name: str, there: list[str]) -> str:
    if not refers.place:
        return f"there is no rule with the id {name}"
    key = key_at(ProgrammeFile, refers.place)
    listed = key is not None and key.holds is Holds.TABLES
    header = f"[[{refers.place}]] with the id {name}" if listed else f"[{refers.place}.{name}]"
    return f"there is no {header}; " + (
        f"there is: {', '.join(there)}" if there else "there is none at all"
    )


def _nameless_units(values: Mapping[str, Any]) -> Iterator[Mistake]:
    units = values.get("unit")
    for unit, table in units.items() if isinstance(units, dict) else ():
        if isinstance(table, dict) and "name" not in table and unit not in BUILT_IN_NAMES:
            message = f"is missing; only {', '.join(BUILT_IN_NAMES)} are called something without"
            yield Mistake(("unit", unit, "name"), "missing-key", message)

"""The keys of a programme file, as the models have them: which tables there are, where they stand, what refers to what.

Checks across tables, the reference page and the editors' schema all walk the models, so a new table has all of them by
being a model.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from types import NoneType
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from pydantic.fields import FieldInfo

from edge_agent.domain.programme.form import Refers, TableModel
from edge_agent.domain.toml_source import Path


class Holds(Enum):
    """What stands at a key."""

    VALUE = "value"
    TABLE = "table"
    TABLES = "tables"  # a list of tables, `[[earn]]`
    NAMED = "named"  # tables by names that head office chooses, `[unit.points]`


class Key(NamedTuple):
    """One key of a table. `models` are the tables that may stand there, `refers` what its values are names of."""

    name: str
    field: FieldInfo
    holds: Holds
    models: tuple[type[TableModel], ...]
    refers: Refers | None
    names_refer: Refers | None
    """The same of the names of named tables or values, such as `[earn.points]` by tier."""


class Found(NamedTuple):
    """A key in a file, and the value there; where the file has none, the default."""

    path: Path
    key: Key
    value: object


@cache
def keys_of(model: type[TableModel]) -> Mapping[str, Key]:
    """The keys of a table, by name, in the model's order."""
    return {name: _key(name, field) for name, field in model.model_fields.items()}


def key_at(model: type[TableModel], way: str) -> Key | None:
    """The key at a way such as `tiers.level`; None where the models have none."""
    first, _, rest = way.partition(".")
    key = keys_of(model).get(first)
    if key is None or not rest:
        return key
    return next((found for inner in key.models if (found := key_at(inner, rest))), None)


def models_within(model: type[TableModel]) -> tuple[type[TableModel], ...]:
    """The model and all that can stand inside it, each once, in the order of the file."""
    found: dict[type[TableModel], None] = {}
    _collect(model, found)
    return tuple(found)


def _collect(model: type[TableModel], found: dict[type[TableModel], None]) -> None:
    if model not in found:
        found[model] = None
        for key in keys_of(model).values():
            for inner in key.models:
                _collect(inner, found)


def walk(model: type[TableModel], values: Mapping[str, Any], path: Path = ()) -> Iterator[Found]:
    """Every known key in the values of a file that may not be right yet; what has another form is passed by."""
    for name, key in keys_of(model).items():
        if name in values:
            yield Found((*path, name), key, values[name])
            for inner_path, table in _tables(key, values[name], (*path, name)):
                yield from walk(_likeliest(key.models, table), table, inner_path)
        elif not key.field.is_required():
            yield Found((*path, name), key, key.field.default)


def tables(table: TableModel, path: Path = ()) -> Iterator[tuple[Path, TableModel]]:
    """Every table within a checked one, from the outside in and in the order of the models, with its place."""
    yield path, table
    for name, key in keys_of(type(table)).items():
        value = getattr(table, name)
        if key.holds is Holds.TABLE and isinstance(value, TableModel):
            yield from tables(value, (*path, name))
        elif key.holds is Holds.TABLES and isinstance(value, tuple):
            for index, each in enumerate(value):
                yield from tables(each, (*path, name, index))
        elif key.holds is Holds.NAMED and isinstance(value, dict):
            for each_name, each in value.items():
                yield from tables(each, (*path, name, each_name))


def _tables(key: Key, value: object, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    inside: Iterable[tuple[Path, object]] = ()
    if key.holds is Holds.TABLE:
        inside = ((path, value),)
    elif key.holds is Holds.TABLES and isinstance(value, list):
        inside = (((*path, index), each) for index, each in enumerate(value))
    elif key.holds is Holds.NAMED and isinstance(value, dict):
        inside = (((*path, name), each) for name, each in value.items())
    for where, table in inside:
        if isinstance(table, dict):
            yield where, table


def _likeliest(models: tuple[type[TableModel], ...], table: Mapping[str, Any]) -> type[TableModel]:
    return max(models, key=lambda model: len(table.keys() & model.model_fields.keys()))


def place(path: Path) -> str:
    """The way to a key without the numbers of lists, as `Refers` has it: `tiers.level`."""
    return ".".join(part for part in path if isinstance(part, str))


def _key(name: str, field: FieldInfo) -> Key:
    annotation = field.rebuild_annotation()
    models = tuple(dict.fromkeys(_models(annotation)))
    refers, names_refer = _refers(annotation)
    return Key(
        name,
        field,
        _holds(annotation) if models else Holds.VALUE,
        models,
        refers,
        names_refer,
    )


def _parts(annotation: Any) -> Iterator[Any]:
    """What stands inside an annotation, as far as a file can have it."""
    for part in get_args(annotation)[: 1 if get_origin(annotation) is Annotated else None]:
        if part not in (NoneType, Ellipsis):
            yield part


def _models(annotation: Any) -> Iterator[type[TableModel]]:
    if isinstance(annotation, type) and issubclass(annotation, TableModel):
        yield annotation
    else:
        for part in _parts(annotation):
            yield from _models(part)


def _holds(annotation: Any) -> Holds:
    origin = get_origin(annotation)
    if origin is dict:
        return Holds.NAMED
    if origin in (tuple, list):
        return Holds.TABLES
    inner = [_holds(part) for part in _parts(annotation)]
    return next((each for each in inner if each is not Holds.TABLE), Holds.TABLE)


def _refers(annotation: Any) -> tuple[Refers | None, Refers | None]:
    """What the values refer to, and what the names of a dict refer to."""
    if get_origin(annotation) is Annotated:
        for mark in annotation.__metadata__:
            if isinstance(mark, Refers):
                return mark, None
    if get_origin(annotation) is dict:
        names, values = get_args(annotation)
        return _refers(values)[0], _refers(names)[0]
    inner = [_refers(part) for part in _parts(annotation)]
    return (
        next((values for values, _ in inner if values is not None), None),
        next((names for _, names in inner if names is not None), None),
    )

"""The reference page: every table and key of a programme file, made from the models."""

import inspect
import re
import textwrap
from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pydantic import AwareDatetime, StringConstraints
from pydantic.fields import FieldInfo

from edge_agent.authoring.toml_text import toml_value
from edge_agent.domain.programme.form import Refers, TableModel
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.shape import Holds, Key, keys_of, models_within, place
from edge_agent.domain.programme.texts import (
    TEXT_CHARACTERS_MAX,
    WORD_CHARACTERS_MAX,
    RuleId,
    Texts,
    Word,
)

_INTRODUCTION = f"""\
# Every key of a programme file

Made from the models by `edge-agent programme reference`; `make reference` writes it again. How a sale is worked out
stands in [The programme file](programme.md), what `check` finds in [Findings](programme-findings.md). Editors that know
JSON Schema complete and check a file that begins with `#:schema ./programme.schema.json`.

* An **id** begins with a small letter and holds at most 40 small letters, digits and hyphens. No two rules share one.
* A **word** has at most {WORD_CHARACTERS_MAX} characters in quotes and is compared as it is: `Dairy` is not `dairy`.
* A **text** is one string for all languages, or a table with `nl`, `en`, `de` and `fr`, each at most
  {TEXT_CHARACTERS_MAX} characters.
* An amount is a whole number of **minor units** (cents). A number with decimals may stand in quotes; it is exact either
  way.
* Dates, times and moments stand without quotes; a time has its seconds: `18:00:00`.
"""


def reference() -> str:
    """The page in Markdown."""
    models = list(models_within(ProgrammeFile))
    titles = _titles(models)
    sections = [_section(model, titles) for model in models]
    return "\n".join([_INTRODUCTION, *sections])


def _titles(models: list[type[TableModel]]) -> dict[type[TableModel], str]:
    """Each table's heading: where it stands, if that is one place; its own name, if it serves several."""
    places: dict[type[TableModel], list[str]] = {model: [] for model in models}
    for path, key in _keys_by_place(ProgrammeFile, ()):
        for model in key.models:
            if model in places:
                places[model].append(_header(path, key))
    return {model: _title(model, found) for model, found in places.items()}


def _title(model: type[TableModel], found: list[str]) -> str:
    if model is ProgrammeFile:
        return "The file"
    if len(found) == 1:
        return f"`{found[0]}`"
    return re.sub(r"(?<!^)(?=[A-Z])", " ", model.__name__).capitalize()


def _keys_by_place(
    model: type[TableModel], path: tuple[str, ...], above: tuple[type[TableModel], ...] = ()
) -> Iterator[tuple[tuple[str, ...], Key]]:
    """Every key at every place where it may stand, but not a table within itself."""
    for key in keys_of(model).values():
        where = (*path, key.name) if key.holds is not Holds.NAMED else (*path, key.name, "ID")
        yield where, key
        for inner in key.models:
            if inner not in (*above, model):
                yield from _keys_by_place(inner, where, (*above, model))


def _header(path: tuple[str, ...], key: Key) -> str:
    return f"[[{place(path)}]]" if key.holds is Holds.TABLES else f"[{place(path)}]"


def _section(model: type[TableModel], titles: dict[type[TableModel], str]) -> str:
    base = next((each for each in model.__mro__[1:] if each in titles), None)
    own = [key for key in keys_of(model).values() if not _is_inherited(key, base)]
    lines = [f"## {titles[model]}", "", *_introduction(model), ""]
    if base is not None:
        lines += [f"All keys of [{_plain(titles[base])}](#{_anchor(titles[base])}), and:", ""]
    lines += ["| key | what | value | without it | example |", "|---|---|---|---|---|"]
    lines += [_row(key, titles) for key in own]
    return "\n".join([*lines, ""])


def _is_inherited(key: Key, base: type[TableModel] | None) -> bool:
    return base is not None and key.name in base.model_fields


def _introduction(model: type[TableModel]) -> list[str]:
    paragraphs = inspect.cleandoc(model.__doc__ or "").split("\n\n")
    return textwrap.wrap(" ".join(paragraphs[0].split()), 120) if paragraphs[0] else []


def _row(key: Key, titles: dict[type[TableModel], str]) -> str:
    field = key.field
    cells = [
        f"`{key.name}`",
        field.description or "",
        _value(field.rebuild_annotation(), titles),
        _default(field),
        f"`{example_text(key)}`",
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def example_text(key: Key) -> str:
    """The key's first example as TOML; a list of tables and named tables as their headers."""
    example = (key.field.examples or [""])[0]
    if key.holds is Holds.TABLES and ProgrammeFile.model_fields.get(key.name) is key.field:
        return f"[[{key.name}]]"
    if key.holds is Holds.NAMED and isinstance(example, dict):
        return f"[{key.name}.{next(iter(example))}]"
    return f"{key.name} = {toml_value(example)}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be there"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, Enum):
        return f"`{toml_value(default.value)}`"
    if isinstance(default, bool | int | Decimal | str | date | time):
        return f"`{toml_value(default)}`"
    return "none"


_PLAIN: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    Decimal: "number",
    str: "text in quotes",
    AwareDatetime: "moment with offset",
    date: "date",
    time: "time",
}


def _value(annotation: Any, titles: dict[type[TableModel], str]) -> str:
    """What may stand there, with its bounds, in words."""
    bounds = list(_bounds(annotation))
    bare = _bare(annotation)
    origin, inner = get_origin(bare), get_args(bare)
    if bare is Texts:
        words = "text"
    elif isinstance(bare, type) and issubclass(bare, TableModel):
        words = f"table: [{_plain(titles[bare])}](#{_anchor(titles[bare])})"
    elif origin in (tuple, list, frozenset):
        one = _value(inner[0], titles)
        words = one.replace("table:", "tables:", 1) if "table:" in one else f"list of {one}"
    elif origin is dict:
        words = f"by {_value(inner[0], titles)}: {_value(inner[1], titles)}"
    elif origin is Literal:
        words = " or ".join(f"`{toml_value(each)}`" for each in inner)
    elif isinstance(bare, type) and issubclass(bare, Enum):
        words = ", ".join(f"`{each.value}`" for each in bare)
    elif inner:  # one of several forms
        return " or ".join(_value(each, titles) for each in inner if each is not type(None))
    else:
        words = _PLAIN[bare]
    return ", ".join([_named(annotation) or words, *bounds])


def _bare(annotation: Any) -> Any:
    """Without marks, and without None where that only means that the key may be left out."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    inner = get_args(annotation)
    if type(None) in inner and len(inner) == 2:
        return _bare(next(each for each in inner if each is not type(None)))
    return annotation


def _marks(annotation: Any) -> Iterator[Any]:
    """The marks on a value itself, not those on what it is made of."""
    inner = get_args(annotation)
    if get_origin(annotation) is Annotated:
        yield from _marks(inner[0])
        for mark in annotation.__metadata__:
            yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)
    elif type(None) in inner and len(inner) == 2:
        yield from _marks(next(each for each in inner if each is not type(None)))


def _bounds(annotation: Any) -> Iterator[str]:
    for mark in _marks(annotation):
        if mark in _FORMS:
            continue
        match mark:
            case Gt(gt=bound):
                yield f"more than {bound}"
            case Ge(ge=bound):
                yield f"at least {bound}"
            case Lt(lt=bound):
                yield f"less than {bound}"
            case Le(le=bound):
                yield f"at most {bound}"
            case MaxLen(max_length=bound):
                yield f"at most {bound} of them"
            case StringConstraints(max_length=int(bound)):
                yield f"at most {bound} characters"
            case _:
                pass


def _named(annotation: Any) -> str | None:
    """Names by what they are names of, where a mark says so."""
    marks = list(_marks(annotation))
    refers = next((mark for mark in marks if isinstance(mark, Refers)), None)
    if refers is not None:
        return f"id of a `{refers.place}`" if refers.place else "id of any rule"
    return next((_FORMS[mark] for mark in marks if mark in _FORMS), None)


_FORMS = {next(_marks(RuleId)): "id", next(_marks(Word)): "word"}
"""What the introduction tells of, by the bounds that make it."""


def _plain(title: str) -> str:
    return title.strip("`").strip("[]").lower()


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")

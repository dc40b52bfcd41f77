"""What pydantic found, in words for whoever writes programmes: what would be right, and which key was meant."""

import difflib
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from edge_agent.domain.programme.texts import Texts

_A_LIST = "must be a list in square brackets"
_A_MOMENT = "must be a moment with its offset and without quotes, such as 2026-01-01T00:00:00+01:00"
_A_NUMBER = "must be a number, such as 2 or 1.5"
_A_WHOLE_NUMBER = "must be a whole number, without quotes and decimals"

WORDS: Mapping[str, str] = {
    "date_type": "must be a date without quotes, such as 2026-12-31",
    "datetime_type": _A_MOMENT,
    "decimal_max_places": "has more than {decimal_places} decimals",
    "decimal_parsing": _A_NUMBER,
    "decimal_type": _A_NUMBER,
    "dict_type": "must be a table",
    "enum": "must be one of {expected}",
    "finite_number": _A_NUMBER,
    "frozen_set_type": _A_LIST,
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": _A_WHOLE_NUMBER,
    "int_parsing": _A_WHOLE_NUMBER,
    "int_type": _A_WHOLE_NUMBER,
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "missing": "is missing",
    "model_type": "must be a table",
    "path_type": "must be a path in quotes",
    "string_pattern_mismatch": "must begin with a small letter and hold at most 40 small letters, digits and hyphens,"
    " such as big-basket",
    "string_too_long": "has more than {max_length} characters",
    "string_too_short": "must not be empty",
    "string_type": "must be a text in quotes",
    "time_type": "must be a time without quotes, such as 18:00:00",
    "timezone_aware": _A_MOMENT,
    "too_long": "has more than {max_length} entries",
    "too_short": "must not be empty",
    "tuple_type": _A_LIST + ", or tables that each begin with double brackets, such as [[earn]]",
}
"""By pydantic's type of error; what is not here keeps pydantic's own words."""

_CODES = {
    "missing": "missing-key",
    "extra_forbidden": "unknown-key",
    "value_error": "contradiction",
}


def is_echo(details: ErrorDetails) -> bool:
    """Whether pydantic calls a list too short only because none of its entries was right; those are told already."""
    return details["type"] == "too_short" and bool(details["input"])


def code_of(details: ErrorDetails) -> str:
    """The mistake's code, for scripts."""
    if details["type"] == "value_error" and details["loc"][-1] in {"timezone", "currency"}:
        return "bad-value"
    return _CODES.get(details["type"], "bad-value")


def in_words(details: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong at a key of `model`, and what would be right; never the value itself."""
    if details["type"] == "extra_forbidden":
        return _unknown_key(details["loc"], model)
    if details["type"] == "value_error":
        return details["msg"].removeprefix("Value error, ")
    if (
        details["type"] == "model_type"
        and details.get("ctx", {}).get("class_name") == Texts.__name__
    ):
        return "must be a text in quotes, or a table with one for each of nl, en, de and fr"
    template = WORDS.get(details["type"])
    if template is None:
        message = details["msg"]
        return message[0].lower() + message[1:]
    return template.format(**details.get("ctx", {}))


def _unknown_key(path: tuple[str | int, ...], model: type[BaseModel]) -> str:
    known = _table_at(path[:-1], model)
    if known is None:
        return "is not a key that is known here"
    near = difflib.get_close_matches(str(path[-1]), known, 1)
    if near:
        return f"is not a key that is known here; is {near[0]} meant?"
    return f"is not a key that is known here; known are {', '.join(known)}"


def _table_at(path: tuple[str | int, ...], model: type[BaseModel]) -> list[str] | None:
    """The keys of the table that stands at `path`; None where that is not told by the models."""
    here: type[BaseModel] | None = model
    named_table = False
    for part in path:
        if named_table:  # the name of a table such as [unit.points], not a key of a model
            named_table = False
        elif isinstance(part, str):
            field = here.model_fields.get(part) if here is not None else None
            if field is None:
                return None
            here = _model_in(field.annotation)
            named_table = getattr(field.annotation, "__origin__", None) is dict
    return None if here is None else list(here.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(each) for each in get_args(annotation))
    return next((each for each in inner if each is not None), None)

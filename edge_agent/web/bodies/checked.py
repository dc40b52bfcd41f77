"""A body as its model, or every mistake in it at once, in our own words.

Paths are those of the contract; positions in arrays are counted from 0, as in the array sent. Nothing of a value ever
comes back in a message.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edge_agent.domain.basket import KIND_PATTERN
from edge_agent.errors import FieldError, Invalid
from edge_agent.web.bodies.cards import AT_TILL_TAG, PRESENTED
from edge_agent.web.body import shown_name
from edge_agent.web.fields import (
    CODE_PATTERN,
    CUSTOM,
    ID_PATTERN,
    TAX_PATTERN,
    TEXT_PATTERN,
)

B = TypeVar("B", bound=BaseModel)


def checked(model: type[B], body: Mapping[str, Any]) -> B:
    """The body as a model; raises `Invalid` with every mistake in it."""
    contradictions = list(_contradictions(body))
    try:
        found = model.model_validate(body)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        fields = [_field_error(detail) for detail in details]
        named = {field.path for field in fields}
        fields += [field for field in contradictions if field.path not in named]
        raise _invalid(fields) from None
    if contradictions:
        raise _invalid(contradictions)
    return found


def checked_id(name: str, value: str) -> str:
    """An id from a path; raises `Invalid` naming `name`."""
    if re.fullmatch(ID_PATTERN, value) is None or value.endswith("\n"):
        raise _invalid([FieldError(name, _PATTERN_MESSAGES[ID_PATTERN])])
    return value


def _invalid(fields: list[FieldError]) -> Invalid:
    return Invalid("Some fields are wrong; nothing was recorded.", fields)


def _contradictions(body: Mapping[str, Any]) -> Iterator[FieldError]:
    """What is wrong between fields, looked for even where other fields are bad, so that all is said at once."""
    lines = body.get("lines")
    if isinstance(lines, list):
        yield from _repeated(lines)
    total = body.get("total")
    whole = total.get("amount") if isinstance(total, dict) else None
    if type(whole) is not int:
        return
    if (paid := _sum(lines)) is not None and paid != whole:
        yield FieldError("total.amount", "is not the sum of the lines' amounts")
    if (tendered := _sum(body.get("tenders"))) is not None and tendered != whole:
        yield FieldError("tenders", "do not add up to total.amount")


def _repeated(lines: list[Any]) -> Iterator[FieldError]:
    seen: set[int] = set()
    for index, line in enumerate(lines):
        number = line.get("line") if isinstance(line, dict) else None
        if type(number) is int:
            if number in seen:
                yield FieldError(f"lines.{index}.line", "is the number of another line too")
            seen.add(number)


def _sum(items: Any) -> int | None:
    """The sum of the amounts, None where there are none or they cannot be added."""
    if not isinstance(items, list) or not items:
        return None
    total = 0
    for item in items:
        amount = item.get("amount") if isinstance(item, dict) else None
        if type(amount) is not int:
            return None
        total += amount
    return total


_PATTERN_MESSAGES = {
    ID_PATTERN: "must be 1 to 64 letters, digits, dots, dashes or underscores",
    TEXT_PATTERN: "must not hold control characters",
    CODE_PATTERN: "must not be empty or hold control characters",
    KIND_PATTERN: "must be a word of small letters, digits and dashes",
    TAX_PATTERN: 'must be a percentage as text, like "9" or "5.5"',
}

_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "unknown field",
    "int_type": "must be an integer",
    "int_parsing_size": "is out of range",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_unicode": "must be text",
    "list_type": "must be an array",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "union_tag_not_found": "must be an object",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} item(s)",
    "too_long": "must have at most {max_length} item(s)",
    "literal_error": "must be {expected}",
    CUSTOM: "{message}",
}
"""Our own words per kind of mistake; the placeholders are limits of ours, never what was sent."""


def _field_error(detail: ErrorDetails) -> FieldError:
    kind, context = detail["type"], detail.get("ctx", {})
    where = [part for part in detail["loc"] if part not in (PRESENTED, AT_TILL_TAG)]
    if kind == "string_pattern_mismatch":
        message = _PATTERN_MESSAGES[context["pattern"]]
    elif kind == "extra_forbidden" and AT_TILL_TAG in detail["loc"]:
        message = "must not stand beside from"
    else:
        message = _MESSAGES.get(kind, "is not valid").format(**context)
    return FieldError(".".join(shown_name(str(part)) for part in where), message)

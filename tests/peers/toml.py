"""Writing a programme file from plain values."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any


def toml(values: Mapping[str, Any]) -> str:
    """TOML of these values, a line per key; tables are written inline and Nones left out."""
    return "\n".join(
        f"{key} = {_value(value)}" for key, value in values.items() if value is not None
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        inner = (
            f"{json.dumps(str(key))} = {_value(each)}"
            for key, each in value.items()
            if each is not None
        )
        return "{ " + ", ".join(inner) + " }"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    raise TypeError(f"{value!r} has no form in TOML")

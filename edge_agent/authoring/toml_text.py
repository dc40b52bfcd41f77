"""Values as TOML writes them, for examples."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal


def toml_value(value: object) -> str:
    """A value on one line; a table as an inline table. Raises TypeError for what TOML does not have."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(each) for each in value) + "]"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{name} = {toml_value(each)}" for name, each in value.items())
        return f"{{ {inside} }}"
    raise TypeError(f"TOML has no {type(value).__name__}")

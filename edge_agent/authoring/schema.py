"""The JSON Schema of a programme file, by which editors complete keys and check values while one writes."""

import json
from typing import Any

from edge_agent.domain.programme.programme_file import ProgrammeFile

SCHEMA_FILE = "programme.schema.json"
"""Its name beside the programmes; a file that begins with `#:schema ./programme.schema.json` is checked by it."""


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12. Dates and times of TOML are strings to it, as editors hand them over."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Loyalty programme",
        **_plain(ProgrammeFile.model_json_schema()),
    }


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    """Without what TOML has no use for: null, defaults that say nothing, titles that repeat the key."""
    found: dict[str, Any] = {}
    for name, value in node.items():
        if name in {"properties", "$defs"}:
            found[name] = {key: _plain(each) for key, each in value.items()}
        elif name == "anyOf":
            forms = [_plain(each) for each in value if each != {"type": "null"}]
            found |= {"anyOf": forms} if len(forms) > 1 else forms[0]
        elif name in {"items", "additionalProperties"} and isinstance(value, dict):
            found[name] = _plain(value)
        elif name != "title" and not (
            name == "default" and not isinstance(value, bool | int | str)
        ):
            found[name] = value
    return found


def schema_text() -> str:
    """The schema as the file holds it."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"

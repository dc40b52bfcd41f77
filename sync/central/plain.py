"""What a request may say: texts without control characters, and numbers that a row can have. Pure.

PostgreSQL keeps no NUL, SQLite does; a line break in a name or a reason breaks lists apart. So neither gets that far.
"""

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from werkzeug.routing import BaseConverter, IntegerConverter, Map

from sync.wire import CONTROLS

ROW_MAX = 2**63 - 1
"""Both databases number rows with 64 bits."""

_NO_LINE = re.compile(f"[{CONTROLS}]")
_NO_TEXT = re.compile(f"(?![\t\n\r])[{CONTROLS}]")


def is_line(text: str) -> bool:
    """Whether a text has neither control characters nor line breaks."""
    return _NO_LINE.search(text) is None


def _line(text: str) -> str:
    if not is_line(text):
        raise PydanticCustomError("line", "holds a control character or a line break")
    return text


def _text(text: str) -> str:
    if _NO_TEXT.search(text):
        raise PydanticCustomError("text", "holds a control character")
    return text


Line = Annotated[str, AfterValidator(_line)]
"""A name, a code, a reason in a list."""

Text = Annotated[str, AfterValidator(_text)]
"""What somebody writes into a box with room for several lines."""


class NameInPath(BaseConverter):
    """A part of a path, which names something: nothing is called by a control character, and 404 says so."""

    regex = f"[^/{CONTROLS}]+"
    part_isolating = True


class RowInPath(IntegerConverter):
    """A number in a path; no row has a higher one, and 404 says so."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=ROW_MAX)

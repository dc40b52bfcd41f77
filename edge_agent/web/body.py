"""From the bytes of a body to one JSON object that can be read in one way only, searched for payment cards.

Everything about well-formedness lives here; what the fields mean is in `bodies`. No I/O.
"""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NoReturn

from edge_agent.domain.cards import holds_payment_card, is_article_number, plain
from edge_agent.errors import FieldError, PaymentCard
from edge_agent.web.problems import Malformed

BODY_BYTES_MAX = 256 * 1024
"""500 lines of some 300 bytes are 150 KB; this is the longest sale with room to spare."""

DEPTH_MAX = 16
"""How deep a body is searched; the deepest call has five levels. The models take nothing deeper than that, and
the parser itself stops at the interpreter's recursion limit."""

NAME_SHOWN_MAX = 64
"""Our longest field name has 11 characters; a longer one is cut in messages."""

_TOO_DEEP = "The body is nested too deep."

# Every text with a payment card in it has one of these shapes, so that the exact search is seldom needed: an
# unbroken number, one in groups with whatever may stand between them, or the digits of a track before their separator.
_SHAPE = bytes.maketrans(b"0123456789 \t\n\r\v\f._/^D", b"dddddddddd---------==")
_CANDIDATES = (
    b"d" * 14,
    b"d" * 8 + b"=",
    b"dddd-dddd-dddd",
    b"dddd-dddddd-dddd",
    b"dddddd-dddddddd",
)
_ESCAPE = re.compile(r"\\(?:u00[0-9a-f]{2}|.)")
"""What is left of them where characters are written plainly: quotes, backslashes and controls, which may be spaces."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("A name occurs twice in one object; which one counts is anybody's guess.")
    return found


def _constant(_name: str) -> NoReturn:
    raise Malformed("NaN and Infinity are not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_constant,
    # Fractions stay as they were written: no field takes them, and a card number in one is found.
    parse_float=Decimal,
)


def decoded(raw: bytes) -> dict[str, Any]:
    """Read a body; raises `Malformed`, or `PaymentCard` naming the paths where one stands."""
    try:
        text = raw.decode("utf-8")
        value = _DECODER.decode(text)
        suspicious = _may_hold_card(text, value)
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    except UnicodeEncodeError:
        raise Malformed("The body has half a character (a lone surrogate).") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Malformed(f"The body is not JSON: see {where}.") from None
    except RecursionError:
        raise Malformed(_TOO_DEEP) from None
    except (ValueError, ArithmeticError):  # more digits than Python turns into a number
        raise Malformed("The body has a number that is too long.") from None
    if not isinstance(value, dict):
        raise Malformed("The body must be a JSON object.")
    if suspicious:
        refuse_cards(_cards(value, "", DEPTH_MAX))
    return value


def refuse_cards(paths: Iterable[str]) -> None:
    """Raise `PaymentCard` if there are any paths, naming them."""
    fields = [FieldError(path, "looks like a payment card's number or track") for path in paths]
    if fields:
        raise PaymentCard(
            "A payment card's number or track must never be sent here. Nothing was kept.", fields
        )


def _may_hold_card(text: str, value: Any) -> bool:
    """Whether the exact search is worth while: one pass over the body as it came.

    A body with escaped characters is written out plainly first; raises UnicodeEncodeError for half a character.
    """
    if "\\u" in text:
        text = json.dumps(value, ensure_ascii=False, default=str)
    if "\\" in text:
        text = _ESCAPE.sub(_written, text)
    shape = plain(text).encode().translate(_SHAPE).replace(b"---", b"-")
    return any(candidate in shape for candidate in _CANDIDATES)


def _written(escape: re.Match[str]) -> str:
    return "/" if escape[0] == "\\/" else " "


def _cards(value: Any, path: str, depth_left: int) -> Iterator[str]:
    """The paths where a payment card stands; of a name that is one, only the object that has it."""
    if depth_left == 0:
        raise Malformed(_TOO_DEEP)
    if isinstance(value, dict):
        for key, item in value.items():
            if holds_payment_card(key):
                yield _below(path, "(a field's name)")
                yield from _cards(item, _below(path, "(a field)"), depth_left - 1)
            elif not (key == "sku" and isinstance(item, str) and is_article_number(item)):
                yield from _cards(item, _below(path, shown_name(key)), depth_left - 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _cards(item, _below(path, str(index)), depth_left - 1)
    elif isinstance(value, str | int | Decimal) and holds_payment_card(str(value)):
        yield path


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def shown_name(key: str) -> str:
    """A field's name as a message may show it: bounded and printable."""
    return key[:NAME_SHOWN_MAX] if key.isprintable() else "(unprintable)"

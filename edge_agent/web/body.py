"""From the bytes of a body to one JSON object that can be read in one way only, searched for payment cards.

Everything about well-formedness lives here; what the fields mean is in `models.py`. No I/O.
"""

import json
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn

from edge_agent.domain.cards import holds_payment_card, is_article_number
from edge_agent.errors import FieldError, PaymentCard
from edge_agent.web.problems import Malformed

BODY_BYTES_MAX = 256 * 1024
"""500 lines of some 300 bytes are 150 KB; this is the longest sale with room to spare."""

DEPTH_MAX = 16
"""The deepest call has five levels; a deeper body is an attack on a parser."""

_CARD_CHARACTERS_MIN = 14
"""Shorter text holds neither number (14 digits) nor track (16 characters) of a payment card."""

_CARD_INTEGER_MIN = 10 ** (_CARD_CHARACTERS_MIN - 1)


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
        value = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Malformed(f"The body is not JSON: see {where}.") from None
    except RecursionError:
        raise Malformed(_TOO_DEEP) from None
    except (ValueError, ArithmeticError):  # more digits than Python turns into a number
        raise Malformed("The body has a number that is too long.") from None
    if not isinstance(value, dict):
        raise Malformed("The body must be a JSON object.")
    if _may_hold_card(value):
        fields = [
            FieldError(path, "looks like a payment card's number or track")
            for path in _cards(value, "")
        ]
        if fields:
            raise PaymentCard(
                "A payment card's number or track must never be sent here. Nothing was kept.",
                fields,
            )
    return value


_TOO_DEEP = f"The body is nested deeper than {DEPTH_MAX} levels."


def _may_hold_card(value: dict[str, Any]) -> bool:
    """Walk everything once, level by level, without building paths: nearly all bodies are innocent.

    Refuses what is nested too deep and text that is no Unicode on the way.
    """
    level: list[Any] = [value]
    suspicious = False
    for _ in range(DEPTH_MAX):
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is str:
                suspicious = _text_may_hold_card(item) or suspicious
            elif kind is dict:
                below.extend(item)
                below.extend(item.values())
            elif kind is list:
                below.extend(item)
            elif kind is int:
                suspicious = suspicious or item >= _CARD_INTEGER_MIN or -item >= _CARD_INTEGER_MIN
            elif kind is Decimal:
                suspicious = True
        if not below:
            return suspicious
        level = below
    raise Malformed(_TOO_DEEP)


def _text_may_hold_card(text: str) -> bool:
    if text.isascii():
        return len(text) >= _CARD_CHARACTERS_MIN and holds_payment_card(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed("The body has half a character (a lone surrogate).") from None
    return text_holds_card(text)


def text_holds_card(text: str) -> bool:
    """Like `holds_payment_card`, also for digits in other clothes (full width, Arabic)."""
    if not text.isascii():
        plain = unicodedata.normalize("NFKC", text)
        text = "".join(str(unicodedata.digit(each, each)) for each in plain)
    return holds_payment_card(text)


def _cards(value: Any, path: str) -> Iterator[str]:
    """The paths where a payment card stands; of a name that is one, only the object that has it."""
    if isinstance(value, dict):
        for key, item in value.items():
            if text_holds_card(key):
                yield _below(path, "(a field's name)")
                yield from _cards(item, _below(path, "(a field)"))
            elif not (key == "sku" and isinstance(item, str) and is_article_number(item)):
                yield from _cards(item, _below(path, shown_name(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _cards(item, _below(path, str(index)))
    elif isinstance(value, str | int | Decimal) and text_holds_card(str(value)):
        yield path


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


NAME_SHOWN_MAX = 64
"""Our longest field name has 10 characters; a longer one is cut in messages."""


def shown_name(key: str) -> str:
    """A field's name as a message may show it: bounded and printable."""
    return key[:NAME_SHOWN_MAX] if key.isprintable() else "(unprintable)"

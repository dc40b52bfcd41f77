"""Chance that can be repeated: what a sale draws follows from its id and a key, and from nothing else.

Nobody at the till can work out or influence a draw, since the key is not theirs, and it is only made once the sale is
recorded under its id. Whoever holds the key, as head office does, can work out every draw again.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

Draw = Callable[[str], int]
"""From a rule's id to a number from 0 up to, but not including, `DRAWN_BELOW`."""

DRAWN_BELOW: Final = 2**64
"""Eight bytes of the hash. Even of one in a million the odds are then right to one part in ten million million."""

_BYTES: Final = 8
_PURPOSE: Final = b"loyalty draw 1"
_SEPARATOR: Final = b"\x00"


def draw_from(key: bytes, store: str, till: str, sale_id: str) -> Draw:
    """The draws of one sale: HMAC-SHA256 over store, till, sale id and the rule's id, its first eight bytes.

    `key` is 32 random bytes or more that the terminal shares with head office. None of the texts holds a NUL, so no two
    sales share a draw. Raises ValueError for a short key.
    """
    if len(key) < hashlib.sha256().digest_size:
        raise ValueError("the key of a draw has at least 32 bytes")
    sale = _SEPARATOR.join((_PURPOSE, store.encode(), till.encode(), sale_id.encode()))

    def draw(rule: str) -> int:
        mac = hmac.digest(key, sale + _SEPARATOR + rule.encode(), "sha256")
        return int.from_bytes(mac[:_BYTES], "big")

    return draw


def draw_key(card_key: bytes) -> bytes:
    """The key of a terminal's draws, from the card key of its enrolment, which head office has too."""
    return hmac.digest(card_key, b"surprise", "sha256")


def share_of(number: int, shares: int) -> int:
    """Which of so many equal shares a drawn number falls in, from 0."""
    return number * shares // DRAWN_BELOW

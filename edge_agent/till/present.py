"""Who is at the till: the card that was identified since the sale before."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, Literal

from edge_agent.domain.basket import PresentedCard

PRESENT_FOR = timedelta(minutes=15)
"""A full trolley is scanned in less; a card that nobody followed up with a sale must not catch a later customer's."""


class _Whoever(Enum):
    AT_TILL = auto()


AT_TILL: Final = _Whoever.AT_TILL
"""In place of a card: whoever is at the till."""

Holder = PresentedCard | Literal[_Whoever.AT_TILL]
"""How a call says who it is about."""


def as_sent(holder: Holder | None) -> list[str] | None:
    """Who was named, for telling a repeat from another act under the same id."""
    if holder is AT_TILL:
        return ["till"]
    return None if holder is None else [holder.code, holder.entry.value]


class Present:
    """The card on the till's screen; a sale that refers to it takes it away.

    `elapsed_s` counts seconds whatever the clock says: trusted time stands still while the system's clock lies behind.
    """

    def __init__(self, elapsed_s: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._elapsed_s = elapsed_s
        self._card: tuple[PresentedCard, datetime, float] | None = None

    def set(self, card: PresentedCard, at: datetime) -> None:
        """Somebody presented `card`."""
        with self._lock:
            self._card = (card, at, self._elapsed_s())

    def renew(self, card: PresentedCard, at: datetime) -> bool:
        """The customer with `card` did something; False where they have gone, or somebody else came."""
        with self._lock:
            if self._card is None or self._card[0] is not card:
                return False
            self._card = (card, at, self._elapsed_s())
            return True

    def card(self, now: datetime) -> PresentedCard | None:
        """The card that is present, if it is not too long ago."""
        with self._lock:
            if self._card is None:
                return None
            card, at, at_s = self._card
            waited = max(now - at, timedelta(seconds=self._elapsed_s() - at_s))
            return None if waited > PRESENT_FOR else card

    def clear(self) -> None:
        """Whoever was there has gone."""
        with self._lock:
            self._card = None

    def served(self, card: PresentedCard | None) -> None:
        """The sale of the customer with `card` is done; somebody who came meanwhile stays."""
        with self._lock:
            if self._card is not None and self._card[0] is card:
                self._card = None

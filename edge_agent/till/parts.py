"""What the acts at the till are made of: the parts that `compose` puts together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from drivers.document import Document
from edge_agent.clock import Clock
from edge_agent.domain.basket import STORE_CHANNEL, PresentedCard
from edge_agent.domain.cards import CardPattern
from edge_agent.domain.draws import Draw, draw_from, draw_key
from edge_agent.errors import Refused
from edge_agent.ledger.ledger import Ledger
from edge_agent.till.authority import Authority, NoAuthority
from edge_agent.till.directory import Directory
from edge_agent.till.limits import OfflineLimits
from edge_agent.till.present import AT_TILL, Holder, Present
from edge_agent.till.quotes import Quotes
from edge_agent.till.refusals import Refusal
from edge_agent.till.shelf import ProgrammeShelf


class Events(Protocol):
    """Where the till says what happened; never blocks."""

    def publish(self, kind: str, data: Mapping[str, Any]) -> None:
        """Tell everybody who listens."""
        ...


class Printing(Protocol):
    """The receipt printer's queue, as the till sees it."""

    @property
    def columns(self) -> int | None:
        """Characters on a line; None when there is no printer."""
        ...

    def submit(self, job_id: str, document: Document) -> bool:
        """Queue a document, without waiting; False when the queue is full. The outcome comes by itself."""
        ...


class Line(Protocol):
    """The connection to central, as far as the receipt mentions it."""

    @property
    def offline(self) -> bool:
        """Whether central could not be reached when it was last tried."""
        ...


COLUMNS_WITHOUT_PRINTER = 42
"""The width of `receipt.lines` where the POS prints them itself and the agent has no printer: the commonest one."""


@dataclass(frozen=True, slots=True)
class TillSettings:
    """What the acts need of the configuration. `language` is "nl", "en", "de" or "fr"; `offline` limits redeeming;
    `channel` is that of calls that say none."""

    store: str
    till: str
    language: str
    patterns: tuple[CardPattern, ...]
    offline: OfflineLimits = field(default_factory=OfflineLimits)
    channel: str = STORE_CHANNEL

    def channel_of(self, said: str) -> str:
        """The channel that a call says it is of; the till's own where it says none ("")."""
        return said or self.channel


def no_key() -> bytes | None:
    """Before a till is enrolled there is no key, and nothing is drawn by chance."""
    return None


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that an act at the till works with.

    `card_key` is the key of the enrolment, from which that of the draws is made; None before it. `authority` is asked
    about redemptions.
    """

    settings: TillSettings
    ledger: Ledger
    directory: Directory
    shelf: ProgrammeShelf
    clock: Clock
    events: Events
    printing: Printing
    line: Line
    card_key: Callable[[], bytes | None] = no_key
    authority: Authority = field(default_factory=NoAuthority)
    quotes: Quotes = field(default_factory=Quotes)
    present: Present = field(default_factory=Present)

    def draw(self, sale_id: str) -> Draw | None:
        """What chance gives with a sale; None where nothing can be drawn."""
        key = self.card_key()
        if key is None:
            return None
        return draw_from(draw_key(key), self.settings.store, self.settings.till, sale_id)

    def who(self, holder: Holder, now: datetime) -> PresentedCard:
        """The card that a call is about. Raises Refused where it is whoever is at the till, and nobody is."""
        card = self.present.card(now) if holder is AT_TILL else holder
        if card is None:
            raise Refused(Refusal.NOBODY.in_words(self.settings.language))
        return card

    @property
    def columns(self) -> int:
        """The width that receipts are laid out for."""
        return self.printing.columns or COLUMNS_WITHOUT_PRINTER

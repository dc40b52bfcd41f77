"""The quotes of the last quarter of an hour: what was worked out, pinned for the sale that follows."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge_agent.domain.basket import PresentedCard
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.errors import QuoteLapsed

QUOTE_LASTS = timedelta(minutes=15)
"""The contract's; longer than any queue with a basket already scanned."""

QUOTES_MAX = 1_000
"""One a basket: a thousand in a quarter of an hour is ten tills' work. Beyond it the oldest lapses early."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a sale under this quote is worked out with, whatever is published or pulled meanwhile."""

    programme: Programme
    card: PresentedCard | None
    recorded: Recorded
    until: datetime


class Quotes:
    """The quotes, in memory only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._quotes: OrderedDict[str, Quote] = OrderedDict()

    def keep(self, quote_id: str, quote: Quote) -> None:
        """Pin; a quote asked for again under the same id is a new one."""
        with self._lock:
            self._quotes.pop(quote_id, None)
            self._quotes[quote_id] = quote
            while len(self._quotes) > QUOTES_MAX:
                self._quotes.popitem(last=False)

    def get(self, quote_id: str, now: datetime) -> Quote:
        """What was pinned. Raises QuoteLapsed."""
        with self._lock:
            quote = self._quotes.get(quote_id)
            if quote is None or quote.until < now:
                self._quotes.pop(quote_id, None)
                raise QuoteLapsed(
                    "there is no such quote any more; ask for a new one, or send the sale without it"
                )
            return quote

"""The quotes of the last quarter of an hour: what was worked out, pinned for the sale that follows."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edge_agent.domain.basket import PresentedCard
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import Outcome
from edge_agent.errors import QuoteLapsed

QUOTE_LASTS = timedelta(minutes=15)
"""The contract's; longer than any queue with a basket already scanned."""

QUOTES_MAX = 1_000
"""One a basket: a thousand in a quarter of an hour is ten tills' work. Beyond it the oldest lapses early."""

QUOTED_LINES_MAX = 20_000
"""Of all of them: a thousand baskets of twenty lines, or forty of the longest; some 2 KB each with what it came to.
Beyond it the oldest lapses early."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a sale under this quote is worked out with, whatever is published or pulled meanwhile.

    `at` is the time that it was worked out for, `outcomes` are what each rule came to, and `sale_id` is the only sale
    that it is for, once one was recorded under it.
    """

    programme: Programme
    card: PresentedCard | None
    recorded: Recorded
    at: datetime
    until: datetime
    outcomes: tuple[Outcome, ...] = ()
    sale_id: str | None = None


class Quotes:
    """The quotes, in memory only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._quotes: OrderedDict[str, Quote] = OrderedDict()

    def keep(self, quote_id: str, quote: Quote) -> None:
        """Pin; a quote asked for again under the same id is a new one. Those that have lapsed go."""
        with self._lock:
            self._quotes.pop(quote_id, None)
            self._quotes[quote_id] = quote
            lines = sum(len(each.recorded.basket.lines) for each in self._quotes.values())
            for oldest_id, oldest in list(self._quotes.items()):
                is_over = oldest.until < quote.until - QUOTE_LASTS
                if not (is_over or len(self._quotes) > QUOTES_MAX or lines > QUOTED_LINES_MAX):
                    break
                del self._quotes[oldest_id]
                lines -= len(oldest.recorded.basket.lines)

    def get(self, quote_id: str, now: datetime, sale_id: str) -> Quote:
        """What was pinned. Raises QuoteLapsed, also where the quote was used by another sale than this."""
        with self._lock:
            quote = self._quotes.get(quote_id)
            if quote is None or quote.until < now:
                self._quotes.pop(quote_id, None)
                raise QuoteLapsed(
                    "there is no such quote any more; ask for a new one, or send the sale without it"
                )
            if quote.sale_id not in {None, sale_id}:
                raise QuoteLapsed("another sale was recorded under this quote; ask for a new one")
            return quote

    def used(self, quote_id: str, sale_id: str) -> None:
        """Keep a quote for the sale that is recorded under it, should that have to be sent again."""
        with self._lock:
            if quote_id in self._quotes:
                self._quotes[quote_id] = replace(self._quotes[quote_id], sale_id=sale_id)

    def outdate(self, account: str, *, but: str | None = None) -> None:
        """Let go of what was quoted to an account, but for one quote: it has bought or used something since.

        What a limit allows once would else be had once for every quote that was made beforehand.
        """
        with self._lock:
            for quote_id in [
                each
                for each, quote in self._quotes.items()
                if each != but and quote.recorded.facts.account == account
            ]:
                del self._quotes[quote_id]

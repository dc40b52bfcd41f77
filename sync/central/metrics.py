"""Numbers for Prometheus; no label ever holds a card, a name or a member."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from sync.central.changes import Feed
from sync.central.intake import Taken
from sync.central.problems import CODES, OTHER_CODE
from sync.wire import RecordState


class Metrics:
    """Counts what passes through this process."""

    def __init__(self, registry: CollectorRegistry, feed: Feed) -> None:
        self._registry = registry
        self._received = Counter(
            "loyalty_central_records_received", "Records taken in.", registry=registry
        )
        self._repeated = Counter(
            "loyalty_central_records_repeated", "Records sent again.", registry=registry
        )
        self._not_taken = Counter(
            "loyalty_central_pushes_stopped",
            "Pushes that were not taken whole, by reason.",
            ["reason"],
            registry=registry,
        )
        self._posted = Counter(
            "loyalty_central_records_posted", "Records posted.", ["state"], registry=registry
        )
        self._refused = Counter(
            "loyalty_central_requests_refused",
            "Requests that were refused, by the code of the answer.",
            ["code"],
            registry=registry,
        )
        self._channel_unanswered = Counter(
            "loyalty_central_channel_unanswered",
            "Calls of a web shop or app that its agent did not answer, by code.",
            ["code"],
            registry=registry,
        )
        waiters = Gauge(
            "loyalty_central_waiting_terminals",
            "Terminals waiting for a change.",
            registry=registry,
        )
        waiters.set_function(lambda: feed.waiters)

    def pushed(self, taken: Taken, posted: Mapping[RecordState, int]) -> None:
        """Count one push."""
        self._received.inc(taken.fresh)
        self._repeated.inc(taken.repeats)
        if taken.stopped_by is not None:
            self._not_taken.labels(taken.stopped_by).inc()
        for state, how_many in posted.items():
            self._posted.labels(state.value).inc(how_many)

    def request_refused(self, code: str) -> None:
        """Count a request that was answered with a problem; of what no list knows, all as one."""
        self._refused.labels(code if code in CODES else OTHER_CODE).inc()

    def channel_unanswered(self, code: str) -> None:
        """Count a call of a channel that was not passed on, or that the agent did not answer."""
        self._channel_unanswered.labels(code).inc()

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self._registry)

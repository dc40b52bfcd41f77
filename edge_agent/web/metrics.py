"""Prometheus metrics in a registry of our own; what can be asked for is asked for at the scrape."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge_agent.errors import LoyaltyError
from edge_agent.web.events import EventHub

_SALE_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
"""A sale takes some milliseconds on a sound disk; half a second is what a cashier notices."""


class Metrics:
    """The counters that the web layer keeps, and everything else that a scrape shows."""

    def __init__(
        self,
        status: Callable[[], dict[str, Any]],
        devices: Callable[[], list[dict[str, Any]]],
        events: EventHub,
    ) -> None:
        self.registry = CollectorRegistry()
        self._sales = Counter(
            "edge_agent_sales",
            "Acts recorded for the first time, over HTTP",
            ["kind"],
            registry=self.registry,
        )
        for kind in ("sale", "return", "void", "attach"):
            self._sales.labels(kind)
        self._answers = Counter(
            "edge_agent_answers",
            "HTTP answers by route and status",
            ["route", "status"],
            registry=self.registry,
        )
        self.sale_seconds = Histogram(
            "edge_agent_sale_seconds",
            "From a sale's checked body to its durable record, in seconds",
            buckets=_SALE_SECONDS,
            registry=self.registry,
        )
        self.registry.register(_AtScrape(status, devices, events))

    def recorded(self, kind: str) -> None:
        """Count an act that was new."""
        self._sales.labels(kind).inc()

    def answered(self, route: str, status: int) -> None:
        """Count an answer; `route` is the rule, never a path as sent."""
        self._answers.labels(route, str(status)).inc()

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)


class _AtScrape(Collector):
    """Gauges from the status; a ledger that cannot be read is a gauge too, not a failed scrape."""

    def __init__(
        self,
        status: Callable[[], dict[str, Any]],
        devices: Callable[[], list[dict[str, Any]]],
        events: EventHub,
    ) -> None:
        self._status = status
        self._devices = devices
        self._events = events

    def collect(self) -> Iterator[Metric]:
        yield _gauge("event_streams", "Open event streams", self._events.streams)
        yield _gauge("event_streams_dropped", "Streams ended as too slow", self._events.dropped)
        try:
            status = self._status()
            devices = self._devices()
        except LoyaltyError:
            yield _gauge("ledger_up", "Whether the ledger can be read", 0)
            return
        yield _gauge("ledger_up", "Whether the ledger can be read", 1)
        yield from _of_status(status)
        state = GaugeMetricFamily(
            "edge_agent_device_state",
            "1 for the state a device is in",
            labels=["id", "role", "state"],
        )
        for device in devices:
            state.add_metric([device["id"], device["role"], device["state"]], 1)
        yield state


def _of_status(status: Mapping[str, Any]) -> Iterator[Metric]:
    shown = (
        ("journal_seq", "Last record", status["journal"]["seq"]),
        ("journal_received", "Received position of central", status["journal"]["received"]),
        ("outbox_records", "Records that central has not received", status["outbox"]["records"]),
        ("outbox_oldest_seconds", "Age of the oldest of them", status["outbox"]["oldest_seconds"]),
        (
            "records_rejected",
            "Own records that central rejected",
            status["states"].get("rejected", 0),
        ),
        ("records_parked", "Own records that central parked", status["states"].get("parked", 0)),
        ("members", "Members in the members file", status["members"]["count"]),
        ("disk_free_bytes", "Free space for the ledger", status["disk_free_bytes"]),
    )
    for name, documentation, value in shown:
        if value is not None:
            yield _gauge(name, documentation, value)
    central = GaugeMetricFamily(
        "edge_agent_central_state", "1 for the state of the line to central", labels=["state"]
    )
    central.add_metric([str(status["central"]["state"])], 1)
    yield central
    yield CounterMetricFamily(
        "edge_agent_members_files_refused",
        "Members files that were not what central made: broken or swapped on the way",
        value=status["central"]["members_files_refused"],
    )


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"edge_agent_{name}", documentation, value=value)

"""The event stream: a bounded ring that publishers never wait for, and readers with a place in it.

Ids are `epoch-seq`: the epoch is new with every start, since the ring does not outlive the process. A reader
that comes back gets what it missed, or `reset` when that is not here any more.
"""

import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from edge_agent.web.problems import StreamsFull

KINDS = frozenset({"scan", "member", "sale", "redemption", "act", "device", "sync"})

STREAMS_MAX = 8
"""The till's page, store IT's page and the POS, each twice after a reload, and two to spare. Every stream takes
one thread of the server."""

EVENTS_KEPT_MAX = 500
"""Half an hour of a busy till with five events per customer: a page that slept comes back without a gap."""

BYTES_KEPT_MAX = 4 * 1024 * 1024
"""A sale of 500 lines is an event of some 100 KB; the idle agent has 96 MiB in all."""

HEARTBEAT_S = 15.0
"""Of the contract: proxies and pages give a silent stream up after 30 s."""

LOOK_S = 0.5
"""How often a stream without events looks whether its reader has gone, so that its place becomes free."""

RETRY_MS = 1000
"""How long a page waits before it comes back."""

_EVENT_ID = re.compile(r"([0-9a-f]{8})-(\d{1,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Event:
    seq: int
    frame: bytes


class EventHub:
    """Takes events from any thread and hands them to at most `streams_max` readers."""

    def __init__(
        self,
        *,
        streams_max: int = STREAMS_MAX,
        kept_max: int = EVENTS_KEPT_MAX,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self.streams_max = streams_max
        self.heartbeat_s = heartbeat_s
        self.epoch = secrets.token_hex(4)
        self.dropped = 0
        self._kept_max = kept_max
        self._changed = threading.Condition()
        self._ring: deque[_Event] = deque()
        self._bytes = 0
        self._seq = 0
        self._streams = 0
        self._closed = False

    @property
    def streams(self) -> int:
        """How many readers there are now."""
        return self._streams

    def publish(self, kind: str, data: Mapping[str, Any]) -> None:
        """Keep an event and wake the readers; never waits for any of them."""
        if kind not in KINDS:
            raise ValueError(f"no such kind of event: {kind}")
        payload = orjson.dumps(data)
        with self._changed:
            self._seq += 1
            head = f"id: {self.epoch}-{self._seq}\nevent: {kind}\ndata: ".encode()
            event = _Event(self._seq, head + payload + b"\n\n")
            self._ring.append(event)
            self._bytes += len(event.frame)
            while len(self._ring) > self._kept_max or self._bytes > BYTES_KEPT_MAX:
                self._bytes -= len(self._ring.popleft().frame)
            self._changed.notify_all()

    def subscribe(self, last_event_id: str | None = None) -> "Subscription":
        """Take a place among the readers; raises `StreamsFull` at the cap and when the agent is stopping."""
        with self._changed:
            if self._closed:
                raise StreamsFull("The agent is stopping.")
            if self._streams >= self.streams_max:
                raise StreamsFull(
                    f"{self.streams_max} event streams are open, and each takes a thread: close one."
                )
            after = self._resumed(last_event_id)
            self._streams += 1
            reset = last_event_id is not None and after is None
            return Subscription(self, self._seq if after is None else after, reset=reset)

    def close(self) -> None:
        """End every stream now; no new one begins."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _resumed(self, last_event_id: str | None) -> int | None:
        """The sequence number to go on after, or None where that cannot be said or is not kept any more."""
        matched = _EVENT_ID.fullmatch(last_event_id or "")
        if matched is None or matched[1] != self.epoch:
            return None
        after = int(matched[2])
        return after if self._oldest_resumable() <= after <= self._seq else None

    def _oldest_resumable(self) -> int:
        return self._seq - len(self._ring)

    def _leave(self) -> None:
        with self._changed:
            self._streams -= 1

    def _after(self, seq: int, timeout_s: float) -> list[_Event] | None:
        """Events after `seq`, waiting for the first; empty on time-out, None when the stream has to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._seq > seq, timeout_s)
            if self._closed:
                return None
            if seq < self._oldest_resumable():
                self.dropped += 1
                return None
            news = self._seq - seq
            return [self._ring[index] for index in range(len(self._ring) - news, len(self._ring))]


class Subscription:
    """One reader's place. `close` gives it back, once, from whatever thread."""

    def __init__(self, hub: EventHub, after: int, *, reset: bool) -> None:
        self._hub = hub
        self._after = after
        self._reset = reset
        self._open = threading.Lock()

    def close(self) -> None:
        """Give the place back."""
        if self._open.acquire(blocking=False):
            self._hub._leave()

    def frames(self, gone: Callable[[], bool]) -> Iterator[bytes]:
        """The bytes to send; ends at shutdown, when `gone` says so, and for a reader that is too slow.

        A slow one comes back with its last id and gets `reset`.
        """
        hub = self._hub
        yield self._greeting()
        sent_at = time.monotonic()
        while True:
            silence_left = hub.heartbeat_s - (time.monotonic() - sent_at)
            events = hub._after(self._after, min(LOOK_S, max(0.0, silence_left)))
            if events is None or gone():
                return
            if events:
                self._after = events[-1].seq
                yield b"".join(event.frame for event in events)
            elif time.monotonic() - sent_at >= hub.heartbeat_s:
                yield b": still here\n\n"
            else:
                continue
            sent_at = time.monotonic()

    def _greeting(self) -> bytes:
        """An id to come back with, even if nothing happens; `reset` where the past is lost."""
        here = f"retry: {RETRY_MS}\nid: {self._hub.epoch}-{self._after}\n"
        if self._reset:
            return f"{here}event: reset\ndata: {{}}\n\n".encode()
        return f"{here}\n".encode()

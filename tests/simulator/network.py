"""The line between tills and central: the bytes of real requests, in the hands of the simulator.

A till's exchange runs as a greenlet: where the real client would wait on its socket it goes to sleep here, and other
tills, and the same one, go on. Every packet then waits until a step delivers it, loses it, sends it twice or gives up
on it. The connection underneath is the only thing that is not the product's.
"""

import io
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
from greenlet import GreenletExit, getcurrent, greenlet
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

import sync.client
from sync.line import gripped_session

HELD_UP, NOT_ASKED, NOT_HEARD = 0.1, 0.3, 0.45
"""How often a question while a customer waits arrives too late for them, and below which not at all, or its answer."""

CENTRAL_URL = "http://127.0.0.1:8430"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers and body. `seen` is what the books knew when central said it."""

    status: int
    headers: dict[str, str]
    body: bytes
    seen: Any = None


Serve = Callable[[requests.PreparedRequest], Answer]
"""Central's end: one request in, one answer out."""


@dataclass(slots=True)
class Exchange:
    """One request of a till. `waiter` sleeps until its answer comes; None when it has gone on without."""

    till: str
    request: requests.PreparedRequest
    waiter: greenlet | None

    @property
    def what(self) -> str:
        """Method and path, for the list that people read."""
        return f"{self.request.method} {urlsplit(str(self.request.url)).path}"


@dataclass(slots=True)
class Packet:
    """A request on its way, or with `answer` what central said to it."""

    exchange: Exchange
    answer: Answer | None = None

    def __str__(self) -> str:
        way = "request" if self.answer is None else f"answer {self.answer.status} to"
        return f"{way} {self.exchange.till} {self.exchange.what}"


@dataclass
class Network:
    """Everything that is between tills and central at one moment."""

    serve: Serve
    packets: list[Packet] = field(default_factory=list)
    waiting: list[Exchange] = field(default_factory=list)
    till: str = ""
    """Whose exchange runs now."""
    luck: random.Random = field(default_factory=random.Random)
    """That of the step that is done now."""
    _asking: bool = False
    seen: dict[str, Any] = field(default_factory=dict)
    """By till what the books knew when central said what arrived there last."""

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Every client that is made within the block talks over this network."""

        def session(grip: Any) -> requests.Session:
            made = gripped_session(grip)
            made.mount("http://", _Adapter(self))
            return made

        with patch.object(sync.client, "gripped_session", session):
            yield

    def start(self, till: str, run: Callable[[], None]) -> None:
        """Let a till begin something that may ask central; returns when it sleeps or is done."""
        self._switch(till, greenlet(run))

    def carry(self, request: requests.PreparedRequest) -> Answer:
        """A client sends a request: sleep until there is an answer. Raises what `requests` would."""
        sleeper = getcurrent()
        if (
            sleeper.parent is None
        ):  # nobody else goes on meanwhile: an enrolment, a question while a customer waits
            return self._at_once(request)
        exchange = Exchange(self.till, request, sleeper)
        self.waiting.append(exchange)
        self.packets.append(Packet(exchange))
        came: Answer | Exception = sleeper.parent.switch()
        if isinstance(came, Exception):
            raise came
        if came.seen is not None:
            self.seen[exchange.till] = came.seen
        return came

    def _at_once(self, request: requests.PreparedRequest) -> Answer:
        fate = self.luck.random() if self._asking else 1.0
        if fate < HELD_UP:
            self.packets.append(Packet(Exchange(self.till, request, None)))
        if fate < NOT_ASKED:
            raise requests.exceptions.ConnectTimeout("central was not reached")
        answer = self.serve(request)
        if fate < NOT_HEARD:
            raise requests.exceptions.ReadTimeout("no answer in time")
        return answer

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What is asked within the block is answered before anything else happens, or not at all."""
        self._asking = True
        try:
            yield
        finally:
            self._asking = False

    def deliver(self, luck: random.Random) -> str | None:
        """Let any packet arrive, not only the oldest."""
        if not self.packets:
            return None
        packet = self.packets.pop(luck.randrange(len(self.packets)))
        return f"arrives: {self.arrive(packet)}"

    def arrive(self, packet: Packet) -> Packet:
        """Let one packet arrive, whether or not anybody still waits for what comes of it."""
        if packet.answer is None:
            self.packets.append(Packet(packet.exchange, self.serve(packet.exchange.request)))
        else:
            self.wake(packet.exchange, packet.answer)
        return packet

    def lose(self, luck: random.Random) -> str | None:
        """A packet is gone; whoever waits for it waits until it gives up: a half-open connection."""
        if not self.packets:
            return None
        return f"is lost: {self.packets.pop(luck.randrange(len(self.packets)))}"

    def duplicate(self, luck: random.Random) -> str | None:
        """A request will arrive once more, sooner or later, as a proxy may send it again."""
        requested = [each for each in self.packets if each.answer is None]
        if not requested:
            return None
        packet = luck.choice(requested)
        self.packets.append(Packet(packet.exchange))
        return f"is doubled: {packet}"

    def give_up(self, luck: random.Random) -> str | None:
        """A till's time-out: it goes on, and its request may still arrive."""
        if not self.waiting:
            return None
        exchange = luck.choice(self.waiting)
        self.wake(exchange, requests.exceptions.ReadTimeout("nothing came"))
        return f"gives up: {exchange.till} {exchange.what}"

    def refuse(self, luck: random.Random) -> str | None:
        """Something on the way answers in central's place."""
        requested = [each for each in self.packets if each.answer is None]
        if not requested:
            return None
        packet = requested[luck.randrange(len(requested))]
        self.packets.remove(packet)
        answer = luck.choice(IN_CENTRALS_PLACE)
        self.wake(packet.exchange, answer)
        return f"is answered {answer.status} on the way: {packet}"

    def settle(self) -> None:
        """Deliver everything, and what comes of it, until nobody waits any more."""
        while self.packets or self.waiting:
            while self.packets:
                self.arrive(self.packets.pop(0))
            if self.waiting:
                self.give_up(random.Random(0))

    def wake(self, exchange: Exchange, came: Answer | Exception) -> None:
        """Give a sleeper its answer; an answer that nobody waits for any more is dropped."""
        waiter, exchange.waiter = exchange.waiter, None
        if waiter is not None:
            self.waiting.remove(exchange)
            self._switch(exchange.till, waiter, came)

    def forget(self, till: str) -> None:
        """The till's process ended: whatever it waited for it does not wait for any more."""
        for exchange in [each for each in self.waiting if each.till == till]:
            waiter, exchange.waiter = exchange.waiter, None
            self.waiting.remove(exchange)
            if waiter is not None:
                waiter.throw(GreenletExit)

    def _switch(self, till: str, sleeper: greenlet, *came: object) -> None:
        before, self.till = self.till, till
        try:
            sleeper.switch(*came)
        finally:
            self.till = before


_HTML = {"Content-Type": "text/html"}
IN_CENTRALS_PLACE = (
    Answer(503, _HTML, b"<h1>Service Unavailable</h1>"),
    Answer(200, _HTML, b"<h1>Please sign in to the shop's network</h1>"),
    Answer(413, _HTML, b"<h1>Request Entity Too Large</h1>"),
    Answer(200, {"Content-Type": "application/json"}, b'{"received": 1'),
)


class _Adapter(BaseAdapter):
    """What `requests` has in place of a connection."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        answer = self._network.carry(request)
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update(answer.headers)
        response.url, response.request = request.url or "", request
        response.raw = HTTPResponse(io.BytesIO(answer.body), preload_content=False)
        return response

    def close(self) -> None:
        """Nothing is open."""

"""The API on real waitress on a loopback port, before a small till."""

import copy
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from flask import Blueprint

from edge_agent.errors import CentralAway, Refused
from edge_agent.web.app import Admit, create_app
from edge_agent.web.config import WebConfig
from edge_agent.web.events import EventHub
from edge_agent.web.metrics import Metrics
from edge_agent.web.ports import Ports
from edge_agent.web.server import WebServer, address_of, listening_socket
from tests.integration.web.real_till import KNOWN, Terminal, a_terminal

TOKEN = "a-token-of-the-tests-00"
GOOD_CODE = "K7QF-3MXA-9TRC"
POS_ORIGIN = "https://pos.example"
TIMEOUT_S = 20

SALE: dict[str, Any] = {
    "sale_id": "0412-03-20261121-000173",
    "at": "2026-11-21T14:03:11+01:00",
    "card": {"code": KNOWN, "entry": "scanned"},
    "cashier": "C17",
    "channel": "store",
    "quote_id": None,
    "training": False,
    "lines": [
        {
            "line": 1,
            "sku": "8710400011118",
            "name": "Halfvolle melk 1L",
            "quantity": 2,
            "amount": 258,
            "discount": 0,
            "categories": ["dairy"],
            "brand": "Zuiver",
            "labels": [],
            "kind": "product",
            "tax_rate": "9",
        },
        {"line": 2, "sku": "2100000000005", "quantity": "0.482", "amount": 142},
    ],
    "total": {"amount": 400, "currency": "EUR"},
    "tenders": [{"type": "card", "amount": 400}],
    "redemptions": [],
    "print": True,
}


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for a condition, with a deadline that only a broken agent misses."""
    give_up_at = time.monotonic() + TIMEOUT_S
    while not true():
        assert time.monotonic() < give_up_at, f"waited in vain until {what}"
        time.sleep(0.01)


def a_sale(**changes: Any) -> dict[str, Any]:
    """The sale of the contract with some fields changed."""
    return {**copy.deepcopy(SALE), **changes}


@dataclass
class Agent:
    """A running API: its parts, and requests that carry the token."""

    terminal: Terminal
    events: EventHub
    server: WebServer
    address: str

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKEN}", **options.pop("headers", {})}
        headers = {name: value for name, value in headers.items() if value is not None}
        return requests.request(
            method, self.url + path, headers=headers, timeout=TIMEOUT_S, **options
        )

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.call("POST", path, json=body, **options)

    def send(self, raw: bytes) -> bytes:
        """Bytes as they are over a fresh connection; everything that comes back until the end."""
        host, _, port = self.address.rpartition(":")
        with socket.create_connection((host, int(port)), TIMEOUT_S) as connection:
            connection.sendall(raw)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        return received


class OneCode:
    """Central as it knows one code; and no line at all for another."""

    def enrol(self, code: str) -> str:
        if code == "AWAY-AWAY-AWAY":
            raise CentralAway("no connection to central")
        if code != GOOD_CODE:
            raise Refused("Central does not know this code.")
        return "0412/03"


@contextmanager
def an_agent(folder: Path, *, stalled_s: float = 20.0, **hub: Any) -> Iterator[Agent]:
    """Start and stop one."""
    events = EventHub(**hub)
    bound = listening_socket("127.0.0.1:0")
    address = address_of(bound)
    config = WebConfig(listen=address, token=TOKEN, origins=(POS_ORIGIN,), version="0.1.0")
    with a_terminal(folder, events) as terminal:
        ports = Ports(
            till=terminal.till,
            devices=terminal.devices,
            enrolling=OneCode(),
            codes=terminal.codes,
            status=terminal.status.to_json,
            health=terminal.health,
            events=events,
            metrics=Metrics(terminal.status.to_json, terminal.devices.to_json, events),
        )
        server = WebServer(create_app(ports, config, _pages), bound, events, stalled_s=stalled_s)
        server.start()
        try:
            yield Agent(terminal, events, server, address)
        finally:
            server.stop()


def _pages(admit: Admit) -> Blueprint:
    """Two pages without content, as `edge_agent.web.pages` makes them with."""
    pages = Blueprint("pages", __name__)
    from flask import make_response

    @pages.get("/")
    def till() -> Any:
        return admit(make_response("<!doctype html>"))

    @pages.get("/it")
    def it() -> Any:
        return admit(make_response("<!doctype html>"))

    return pages

"""A POS that talks to the agent over HTTP, and a reader of its event stream."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from tests.support.waiting import DEADLINE_S, wait_until

ANSWER_S = 30.0

MILK = ("8710400011118", "Halfvolle melk 1L", 129, ("dairy",))
CHEESE = ("8710400022220", "Jonge kaas 48+ 500g", 589, ("dairy",))
COFFEE = ("8710400055556", "Koffiebonen 1kg", 1499, ("coffee",))

Article = tuple[str, str, int, tuple[str, ...]]


def sale(
    sale_id: str,
    card: str | None = None,
    bought: Sequence[tuple[Article, int]] = ((MILK, 2), (CHEESE, 1)),
    **more: Any,
) -> dict[str, Any]:
    """The body of a sale of now; without a card when `card` is None. No bonus applies to what is bought by default."""
    lines = [
        {
            "line": number,
            "sku": sku,
            "name": name,
            "quantity": quantity,
            "amount": price * quantity,
            "categories": list(categories),
            "tax_rate": "9",
        }
        for number, ((sku, name, price, categories), quantity) in enumerate(bought, 1)
    ]
    total = sum(price * quantity for (_, _, price, _), quantity in bought)
    body: dict[str, Any] = {
        "sale_id": sale_id,
        "at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "cashier": "C17",
        "lines": lines,
        "total": {"amount": total, "currency": "EUR"},
        "tenders": [{"type": "cash", "amount": total}],
    }
    if card is not None:
        body["card"] = {"code": card, "entry": "scanned"}
    return body | more


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent answered: the status and the JSON body."""

    status: int
    content: Any
    took_s: float

    @property
    def body(self) -> dict[str, Any]:
        """The body where it is an object."""
        assert isinstance(self.content, dict), f"{self.status}: {self.content!r}"
        return self.content

    @property
    def listed(self) -> list[dict[str, Any]]:
        """The body where it is an array."""
        assert isinstance(self.content, list), f"{self.status}: {self.content!r}"
        return self.content

    @property
    def result(self) -> dict[str, Any]:
        """The result of an act; fails where it was refused."""
        assert self.status in {200, 201, 202}, f"{self.status}: {self.body}"
        found: dict[str, Any] = self.body["result"]
        return found

    @property
    def code(self) -> str:
        """The problem's code, empty for none."""
        return str(self.body.get("code", ""))


class Pos:
    """One POS, for one thread. Raises requests' exceptions where no whole answer came."""

    def __init__(self, url: str, token_file: Path) -> None:
        self.url = url
        self._token_file = token_file
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def headers(self) -> dict[str, str]:
        """With the token as it stands on disk now."""
        return {"Authorization": f"Bearer {self._token_file.read_text().strip()}"}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Any call."""
        answer = self._session.request(
            method,
            self.url + path,
            json=body,
            headers=self.headers | headers,
            timeout=ANSWER_S,
        )
        content = answer.json() if answer.content else {}
        return Answer(answer.status_code, content, answer.elapsed.total_seconds())

    def sell(self, body: Mapping[str, Any]) -> Answer:
        """Post a sale."""
        return self.call("POST", "/v1/sales", body)

    def give_back(self, sale_id: str, return_id: str, lines: Mapping[int, int]) -> Answer:
        """Return so much of so many lines."""
        asked = [{"line": line, "quantity": quantity} for line, quantity in lines.items()]
        return self.call(
            "POST", f"/v1/sales/{sale_id}/returns", {"return_id": return_id, "lines": asked}
        )

    def void(self, sale_id: str, void_id: str) -> Answer:
        """Take a sale back."""
        return self.call("POST", f"/v1/sales/{sale_id}/void", {"void_id": void_id})

    def identify(self, code: str) -> Answer:
        """Who is it."""
        return self.call("POST", "/v1/identify", {"code": code, "entry": "scanned"})

    def now(self, sale_id: str) -> dict[str, Any]:
        """How a sale stands now."""
        found: dict[str, Any] = self.call("GET", f"/v1/sales/{sale_id}").body["now"]
        return found

    def status(self) -> dict[str, Any]:
        """The agent's status."""
        return self.call("GET", "/v1/status").body

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    def __enter__(self) -> "Pos":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the stream."""

    kind: str
    data: dict[str, Any]
    id: str


class Events:
    """Reads the event stream in a thread until the agent ends it or `close`."""

    def __init__(self, pos: Pos) -> None:
        self.seen: list[Event] = []
        self.raw = bytearray()
        self._answer = requests.get(
            f"{pos.url}/v1/events", headers=pos.headers, stream=True, timeout=(5, 60)
        )
        assert self._answer.status_code == 200, self._answer.text
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            for line in self._answer.iter_lines(chunk_size=1):
                self.raw += line + b"\n"
                name, _, value = line.decode().partition(": ")
                if name:
                    fields[name] = value
                elif not line:
                    self._heard(fields)
                    fields = {}
        except (requests.RequestException, AttributeError):  # cut off, or closed under our hands
            return

    def _heard(self, fields: Mapping[str, str]) -> None:
        if "event" in fields:
            data = json.loads(fields["data"])
            self.seen.append(Event(fields["event"], data, fields.get("id", "")))

    @property
    def ended(self) -> bool:
        """Whether the agent ended it."""
        return not self._thread.is_alive()

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The data of every event of a kind so far."""
        return [event.data for event in self.seen if event.kind == kind]

    def wait_for(
        self,
        kind: str,
        holds: Callable[[dict[str, Any]], bool] = lambda _: True,
        deadline_s: float = DEADLINE_S,
    ) -> dict[str, Any]:
        """The first event of that kind for which it holds, past or to come."""
        return wait_until(
            lambda: next((data for data in self.of(kind) if holds(data)), None),
            f"an event {kind}; there were {[event.kind for event in self.seen]}",
            deadline_s,
        )

    def close(self) -> None:
        """Leave."""
        self._answer.close()
        self._thread.join(5)

    def __enter__(self) -> "Events":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def hours_from_now(hours: float) -> str:
    """A time as a POS writes it."""
    return (datetime.now().astimezone() + timedelta(hours=hours)).isoformat(timespec="seconds")

"""A running demo: customers come, and what was seen is counted from outside."""

import json
import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from drivers.simulated_printer import SimulatedPrinter
from drivers.simulated_scanner import PtyScanner
from edge_agent.demo.goods import (
    MEMBERS,
    POINTS_USED,
    REWARD,
    basket,
    card,
    sale,
    write_members,
    write_programme,
)
from edge_agent.demo.processes import STORE, TILL, DemoFailed, Place, Service, run_installed
from edge_agent.domain.cards import masked
from edge_agent.ledger.inspect import open_journal

SETTLE_S = 60.0
"""How long the last record may take to reach central and the last receipt to come out."""

STEP_S = 15.0
REDEEMS_EVERY = 3
"""Every third customer uses points, if there are enough."""

PICTURES_MAX = 20


def can_use_points(member: dict[str, Any]) -> bool:
    """Whether the till shows that the member's points are enough for the demo's reward."""
    balance = (member["balance"] or {}).get("points", {"spendable": 0})
    return bool(balance["spendable"] >= POINTS_USED)


class Members:
    """Listens to the agent's events, until the agent ends, and hands over the members that were found."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._found: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._answer = requests.get(
            f"{url}/v1/events", headers=headers, stream=True, timeout=(5, 60)
        )
        self._answer.raise_for_status()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        kind = b""
        try:
            for line in self._answer.iter_lines(chunk_size=1):
                if line.startswith(b"event: "):
                    kind = line
                elif line.startswith(b"data: ") and kind == b"event: member":
                    self._found.put(json.loads(line.removeprefix(b"data: ")))
        except requests.RequestException:
            return

    def wait(self, code: str) -> dict[str, Any]:
        """Wait until the member with this card was found, and what is shown of them. Raises DemoFailed.

        Whoever uses points is shown once more, with what is left; that may come after the sale.
        """
        while True:
            try:
                found = self._found.get(timeout=STEP_S)
            except queue.Empty:
                why = "a scan did not lead to a member; the agent's log says why"
                raise DemoFailed(why) from None
            if found["card"] == masked(code):
                return found


@dataclass
class Counts:
    """What was seen from outside; `receipts` are the sales that have one: none that the rules failed on has."""

    posted: int = 0
    receipts: int = 0
    points: int = 0


@dataclass
class Demo:
    """A running demo."""

    place: Place
    scanner: PtyScanner
    printer: SimulatedPrinter
    central: Service
    agent: Service
    say: Callable[[str], None]
    counts: Counts = field(default_factory=Counts)
    _random: random.Random = field(default_factory=lambda: random.Random(412))  # noqa: S311 - the same shop every time

    def prepare(self) -> None:
        """Central with members and a programme, and an enrolled agent."""
        self.central.start()
        members_csv = self.place.data / "members.csv"
        write_members(members_csv, self._random)
        config = ["--config", str(self.place.central_config), "--json"]
        self._central("members", "import", str(members_csv), *config)
        programme = self.place.data / "programme.toml"
        write_programme(programme)
        self._central("programme", "publish", str(programme), *config)
        code = json.loads(
            self._central("terminals", "add", "--store", STORE, "--till", TILL, *config)
        )["code"]
        if not (self.place.agent_data / "identity").exists():
            run_installed(
                "edge-agent", "enrol", "--config", str(self.place.agent_config), "--code", code
            )
        self.agent.start()
        self.wait_for("members and programme", lambda: self.status()["members"]["count"] >= MEMBERS)

    @staticmethod
    def _central(*arguments: str) -> str:
        return run_installed("loyalty-central", *arguments)

    @property
    def headers(self) -> dict[str, str]:
        """What the POS sends with every call."""
        token = (self.place.agent_data / "token").read_text().strip()
        return {"Authorization": f"Bearer {token}"}

    def status(self) -> dict[str, Any]:
        """The agent's status."""
        answer = requests.get(f"{self.place.agent}/v1/status", headers=self.headers, timeout=5)
        answer.raise_for_status()
        status: dict[str, Any] = answer.json()
        return status

    def wait_for(self, what: str, holds: Callable[[], bool], seconds: float = SETTLE_S) -> None:
        """Wait until something holds. Raises DemoFailed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if holds():
                return
            time.sleep(0.05)
        raise DemoFailed(
            f"waited {seconds:.0f} s for {what} in vain; the logs are in {self.place.data}"
        )

    def customer(self, number: int, members: Members) -> dict[str, Any]:
        """One customer: the card is scanned, points may be used, the POS asks for a quote and posts the sale."""
        code = card(number % MEMBERS)
        self.scanner.scan(code)
        member = members.wait(code)
        asked = basket(number, self._random)
        if number % REDEEMS_EVERY == 0 and can_use_points(member):
            asked["redemptions"] = [self._redeem(number)]
        quote = self._post("/v1/quotes", asked)
        result: dict[str, Any] = self._post("/v1/sales", sale(number, asked, quote))["result"]
        self.counts.posted += 1
        self.counts.receipts += bool(result["receipt"]["lines"])
        self.counts.points += result["earned"].get("points", 0)
        return result

    def _redeem(self, number: int) -> str:
        """Reserve points of whoever is at the till; the id goes with quote and sale."""
        wanted = {
            "redemption_id": f"{STORE}-{TILL}-R-{number:06}",
            "card": {"from": "till"},
            "reward": REWARD,
            "points": POINTS_USED,
        }
        reserved: str = self._post("/v1/redemptions", wanted)["redemption_id"]
        return reserved

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(
            f"{self.place.agent}{path}", json=body, headers=self.headers, timeout=STEP_S
        )
        if answer.status_code not in {200, 201}:
            raise DemoFailed(f"{path} was answered {answer.status_code}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    def settle(self) -> None:
        """Wait until every record is at central and every receipt is out."""
        self.wait_for("the receipts", lambda: self.printer.printed_count >= self.counts.receipts)
        self.wait_for("central", lambda: self.status()["outbox"]["records"] == 0)

    def summary(self, began_at: float) -> dict[str, Any]:
        """The figures of the contract, each from the part that knows it."""
        config = ["--config", str(self.place.central_config), "--json"]
        totals = json.loads(self._central("report", "totals", *config))
        states = {each["state"]: each["records"] for each in totals["records"]}
        with open_journal(self.place.agent_data) as journal:
            verification = journal.verify()
        return {
            "sales": self.counts.posted,
            "posted": self.counts.posted,
            "accepted": states.get("accepted", 0),
            "duplicates": states.get("duplicate", 0),
            "rejected": states.get("rejected", 0) + states.get("parked", 0),
            "printed": self.printer.printed_count,
            "points": self.counts.points,
            "chain": "broken" if verification.faults else "whole",
            "agent": self.place.agent,
            "central": self.place.central,
            "token_file": str(self.place.agent_data / "token"),
            "seconds": round(time.monotonic() - began_at, 1),
        }

    def save_pictures(self) -> None:
        """Keep the last receipts as pictures."""
        folder = self.place.data / "receipts"
        folder.mkdir(exist_ok=True)
        for job in self.printer.jobs[-PICTURES_MAX:]:
            path = folder / f"receipt-{job.number:04}.png"
            if not path.exists():
                path.write_bytes(job.png())

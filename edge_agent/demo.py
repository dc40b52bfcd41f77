"""`edge-agent demo`: everything on one machine, with the devices simulated and nothing else.

Agent and central are processes of their own, started from the installed commands; the scanner is a pty, the printer
a TCP server. Whatever is shown went that way.
"""

import csv
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import requests
from stdnum import ean

from drivers.simulated_printer import SimulatedPrinter
from drivers.simulated_printer_server import PrinterServer
from drivers.simulated_scanner import PtyScanner
from edge_agent.ledger.inspect import open_journal

MEMBERS = 1_000
STORE, TILL = "0412", "03"
COLUMNS = 42
START_S = 30.0
"""Two Python processes on a slow till machine; past this something is wrong and the logs say what."""

SETTLE_S = 60.0
"""How long the last record may take to reach central and the last receipt to come out."""

STEP_S = 15.0
RECEIPTS_BEHIND_MAX = 8
"""A cashier waits for the receipt; the demo lets this many customers stand at the end of the till."""

CUSTOMER_EVERY_S = 8.0
PICTURES_MAX = 20

_FIRST_NAMES = (
    "Sanne",
    "Daan",
    "Noor",
    "Sem",
    "Fatima",
    "Lars",
    "Emma",
    "Youssef",
    "Lotte",
    "Bram",
)
_ARTICLES: tuple[tuple[str, str, int, tuple[str, ...], str], ...] = (
    ("8710400011118", "Halfvolle melk 1L", 129, ("dairy",), "Zuiver"),
    ("8710400022220", "Jonge kaas 48+ 500g", 589, ("dairy",), "Zuiver"),
    ("8710400033332", "Bananen los", 214, ("fruit",), ""),
    ("8710400044444", "Volkorenbrood", 239, ("bakery",), "Molen"),
    ("8710400055556", "Koffiebonen 1kg", 1499, ("coffee",), "Brander"),
    ("8710400066668", "Sigaretten", 1120, ("tobacco",), ""),
    ("8710400077770", "Appels Elstar 1,5kg", 329, ("fruit",), ""),
)


class DemoFailed(Exception):
    """A part did not start or did not answer; the message says where to look."""


@dataclass
class Place:
    """The folder and addresses of one demo."""

    data: Path
    port: int

    @property
    def agent(self) -> str:
        """The agent's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def central(self) -> str:
        """Central's address."""
        return f"http://127.0.0.1:{self.port + 10}"

    @property
    def agent_config(self) -> Path:
        """The agent's configuration."""
        return self.data / "agent.toml"

    @property
    def central_config(self) -> Path:
        """Central's configuration."""
        return self.data / "central.toml"

    @property
    def agent_data(self) -> Path:
        """The agent's data folder."""
        return self.data / "agent"

    def write_configs(self, scanner: Path, printer_port: int) -> None:
        """Write both configurations."""
        self.agent_data.mkdir(parents=True, exist_ok=True)
        (self.data / "central").mkdir(exist_ok=True)
        self.agent_config.write_text(
            f"""[terminal]
store = "{STORE}"
till = "{TILL}"
language = "nl-NL"
data = "{self.agent_data}"

[web]
listen = "127.0.0.1:{self.port}"

[central]
url = "{self.central}"

[[scanner]]
id = "hand"
kind = "serial"
port = "{scanner}"

[printer]
kind = "network"
host = "127.0.0.1"
port = {printer_port}
columns = {COLUMNS}

[[card]]
pattern = "29\\\\d{{11}}"
check = "ean13"
"""
        )
        self.central_config.write_text(
            f"""listen = "127.0.0.1:{self.port + 10}"
database = "sqlite:///{self.data / "central" / "central.db"}"
data = "{self.data / "central"}"
admin_token_file = "{self.data / "central" / "admin-token"}"
"""
        )


def _installed(command: str) -> str:
    found = shutil.which(command, path=str(Path(sys.executable).parent))
    if found is None:
        raise DemoFailed(f"the command {command} is not installed beside {sys.executable}")
    return found


@dataclass
class Service:
    """One process of the demo; its output goes to a file."""

    name: str
    command: list[str]
    log: Path
    url: str
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises DemoFailed."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                requests.get(f"{self.url}/healthz", timeout=1).raise_for_status()
            except requests.RequestException:
                time.sleep(0.05)
            else:
                return
        tail = self.log.read_text(errors="replace")[-1500:]
        raise DemoFailed(f"{self.name} did not start; {self.log} ends with:\n{tail}")

    def stop(self) -> None:
        """End it as the service manager would."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class Members:
    """Listens to the agent's events, until the agent ends, and counts the members that were found."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._found = threading.Semaphore(0)
        self._answer = requests.get(
            f"{url}/v1/events", headers=headers, stream=True, timeout=(5, 60)
        )
        self._answer.raise_for_status()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            for line in self._answer.iter_lines(chunk_size=1):
                if line == b"event: member":
                    self._found.release()
        except requests.RequestException:
            return

    def wait(self) -> None:
        """Wait until one more member was found. Raises DemoFailed."""
        if not self._found.acquire(timeout=STEP_S):
            raise DemoFailed("a scan did not lead to a member; the agent's log says why")


@dataclass
class Counts:
    """What was seen from outside."""

    posted: int = 0
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
        with members_csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["member_id", "card", "display_name", "points", "since"])
            for number in range(MEMBERS):
                name = f"{_FIRST_NAMES[number % len(_FIRST_NAMES)]} {chr(65 + number % 26)}."
                writer.writerow(
                    [
                        f"M{number:05}",
                        card(number),
                        name,
                        self._random.randrange(0, 240),
                        "2024-05-01",
                    ]
                )
        config = ["--config", str(self.place.central_config), "--json"]
        self._central("members", "import", str(members_csv), *config)
        self._central("programme", "publish", str(sample_programme()), *config)
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
        """One customer: the card is scanned, the POS posts the basket."""
        self.scanner.scan(card(number % MEMBERS))
        members.wait()
        answer = requests.post(
            f"{self.place.agent}/v1/sales",
            json=self._sale(number),
            headers=self.headers,
            timeout=STEP_S,
        )
        if answer.status_code not in {200, 201}:
            raise DemoFailed(f"the sale was answered {answer.status_code}: {answer.text}")
        self.counts.posted += 1
        result: dict[str, Any] = answer.json()["result"]
        self.counts.points += result["earned"].get("points", 0)
        return result

    def _sale(self, number: int) -> dict[str, Any]:
        lines = []
        for index in range(self._random.randrange(1, 7)):
            sku, name, price, categories, brand = self._random.choice(_ARTICLES)
            quantity = self._random.randrange(1, 4)
            line: dict[str, Any] = {
                "line": index + 1,
                "sku": sku,
                "name": name,
                "quantity": quantity,
                "amount": price * quantity,
                "categories": list(categories),
                "tax_rate": "9",
            }
            lines.append(line | ({"brand": brand} if brand else {}))
        total = sum(line["amount"] for line in lines)
        now = datetime.now().astimezone()
        return {
            "sale_id": f"{STORE}-{TILL}-{now:%Y%m%d%H%M%S}-{number:06}",
            "at": now.isoformat(timespec="seconds"),
            "card": {"from": "till"},
            "cashier": "C17",
            "lines": lines,
            "total": {"amount": total, "currency": "EUR"},
            "tenders": [{"type": "card", "amount": total}],
            "print": True,
        }

    def settle(self) -> None:
        """Wait until every record is at central and every receipt is out."""
        self.wait_for("the receipts", lambda: self.printer.printed_count >= self.counts.posted)
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


def card(number: int) -> str:
    """The card of the demo's member so and so: an EAN-13 of the range that shops use inside."""
    bare = f"29{number:010}"
    return bare + str(ean.calc_check_digit(bare))


def sample_programme() -> Path:
    """The sample programme: beside the sources, or where the package installs it."""
    name = Path("config") / "programme.example.toml"
    for root in (Path(__file__).parent.parent, Path(sys.prefix) / "share" / "loyalty-edge-agent"):
        if (root / name).exists():
            return root / name
    raise DemoFailed("the sample programme is not installed")


def run_installed(command: str, *arguments: str) -> str:
    """Run one of our commands and return what it printed. Raises DemoFailed."""
    done = subprocess.run(
        [_installed(command), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise DemoFailed(
            f"{command} {arguments[0]} ended with {done.returncode}: {done.stderr or done.stdout}"
        )
    return done.stdout


def run_demo(
    port: int, data: Path | None, sales: int | None, *, as_json: bool, stop: threading.Event
) -> int:
    """Run the demo; with `sales` until they are done, else until `stop`. Returns the exit code."""
    began_at = time.monotonic()
    say: Callable[[str], None] = (lambda _: None) if as_json else click.echo
    with ExitStack() as stack:
        folder = data or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-agent-demo-"))
        )
        demo = _set_up(stack, Place(folder.absolute(), port), say)
        demo.prepare()
        members = Members(demo.place.agent, demo.headers)
        if sales is None:
            return _show(demo, members, stop, as_json=as_json)
        for number in range(sales):
            if stop.is_set():
                break
            demo.customer(number, members)
            demo.wait_for(
                "the printer",
                lambda: demo.printer.printed_count >= demo.counts.posted - RECEIPTS_BEHIND_MAX,
            )
        demo.settle()
        demo.save_pictures()
        summary = demo.summary(began_at)
        click.echo(json.dumps(summary))
        right = summary["posted"] == summary["accepted"] == summary["printed"] == sales
        return 0 if right and summary["chain"] == "whole" else 1


def _set_up(stack: ExitStack, place: Place, say: Callable[[str], None]) -> Demo:
    place.data.mkdir(parents=True, exist_ok=True)
    scanner = stack.enter_context(PtyScanner(place.data / "scanner"))
    printer = SimulatedPrinter(COLUMNS)
    server = stack.enter_context(PrinterServer(printer))
    place.write_configs(scanner.link, server.port)
    central = Service(
        "central",
        [_installed("loyalty-central"), "run", "--config", str(place.central_config)],
        place.data / "central.log",
        place.central,
    )
    agent = Service(
        "the agent",
        [_installed("edge-agent"), "run", "--config", str(place.agent_config)],
        place.data / "agent.log",
        place.agent,
    )
    stack.callback(central.stop)
    stack.callback(agent.stop)
    return Demo(place, scanner, printer, central, agent, say)


def _show(demo: Demo, members: Members, stop: threading.Event, *, as_json: bool) -> int:
    """Customers come and go; in between the line to central is cut and comes back."""
    place = demo.place
    if as_json:
        token_file = str(place.agent_data / "token")
        click.echo(
            json.dumps({"agent": place.agent, "central": place.central, "token_file": token_file})
        )
    demo.say(f"""
The till's page      {place.agent}/
For store IT         {place.agent}/it
Central              {place.central}/   (admin token: {place.data / "central" / "admin-token"})
The POS's token      {place.agent_data / "token"}
Receipts as pictures {place.data / "receipts"}

Open the till's page beside this window. Ctrl-C ends everything.
""")
    for number, before in enumerate(_script(demo)):
        before()
        result = demo.customer(number, members)
        demo.wait_for("the receipt", lambda: demo.printer.printed_count >= demo.counts.posted)
        demo.save_pictures()
        balance = result["balance"].get("points", {"confirmed": 0, "unconfirmed": 0})
        demo.say(
            f"{result['sale_id']}  {result['card']}  +{result['earned']['points']} punten, saldo "
            f"{balance['confirmed'] + balance['unconfirmed']} ({balance['unconfirmed']} nog niet bevestigd)"
        )
        if number == 0:
            demo.say(
                "\n"
                + "\n".join(f"    | {line:<{COLUMNS}} |" for line in result["receipt"]["lines"])
                + "\n"
            )
        if stop.wait(CUSTOMER_EVERY_S if number > 1 else 2):
            break
    demo.say("Ending.")
    return 0


def _script(demo: Demo) -> Iterator[Callable[[], None]]:
    """What happens before each customer."""

    def nothing() -> None:
        return

    def cut() -> None:
        demo.say("\n--- central is switched off; nothing changes at the till ---")
        demo.central.stop()

    def restore() -> None:
        waiting = demo.status()["outbox"]["records"]
        demo.say(f"--- central is switched on again; {waiting} records wait ---")
        demo.central.start()
        demo.wait_for("central", lambda: demo.status()["outbox"]["records"] == 0)
        demo.say("--- every record is at central, once ---\n")

    yield from (nothing, nothing, nothing, cut, nothing, restore)
    while True:
        yield nothing

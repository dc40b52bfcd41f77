"""A shop with one till: central and agent as processes, a scanner behind a pty, a printer behind TCP, a POS.

Everything lies in one folder and on free loopback ports; the line to central leads through a proxy that can break.
"""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from drivers.simulated_printer import PrintedJob, SimulatedPrinter
from drivers.simulated_printer_server import PrinterServer
from drivers.simulated_scanner import PtyScanner
from edge_agent.demo.goods import card
from sync.identity import enrol, save_identity
from tests.support.fault_proxy import FaultProxy
from tests.support.pos import Pos
from tests.support.process import Process, ReservedPort, installed, run_installed
from tests.support.waiting import DEADLINE_S, wait_until
from tests.tills import PROGRAMME

STORE, TILL = "0412", "03"
TERMINAL = f"{STORE}/{TILL}"
MEMBERS = 40
POINTS_BEFORE = 100
"""Every member begins with so many."""

ADMIN_S = 60.0

HAPPY_HOUR = 'weekdays = ["tue"], from_time = 18:00:00, until_time = 20:00:00'
WITHOUT_PRINTER = '[printer]\nkind = "none"\n'


@dataclass(frozen=True, slots=True)
class Plan:
    """What a shop is to have. `data` is the agent's data folder where it has to lie somewhere else."""

    members: int = MEMBERS
    enrolled: bool = True
    printer: bool = True
    own_programme: bool = False
    listen: str | None = None
    data: Path | None = None
    agent_command: Sequence[str] | None = None


@dataclass
class Shop:
    """A running shop. `open_shop` makes one."""

    folder: Path
    plan: Plan
    central: Process
    agent: Process
    proxy: FaultProxy
    scanner: PtyScanner
    printer: SimulatedPrinter
    printer_server: PrinterServer
    pos: Pos = field(init=False)

    def __post_init__(self) -> None:
        self.pos = self.new_pos()

    @property
    def data(self) -> Path:
        """The agent's data folder."""
        return self.plan.data or self.folder / "agent"

    @property
    def agent_config(self) -> Path:
        """The agent's configuration."""
        return self.folder / "agent.toml"

    @property
    def programme(self) -> Path:
        """The programme that is published."""
        return self.folder / "programme.toml"

    @property
    def central_data(self) -> Path:
        """Central's data folder."""
        return self.folder / "central"

    @property
    def central_config(self) -> Path:
        """Central's configuration."""
        return self.folder / "central.toml"

    def new_pos(self) -> Pos:
        """One more POS, for a thread of its own."""
        return Pos(self.agent.url, self.data / "token")

    # Central.

    def admin(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """A call of central's administration."""
        token = (self.central_data / "admin-token").read_text().strip()
        answer = requests.request(
            method,
            f"{self.central.url}/admin/v1{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=ADMIN_S,
            **more,
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def totals(self) -> dict[str, Any]:
        """Entries per unit and kind, records per state."""
        return self.admin("GET", "/totals")

    def records_at_central(self) -> list[dict[str, Any]]:
        """Every record that central received, all pages."""
        found: list[dict[str, Any]] = []
        while True:
            after = found[-1]["row"] if found else 0
            page = self.admin("GET", f"/records?after={after}")["records"]
            if not page:
                return found
            found += page

    def member_at_central(self, code: str) -> dict[str, Any]:
        """The member with that card, with balance and entries."""
        return self.admin("GET", f"/members?card={code}")

    def import_members(self, rows: Sequence[tuple[str, str, str, int]]) -> dict[str, Any]:
        """Import members: id, card, name, points."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["member_id", "card", "display_name", "points"])
        writer.writerows(rows)
        return self.admin("POST", "/members/import", data=text.getvalue().encode())

    def enrolment_code(self) -> str:
        """A one-time code for this till."""
        made = self.admin("POST", "/terminals", json={"store": STORE, "till": TILL})
        return str(made["code"])

    # The agent.

    def enrol(self) -> None:
        """Make this terminal known, without the half second that the command's start takes."""
        identity = enrol(self.proxy.url, self.enrolment_code(), STORE, TILL)
        save_identity(self.data / "identity", identity)

    def start_agent(self) -> None:
        """Start it; with an identity wait until it has members and programme."""
        self.agent.start()
        if (self.data / "identity").exists():
            self.wait_for_members()
        self.wait_for_device("hand", "ok")

    def wait_for_device(self, device: str, state: str) -> None:
        """Wait until a device is in that state; what is scanned before it is open is lost, as in a shop."""
        wait_until(lambda: self.device(device)["state"] == state, f"{device} is {state}")

    def device(self, device: str) -> dict[str, Any]:
        """A device as the API shows it."""
        found: list[dict[str, Any]] = self.pos.call("GET", "/v1/devices").listed
        return next(each for each in found if each["id"] == device)

    def wait_for_members(self) -> None:
        """Wait until the agent has members and programme."""
        wait_until(
            lambda: self.pos.status()["members"]["count"] >= self.plan.members,
            "members at the till",
        )

    def wait_until_sent(self, deadline_s: float = DEADLINE_S) -> None:
        """Wait until central has every record, and the till knows that."""
        wait_until(
            lambda: self.pos.status()["outbox"]["records"] == 0,
            "every record at central",
            deadline_s,
        )

    def wait_until_posted(self, deadline_s: float = DEADLINE_S) -> None:
        """Wait until central has also posted every record."""
        self.wait_until_sent(deadline_s)
        wait_until(
            lambda: all(each["state"] != "received" for each in self.totals()["records"]),
            "every record posted",
            deadline_s,
        )

    def restart_agent_killed(self) -> None:
        """kill -9 and start again."""
        self.agent.kill()
        self.agent.start()

    def receipt_of(self, sale_id: str) -> PrintedJob | None:
        """The receipt with that reference in the printer's tray."""
        found = [job for job in self.printer.jobs if sale_id.encode() in job.data]
        return found[0] if found else None

    # The journal.

    def journal(self) -> list[dict[str, Any]]:
        """Every record at the till, exported; `body` read."""
        done = run_installed("edge-agent", "journal", "export", "--config", self.agent_config)
        assert done.returncode == 0, done.stderr
        found = [json.loads(line) for line in done.stdout.splitlines()]
        for record in found:
            record["body"] = json.loads(record["body"])
        return found

    def verified(self) -> tuple[int, dict[str, Any]]:
        """What `journal verify` says: exit code and JSON."""
        done = run_installed(
            "edge-agent", "journal", "verify", "--config", self.agent_config, "--json"
        )
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return done.returncode, found

    def faults_at_central(self) -> list[dict[str, str]]:
        """What `loyalty-central verify` finds."""
        done = run_installed("loyalty-central", "verify", "--config", self.central_config, "--json")
        assert done.stdout, done.stderr
        found: list[dict[str, str]] = json.loads(done.stdout)["faults"]
        return found

    def at_central_by_hand(self) -> dict[int, bytes]:
        """seq -> hash of every record, straight out of central's database."""
        with sqlite3.connect(f"file:{self.central_data / 'central.db'}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT seq, hash FROM records ORDER BY seq")
            return {seq: bytes(digest) for seq, digest in rows}

    def everything_written(self) -> bytes:
        """The bytes of every file of both sides: databases, logs, configurations."""
        folders = {self.folder, self.data}
        files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
        return b"\n".join(path.read_bytes() for path in sorted(files))


@contextmanager
def open_shop(folder: Path, plan: Plan | None = None, *, started: bool = True) -> Iterator[Shop]:
    """A shop in `folder`; central runs, and with `started` the agent, too. Everything ends with the block."""
    plan = plan or Plan()
    with ExitStack() as stack:
        ports = [ReservedPort(), ReservedPort()]
        for port in ports:
            stack.callback(port.close)
        scanner = stack.enter_context(PtyScanner(folder / "scanner"))
        printer = SimulatedPrinter(42)
        server = stack.enter_context(PrinterServer(printer))
        proxy = stack.enter_context(FaultProxy(ports[0].number))
        config = folder / "central.toml", folder / "agent.toml"
        central = Process(
            "central",
            [installed("loyalty-central"), "run", "--config", str(config[0])],
            folder / "central.log",
            ports[0],
        )
        agent = Process(
            "the agent",
            [
                *(plan.agent_command or (installed("edge-agent"), "run")),
                "--config",
                str(config[1]),
            ],
            folder / "agent.log",
            ports[1],
        )
        stack.callback(central.stop)
        stack.callback(agent.stop)
        shop = Shop(folder, plan, central, agent, proxy, scanner, printer, server)
        stack.callback(shop.pos.close)
        _write_configs(shop)
        _furnish(shop)
        if started:
            shop.start_agent()
        yield shop


def _furnish(shop: Shop) -> None:
    """Central with a programme, members and this till."""
    shop.central.start()
    shop.admin("PUT", "/programme", data=shop.programme.read_bytes())
    rows = [
        (f"M{number:05}", card(number), f"Noor {chr(65 + number % 26)}.", POINTS_BEFORE)
        for number in range(shop.plan.members)
    ]
    shop.import_members(rows)
    if shop.plan.enrolled:
        shop.enrol()


def programme_text() -> str:
    """The sample programme without its happy hour: tests count points on Tuesday evenings, too."""
    text = PROGRAMME.read_text(encoding="utf-8")
    assert HAPPY_HOUR in text
    return text.replace(HAPPY_HOUR, 'categories = ["never"]')


def _write_configs(shop: Shop) -> None:
    shop.programme.write_text(programme_text(), encoding="utf-8")
    shop.data.mkdir(parents=True, exist_ok=True)
    shop.central_data.mkdir(exist_ok=True)
    shop.central_config.write_text(
        f"""listen = "{shop.central.port.listen}"
database = "sqlite:///{shop.central_data / "central.db"}"
data = "{shop.central_data}"
admin_token_file = "{shop.central_data / "admin-token"}"
"""
    )
    shop.agent_config.write_text(agent_config(shop))


def agent_config(shop: Shop) -> str:
    """The agent's configuration, as TOML."""
    printer = (
        f'[printer]\nkind = "network"\nhost = "127.0.0.1"\nport = {shop.printer_server.port}\ncolumns = 42\n'
        if shop.plan.printer
        else WITHOUT_PRINTER
    )
    programme = f'[programme]\nfile = "{shop.programme}"\n' if shop.plan.own_programme else ""
    return f"""[terminal]
store = "{STORE}"
till = "{TILL}"
language = "nl-NL"
data = "{shop.data}"

[web]
listen = "{shop.plan.listen or shop.agent.port.listen}"

[central]
url = "{shop.proxy.url}"

[[scanner]]
id = "hand"
kind = "serial"
port = "{shop.scanner.link}"

{printer}
[[card]]
pattern = "29\\\\d{{11}}"
check = "ean13"

{programme}"""

"""Helpers for tests of central: a till's journal made with the real domain code, and central as a process."""

import json
import os
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests

from edge_agent.domain.basket import Basket, Line
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import NOBODY, MemberFacts, Standing
from edge_agent.domain.programme import Programme, evaluate, load_programme
from edge_agent.domain.programme.collecting import collect
from edge_agent.domain.programme.evaluation import nothing_bought
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import UNQUOTED, Redemption, Wanted
from edge_agent.domain.record import (
    GENESIS,
    ClockReading,
    Position,
    Record,
    RecordKind,
    chain_hash,
    in_epoch,
    make_attachment,
    make_record,
)
from edge_agent.domain.redeemed import AuthorisedBy, Redeemed
from sync.central.database import Database
from sync.central.settings import Settings
from sync.signing import Signer, new_key, public_key_of
from sync.wire import RecordsMessage, WireRecord
from tests.support.postgres import Databases
from tests.support.process import installed, run_installed, start
from tests.support.warm import Started

AT = datetime(2026, 11, 21, 14, 3, 11, tzinfo=UTC)
EXPIRES_ON = date(2027, 11, 30)
DEADLINE_S = 30
JSON = {"Content-Type": "application/json"}


class Place:
    """Which kind of database the centrals of the running tests are on."""

    def __init__(self) -> None:
        self.databases: Databases | None = None
        self.copies = False
        """Whether a database in a new file is a copy that has its tables already."""

    def url(self, folder: Path) -> str:
        """The database of the central in this folder: a file there, or one on a PostgreSQL server."""
        if self.databases is None:
            file = folder / "central.db"
            if self.copies and folder.exists() and not file.exists():
                file.write_bytes(_empty_database())
            return f"sqlite:///{file}"
        return self.databases.of(folder)

    def back_up(self, folder: Path) -> Callable[[], None]:
        """Keep the database of the central in this folder, which does not run, as it is; called, it is put back.

        What else is in the folder stays as it is: keys and members files, which have a place of their own in a shop.
        """
        if self.databases is not None:
            return partial(self.databases.put_back, folder, self.databases.back_up(folder))
        content = (folder / "central.db").read_bytes()
        return partial(_put_back, folder / "central.db", content)


def _put_back(file: Path, content: bytes) -> None:
    for beside in file.parent.glob(f"{file.name}-*"):
        beside.unlink()
    file.write_bytes(content)


PLACE = Place()


@cache
def _empty_database() -> bytes:
    """A database with central's tables, as its first start makes it; that takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "central.db"
        Database(f"sqlite:///{file}").close()
        return file.read_bytes()


def settings_in(folder: Path, **more: Any) -> Settings:
    """Settings for a central of its own in `folder`, on a free port."""
    values: dict[str, Any] = {
        "listen": "127.0.0.1:0",
        "database": PLACE.url(folder),
        "data": folder / "data",
        "admin_token_file": folder / "admin-token",
    }
    return Settings(**(values | more))


def config_in(folder: Path) -> Path:
    """The same as a file."""
    path = folder / "central.toml"
    path.write_text(
        f'listen = "127.0.0.1:0"\ndatabase = "{PLACE.url(folder)}"\n'
        f'data = "{folder}/data"\nadmin_token_file = "{folder}/admin-token"\n'
    )
    return path


def earn(
    quantity: int, line: int = 1, rule: str = "base", expires_on: date | None = EXPIRES_ON
) -> Entry:
    """Points that a line earned."""
    return Entry(EntryKind.EARN, "points", quantity, rule, line, None, expires_on)


def spend(quantity: int, rule: str = "coffee", expires_on: date | None = EXPIRES_ON) -> Entry:
    """Points that were used, from those of one day of expiry."""
    return Entry(EntryKind.REDEEM, "points", -quantity, rule, expires_on=expires_on)


def give_again(sale: Record, quantity: int, expires_on: date | None = EXPIRES_ON) -> Entry:
    """Points that were used with a sale, given back."""
    return Entry(EntryKind.REVERSE, "points", quantity, "coffee", None, sale.id, expires_on)


def visit(day: date | None = None) -> Entry:
    """A counted visit, on the day of the records where no other is given."""
    return Entry(EntryKind.COUNT, "count/visits", 1, "visits", day=day or AT.date())


def take_back(
    sale: Record,
    quantity: int,
    line: int = 1,
    rule: str = "base",
    expires_on: date | None = EXPIRES_ON,
) -> Entry:
    """`quantity` points that a sale's line earned, taken back."""
    return Entry(EntryKind.REVERSE, "points", -quantity, rule, line, sale.id, expires_on)


STARTER = (Path(__file__).parents[1] / "config" / "programmes" / "starter.toml").read_text("utf-8")


@cache
def _starter() -> Programme:
    return load_programme(STARTER, "starter")


def _earns(account: str | None, basket: Basket, entries: Sequence[Entry]) -> str | None:
    """The digest of the starter programme, if this is what it gives for that basket."""
    facts = NOBODY if account is None else MemberFacts(account, Standing.UNKNOWN)
    came = evaluate(_starter(), facts, basket, AT, UNQUOTED)
    return _starter().digest if came.entries == tuple(entries) else None


@dataclass
class Till:
    """The journal of one till, kept in memory."""

    terminal: str = "0412/03"
    epoch: str = field(default_factory=lambda: uuid.uuid4().hex)
    records: list[Record] = field(default_factory=list)

    def append(
        self,
        kind: RecordKind,
        facts: Mapping[str, Any],
        attachment: Mapping[str, Any] | None = None,
    ) -> Record:
        """One more record with these facts."""
        seq = len(self.records) + 1
        record = make_record(
            Position(self.terminal, self.epoch, seq),
            uuid.uuid4().hex,
            kind,
            AT,
            ClockReading(AT, "boot", seq),
            self.records[-1].hash if self.records else GENESIS,
            facts,
            make_attachment(uuid.uuid4().bytes, attachment or {}),
        )
        self.records.append(record)
        return record

    def tell_again(self, record: Record) -> None:
        """A record of an earlier epoch, taken over into this one, id and all."""
        previous = self.records[-1].hash if self.records else GENESIS
        body = in_epoch(record.body, record.hash, self.epoch)
        digest = chain_hash(previous, body)
        self.records.append(replace(record, previous=previous, hash=digest, body=body))

    def sale(
        self,
        account: str | None = None,
        entries: Sequence[Entry] = (),
        card: str | None = None,
        sale_id: str | None = None,
        amount: int | None = None,
    ) -> Record:
        """A sale of one line, by the starter programme where that is what it earns.

        Without an amount it is one that earns what the first of the entries says.
        """
        if amount is None:
            earned = entries[0].quantity if entries and entries[0].kind is EntryKind.EARN else 2
            amount = earned * 100 + 58
        basket = Basket((Line(1, "8710400011118", Decimal(2), amount),), amount, "EUR")
        facts = {
            "programme": _earns(account, basket, entries),
            "facts": None if account is None else {"account": account, "standing": "unknown"},
            "sale": {"sale_id": sale_id or f"s-{uuid.uuid4().hex[:12]}"},
            "basket": basket.to_json(),
            "entries": [entry.to_json() for entry in entries],
        }
        attached = None if card is None else {"card": {"code": card, "entry": "scanned"}}
        return self.append(RecordKind.SALE, facts, attached)

    def give_back(
        self,
        original: str | None,
        entries: Sequence[Entry] = (),
        account: str | None = None,
        sale_id: str = "s-1",
        return_id: str | None = None,
    ) -> Record:
        """A return of one of line 1."""
        facts = {
            "return": {
                "return_id": return_id or f"r-{uuid.uuid4().hex[:12]}",
                "sale_id": sale_id,
                "original": original,
                "lines": [{"line": 1, "quantity": "1"}],
            },
            "facts": None if account is None else {"account": account, "standing": "known"},
            "entries": [entry.to_json() for entry in entries],
        }
        return self.append(RecordKind.RETURN, facts)

    def void(
        self,
        original: str | None,
        entries: Sequence[Entry] = (),
        account: str | None = None,
        sale_id: str = "s-1",
    ) -> Record:
        """A void of a whole sale."""
        facts = {
            "void": {
                "void_id": f"v-{uuid.uuid4().hex[:12]}",
                "sale_id": sale_id,
                "original": original,
            },
            "facts": None if account is None else {"account": account, "standing": "known"},
            "entries": [entry.to_json() for entry in entries],
        }
        return self.append(RecordKind.VOID, facts)

    def act(
        self,
        kind: RecordKind,
        names: Mapping[str, Any],
        account: str | None = None,
        entries: Sequence[Entry] = (),
        attached: Mapping[str, Any] | None = None,
    ) -> Record:
        """A redemption, action, answer or enrolment, named by its facts."""
        facts = {
            "programme": None,
            kind.value: names,
            "facts": None if account is None else {"account": account, "standing": "unknown"},
            "entries": [entry.to_json() for entry in entries],
        }
        return self.append(kind, facts, attached)

    def five_euro(
        self, account: str, card: str | None = None, redemption_id: str = "w-1"
    ) -> Record:
        """The starter programme's five euro for 250 points, without a sale, on the word of this till's limits."""
        programme, store = _starter(), self.terminal.partition("/")[0]
        held = (Holding("points", 250, EXPIRES_ON),)
        facts = MemberFacts(account, Standing.KNOWN, holdings=held)
        wish = Redemption("five-euro", id=redemption_id)
        wanted = Wanted((wish,), reduces=False, spendable={"points": 250})
        came = collect(programme, facts, wanted, AT, store=store)
        basket = nothing_bought(programme, store)
        recorded = Recorded(programme.digest, facts, basket, wanted, came.entries)
        used = Redeemed(redemption_id, wish.reward, AuthorisedBy.LIMIT, "points", 250, 500)
        body = {
            "redemption": {"redemption_id": redemption_id},
            "redeemed": [used.to_json()],
            **recorded.to_json(),
            "entries": [each.to_json() for each in came.entries],
        }
        attached = None if card is None else {"card": {"code": card, "entry": "scanned"}}
        return self.append(RecordKind.REDEMPTION, body, attached)

    def message(self, first: int = 1, last: int | None = None) -> RecordsMessage:
        """The push of records `first` to `last` (both included)."""
        chosen = self.records[first - 1 : last]
        return message_of(self, [WireRecord.of(record) for record in chosen])


def message_of(till: Till, records: Sequence[WireRecord]) -> RecordsMessage:
    """A push of these records."""
    return RecordsMessage(terminal=till.terminal, epoch=till.epoch, records=tuple(records))


@dataclass
class Running:
    """A central in its own process."""

    url: str
    process: subprocess.Popen[bytes] | Started
    config: Path
    admin_token: str

    def enrol(self, store: str = "0412", till: str = "03") -> "Wire":
        """Enrol a terminal the way it is done in a shop."""
        made = self.admin("POST", "/terminals", json={"store": store, "till": till}).json()
        answer = self.ask_to_enrol(made["code"], store, till, key := new_key())
        assert answer.status_code == 200, answer.text
        body = answer.json()
        signer = Signer(body["terminal"], key)
        return Wire(self.url, body["terminal"], signer, body["card_key"], body["central_key"])

    def ask_to_enrol(self, code: str, store: str, till: str, key: bytes) -> requests.Response:
        """Exchange a code for being known by a key."""
        asked = {"code": code, "store": store, "till": till, "public_key": public_key_of(key).hex()}
        path, body = "/wire/v1/enrolments", json.dumps(asked).encode()
        headers = Signer(f"{store}/{till}", key).signed("POST", path, body, JSON)
        return requests.post(self.url + path, data=body, headers=headers, timeout=DEADLINE_S)

    def publish(self, text: str = STARTER) -> None:
        """Make that the current programme."""
        answer = self.admin("PUT", "/programme", data=text.encode())
        assert answer.status_code in {200, 201}, answer.text

    def admin(self, method: str, path: str, **more: Any) -> requests.Response:
        """A call of /admin/v1."""
        headers = {"Authorization": f"Bearer {self.admin_token}", **more.pop("headers", {})}
        return requests.request(
            method, f"{self.url}/admin/v1{path}", headers=headers, timeout=DEADLINE_S, **more
        )


@dataclass
class Wire:
    """A terminal's view of central."""

    url: str
    terminal: str
    signer: Signer
    card_key: str
    central_key: str = ""

    def push(self, message: RecordsMessage) -> requests.Response:
        """Send records."""
        return self.post(message.model_dump_json().encode())

    def post(self, body: bytes, **headers: str) -> requests.Response:
        """Send any bytes as records."""
        path = "/wire/v1/records"
        signed = self.signer.signed("POST", path, body, JSON | headers)
        return requests.post(self.url + path, data=body, headers=signed, timeout=DEADLINE_S)

    def changes(self, **query: Any) -> requests.Response:
        """Ask what changed."""
        path = f"/wire/v1/changes?{urlencode(query)}" if query else "/wire/v1/changes"
        signed = self.signer.signed("GET", path, None, {})
        return requests.get(self.url + path, headers=signed, timeout=DEADLINE_S + 30)


@contextmanager
def running_central(folder: Path) -> Iterator[Running]:
    """Central as its own process with its data in `folder`; SIGTERM at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    config = config_in(folder)
    command = [installed("loyalty-central"), "run", "--config", str(config), "--json"]
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as said, (folder / "stderr").open("a") as stderr:
        process = start(command, writing, stderr.fileno())
        os.close(writing)
        try:
            line = said.readline()
            assert line, (folder / "stderr").read_text()
            token = (folder / "admin-token").read_text().strip()
            yield Running(json.loads(line)["central"], process, config, token)
        finally:
            process.terminate()
            process.wait(DEADLINE_S)


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`loyalty-central` with these arguments, to its end."""
    return run_installed("loyalty-central", *arguments)

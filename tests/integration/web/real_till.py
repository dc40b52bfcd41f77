"""The real till on real SQLite files, with a simulated scanner and printer, as the API gets it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from drivers.build import PrinterSettings, ScannerSettings, build_printer, build_scanner
from drivers.ports import Scan
from drivers.printer_supervisor import PrinterSupervisor
from drivers.scanner_supervisor import ScannerSupervisor
from drivers.simulated_printer import SimulatedPrinter
from edge_agent.clock import Clock
from edge_agent.devices import Devices, PrintQueue
from edge_agent.domain.basket import Sale
from edge_agent.domain.cards import CardCheck, CardPattern, card_key
from edge_agent.domain.holdings import Holding
from edge_agent.domain.members_file import Member, MembersPosition
from edge_agent.errors import LoyaltyError
from edge_agent.health import Health, Word
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.members import MembersFile
from edge_agent.passing_on import PassingOn
from edge_agent.status import Status
from edge_agent.till.directory import Directory
from edge_agent.till.limits import OfflineLimits
from edge_agent.till.parts import Parts, TillSettings
from edge_agent.till.shelf import ProgrammeShelf
from edge_agent.till.till import Till
from edge_agent.till.views import Answer
from edge_agent.web.events import EventHub
from sync.link import LinkState, LinkStatus

KNOWN = "2912345678906"
UNKNOWN = "2900000000001"
NAME = "Anna de V."
NOW = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
PROGRAMME = """
format = 1
id = "web-tests"
version = 1
name = "Zuiver Punten"
timezone = "Europe/Amsterdam"
currency = "EUR"
valid_from = 2026-01-01T00:00:00+01:00

[unit.points.name]
one = { nl = "punt", en = "point", de = "Punkt", fr = "point" }
many = { nl = "punten", en = "points", de = "Punkte", fr = "points" }

[unit.points.expiry]
months = 12
rounded = "end-of-month"

[[earn]]
id = "base"
points = 1
per = 100
rounding = "floor"
stage = "sale"
why.nl = "1 punt per hele euro"
why.en = "1 point per whole euro"
why.de = "1 Punkt je vollem Euro"
why.fr = "1 point par euro entier"

[[consent]]
purpose = "e-mail"
version = "2026-01"
text = "Ja, stuur mij aanbiedingen per e-mail."

[[reward]]
id = "five-euro"
title = "€ 5 korting"
cost = 100
off = { amount = 500 }

[[reward]]
id = "fifth-off"
title = "een vijfde korting"
cost = 50
off = { percent = 20 }

[[action]]
id = "review"
title = "een recensie"
gives = [{ unit = "points", quantity = 25 }]

[[question]]
id = "recommend"
text = "Zou u ons aanraden?"
"""
_KEY = b"k" * 32


class FaultyTill(Till):
    """The real till; `failure` is raised instead of selling, for what cannot be brought about from outside."""

    failure: Exception | None = None

    def sell(self, sale: Sale) -> Answer:
        if self.failure is not None:
            raise self.failure
        return super().sell(sale)


class FaultyStatus:
    """The real status; `fault` is raised instead."""

    fault: LoyaltyError | None = None

    def __init__(self, status: Status) -> None:
        self._status = status

    def to_json(self) -> dict[str, Any]:
        if self.fault is not None:
            raise self.fault
        return self._status.to_json()


@dataclass(frozen=True, slots=True)
class _Line:
    offline: bool = True


@dataclass
class Terminal:
    """Everything behind the API."""

    folder: Path
    till: FaultyTill
    shelf: ProgrammeShelf
    members: MembersFile
    ledger: Ledger
    devices: Devices
    codes: PassingOn
    printer: SimulatedPrinter
    health: Health
    status: FaultyStatus

    def rows(self) -> int:
        """How many acts are on disk."""
        return self.ledger.head.seq


def anna(points: int = 118) -> Member:
    """A member with one card and so many points."""
    return Member(
        "m-anna",
        display_name=NAME,
        tier=None,
        since=date(2024, 5, 1),
        lots=(Holding("points", points, date(2027, 12, 31)),),
        cards=(card_key(_KEY, KNOWN),),
    )


def _members(folder: Path, epoch: str) -> MembersFile:
    members = MembersFile(folder)
    with members.update() as update:
        update.put([anna()])
        update.commit(MembersPosition(1, epoch, 0, NOW - timedelta(minutes=5), 1))
    return members


@contextmanager
def a_terminal(folder: Path, events: EventHub) -> Iterator[Terminal]:
    """Put one together and take it apart."""
    clock = Clock(None, lambda: NOW)
    ledger = Ledger.open(folder, "0412/03", NOW)
    members = _members(folder / "members", ledger.epoch)
    shelf = ProgrammeShelf(ledger)
    shelf.offer(PROGRAMME, "programme of the tests", NOW)
    mechanism = SimulatedPrinter(42)
    holder: list[Till] = []
    printer = PrinterSupervisor(
        build_printer(PrinterSettings("simulated", columns=42), simulated=mechanism),
        on_outcome=lambda _job, _outcome: None,
        on_change=lambda report: events.publish("device", report.as_json()),
    )

    def scanned(scan: Scan) -> None:
        holder[0].scanned(scan.device, scan.text, scan.symbology)

    scanner = ScannerSupervisor(
        build_scanner(ScannerSettings("hand", "simulated")),
        on_scan=scanned,
        on_discard=lambda _discarded: None,
        on_change=lambda report: events.publish("device", report.as_json()),
    )
    devices = Devices({"hand": scanner}, printer, "nl")
    patterns = (CardPattern(re.compile(r"29\d{11}"), CardCheck.EAN13),)
    parts = Parts(
        TillSettings("0412", "03", "nl", patterns),
        ledger,
        Directory(members, lambda: _KEY, ledger.is_own_epoch),
        shelf,
        clock,
        events,
        PrintQueue(printer),
        _Line(),
    )
    till = FaultyTill(parts)
    holder.append(till)
    codes = PassingOn("0412", "nl", "https://loyalty.example", PrintQueue(printer))
    health = Health()
    status = FaultyStatus(
        Status(
            folder,
            ledger,
            members,
            shelf,
            clock,
            lambda: LinkStatus(LinkState.OFFLINE, "", "", NOW, None, 2),
            OfflineLimits(),
            lambda: True,
        )
    )
    health.part("ledger", lambda: Word("failed", "gone") if status.fault else Word("ok"))
    health.part("programme", lambda: Word("ok"))
    health.part("printer", lambda: _printer_word(devices))
    devices.start()
    try:
        yield Terminal(
            folder, till, shelf, members, ledger, devices, codes, mechanism, health, status
        )
    finally:
        devices.stop()
        members.close()
        ledger.close()


def _printer_word(devices: Devices) -> Word:
    (report,) = [each for each in devices.reports() if each.role == "printer"]
    return Word("ok") if report.state == "ok" else Word("degraded", report.state)

"""Settings -> ledger, devices, till, sync, web: the only file that names concrete parts."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from flask import Flask

from drivers.build import PrinterSettings, ScannerSettings, build_printer, build_scanner
from drivers.ports import DeviceReport, Discarded, PrintOutcome, Scan
from drivers.printer_supervisor import PrinterSupervisor
from drivers.reading import REPEAT_WINDOW_S, RepeatWindow
from drivers.scanner_supervisor import ScannerSupervisor
from drivers.share import SharedPort, Standing
from edge_agent.central_line import CentralAuthority, CentralLine
from edge_agent.clock import system_now
from edge_agent.devices import Devices, PrintQueue
from edge_agent.enrolling import Enrolling
from edge_agent.errors import LedgerUnavailable
from edge_agent.health import OK, Health, Heartbeat, Watchdog, Word
from edge_agent.notify import Notifier, watchdog_s
from edge_agent.passing_on import PassingOn
from edge_agent.settings import PrinterTable, ScannerTable, Settings, read_token
from edge_agent.sharing import Sharing
from edge_agent.status import Status, agent_version, disk_free_bytes
from edge_agent.store import Store
from edge_agent.till.directory import Directory
from edge_agent.till.limits import OfflineLimits
from edge_agent.till.parts import Parts, TillSettings
from edge_agent.till.till import Till
from edge_agent.till.views import PrintState
from edge_agent.web.app import create_app
from edge_agent.web.config import WebConfig
from edge_agent.web.events import EventHub
from edge_agent.web.metrics import Metrics
from edge_agent.web.pages import pages_blueprint
from edge_agent.web.ports import Ports
from edge_agent.web.server import WebServer, address_of, listening_socket
from sync.authorise import Authoriser
from sync.link import LinkStatus
from sync.worker import Parts as SyncParts
from sync.worker import Worker

HOUSEKEEPING_S = 1.0
"""How often the log is folded and the devices' progress is looked at; a second's records are a few hundred KB."""

DEVICE_LOOP_BOUND_S = 60.0
"""A printer's thread may be busy some 20 s with one job on a slow line; three of those and it hangs."""

DISK_FREE_BYTES_LOW = 100_000_000
"""Some four thousand large sales: time for store IT to make room before the first sale is refused."""


@dataclass
class Agent:
    """One running agent. `start`, then `run` until told to stop, then `stop`."""

    store: Store
    till: Till
    devices: Devices
    worker: Worker
    authoriser: Authoriser
    events: EventHub
    web: WebServer
    address: str
    health: Health
    status: Status
    notifier: Notifier
    _beats: dict[str, tuple[Heartbeat, float]] = field(default_factory=dict)
    _told: tuple[int, int] = (-1, -1)
    _untidy: bool = False

    def start(self) -> None:
        """Start every thread and begin to answer."""
        self.store.ledger.on_recorded(self.worker.wake)
        self.devices.start()
        for loop in self.devices.loops():
            self._beats[loop.name] = (self.health.loop(loop.name, DEVICE_LOOP_BOUND_S), -1.0)
        self.worker.start()
        self.authoriser.start()
        self.web.start()
        self.notifier.ready()
        structlog.get_logger(__name__).info(
            "ready", address=self.address, terminal=self.store.ledger.terminal
        )

    def run(self, stop: threading.Event) -> int:
        """Keep house until `stop` is set; the exit code: 0, or 3 when the disk failed under the ledger."""
        watchdog = Watchdog(self.health, self.notifier, watchdog_s())
        watchdog.turn()
        turn_s = min(HOUSEKEEPING_S, watchdog.interval_s)
        while not stop.wait(turn_s):
            self._carry_beats()
            self._tell_sync()
            self._tidy()
            watchdog.turn()
            if self.store.ledger.broken:
                structlog.get_logger(__name__).critical("ledger_broken")
                return 3
        return 0

    def _carry_beats(self) -> None:
        """The drivers know nothing of health: their threads say when they last made progress, and we pass it on."""
        for loop in self.devices.loops():
            heartbeat, before = self._beats[loop.name]
            progress = loop.last_progress_s()
            if progress > before:
                heartbeat.beat()
                self._beats[loop.name] = (heartbeat, progress)

    def _tidy(self) -> None:
        """Fold the log. A disk without room must not end the agent: it answers that, and goes on once there is."""
        try:
            self.store.ledger.tidy()
        except LedgerUnavailable as error:
            if not self._untidy:
                structlog.get_logger(__name__).error("log_not_folded", detail=error.detail)
            self._untidy = True
        else:
            self._untidy = False

    def _tell_sync(self) -> None:
        now = (self.store.ledger.head.seq, self.store.ledger.received().seq)
        if now != self._told:
            self._told = now
            self.events.publish("sync", self.status.sync_json())

    def reconnect(self) -> None:
        """Ask central now, whatever pause there is: this terminal was enrolled anew, or the line is back."""
        self.worker.reconnect()

    def stop(self) -> None:
        """End everything; what was acknowledged is on disk already."""
        self.notifier.stopping()
        self.web.stop()
        self.devices.stop()
        self.worker.stop()
        self.authoriser.stop()
        self.store.close()


def build_agent(settings: Settings, now: Callable[[], datetime] = system_now) -> Agent:
    """Put an agent together; nothing runs yet, but the data folder is held and the port is bound.

    `now` is the system's wall clock.

    Raises what `Store.open` raises, ProgrammeInvalid, SettingsInvalid, or OSError when the port is taken.
    """
    token = read_token(settings)
    store = Store.open(settings, now)
    try:
        store.begin_with_programme_file()
        bound = listening_socket(settings.web.listen)
        address = address_of(bound)
        return _assemble(settings, store, address, bound, token or store.folder.token())
    except BaseException:
        store.close()
        raise


def _assemble(settings: Settings, store: Store, address: str, bound: Any, token: str) -> Agent:
    events = EventHub()
    health = Health()
    line = CentralLine(settings)
    outbox, members, programmes = store.sync_ports()

    def link_changed(_status: LinkStatus) -> None:
        events.publish("sync", agent_status.sync_json())

    worker = Worker(
        SyncParts(line.connect, outbox, members, programmes, loop=health.loop, changed=link_changed)
    )
    line.watch(lambda: worker.status)
    terminal = store.ledger.terminal
    authoriser = Authoriser(line.connect_to_authorise, terminal, line.deadline_s, health.loop)
    agent_status = Status(
        settings.terminal.data,
        store.ledger,
        store.members,
        store.shelf,
        store.clock,
        lambda: worker.status,
        offline_limits(settings),
        lambda: authoriser.is_open,
    )
    printer = _printer(
        settings, events, lambda job_id, outcome: till.printed(job_id, PrintState(outcome.result))
    )
    authority = CentralAuthority(authoriser, terminal, lambda: line.unreachable)
    printing = PrintQueue(printer)
    till = _till(settings, store, events, printing, line, authority)
    enrolling = Enrolling(settings, lambda: worker.status.state, worker.reconnect)
    shared = {
        table.id: SharedPort(table.id, path)
        for table in settings.scanner
        if (path := table.share_path) is not None
    }
    scanners = {
        table.id: _scanner(table, events, till, shared.get(table.id), enrolling.takes)
        for table in settings.scanner
    }
    devices = Devices(scanners, printer, settings.language, tuple(shared.values()))
    _say_how_we_are(health, store, devices)
    ports = Ports(
        till=till,
        devices=devices,
        enrolling=enrolling,
        codes=PassingOn(
            settings.terminal.store,
            settings.language,
            None if settings.central is None else settings.central.url,
            printing,
        ),
        health=health,
        status=agent_status.to_json,
        events=events,
        metrics=Metrics(agent_status.to_json, devices.to_json, events),
    )
    server = WebServer(_app(settings, ports, address, token), bound, events)
    notifier = Notifier.from_environment()
    return Agent(
        store,
        till,
        devices,
        worker,
        authoriser,
        events,
        server,
        address,
        health,
        agent_status,
        notifier,
    )


def _till(
    settings: Settings,
    store: Store,
    events: EventHub,
    printing: PrintQueue,
    line: CentralLine,
    authority: CentralAuthority,
) -> Till:
    terminal = settings.terminal
    return Till(
        Parts(
            settings=TillSettings(
                terminal.store,
                terminal.till,
                settings.language,
                settings.patterns,
                offline_limits(settings),
                terminal.channel,
            ),
            ledger=store.ledger,
            directory=Directory(store.members, line.card_key, store.ledger.is_own_epoch),
            shelf=store.shelf,
            clock=store.clock,
            events=events,
            printing=printing,
            line=line,
            card_key=line.card_key,
            authority=authority,
        )
    )


def offline_limits(settings: Settings) -> OfflineLimits:
    """The limits on redeeming in the till's words."""
    table = settings.redemption.offline
    return OfflineLimits(
        table.points_per_redemption,
        table.points_per_member,
        table.points_per_outage,
        timedelta(hours=table.members_max_age_hours),
    )


def _app(settings: Settings, ports: Ports, address: str, token: str) -> Flask:
    terminal = settings.terminal
    config = WebConfig(address, token, settings.web.origins, agent_version())
    return create_app(
        ports,
        config,
        lambda admit: pages_blueprint(
            store=terminal.store, till=terminal.till, language=terminal.language, admit=admit
        ),
    )


def _say_how_we_are(health: Health, store: Store, devices: Devices) -> None:
    health.part("ledger", lambda: Word("failed", "the disk failed") if store.ledger.broken else OK)
    health.part("disk", lambda: _disk_word(store.settings.terminal.data))
    health.part("programme", lambda: _programme_word(store))
    health.part("devices", lambda: _devices_word(devices.reports()))
    if devices.sharing():
        health.part("sharing", lambda: _sharing_word(devices.sharing()))


def _disk_word(folder: Path) -> Word:
    free = disk_free_bytes(folder)
    return (
        OK
        if free > DISK_FREE_BYTES_LOW
        else Word("degraded", f"{free // 1_000_000} MB left on the disk")
    )


def _programme_word(store: Store) -> Word:
    current = store.shelf.current(store.clock.now())
    return (
        Word("failed", "no programme applies now; central publishes it") if current is None else OK
    )


def _devices_word(reports: list[DeviceReport]) -> Word:
    trouble = [
        f"{report.id} {report.reason or report.state}" for report in reports if report.state != "ok"
    ]
    return Word("degraded", ", ".join(trouble)) if trouble else OK


def _sharing_word(standings: list[Standing]) -> Word:
    trouble = [
        f"{each.report.id} {each.report.reason or each.report.state}"
        for each in standings
        if each.report.state != "ok"
    ] + [
        f"{each.report.id} {each.dropped_since} scans did not reach the POS"
        for each in standings
        if each.dropped_since
    ]
    return Word("degraded", ", ".join(trouble)) if trouble else OK


def _published(events: EventHub) -> Callable[[DeviceReport], None]:
    return lambda report: events.publish("device", report.as_json())


def _printer(
    settings: Settings, events: EventHub, on_outcome: Callable[[str, PrintOutcome], None]
) -> PrinterSupervisor | None:
    table = settings.printer
    if table.kind == "none":
        return None
    driver = build_printer(printer_settings(table))
    return PrinterSupervisor(driver, on_outcome=on_outcome, on_change=_published(events))


def _scanner(
    table: ScannerTable,
    events: EventHub,
    till: Till,
    port: SharedPort | None,
    enrols: Callable[[str], bool],
) -> ScannerSupervisor:
    def on_scan(scan: Scan) -> None:
        if not enrols(scan.text):
            till.scanned(scan.device, scan.text, scan.symbology)

    def on_discard(discarded: Discarded) -> None:
        events.publish(
            "scan",
            {
                "device": discarded.device,
                "shown": "",
                "symbology": None,
                "accepted": False,
                "reason": discarded.reason,
            },
        )

    sharing = None if port is None else Sharing(till, port, on_discard, RepeatWindow())
    return ScannerSupervisor(
        build_scanner(scanner_settings(table)),
        on_scan=sharing.scan if sharing else on_scan,
        on_discard=sharing.discarded if sharing else on_discard,
        on_trailing=sharing.trailing if sharing else None,
        on_change=_published(events),
    )


def scanner_settings(table: ScannerTable) -> ScannerSettings:
    """A scanner's table in the drivers' words."""
    return ScannerSettings(
        table.id,
        table.kind,
        table.port,
        table.baud,
        table.suffix,
        repeat_window_s=0 if table.share else REPEAT_WINDOW_S,
    )


def printer_settings(table: PrinterTable) -> PrinterSettings:
    """The printer's table in the drivers' words."""
    return PrinterSettings(
        kind=table.kind,
        host=table.host,
        port=table.port,
        path=table.path,
        baud=table.baud,
        profile=table.profile,
        columns=table.columns,
        code_page=table.code_page,
        answers=table.answers,
    )

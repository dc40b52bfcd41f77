"""`edge-agent check`: everything that can be said before the agent starts."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from drivers.build import build_printer, build_scanner
from drivers.ports import SettingsError
from drivers.share import obstacle
from edge_agent.compose import printer_settings, scanner_settings
from edge_agent.domain.programme import ProgrammeInvalid, load_programme
from edge_agent.errors import LedgerUnavailable
from edge_agent.ledger.database import sqlite_is_sound, sqlite_version
from edge_agent.ledger.inspect import JournalReader, open_journal
from edge_agent.ledger.journal import Fault
from edge_agent.ledger.ledger import LEDGER_FILE
from edge_agent.settings import ScannerTable, Settings, SettingsInvalid, read_token, warnings
from sync.errors import CentralError, quarantined
from sync.identity import Identity, exposed, load_identity
from sync.signing import head_statement, is_signed_by

Finding = tuple[Literal["fine", "note", "wrong"], str]

RUNTIME_FOLDERS = Path("/run")
"""systemd makes a service's RuntimeDirectory= here at its start, and takes it away at its end."""

PRINTER_TRY_S = 2.0
"""A printer on the shop's network answers within milliseconds; this is for one that is off."""


def check_settings(settings: Settings) -> list[Finding]:
    """Look at everything that the settings name; nothing is changed, and no device is opened for long."""
    findings: list[Finding] = [
        *_data(settings.terminal.data, f"{settings.terminal.store}/{settings.terminal.till}"),
        *_token(settings),
        *_central(settings),
        *(finding for table in settings.scanner for finding in _scanner(table)),
        *(finding for table in settings.scanner for finding in _share(table)),
        *_printer(settings),
        *_programme(settings),
    ]
    findings += [("note", text) for text in warnings(settings)]
    level: Literal["fine", "wrong"] = "fine" if sqlite_is_sound() else "wrong"
    findings.append((level, f"SQLite {sqlite_version()}"))
    return findings


def _ledger(folder: Path, terminal: str) -> Iterator[Finding]:
    if not (folder / LEDGER_FILE).exists():
        return
    try:
        with open_journal(folder) as journal:
            if journal.terminal != terminal:
                yield (
                    "wrong",
                    f"terminal.data: holds the ledger of {journal.terminal}, and this is {terminal}",
                )
            if (why := journal.standing()) is not None:
                yield "wrong", f"central: {quarantined(why).detail}"
    except LedgerUnavailable as error:
        yield "wrong", f"terminal.data: {error.detail}"


def unsigned(identity: Identity | None, journal: JournalReader) -> Fault | None:
    """What is wrong with central's signature of the position that the journal says it holds; None where nothing is.

    Whoever cuts off the end of a journal can set back that position, but not sign for it.
    """
    received = journal.received()
    if identity is None or received.seq == 0:
        return None
    statement = head_statement(journal.terminal, journal.epoch, received.seq, received.hash.hex())
    if is_signed_by(identity.central_key, journal.signature() or b"", statement):
        return None
    return Fault(received.seq, "central has not signed that it holds the journal up to here")


def _data(folder: Path, terminal: str) -> Iterator[Finding]:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        yield "wrong", f"terminal.data: {existing} cannot be written to"
    elif folder.exists() and not folder.is_dir():
        yield "wrong", f"terminal.data: {folder} is not a folder"
    else:
        yield "fine", f"data in {folder}"
        yield from _ledger(folder, terminal)


def _token(settings: Settings) -> Iterator[Finding]:
    try:
        token = read_token(settings)
    except SettingsInvalid as error:
        yield from (("wrong", mistake) for mistake in error.mistakes)
        return
    yield (
        "fine",
        "the POS's token is there" if token else "the POS's token is made at the first start",
    )


def _central(settings: Settings) -> Iterator[Finding]:
    if settings.central is None:
        yield (
            "note",
            "central: none is configured, so members and programme have to come from elsewhere",
        )
        return
    path = settings.identity_file
    try:
        identity = load_identity(path)
    except CentralError as error:
        yield "wrong", f"central.identity: {error.detail}"
        return
    terminal = f"{settings.terminal.store}/{settings.terminal.till}"
    if identity is None:
        yield "note", "central: this terminal is not enrolled yet (edge-agent enrol)"
    elif identity.terminal != terminal:
        yield (
            "wrong",
            f"central.identity: {path} is for terminal {identity.terminal}, and this is {terminal}",
        )
    elif identity.central.rstrip("/") != settings.central.url.rstrip("/"):
        where = f"central.url: this terminal is enrolled at {identity.central} and goes on speaking to that"
        yield "wrong", f"{where}; enrol it again, or put the url back"
    else:
        yield "fine", f"enrolled at {identity.central}"
        if (danger := exposed(path)) is not None:
            yield "wrong", f"central.identity: {danger}"


def _scanner(table: ScannerTable) -> Iterator[Finding]:
    try:
        build_scanner(scanner_settings(table))
    except SettingsError as error:
        yield "wrong", f"scanner {table.id}: {error}"
        return
    if table.kind != "serial":
        yield "fine", f"scanner {table.id}: {table.kind}"
        return
    if not Path(table.port).exists():
        yield (
            "note",
            f"scanner {table.id}: {table.port} is not there now; it is used as soon as it is plugged in",
        )
    elif not os.access(table.port, os.R_OK | os.W_OK):
        yield (
            "wrong",
            f"scanner {table.id}: {table.port} may not be opened by this user; add it to group dialout",
        )
    else:
        yield "fine", f"scanner {table.id}: {table.port}"
    if table.port.startswith(("/dev/ttyUSB", "/dev/ttyACM")):
        yield (
            "note",
            f"scanner {table.id}: {table.port} changes with the plug; use its name below /dev/serial/by-id",
        )


def _share(table: ScannerTable) -> Iterator[Finding]:
    path = table.share_path
    if path is None:
        return
    where = f"scanner {table.id}: share:"
    folder = path.parent
    if not folder.is_dir():
        made_at_start = folder.parent == RUNTIME_FOLDERS
        yield (
            ("note", f"{where} {folder} is made by the service when it starts")
            if made_at_start
            else ("wrong", f"{where} the folder {folder} is not there")
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield "wrong", f"{where} {folder} cannot be written to by this user"
    elif os.geteuid() and (group := folder.stat().st_gid) not in {os.getegid(), *os.getgroups()}:
        yield "wrong", f"{where} {folder} is of group {group}, and this user is not in it"
    elif (problem := obstacle(path)) is not None:
        yield "wrong", f"{where} {problem}"
    else:
        yield "fine", f"{where} the POS gets other scans at {path}"


def _printer(settings: Settings) -> Iterator[Finding]:
    table = settings.printer
    if table.kind == "none":
        yield "note", "printer: none; the POS prints receipt.lines itself"
        return
    try:
        build_printer(printer_settings(table))
    except SettingsError as error:
        yield "wrong", f"printer.{error}"
        return
    if table.kind == "network" and isinstance(table.port, int):
        try:
            socket.create_connection((table.host, table.port), timeout=PRINTER_TRY_S).close()
        except OSError as error:
            yield "note", f"printer: {table.host}:{table.port} does not answer now ({error})"
            return
    yield "fine", f"printer: {table.kind}, {table.columns} columns, {table.code_page}"


def _programme(settings: Settings) -> Iterator[Finding]:
    path = settings.programme.file
    if path is None:
        yield "fine", "the programme comes from central"
        return
    try:
        loaded = load_programme(path.read_bytes().decode(), str(path))
    except OSError as error:
        yield "wrong", f"programme.file: {path}: {error.strerror}"
    except UnicodeDecodeError:
        yield "wrong", f"programme.file: {path}: is not UTF-8 text"
    except ProgrammeInvalid as error:
        yield from (("wrong", str(finding)) for finding in error.findings)
    else:
        yield "fine", f"programme {loaded.id} version {loaded.version}"

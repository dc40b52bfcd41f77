"""`edge-agent check`: everything that can be said before the agent starts."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from drivers.build import build_printer, build_scanner
from drivers.ports import SettingsError
from edge_agent.compose import printer_settings, scanner_settings
from edge_agent.domain.programme import ProgrammeInvalid, load_programme
from edge_agent.ledger.database import sqlite_is_sound, sqlite_version
from edge_agent.settings import ScannerTable, Settings, SettingsInvalid, read_token, warnings
from sync.errors import CentralError
from sync.identity import exposed, load_identity

Finding = tuple[Literal["fine", "note", "wrong"], str]

PRINTER_TRY_S = 2.0
"""A printer on the shop's network answers within milliseconds; this is for one that is off."""


def check_settings(settings: Settings) -> list[Finding]:
    """Look at everything that the settings name; nothing is changed, and no device is opened for long."""
    findings: list[Finding] = [
        *_data(settings.terminal.data),
        *_token(settings),
        *_central(settings),
        *(finding for table in settings.scanner for finding in _scanner(table)),
        *_printer(settings),
        *_programme(settings),
    ]
    findings += [("note", text) for text in warnings(settings)]
    level: Literal["fine", "wrong"] = "fine" if sqlite_is_sound() else "wrong"
    findings.append((level, f"SQLite {sqlite_version()}"))
    return findings


def _data(folder: Path) -> Iterator[Finding]:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        yield "wrong", f"terminal.data: {existing} cannot be written to"
    elif folder.exists() and not folder.is_dir():
        yield "wrong", f"terminal.data: {folder} is not a folder"
    else:
        yield "fine", f"data in {folder}"


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

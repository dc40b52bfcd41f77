"""From the values of the configuration to a driver: one dict per port, to be seen at a glance."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from drivers.escpos_encoder import EscposEncoder
from drivers.escpos_printer import EscposPrinter
from drivers.framing import SUFFIXES, Suffix
from drivers.ports import Scanner, SettingsError
from drivers.reading import REPEAT_WINDOW_S
from drivers.serial_scanner import BAUDS, SerialScanner
from drivers.simulated_printer import MemoryTransport, SimulatedPrinter
from drivers.simulated_scanner import SimulatedScanner
from drivers.transports import FileTransport, NetworkTransport, SerialTransport, Transport

USB_PATH = "/dev/usb/lp0"
"""Where the kernel's usblp module puts the first USB printer."""

COLUMNS_MIN, COLUMNS_MAX = 24, 64
"""The narrowest printer in use, and font B on 80 mm paper."""


@dataclass(frozen=True, slots=True)
class ScannerSettings:
    """A `[[scanner]]` table.

    `repeat_window_s` is for a scanner that is shared with a POS: there two equal products in a row
    are two sales lines, so it has to be 0, and who takes the member's codes drops repeats himself.
    """

    id: str
    kind: str = "serial"
    port: str = ""
    baud: int = 9_600
    suffix: str = "any"
    repeat_window_s: float = REPEAT_WINDOW_S


@dataclass(frozen=True, slots=True)
class PrinterSettings:
    """The `[printer]` table; `port` is a number for `network` and a path for `serial`.

    `answers = false` is for a model that never answers a status request: its jobs are sent without
    asking and end as unknown.
    """

    kind: str
    id: str = "printer"
    host: str = ""
    port: int | str = 9_100
    path: str = ""
    baud: int = 9_600
    profile: str = "default"
    columns: int = 48
    code_page: str = "CP858"
    answers: bool = True


def build_scanner(settings: ScannerSettings) -> Scanner:
    """The driver for it. Raises SettingsError that names the key; opens nothing."""
    build = SCANNERS.get(settings.kind)
    if build is None:
        raise SettingsError("kind", f"{settings.kind!r}, allowed are {', '.join(SCANNERS)}")
    if settings.suffix not in SUFFIXES:
        raise SettingsError("suffix", f"{settings.suffix!r}, allowed are {', '.join(SUFFIXES)}")
    return build(settings)


def _serial_scanner(settings: ScannerSettings) -> Scanner:
    _needs(settings.port, "port")
    _baud(settings.baud)
    return SerialScanner(
        settings.id,
        settings.port,
        baud=settings.baud,
        suffix=cast("Suffix", settings.suffix),
        repeat_window_s=settings.repeat_window_s,
    )


def _simulated_scanner(settings: ScannerSettings) -> Scanner:
    return SimulatedScanner(
        settings.id,
        suffix=cast("Suffix", settings.suffix),
        repeat_window_s=settings.repeat_window_s,
    )


SCANNERS: dict[str, Callable[[ScannerSettings], Scanner]] = {
    "serial": _serial_scanner,
    "simulated": _simulated_scanner,
}


def build_printer(
    settings: PrinterSettings,
    *,
    simulated: SimulatedPrinter | None = None,
) -> EscposPrinter:
    """The driver for it. Raises SettingsError that names the key; opens and loads nothing.

    `simulated` is the mechanism behind kind `simulated`, kept by the caller to look at its receipts. Kind `none` is the
    caller's: no driver.
    """
    kinds: dict[str, Callable[[PrinterSettings], Transport]] = {
        **PRINTERS,
        "simulated": lambda s: MemoryTransport(simulated or SimulatedPrinter(s.columns)),
    }
    build = kinds.get(settings.kind)
    if build is None:
        raise SettingsError("kind", f"{settings.kind!r}, allowed are {', '.join(kinds)}, none")
    if not COLUMNS_MIN <= settings.columns <= COLUMNS_MAX:
        raise SettingsError(
            "columns", f"{settings.columns}, allowed {COLUMNS_MIN} to {COLUMNS_MAX}"
        )
    return EscposPrinter(
        settings.id,
        build(settings),
        EscposEncoder(settings.profile, settings.code_page),
        columns=settings.columns,
        trusts_silence=not settings.answers,
    )


def _network(settings: PrinterSettings) -> Transport:
    _needs(settings.host, "host")
    if not isinstance(settings.port, int) or not 1 <= settings.port <= 65_535:
        raise SettingsError("port", f"{settings.port!r}, allowed are 1 to 65535")
    return NetworkTransport(settings.host, settings.port)


def _serial(settings: PrinterSettings) -> Transport:
    if not isinstance(settings.port, str) or not settings.port:
        raise SettingsError("port", "needs a path such as /dev/serial/by-id/...")
    _baud(settings.baud)
    return SerialTransport(settings.port, baud=settings.baud)


def _file(settings: PrinterSettings) -> Transport:
    _needs(settings.path, "path")
    return FileTransport(settings.path)


def _usb(settings: PrinterSettings) -> Transport:
    return FileTransport(settings.path or USB_PATH, kind="usb")


PRINTERS: dict[str, Callable[[PrinterSettings], Transport]] = {
    "network": _network,
    "serial": _serial,
    "file": _file,
    "usb": _usb,
}


def _needs(value: str, key: str) -> None:
    if not value:
        raise SettingsError(key, "is missing")


def _baud(baud: int) -> None:
    if baud not in BAUDS:
        raise SettingsError("baud", f"{baud}, allowed are {', '.join(map(str, BAUDS))}")

"""Settings into drivers; every wrong one is named."""

import sys

import pytest

from drivers.build import PrinterSettings, ScannerSettings, build_printer, build_scanner
from drivers.document import Cut, Document, Text
from drivers.ports import Scan, SettingsError
from drivers.simulated_printer import SimulatedPrinter
from drivers.simulated_scanner import SimulatedScanner


@pytest.mark.parametrize(
    ("settings", "kind", "where"),
    [
        (
            ScannerSettings("hand", "serial", port="/dev/serial/by-id/x"),
            "serial",
            "/dev/serial/by-id/x",
        ),
        (ScannerSettings("hand", "simulated"), "simulated", "memory"),
    ],
)
def test_scanners(settings: ScannerSettings, kind: str, where: str) -> None:
    scanner = build_scanner(settings)
    assert (scanner.device, scanner.kind, scanner.where) == ("hand", kind, where)


@pytest.mark.parametrize(
    ("settings", "kind", "where"),
    [
        (PrinterSettings("network", host="192.0.2.10"), "network", "192.0.2.10:9100"),
        (PrinterSettings("serial", port="/dev/ttyX"), "serial", "/dev/ttyX"),
        (PrinterSettings("usb"), "usb", "/dev/usb/lp0"),
        (PrinterSettings("usb", path="/dev/usb/lp1"), "usb", "/dev/usb/lp1"),
        (PrinterSettings("file", path="/tmp/receipts"), "file", "/tmp/receipts"),
        (PrinterSettings("simulated"), "simulated", "memory"),
    ],
)
def test_printers(settings: PrinterSettings, kind: str, where: str) -> None:
    printer = build_printer(settings)
    assert (printer.device, printer.kind, printer.where) == ("printer", kind, where)
    assert printer.columns == 48


def test_the_mechanism_of_a_simulated_printer_may_be_the_callers() -> None:
    mechanism = SimulatedPrinter(32)
    printer = build_printer(PrinterSettings("simulated", columns=32), simulated=mechanism)
    assert printer.print(Document((Text("a"), Cut()))).result == "printed"
    assert mechanism.printed_count == 1


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        (ScannerSettings("hand", "hid"), "kind"),
        (ScannerSettings("hand", "serial"), "port"),
        (ScannerSettings("hand", "serial", port="/dev/x", baud=9601), "baud"),
        (ScannerSettings("hand", "serial", port="/dev/x", suffix="crlf"), "suffix"),
    ],
)
def test_a_wrong_scanner_setting_is_named(settings: ScannerSettings, setting: str) -> None:
    with pytest.raises(SettingsError) as caught:
        build_scanner(settings)
    assert caught.value.setting == setting
    assert str(caught.value).startswith(f"{setting}: ")


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        (PrinterSettings("laser"), "kind"),
        (PrinterSettings("network"), "host"),
        (PrinterSettings("network", host="x", port=0), "port"),
        (PrinterSettings("network", host="x", port="9100"), "port"),
        (PrinterSettings("serial"), "port"),
        (PrinterSettings("serial", port="/dev/x", baud=1), "baud"),
        (PrinterSettings("file"), "path"),
        (PrinterSettings("usb", columns=12), "columns"),
        (PrinterSettings("usb", code_page="CP437"), "code_page"),
    ],
)
def test_a_wrong_printer_setting_is_named(settings: PrinterSettings, setting: str) -> None:
    with pytest.raises(SettingsError) as caught:
        build_printer(settings)
    assert caught.value.setting == setting


def test_profile_and_code_page_are_checked_together_on_request() -> None:
    with pytest.raises(SettingsError, match="profile: 'TM-X'"):
        build_printer(PrinterSettings("usb", profile="TM-X")).check()
    build_printer(PrinterSettings("usb", profile="TM-T88V")).check()
    assert "escpos" in sys.modules


def test_a_shared_scanner_may_hand_on_every_repeat() -> None:
    scanner = build_scanner(ScannerSettings("hand", "simulated", repeat_window_s=0))
    assert isinstance(scanner, SimulatedScanner)
    scanner.open()
    scanner.inject_bytes(b"8710400011118\r8710400011118\r")
    assert len([item for item in scanner.read(1.0) if isinstance(item, Scan)]) == 2

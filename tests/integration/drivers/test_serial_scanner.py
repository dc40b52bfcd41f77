"""A serial scanner on real ptys: unplugged, moved, held by another program, supervised."""

import fcntl
import os
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from datetime import UTC
from io import StringIO
from pathlib import Path

import pytest

from drivers.ports import DeviceError, DeviceReport, Discarded, Scan
from drivers.scanner_supervisor import ScannerSupervisor
from drivers.serial_scanner import SerialScanner, open_port
from drivers.simulated_scanner import INJECTED_MAX, PtyScanner, SimulatedScanner
from drivers.supervisor import Backoff
from tests.integration.drivers.support import Heard, wait_until

CODE = "2912345678906"


@pytest.fixture
def hardware(tmp_path: Path) -> Iterator[PtyScanner]:
    with PtyScanner(tmp_path / "usb-Honeywell_1900-if00") as plugged:
        yield plugged


@pytest.fixture
def heard() -> Heard:
    return Heard()


def supervise(scanner: SerialScanner | SimulatedScanner, heard: Heard) -> ScannerSupervisor:
    supervisor = ScannerSupervisor(
        scanner,
        on_scan=heard.on_scan,
        on_discard=heard.on_discard,
        on_change=heard.on_change,
        backoff=Backoff(0.02, 0.1),
    )
    supervisor.start()
    return supervisor


@pytest.fixture
def supervised(hardware: PtyScanner, heard: Heard) -> Iterator[ScannerSupervisor]:
    supervisor = supervise(SerialScanner("hand", str(hardware.link)), heard)
    wait_until(lambda: supervisor.report().state == "ok", "the scanner is open")
    yield supervisor
    assert supervisor.stop()


def test_a_scan_is_handed_on(
    hardware: PtyScanner, heard: Heard, supervised: ScannerSupervisor
) -> None:
    hardware.scan(CODE)
    wait_until(lambda: heard.texts == [CODE], "the scan")
    report = supervised.report().as_json()
    assert (report["id"], report["role"], report["kind"]) == ("hand", "scanner", "serial")
    assert (report["state"], report["reason"]) == ("ok", "")
    assert report["where"] == str(hardware.link)
    assert report["last"] is not None
    assert supervised.report().since.tzinfo is UTC


def test_unplugged_in_mid_scan_and_replugged_elsewhere_it_goes_on_by_itself(
    hardware: PtyScanner, heard: Heard, supervised: ScannerSupervisor
) -> None:
    before = os.path.realpath(hardware.link)
    held = os.open(before, os.O_RDWR | os.O_NOCTTY)
    try:
        hardware.send(b"29123")
        time.sleep(0.3)  # until the line has the beginning of the scan
        wait_until(lambda: _waiting_bytes(held) == 0, "it is read before the cable goes")
        hardware.unplug()
        wait_until(lambda: supervised.report().state == "offline", "unplugging shows")
        # It shows before the scanner is let go of, and what it had begun with it.
        cut_off = [Discarded("hand", "unterminated", 5)]
        wait_until(lambda: heard.discards == cut_off, "what had come is no scan")
        hardware.plug()
        # The old pty is still held here, so the number of the new one is another.
        assert os.path.realpath(hardware.link) != before
    finally:
        os.close(held)
    wait_until(lambda: supervised.report().state == "ok", "it is found again")
    hardware.scan(CODE)
    wait_until(lambda: heard.texts == [CODE], "the scan after replugging, whole and alone")
    assert ("offline", "unplugged") in heard.states
    assert ("trouble", "internal") not in heard.states, "a foreseen fault, handled as such"
    assert heard.states[-1] == ("ok", "")


def _waiting_bytes(terminal: int) -> int:
    """How much has come in that nobody has read yet."""
    return int(struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))[0])


def test_a_scanner_that_is_not_there_yet_is_waited_for(tmp_path: Path, heard: Heard) -> None:
    hardware = PtyScanner(tmp_path / "usb-late")
    supervisor = supervise(SerialScanner("hand", str(hardware.link)), heard)
    wait_until(lambda: supervisor.report().reason == "not-found", "absence shows")
    assert supervisor.report().state == "offline"
    hardware.plug()
    wait_until(lambda: supervisor.report().state == "ok", "it is found")
    hardware.scan(CODE)
    wait_until(lambda: heard.texts == [CODE], "the scan")
    assert supervisor.stop()
    hardware.unplug()


def test_absence_is_told_once_and_not_at_every_try(tmp_path: Path, heard: Heard) -> None:
    supervisor = supervise(SerialScanner("hand", str(tmp_path / "nothing")), heard)
    wait_until(lambda: heard.states, "absence shows")
    time.sleep(0.5)
    assert heard.states == [("offline", "not-found")]
    assert supervisor.stop()


def test_the_port_is_ours_alone(hardware: PtyScanner, supervised: ScannerSupervisor) -> None:
    program = (
        "from drivers.serial_scanner import open_port\n"
        "from drivers.ports import DeviceError\n"
        "try:\n"
        f"    open_port({str(hardware.link)!r}, 9600)\n"
        "except DeviceError as error:\n"
        "    print(error.reason)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout == "busy\n"


def test_a_port_that_another_program_holds_is_trouble_until_it_lets_go(
    hardware: PtyScanner, heard: Heard
) -> None:
    other = open_port(str(hardware.link), 9_600)
    supervisor = supervise(SerialScanner("hand", str(hardware.link)), heard)
    wait_until(lambda: supervisor.report().reason == "busy", "it is said to be busy")
    assert supervisor.report().state == "trouble"
    other.close()
    wait_until(lambda: supervisor.report().state == "ok", "it is taken")
    assert supervisor.stop()


def test_a_path_that_is_no_port_says_so(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    with pytest.raises(DeviceError) as caught:
        SerialScanner("hand", str(plain)).open()
    assert caught.value.reason == "error"


def test_a_listener_that_fails_costs_neither_the_scanner_nor_the_next_scan(
    logged: StringIO, hardware: PtyScanner, heard: Heard
) -> None:
    def fails_once(scan: Scan) -> None:
        heard.on_scan(scan)
        if len(heard.scans) == 1:
            raise RuntimeError("a mistake")

    supervisor = ScannerSupervisor(
        SerialScanner("hand", str(hardware.link)),
        on_scan=fails_once,
        on_discard=heard.on_discard,
        on_change=heard.on_change,
    )
    supervisor.start()
    wait_until(lambda: supervisor.report().state == "ok", "open")
    hardware.send(b"29001\r29002\r")
    wait_until(lambda: heard.texts == ["29001", "29002"], "both scans")
    assert heard.states == [("ok", "")]
    assert supervisor.stop()
    assert "a mistake" in logged.getvalue()
    assert "Traceback" in logged.getvalue()


def test_a_listener_to_states_that_fails_costs_nothing_either(
    hardware: PtyScanner, heard: Heard
) -> None:
    def fails(report: DeviceReport) -> None:
        heard.on_change(report)
        raise RuntimeError("a mistake")

    supervisor = ScannerSupervisor(
        SerialScanner("hand", str(hardware.link)),
        on_scan=heard.on_scan,
        on_discard=heard.on_discard,
        on_change=fails,
    )
    supervisor.start()
    wait_until(lambda: supervisor.report().state == "ok", "open")
    hardware.scan(CODE)
    wait_until(lambda: heard.texts == [CODE], "the scan")
    assert heard.states == [("ok", "")]
    assert supervisor.stop()


def test_a_driver_that_fails_unexpectedly_is_opened_again(heard: Heard) -> None:
    class Broken(SimulatedScanner):
        opened = 0

        def open(self) -> None:
            self.opened += 1
            if self.opened == 1:
                raise ZeroDivisionError
            super().open()

    scanner = Broken("hand")
    supervisor = supervise(scanner, heard)
    wait_until(lambda: heard.states[-1:] == [("ok", "")], "it works at the second try")
    assert heard.states[0] == ("trouble", "internal")
    assert supervisor.stop()


def test_it_stops_at_once_and_says_so(hardware: PtyScanner, heard: Heard) -> None:
    supervisor = supervise(SerialScanner("hand", str(hardware.link)), heard)
    wait_until(lambda: supervisor.report().state == "ok", "open")
    began_s = time.monotonic()
    assert supervisor.stop()
    assert time.monotonic() - began_s < 1
    assert not supervisor.alive
    assert heard.states[-1] == ("offline", "stopped")
    open_port(str(hardware.link), 9_600).close()  # and the port is free again


def test_it_stops_at_once_in_the_middle_of_a_pause(tmp_path: Path, heard: Heard) -> None:
    supervisor = ScannerSupervisor(
        SerialScanner("hand", str(tmp_path / "nothing")),
        on_scan=heard.on_scan,
        on_discard=heard.on_discard,
        on_change=heard.on_change,
        backoff=Backoff(60, 60),
    )
    supervisor.start()
    wait_until(lambda: heard.states, "it failed")
    began_s = time.monotonic()
    assert supervisor.stop()
    assert time.monotonic() - began_s < 1


def test_progress_shows_while_idle_and_while_the_device_is_away(
    hardware: PtyScanner, supervised: ScannerSupervisor
) -> None:
    def progresses() -> bool:
        return supervised.last_progress_s > before_s

    before_s = supervised.last_progress_s
    wait_until(progresses, "progress while idle")
    hardware.unplug()
    wait_until(lambda: supervised.report().state == "offline", "unplugged")
    before_s = supervised.last_progress_s
    wait_until(progresses, "progress while away")


def test_stopping_one_that_never_started_is_fine(heard: Heard) -> None:
    supervisor = ScannerSupervisor(
        SimulatedScanner("hand"),
        on_scan=heard.on_scan,
        on_discard=heard.on_discard,
        on_change=heard.on_change,
    )
    assert supervisor.stop()


def test_what_is_injected_is_scanned_and_too_much_is_refused(heard: Heard) -> None:
    scanner = SimulatedScanner("sim")
    assert not scanner.inject(CODE), "closed"
    scanner.open()
    accepted = [scanner.inject(f"29{number:05d}") for number in range(INJECTED_MAX + 1)]
    assert accepted == [True] * INJECTED_MAX + [False]
    scanner.close()
    supervisor = supervise(scanner, heard)
    wait_until(lambda: supervisor.report().state == "ok", "open")
    threads = [threading.Thread(target=scanner.inject, args=(f"29{n:05d}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(heard.texts) == 20, "all of them")
    assert len(set(heard.texts)) == 20
    assert supervisor.stop()

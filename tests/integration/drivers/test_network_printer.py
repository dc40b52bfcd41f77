"""Printing over real TCP: busy, unreachable, reset, recovered."""

import socket
import time
from collections.abc import Iterator

import pytest

from drivers.document import Cut, Document, Text
from drivers.escpos_encoder import EscposEncoder
from drivers.escpos_printer import EscposPrinter
from drivers.ports import DeviceError, PrinterStatus, PrintOutcome
from drivers.simulated_printer import SimulatedPrinter
from drivers.simulated_printer_server import PrinterServer
from drivers.transports import NetworkTransport
from tests.integration.drivers.support import wait_until

RECEIPT = Document((*(Text(f"regel {number}") for number in range(9)), Cut()))


@pytest.fixture
def mechanism() -> SimulatedPrinter:
    return SimulatedPrinter()


@pytest.fixture
def server(mechanism: SimulatedPrinter) -> Iterator[PrinterServer]:
    with PrinterServer(mechanism) as running:
        yield running


@pytest.fixture
def printer(server: PrinterServer) -> EscposPrinter:
    return driver(server.port)


def driver(port: int, host: str = "127.0.0.1", *, trusts_silence: bool = False) -> EscposPrinter:
    return EscposPrinter(
        "printer",
        NetworkTransport(host, port, connect_s=0.5),
        EscposEncoder("TM-T20II"),
        answer_s=0.5,
        job_done_s=1.5,
        probe_s=0.2,
        trusts_silence=trusts_silence,
    )


def test_a_reset_in_the_middle_is_unknown(
    printer: EscposPrinter, mechanism: SimulatedPrinter
) -> None:
    mechanism.schedule_fault("reset", after_lines=3)
    assert printer.print(RECEIPT) == PrintOutcome("unknown", "connection-lost", sent=True)
    assert mechanism.jobs == []


def test_after_a_reset_the_next_receipt_is_printed(
    printer: EscposPrinter, mechanism: SimulatedPrinter
) -> None:
    mechanism.schedule_fault("reset", after_lines=3)
    printer.print(RECEIPT)
    assert printer.print(RECEIPT).result == "printed"
    assert mechanism.printed_count == 1


def test_a_printer_that_is_busy_with_another_client_is_never_fine_and_gets_nothing(
    printer: EscposPrinter, mechanism: SimulatedPrinter, server: PrinterServer
) -> None:
    with socket.create_connection((server.host, server.port)) as other:
        other.sendall(b"\x10\x04\x01")
        assert other.recv(1) == b"\x16", "the other client is being served"
        assert printer.print(RECEIPT) == PrintOutcome("failed", "no-answer", sent=False)
    wait_until(lambda: printer.status().readiness == "ready", "it is free again")
    assert mechanism.unfinished == b""
    assert printer.print(RECEIPT).result == "printed"


def test_a_printer_that_drops_further_clients_is_busy(mechanism: SimulatedPrinter) -> None:
    with PrinterServer(mechanism, when_busy="refuse") as server:
        printer = driver(server.port)
        with socket.create_connection((server.host, server.port)) as other:
            other.sendall(b"\x10\x04\x01")
            other.recv(1)
            assert printer.print(RECEIPT) == PrintOutcome("failed", "busy", sent=False)
        wait_until(lambda: printer.print(RECEIPT).result == "printed", "it is free again")


def test_the_connection_is_given_back_after_each_job(
    printer: EscposPrinter, server: PrinterServer
) -> None:
    assert printer.print(RECEIPT).result == "printed"
    with socket.create_connection((server.host, server.port)) as other:
        other.settimeout(5)
        other.sendall(b"\x10\x04\x01")
        assert other.recv(1) == b"\x16"


def test_a_printer_without_power_is_unreachable_and_comes_back(
    printer: EscposPrinter, mechanism: SimulatedPrinter
) -> None:
    mechanism.set_fault("unplugged")
    wait_until(lambda: _reason(printer) == "unreachable", "it is off")
    assert printer.print(RECEIPT) == PrintOutcome("failed", "unreachable", sent=False)
    mechanism.clear_faults()
    wait_until(lambda: _reason(printer) == "", "it is on")
    assert printer.print(RECEIPT).result == "printed"


def _reason(printer: EscposPrinter) -> str:
    try:
        return printer.status().reason
    except DeviceError as error:
        return error.reason


def test_a_network_that_swallows_everything_is_given_up_soon() -> None:
    # The backlog of this listener is full, so that further connections are never answered.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        port = deaf.getsockname()[1]
        fill = [socket.socket() for _ in range(3)]
        for one in fill:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        began_s = time.monotonic()
        with pytest.raises(DeviceError) as caught:
            driver(port).status()
        assert caught.value.reason == "unreachable"
        assert time.monotonic() - began_s < 3
        for one in fill:
            one.close()


def test_a_host_that_does_not_exist_is_unreachable() -> None:
    with pytest.raises(DeviceError) as caught:
        driver(9_100, "printer.invalid").status()
    assert caught.value.reason == "unreachable"


def test_a_model_that_never_answers_is_printed_to_blindly_only_where_told(
    mechanism: SimulatedPrinter, server: PrinterServer
) -> None:
    mechanism.set_fault("silent")
    outcome = driver(server.port, trusts_silence=True).print(RECEIPT)
    assert outcome == PrintOutcome("unknown", "no-answer", sent=True)
    wait_until(lambda: mechanism.printed_count == 1, "it came out nevertheless")


def test_late_answers_of_the_pos_are_not_taken_for_ours(server: PrinterServer) -> None:
    printer = driver(server.port)
    server.printer.receive(b"\x1dr\x01\x1dI\x01")
    assert printer.status() == PrinterStatus("ready", "")

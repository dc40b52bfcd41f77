"""What every receipt printer has to do, whatever carries its bytes. Silence is never fine."""

import os
import threading
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.document import Cut, Document, QrCode, Text
from drivers.escpos_encoder import EscposEncoder
from drivers.escpos_printer import EscposPrinter
from drivers.ports import DeviceError, PrinterStatus, PrintOutcome, Reason
from drivers.simulated_printer import Fault, MemoryTransport, SimulatedPrinter
from drivers.simulated_printer_server import PrinterServer
from drivers.transports import FileTransport, NetworkTransport, SerialTransport, Transport
from tests.integration.drivers.support import wait_until

RECEIPT = Document(
    (
        Text("Uw punten", bold=True, align="center"),
        *(Text(f"regel {number:2d}           € 1,00") for number in range(1, 9)),
        Text("Saldo 118 punten"),
        QrCode("0412-03-000173"),
        Cut(),
    )
)


@dataclass
class Rig:
    """Our driver, and the mechanism at the other end."""

    printer: EscposPrinter
    mechanism: SimulatedPrinter


def driver(transport: Transport) -> EscposPrinter:
    encoder = EscposEncoder("TM-T20II")
    return EscposPrinter(
        "printer",
        transport,
        encoder,
        answer_s=0.5,
        job_done_s=1.5,
        unconfirmed_s=0.3,
        probe_s=0.2,
    )


def network_rig(_: Path) -> Iterator[Rig]:
    mechanism = SimulatedPrinter()
    with PrinterServer(mechanism) as server:
        yield Rig(driver(NetworkTransport(server.host, server.port)), mechanism)


def simulated_rig(_: Path) -> Iterator[Rig]:
    mechanism = SimulatedPrinter()
    yield Rig(driver(MemoryTransport(mechanism)), mechanism)


def line_rig(make: Callable[[str], Transport]) -> Iterator[Rig]:
    """The mechanism at the master end of a pty, as if behind a cable."""
    mechanism = SimulatedPrinter()
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    stopping = threading.Event()

    def carry() -> None:
        while not stopping.is_set():
            try:
                mechanism.receive(os.read(master, 4096))
            except BlockingIOError:
                stopping.wait(0.002)
            if answers := mechanism.take_answers():
                os.write(master, answers)

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield Rig(driver(make(os.ttyname(slave))), mechanism)
    finally:
        stopping.set()
        thread.join()
        os.close(slave)
        os.close(master)


def serial_rig(_: Path) -> Iterator[Rig]:
    yield from line_rig(SerialTransport)


def usb_rig(_: Path) -> Iterator[Rig]:
    yield from line_rig(lambda path: FileTransport(path, kind="usb"))


RIGS = {"network": network_rig, "simulated": simulated_rig, "serial": serial_rig, "usb": usb_rig}


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    yield from RIGS[request.param](tmp_path)


def test_it_says_who_it_is(rig: Rig) -> None:
    assert rig.printer.device == "printer"
    assert rig.printer.kind in RIGS
    assert rig.printer.where
    assert rig.printer.columns == 48


def test_a_receipt_is_printed_once_and_said_to_be(rig: Rig) -> None:
    assert rig.printer.print(RECEIPT) == PrintOutcome("printed", "", sent=True)
    (job,) = rig.mechanism.jobs
    assert job.text[0] == "Uw punten"
    assert "regel  8           € 1,00" in job.text
    assert job.png().startswith(b"\x89PNG")


def test_one_receipt_after_another(rig: Rig) -> None:
    for _ in range(5):
        assert rig.printer.print(RECEIPT).result == "printed"
    assert rig.mechanism.printed_count == 5


def test_fine_is_said_to_be_ready(rig: Rig) -> None:
    assert rig.printer.status() == PrinterStatus("ready", "")


@pytest.mark.parametrize("fault", ["paper-out", "cover-open", "cutter", "offline"])
def test_a_printer_that_cannot_print_gets_nothing_and_says_why(rig: Rig, fault: Fault) -> None:
    rig.mechanism.set_fault(fault)
    assert rig.printer.status() == PrinterStatus("not-ready", _as_reason(fault))
    assert rig.printer.print(RECEIPT) == PrintOutcome("failed", _as_reason(fault), sent=False)
    rig.mechanism.clear_faults()
    assert rig.mechanism.jobs == []
    assert rig.mechanism.unfinished == b"", "nothing comes out later"
    assert rig.printer.print(RECEIPT).result == "printed"


def _as_reason(fault: Fault) -> Reason:
    reasons: dict[Fault, Reason] = {
        "paper-out": "paper-out",
        "cover-open": "cover-open",
        "cutter": "cutter",
        "offline": "offline",
    }
    return reasons[fault]


def test_a_roll_near_its_end_is_said_and_still_prints(rig: Rig) -> None:
    rig.mechanism.set_fault("paper-low")
    assert rig.printer.status() == PrinterStatus("ready", "paper-low")
    assert rig.printer.print(RECEIPT).result == "printed"


@pytest.mark.parametrize("fault", ["paper-out", "cover-open"])
def test_trouble_in_the_middle_makes_the_outcome_unknown(rig: Rig, fault: Fault) -> None:
    rig.mechanism.schedule_fault(fault, after_lines=3)
    assert rig.printer.print(RECEIPT) == PrintOutcome("unknown", _as_reason(fault), sent=True)
    assert rig.mechanism.jobs == []
    assert rig.mechanism.unfinished, "half a receipt hangs out"


def test_what_was_held_is_cleared_before_the_next_receipt(rig: Rig) -> None:
    rig.mechanism.schedule_fault("paper-out", after_lines=3)
    assert rig.printer.print(RECEIPT).reason == "paper-out"
    # Back on paper but slow to go on: the rest of the first receipt still waits in its buffer.
    rig.mechanism.set_fault("slow")
    rig.mechanism.set_fault("paper-out", on=False)
    copy = Document((Text("KOPIE"), Cut()))
    assert rig.printer.print(copy).result == "printed"
    (job,) = rig.mechanism.jobs
    assert "regel  8" not in job.text
    assert "KOPIE" in job.text


def test_a_silent_printer_is_unknown_and_gets_nothing(rig: Rig) -> None:
    rig.mechanism.set_fault("silent")
    assert rig.printer.status() == PrinterStatus("unknown", "no-answer")
    assert rig.printer.print(RECEIPT) == PrintOutcome("failed", "no-answer", sent=False)
    assert rig.mechanism.jobs == []
    assert rig.mechanism.unfinished == b""


def test_silence_after_sending_is_unknown_and_never_fine(rig: Rig) -> None:
    rig.mechanism.schedule_fault("silent", after_lines=2)
    assert rig.printer.print(RECEIPT) == PrintOutcome("unknown", "no-answer", sent=True)


def test_a_slow_printer_is_waited_for(rig: Rig) -> None:
    rig.mechanism.set_fault("slow")
    short = Document((Text("a"), Text("b"), Cut()))
    began_s = time.monotonic()
    assert rig.printer.print(short) == PrintOutcome("printed", "", sent=True)
    assert time.monotonic() - began_s >= 0.4, "it was waited for"


def test_a_printer_that_is_slower_than_our_patience_is_unknown(rig: Rig) -> None:
    assert rig.printer.print(RECEIPT).result == "printed", "it is known to confirm jobs"
    rig.mechanism.set_fault("slow")
    long = Document((*(Text("x") for _ in range(40)), Cut()))
    assert rig.printer.print(long) == PrintOutcome("unknown", "no-answer", sent=True)


def test_a_model_that_does_not_confirm_jobs_is_judged_by_its_status(rig: Rig) -> None:
    rig.mechanism.set_fault("unconfirming")
    assert rig.printer.print(RECEIPT) == PrintOutcome("printed", "by-status", sent=True)
    began_s = time.monotonic()
    assert rig.printer.print(RECEIPT).reason == "by-status"
    assert time.monotonic() - began_s < 1.4, "the second time it is not waited for so long"
    rig.mechanism.schedule_fault("paper-out", after_lines=2)
    assert rig.printer.print(RECEIPT) == PrintOutcome("unknown", "paper-out", sent=True)


def test_the_confirmation_of_another_job_is_not_taken_for_this_one(rig: Rig) -> None:
    rig.mechanism.set_fault("unconfirming")
    outcomes: list[PrintOutcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(rig.printer.print(RECEIPT)))
    thread.start()
    wait_until(lambda: rig.mechanism.jobs, "it is printed, and the answer awaited")
    rig.mechanism._answer(b"\x37\x22late\x00")
    thread.join(10)
    assert outcomes == [PrintOutcome("printed", "by-status", sent=True)]


def test_a_job_can_be_given_up_from_another_thread(rig: Rig) -> None:
    rig.mechanism.set_fault("slow")
    outcomes: list[PrintOutcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(rig.printer.print(RECEIPT)))
    thread.start()
    wait_until(lambda: rig.mechanism.unfinished, "the receipt begins")
    began_s = time.monotonic()
    rig.printer.cancel()
    thread.join(5)
    assert time.monotonic() - began_s < 1
    assert outcomes == [PrintOutcome("unknown", "stopped", sent=True)]
    with pytest.raises(DeviceError, match="stop"):
        rig.printer.status()


def test_settings_that_do_not_exist_fail_before_anything_is_sent(rig: Rig) -> None:
    bad = EscposPrinter("printer", rig.printer._transport, EscposEncoder("no-such-printer"))
    assert bad.print(RECEIPT) == PrintOutcome("failed", "bad-settings", sent=False)
    assert rig.mechanism.jobs == []

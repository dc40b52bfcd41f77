"""The printer's queue and state, with a printer behind real TCP."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.document import Cut, Document, Text
from drivers.escpos_encoder import EscposEncoder
from drivers.escpos_printer import EscposPrinter
from drivers.ports import PrinterStatus, PrintOutcome
from drivers.printer_supervisor import JOBS_MAX, PrinterSupervisor, PrintJob
from drivers.simulated_printer import SimulatedPrinter
from drivers.simulated_printer_server import PrinterServer
from drivers.supervisor import Backoff
from drivers.transports import FileTransport, NetworkTransport
from tests.integration.drivers.support import Heard, wait_until

RECEIPT = Document((*(Text(f"regel {number}") for number in range(9)), Cut()))


@pytest.fixture
def mechanism() -> SimulatedPrinter:
    return SimulatedPrinter()


@pytest.fixture
def server(mechanism: SimulatedPrinter) -> Iterator[PrinterServer]:
    with PrinterServer(mechanism) as running:
        yield running


@pytest.fixture
def heard() -> Heard:
    return Heard()


def driver(server: PrinterServer) -> EscposPrinter:
    return EscposPrinter(
        "printer",
        NetworkTransport(server.host, server.port, connect_s=0.5),
        EscposEncoder("TM-T20II"),
        answer_s=0.5,
        job_done_s=1.5,
        probe_s=0.2,
    )


def supervise(printer: EscposPrinter, heard: Heard) -> PrinterSupervisor:
    supervisor = PrinterSupervisor(
        printer,
        on_outcome=heard.on_outcome,
        on_change=heard.on_change,
        backoff=Backoff(0.02, 0.1),
        poll_s=0.1,
        retry_s=0.05,
    )
    supervisor.start()
    return supervisor


@pytest.fixture
def supervised(server: PrinterServer, heard: Heard) -> Iterator[PrinterSupervisor]:
    supervisor = supervise(driver(server), heard)
    wait_until(lambda: supervisor.report().state == "ok", "the printer answers")
    yield supervisor
    assert supervisor.stop()


def state(supervisor: PrinterSupervisor) -> tuple[str, str]:
    report = supervisor.report()
    return report.state, report.reason


def test_a_job_is_printed_and_its_outcome_told(
    mechanism: SimulatedPrinter, heard: Heard, supervised: PrinterSupervisor
) -> None:
    assert supervised.submit(PrintJob("sale-1", RECEIPT))
    wait_until(lambda: heard.outcome("sale-1"), "the outcome")
    assert heard.outcome("sale-1") == PrintOutcome("printed", "", sent=True)
    assert mechanism.printed_count == 1
    report = supervised.report().as_json()
    assert (report["role"], report["kind"], report["state"]) == ("printer", "network", "ok")
    assert report["last"] is not None


def test_jobs_come_out_in_their_order(
    mechanism: SimulatedPrinter, heard: Heard, supervised: PrinterSupervisor
) -> None:
    for number in range(5):
        supervised.submit(PrintJob(f"sale-{number}", Document((Text(f"bon {number}"), Cut()))))
    wait_until(lambda: len(heard.outcomes) == 5, "all outcomes")
    assert [job.text[0] for job in mechanism.jobs] == [f"bon {number}" for number in range(5)]


def test_trouble_shows_before_the_next_sale_and_goes_when_mended(
    mechanism: SimulatedPrinter, supervised: PrinterSupervisor
) -> None:
    mechanism.set_fault("paper-out")
    wait_until(lambda: state(supervised) == ("trouble", "paper-out"), "it shows while idle")
    mechanism.clear_faults()
    wait_until(lambda: state(supervised) == ("ok", ""), "and goes")
    mechanism.set_fault("paper-low")
    wait_until(lambda: state(supervised) == ("ok", "paper-low"), "it still prints")
    mechanism.set_fault("silent")
    wait_until(lambda: state(supervised) == ("unknown", "no-answer"), "silence is unknown")
    mechanism.set_fault("unplugged")
    wait_until(lambda: state(supervised) == ("offline", "unreachable"), "absence is offline")
    mechanism.clear_faults()
    wait_until(lambda: state(supervised) == ("ok", ""), "it recovers by itself")


@pytest.mark.parametrize("fault", ["paper-out", "cover-open", "silent", "unplugged"])
def test_a_job_waits_for_the_printer_and_is_then_printed_once(
    fault: str, mechanism: SimulatedPrinter, heard: Heard, supervised: PrinterSupervisor
) -> None:
    mechanism.set_fault(fault)  # type: ignore[arg-type]
    supervised.submit(PrintJob("sale-1", RECEIPT))
    wait_until(lambda: supervised.report().state != "ok", "trouble shows")
    assert heard.outcomes == []
    mechanism.clear_faults()
    wait_until(lambda: heard.outcome("sale-1"), "the outcome")
    assert heard.outcome("sale-1") == PrintOutcome("printed", "", sent=True)
    assert mechanism.printed_count == 1


def test_a_job_is_not_printed_late(
    mechanism: SimulatedPrinter, heard: Heard, supervised: PrinterSupervisor
) -> None:
    mechanism.set_fault("paper-out")
    supervised.submit(PrintJob("sale-1", RECEIPT, wait_s=0.3))
    supervised.submit(PrintJob("sale-2", RECEIPT, wait_s=0.3))
    wait_until(lambda: len(heard.outcomes) == 2, "both are given up")
    assert heard.outcome("sale-1") == PrintOutcome("failed", "too-late", cause="paper-out")
    mechanism.clear_faults()
    wait_until(lambda: supervised.report().state == "ok", "mended")
    assert supervised.waiting == 0
    assert mechanism.printed_count == 0
    assert mechanism.unfinished == b""


@pytest.mark.parametrize("fault", ["paper-out", "reset", "silent"])
def test_a_job_with_an_unknown_outcome_is_never_sent_again_by_itself(
    fault: str, mechanism: SimulatedPrinter, heard: Heard, supervised: PrinterSupervisor
) -> None:
    mechanism.schedule_fault(fault, after_lines=3)  # type: ignore[arg-type]
    supervised.submit(PrintJob("sale-1", RECEIPT))
    wait_until(lambda: heard.outcome("sale-1"), "the outcome")
    outcome = heard.outcome("sale-1")
    assert outcome is not None
    assert (outcome.result, outcome.sent) == ("unknown", True)
    mechanism.clear_faults()
    wait_until(lambda: supervised.report().state == "ok", "mended")
    time.sleep(0.3)
    assert mechanism.printed_count <= 1
    assert len(heard.outcomes) == 1


def test_the_queue_is_bounded_and_submitting_never_waits(
    mechanism: SimulatedPrinter, heard: Heard, supervised: PrinterSupervisor
) -> None:
    mechanism.set_fault("paper-out")
    began_s = time.monotonic()
    accepted = [supervised.submit(PrintJob(f"sale-{n}", RECEIPT)) for n in range(JOBS_MAX + 3)]
    assert time.monotonic() - began_s < 1
    assert accepted == [True] * JOBS_MAX + [False] * 3
    assert supervised.waiting == JOBS_MAX
    mechanism.clear_faults()
    wait_until(lambda: supervised.waiting == 0, "all are printed")
    assert mechanism.printed_count == JOBS_MAX
    assert {outcome.result for _, outcome in heard.outcomes} == {"printed"}


def test_many_threads_may_submit(
    mechanism: SimulatedPrinter, heard: Heard, supervised: PrinterSupervisor
) -> None:
    threads = [
        threading.Thread(target=supervised.submit, args=(PrintJob(f"sale-{n}", RECEIPT),))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(heard.outcomes) == 20, "all outcomes")
    assert mechanism.printed_count == 20


def test_stopping_answers_for_every_job(
    mechanism: SimulatedPrinter, server: PrinterServer, heard: Heard
) -> None:
    supervisor = supervise(driver(server), heard)
    mechanism.set_fault("slow")
    supervisor.submit(PrintJob("being-sent", RECEIPT))
    supervisor.submit(PrintJob("waiting", RECEIPT))
    wait_until(lambda: mechanism.unfinished, "the first is on its way")
    began_s = time.monotonic()
    assert supervisor.stop()
    assert time.monotonic() - began_s < 1
    assert heard.outcome("being-sent") == PrintOutcome("unknown", "stopped", sent=True)
    assert heard.outcome("waiting") == PrintOutcome("failed", "stopped")
    assert not supervisor.submit(PrintJob("after", RECEIPT))
    assert heard.states[-1] == ("offline", "stopped")


def test_stopping_one_that_never_started_answers_for_its_jobs_too(
    server: PrinterServer, heard: Heard
) -> None:
    supervisor = PrinterSupervisor(
        driver(server), on_outcome=heard.on_outcome, on_change=heard.on_change
    )
    supervisor.submit(PrintJob("sale-1", RECEIPT))
    assert supervisor.stop()
    assert heard.outcome("sale-1") == PrintOutcome("failed", "stopped")


def test_it_stops_at_once_while_a_network_swallows_everything(heard: Heard) -> None:
    printer = EscposPrinter(
        "printer", NetworkTransport("192.0.2.1", 9_100, connect_s=30), EscposEncoder("TM-T20II")
    )
    supervisor = supervise(printer, heard)
    time.sleep(0.1)
    began_s = time.monotonic()
    assert supervisor.stop()
    assert time.monotonic() - began_s < 1


def test_bad_settings_fail_a_job_at_once_instead_of_letting_it_wait(
    server: PrinterServer, heard: Heard
) -> None:
    transport = NetworkTransport(server.host, server.port)
    supervisor = supervise(EscposPrinter("printer", transport, EscposEncoder("nonsense")), heard)
    supervisor.submit(PrintJob("sale-1", RECEIPT))
    wait_until(lambda: heard.outcome("sale-1"), "the outcome")
    assert heard.outcome("sale-1") == PrintOutcome("failed", "bad-settings")
    assert supervisor.stop()


def test_a_listener_that_fails_costs_neither_printer_nor_job(
    server: PrinterServer, mechanism: SimulatedPrinter, heard: Heard
) -> None:
    def fails(job_id: str, outcome: PrintOutcome) -> None:
        heard.on_outcome(job_id, outcome)
        raise RuntimeError("a mistake")

    supervisor = PrinterSupervisor(driver(server), on_outcome=fails, on_change=heard.on_change)
    supervisor.start()
    for number in range(2):
        supervisor.submit(PrintJob(f"sale-{number}", RECEIPT))
    wait_until(lambda: len(heard.outcomes) == 2, "both outcomes")
    assert mechanism.printed_count == 2
    assert supervisor.stop()


def test_a_driver_that_fails_unexpectedly_leaves_its_job_unknown(
    server: PrinterServer, mechanism: SimulatedPrinter, heard: Heard
) -> None:
    class Broken(EscposPrinter):
        def print(self, document: Document) -> PrintOutcome:
            if document.blocks[0] == Text("bad"):
                raise ZeroDivisionError
            return super().print(document)

    transport = NetworkTransport(server.host, server.port)
    supervisor = supervise(Broken("printer", transport, EscposEncoder("TM-T20II")), heard)
    supervisor.submit(PrintJob("bad", Document((Text("bad"),))))
    supervisor.submit(PrintJob("good", RECEIPT))
    wait_until(lambda: heard.outcome("good"), "the next job is printed")
    assert heard.outcome("bad") == PrintOutcome("unknown", "internal", sent=True)
    assert mechanism.printed_count == 1
    assert ("trouble", "internal") in heard.states
    assert supervisor.stop()


def test_a_test_page_is_printed(
    mechanism: SimulatedPrinter, heard: Heard, supervised: PrinterSupervisor
) -> None:
    job_id = supervised.test_print()
    assert job_id is not None
    wait_until(lambda: heard.outcome(job_id), "the outcome")
    (job,) = mechanism.jobs
    assert job.text[0] == "Testafdruk"
    assert "€ 1,23  é è ë ï ö ü ß ç à" in job.text


def test_progress_shows_while_idle_and_while_a_job_waits(
    mechanism: SimulatedPrinter, supervised: PrinterSupervisor
) -> None:
    def progresses() -> bool:
        return supervised.last_progress_s > before_s

    before_s = supervised.last_progress_s
    wait_until(progresses, "progress while idle")
    mechanism.set_fault("paper-out")
    supervised.submit(PrintJob("sale-1", RECEIPT))
    before_s = supervised.last_progress_s
    wait_until(progresses, "progress while waiting")


def test_a_plain_file_takes_the_receipt_and_its_outcome_stays_unknown(
    tmp_path: Path, heard: Heard
) -> None:
    target = tmp_path / "receipts.bin"
    printer = EscposPrinter("printer", FileTransport(str(target)), EscposEncoder("TM-T20II"))
    supervisor = supervise(printer, heard)
    supervisor.submit(PrintJob("sale-1", RECEIPT))
    wait_until(lambda: heard.outcome("sale-1"), "the outcome")
    assert heard.outcome("sale-1") == PrintOutcome("unknown", "no-status", sent=True)
    assert b"regel 8" in target.read_bytes()
    assert state(supervisor) == ("unknown", "no-status")
    assert printer.status() == PrinterStatus("unknown", "no-status")
    assert supervisor.stop()


def test_a_usb_printer_that_is_not_there_is_offline_and_no_file_is_made(heard: Heard) -> None:
    missing = Path(f"/dev/shm/lp-nothing-{os.getpid()}")
    printer = EscposPrinter("printer", FileTransport(str(missing)), EscposEncoder("TM-T20II"))
    supervisor = supervise(printer, heard)
    try:
        wait_until(lambda: state(supervisor) == ("offline", "not-found"), "absence shows")
        assert not missing.exists()
    finally:
        assert supervisor.stop()
        missing.unlink(missing_ok=True)

"""The simulated mechanism behaves like the ones that were seen."""

import pytest

from drivers.simulated_printer import HELD_BYTES_MAX, JOBS_KEPT_MAX, SLOW_LINE_S, SimulatedPrinter

JOB = b"\x1b@regel 1\nregel 2\nregel 3\n\x1dV\x00"
CONFIRM = b"\x1d(H\x06\x00\x30\x300007"
ASK = b"\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"


@pytest.fixture
def printer() -> SimulatedPrinter:
    return SimulatedPrinter()


@pytest.mark.parametrize(
    ("fault", "answers"),
    [
        (None, "16 12 12 12"),
        ("paper-out", "1E 32 12 7E"),
        ("cover-open", "1E 16 12 12"),
        ("paper-low", "16 12 12 1E"),
        ("offline", "1E 12 12 12"),
        ("cutter", "1E 52 1A 12"),
        ("silent", ""),
    ],
)
def test_it_answers_status_as_real_ones_do(
    printer: SimulatedPrinter, fault: str | None, answers: str
) -> None:
    if fault:
        printer.set_fault(fault)  # type: ignore[arg-type]
    printer.receive(ASK)
    assert printer.take_answers() == bytes.fromhex(answers)
    assert printer.take_answers() == b"", "each answer is given once"


def test_a_job_runs_from_cut_to_cut(printer: SimulatedPrinter) -> None:
    for byte in JOB + CONFIRM + JOB:
        printer.receive(bytes((byte,)))
    assert [job.data for job in printer.jobs] == [JOB, JOB]
    assert [job.number for job in printer.jobs] == [1, 2]
    assert printer.take_answers() == b"\x37\x220007\x00"


def test_without_a_cutter_the_confirmation_ends_the_job(printer: SimulatedPrinter) -> None:
    printer.receive(b"a\n" + CONFIRM)
    assert [job.text for job in printer.jobs] == [["a"]]


def test_out_of_paper_it_holds_data_answers_status_and_prints_on_recovery(
    printer: SimulatedPrinter,
) -> None:
    printer.set_fault("paper-out")
    printer.receive(JOB + CONFIRM + b"\x10\x04\x04")
    assert printer.take_answers() == b"\x7e", "real-time commands overtake what is held"
    assert printer.jobs == []
    printer.set_fault("paper-out", on=False)
    assert [job.data for job in printer.jobs] == [JOB]
    assert printer.take_answers() == b"\x37\x220007\x00"


def test_what_it_holds_can_be_cleared(printer: SimulatedPrinter) -> None:
    printer.set_fault("cover-open")
    printer.receive(JOB)
    printer.receive(bytes.fromhex("10 14 08 01 03 14 01 06 02 08"))
    printer.clear_faults()
    assert printer.jobs == []
    assert printer.unfinished == b""


def test_paper_can_run_out_in_the_middle(printer: SimulatedPrinter) -> None:
    printer.schedule_fault("paper-out", after_lines=2)
    printer.receive(JOB)
    assert printer.unfinished == b"\x1b@regel 1\nregel 2\n"
    assert printer.jobs == []


def test_a_slow_one_takes_its_time() -> None:
    now_s = [0.0]
    printer = SimulatedPrinter(monotonic=lambda: now_s[0])
    printer.set_fault("slow")
    printer.receive(JOB)
    assert printer.jobs == []
    for _ in range(3):
        now_s[0] += SLOW_LINE_S
        printer.take_answers()
    assert len(printer.jobs) == 1


def test_a_reset_loses_what_was_held_and_happens_once(printer: SimulatedPrinter) -> None:
    printer.schedule_fault("reset", after_lines=1)
    printer.receive(JOB)
    assert printer.take_reset()
    assert not printer.take_reset()
    assert printer.unfinished == b"\x1b@regel 1\n"
    assert printer.jobs == []


def test_receipts_and_what_is_held_are_bounded(printer: SimulatedPrinter) -> None:
    for _ in range(JOBS_KEPT_MAX + 10):
        printer.receive(b"a\n\x1dV\x00")
    assert len(printer.jobs) == JOBS_KEPT_MAX
    assert printer.printed_count == JOBS_KEPT_MAX + 10
    printer.set_fault("paper-out")
    printer.receive(b"x" * HELD_BYTES_MAX)
    assert not printer.takes_bytes


def test_an_unknown_fault_is_refused_by_name(printer: SimulatedPrinter) -> None:
    with pytest.raises(ValueError, match="fault: 'fire'"):
        printer.set_fault("fire")  # type: ignore[arg-type]

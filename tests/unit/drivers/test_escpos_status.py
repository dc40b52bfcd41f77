"""Answers of ESC/POS printers, byte by byte. Silence is never fine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.escpos_status import (
    BLOCK_BYTES_MAX,
    Answer,
    AnswerParser,
    Automatic,
    BlockAnswer,
    Plain,
    RealTime,
    StatusQuery,
    job_done,
    status_of,
)
from drivers.ports import PrinterStatus, Reason


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("16", [RealTime(0x16)]),
        ("1E 32 12 7E", [RealTime(0x1E), RealTime(0x32), RealTime(0x12), RealTime(0x7E)]),
        ("14 00 00 0F", [Automatic(b"\x14\x00\x00\x0f")]),
        ("11 16 13", [RealTime(0x16)]),
        ("37 22 30 30 30 31 00", [BlockAnswer(0x37, b"\x220001")]),
        ("3D 41 00 16", [BlockAnswer(0x3D, b"A"), RealTime(0x16)]),
        ("5F 41 42 00", [BlockAnswer(0x5F, b"AB")]),
        ("00", [Plain(0)]),
        ("0C 16", [Plain(0x0C), RealTime(0x16)]),
        ("14 00 16 14 00 00 0F", [RealTime(0x16), Automatic(b"\x14\x00\x00\x0f")]),
        ("", []),
    ],
)
def test_answers_are_told_apart(wire: str, expected: list[Answer]) -> None:
    data = bytes.fromhex(wire)
    assert AnswerParser().feed(data) == expected
    parser = AnswerParser()
    assert [answer for byte in data for answer in parser.feed(bytes((byte,)))] == expected


def test_a_block_without_an_end_is_given_up() -> None:
    parser = AnswerParser()
    parser.feed(b"\x37" + b"x" * (BLOCK_BYTES_MAX + 1))
    assert parser.feed(b"\x00\x16")[-1] == RealTime(0x16)


@given(st.binary(max_size=300))
def test_any_bytes_parse(wire: bytes) -> None:
    AnswerParser().feed(wire)


def test_a_confirmation_names_its_job() -> None:
    assert job_done(BlockAnswer(0x37, b"\x220042")) == b"0042"
    assert job_done(BlockAnswer(0x37, b"\x210042")) is None
    assert job_done(BlockAnswer(0x3D, b"\x220042")) is None
    assert job_done(BlockAnswer(0x37, b"\x22004")) is None
    assert job_done(RealTime(0x16)) is None


@pytest.mark.parametrize(
    ("printer", "cause", "paper", "reason"),
    [
        (0x1E, 0x32, 0x7E, "paper-out"),
        (0x1E, 0x16, 0x12, "cover-open"),
        (0x16, 0x12, 0x72, "paper-out"),
        (0x1E, 0x32, 0x12, "paper-out"),
        (0x1E, 0x12, 0x12, "offline"),
        (0x36, 0x12, 0x12, "offline"),
        (0x1E, 0x1A, 0x12, "feeding"),
        (0x56, 0x12, 0x12, "feeding"),
        (0x1E, 0x52, 0x12, "error"),
    ],
)
def test_trouble_has_the_reason_that_somebody_can_mend(
    printer: int, cause: int, paper: int, reason: Reason
) -> None:
    status = status_of({1: printer, 2: cause, 4: paper})
    assert status == PrinterStatus("not-ready", reason)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(0x1A, "cutter"), (0x32, "error"), (0x52, "overheated"), (0x72, "error"), (0x16, "error")],
)
def test_an_error_is_told_more_closely_by_the_third_answer(error: int, reason: Reason) -> None:
    assert status_of({1: 0x1E, 2: 0x52, 3: error, 4: 0x12}).reason == reason


@pytest.mark.parametrize("printer", [0x12, 0x16])
def test_fine_is_ready(printer: int) -> None:
    assert status_of({1: printer, 2: 0x12, 4: 0x12}) == PrinterStatus("ready", "")


def test_a_roll_near_its_end_still_prints() -> None:
    assert status_of({1: 0x16, 2: 0x12, 4: 0x1E}) == PrinterStatus("ready", "paper-low")


@pytest.mark.parametrize("missing", [1, 2, 4])
def test_a_missing_answer_is_unknown_however_fine_the_others_are(missing: StatusQuery) -> None:
    answers: dict[StatusQuery, int] = {1: 0x16, 2: 0x12, 4: 0x12}
    del answers[missing]
    assert status_of(answers) == PrinterStatus("unknown", "no-answer")

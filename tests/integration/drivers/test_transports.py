"""Carrying bytes: everything ends in time, and says why."""

import os
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.ports import DeviceError
from drivers.serial_scanner import open_port
from drivers.transports import FileTransport, NetworkTransport, SerialTransport, Transport


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    """A line at whose other end nobody reads: the master's descriptor, and the path."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


def reason_of(call: object, *arguments: object) -> str:
    with pytest.raises(DeviceError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.reason


@pytest.mark.parametrize("make", [SerialTransport, FileTransport])
def test_a_printer_that_takes_no_more_bytes_is_given_up(
    make: type[SerialTransport | FileTransport], pty: tuple[int, str]
) -> None:
    transport = make(pty[1], write_s=0.3)
    transport.open()
    began_s = time.monotonic()
    assert reason_of(transport.send, b"x" * 1_000_000) == "write-timeout"
    assert time.monotonic() - began_s < 5
    transport.close()


@pytest.mark.parametrize("make", [SerialTransport, FileTransport])
def test_bytes_go_both_ways(
    make: type[SerialTransport | FileTransport], pty: tuple[int, str]
) -> None:
    transport = make(pty[1])
    transport.open()
    assert transport.answers
    transport.send(b"\x10\x04\x01")
    assert os.read(pty[0], 10) == b"\x10\x04\x01"
    os.write(pty[0], b"\x16")
    assert transport.receive(5.0) == b"\x16"
    assert transport.receive(0.05) == b""
    transport.close()
    transport.close()


@pytest.mark.parametrize("make", [SerialTransport, FileTransport])
def test_a_line_that_breaks_says_so(make: type[SerialTransport | FileTransport]) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    transport = make(os.ttyname(slave))
    transport.open()
    os.close(master)
    os.close(slave)
    assert reason_of(transport.send, b"x") == "connection-lost"
    transport.close()


def test_a_serial_printer_is_ours_alone_while_a_job_runs(pty: tuple[int, str]) -> None:
    transport = SerialTransport(pty[1])
    transport.open()
    assert reason_of(open_port, pty[1], 9_600) == "busy"
    transport.close()
    open_port(pty[1], 9_600).close()


def test_a_path_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    assert reason_of(FileTransport(str(tmp_path)).open) in {"not-found", "no-permission"}
    assert reason_of(FileTransport(str(tmp_path / "no" / "such")).open) == "not-found"


@pytest.mark.parametrize(
    "transport",
    [NetworkTransport("127.0.0.1"), SerialTransport("/dev/null"), FileTransport("/dev/null")],
)
def test_one_that_is_not_open_says_so(transport: Transport) -> None:
    assert reason_of(transport.send, b"x") in {"unreachable", "not-found"}


def test_a_plain_file_is_appended_to(tmp_path: Path) -> None:
    target = tmp_path / "receipts"
    for part in (b"one", b"two"):
        transport = FileTransport(str(target))
        transport.open()
        assert not transport.answers
        transport.send(part)
        assert transport.receive(0.0) == b""
        transport.close()
    assert target.read_bytes() == b"onetwo"
    assert target.stat().st_mode & 0o007 == 0, "not for everybody to read"

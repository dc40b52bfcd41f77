"""The POS's port of a shared scanner, on real ptys: the POS absent, slow, gone and back."""

import fcntl
import functools
import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import serial

from drivers.share import PORT_MODE, TURN_S, WAITING_MAX, SharedPort
from drivers.supervisor import Backoff
from tests.integration.drivers.support import DEADLINE_S, wait_until

MILK = b"8710400011118\r"
CHEESE = b"8710400022220\r"


class Pos:
    """A POS that opens the port as plainly as can be: no flushing, no settings."""

    def __init__(self, link: Path) -> None:
        self._end = os.open(link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def read(self, length: int, deadline_s: float = DEADLINE_S) -> bytes:
        """At least `length` bytes, or what came until the deadline."""
        data = b""
        until_s = time.monotonic() + deadline_s
        while len(data) < length and (left_s := until_s - time.monotonic()) > 0:
            if select.select([self._end], [], [], left_s)[0]:
                data += os.read(self._end, 65_536)
        return data

    def send(self, data: bytes) -> int:
        return os.write(self._end, data)

    def take_exclusively(self) -> None:
        fcntl.ioctl(self._end, termios.TIOCEXCL)

    def echo(self) -> bool:
        return bool(termios.tcgetattr(self._end)[3] & (termios.ECHO | termios.ICANON))

    def make_a_terminal_of_it(self) -> None:
        settings = termios.tcgetattr(self._end)
        settings[3] |= termios.ECHO | termios.ICANON
        termios.tcsetattr(self._end, termios.TCSANOW, settings)

    def close(self) -> None:
        os.close(self._end)


def started(link: Path) -> SharedPort:
    port = SharedPort("hand", link, backoff=Backoff(0.02, 0.1))
    port.start()
    return port


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "pos-scanner"


@pytest.fixture
def port(link: Path) -> Iterator[SharedPort]:
    made = started(link)
    wait_until(link.is_symlink, "the link")
    yield made
    assert made.stop()


def opened(port: SharedPort, link: Path) -> Pos:
    pos = Pos(link)
    wait_until(lambda: port.standing().listened_to, "the POS is noticed")
    return pos


def closed(port: SharedPort, pos: Pos, link: Path) -> None:
    before = link.readlink()
    pos.close()
    wait_until(lambda: link.readlink() != before, "a fresh port")


def test_what_is_written_arrives_byte_for_byte(port: SharedPort, link: Path) -> None:
    pos = opened(port, link)
    every_byte = bytes(range(256)) + b"\x02]C1\x1d\x03\r\n"
    assert port.write(every_byte)
    assert pos.read(len(every_byte)) == every_byte
    pos.close()


def test_a_tail_follows_its_scan_whether_that_is_gone_already_or_not(
    port: SharedPort, link: Path
) -> None:
    pos = opened(port, link)
    port.write(MILK)
    assert pos.read(len(MILK)) == MILK
    port.write_tail(b"\n")
    assert pos.read(1) == b"\n"
    port.write(MILK)
    port.write_tail(b"\n")
    port.write(CHEESE)
    assert pos.read(2 * len(MILK) + 1) == MILK + b"\n" + CHEESE
    pos.close()


def test_scans_from_before_the_pos_came_never_reach_it(
    logged: StringIO, port: SharedPort, link: Path
) -> None:
    for _ in range(3):
        port.write(MILK)
    wait_until(lambda: port.standing().dropped == 3, "they are counted")
    pos = opened(port, link)
    port.write_tail(b"\n")
    port.write(CHEESE)
    assert pos.read(len(CHEESE)) == CHEESE
    wait_until(lambda: port.standing().dropped_since == 0, "one got through")
    assert port.standing().dropped == 3
    said = logged.getvalue()
    assert said.count("a scan did not reach the POS") == 1
    assert "the POS does not listen" in said
    assert "8710400011118" not in said
    pos.close()


def test_the_pos_may_close_and_open_it_again(port: SharedPort, link: Path) -> None:
    for _ in range(3):
        pos = opened(port, link)
        port.write(MILK)
        assert pos.read(len(MILK)) == MILK
        closed(port, pos, link)


def test_a_pos_that_comes_back_while_its_port_is_renewed_keeps_the_one_it_has(
    port: SharedPort, link: Path
) -> None:
    pos = opened(port, link)
    held = port._pty
    before = link.readlink()
    assert held is not None
    port._renew(held)  # what the loop does when it has just missed that somebody opened it
    assert link.readlink() == before
    port.write(MILK)
    assert pos.read(len(MILK)) == MILK
    pos.close()


def test_what_one_pos_left_unread_is_not_the_next_ones(port: SharedPort, link: Path) -> None:
    first = opened(port, link)
    port.write(MILK)
    wait_until(lambda: port.standing().report.last, "it is sent")
    closed(port, first, link)
    second = opened(port, link)
    port.write(CHEESE)
    assert second.read(len(CHEESE)) == CHEESE
    second.close()


def test_line_settings_and_exclusive_mode_of_a_killed_pos_do_not_outlive_it(
    port: SharedPort, link: Path
) -> None:
    first = opened(port, link)
    first.make_a_terminal_of_it()
    first.take_exclusively()
    closed(port, first, link)
    as_somebody_else = (
        f"import os; os.setgid({link.stat().st_gid}); os.setuid(os.getuid() or 65534); "
        f"os.close(os.open({str(link.readlink())!r}, os.O_RDWR | os.O_NOCTTY))"
    )
    subprocess.run([sys.executable, "-c", as_somebody_else], check=True)
    wait_until(lambda: not port.standing().listened_to, "that one is gone")
    second = opened(port, link)
    assert not second.echo()
    second.close()


def test_a_pos_that_does_not_read_blocks_nobody_and_loses_whole_scans_only(
    port: SharedPort, link: Path
) -> None:
    pos = opened(port, link)
    numbered = [b"%013d\r" % number for number in range(20_000)]
    began_s = time.monotonic()
    kept = [scan for scan in numbered if port.write(scan)]
    assert time.monotonic() - began_s < DEADLINE_S
    assert WAITING_MAX <= len(kept) < len(numbered), "the queue is bounded"
    wanted = b"".join(kept)
    assert pos.read(len(wanted)) == wanted
    assert port.standing().dropped == len(numbered) - len(kept)
    assert port.write(MILK), "it goes on"
    port.write_tail(b"\n")
    assert pos.read(len(MILK) + 1) == MILK + b"\n"
    pos.close()


def test_the_tail_of_a_dropped_scan_is_dropped_with_it(port: SharedPort, link: Path) -> None:
    pos = opened(port, link)
    kept = 0
    while port.write(MILK):
        kept += 1
    port.write_tail(b"\n")
    wanted = MILK * kept
    assert pos.read(len(wanted)) == wanted
    port.write(CHEESE)
    assert pos.read(len(CHEESE)) == CHEESE
    pos.close()


def test_a_slow_pos_gets_everything_in_the_end(port: SharedPort, link: Path) -> None:
    pos = opened(port, link)
    wanted = got = b""
    for number in range(50):
        scan = b"%07000d\r" % number
        wanted += scan
        while not port.write(scan):
            got += pos.read(1)
    got += pos.read(len(wanted) - len(got))
    assert got == wanted
    pos.close()


def test_what_the_pos_sends_is_thrown_away_and_never_blocks_it(
    port: SharedPort, link: Path
) -> None:
    pos = opened(port, link)
    left = 100_000
    until_s = time.monotonic() + DEADLINE_S * 3
    while left and time.monotonic() < until_s:
        try:
            left -= pos.send(b"\x07" * min(left, 1_000))
        except BlockingIOError:
            port.write(MILK)  # wakes it
            pos.read(1)
    assert not left
    pos.close()


def test_pyserial_opens_it_with_whatever_settings(port: SharedPort, link: Path) -> None:
    with serial.Serial(str(link), 19_200, timeout=DEADLINE_S, exclusive=True) as pos:
        wait_until(lambda: port.standing().listened_to, "the POS is noticed")
        port.write(MILK + b"\n")
        assert pos.read_until(b"\n") == MILK + b"\n"


def test_the_group_of_its_folder_may_open_it_and_nobody_else(tmp_path: Path) -> None:
    if os.getuid() == 0:
        os.chown(tmp_path, -1, 4_321)
    port = started(tmp_path / "pos-scanner")
    wait_until(lambda: port.standing().report.state == "ok", "it is there")
    status = (tmp_path / "pos-scanner").stat()
    assert (status.st_mode & 0o777, status.st_gid) == (PORT_MODE, tmp_path.stat().st_gid)
    assert port.stop()


def test_it_is_gone_after_a_stop_and_stopping_is_quick(link: Path) -> None:
    port = started(link)
    wait_until(link.is_symlink, "the link")
    pos = opened(port, link)
    began_s = time.monotonic()
    assert port.stop()
    assert time.monotonic() - began_s < 1
    assert not link.is_symlink()
    assert not port.write(MILK)
    pos.close()


def test_a_link_that_somebody_else_has_taken_over_is_left_to_them(link: Path) -> None:
    port = started(link)
    wait_until(link.is_symlink, "the link")
    link.unlink()
    link.symlink_to("/dev/null")
    assert port.stop()
    assert str(link.readlink()) == "/dev/null"


def test_the_stale_link_of_a_killed_agent_is_replaced(link: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from drivers.share import SharedPort\n"
        f"SharedPort('hand', Path({str(link)!r})).start()\n"
        "time.sleep(600)\n"
    )
    agent = subprocess.Popen([sys.executable, "-c", program])
    wait_until(link.is_symlink, "the link", 60)
    agent.send_signal(signal.SIGKILL)
    agent.wait()
    assert link.is_symlink(), "nobody was there to remove it"
    port = started(link)
    wait_until(lambda: port.standing().report.state == "ok", "it starts all the same")
    pos = opened(port, link)
    port.write(MILK)
    assert pos.read(len(MILK)) == MILK
    pos.close()
    assert port.stop()


@pytest.mark.parametrize("what", ["a file", "another link"])
def test_what_is_not_ours_is_never_replaced(link: Path, what: str) -> None:
    link.write_text("precious") if what == "a file" else link.symlink_to("/dev/null")
    port = started(link)
    wait_until(lambda: port.standing().report.reason == "bad-settings", "it says so")
    assert not port.write(MILK)
    assert port.standing().dropped == 1
    assert port.stop()
    assert link.read_bytes() == (b"precious" if what == "a file" else b"")


def test_a_folder_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    link = tmp_path / "late" / "pos-scanner"
    port = started(link)
    wait_until(lambda: port.standing().report.reason == "not-found", "it says so")
    assert port.standing().report.state == "offline"
    link.parent.mkdir()
    wait_until(lambda: port.standing().report.state == "ok", "and goes on")
    assert port.stop()


def test_the_loop_shows_progress_whether_anybody_listens_or_not(
    port: SharedPort, link: Path
) -> None:
    for listens in (False, True):
        pos = opened(port, link) if listens else None
        wanted_s = port.last_progress_s + TURN_S
        wait_until(functools.partial(_progressed, port, wanted_s), "progress")
        if pos is not None:
            pos.close()


def _progressed(port: SharedPort, wanted_s: float) -> bool:
    return port.last_progress_s > wanted_s

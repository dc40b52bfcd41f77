"""sd_notify over real datagram sockets."""

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.notify import STATUS_MAX_CHARS, Notifier, watchdog_s


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's end of a NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(10)
        yield channel


def test_each_word_is_the_datagram_that_sd_notify_describes(manager: socket.socket) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": manager.getsockname()})

    assert notifier.ready()
    assert manager.recv(4096) == b"READY=1"
    assert notifier.watchdog()
    assert manager.recv(4096) == b"WATCHDOG=1"
    assert notifier.stopping()
    assert manager.recv(4096) == b"STOPPING=1"
    assert notifier.status("degraded: printer (geen papier, €)")
    assert manager.recv(4096) == "STATUS=degraded: printer (geen papier, €)".encode()


def test_an_abstract_socket_is_reached_by_its_at_sign() -> None:
    name = f"edge-agent-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind("\0" + name)
        channel.settimeout(10)

        assert Notifier("@" + name).ready()
        assert channel.recv(4096) == b"READY=1"


def test_a_status_cannot_smuggle_in_another_key_and_stays_one_line(manager: socket.socket) -> None:
    notifier = Notifier(manager.getsockname())

    notifier.status("trouble\nWATCHDOG=trigger\r\n")
    assert manager.recv(4096) == b"STATUS=trouble WATCHDOG=trigger"

    notifier.status("x" * 10_000)
    assert manager.recv(65536) == b"STATUS=" + b"x" * STATUS_MAX_CHARS


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}])
def test_without_a_service_manager_nothing_is_sent_and_nothing_fails(
    environ: dict[str, str],
) -> None:
    assert not Notifier.from_environment(environ).ready()


def test_a_service_manager_that_went_away_is_no_error(tmp_path: Path) -> None:
    assert not Notifier(str(tmp_path / "gone")).watchdog()


def test_a_service_manager_that_does_not_read_stops_nobody(manager: socket.socket) -> None:
    notifier = Notifier(manager.getsockname())
    sent = 0
    while notifier.watchdog():
        sent += 1
        assert sent < 100_000, "the socket's queue has no end?"


@pytest.mark.parametrize(
    ("environ", "expected_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "42"}, 1.5),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "41"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_time_is_ours_only_where_it_names_our_process(
    environ: dict[str, str], expected_s: float | None
) -> None:
    assert watchdog_s(environ, pid=42) == expected_s

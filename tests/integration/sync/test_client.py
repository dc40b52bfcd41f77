"""The line to central against a real server that fails in every way we know."""

import gzip
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.client import CentralClient, Place, Timeouts
from sync.errors import (
    Busy,
    CentralError,
    Conflict,
    IdentityUnusable,
    PositionUnknown,
    ProtocolError,
    Refused,
    Stopped,
    TooLarge,
    Unreachable,
)
from sync.signing import Signer
from sync.wire import RecordsMessage, WireRecord
from tests.integration.sync.scripted_central import (
    KEY,
    Exchange,
    Fault,
    ScriptedCentral,
    close_early,
    cut_after,
    cut_before,
    dribble,
    eventually,
    garbage,
    half_an_answer,
    never,
    over_tls,
    status,
)
from tests.unit.sync.model_central import ModelCentral
from tests.unit.sync.real_till import EPOCH, TERMINAL, RealTill

SOON = Timeouts(connect_s=2.0, read_s=0.3, total_s=1.0)
TLS = Path(__file__).parents[2] / "data" / "tls"


@pytest.fixture
def client(server: ScriptedCentral) -> Iterator[CentralClient]:
    client = CentralClient(Place(server.url), Signer(TERMINAL, KEY), SOON)
    yield client
    client.close()


def message_of(till: RealTill, count: int, note: str = "") -> RecordsMessage:
    till.journal.record(count, note)
    records = till.journal.waiting(0, count, 10**9)
    return RecordsMessage(
        terminal=TERMINAL, epoch=EPOCH, records=tuple(WireRecord.of(r) for r in records)
    )


EMPTY = RecordsMessage(terminal=TERMINAL, epoch=EPOCH, records=())


def test_records_arrive_as_they_were_recorded(
    server: ScriptedCentral, client: CentralClient, till: RealTill
) -> None:
    answer = client.send(message_of(till, 3, note='€ "quoted" \\ ü'))
    assert answer.received == 3
    assert server.model.held(EPOCH) == 3


def test_large_requests_are_packed_and_small_ones_are_not(
    server: ScriptedCentral, client: CentralClient, till: RealTill
) -> None:
    client.send(EMPTY)
    assert "Content-Encoding" not in server.user_headers
    message = message_of(till, 200)
    client.send(message)
    assert server.user_headers["Content-Encoding"] == "gzip"
    sent_bytes = int(server.user_headers["Content-Length"])
    assert sent_bytes * 4 < len(message.model_dump_json())


def test_one_connection_serves_many_requests(
    server: ScriptedCentral, client: CentralClient
) -> None:
    for _ in range(5):
        client.send(EMPTY)
        client.changes(0, EPOCH, 0)
    assert server.connections == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (status(401), Refused),
        (status(403), Refused),
        (status(409), Conflict),
        (status(410), PositionUnknown),
        (status(413), TooLarge),
        (close_early, TooLarge),
        (status(429), Busy),
        (status(500), Busy),
        (status(502, {"Content-Type": "text/html"}, b"<h1>Bad gateway</h1>"), Busy),
        (status(503), Busy),
        (status(404), ProtocolError),
        (status(400), ProtocolError),
        (status(204, None, b""), ProtocolError),
        (status(302, {"Location": "http://127.0.0.1:1/"}), ProtocolError),
        (
            status(200, {"Content-Type": "text/html"}, b"<h1>Welcome to our wifi</h1>"),
            ProtocolError,
        ),
        (status(200, None, b"not json"), ProtocolError),
        (status(200, None, b"[]"), ProtocolError),
        (status(200, None, b'{"received": "many"}'), ProtocolError),
        (status(200, {"Content-Encoding": "gzip"}, b"not gzip"), Unreachable),
        (garbage, Unreachable),
        (cut_before, Unreachable),
        (cut_after, Unreachable),
        (half_an_answer, Unreachable),
        (never, Unreachable),
    ],
)
def test_every_answer_becomes_one_of_our_errors(
    server: ScriptedCentral, client: CentralClient, fault: Fault, error: type[CentralError]
) -> None:
    server.script.append(fault)
    with pytest.raises(CentralError) as caught:
        client.send(EMPTY)
    assert type(caught.value) is error
    assert client.send(EMPTY).received == 0, "the line is usable again"


def test_a_server_that_is_not_there_is_unreachable(server: ScriptedCentral) -> None:
    client = CentralClient(Place("http://127.0.0.1:1"), Signer(TERMINAL, KEY), SOON)
    with pytest.raises(Unreachable, match="no connection"):
        client.send(EMPTY)
    client.close()


def test_a_name_that_nobody_knows_is_unreachable() -> None:
    client = CentralClient(Place("https://central.invalid"), Signer(TERMINAL, KEY), SOON)
    with pytest.raises(Unreachable):
        client.send(EMPTY)
    client.close()


def test_a_server_that_dribbles_is_cut_after_the_total_time(
    server: ScriptedCentral, client: CentralClient
) -> None:
    server.script.append(dribble)
    began = time.monotonic()
    with pytest.raises(Unreachable):
        client.send(EMPTY)
    assert 0.9 < time.monotonic() - began < 10


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_without_end_is_not_read_to_the_end(
    server: ScriptedCentral, client: CentralClient, *, packed: bool
) -> None:
    body = b" " * 30_000_000
    headers = {"Content-Type": "application/json"}
    if packed:
        body, headers = gzip.compress(body, 1), headers | {"Content-Encoding": "gzip"}
    server.script.append(status(200, headers, body))
    with pytest.raises(ProtocolError, match="longer than"):
        client.send(EMPTY)


def test_how_long_to_wait_is_read_where_central_says_it(
    server: ScriptedCentral, client: CentralClient
) -> None:
    server.script.append(status(503, {"Retry-After": "17"}))
    with pytest.raises(Busy) as caught:
        client.send(EMPTY)
    assert caught.value.retry_after_s == 17
    server.script.append(status(503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}))
    with pytest.raises(Busy) as caught:
        client.send(EMPTY)
    assert caught.value.retry_after_s is None


def test_the_problem_code_of_central_is_named_and_nothing_else_of_a_body(
    server: ScriptedCentral, client: CentralClient
) -> None:
    body = b'{"code": "terminal-revoked", "detail": "Jansen"}'
    server.script.append(status(403, {"Content-Type": "application/problem+json"}, body))
    with pytest.raises(Refused, match="403 terminal-revoked") as caught:
        client.send(EMPTY)
    assert "Jansen" not in str(caught.value)


def test_no_error_or_log_holds_a_key_or_a_body(
    server: ScriptedCentral, client: CentralClient, caplog: pytest.LogCaptureFixture
) -> None:
    faults: list[Fault] = [
        status(200, None, b'{"received": "Jansen"}'),
        status(500, None, b"Jansen"),
        status(401, None, b"Jansen"),
        cut_after,
    ]
    with caplog.at_level(logging.DEBUG):
        for fault in faults:
            server.script.append(fault)
            with pytest.raises(CentralError) as caught:
                client.send(EMPTY)
            causes = repr(caught.value) + repr(caught.value.__cause__)
            assert "Jansen" not in causes
            assert KEY.hex() not in causes
    assert KEY.hex() not in caplog.text
    assert "Jansen" not in caplog.text


def test_a_redirect_does_not_carry_the_question_elsewhere(
    server: ScriptedCentral, client: CentralClient
) -> None:
    server.script.append(status(307, {"Location": f"{server.url}/elsewhere"}))
    with pytest.raises(ProtocolError, match="leads somewhere else"):
        client.send(EMPTY)
    assert server.count("/elsewhere") == 0


def test_the_environment_does_not_change_where_the_question_goes(
    server: ScriptedCentral, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    client = CentralClient(Place(server.url), Signer(TERMINAL, KEY), SOON)
    client.send(EMPTY)
    client.close()
    assert "Authorization" not in server.user_headers


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://loyalty.example", "https://"),
        ("http://192.0.2.1:8430", "https://"),
        ("ftp://loyalty.example", "must look like"),
        ("loyalty.example", "must look like"),
        ("https://", "must look like"),
        ("https://[::1", "must look like"),
        ("https://till:secret@loyalty.example", "user or password"),
    ],
)
def test_a_url_that_nothing_should_be_sent_to_is_said_so(url: str, says: str) -> None:
    with pytest.raises(IdentityUnusable, match=says) as caught:
        Place(url).checked()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8430", "http://127.0.0.1:8430/", "http://[::1]:1", "https://x.example"],
)
def test_https_and_this_machine_are_fine(url: str) -> None:
    assert Place(url).checked().at("/wire/v1/records").endswith("/wire/v1/records")


# --- ending at once ---


def cut_while(
    client: CentralClient, waiting: Callable[[], object], ready: Callable[[], bool]
) -> float:
    """Cut the line from outside while a thread waits on it; seconds until it was told Stopped."""
    outcome: list[BaseException] = []

    def wait() -> None:
        try:
            waiting()
        except CentralError as error:
            outcome.append(error)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    eventually(ready, "the request is under way")
    time.sleep(0.05)
    began = time.monotonic()
    client.cut()
    thread.join(10)
    took_s = time.monotonic() - began
    assert [type(error) for error in outcome] == [Stopped]
    return took_s


PATIENT = Timeouts(connect_s=30, read_s=60, total_s=120)


@pytest.mark.parametrize("fault", [never, dribble])
def test_a_wait_for_an_answer_ends_at_once_when_the_line_is_cut(
    server: ScriptedCentral, fault: Fault
) -> None:
    client = CentralClient(Place(server.url), Signer(TERMINAL, KEY), PATIENT)
    server.always = fault
    took_s = cut_while(client, lambda: client.send(EMPTY), lambda: bool(server.requests))
    assert took_s < 0.5
    with pytest.raises(Stopped):
        client.send(EMPTY)
    client.close()


def test_a_long_poll_on_a_used_connection_ends_at_once_when_the_line_is_cut(
    server: ScriptedCentral,
) -> None:
    client = CentralClient(Place(server.url), Signer(TERMINAL, KEY), PATIENT)
    client.send(EMPTY)
    asked = lambda: server.count("/wire/v1/changes") == 1  # noqa: E731
    assert cut_while(client, lambda: client.changes(0, EPOCH, 60), asked) < 0.5
    client.close()


def test_an_answer_that_will_end_with_its_connection_can_be_cut_as_well(
    server: ScriptedCentral,
) -> None:
    """http.client closes its side of such a connection before the body is read."""

    def endless(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        )
        while not exchange.server.released.wait(0.02):
            exchange.wfile.write(b" ")

    client = CentralClient(Place(server.url), Signer(TERMINAL, KEY), PATIENT)
    server.always = endless
    assert cut_while(client, lambda: client.send(EMPTY), lambda: bool(server.requests)) < 0.5
    client.close()


def test_a_closed_connection_is_seen_closed_at_the_other_end(
    server: ScriptedCentral, client: CentralClient
) -> None:
    client.send(EMPTY)
    client.close()
    eventually(lambda: server.open_connections == 0, "central saw the connection end")


# --- TLS ---


@pytest.fixture
def secure() -> Iterator[ScriptedCentral]:
    server = ScriptedCentral(ModelCentral())
    over_tls(server, str(TLS / "localhost.pem"), str(TLS / "localhost-key.pem"))
    server.start()
    yield server
    server.end()


def secure_place(server: ScriptedCentral, ca_file: Path | None) -> Place:
    return Place(f"https://localhost:{server.port}", ca_file)


def test_the_ca_file_decides_whom_we_trust(secure: ScriptedCentral) -> None:
    trusting = CentralClient(
        secure_place(secure, TLS / "localhost.pem"), Signer(TERMINAL, KEY), PATIENT
    )
    assert trusting.send(EMPTY).received == 0
    trusting.close()
    wary = CentralClient(secure_place(secure, None), Signer(TERMINAL, KEY), PATIENT)
    with pytest.raises(Unreachable, match="certificate"):
        wary.send(EMPTY)
    wary.close()


def test_a_ca_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(IdentityUnusable, match=r"missing\.pem is not there"):
        Place("https://localhost", tmp_path / "missing.pem").checked()


def test_a_long_poll_over_tls_ends_at_once_when_the_line_is_cut(secure: ScriptedCentral) -> None:
    client = CentralClient(
        secure_place(secure, TLS / "localhost.pem"), Signer(TERMINAL, KEY), PATIENT
    )
    client.send(EMPTY)
    asked = lambda: secure.count("/wire/v1/changes") == 1  # noqa: E731
    assert cut_while(client, lambda: client.changes(0, EPOCH, 60), asked) < 0.5
    client.close()


def test_a_tls_handshake_that_is_never_answered_ends_at_once_when_the_line_is_cut() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        place = Place(f"https://localhost:{mute.getsockname()[1]}", TLS / "localhost.pem")
        client = CentralClient(place, Signer(TERMINAL, KEY), PATIENT)
        hello: list[bytes] = []

        def hear() -> None:
            connection, _ = mute.accept()
            with connection:
                while piece := connection.recv(4096):
                    hello.append(piece)

        threading.Thread(target=hear, daemon=True).start()
        assert cut_while(client, lambda: client.send(EMPTY), lambda: bool(hello)) < 0.5
        client.close()

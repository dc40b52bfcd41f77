"""Central's word on a redemption within a hard deadline, against a real server that fails in every way we know."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from sync import policy
from sync.authorise import Authoriser, timeouts
from sync.client import CentralClient, Place
from sync.signing import Signer
from sync.wire import RELEASES_MAX, AuthorisationAnswer, AuthorisationMessage
from tests.integration.sync.scripted_central import (
    KEY,
    Fault,
    ScriptedCentral,
    cut_after,
    dribble,
    eventually,
    garbage,
    half_an_answer,
    never,
    slow,
    status,
)
from tests.unit.sync.real_till import TERMINAL

DEADLINE_S = 0.3
LEEWAY_S = 1.5
"""For a thread to be woken on a machine that is busy with other tests; what hangs here hangs for longer than that."""

PATIENT_S = 10.0
"""The deadline where an answer is expected."""

PATH = "/wire/v1/authorisations"


def authoriser_of(url: str, deadline_s: float = DEADLINE_S) -> Authoriser:
    def connect() -> CentralClient:
        return CentralClient(Place(url), Signer(TERMINAL, KEY), timeouts(deadline_s))

    authoriser = Authoriser(connect, TERMINAL, deadline_s)
    authoriser.start()
    return authoriser


@pytest.fixture
def authoriser(server: ScriptedCentral) -> Iterator[Authoriser]:
    authoriser = authoriser_of(server.url)
    yield authoriser
    authoriser.stop()


@pytest.fixture
def patient(server: ScriptedCentral) -> Iterator[Authoriser]:
    """One that waits for as long as a busy machine needs."""
    authoriser = authoriser_of(server.url, PATIENT_S)
    yield authoriser
    authoriser.stop()


def question(redemption_id: str = "R1") -> AuthorisationMessage:
    return AuthorisationMessage(
        terminal=TERMINAL,
        redemption_id=redemption_id,
        account="a" * 32,
        unit="points",
        quantity=250,
        least=250,
        until=datetime(2026, 11, 21, tzinfo=UTC) + timedelta(minutes=30),
    )


def asked(authoriser: Authoriser, redemption_id: str = "R1") -> AuthorisationAnswer | None:
    """Ask, and see that nobody had to wait longer than the deadline."""
    began_s = time.monotonic()
    answer = authoriser.ask(question(redemption_id))
    assert time.monotonic() - began_s < DEADLINE_S + LEEWAY_S
    return answer


def test_central_says_what_it_set_aside_and_the_connection_is_kept(
    server: ScriptedCentral, patient: Authoriser
) -> None:
    for number in range(5):
        answer = patient.ask(question(f"R{number}"))
        assert answer is not None
        assert answer.quantity == 250
    assert server.connections == 1
    assert server.model.authorised == {f"R{number}": 250 for number in range(5)}


@pytest.mark.parametrize(
    "fault",
    [never, dribble, garbage, half_an_answer, cut_after, slow(1.0), status(500), status(401)],
    ids=["never", "dribble", "garbage", "half", "answer lost", "slow", "500", "401"],
)
def test_nobody_waits_longer_for_a_central_that_does_not_answer_well(
    server: ScriptedCentral, authoriser: Authoriser, fault: Fault
) -> None:
    server.script.append(fault)
    assert asked(authoriser) is None


def test_nobody_waits_longer_where_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    authoriser = authoriser_of(url)
    assert asked(authoriser) is None
    authoriser.stop()


def test_nobody_waits_longer_where_connections_are_never_taken() -> None:
    """A listener whose queue is full: the handshake's first packet is dropped, as in a black hole."""
    with ExitStack() as stack:
        listener = stack.enter_context(closing(socket.socket()))
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(closing(socket.socket()))
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        authoriser = authoriser_of(f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert asked(authoriser) is None
        authoriser.stop()


def test_nobody_waits_longer_for_a_name_that_is_looked_up_for_ever(
    server: ScriptedCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look-up cannot be called off: the thread hangs in it, and the till does not."""
    found = threading.Event()
    really: Callable[..., object] = socket.getaddrinfo

    def hanging(host: str, *more: object, **named: object) -> object:
        found.wait(60)
        return really(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    authoriser = authoriser_of(f"http://localhost:{server.port}")
    for number in range(policy.AUTHORISE_FAILURES_MAX):
        assert asked(authoriser, f"R{number}") is None
    assert not authoriser.is_open
    assert asked(authoriser, "R9") is None
    assert not authoriser.stop()
    found.set()
    eventually(authoriser.stop, "the thread ends once the name was found")


def test_after_some_failures_nobody_is_made_to_wait_and_nobody_has_to_try_again(
    server: ScriptedCentral, patient: Authoriser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "AUTHORISE_PROBE_EVERY_S", 0.05)
    server.always = status(503)
    for number in range(policy.AUTHORISE_FAILURES_MAX):
        assert patient.is_open
        assert patient.ask(question(f"R{number}")) is None
    assert not patient.is_open
    questions = server.count(PATH) - server.count(PATH + "/releases")
    assert patient.ask(question("R9")) is None
    eventually(lambda: server.count(PATH + "/releases") > 2, "central is tried by itself")
    assert server.count(PATH) - server.count(PATH + "/releases") == questions
    server.always = None
    eventually(lambda: patient.is_open, "it answers again")
    assert patient.ask(question("R10")) is not None


def test_a_central_that_answers_too_late_is_not_found_to_be_well(
    server: ScriptedCentral, authoriser: Authoriser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "AUTHORISE_PROBE_EVERY_S", 0.01)
    server.always = slow(DEADLINE_S + 0.1)
    for number in range(policy.AUTHORISE_FAILURES_MAX):
        assert asked(authoriser, f"R{number}") is None
    eventually(lambda: server.count(PATH + "/releases") >= 3, "it was tried")
    assert not authoriser.is_open


def test_what_is_not_charged_is_let_go_of_also_after_its_answer_was_lost(
    server: ScriptedCentral, authoriser: Authoriser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "AUTHORISE_PROBE_EVERY_S", 0.05)
    server.script += [cut_after, status(503), status(503)]
    assert asked(authoriser) is None
    assert server.model.authorised == {"R1": 250}
    authoriser.let_go("R1")
    eventually(lambda: server.model.authorised == {}, "let go of, at the third try")


def test_what_is_wanted_again_is_not_let_go_of_by_what_was_to_be_told_before(
    server: ScriptedCentral, patient: Authoriser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "AUTHORISE_PROBE_EVERY_S", 0.1)
    server.script += [status(503), status(503)]
    assert patient.ask(question("R1")) is None
    patient.let_go("R1")
    eventually(lambda: server.count(PATH + "/releases") == 1, "which fails as well")
    assert patient.ask(question("R1")) is not None
    patient.let_go("R2")
    eventually(lambda: server.count(PATH + "/releases") == 2, "and the next one does not")
    assert server.model.authorised == {"R1": 250}


def test_more_than_can_be_told_at_once_is_forgotten_from_the_oldest_on(
    server: ScriptedCentral, patient: Authoriser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "AUTHORISE_PROBE_EVERY_S", 0.05)
    server.always = status(503)
    for number in range(RELEASES_MAX):
        patient.let_go(f"R{number}")
    eventually(lambda: server.count(PATH + "/releases") > 0, "told in vain")
    server.always = slow(0.5)
    told = server.count(PATH + "/releases")
    eventually(lambda: server.count(PATH + "/releases") > told, "they are being told")
    patient.let_go("while-they-are-told")
    server.always = None
    assert patient.ask(question("R1")) is not None


def test_a_question_that_nobody_waits_for_any_more_is_not_sent(
    server: ScriptedCentral, authoriser: Authoriser
) -> None:
    server.script.append(slow(3 * DEADLINE_S))
    assert asked(authoriser, "R1") is None
    assert asked(authoriser, "R2") is None
    authoriser.let_go("R3")
    eventually(lambda: server.count(PATH + "/releases") == 1, "the thread goes on")
    assert "R2" not in server.model.authorised


def test_a_mistake_of_ours_is_logged_and_ends_neither_the_thread_nor_what_comes_after(
    patient: Authoriser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "AUTHORISE_PROBE_EVERY_S", 0.05)
    with monkeypatch.context() as broken:
        broken.setattr(CentralClient, "release", lambda _self, _message: 1 // 0)
        with capture_logs() as logs:
            patient.let_go("R1")
            eventually(lambda: bool(logs), "it is logged")
    assert logs[0]["event"] == "authorising_loop_failed"
    assert patient.ask(question("R2")) is not None


def test_stopping_ends_a_question_at_once(server: ScriptedCentral) -> None:
    authoriser = authoriser_of(server.url)
    server.script.append(never)
    waiting = threading.Thread(target=authoriser.ask, args=(question(),))
    waiting.start()
    eventually(lambda: server.count(PATH) == 1, "asked")
    assert authoriser.stop(within_s=LEEWAY_S)
    waiting.join()
    assert authoriser.ask(question()) is None


def test_a_till_that_is_not_enrolled_asks_nobody() -> None:
    authoriser = Authoriser(lambda: None, TERMINAL, DEADLINE_S)
    assert authoriser.ask(question()) is None
    authoriser.start()
    assert asked(authoriser) is None
    authoriser.stop()

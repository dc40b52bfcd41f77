"""A one-time code becomes an identity, and every way it may not."""

from pathlib import Path

import pytest

from sync.client import Timeouts
from sync.errors import Busy, EnrolmentRefused, IdentityUnusable, ProtocolError, Unreachable
from sync.identity import client_for, enrol, load_identity, save_identity
from sync.signing import key_id_of, public_key_of
from sync.wire import RecordsMessage
from tests.integration.sync.scripted_central import (
    CARD_KEY,
    ScriptedCentral,
    never,
    status,
)
from tests.unit.sync.real_till import EPOCH, TERMINAL

CODE = "K7QF-3MXA-9TRC"
SOON = Timeouts(connect_s=1, read_s=0.3, total_s=1)


@pytest.fixture(autouse=True)
def known_code(server: ScriptedCentral) -> None:
    server.codes[CODE] = ""


def test_a_good_code_gives_an_identity_that_central_knows(
    server: ScriptedCentral, tmp_path: Path
) -> None:
    identity = enrol(server.url, "k7qf 3mxa 9trc", "0412", "03")
    assert (identity.terminal, identity.central) == (TERMINAL, server.url)
    assert identity.card_key == bytes.fromhex(CARD_KEY)
    save_identity(tmp_path / "identity", identity)
    kept = load_identity(tmp_path / "identity")
    assert kept is not None
    client = client_for(kept)
    empty = RecordsMessage(terminal=TERMINAL, epoch=EPOCH, records=())
    assert client.send(empty).received == 0
    client.close()


def test_every_enrolment_makes_a_key_of_its_own_and_signs_with_it(server: ScriptedCentral) -> None:
    first = enrol(server.url, CODE, "0412", "03")
    assert (
        key_id_of(TERMINAL, public_key_of(first.signing_key))
        in server.user_headers["Signature-Input"]
    )
    server.codes[CODE] = ""
    assert enrol(server.url, CODE, "0412", "03").signing_key != first.signing_key


def test_a_code_works_once(server: ScriptedCentral) -> None:
    enrol(server.url, CODE, "0412", "03")
    with pytest.raises(EnrolmentRefused, match="used already"):
        enrol(server.url, CODE, "0412", "03")


@pytest.mark.parametrize(
    ("problem", "says"), [("code-expired", "has expired"), ("code-unknown", "does not know")]
)
def test_central_says_what_is_wrong_with_a_code_and_we_what_to_do(
    server: ScriptedCentral, problem: str, says: str
) -> None:
    server.codes[CODE] = problem
    with pytest.raises(EnrolmentRefused, match=says) as caught:
        enrol(server.url, CODE, "0412", "03")
    assert "terminals add" in caught.value.detail
    assert CODE not in caught.value.detail


def test_centrals_own_sentence_is_shown_where_we_have_none(server: ScriptedCentral) -> None:
    body = b'{"code": "code-refused", "detail": "For another\\n terminal."}'
    server.script.append(status(403, {"Content-Type": "application/problem+json"}, body))
    with pytest.raises(EnrolmentRefused, match=r"For another terminal\."):
        enrol(server.url, CODE, "0412", "03")


def test_a_page_instead_of_a_problem_is_not_shown(server: ScriptedCentral) -> None:
    server.script.append(status(404, {"Content-Type": "text/html"}, b"<script>"))
    with pytest.raises(EnrolmentRefused, match="not that of a central"):
        enrol(server.url, CODE, "0412", "03")


def test_trouble_on_the_way_is_not_called_a_refusal(server: ScriptedCentral) -> None:
    with pytest.raises(Unreachable):
        enrol("http://127.0.0.1:1", CODE, "0412", "03", timeouts=SOON)
    server.script.extend([never, status(503), status(200, None, b"{}")])
    for error in (Unreachable, Busy, ProtocolError):
        with pytest.raises(error):
            enrol(server.url, CODE, "0412", "03", timeouts=SOON)


def test_a_code_is_not_sent_over_an_open_line() -> None:
    with pytest.raises(IdentityUnusable, match="https://"):
        enrol("http://loyalty.example", CODE, "0412", "03")

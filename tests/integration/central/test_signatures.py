"""Requests that are not signed as they should be, over real HTTP: refused with a code, counted, and nothing done."""

import gzip
import json
import time
from collections.abc import Callable
from itertools import count

import pytest
import requests

from sync.signing import Signer, new_key, public_key_of
from sync.wire import SIGNATURE_AGE_MAX_S
from tests.central import DEADLINE_S, JSON, Running, Till, Wire

RECORDS = "/wire/v1/records"
_numbers = count(1)

Tamper = Callable[[dict[str, str], bytes], tuple[dict[str, str], bytes]]


@pytest.fixture
def wire(running: Running) -> Wire:
    """A terminal of its own for every test."""
    return running.enrol("0413", f"{next(_numbers):02d}")


@pytest.fixture
def journal(wire: Wire) -> Till:
    till = Till(wire.terminal)
    till.sale()
    return till


def sent(wire: Wire, headers: dict[str, str], body: bytes) -> requests.Response:
    return requests.post(wire.url + RECORDS, data=body, headers=headers, timeout=DEADLINE_S)


def refused(answer: requests.Response, status: int, code: str) -> dict[str, object]:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    told: dict[str, object] = answer.json()
    return told


def refusals_of(running: Running, wire: Wire) -> set[str]:
    listed = running.admin("GET", "/refused").json()["not_taken"]
    return {each["reason"] for each in listed if each["terminal"] == wire.terminal}


def signed_at(wire: Wire, seed: bytes, seconds: float) -> Signer:
    return Signer(wire.terminal, seed, lambda: time.time() + seconds)


def without(name: str) -> Tamper:
    return lambda headers, body: ({k: v for k, v in headers.items() if k != name}, body)


def with_(name: str, value: str) -> Tamper:
    return lambda headers, body: (headers | {name: value}, body)


def twice(headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    """Both of them hold."""
    both = {name: headers[name] for name in ("Signature", "Signature-Input")}
    again = {
        name: f"{value}, {value.replace('terminal=', 'again=', 1)}" for name, value in both.items()
    }
    return headers | again, body


def replaced(name: str, old: str, new: str) -> Tamper:
    return lambda headers, body: (headers | {name: headers[name].replace(old, new)}, body)


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (without("Signature"), "signature-missing"),
        (without("Signature-Input"), "signature-missing"),
        (with_("Signature", "terminal=:AAAA:"), "signature-wrong"),
        (with_("Signature", "terminal=1"), "signature-malformed"),
        (with_("Signature", "\u03a9".encode().decode("latin-1")), "signature-malformed"),
        (with_("Signature-Input", "terminal=("), "signature-malformed"),
        (twice, "signature-malformed"),
        (replaced("Signature-Input", "loyalty-wire", "other"), "signature-malformed"),
        (replaced("Signature-Input", "created=", "created=1"), "signature-wrong"),
        (replaced("Signature-Input", ";created=", ";expires="), "signature-malformed"),
        (replaced("Signature-Input", "ed25519", "hmac-sha256"), "signature-malformed"),
        (replaced("Signature-Input", '"content-digest" ', ""), "signature-wrong"),
        (replaced("Signature-Input", '"@method"', '"@method" "@method"'), "signature-wrong"),
        (replaced("Signature-Input", "#", "#0"), "unknown-terminal"),
        (with_("Content-Type", "application/json; charset=utf-8"), "signature-wrong"),
        (with_("Content-Digest", "sha-256=:AAAA:"), "signature-wrong"),
        (with_("Content-Encoding", "gzip"), "signature-wrong"),
        (lambda headers, body: (headers, body + b" "), "digest-differs"),
        (lambda headers, body: (headers, gzip.compress(body)), "digest-differs"),
    ],
)  # fmt: skip
def test_a_request_that_is_not_as_it_was_signed_is_refused(
    wire: Wire, journal: Till, tamper: Tamper, code: str
) -> None:
    body = journal.message().model_dump_json().encode()
    refused(sent(wire, *tamper(wire.signer.signed("POST", RECORDS, body, JSON), body)), 401, code)
    assert wire.changes(epoch=journal.epoch).json()["received"] == 0


def test_a_signature_for_another_path_question_or_method_holds_for_that_one_only(
    wire: Wire,
) -> None:
    url = f"{wire.url}/wire/v1/changes"
    for headers in (
        wire.signer.signed("GET", "/wire/v1/records", None, {}),
        wire.signer.signed("GET", "/wire/v1/changes?after=1", None, {}),
        wire.signer.signed("POST", "/wire/v1/changes", None, {}),
    ):
        refused(requests.get(url, headers=headers, timeout=9), 401, "signature-wrong")


def test_a_bearer_token_opens_nothing(running: Running, wire: Wire) -> None:
    headers = {"Authorization": f"Bearer {running.admin_token}"}
    answer = requests.get(f"{wire.url}/wire/v1/changes", headers=headers, timeout=9)
    refused(answer, 401, "signature-missing")


@pytest.mark.parametrize("seconds", [-SIGNATURE_AGE_MAX_S - 60, SIGNATURE_AGE_MAX_S + 60])
def test_a_clock_that_is_off_is_told_the_time_and_signs_again_by_it(
    running: Running, seconds: float
) -> None:
    seed = new_key()
    made = running.admin("POST", "/terminals", json={"store": "0414", "till": "01"}).json()
    assert running.ask_to_enrol(made["code"], "0414", "01", seed).status_code == 200
    wire = Wire(running.url, "0414/01", Signer("0414/01", seed), "")
    wire.signer = signed_at(wire, seed, seconds)
    told = refused(wire.changes(), 401, "signature-stale")
    assert isinstance(told["now"], int)
    wire.signer.heard(told["now"])
    assert wire.changes().status_code == 200


def test_only_who_holds_the_key_is_told_that_the_time_is_wrong(wire: Wire) -> None:
    wire.signer = signed_at(wire, new_key(), -10_000)
    told = refused(wire.changes(), 401, "unknown-terminal")
    assert "now" not in told


def test_nobody_enrols_a_key_that_is_not_theirs(running: Running) -> None:
    made = running.admin("POST", "/terminals", json={"store": "0414", "till": "02"}).json()
    names = {"code": made["code"], "store": "0414", "till": "02"}
    body = json.dumps(names | {"public_key": public_key_of(new_key()).hex()}).encode()
    path = "/wire/v1/enrolments"
    headers = Signer("0414/02", new_key()).signed("POST", path, body, JSON)
    answer = requests.post(running.url + path, data=body, headers=headers, timeout=9)
    refused(answer, 401, "signature-wrong")
    assert running.ask_to_enrol(made["code"], "0414", "02", new_key()).status_code == 200


def test_what_is_refused_is_counted_and_listed_for_the_terminal_whose_key_it_names(
    running: Running, wire: Wire, journal: Till
) -> None:
    body = journal.message().model_dump_json().encode()
    headers = wire.signer.signed("POST", RECORDS, body, JSON)
    for _ in range(3):
        refused(sent(wire, headers, body + b" "), 401, "digest-differs")
    foreign = Till("0412/999")
    foreign.sale()
    refused(wire.push(foreign.message()), 403, "wrong-terminal")
    text = requests.get(f"{running.url}/metrics", timeout=9).text
    assert 'loyalty_central_requests_refused_total{code="digest-differs"}' in text
    assert refusals_of(running, wire) == {"digest-differs", "wrong-terminal"}


def test_a_refused_stranger_writes_nothing(running: Running, wire: Wire) -> None:
    wire.signer = Signer(wire.terminal, new_key())
    refused(wire.changes(), 401, "unknown-terminal")
    assert refusals_of(running, wire) == set()

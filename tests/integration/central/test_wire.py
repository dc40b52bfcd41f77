"""The wire over real HTTP, with central as its own process."""

import gzip
import json
import threading
from itertools import count
from pathlib import Path

import pytest
import requests

from sync.signing import new_key
from sync.wire import Changes, RecordsAnswer, WireRecord
from tests.central import Running, Till, Wire, earn, message_of
from tests.integration.central.looking import key_of

CARD = "2912345678906"
_numbers = count(1)


@pytest.fixture
def wire(running: Running) -> Wire:
    """A terminal of its own for every test."""
    return running.enrol("0412", f"{next(_numbers):02d}")


@pytest.fixture
def journal(wire: Wire) -> Till:
    return Till(wire.terminal)


def problem(answer: requests.Response, status: int, code: str) -> dict[str, object]:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, object] = answer.json()
    assert {"type", "title", "status", "detail", "retryable", "errors"} <= body.keys()
    return body


def test_a_push_is_answered_with_the_states_of_its_records(wire: Wire, journal: Till) -> None:
    journal.sale("ref-w1", [earn(5)], card=CARD)
    journal.give_back(None)
    for _ in range(2):
        answer = RecordsAnswer.model_validate_json(wire.push(journal.message()).content)
        assert (answer.received, answer.head) == (2, journal.records[-1].hash.hex())
        assert [(state.seq, state.state, state.code) for state in answer.states] == [
            (1, "accepted", None),
            (2, "parked", "awaiting-original"),
        ]


def test_changes_hold_the_effect_and_say_up_to_where(wire: Wire, journal: Till) -> None:
    card = "2912345678920"
    journal.sale("ref-w2", [earn(5)], card=card)
    wire.push(journal.message())
    told = Changes.model_validate_json(wire.changes(after=0, epoch=journal.epoch).content)
    assert (told.applied_seq, told.received, told.more) == (1, 1, False)
    (member,) = [each for each in told.members if key_of(wire.card_key, card) in each.cards]
    assert [lot.quantity for lot in member.lots] == [5]


def test_an_empty_push_asks_where_central_is(wire: Wire, journal: Till) -> None:
    answer = RecordsAnswer.model_validate_json(wire.push(message_of(journal, [])).content)
    assert (answer.received, answer.head, answer.states) == (0, None, ())


def test_gzip_is_understood(wire: Wire, journal: Till) -> None:
    journal.sale()
    body = gzip.compress(journal.message().model_dump_json().encode())
    answer = wire.post(body, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["received"]) == (200, 1)


def test_a_gzip_bomb_is_refused(wire: Wire) -> None:
    body = gzip.compress(b'{"a":"' + b"x" * 40_000_000 + b'"}')
    assert len(body) < 100_000
    problem(wire.post(body, **{"Content-Encoding": "gzip"}), 413, "too-large")


def test_a_push_past_its_bound_is_refused(wire: Wire) -> None:
    problem(wire.post(b'{"a":"' + b"x" * 9_000_000 + b'"}'), 413, "too-large")


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", {}, 400, "malformed"),
        (b"[]", {}, 400, "malformed"),
        (b"null", {}, 400, "malformed"),
        (b'{"terminal": ', {}, 400, "malformed"),
        (b"\xff{}", {}, 400, "malformed"),
        (b'{"terminal":"0412/03\\ud800","epoch":"","records":[]}', {}, 400, "malformed"),
        (b"{}", {}, 422, "invalid"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "not-json"),
        (b"{}", {"Content-Encoding": "br"}, 415, "encoding"),
        (b"{}", {"Content-Encoding": "gzip"}, 400, "malformed"),
        (gzip.compress(b"{}", mtime=0)[:-4], {"Content-Encoding": "gzip"}, 400, "malformed"),
        (gzip.compress(b"{}", mtime=0) + b"more", {"Content-Encoding": "gzip"}, 400, "malformed"),
    ],
)
def test_what_is_no_message_is_refused(
    wire: Wire, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    problem(wire.post(body, **headers), status, code)


def test_every_bad_field_is_named_and_no_value_repeated(wire: Wire, journal: Till) -> None:
    journal.sale()
    message = json.loads(journal.message().model_dump_json())
    message["epoch"] = "4111111111111111"
    message["records"][0] |= {"seq": 0, "hash": "no"}
    told = problem(wire.post(json.dumps(message).encode()), 422, "invalid")
    errors = told["errors"]
    assert isinstance(errors, list)
    assert {error["path"] for error in errors} == {"epoch", "records.0.seq", "records.0.hash"}
    assert "4111111111111111" not in json.dumps(told)


def test_a_terminal_cannot_send_another_ones_records(wire: Wire) -> None:
    foreign = Till("0412/999")
    foreign.sale()
    problem(wire.push(foreign.message()), 403, "wrong-terminal")


def test_a_conflict_says_so_with_the_position(wire: Wire, journal: Till) -> None:
    journal.sale()
    wire.push(journal.message())
    clone = Till(journal.terminal, journal.epoch)
    clone.sale()
    told = problem(wire.push(clone.message()), 409, "record-differs")
    assert (told["received"], told["seq"], told["retryable"]) == (1, 1, False)
    assert told["head"] == journal.records[0].hash.hex()


def test_what_is_new_in_a_message_is_ignored(wire: Wire, journal: Till) -> None:
    journal.sale()
    message = json.loads(journal.message().model_dump_json())
    message |= {"version": 9, "battery": 12}
    message["records"][0]["priority"] = "high"
    assert wire.post(json.dumps(message).encode()).json()["received"] == 1


def test_a_code_works_once_and_for_its_terminal_only(running: Running) -> None:
    made = running.admin("POST", "/terminals", json={"store": "0500", "till": "01"}).json()
    code, key = made["code"], new_key()
    problem(running.ask_to_enrol(code, "0500", "02", key), 403, "code-refused")
    problem(running.ask_to_enrol("AAAA-AAAA-AAAA", "0500", "01", key), 403, "code-refused")
    assert running.ask_to_enrol(code, "0500", "01", key).status_code == 200
    problem(running.ask_to_enrol(code, "0500", "01", key), 403, "code-refused")


def test_enrolling_again_ends_the_key_before(running: Running) -> None:
    first = running.enrol("0500", "07")
    second = running.enrol("0500", "07")
    problem(first.changes(), 403, "revoked")
    assert second.changes().status_code == 200
    assert first.card_key == second.card_key


def test_a_revoked_terminal_is_refused_until_it_is_enrolled_again(running: Running) -> None:
    wire = running.enrol("0500", "08")
    assert running.admin("DELETE", "/terminals/0500/08").status_code == 200
    problem(wire.changes(), 403, "revoked")
    running.admin("POST", "/terminals", json={"store": "0500", "till": "08"})
    problem(wire.changes(), 403, "revoked")
    assert running.enrol("0500", "08").changes().status_code == 200


@pytest.mark.parametrize(
    "query", [{"after": "-1"}, {"after": "x"}, {"epoch": "x"}, {"wait": "-1"}, {"wait": "nan"}]
)
def test_a_bad_question_is_refused(wire: Wire, query: dict[str, str]) -> None:
    problem(wire.changes(**query), 422, "invalid")


def test_two_threads_pushing_the_same_and_other_records_have_one_effect(running: Running) -> None:
    wires = [running.enrol("0600", "01"), running.enrol("0600", "02")]
    tills = [Till(wire.terminal) for wire in wires]
    for till in tills:
        for _ in range(60):
            till.sale("ref-threads", [earn(1)], card="2912345678951")
    failures: list[str] = []

    def push(at: int) -> None:
        for first in range(1, 61, 20):
            for _ in range(2):
                answer = wires[at].push(tills[at].message(first, first + 19))
                if answer.status_code != 200:
                    failures.append(answer.text)

    threads = [threading.Thread(target=push, args=(at,)) for at in (0, 1, 0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    member = running.admin("GET", "/members?card=2912345678951").json()
    assert member["balance"] == {"points": 120}
    for wire, till in zip(wires, tills, strict=True):
        assert wire.changes(epoch=till.epoch).json()["applied_seq"] == 60


def test_a_wrong_host_is_refused(running: Running) -> None:
    answer = requests.get(f"{running.url}/healthz", headers={"Host": "evil.example"}, timeout=9)
    assert answer.status_code == 400


def test_probes_and_metrics_need_no_token(running: Running, wire: Wire, journal: Till) -> None:
    journal.sale("ref-metrics", [earn(1)], card=CARD)
    wire.push(journal.message())
    assert requests.get(f"{running.url}/healthz", timeout=9).json() == {"status": "ok"}
    assert requests.get(f"{running.url}/readyz", timeout=9).json() == {"status": "ready"}
    text = requests.get(f"{running.url}/metrics", timeout=9).text
    assert 'loyalty_central_records_posted_total{state="accepted"}' in text
    assert CARD not in text


def test_no_card_and_no_token_is_in_the_log(running: Running, wire: Wire, journal: Till) -> None:
    journal.sale("ref-log", [earn(1)], card=CARD)
    wire.push(journal.message())
    log = (Path(running.config).parent / "stderr").read_text()
    assert '"event": "push"' in log
    for secret in (CARD, running.admin_token, wire.card_key):
        assert secret not in log


def test_a_wrong_method_and_a_wrong_path_are_problems(running: Running, wire: Wire) -> None:
    problem(requests.get(f"{running.url}/wire/v1/nothing", timeout=9), 404, "not-found")
    answer = requests.get(f"{running.url}/wire/v1/records", timeout=9)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_one_huge_record_does_not_stop_the_journal_without_a_word(
    running: Running, wire: Wire, journal: Till
) -> None:
    journal.sale()
    journal.append(journal.records[0].kind, {"pad": "é" * 700_000})  # fewer characters than bytes
    records = [WireRecord.of(record) for record in journal.records]
    answer = wire.push(message_of(journal, records))
    assert answer.json()["received"] == 1
    refused = running.admin("GET", "/refused").json()["not_taken"]
    assert (wire.terminal, 2, "too-large") in {
        (each["terminal"], each["seq"], each["reason"]) for each in refused
    }

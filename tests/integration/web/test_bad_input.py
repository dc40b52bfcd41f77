"""Bad input over real HTTP: a problem that names what is wrong, and nothing written."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.web.body import BODY_BYTES_MAX
from edge_agent.web.server import BODY_SWALLOWED_BYTES_MAX
from tests.integration.web.agent import POS_ORIGIN, SALE, TOKEN, Agent, a_sale, an_agent
from tests.integration.web.test_calls import code_of
from tests.unit.web.bodies import CARDS, json_values, places, put

JSON = {"Content-Type": "application/json"}
CARD = "4111111111111111"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """One API for the whole module: nothing here is ever written."""
    with an_agent(tmp_path_factory.mktemp("agent")) as running:
        yield running


@pytest.fixture
def nothing_written(shared: Agent) -> Iterator[Agent]:
    yield shared
    assert shared.terminal.rows() == 0


def named(agent: Agent, body: Any) -> list[str]:
    answer = agent.post("/v1/sales", body)
    assert (answer.status_code, code_of(answer)) == (422, "invalid")
    return [each["path"] for each in answer.json()["errors"]]


def test_every_bad_field_is_named(nothing_written: Agent) -> None:
    body = a_sale(sale_id=7, at="2026-11-21T14:03:11", extra=1)
    body["lines"][0]["amount"] = -258
    body["lines"][1]["quantity"] = 0.5
    body["total"]["currency"] = "XXX"
    del body["lines"][1]["sku"]
    assert sorted(named(nothing_written, body)) == [
        *("at", "extra", "lines.0.amount", "lines.1.quantity", "lines.1.sku", "sale_id"),
        *("total.amount", "total.currency"),
    ]


@pytest.mark.parametrize("value", [10**30, 2**64, -1, True, 1.5, None, "", "x" * 65, "a\nb", [9]])
def test_an_answer_that_no_question_takes_is_named(nothing_written: Agent, value: Any) -> None:
    body = {"answer_id": "a1", "question": "recommend", "value": value}
    said = nothing_written.post("/v1/answers", body)
    assert said.status_code == 422
    assert [each["path"] for each in said.json()["errors"]] == ["value"]


def test_a_code_of_another_shop_is_named_where_it_stood(nothing_written: Agent) -> None:
    body = {"action_id": "a1", "code": "123", "action": "review"}
    said = nothing_written.post("/v1/actions", body).json()
    assert [each["path"] for each in said["errors"]] == ["code"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("total", "amount"), 399),
        (("total", "amount"), 10**12),
        (("total", "amount"), -1),
        (("total", "currency"), "BTC"),
        (("tenders", 0, "amount"), 1),
        (("lines", 0, "quantity"), "1000000"),
        (("lines", 0, "quantity"), "-2"),
        (("lines",), {}),
        (("lines",), []),
        (("card",), []),
        (("total",), 400),
    ],
)
def test_absurd_values_and_sums_are_named(
    nothing_written: Agent, path: tuple[Any, ...], value: Any
) -> None:
    body = a_sale()
    put(body, path, value)
    start = ".".join(map(str, path))
    assert any(
        each.startswith(start) or start.startswith(each) for each in named(nothing_written, body)
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        json.dumps(SALE).encode()[:-1],
        json.dumps(SALE).encode()[:200],
        b"sale_id=1&amount=2",
        json.dumps([SALE]).encode(),
        b'{"sale_id": "1", "sale_id": "2"}',
        b'{"at": NaN}',
        b'{"name": "\xff"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_object_is_malformed(nothing_written: Agent, raw: bytes) -> None:
    answer = nothing_written.call("POST", "/v1/sales", data=raw, headers=JSON)
    assert (answer.status_code, code_of(answer)) == (400, "malformed")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/jsonp"},
        {**JSON, "Content-Encoding": "gzip"},
        {},
    ],
)
def test_another_content_type_is_not_json(nothing_written: Agent, headers: dict[str, str]) -> None:
    raw = json.dumps(SALE).encode()
    answer = nothing_written.call("POST", "/v1/sales", data=raw, headers=headers)
    assert (answer.status_code, code_of(answer)) == (415, "not-json")


def test_a_charset_of_utf_8_is_fine(tmp_path: Path) -> None:
    headers = {"Content-Type": "Application/JSON; charset=UTF-8"}
    with an_agent(tmp_path) as agent:
        raw = json.dumps(SALE).encode()
        assert agent.call("POST", "/v1/sales", data=raw, headers=headers).status_code == 201


@pytest.mark.parametrize("size", [BODY_BYTES_MAX + 1, 1_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_a_megabyte_is_too_large_however_it_comes(
    nothing_written: Agent, size: int, chunked: bool
) -> None:
    raw = json.dumps(a_sale(cashier="x" * size)).encode()
    data: Any = iter([raw[:1000], raw[1000:]]) if chunked else raw
    answer = nothing_written.call("POST", "/v1/sales", data=data, headers=JSON)
    assert (answer.status_code, code_of(answer)) == (413, "too-large")


def test_size_is_looked_at_before_who_it_is(nothing_written: Agent) -> None:
    headers = {**JSON, "Origin": "https://evil.example", "Authorization": None}
    for body, status in ((b"x" * (BODY_BYTES_MAX + 1), 413), (b"x", 403)):
        answer = nothing_written.call("POST", "/v1/sales", data=body, headers=headers)
        assert answer.status_code == status


def test_a_body_beyond_that_is_refused_before_it_is_sent(nothing_written: Agent) -> None:
    head = f"POST /v1/sales HTTP/1.1\r\nHost: {nothing_written.address}\r\n"
    found = nothing_written.send(
        f"{head}Content-Length: {BODY_SWALLOWED_BYTES_MAX + 1}\r\n\r\n".encode()
    )
    assert found.startswith(b"HTTP/1.1 413 ")
    assert json.loads(found.partition(b"\r\n\r\n")[2])["code"] == "too-large"


@pytest.mark.parametrize(
    "raw",
    [
        f"{CARD}\r\n\r\n",
        f"GET /{CARD} HTTP/9\r\n{CARD}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: {CARD}x\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {CARD}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nX: {CARD}{'x' * 20_000}\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{CARD}z\r\n",
    ],
)
def test_what_is_no_http_is_a_problem_without_an_echo(nothing_written: Agent, raw: str) -> None:
    found = nothing_written.send(raw.encode())
    head, _, body = found.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] in {"malformed", "too-large"}
    assert CARD.encode() not in found


# Who may call ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1:{port}.evil.example",
        "",
        "x@127.0.0.1",
    ],
)
def test_a_forged_host_is_refused_first(nothing_written: Agent, host: str) -> None:
    port = nothing_written.address.rpartition(":")[2]
    headers = {"Host": host.format(port=port), "Origin": "https://evil.example"}
    for path in ("/v1/status", "/healthz", "/"):
        answer = nothing_written.get(path, headers=headers)
        assert (answer.status_code, code_of(answer)) == (400, "foreign-host")


def test_two_hosts_are_refused(nothing_written: Agent) -> None:
    lines = f"Host: {nothing_written.address}\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    found = nothing_written.send(f"GET /healthz HTTP/1.1\r\n{lines}".encode())
    assert found.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_this_machines_own_names_are_fine(nothing_written: Agent, name: str) -> None:
    port = nothing_written.address.rpartition(":")[2]
    answer = nothing_written.get("/v1/status", headers={"Host": f"{name}:{port}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "file://"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_foreign_origin_is_refused_even_with_the_token(
    nothing_written: Agent, origin: str, method: str
) -> None:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = nothing_written.call(method, "/v1/sales", json=SALE, headers=headers)
    assert (answer.status_code, code_of(answer)) == (403, "forbidden-origin")
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer é",
    ],
)
def test_without_the_token_nothing_is_told(
    nothing_written: Agent, authorization: str | None
) -> None:
    header = None if authorization is None else authorization.encode()
    for path in ("/v1/sales", "/v1/nothing", "/v1", "/elsewhere"):
        answer = nothing_written.post(path, {"code": CARD}, headers={"Authorization": header})
        assert (answer.status_code, code_of(answer)) == (401, "unauthorised")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_configured_origin_may_call_with_the_token(nothing_written: Agent) -> None:
    headers = {
        "Origin": POS_ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Private-Network": "true",
        "Authorization": None,
    }
    preflight = nothing_written.call("OPTIONS", "/v1/sales", headers=headers)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == POS_ORIGIN
    assert preflight.headers["Access-Control-Allow-Private-Network"] == "true"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    found = nothing_written.get("/v1/status", headers={"Origin": POS_ORIGIN})
    assert found.status_code == 200
    assert found.headers["Access-Control-Allow-Origin"] == POS_ORIGIN
    without = nothing_written.get(
        "/v1/status", headers={"Origin": POS_ORIGIN, "Authorization": None}
    )
    assert without.status_code == 401


@pytest.mark.parametrize("page", ["/", "/it"])
def test_a_page_of_this_machine_gets_a_session_that_works_from_it_alone(
    nothing_written: Agent, page: str
) -> None:
    given_out = nothing_written.get(page, headers={"Authorization": None}).headers["Set-Cookie"]
    assert "HttpOnly" in given_out
    assert "SameSite=Strict" in given_out
    session = {"Cookie": given_out.partition(";")[0], "Authorization": None}
    own = {**session, "Origin": nothing_written.url}
    body = {"code": "2912345678906", "entry": "keyed"}
    assert nothing_written.get("/v1/status", headers=session).status_code == 200
    assert nothing_written.post("/v1/identify", body, headers=own).status_code == 200
    assert nothing_written.post("/v1/identify", body, headers=session).status_code == 403
    foreign = {**session, "Origin": "https://evil.example"}
    assert nothing_written.post("/v1/identify", body, headers=foreign).status_code == 403
    forged = {**own, "Cookie": "edge_agent_session=made-up"}
    assert nothing_written.post("/v1/identify", body, headers=forged).status_code == 401


def test_no_session_is_given_out_elsewhere(nothing_written: Agent) -> None:
    for path in ("/v1/status", "/healthz", "/nothing"):
        assert "Set-Cookie" not in nothing_written.get(path).headers


# Payment cards --------------------------------------------------------------------------------------------


def found_on_disk(folder: Path, text: str) -> bool:
    return any(text.encode() in each.read_bytes() for each in folder.rglob("*") if each.is_file())


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data(), card=st.sampled_from(CARDS))
def test_a_payment_card_in_any_field_goes_nowhere(
    nothing_written: Agent, caplog: pytest.LogCaptureFixture, data: st.DataObject, card: str
) -> None:
    body = a_sale()
    path = data.draw(st.sampled_from([each for each in places(body) if each]))
    put(body, path, card)
    answer = nothing_written.post("/v1/sales", body)
    assert (answer.status_code, code_of(answer)) == (422, "payment-card")
    assert [each["path"] for each in answer.json()["errors"]] == [".".join(map(str, path))]
    assert card not in answer.text + str(answer.headers) + caplog.text
    assert not found_on_disk(nothing_written.terminal.folder, card)


@pytest.mark.parametrize(
    ("method", "path", "body", "named_as"),
    [
        ("POST", "/v1/identify", {"code": CARD, "entry": "swiped"}, "code"),
        ("POST", "/v1/scans", {"device": "hand", "text": CARD}, "text"),
        ("POST", "/v1/scans", {"device": "hand", "text": f"%B{CARD}^A/B^29121010000"}, "text"),
        ("POST", "/v1/slips", {"code": CARD}, "code"),
        ("GET", f"/v1/sales/{CARD}", None, "sale_id"),
        ("POST", f"/v1/sales/{CARD}/void", {"void_id": "V1"}, "sale_id"),
        ("POST", f"/v1/sales/{CARD}/returns", {}, "sale_id"),
        ("POST", f"/v1/receipts/{CARD}/print", {}, "sale_id"),
        ("POST", f"/v1/devices/{CARD}/test", {}, "device_id"),
        ("GET", f"/v1/{CARD}", None, "path"),
        ("GET", f"/v1/status?q={CARD}", None, "query"),
        ("GET", f"/v1/status?{CARD}", None, "query"),
        ("GET", "/v1/status?q=4111+1111+1111+1111", None, "query"),
        ("GET", "/v1/sales/%34111111111111111", None, "sale_id"),
    ],
)
def test_a_payment_card_in_any_call_goes_nowhere(
    nothing_written: Agent,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    body: Any,
    named_as: str,
) -> None:
    caplog.set_level(logging.DEBUG, "edge_agent")
    answer = nothing_written.call(method, path, json=body)
    assert (answer.status_code, code_of(answer)) == (422, "payment-card")
    assert [each["path"] for each in answer.json()["errors"]] == [named_as]
    assert CARD not in answer.text + str(answer.headers) + caplog.text
    assert CARD not in nothing_written.get("/metrics").text


def test_a_payment_card_in_a_header_is_not_repeated(
    nothing_written: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "edge_agent")
    for name in ("Last-Event-ID", "User-Agent", "Authorization", "Cookie", "Origin", "Host"):
        headers = {name: CARD}
        with nothing_written.get("/v1/events", headers=headers, stream=True) as answer:
            seen = next(answer.iter_content(4096)).decode() + str(answer.headers)
        assert CARD not in seen
    assert CARD not in caplog.text


def test_an_unexpected_failure_is_logged_without_what_was_sent(tmp_path: Path) -> None:
    with an_agent(tmp_path) as agent, structlog.testing.capture_logs() as logs:
        agent.terminal.till.failure = KeyError(f"Anna de Vries {CARD} 2912345678906")
        answer = agent.post("/v1/sales", a_sale())
        agent.terminal.till.failure = RuntimeError("no such column: card_2912345678906 near 'Anna'")
        agent.post("/v1/sales", a_sale())
    assert (answer.status_code, code_of(answer)) == (500, "internal")
    assert answer.json()["retryable"]
    assert "KeyError" not in answer.text
    text = repr(logs)
    assert "KeyError: (withheld)" in text
    assert "no such column: card_" in text
    assert "real_till.py" in text
    assert logs[0]["route"] == "/v1/sales"
    for secret in (CARD, "2912345678906", "Anna", SALE["sale_id"], TOKEN):
        assert secret not in text


# Anything at all ------------------------------------------------------------------------------------------

PATHS = (
    "/v1/identify",
    "/v1/quotes",
    "/v1/sales",
    "/v1/sales/x/void",
    "/v1/sales/x/returns",
    "/v1/receipts/x/print",
    "/v1/slips",
    "/v1/devices/x/test",
    "/v1/scans",
)


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(path=st.sampled_from(PATHS), body=json_values, data=st.data())
def test_random_json_is_never_a_failure(
    nothing_written: Agent, path: str, body: Any, data: st.DataObject
) -> None:
    if data.draw(st.booleans()):  # a sale with something else in one place gets further
        body, value = a_sale(sale_id="not a sale id"), body
        put(body, data.draw(st.sampled_from([each for each in places(body) if each])), value)
        body["sale_id"] = "not a sale id"
    answer = nothing_written.post(path, body)
    assert answer.status_code < 500
    if answer.status_code >= 400:
        code_of(answer)


@settings(
    max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(raw=st.binary(max_size=200))
def test_random_bytes_are_never_a_failure(nothing_written: Agent, raw: bytes) -> None:
    answer = nothing_written.call("POST", "/v1/sales", data=raw, headers=JSON)
    assert answer.status_code in {400, 422}


@settings(
    max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(path=st.text(max_size=30), query=st.text(max_size=30))
def test_random_paths_are_never_a_failure(nothing_written: Agent, path: str, query: str) -> None:
    answer = nothing_written.get("/v1/sales/" + path, params={"q": query})
    assert answer.status_code in {404, 405, 422}
    code_of(answer)

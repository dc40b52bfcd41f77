"""Every call over real HTTP, as a POS makes it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from edge_agent.errors import DiskFull, LedgerUnavailable, NoProgramme
from tests.integration.web.agent import TOKEN, Agent, a_sale, until
from tests.integration.web.real_till import KNOWN, NAME, UNKNOWN

SALE_PATH = "/v1/sales/0412-03-20261121-000173"


def code_of(answer: requests.Response) -> str:
    assert answer.headers["Content-Type"] == "application/problem+json"
    found = answer.json()
    assert found["status"] == answer.status_code
    assert set(found) == {"type", "title", "status", "code", "detail", "retryable", "errors"}
    return str(found["code"])


def test_a_sale_is_201_once_and_200_with_the_same_result_ever_after(agent: Agent) -> None:
    first = agent.post("/v1/sales", a_sale())
    again = agent.post("/v1/sales", a_sale())
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["result"]["earned"] == {"points": 4}
    assert agent.terminal.rows() == 1


def test_ten_at_once_are_one_sale(agent: Agent) -> None:
    with ThreadPoolExecutor(10) as pool:
        sent = [pool.submit(agent.post, "/v1/sales", a_sale()) for _ in range(10)]
        found = [each.result() for each in sent]
    assert sorted(each.status_code for each in found) == [200] * 9 + [201]
    assert len({each.text for each in found}) == 1
    assert agent.terminal.rows() == 1


def test_the_same_id_with_other_content_is_refused_and_the_first_stays(agent: Agent) -> None:
    first = agent.post("/v1/sales", a_sale())
    other = agent.post("/v1/sales", a_sale(at="2026-11-21T14:03:12+01:00"))
    assert (other.status_code, code_of(other)) == (409, "sale-differs")
    assert not other.json()["retryable"]
    assert agent.get(SALE_PATH).json()["result"] == first.json()["result"]
    assert agent.terminal.rows() == 1


def test_a_quantity_in_another_form_is_the_same_sale(agent: Agent) -> None:
    agent.post("/v1/sales", a_sale())
    other = a_sale()
    other["lines"][0]["quantity"] = "2.000"
    assert agent.post("/v1/sales", other).status_code == 200


def test_a_sale_can_be_asked_for_again_with_how_it_stands(agent: Agent) -> None:
    first = agent.post("/v1/sales", a_sale()).json()
    found = agent.get(SALE_PATH)
    assert found.status_code == 200
    assert found.json()["result"] == first["result"]
    assert found.json()["now"]["central"] == "waiting"
    missing = agent.get("/v1/sales/another")
    assert (missing.status_code, code_of(missing)) == (404, "unknown-sale")


def test_a_member_an_unknown_card_and_something_else(agent: Agent) -> None:
    known = agent.post("/v1/identify", {"code": KNOWN, "entry": "scanned"})
    assert known.status_code == 200
    assert known.json()["member"]["display_name"] == NAME
    unknown = agent.post("/v1/identify", {"code": f"]E0{UNKNOWN}", "entry": "scanned"})
    assert unknown.status_code == 200
    assert not unknown.json()["known"]
    other = agent.post("/v1/identify", {"code": "8710400011118", "entry": "scanned"})
    assert (other.status_code, code_of(other)) == (404, "unknown-card")


def test_a_quote_records_nothing(agent: Agent) -> None:
    body = a_sale(quote_id="Q1")
    del body["sale_id"]
    quote = agent.post("/v1/quotes", body)
    assert quote.status_code == 200
    assert (quote.json()["quote_id"], quote.json()["earned"]) == ("Q1", {"points": 4})
    assert agent.terminal.rows() == 0


def test_returns_of_known_and_unknown_sales(agent: Agent) -> None:
    agent.post("/v1/sales", a_sale())
    body = {"return_id": "R1", "lines": [{"line": 1, "quantity": 1}]}
    assert agent.post(f"{SALE_PATH}/returns", body).status_code == 201
    assert agent.post(f"{SALE_PATH}/returns", body).status_code == 200
    body["lines"] = [{"line": 1, "quantity": 2}]
    differs = agent.post(f"{SALE_PATH}/returns", body)
    assert (differs.status_code, code_of(differs)) == (409, "return-differs")
    too_much = {"return_id": "R2", "lines": [{"line": 1, "quantity": 3}]}
    over = agent.post(f"{SALE_PATH}/returns", too_much)
    assert (over.status_code, code_of(over)) == (409, "over-return")
    elsewhere = agent.post("/v1/sales/elsewhere-7/returns", {**too_much, "return_id": "R3"})
    assert elsewhere.status_code == 202
    assert elsewhere.json()["result"]["earned"] == {}


def test_a_void_and_prints(agent: Agent) -> None:
    agent.post("/v1/sales", a_sale())
    sale = SALE_PATH.removeprefix("/v1/sales/")
    assert agent.post(f"{SALE_PATH}/void", {"void_id": "V1"}).status_code == 201
    assert agent.post(f"{SALE_PATH}/void", {"void_id": "V1"}).status_code == 200
    copy = agent.post(f"/v1/receipts/{sale}/print", {"copy": True})
    assert (copy.status_code, copy.json()) == (200, {"print": "queued"})
    no_copy = agent.post(f"/v1/receipts/{sale}/print", {"copy": False})
    assert [each["path"] for each in no_copy.json()["errors"]] == ["copy"]
    slip = agent.post("/v1/slips", {"code": KNOWN})
    assert (slip.status_code, slip.json()) == (200, {"print": "queued"})


def test_devices_and_scans(agent: Agent) -> None:
    assert [each["id"] for each in agent.get("/v1/devices").json()] == ["hand", "printer"]
    assert agent.post("/v1/devices/printer/test", {}).status_code == 200
    assert agent.call("POST", "/v1/devices/printer/test").status_code == 200
    unknown = agent.post("/v1/devices/toaster/test", {})
    assert (unknown.status_code, code_of(unknown)) == (404, "unknown-device")
    no_scanner = agent.post("/v1/scans", {"device": "printer", "text": KNOWN})
    assert (no_scanner.status_code, code_of(no_scanner)) == (404, "unknown-device")


def test_health_says_alive_ready_and_degraded(agent: Agent) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert agent.get(path, headers={"Authorization": None}).status_code == 200
    agent.terminal.printer.set_fault("silent")
    until(lambda: agent.get("/readyz").json()["readiness"] == "degraded", "the printer is silent")
    degraded = agent.get("/readyz")
    assert (degraded.status_code, degraded.json()["ready"]) == (200, True)
    agent.terminal.status.fault = LedgerUnavailable("The ledger cannot be read.")
    unready = agent.get("/readyz")
    assert (unready.status_code, unready.json()["ready"]) == (503, False)
    assert agent.get("/healthz").status_code == 200
    assert "edge_agent_ledger_up 0.0" in agent.get("/metrics").text


@pytest.mark.parametrize("error", [DiskFull, LedgerUnavailable, NoProgramme])
def test_what_is_not_the_callers_fault_may_be_sent_again(
    agent: Agent, error: type[LedgerUnavailable]
) -> None:
    agent.terminal.till.failure = error("Not now.")
    answer = agent.post("/v1/sales", a_sale())
    assert (answer.status_code, code_of(answer)) == (503, error.code)
    assert answer.json()["retryable"]
    assert int(answer.headers["Retry-After"]) > 0
    agent.terminal.till.failure = None
    assert agent.post("/v1/sales", a_sale()).status_code == 201


def test_metrics_count_by_route_and_never_by_path(agent: Agent) -> None:
    agent.post("/v1/sales", a_sale())
    agent.post("/v1/sales", a_sale())
    agent.get(SALE_PATH)
    agent.get("/elsewhere-entirely")
    text = agent.get("/metrics").text
    assert 'edge_agent_sales_total{kind="sale"} 1.0' in text
    assert 'edge_agent_answers_total{route="/v1/sales",status="200"} 1.0' in text
    assert 'edge_agent_answers_total{route="none",status="404"} 1.0' in text
    assert 'edge_agent_device_state{id="printer",role="printer",state="ok"} 1.0' in text
    assert "edge_agent_outbox_records 1.0" in text
    assert "edge_agent_members_files_refused_total 2.0" in text
    assert "000173" not in text
    assert "elsewhere" not in text


def test_wrong_paths_and_methods_are_problems_too(agent: Agent) -> None:
    assert code_of(agent.get("/v1/nothing")) == "not-found"
    assert code_of(agent.get("/nothing")) == "not-found"
    wrong = agent.get("/v1/sales")
    assert (wrong.status_code, code_of(wrong)) == (405, "method-not-allowed")
    assert wrong.headers["Allow"] == "POST"
    assert agent.call("DELETE", SALE_PATH).status_code == 405
    for path in ("//v1//sales/x", "/v1//sales/x", "/v1/sales/x/", "/v1/../v1/sales/x"):
        head = f"GET {path} HTTP/1.1\r\nHost: {agent.address}\r\nConnection: close\r\n"
        found = agent.send(f"{head}Authorization: Bearer {TOKEN}\r\n\r\n".encode())
        assert found.split(b" ")[1] == b"404", "no redirect that repeats the path"


def test_answers_are_not_stored_sniffed_or_framed(agent: Agent) -> None:
    for answer in (agent.get("/v1/status"), agent.get("/v1/nothing"), agent.get("/healthz")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "Server" not in answer.headers


def test_a_scan_of_the_agents_own_scanner_becomes_the_card_of_the_next_sale(agent: Agent) -> None:
    seen = agent.events.subscribe().frames(lambda: False)
    next(seen)
    assert agent.post("/v1/scans", {"device": "hand", "text": KNOWN}).status_code == 200
    while b"event: member" not in next(seen):
        pass
    sale = agent.post("/v1/sales", a_sale(card={"from": "till"}))
    assert sale.status_code == 201
    assert sale.json()["result"]["card"] == "*********8906"
    assert sale.json()["result"]["earned"] == {"points": 4}


def test_a_training_sale_is_answered_and_recorded_nowhere(agent: Agent) -> None:
    for _ in range(2):
        assert agent.post("/v1/sales", a_sale(training=True)).status_code == 201
    assert 'edge_agent_sales_total{kind="sale"} 0.0' in agent.get("/metrics").text
    assert agent.terminal.rows() == 0

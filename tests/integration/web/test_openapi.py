"""The document and the server say the same, both ways; real answers of every call match it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from edge_agent.errors import DiskFull, LedgerUnavailable
from edge_agent.web.openapi import openapi
from edge_agent.web.routes import ROUTES
from tests.integration.web.agent import GOOD_CODE, SALE, Agent, a_sale
from tests.integration.web.real_till import KNOWN, UNKNOWN

CONTRACT = {
    ("POST", "/v1/identify"),
    ("POST", "/v1/quotes"),
    ("POST", "/v1/redemptions"),
    ("POST", "/v1/redemptions/{redemption_id}/commit"),
    ("POST", "/v1/redemptions/{redemption_id}/cancel"),
    ("POST", "/v1/sales"),
    ("GET", "/v1/sales/{sale_id}"),
    ("POST", "/v1/sales/{sale_id}/void"),
    ("POST", "/v1/sales/{sale_id}/returns"),
    ("POST", "/v1/sales/{sale_id}/member"),
    ("GET", "/v1/enrolment"),
    ("POST", "/v1/members"),
    ("POST", "/v1/consents"),
    ("POST", "/v1/actions"),
    ("POST", "/v1/answers"),
    ("POST", "/v1/receipts/{sale_id}/print"),
    ("POST", "/v1/slips"),
    ("POST", "/v1/present/clear"),
    ("POST", "/v1/terminal"),
    ("POST", "/v1/terminal/codes"),
    ("GET", "/v1/devices"),
    ("POST", "/v1/devices/{device_id}/test"),
    ("POST", "/v1/scans"),
    ("GET", "/v1/events"),
    ("GET", "/v1/status"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
}


class Document:
    """The served document, and what it says of an answer."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found
        resource = Resource.from_contents(found, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource("urn:document", resource)

    def errors(self, schema: Mapping[str, Any], value: Any) -> list[str]:
        whole = _absolute(schema)
        validator = Draft202012Validator(whole, registry=self._registry)
        return [error.message for error in validator.iter_errors(value)]

    def check(self, method: str, path: str, answer: requests.Response) -> None:
        """The status is documented, and the body is what the document says."""
        responses = self.found["paths"][path][method.lower()]["responses"]
        assert str(answer.status_code) in responses, f"{method} {path}: {answer.text}"
        content = responses[str(answer.status_code)]["content"]
        media = answer.headers["Content-Type"]
        assert media in content
        if media == "application/problem+json":
            assert f"`{answer.json()['code']}`" in responses[str(answer.status_code)]["description"]
        if media.endswith("json"):
            assert self.errors(content[media]["schema"], answer.json()) == [], answer.text


def _absolute(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: f"urn:document{item}" if key == "$ref" else _absolute(item)
            for key, item in value.items()
        }
    return [_absolute(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def document(agent: Agent) -> Document:
    return Document(agent.get("/openapi.json").json())


def test_the_document_is_the_contract_and_the_server_both_ways(document: Document) -> None:
    documented = {
        (method.upper(), path)
        for path, operations in document.found["paths"].items()
        for method in operations
    }
    assert documented == CONTRACT
    assert {(route.method, route.path) for route in ROUTES} | {("GET", "/openapi.json")} == CONTRACT


def test_every_documented_call_is_served_and_no_other(agent: Agent, document: Document) -> None:
    for path, operations in document.found["paths"].items():
        filled = (
            path.replace("{sale_id}", "x")
            .replace("{device_id}", "x")
            .replace("{redemption_id}", "x")
        )
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            with agent.call(method, filled, stream=True) as answer:
                served = answer.status_code != 405
                assert served == (method.lower() in operations), (method, path)
        assert agent.get(f"{filled}/more").status_code == 404


def test_it_is_openapi_3_1_with_sound_schemas_and_resolvable_references(document: Document) -> None:
    assert document.found["openapi"] == "3.1.0"
    for schema in document.found["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    known = {f"#/components/schemas/{name}" for name in document.found["components"]["schemas"]}
    assert set(_references(document.found)) <= known
    ids = [
        operation["operationId"]
        for operations in document.found["paths"].values()
        for operation in operations.values()
    ]
    assert len(set(ids)) == len(ids)


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [each for item in value.values() for each in _references(item)]
    if isinstance(value, list):
        return [each for item in value for each in _references(item)]
    return []


def test_protected_calls_say_so(document: Document) -> None:
    for path, operations in document.found["paths"].items():
        for operation in operations.values():
            wanted: list[Any] = []
            if path.startswith("/v1/"):
                wanted = [{"token": []}, {"session": []}]
            assert operation["security"] == wanted
    assert set(document.found["components"]["securitySchemes"]) == {"token", "session"}


def test_examples_are_right_by_the_documents_own_schemas_and_by_the_server(
    agent: Agent, document: Document
) -> None:
    agent.post("/v1/sales", a_sale())
    for route in ROUTES:
        if route.example:
            operation = document.found["paths"][route.path]["post"]
            content = operation["requestBody"]["content"]["application/json"]
            assert content["example"] == route.example
            assert document.errors(content["schema"], content["example"]) == []
            path = route.path.replace("{sale_id}", SALE["sale_id"])
            assert agent.post(path, route.example).status_code in {200, 201, 409}, path


def test_what_the_document_refuses_the_server_refuses(agent: Agent, document: Document) -> None:
    operation = document.found["paths"]["/v1/sales"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert document.errors(schema, SALE) == []
    changes: list[Callable[[dict[str, Any]], Any]] = [
        lambda body: body.update(sale_id="a b"),
        lambda body: body.update(extra=1),
        lambda body: body.update(lines=[]),
        lambda body: body.pop("at"),
        lambda body: body["total"].update(amount=-1),
        lambda body: body["total"].update(currency="USD"),
        lambda body: body["lines"][0].update(quantity=0.5),
        lambda body: body["lines"][0].update(quantity="1,5"),
        lambda body: body.update(card={"from": "pos"}),
        lambda body: body.update(card={"from": "till", "code": KNOWN}),
        lambda body: body.update(redemptions=["no id"]),
        lambda body: body.update(redemptions=["R"] * 21),
    ]
    for change in changes:
        body = a_sale()
        change(body)
        assert document.errors(schema, body) != [], body
        assert agent.post("/v1/sales", body).status_code == 422


def test_real_answers_of_every_call_are_as_documented(agent: Agent, document: Document) -> None:
    sale = SALE["sale_id"]
    quote = {**a_sale(quote_id="Q1", card={"code": UNKNOWN, "entry": "keyed"})}
    del quote["sale_id"]
    redemption = {
        "redemption_id": "P1",
        "code": KNOWN,
        "entry": "scanned",
        "reward": "five-euro",
    }
    agreed = {"consents": [{"purpose": "e-mail", "version": "2026-01"}]}
    back = {"return_id": "R1", "lines": [{"line": 2, "quantity": "0.2"}]}
    too_much = {"return_id": "R2", "lines": [{"line": 1, "quantity": 9}]}
    calls: list[tuple[str, str, Any, int]] = [
        ("POST", "/v1/identify", {"code": KNOWN, "entry": "scanned"}, 200),
        ("POST", "/v1/identify", {"code": UNKNOWN, "entry": "tapped"}, 200),
        ("POST", "/v1/identify", {"code": "123", "entry": "keyed"}, 404),
        ("POST", "/v1/quotes", quote, 200),
        ("POST", "/v1/redemptions", redemption, 201),
        ("POST", "/v1/redemptions", redemption, 200),
        ("POST", "/v1/redemptions", {**redemption, "times": 2}, 409),
        ("POST", "/v1/redemptions", {**redemption, "redemption_id": "P2"}, 409),
        ("POST", "/v1/redemptions", {**redemption, "redemption_id": "P3", "code": UNKNOWN}, 404),
        ("POST", "/v1/redemptions/{redemption_id}/cancel", None, 200),
        ("POST", "/v1/redemptions/{redemption_id}/commit", None, 409),
        ("GET", "/v1/enrolment", None, 200),
        ("POST", "/v1/members", {"member_id": "M1", "code": UNKNOWN, "profile": {}}, 201),
        ("POST", "/v1/members", {"member_id": "M1", "code": UNKNOWN, "profile": {}}, 200),
        ("POST", "/v1/members", {"member_id": "M2", "code": KNOWN}, 409),
        ("POST", "/v1/consents", {"consent_id": "C1", "code": KNOWN, **agreed}, 201),
        ("POST", "/v1/consents", {"consent_id": "C1", "code": UNKNOWN, **agreed}, 409),
        ("POST", "/v1/actions", {"action_id": "A1", "code": KNOWN, "action": "review"}, 201),
        ("POST", "/v1/actions", {"action_id": "A1", "code": KNOWN, "action": "dance"}, 409),
        ("POST", "/v1/actions", {"action_id": "A2", "code": KNOWN, "action": "dance"}, 422),
        ("POST", "/v1/answers", {"answer_id": "Q1", "question": "recommend", "value": 9}, 201),
        ("POST", "/v1/answers", {"answer_id": "Q2", "question": "recommend", "value": "x"}, 422),
        ("POST", "/v1/sales", a_sale(), 201),
        ("POST", "/v1/sales", a_sale(), 200),
        ("POST", "/v1/sales", a_sale(cashier="C18"), 409),
        ("POST", "/v1/sales", a_sale(sale_id="anonymous", card=None), 201),
        ("POST", "/v1/sales", a_sale(sale_id="trained", training=True), 201),
        ("POST", "/v1/sales", a_sale(sale_id="lapsed", quote_id="gone"), 409),
        ("POST", "/v1/sales", {"sale_id": 1}, 422),
        ("POST", "/v1/sales/{sale_id}/returns", back, 201),
        ("POST", "/v1/sales/{sale_id}/returns", back, 200),
        ("POST", "/v1/sales/{sale_id}/returns", too_much, 409),
        ("GET", "/v1/sales/{sale_id}", None, 200),
        ("POST", "/v1/sales/{sale_id}/void", {"void_id": "V1"}, 201),
        ("POST", "/v1/sales/{sale_id}/void", {"void_id": "V1"}, 200),
        ("GET", "/v1/sales/{sale_id}", None, 200),
        ("POST", "/v1/receipts/{sale_id}/print", {"copy": True}, 200),
        ("POST", "/v1/slips", {"code": KNOWN}, 200),
        ("POST", "/v1/identify", {"code": KNOWN, "entry": "scanned"}, 200),
        ("POST", "/v1/slips", {"card": {"from": "till"}}, 200),
        ("POST", "/v1/present/clear", {}, 200),
        ("POST", "/v1/slips", {"card": {"from": "till"}}, 409),
        ("POST", "/v1/slips", {"code": KNOWN, "card": {"from": "till"}}, 422),
        ("GET", "/v1/devices", None, 200),
        ("POST", "/v1/scans", {"device": "hand", "text": KNOWN}, 200),
        ("POST", "/v1/scans", {"device": "foot", "text": KNOWN}, 404),
        ("GET", "/v1/status", None, 200),
        ("GET", "/healthz", None, 200),
        ("GET", "/readyz", None, 200),
        ("GET", "/metrics", None, 200),
        ("GET", "/openapi.json", None, 200),
    ]
    for method, path, body, status in calls:
        filled = path.replace("{sale_id}", sale).replace("{redemption_id}", "P1")
        answer = agent.call(method, filled, json=body)
        assert answer.status_code == status, f"{method} {path}: {answer.text}"
        document.check(method, path, answer)
    for code, status in ((GOOD_CODE, 200), ("AAAA-AAAA-AAAA", 409), ("AWAY-AWAY-AWAY", 503)):
        answer = agent.post("/v1/terminal", {"code": code})
        assert answer.status_code == status, answer.text
        document.check("POST", "/v1/terminal", answer)
    for code, status in ((GOOD_CODE, 200), ("short", 422)):
        answer = agent.post("/v1/terminal/codes", {"code": code, "till": "04", "print": True})
        assert answer.status_code == status, answer.text
        document.check("POST", "/v1/terminal/codes", answer)
    for device in ("hand", "printer"):
        answer = agent.post(f"/v1/devices/{device}/test", {})
        assert answer.status_code == 200
        document.check("POST", "/v1/devices/{device_id}/test", answer)
    receipt = agent.get("/v1/sales/anonymous").json()["result"]["reference"]
    for code, status in ((KNOWN, 201), (KNOWN, 200), (UNKNOWN, 409)):
        answer = agent.post("/v1/sales/anonymous/member", {"code": code, "proof": receipt})
        assert answer.status_code == status, answer.text
        document.check("POST", "/v1/sales/{sale_id}/member", answer)
    elsewhere = agent.post("/v1/sales/elsewhere/returns", {**back, "return_id": "R3"})
    assert elsewhere.status_code == 202
    document.check("POST", "/v1/sales/{sale_id}/returns", elsewhere)
    with agent.get("/v1/events", stream=True) as stream:
        document.check("GET", "/v1/events", stream)


def test_refusals_of_every_kind_are_as_documented(agent: Agent, document: Document) -> None:
    text = {"Content-Type": "text/plain"}
    refusals = [
        agent.post("/v1/sales", a_sale(cashier="4111111111111111")),
        agent.call("POST", "/v1/sales", data=b"{", headers={"Content-Type": "application/json"}),
        agent.call("POST", "/v1/sales", data=b"{}", headers=text),
        agent.post("/v1/sales", a_sale(cashier="x" * 300_000)),
        agent.post("/v1/sales", a_sale(), headers={"Authorization": None}),
        agent.post("/v1/sales", a_sale(), headers={"Origin": "https://evil.example"}),
        agent.post("/v1/sales", a_sale(), headers={"Host": "evil.example"}),
    ]
    agent.terminal.till.failure = DiskFull("The disk is full.")
    refusals.append(agent.post("/v1/sales", a_sale()))
    agent.terminal.till.failure = RuntimeError()
    refusals.append(agent.post("/v1/sales", a_sale()))
    assert [each.status_code for each in refusals] == [422, 400, 415, 413, 401, 403, 400, 503, 500]
    for each in refusals:
        document.check("POST", "/v1/sales", each)
    agent.terminal.status.fault = LedgerUnavailable("The ledger cannot be read.")
    for path in ("/readyz", "/v1/status", "/metrics"):
        document.check("GET", path, agent.get(path))


def test_making_it_is_left_until_somebody_asks() -> None:
    assert openapi(ROUTES, "1")["info"]["version"] == "1"

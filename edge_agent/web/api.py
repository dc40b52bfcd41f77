"""The calls: one function each, and the one table of routes that the app and the OpenAPI document are made from."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from pydantic_core import to_json

from edge_agent.till.views import Answer
from edge_agent.web import answers, models
from edge_agent.web.ports import Ports

JSON_TYPE = "application/json"
EVENT_STREAM_TYPE = "text/event-stream"


def _json(body: Any, status: int = 200) -> Response:
    return Response(to_json(body), status, content_type=JSON_TYPE)


def identify(ports: Ports, body: models.Presented) -> Response:
    return _json(ports.till.identify(body.to_card()).to_json())


def quote(ports: Ports, body: models.QuoteBody) -> Response:
    return _json(ports.till.quote(body.quote_id, body.to_sale()))


def reserve(ports: Ports, body: models.RedemptionBody) -> Response:
    answer = ports.till.reserve(body.to_wish())
    return _json(answer.result, 201 if answer.first else 200)


def commit(ports: Ports, body: models.NoBody, redemption_id: str) -> Response:  # noqa: ARG001  nothing to say
    answer = ports.till.commit(redemption_id)
    if answer.first:
        ports.metrics.recorded("redemption")
    return _json(answer.result, 201 if answer.first else 200)


def cancel(ports: Ports, body: models.NoBody, redemption_id: str) -> Response:  # noqa: ARG001  nothing to say
    return _json(ports.till.cancel(redemption_id))


def enrol(ports: Ports, body: models.MemberBody) -> Response:
    return _recorded(ports, "member", ports.till.enrol(body.to_act()))


def report(ports: Ports, body: models.ActionBody) -> Response:
    return _recorded(ports, "action", ports.till.report(body.to_act()))


def answer(ports: Ports, body: models.AnswerBody) -> Response:
    return _recorded(ports, "answer", ports.till.answer(body.to_act()))


def sell(ports: Ports, body: models.SaleBody) -> Response:
    began_at = time.perf_counter()
    answer = ports.till.sell(body.to_sale())
    ports.metrics.sale_seconds.observe(time.perf_counter() - began_at)
    return _recorded(ports, "sale", answer)


def sale(ports: Ports, sale_id: str) -> Response:
    result, now = ports.till.sale(sale_id)
    return _json({"result": result, "now": now.to_json()})


def void(ports: Ports, body: models.VoidBody, sale_id: str) -> Response:
    return _recorded(ports, "void", ports.till.void(sale_id, body.void_id))


def give_back(ports: Ports, body: models.ReturnBody, sale_id: str) -> Response:
    answer = ports.till.give_back(
        sale_id, body.return_id, body.to_lines(), body.to_original(), body.to_card()
    )
    return _recorded(ports, "return", answer)


def print_copy(ports: Ports, body: models.CopyBody, sale_id: str) -> Response:  # noqa: ARG001  `copy` can only be true
    return _json({"print": ports.till.print_copy(sale_id).value})


def print_slip(ports: Ports, body: models.SlipBody) -> Response:
    return _json({"print": ports.till.print_slip(body.to_holder()).value})


def clear_present(ports: Ports, body: models.NoBody) -> Response:  # noqa: ARG001  nothing to say
    ports.till.leave()
    return _json({"present": False})


def devices(ports: Ports) -> Response:
    return _json(ports.devices.to_json())


def test_device(ports: Ports, body: models.NoBody, device_id: str) -> Response:  # noqa: ARG001  nothing to say
    return _json(ports.devices.test(device_id))


def scan(ports: Ports, body: models.ScanBody) -> Response:
    ports.devices.inject_scan(body.device, body.text)
    return _json({"device": body.device, "injected": True})


def events(ports: Ports) -> Response:
    place = ports.events.subscribe(request.headers.get("Last-Event-ID"))
    if request.method == "HEAD":
        place.close()
        return Response(content_type=EVENT_STREAM_TYPE)
    gone: Callable[[], bool] = request.environ.get("waitress.client_disconnected", _never)
    answer = Response(place.frames(gone), content_type=EVENT_STREAM_TYPE)
    answer.call_on_close(place.close)
    return answer


def _never() -> bool:
    return False


def status(ports: Ports) -> Response:
    return _json(ports.status())


def healthz(ports: Ports) -> Response:  # noqa: ARG001  asks nothing, so that nothing can hold it up
    return _json({"state": "alive"})


def readyz(ports: Ports) -> Response:
    report = ports.health.report()
    found = {
        "ready": report.ready,
        "readiness": report.readiness,
        "parts": [
            {"name": part.name, "state": part.state, "reason": part.reason} for part in report.parts
        ],
    }
    return _json(found, 200 if report.ready else 503)


def metrics(ports: Ports) -> Response:
    return Response(ports.metrics.text(), content_type=CONTENT_TYPE_LATEST)


def _recorded(ports: Ports, kind: str, answer: Answer) -> Response:
    if answer.first:
        ports.metrics.recorded(kind)
    status_code = 202 if answer.awaiting_original else 201 if answer.first else 200
    if answer.text is None:
        return _json({"result": answer.result}, status_code)
    body = f'{{"result":{answer.text}}}'.encode()
    return Response(body, status_code, content_type=JSON_TYPE)


@dataclass(frozen=True, slots=True)
class Route:
    """One call. `path` is as in the contract; `answers` maps each status to the model of its body.

    `problems` are the codes that this call adds to those that every call may answer. Calls that need no body
    take an empty one too (`body_needed`). `media` is what the first answer is, where it is not JSON.
    """

    method: str
    path: str
    call: Callable[..., Response]
    does: str
    answers: Mapping[int, type[BaseModel] | None]
    body: type[BaseModel] | None = None
    body_needed: bool = True
    problems: tuple[str, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    media: str = JSON_TYPE

    @property
    def protected(self) -> bool:
        """Whether a token or session is needed."""
        return self.path.startswith("/v1/")


_SALE_EXAMPLE: Mapping[str, Any] = {
    "sale_id": "0412-03-20261121-000173",
    "at": "2026-11-21T14:03:11+01:00",
    "card": {"code": "2912345678906", "entry": "scanned"},
    "cashier": "C17",
    "channel": "store",
    "quote_id": None,
    "training": False,
    "lines": [
        {
            "line": 1,
            "sku": "8710400011118",
            "name": "Halfvolle melk 1L",
            "quantity": 2,
            "amount": 258,
            "discount": 0,
            "categories": ["dairy"],
            "brand": "Zuiver",
            "labels": [],
            "kind": "product",
            "tax_rate": "9",
        }
    ],
    "total": {"amount": 258, "currency": "EUR"},
    "tenders": [{"type": "card", "amount": 258}],
    "redemptions": [],
    "print": True,
}
_WITHOUT_ID = {key: value for key, value in _SALE_EXAMPLE.items() if key != "sale_id"}
_LEDGER = ("no-programme", "disk-full", "ledger-unavailable")
_RECORDED = answers.RecordedAnswer

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/identify",
        identify,
        "Find a member by a code that was scanned, typed, swiped or tapped",
        {200: answers.MemberViewAnswer},
        models.Presented,
        problems=("unknown-card", *_LEDGER),
        example={"code": "2912345678906", "entry": "scanned"},
    ),
    Route(
        "POST",
        "/v1/quotes",
        quote,
        "Say what a basket would earn; kept for 15 minutes in memory and recorded nowhere",
        {200: answers.QuoteAnswer},
        models.QuoteBody,
        problems=("refused", *_LEDGER),
        example={**_WITHOUT_ID, "quote_id": "Q-000173", "print": False, "codes": ["WELKOM10"]},
    ),
    Route(
        "POST",
        "/v1/redemptions",
        reserve,
        "Reserve a reward or points of the customer's choice for 15 minutes",
        {201: answers.RedemptionAnswer, 200: answers.RedemptionAnswer},
        models.RedemptionBody,
        problems=("unknown-card", "refused", "redemption-differs", *_LEDGER),
        example={
            "redemption_id": "0412-03-R-000012",
            "code": "2912345678906",
            "entry": "scanned",
            "reward": "five-euro",
        },
    ),
    Route(
        "POST",
        "/v1/redemptions/{redemption_id}/commit",
        commit,
        "Charge a reserved redemption without a sale: 201 the first time, 200 with the same answer ever after",
        {201: answers.RedemptionAnswer, 200: answers.RedemptionAnswer},
        models.NoBody,
        body_needed=False,
        problems=("unknown-redemption", "refused", *_LEDGER),
    ),
    Route(
        "POST",
        "/v1/redemptions/{redemption_id}/cancel",
        cancel,
        "Let go of what a redemption reserved",
        {200: answers.RedemptionAnswer},
        models.NoBody,
        body_needed=False,
        problems=("unknown-redemption", "refused", "disk-full", "ledger-unavailable"),
    ),
    Route(
        "POST",
        "/v1/sales",
        sell,
        "Record a sale: 201 the first time, 200 with the same result ever after",
        {201: _RECORDED, 200: _RECORDED},
        models.SaleBody,
        problems=("sale-differs", "quote-lapsed", "refused", "unknown-card", *_LEDGER),
        example=_SALE_EXAMPLE,
    ),
    Route(
        "GET",
        "/v1/sales/{sale_id}",
        sale,
        "The result of a sale as it was answered, and how it stands now",
        {200: answers.SaleAnswer},
        problems=("unknown-sale", "ledger-unavailable"),
    ),
    Route(
        "POST",
        "/v1/sales/{sale_id}/void",
        void,
        "Take all of a sale back",
        {201: _RECORDED, 200: _RECORDED},
        models.VoidBody,
        problems=("unknown-sale", "return-differs", "over-return", "refused", *_LEDGER),
        example={"void_id": "V-000173"},
    ),
    Route(
        "POST",
        "/v1/sales/{sale_id}/returns",
        give_back,
        "Take back what returned lines earned: 202 for a sale that this till does not know",
        {201: _RECORDED, 200: _RECORDED, 202: _RECORDED},
        models.ReturnBody,
        problems=("return-differs", "over-return", "refused", *_LEDGER),
        example={"return_id": "R-000174", "lines": [{"line": 1, "quantity": 1}]},
    ),
    Route(
        "POST",
        "/v1/members",
        enrol,
        "Enrol a member, provisional until central confirms",
        {201: answers.ActDoneAnswer, 200: answers.ActDoneAnswer},
        models.MemberBody,
        problems=("refused", "act-differs", *_LEDGER),
        example={
            "member_id": "0412-03-M-000007",
            "code": "2900000000018",
            "profile": {"display_name": "Jan B.", "email": "jan@example.com"},
            "consents": [{"purpose": "e-mail", "version": "2026-01"}],
        },
    ),
    Route(
        "POST",
        "/v1/actions",
        report,
        "Record what a member did without buying, or an offer or challenge that they activate",
        {201: answers.ActDoneAnswer, 200: answers.ActDoneAnswer},
        models.ActionBody,
        problems=("refused", "act-differs", *_LEDGER),
        example={
            "action_id": "0412-03-A-000031",
            "code": "2912345678906",
            "entry": "scanned",
            "action": "review",
        },
    ),
    Route(
        "POST",
        "/v1/answers",
        answer,
        "Record a customer's answer to a question, with or without a card",
        {201: answers.ActDoneAnswer, 200: answers.ActDoneAnswer},
        models.AnswerBody,
        problems=("act-differs", "refused", "unknown-sale", *_LEDGER),
        example={"answer_id": "0412-03-Q-000044", "question": "recommend", "value": 9},
    ),
    Route(
        "POST",
        "/v1/receipts/{sale_id}/print",
        print_copy,
        "Print a receipt again, marked as a copy",
        {200: answers.PrintAnswer},
        models.CopyBody,
        problems=("unknown-sale", "refused", "ledger-unavailable"),
        example={"copy": True},
    ),
    Route(
        "POST",
        "/v1/slips",
        print_slip,
        "Print a slip with a member's balance",
        {200: answers.PrintAnswer},
        models.SlipBody,
        problems=("unknown-card", "refused", *_LEDGER),
        example={"code": "2912345678906"},
    ),
    Route(
        "POST",
        "/v1/present/clear",
        clear_present,
        "Whoever is at the till goes: the next sale that leaves the card to the till has none",
        {200: answers.PresentAnswer},
        models.NoBody,
        body_needed=False,
    ),
    Route(
        "GET",
        "/v1/devices",
        devices,
        "Every configured scanner and printer with its state",
        {200: answers.DevicesAnswer},
    ),
    Route(
        "POST",
        "/v1/devices/{device_id}/test",
        test_device,
        "Test print or test scan",
        {200: answers.DeviceTestAnswer},
        models.NoBody,
        body_needed=False,
        problems=("unknown-device", "refused"),
    ),
    Route(
        "POST",
        "/v1/scans",
        scan,
        "Let a simulated scanner read a text",
        {200: answers.ScanAnswer},
        models.ScanBody,
        problems=("unknown-device", "refused"),
        example={"device": "hand", "text": "2912345678906"},
    ),
    Route(
        "GET",
        "/v1/events",
        events,
        "Server-sent events: scan, member, sale, redemption, device, sync, and reset when the past is lost",
        {200: None},
        problems=("streams-full",),
        media=EVENT_STREAM_TYPE,
    ),
    Route(
        "GET",
        "/v1/status",
        status,
        "Versions, journal, outbox, central, members, programme, clock and disk",
        {200: answers.StatusAnswer},
        problems=("ledger-unavailable",),
    ),
    Route("GET", "/healthz", healthz, "Whether the process answers", {200: answers.HealthAnswer}),
    Route(
        "GET",
        "/readyz",
        readyz,
        "Whether sales can be taken; a silent printer degrades and no more",
        {200: answers.ReadyAnswer, 503: answers.ReadyAnswer},
    ),
    Route("GET", "/metrics", metrics, "Prometheus metrics", {200: None}, media=CONTENT_TYPE_LATEST),
)
"""Every call but `/openapi.json`, which is made from them."""

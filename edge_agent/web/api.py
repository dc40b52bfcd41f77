"""The calls: one function each. `routes.py` says which call is where."""

import time
from collections.abc import Callable
from typing import Any

from flask import Response, request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic_core import to_json

from edge_agent.till.views import Answer
from edge_agent.web.bodies.acts import ActionBody, AnswerBody, AttachBody, RedemptionBody
from edge_agent.web.bodies.baskets import QuoteBody, SaleBody
from edge_agent.web.bodies.cards import IdentifyBody
from edge_agent.web.bodies.devices import CodeBody, CopyBody, ScanBody, SlipBody, TerminalBody
from edge_agent.web.bodies.members import ConsentsBody, MemberBody
from edge_agent.web.bodies.returns import ReturnBody, VoidBody
from edge_agent.web.bodies.strict import NoBody
from edge_agent.web.ports import Ports

JSON_TYPE = "application/json"
EVENT_STREAM_TYPE = "text/event-stream"


def _json(body: Any, status: int = 200) -> Response:
    return Response(to_json(body), status, content_type=JSON_TYPE)


def identify(ports: Ports, body: IdentifyBody) -> Response:
    return _json(ports.till.identify(body.to_card(), body.channel or "").to_json())


def quote(ports: Ports, body: QuoteBody) -> Response:
    return _json(ports.till.quote(body.quote_id, body.to_sale()))


def reserve(ports: Ports, body: RedemptionBody) -> Response:
    answer = ports.till.reserve(body.to_wish())
    return _json(answer.result, 201 if answer.first else 200)


def commit(ports: Ports, body: NoBody, redemption_id: str) -> Response:  # noqa: ARG001  nothing to say
    answer = ports.till.commit(redemption_id)
    if answer.first:
        ports.metrics.recorded("redemption")
    return _json(answer.result, 201 if answer.first else 200)


def cancel(ports: Ports, body: NoBody, redemption_id: str) -> Response:  # noqa: ARG001  nothing to say
    return _json(ports.till.cancel(redemption_id))


def enrol_terminal(ports: Ports, body: TerminalBody) -> Response:
    return _json({"terminal": ports.enrolling.enrol(body.code)})


def show_code(ports: Ports, body: CodeBody) -> Response:
    return _json(ports.codes.show(body.code, body.till, prints=body.printed))


def enrolment(ports: Ports) -> Response:
    return _json(ports.till.enrolment())


def enrol(ports: Ports, body: MemberBody) -> Response:
    return _recorded(ports, "member", ports.till.enrol(body.to_act()))


def change_consents(ports: Ports, body: ConsentsBody) -> Response:
    return _recorded(ports, "consent", ports.till.change_consents(body.to_act()))


def report(ports: Ports, body: ActionBody) -> Response:
    return _recorded(ports, "action", ports.till.report(body.to_act()))


def answer(ports: Ports, body: AnswerBody) -> Response:
    return _recorded(ports, "answer", ports.till.answer(body.to_act()))


def sell(ports: Ports, body: SaleBody) -> Response:
    if body.training:  # recorded nowhere, so counted nowhere
        return _json({"result": ports.till.sell(body.to_sale()).result}, 201)
    began_at = time.perf_counter()
    answer = ports.till.sell(body.to_sale())
    ports.metrics.sale_seconds.observe(time.perf_counter() - began_at)
    return _recorded(ports, "sale", answer)


def sale(ports: Ports, sale_id: str) -> Response:
    result, now = ports.till.sale(sale_id)
    return _json({"result": result, "now": now.to_json()})


def void(ports: Ports, body: VoidBody, sale_id: str) -> Response:
    return _recorded(ports, "void", ports.till.void(sale_id, body.void_id))


def give_back(ports: Ports, body: ReturnBody, sale_id: str) -> Response:
    answer = ports.till.give_back(
        sale_id, body.return_id, body.to_lines(), body.to_original(), body.to_card()
    )
    return _recorded(ports, "return", answer)


def attach(ports: Ports, body: AttachBody, sale_id: str) -> Response:
    return _recorded(ports, "attach", ports.till.attach(body.to_act(sale_id)))


def print_copy(ports: Ports, body: CopyBody, sale_id: str) -> Response:  # noqa: ARG001  `copy` can only be true
    return _json({"print": ports.till.print_copy(sale_id).value})


def print_slip(ports: Ports, body: SlipBody) -> Response:
    return _json({"print": ports.till.print_slip(body.to_holder()).value})


def clear_present(ports: Ports, body: NoBody) -> Response:  # noqa: ARG001  nothing to say
    ports.till.leave()
    return _json({"present": False})


def devices(ports: Ports) -> Response:
    return _json(ports.devices.to_json())


def test_device(ports: Ports, body: NoBody, device_id: str) -> Response:  # noqa: ARG001  nothing to say
    return _json(ports.devices.test(device_id))


def scan(ports: Ports, body: ScanBody) -> Response:
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

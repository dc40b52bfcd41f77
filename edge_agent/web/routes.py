"""The one table of routes that the app and the OpenAPI document are made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from edge_agent.web import api
from edge_agent.web.answers.acts import ActDoneAnswer, EnrolmentAnswer
from edge_agent.web.answers.members import MemberViewAnswer, PresentAnswer
from edge_agent.web.answers.redemptions import RedemptionAnswer
from edge_agent.web.answers.running import (
    CodeAnswer,
    DevicesAnswer,
    DeviceTestAnswer,
    HealthAnswer,
    ReadyAnswer,
    ScanAnswer,
    StatusAnswer,
    TerminalAnswer,
)
from edge_agent.web.answers.sales import PrintAnswer, QuoteAnswer, RecordedAnswer, SaleAnswer
from edge_agent.web.api import EVENT_STREAM_TYPE, JSON_TYPE
from edge_agent.web.bodies.acts import ActionBody, AnswerBody, AttachBody, RedemptionBody
from edge_agent.web.bodies.baskets import QuoteBody, SaleBody
from edge_agent.web.bodies.cards import IdentifyBody
from edge_agent.web.bodies.devices import CodeBody, CopyBody, ScanBody, SlipBody, TerminalBody
from edge_agent.web.bodies.members import ConsentsBody, MemberBody
from edge_agent.web.bodies.returns import ReturnBody, VoidBody
from edge_agent.web.bodies.strict import NoBody


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

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/identify",
        api.identify,
        "Find a member by a code that was scanned, typed, swiped or tapped",
        {200: MemberViewAnswer},
        IdentifyBody,
        problems=("unknown-card", *_LEDGER),
        example={"code": "2912345678906", "entry": "scanned"},
    ),
    Route(
        "POST",
        "/v1/quotes",
        api.quote,
        "Say what a basket would earn; kept for 15 minutes in memory and recorded nowhere",
        {200: QuoteAnswer},
        QuoteBody,
        problems=("refused", *_LEDGER),
        example={**_WITHOUT_ID, "quote_id": "Q-000173", "print": False, "codes": ["WELKOM10"]},
    ),
    Route(
        "POST",
        "/v1/redemptions",
        api.reserve,
        "Reserve a reward or points of the customer's choice for 15 minutes",
        {201: RedemptionAnswer, 200: RedemptionAnswer},
        RedemptionBody,
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
        api.commit,
        "Charge a reserved redemption without a sale: 201 the first time, 200 with the same answer ever after",
        {201: RedemptionAnswer, 200: RedemptionAnswer},
        NoBody,
        body_needed=False,
        problems=("unknown-redemption", "refused", *_LEDGER),
    ),
    Route(
        "POST",
        "/v1/redemptions/{redemption_id}/cancel",
        api.cancel,
        "Let go of what a redemption reserved",
        {200: RedemptionAnswer},
        NoBody,
        body_needed=False,
        problems=("unknown-redemption", "refused", "disk-full", "ledger-unavailable"),
    ),
    Route(
        "POST",
        "/v1/sales",
        api.sell,
        "Record a sale: 201 the first time, 200 with the same result ever after",
        {201: RecordedAnswer, 200: RecordedAnswer},
        SaleBody,
        problems=("sale-differs", "quote-lapsed", "refused", "unknown-card", *_LEDGER),
        example=_SALE_EXAMPLE,
    ),
    Route(
        "GET",
        "/v1/sales/{sale_id}",
        api.sale,
        "The result of a sale as it was answered, and how it stands now",
        {200: SaleAnswer},
        problems=("unknown-sale", "ledger-unavailable"),
    ),
    Route(
        "POST",
        "/v1/sales/{sale_id}/void",
        api.void,
        "Take all of a sale back",
        {201: RecordedAnswer, 200: RecordedAnswer},
        VoidBody,
        problems=("unknown-sale", "return-differs", "over-return", "refused", *_LEDGER),
        example={"void_id": "V-000173"},
    ),
    Route(
        "POST",
        "/v1/sales/{sale_id}/returns",
        api.give_back,
        "Take back what returned lines earned: 202 for a sale that this till does not know",
        {201: RecordedAnswer, 200: RecordedAnswer, 202: RecordedAnswer},
        ReturnBody,
        problems=("return-differs", "over-return", "refused", *_LEDGER),
        example={"return_id": "R-000174", "lines": [{"line": 1, "quantity": 1}]},
    ),
    Route(
        "GET",
        "/v1/enrolment",
        api.enrolment,
        "What somebody who enrols is asked to agree to, in every language",
        {200: EnrolmentAnswer},
        problems=("no-programme",),
    ),
    Route(
        "POST",
        "/v1/sales/{sale_id}/member",
        api.attach,
        "Attach a forgotten card to a sale that was made without one, with the proof on its receipt",
        {201: RecordedAnswer, 200: RecordedAnswer},
        AttachBody,
        problems=("unknown-sale", "already-attached", "refused", *_LEDGER),
        example={
            "code": "2912345678906",
            "entry": "scanned",
            "proof": "sale:0412/03/0412-03-20261121-000173/M5XG6Z3JOR2WK4TF",
        },
    ),
    Route(
        "POST",
        "/v1/members",
        api.enrol,
        "Enrol a member, provisional until central confirms",
        {201: ActDoneAnswer, 200: ActDoneAnswer},
        MemberBody,
        problems=("refused", "member-differs", *_LEDGER),
        example={
            "member_id": "0412-03-M-000007",
            "code": "2900000000018",
            "profile": {"display_name": "Jan B.", "email": "jan@example.com"},
            "consents": [{"purpose": "e-mail", "version": "2026-01"}],
        },
    ),
    Route(
        "POST",
        "/v1/consents",
        api.change_consents,
        "Record what a member agrees to from now on, or takes back",
        {201: ActDoneAnswer, 200: ActDoneAnswer},
        ConsentsBody,
        problems=("refused", "consent-differs", *_LEDGER),
        example={
            "consent_id": "0412-03-C-000003",
            "code": "2912345678906",
            "entry": "scanned",
            "consents": [{"purpose": "e-mail", "version": "2026-01", "given": False}],
        },
    ),
    Route(
        "POST",
        "/v1/actions",
        api.report,
        "Record what a member did without buying, or an offer or challenge that they activate",
        {201: ActDoneAnswer, 200: ActDoneAnswer},
        ActionBody,
        problems=("refused", "action-differs", *_LEDGER),
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
        api.answer,
        "Record a customer's answer to a question, with or without a card",
        {201: ActDoneAnswer, 200: ActDoneAnswer},
        AnswerBody,
        problems=("answer-differs", "refused", "unknown-sale", *_LEDGER),
        example={"answer_id": "0412-03-Q-000044", "question": "recommend", "value": 9},
    ),
    Route(
        "POST",
        "/v1/receipts/{sale_id}/print",
        api.print_copy,
        "Print a receipt again, marked as a copy",
        {200: PrintAnswer},
        CopyBody,
        problems=("unknown-sale", "refused", "ledger-unavailable"),
        example={"copy": True},
    ),
    Route(
        "POST",
        "/v1/slips",
        api.print_slip,
        "Print a slip with a member's balance",
        {200: PrintAnswer},
        SlipBody,
        problems=("unknown-card", "refused", *_LEDGER),
        example={"code": "2912345678906"},
    ),
    Route(
        "POST",
        "/v1/present/clear",
        api.clear_present,
        "Whoever is at the till goes: the next sale that leaves the card to the till has none",
        {200: PresentAnswer},
        NoBody,
        body_needed=False,
    ),
    Route(
        "POST",
        "/v1/terminal",
        api.enrol_terminal,
        "Enrol this terminal with a one-time code of central's, while it is not enrolled or is refused",
        {200: TerminalAnswer},
        TerminalBody,
        problems=("refused", "central-away"),
        example={"code": "K7QF-3MXA-9TRC"},
    ),
    Route(
        "POST",
        "/v1/terminal/codes",
        api.show_code,
        "Show a one-time code that is for another till of the store as a QR symbol, and print it",
        {200: CodeAnswer},
        CodeBody,
        example={"code": "K7QF-3MXA-9TRC", "till": "04"},
    ),
    Route(
        "GET",
        "/v1/devices",
        api.devices,
        "Every configured scanner and printer with its state",
        {200: DevicesAnswer},
    ),
    Route(
        "POST",
        "/v1/devices/{device_id}/test",
        api.test_device,
        "Test print or test scan",
        {200: DeviceTestAnswer},
        NoBody,
        body_needed=False,
        problems=("unknown-device", "refused"),
    ),
    Route(
        "POST",
        "/v1/scans",
        api.scan,
        "Let a simulated scanner read a text",
        {200: ScanAnswer},
        ScanBody,
        problems=("unknown-device", "refused"),
        example={"device": "hand", "text": "2912345678906"},
    ),
    Route(
        "GET",
        "/v1/events",
        api.events,
        "Server-sent events: scan, member, sale, redemption, act, device, sync, and reset when the past is lost",
        {200: None},
        problems=("streams-full",),
        media=EVENT_STREAM_TYPE,
    ),
    Route(
        "GET",
        "/v1/status",
        api.status,
        "Versions, journal, outbox, central, members, programme, clock and disk",
        {200: StatusAnswer},
        problems=("ledger-unavailable",),
    ),
    Route("GET", "/healthz", api.healthz, "Whether the process answers", {200: HealthAnswer}),
    Route(
        "GET",
        "/readyz",
        api.readyz,
        "Whether sales can be taken; a silent printer degrades and no more",
        {200: ReadyAnswer, 503: ReadyAnswer},
    ),
    Route(
        "GET", "/metrics", api.metrics, "Prometheus metrics", {200: None}, media=CONTENT_TYPE_LATEST
    ),
)
"""Every call but `/openapi.json`, which is made from them."""

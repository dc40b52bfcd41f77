"""RFC 9457 problems: the only place where an error becomes an HTTP answer.

A problem never holds a value of the request, and an unexpected failure is logged with its frames but without
what was sent.
"""

import re
import traceback
from typing import Any

import structlog
from flask import Flask, Response, request
from pydantic_core import to_json
from werkzeug.exceptions import HTTPException

from edge_agent.domain.cards import holds_payment_card
from edge_agent.errors import CallerError, FieldError, LoyaltyError, NotNow

PROBLEM_TYPE = "application/problem+json"

FIELDS_LISTED_MAX = 1000
"""A basket of 500 lines with two mistakes in each is still listed whole; more helps nobody."""

RETRY_AFTER_S = 2
"""What `Retry-After` says with every 503: long enough for a disk or lock to recover, short at a till."""

STATUS_BY_CODE = {
    "invalid": 422,
    "payment-card": 422,
    "malformed": 400,
    "foreign-host": 400,
    "unauthorised": 401,
    "forbidden-origin": 403,
    "not-found": 404,
    "unknown-sale": 404,
    "unknown-card": 404,
    "unknown-redemption": 404,
    "unknown-device": 404,
    "method-not-allowed": 405,
    "sale-differs": 409,
    "return-differs": 409,
    "redemption-differs": 409,
    "action-differs": 409,
    "answer-differs": 409,
    "member-differs": 409,
    "consent-differs": 409,
    "over-return": 409,
    "refused": 409,
    "quote-lapsed": 409,
    "already-attached": 409,
    "too-large": 413,
    "not-json": 415,
    "internal": 500,
    "no-programme": 503,
    "central-away": 503,
    "disk-full": 503,
    "ledger-unavailable": 503,
    "streams-full": 503,
}
"""Every code of the contract and its status."""

_TITLES = {
    "invalid": "The request has bad fields",
    "payment-card": "A payment card must not be sent here",
    "malformed": "The body is not a JSON object",
    "foreign-host": "This Host is not served here",
    "unauthorised": "A token is needed",
    "forbidden-origin": "Pages of this origin may not call the agent",
    "not-found": "There is nothing here",
    "unknown-sale": "This terminal does not know the sale",
    "unknown-card": "Not a member card",
    "unknown-device": "No such device",
    "method-not-allowed": "This call is made with another method",
    "sale-differs": "The sale id is taken by another sale",
    "action-differs": "The action id is taken by another action",
    "answer-differs": "The answer id is taken by another answer",
    "member-differs": "The member id is taken by another enrolment",
    "consent-differs": "The consent id is taken by another change of consents",
    "redemption-differs": "The redemption id is taken by another redemption",
    "unknown-redemption": "No such redemption",
    "return-differs": "The return id is taken by another return",
    "over-return": "More would come back than was bought",
    "refused": "Not allowed now",
    "quote-lapsed": "The quote has lapsed",
    "already-attached": "A card is attached already",
    "too-large": "The body is too large",
    "not-json": "The body must be application/json",
    "internal": "The agent failed",
    "no-programme": "No programme yet",
    "central-away": "Central cannot be reached",
    "disk-full": "The disk is full",
    "ledger-unavailable": "The ledger cannot be used",
    "streams-full": "Too many event streams",
}

_CODE_BY_HTTP_STATUS = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
_QUOTED_OR_LONG_NUMBER = re.compile(r"'[^']*'|\"[^\"]*\"|\d[\d -]{3,}")


class Malformed(CallerError):
    """The body is no JSON object that can be read in one way only."""

    code = "malformed"


class NotJson(CallerError):
    """The content type or encoding is not the one that is understood."""

    code = "not-json"


class TooLarge(CallerError):
    """The body is longer than any sale."""

    code = "too-large"


class Unauthorised(CallerError):
    """Neither token nor session."""

    code = "unauthorised"


class ForbiddenOrigin(CallerError):
    """A browser sent this from a page that is not ours."""

    code = "forbidden-origin"


class ForeignHost(CallerError):
    """The request was meant for another name: DNS rebinding, or a wrong configuration."""

    code = "foreign-host"


class StreamsFull(NotNow):
    """The cap on event streams is reached."""

    code = "streams-full"


def document(
    code: str, status: int, detail: str, *, retryable: bool, fields: tuple[FieldError, ...] = ()
) -> dict[str, Any]:
    """The problem as JSON; `fields` beyond the bound are counted in the detail."""
    if len(fields) > FIELDS_LISTED_MAX:
        detail = (
            f"{detail} {len(fields)} fields are wrong; the first {FIELDS_LISTED_MAX} are listed."
        )
    return {
        "type": f"urn:loyalty-edge-agent:problem:{code}",
        "title": _TITLES.get(code, "The request cannot be met"),
        "status": status,
        "code": code,
        "detail": detail,
        "retryable": retryable,
        "errors": [
            {"path": field.path, "message": field.message} for field in fields[:FIELDS_LISTED_MAX]
        ],
    }


def _answer(problem: dict[str, Any]) -> Response:
    answer = Response(to_json(problem), problem["status"], content_type=PROBLEM_TYPE)
    if answer.status_code == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="edge-agent"'
    elif answer.status_code == 503:
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def from_error(error: LoyaltyError) -> Response:
    """The answer to an error of ours; a code without a status is a mistake of ours and answers 500."""
    status = STATUS_BY_CODE.get(error.code, 500)
    return _answer(
        document(error.code, status, error.detail, retryable=error.retryable, fields=error.fields)
    )


def from_http(error: HTTPException) -> Response:
    """The answer to what Flask and Werkzeug refuse: no route, wrong method, too long."""
    status = error.code or 500
    code = _CODE_BY_HTTP_STATUS.get(status, "malformed" if status < 500 else "internal")
    detail = _TITLES[code] + "."
    answer = _answer(document(code, status, detail, retryable=False))
    if status == 405:
        allowed = getattr(error, "valid_methods", None) or ()
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def from_failure(error: Exception) -> Response:
    """The answer to a failure nobody foresaw. Sending again is safe, since every id is recorded once."""
    route = request.url_rule.rule if request.url_rule is not None else "none"
    structlog.get_logger("edge_agent.web").error(
        "request failed", route=route, method=request.method, failure=described(error)
    )
    detail = (
        "Something went wrong in the agent; its log says what. The same request may be sent again."
    )
    return _answer(document("internal", 500, detail, retryable=True))


def described(error: BaseException) -> str:
    """Frames and messages of an exception and its causes, without what a message may quote of a request."""
    parts: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(parts) < 5:
        frames = "".join(traceback.format_tb(seen.__traceback__))
        parts.append(f"{frames}{type(seen).__name__}: {_without_values(str(seen))}")
        seen = seen.__cause__ or seen.__context__
    return "\nbefore it: ".join(parts)


def _without_values(message: str) -> str:
    if holds_payment_card(message):
        return "(withheld)"
    return _QUOTED_OR_LONG_NUMBER.sub("…", message)


def register(app: Flask) -> None:
    """Let every error of `app` become a problem."""
    app.register_error_handler(LoyaltyError, from_error)
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(Exception, from_failure)

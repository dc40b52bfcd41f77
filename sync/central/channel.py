"""Central as a channel: the calls of web shop and app at central's address, answered by an agent beside it.

That agent is a till like any other, without devices: the same bodies, the same engine, the same journal. Here its calls
are only passed on, so that nothing of a sale is written twice. See docs/decisions/a-channel-is-a-till.md.
"""

import re

import requests
import structlog
from flask import Blueprint, Response, request

from sync.central.problems import Problem
from sync.central.requests_in import body_bytes

BODY_BYTES_MAX = 1_048_576
"""Above what an agent takes; it says itself what is too large for it."""

CONNECT_S, ANSWER_S = 1.0, 15.0
"""The agent is on this machine or beside it; a sale whose disk is slow may take some seconds."""

_CALLS = re.compile(
    r"(identify|quotes|sales|redemptions|actions|answers|enrolment|members|consents)"
    r"(/[A-Za-z0-9._/-]*)?"
)
"""What a shop or app without a cashier needs. The rest of the agent's API is about devices, and about its machine."""

_PASSED_ON = ("Authorization", "Content-Type", "Content-Encoding")
"""Neither cookies nor an origin: a browser's page cannot speak for a shop."""


def blueprint(agent: str) -> Blueprint:
    """The routes under /v1, passed on to the agent at that address."""
    channel = Blueprint("channel", __name__, url_prefix="/v1")
    log = structlog.get_logger("central.channel")

    @channel.route("/<path:call>", methods=["GET", "POST"])
    def pass_on(call: str) -> Response:
        if _CALLS.fullmatch(call) is None or ".." in call:
            raise Problem(404, "not-found", "This channel does not have this call.")
        try:
            return _asked(f"{agent.rstrip('/')}/v1/{call}")
        except requests.RequestException as error:
            log.warning("the agent of the channel does not answer", error=type(error).__name__)
            raise Problem(
                503,
                "channel-unavailable",
                "The agent behind this channel does not answer; the same call may be sent again.",
                retryable=True,
            ) from error

    return channel


def _asked(address: str) -> Response:
    headers = {name: value for name in _PASSED_ON if (value := request.headers.get(name))}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(
            request.method,
            address,
            data=_body(),
            headers=headers,
            timeout=(CONNECT_S, ANSWER_S),
            allow_redirects=False,
        )
    return Response(
        answer.content, answer.status_code, content_type=answer.headers.get("Content-Type")
    )


def _body() -> bytes:
    """The body as it came; the agent is who unpacks it."""
    came: list[bytes] = []
    body_bytes(request, BODY_BYTES_MAX, came.append)
    return came[0]

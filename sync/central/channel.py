"""Central as a channel: the calls of web shop and app at central's address, answered by an agent beside it.

That agent is a till like any other, without devices: the same bodies, the same engine, the same journal. Here its calls
are only passed on, so that nothing of a sale is written twice. See docs/decisions/a-channel-is-a-till.md.
"""

import re
import threading

import requests
import structlog
from flask import Blueprint, Response, request

from sync.central.metrics import Metrics
from sync.central.problems import Problem
from sync.central.requests_in import body_bytes

BODY_BYTES_MAX = 1_048_576
"""Above what an agent takes; it says itself what is too large for it."""

CONNECT_S, ANSWER_S = 1.0, 15.0
"""The agent is on this machine or beside it; a sale whose disk is slow may take some seconds."""

PASSED_ON_MAX = 16
"""As many as an agent has threads; more would only queue there. Each holds a thread here, beside those for tills: an
agent that hangs keeps these, and no other."""

RETRY_AFTER_S = 2
"""What an agent says with its own 503: long enough for a disk or lock to recover, short for who waits."""

_CALLS = re.compile(
    r"(identify|quotes|sales|redemptions|actions|answers|enrolment|members|consents)"
    r"(/[A-Za-z0-9._/-]*)?"
)
"""What a shop or app without a cashier needs. The rest of the agent's API is about devices, and about its machine."""

_PASSED_ON = ("Authorization", "Content-Type", "Content-Encoding")
"""Neither cookies nor an origin: a browser's page cannot speak for a shop."""

_PASSED_BACK = ("Content-Type", "Retry-After")


def blueprint(agent: str, metrics: Metrics) -> Blueprint:
    """The routes under /v1, passed on to the agent at that address."""
    channel = Blueprint("channel", __name__, url_prefix="/v1")
    log = structlog.get_logger("central.channel")
    places = threading.BoundedSemaphore(PASSED_ON_MAX)

    def unanswered(code: str, detail: str) -> Problem:
        metrics.channel_unanswered(code)
        return Problem(503, code, detail, retryable=True, retry_after_s=RETRY_AFTER_S)

    @channel.route("/<path:call>", methods=["GET", "POST"])
    def pass_on(call: str) -> Response:
        if _CALLS.fullmatch(call) is None or ".." in call:
            raise Problem(404, "not-found", "This channel does not have this call.")
        if not places.acquire(blocking=False):
            raise unanswered(
                "channel-busy",
                f"{PASSED_ON_MAX} calls wait for the agent behind this channel; the same call may be sent again.",
            )
        try:
            return _asked(f"{agent.rstrip('/')}/v1/{call}")
        except requests.RequestException as error:
            log.warning("the agent of the channel does not answer", error=type(error).__name__)
            raise unanswered(
                "channel-unavailable",
                "The agent behind this channel does not answer; the same call may be sent again.",
            ) from error
        finally:
            places.release()

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
    passed_back = {name: value for name in _PASSED_BACK if (value := answer.headers.get(name))}
    return Response(answer.content, answer.status_code, passed_back)


def _body() -> bytes:
    """The body as it came; the agent is who unpacks it."""
    came: list[bytes] = []
    body_bytes(request, BODY_BYTES_MAX, came.append)
    return came[0]

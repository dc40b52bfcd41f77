"""Who may call, in this order: Host, size, Origin, token or session. What the body says comes after.

Host stops DNS rebinding, Origin stops foreign pages in the till's own browser, the token stops other programs.
"""

import hmac
import ipaddress
import secrets

from flask import Flask, Request, Response, request

from edge_agent.domain.cards import holds_payment_card
from edge_agent.web.body import BODY_BYTES_MAX, refuse_cards
from edge_agent.web.config import WebConfig
from edge_agent.web.problems import (
    ForbiddenOrigin,
    ForeignHost,
    NotJson,
    TooLarge,
    Unauthorised,
)

SESSION_COOKIE = "edge_agent_session"

PREFLIGHT_KEPT_S = 600
"""How long a browser may remember a preflight's answer; ten minutes is what Chromium allows at most or less."""

_SAFE_METHODS = frozenset({"GET", "HEAD"})

_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


class Guard:
    """Checks every request before anything of it is used."""

    def __init__(self, config: WebConfig) -> None:
        self._hosts = config.hosts
        self._origins = config.allowed_origins
        self._foreign = config.foreign_origins
        self._token = config.token.encode()
        if len(self._token) < TOKEN_CHARACTERS_MIN:
            raise ValueError(f"the API token needs at least {TOKEN_CHARACTERS_MIN} characters")
        self._session = secrets.token_urlsafe(32).encode()

    def register(self, app: Flask) -> None:
        """Stand before and behind every view of `app`."""
        app.before_request(self.check)
        app.after_request(self.with_headers)

    def check(self) -> Response | None:
        """Refuse by raising, answer a preflight, or let pass with None."""
        if request.host.lower() not in self._hosts:
            raise ForeignHost("The agent answers under its own address only.")
        if (request.content_length or 0) > BODY_BYTES_MAX:
            raise TooLarge(f"A body has at most {BODY_BYTES_MAX} bytes.")
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() not in self._origins:
            raise ForbiddenOrigin("Pages of this origin are not among those configured.")
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return self._preflight()
        if _is_protected(request):
            self._authenticate(origin)
            _search_for_cards(request)
        return None

    def admit(self, response: Response) -> Response:
        """Give a page of ours its session cookie; only to browsers on this machine."""
        if _is_loopback(request.remote_addr):
            response.set_cookie(
                SESSION_COOKIE, self._session.decode(), httponly=True, samesite="Strict", path="/"
            )
        return response

    def with_headers(self, response: Response) -> Response:
        """Headers that every answer has; pages bring their own Content-Security-Policy."""
        if request.blueprint is not None:
            response.headers.setdefault("X-Content-Type-Options", "nosniff")
            return response
        for name, value in _HEADERS:
            response.headers[name] = value
        # No `Vary: Origin` is needed where nothing may be stored.
        if self._foreign and (origin := request.headers.get("Origin", "")).lower() in self._foreign:
            response.headers["Access-Control-Allow-Origin"] = origin
        return response

    def _preflight(self) -> Response:
        answer = Response(status=204)
        answer.headers["Access-Control-Allow-Methods"] = "GET, POST"
        answer.headers["Access-Control-Allow-Headers"] = (
            "Authorization, Content-Type, Last-Event-ID"
        )
        answer.headers["Access-Control-Max-Age"] = str(PREFLIGHT_KEPT_S)
        if request.headers.get("Access-Control-Request-Private-Network") == "true":
            answer.headers["Access-Control-Allow-Private-Network"] = "true"
        return answer

    def _authenticate(self, origin: str | None) -> None:
        header = request.headers.get("Authorization")
        if header is not None:
            scheme, _, given = header.partition(" ")
            if scheme.lower() != "bearer" or not _same(given.strip(), self._token):
                raise Unauthorised("The token is not the one of this agent.")
            return
        session = request.cookies.get(SESSION_COOKIE)
        if session is None or not _same(session, self._session):
            raise Unauthorised("Send the agent's token as `Authorization: Bearer`.")
        if request.method not in _SAFE_METHODS and origin is None:
            raise ForbiddenOrigin("A session works from the agent's own pages only.")


TOKEN_CHARACTERS_MIN = 16
"""96 bits in base64; a shorter one was typed by hand."""


def require_json(incoming: Request) -> None:
    """Refuse every content type but JSON in UTF-8, uncompressed."""
    charset = incoming.mimetype_params.get("charset", "utf-8").lower()
    if incoming.mimetype != "application/json" or charset not in {"utf-8", "utf8"}:
        raise NotJson("Send `Content-Type: application/json`, in UTF-8.")
    if incoming.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NotJson("Send the body uncompressed.")


def _same(given: str, expected: bytes) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected)


def _is_protected(incoming: Request) -> bool:
    """Everything under /v1, and every call that could change something, wherever it goes."""
    path = incoming.path
    return path == "/v1" or path.startswith("/v1/") or incoming.method not in _SAFE_METHODS


def _is_loopback(address: str | None) -> bool:
    try:
        return address is not None and ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _search_for_cards(incoming: Request) -> None:
    """A card number as an id in the path or in the query would be stored or logged somewhere: refuse it."""
    found = [
        name for name, value in (incoming.view_args or {}).items() if holds_payment_card(value)
    ]
    if not found and holds_payment_card(incoming.path):
        found = ["path"]
    if incoming.query_string:
        pairs = incoming.args.items(multi=True)
        if any(holds_payment_card(text) for pair in pairs for text in pair):
            found.append("query")
    refuse_cards(found)

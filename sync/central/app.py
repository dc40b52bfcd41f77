"""Central over HTTP: the Flask app, its guard and its errors."""

from pathlib import Path

import structlog
from flask import Flask, Response, request
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import HTTPException

from sync.central import admin_api, channel, page, wire_api
from sync.central.central import Central
from sync.central.database import in_the_way, no_room, try_later
from sync.central.metrics import Metrics
from sync.central.plain import NameInPath, RowInPath
from sync.central.problems import Problem, invalid
from sync.central.settings import Settings
from sync.wire import PUSH_BYTES_MAX

REQUEST_BYTES_MAX = 64 * 1_048_576
"""A members file of some 500,000 lines over HTTP; bigger ones go by the command line. Wire messages have a
bound of their own."""

WIRE_BYTES_MAX = 2 * PUSH_BYTES_MAX
"""Bodies are JSON within JSON: escaping at most doubles what tills write."""

_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser sends forms with Origin null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}


def create_app(settings: Settings, central: Central | None = None) -> Flask:
    """The app; makes a `Central` of the settings unless it is given one. It starts no thread."""
    inside = central if central is not None else Central(settings)
    app = Flask("sync.central", root_path=str(Path(__file__).parent), static_folder="static")
    app.config["TRUSTED_HOSTS"] = settings.trusted_hosts
    app.config["MAX_CONTENT_LENGTH"] = REQUEST_BYTES_MAX
    app.extensions["central"] = inside
    app.url_map.converters |= {"default": NameInPath, "row": RowInPath}
    app.register_blueprint(wire_api.blueprint(inside, WIRE_BYTES_MAX))
    app.register_blueprint(admin_api.blueprint(inside))
    if settings.channel:
        app.register_blueprint(channel.blueprint(settings.channel, inside.metrics))
    page.add_to(app, inside, secure=settings.behind_tls)
    _add_probes(app, inside)
    _add_errors(app, inside.metrics)
    app.after_request(_secure)
    return app


def _add_probes(app: Flask, central: Central) -> None:
    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz() -> dict[str, str]:
        with central.database.read() as connection:
            connection.execute(text("SELECT 1 FROM counters"))
        return {"status": "ready"}

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(central.metrics.text(), content_type="text/plain; version=0.0.4")


def _add_errors(app: Flask, metrics: Metrics) -> None:
    log = structlog.get_logger("central.http")

    def answer(problem: Problem) -> Response:
        metrics.request_refused(problem.code)
        response = Response(
            app.json.dumps(problem.to_json()),
            status=problem.status,
            content_type="application/problem+json",
        )
        if problem.retry_after_s is not None:
            response.headers["Retry-After"] = str(problem.retry_after_s)
        return response

    @app.errorhandler(Problem)
    def refused(problem: Problem) -> Response:
        return answer(problem)

    @app.errorhandler(ValidationError)
    def invalid_message(error: ValidationError) -> Response:
        return answer(invalid(error))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        code = error.code or 500
        name = _HTTP_CODES.get(code, (error.name or "error").lower().replace(" ", "-"))
        response = answer(Problem(code, name, error.description or "", retryable=code >= 500))
        for header, value in error.get_headers():
            if header.lower() == "allow":
                response.headers[header] = value
        return response

    @app.errorhandler(NoConnection)  # every one is in use
    @app.errorhandler(DBAPIError)
    def database(error: DBAPIError | NoConnection) -> Response:
        if not try_later(error) and not in_the_way(error):
            return unforeseen(error)
        said = error.orig if isinstance(error, DBAPIError) else error
        log.error("database", error=str(said), route=_route())
        is_full = isinstance(error, DBAPIError) and no_room(error)
        code, detail = (
            ("disk-full", "no room left") if is_full else ("database-unavailable", "busy")
        )
        return answer(Problem(503, code, f"The database: {detail}; try later.", retryable=True))

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        log.error("unforeseen", route=_route(), exc_info=error)
        return answer(Problem(500, "internal", "Something went wrong here.", retryable=True))


_HTTP_CODES = {400: "malformed", 404: "not-found", 413: "too-large", 415: "not-json"}


def _route() -> str:
    """The call that was made, without what its path names: that may be a card."""
    return "none" if request.url_rule is None else request.url_rule.rule


def _secure(response: Response) -> Response:
    for header, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(header, value)
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response

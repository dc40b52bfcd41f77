"""The Flask app: guard, routes, problems and pages put together."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, request
from pydantic_core import to_json

from edge_agent.web import problems
from edge_agent.web.api import JSON_TYPE
from edge_agent.web.bodies.checked import checked, checked_id
from edge_agent.web.body import BODY_BYTES_MAX, decoded
from edge_agent.web.config import WebConfig
from edge_agent.web.guard import Guard, require_json
from edge_agent.web.openapi import openapi
from edge_agent.web.ports import Ports
from edge_agent.web.routes import ROUTES, Route

Admit = Callable[[Response], Response]


def create_app(
    ports: Ports, config: WebConfig, pages: Callable[[Admit], Blueprint] | None = None
) -> Flask:
    """Make the app for the server bound at `config.listen`.

    `pages` is given what adds the session cookie to a page and returns the blueprint of the pages.
    """
    app = Flask("edge_agent.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    # A redirect to the tidy path would repeat the path as sent, ids and all.
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    guard = Guard(config)
    guard.register(app)
    problems.register(app)
    for route in ROUTES:
        app.add_url_rule(
            route.path.replace("{", "<").replace("}", ">"),
            endpoint=route.call.__name__,
            view_func=_view(route, ports),
            methods=[route.method],
        )
    app.add_url_rule("/openapi.json", "openapi", _Document(config.version), methods=["GET"])
    if pages is not None:
        app.register_blueprint(pages(guard.admit))
    _count_answers(app, ports)
    return app


def _view(route: Route, ports: Ports) -> Callable[..., Response]:
    model = route.body
    if model is None:

        def read(**ids: str) -> Response:
            return route.call(ports, **_checked(ids))

        return read

    def write(**ids: str) -> Response:
        names = _checked(ids)
        if not route.body_needed and not request.content_length:
            return route.call(ports, model(), **names)
        require_json(request)
        return route.call(ports, checked(model, decoded(request.get_data(cache=False))), **names)

    return write


def _checked(ids: dict[str, str]) -> dict[str, str]:
    return {name: checked_id(name, value) for name, value in ids.items()}


def _count_answers(app: Flask, ports: Ports) -> None:
    @app.after_request
    def count(response: Response) -> Response:
        rule = "none" if request.url_rule is None else request.url_rule.rule
        ports.metrics.answered(rule, response.status_code)
        return response


class _Document:
    """The view of `/openapi.json`: made at the first request, since no till needs it to start."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._made: bytes | None = None

    def __call__(self, **_ids: Any) -> Response:
        if self._made is None:
            self._made = to_json(openapi(ROUTES, self._version))
        return Response(self._made, content_type=JSON_TYPE)

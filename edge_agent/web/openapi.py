"""The OpenAPI 3.1 document, made from the route table and the models that check the requests."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from edge_agent.web.answers.problems import ProblemAnswer
from edge_agent.web.api import JSON_TYPE
from edge_agent.web.fields import ID_PATTERN
from edge_agent.web.problems import PROBLEM_TYPE, STATUS_BY_CODE, document
from edge_agent.web.routes import Route

_REF = "#/components/schemas/{model}"
_EVERY_CALL = ("foreign-host", "forbidden-origin", "internal")
_PROTECTED = ("unauthorised", "payment-card")
_WITH_BODY = ("malformed", "not-json", "too-large", "invalid")

_ABOUT = """The loyalty service on the till. Times are RFC 3339 with offset; amounts are integers in minor units;
quantities are integers or decimals as text. Fields that are not described here are refused, so that a
misspelt one is noticed. Errors are problems (RFC 9457) whose `errors` name every bad field by its path;
positions in arrays count from 0. Every id makes its call safe to send again."""


def openapi(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The document; a few milliseconds of work, so it is made when asked for and kept."""
    routes = list(routes)
    schemas, components = _schemas(routes)
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    paths["/openapi.json"] = {"get": _document_itself()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Loyalty Edge Agent",
            "version": version,
            "description": " ".join(_ABOUT.split()),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "edge_agent_session"},
            },
        },
    }


def _schemas(routes: list[Route]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """A reference per model, and what they refer to."""
    inputs = {route.body for route in routes if route.body is not None}
    outputs = {model for route in routes for model in route.answers.values() if model is not None}
    outputs.add(ProblemAnswer)
    by_name = sorted(inputs, key=_name), sorted(outputs, key=_name)
    for model in by_name[1]:
        model.model_rebuild()
    references, definitions = models_json_schema(
        [
            *((model, "validation") for model in by_name[0]),
            *((model, "serialization") for model in by_name[1]),
        ],
        ref_template=_REF,
    )
    found = {model: schema for (model, _mode), schema in references.items()}
    return found, definitions.get("$defs", {})


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _operation(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.call.__name__,
        "summary": route.does,
        "security": [{"token": []}, {"session": []}] if route.protected else [],
        "responses": {
            **{
                str(status): _answer(route, None if model is None else schemas[model])
                for status, model in route.answers.items()
            },
            **_problems(route, schemas[ProblemAnswer]),
        },
    }
    if names := re.findall(r"{(\w+)}", route.path):
        operation["parameters"] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string", "pattern": ID_PATTERN},
            }
            for name in names
        ]
    if route.body is not None:
        content: dict[str, Any] = {"schema": schemas[route.body]}
        if route.example:
            content["example"] = dict(route.example)
        operation["requestBody"] = {
            "required": route.body_needed,
            "content": {JSON_TYPE: content},
        }
    return operation


def _answer(route: Route, schema: Any) -> dict[str, Any]:
    return {
        "description": route.does,
        "content": {route.media: {"schema": {"type": "string"} if schema is None else schema}},
    }


def _problems(route: Route, schema: Any) -> dict[str, Any]:
    codes = [*_EVERY_CALL, *route.problems]
    if route.protected:
        codes += _PROTECTED
    if route.body is not None:
        codes += _WITH_BODY
    elif "{" in route.path:
        codes.append("invalid")
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS_BY_CODE[code], []).append(code)
    return {
        str(status): {
            "description": "Problem: " + ", ".join(f"`{code}`" for code in same),
            "content": {
                PROBLEM_TYPE: {
                    "schema": schema,
                    "example": document(
                        same[0], status, "What is wrong, in a sentence.", retryable=status >= 500
                    ),
                }
            },
        }
        for status, same in sorted(by_status.items())
    }


def _document_itself() -> dict[str, Any]:
    return {
        "operationId": "openapi",
        "summary": "This document",
        "security": [],
        "responses": {
            "200": {
                "description": "This document",
                "content": {JSON_TYPE: {"schema": {"type": "object"}}},
            }
        },
    }

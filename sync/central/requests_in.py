"""Reading requests: the administrator's token, JSON bodies and their bounds."""

import zlib
from collections.abc import Callable
from typing import TypeVar

from flask import Request
from pydantic import BaseModel

from sync.central.plain import ROW_MAX, is_line
from sync.central.problems import Problem

M = TypeVar("M", bound=BaseModel)


def bearer(request: Request) -> str | None:
    """The bearer token of a request."""
    authorization = request.authorization
    if authorization is None or authorization.type != "bearer":
        return None
    return authorization.token


def asked_line(request: Request, name: str) -> str:
    """What a query says under a name, "" where it says nothing; raises a problem for a control character."""
    said = request.args.get(name, "")
    if not is_line(said):
        raise _misasked(name, "holds a control character or a line break")
    return said


def asked_row(request: Request, name: str) -> int:
    """The row that a query names, 0 where it names none; raises a problem for what is no row's number."""
    said = request.args.get(name, "") or "0"
    is_number = said.isascii() and said.isdigit() and len(said) <= len(str(ROW_MAX))
    if not is_number or int(said) > ROW_MAX:
        raise _misasked(name, "must be the number of a row")
    return int(said)


def _misasked(name: str, message: str) -> Problem:
    errors = [{"path": name, "message": message}]
    return Problem(422, "invalid", "This cannot be asked like this.", errors=errors)


def _unchecked(_raw: bytes) -> None: ...


def json_body(
    request: Request,
    message: type[M],
    bytes_max: int,
    check: Callable[[bytes], None] = _unchecked,
) -> M:
    """A body of that message; gzip is understood. Raises problems and `ValidationError`.

    `check` sees the bytes as they came, before anything is made of them, and may raise.
    """
    if request.mimetype != "application/json":
        raise Problem(415, "not-json", "The body must be application/json.")
    text = body_bytes(request, bytes_max, check)
    if not text.lstrip().startswith(b"{"):
        raise Problem(400, "malformed", "The body must be a JSON object.")
    return message.model_validate_json(text)


def body_bytes(
    request: Request, bytes_max: int, check: Callable[[bytes], None] = _unchecked
) -> bytes:
    """The body, inflated when it is gzip, and never more than `bytes_max` of it; `check` as in `json_body`."""
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding not in {"gzip", "identity"}:
        raise Problem(415, "encoding", "The only content coding understood is gzip.")
    length = request.content_length
    if length is not None and length > bytes_max:
        raise _too_large(bytes_max)
    raw = request.stream.read(bytes_max + 1)
    if len(raw) > bytes_max:
        raise _too_large(bytes_max)
    check(raw)
    return _inflated(raw, bytes_max) if encoding == "gzip" else raw


def _inflated(raw: bytes, bytes_max: int) -> bytes:
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        text = inflate.decompress(raw, bytes_max + 1)
    except zlib.error as error:
        raise Problem(400, "malformed", "The body is not valid gzip.") from error
    if len(text) > bytes_max:
        raise _too_large(bytes_max)
    if not inflate.eof or inflate.unused_data:
        raise Problem(400, "malformed", "The body is not one whole gzip stream.")
    return text


def _too_large(bytes_max: int) -> Problem:
    return Problem(413, "too-large", f"The body may have {bytes_max} bytes, inflated.")

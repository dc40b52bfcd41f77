"""Signatures on requests (RFC 9421), as they come: from anybody, and perhaps not at all.

Checked in three steps: the headers against the key that they name, before a byte of the body is read; the time;
and the body as it came, before it is unpacked. See `sync.signing` for what terminals sign.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Request
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
)
from http_message_signatures.algorithms import ED25519

from sync.central.problems import Problem
from sync.wire import SIGNATURE_AGE_MAX_S, SIGNATURE_TAG

FindKey = Callable[[str], bytes | None]
"""The public key (32 bytes) of a `keyid`, None where it is not known."""

_COMPONENTS = ("@method", "@path", "@query")
_OF_A_BODY = ("content-digest", "content-type")
_HEADERS = ("Signature", "Signature-Input")


@dataclass(frozen=True, slots=True)
class Signed:
    """A request whose headers are as their signer sent them. `digest` is that of the body, as it was signed."""

    key_id: str
    created: int
    digest: str | None

    def check_time(self, now: datetime) -> None:
        """Raises a problem that tells central's time where `created` is too far from it."""
        if abs(now.timestamp() - self.created) > SIGNATURE_AGE_MAX_S:
            raise Problem(
                401,
                "signature-stale",
                "The signature's time is too far from central's; sign again by the time in `now`.",
                extra={"now": int(now.timestamp())},
            )

    def check_body(self, raw: bytes) -> None:
        """Raises a problem where these are not the bytes that were signed, as they came."""
        try:
            ContentDigest.verify(self.digest or "", raw)
        except InvalidSignature as error:
            raise Problem(
                401, "digest-differs", "The body is not the one that was signed."
            ) from error


def verified(request: Request, find: FindKey) -> Signed:
    """The signature of a request; raises a problem where there is none that holds."""
    if any(name not in request.headers for name in _HEADERS):
        raise Problem(401, "signature-missing", "Every request of a terminal is signed (RFC 9421).")
    keys = _Keys(find)
    try:
        found = _Verifier(signature_algorithm=ED25519, key_resolver=keys).verify(
            _Message.of(request),
            max_age=None,
            expect_tag=SIGNATURE_TAG,
            require_components=_needed(request),
        )
    except HTTPMessageSignaturesException as error:
        raise _refusal(keys) from error
    if len(found) != 1:
        raise _malformed()  # of two, nobody could say which one the request goes by
    (result,) = found
    parameters: dict[str, Any] = result.parameters
    return Signed(
        parameters["keyid"],
        parameters["created"],
        result.covered_components.get('"content-digest"'),
    )


def _needed(request: Request) -> tuple[str, ...]:
    """What has to be signed: of a body also how it is coded, so that nobody makes other content of the same bytes."""
    if request.method == "GET":
        return _COMPONENTS
    coded = ("content-encoding",) if "Content-Encoding" in request.headers else ()
    return _COMPONENTS + _OF_A_BODY + coded


def _refusal(keys: "_Keys") -> Problem:
    """What was wrong, as far as it was understood."""
    if keys.asked is None:
        return _malformed()
    if not keys.known:
        return Problem(
            401, "unknown-terminal", "This key is not known here; enrol the terminal again."
        )
    return Problem(401, "signature-wrong", "The signature does not hold for this request.")


def _malformed() -> Problem:
    return Problem(
        401,
        "signature-malformed",
        "The signature is not one that a terminal makes: see RFC 9421, and what has to be signed.",
    )


class _Keys(HTTPSignatureKeyResolver):
    """Finds keys, and remembers how far it got: the library has one error for everything."""

    def __init__(self, find: FindKey) -> None:
        self._find = find
        self.asked: str | None = None
        self.known = False

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        self.asked = key_id
        key = self._find(key_id)
        self.known = key is not None
        return None if key is None else Ed25519PublicKey.from_public_bytes(key)


class _Verifier(HTTPMessageVerifier):
    """Leaves the time to `Signed.check_time`: only who holds a key is told that the time is wrong, and what it is."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:  # noqa: ARG002
        """Only that there is one."""
        if type(sig_input.params.get("created")) is not int:
            raise InvalidSignature("created is missing")


@dataclass(frozen=True, slots=True)
class _Message:
    """A request as the library asks for it. The authority stands there because an address has one; it is not signed."""

    method: str
    url: str
    headers: Any

    @classmethod
    def of(cls, request: Request) -> "_Message":
        query = request.query_string.decode("latin-1")
        address = f"https://central{quote(request.path)}" + (f"?{query}" if query else "")
        return cls(request.method, address, request.headers)

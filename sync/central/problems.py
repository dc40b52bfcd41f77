"""What central refuses, as RFC 9457 problems."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from edge_agent.domain.cards import holds_payment_card
from edge_agent.domain.record import RecordKind

FIELD_ERRORS_MAX = 50
"""A page full; a message with more mistakes than that is the wrong message."""

CODES = frozenset(
    {
        # of every request
        "database-unavailable",
        "disk-full",
        "encoding",
        "internal",
        "invalid",
        "malformed",
        "method-not-allowed",
        "not-found",
        "not-json",
        "too-large",
        # of the wire
        "asked-since",
        "cloned",
        "code-refused",
        "digest-differs",
        "folded",
        "members-file-building",
        "position-unknown",
        "record-differs",
        "requested-range-not-satisfiable",
        "revoked",
        "signature-malformed",
        "signature-missing",
        "signature-stale",
        "signature-wrong",
        "unknown-members-file",
        "unknown-terminal",
        "wrong-terminal",
        # of administration, the page and the channel
        "adjustment-differs",
        "card-not-theirs",
        "card-taken",
        "channel-busy",
        "channel-unavailable",
        "erased",
        "forbidden-origin",
        "given-up",
        "grant-differs",
        "no-programme",
        "not-refused",
        "payment-card",
        "programme-invalid",
        "refused",
        "repair-differs",
        "repaired",
        "transfer-differs",
        "unauthorised",
        # why a repair could not be posted
        "already-attached",
        "ambiguous-original",
        "attachment",
        "awaiting-original",
        "envelope",
        "id-taken",
        "not-as-programmed",
        "not-worked-out",
        "original-folded",
        "original-rejected",
        "over-return",
        "over-reversal",
        "unknown-account",
        "unknown-kind",
        "unknown-programme",
        "wrong-account",
        *(f"{kind.value}-differs" for kind in RecordKind),
    }
)
"""Everything that a problem may be called, so that whoever counts by it has as many numbers and no more."""

OTHER_CODE = "other"
"""What is counted where none of them fits."""


class Problem(Exception):
    """A request that cannot be met. `code` is for programs, `detail` for people; neither holds a card or a token.

    `retry_after_s` is what `Retry-After` says, in seconds, where a caller should know when to come again.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        retryable: bool = False,
        retry_after_s: int | None = None,
        errors: Sequence[dict[str, str]] = (),
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.errors = list(errors)
        self.extra = extra or {}

    def to_json(self) -> dict[str, Any]:
        """The problem document."""
        return {
            "type": f"urn:loyalty:problem:{self.code}",
            "title": self.code.replace("-", " "),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "retryable": self.retryable,
            "errors": self.errors,
            **self.extra,
        }


def invalid(error: ValidationError) -> Problem:
    """Every bad field of a message by its path, without its value."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    errors = [
        {"path": _path(each["loc"]), "message": each["msg"]} for each in found[:FIELD_ERRORS_MAX]
    ]
    if len(errors) == 1 and found[0]["type"] == "json_invalid":
        return Problem(400, "malformed", "The body is not valid JSON.")
    return Problem(422, "invalid", "Some fields are not as they should be.", errors=errors)


def _path(places: Sequence[int | str]) -> str:
    """Where a field stands; of a name that looks like a payment card only that it does."""
    path = ".".join(map(str, places))
    return "(looks like a payment card)" if holds_payment_card(path) else path


def not_found(what: str) -> Problem:
    """There is no such thing."""
    return Problem(404, "not-found", f"There is no such {what}.")

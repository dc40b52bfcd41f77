"""The two pages that the agent serves: the cashier's at `/` and store IT's at `/it`.

Everything that a page needs lies beside this file: nothing is built, nothing comes from elsewhere.
The pages hold no data of their own; they ask the API for it. The session cookie that lets them is
not made here: whoever guards the API passes `admit`.
"""

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, make_response, render_template

LANGUAGES: Final = ("nl", "en", "de", "fr")
"""Languages of the pages; there is one module in `static/js/texts` for each."""

SALE_SHOWN_S: Final = 20.0
"""How long a posted sale stays on the cashier's page, in seconds, unless the next card comes first:
long enough to say the points aloud, short enough not to greet the next customer with them."""

MEMBER_SHOWN_S: Final = 900.0
"""How long a member stays without a sale, in seconds: as long as the till keeps the card for a sale
that refers to it (`PRESENT_FOR`), or the page would say something else than the till does."""

NOTICE_SHOWN_S: Final = 10.0
"""How long a passing notice stays (a refused scan, a slip being printed), in seconds."""

POLL_S: Final = 15.0
"""How often the pages ask for the status while the event stream is quiet, in seconds: an open
connection to an agent that hangs looks fine otherwise."""

_CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # No text can become HTML: assigning a string to innerHTML throws.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

_HEADERS: Final = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def pages_blueprint(
    *,
    store: str,
    till: str,
    language: str,
    admit: Callable[[Response], Response] | None = None,
    sale_shown_s: float = SALE_SHOWN_S,
    member_shown_s: float = MEMBER_SHOWN_S,
    notice_shown_s: float = NOTICE_SHOWN_S,
    poll_s: float = POLL_S,
) -> Blueprint:
    """Make the blueprint with `/`, `/it` and `/static/`.

    `language` is the terminal's (`nl-NL`); one that the pages do not speak becomes Dutch. `admit`
    is given the answer of each of the two pages, and only those, and returns it with a session
    cookie; without it the pages come without one and the API will refuse them. It may abort for a
    visitor from elsewhere. The app itself is made with `static_folder=None`, or Flask's own
    `/static` would stand before this one, without these headers.
    """
    pages = Blueprint(
        "pages",
        __name__,
        static_folder="static",
        static_url_path="/static",
        template_folder="templates",
    )
    facts = {
        "store": store,
        "till": till,
        "language": _spoken(language),
        "sale_shown_ms": round(sale_shown_s * 1000),
        "member_shown_ms": round(member_shown_s * 1000),
        "notice_shown_ms": round(notice_shown_s * 1000),
        "poll_ms": round(poll_s * 1000),
    }

    def page(template: str) -> Response:
        answer = make_response(render_template(template, **facts))
        # It carries a session and names the till: never kept, so that Back shows no former session.
        answer.headers["Cache-Control"] = "no-store"
        return admit(answer) if admit is not None else answer

    @pages.get("/")
    def till_page() -> Response:
        return page("till.html")

    @pages.get("/it")
    def it_page() -> Response:
        return page("it.html")

    @pages.after_request
    def add_headers(answer: Response) -> Response:
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        # Static files: kept, but asked about each time, so that an update shows at the next load.
        answer.headers.setdefault("Cache-Control", "no-cache")
        return answer

    return pages


def _spoken(language: str) -> str:
    """Return the page's language for a tag such as `de-AT` or `de_AT`."""
    primary = language.replace("_", "-").split("-", maxsplit=1)[0].lower()
    return primary if primary in LANGUAGES else LANGUAGES[0]

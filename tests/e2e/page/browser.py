"""What the tests ask of a tab."""

from dataclasses import dataclass, field
from typing import Final

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    ViewportSize,
)

CHROMIUM_FLAGS: Final = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # One process shows one page after the other; a new one for each takes a tenth of a second.
    "--renderer-process-limit=1",
    "--process-per-site",
    "--disable-site-isolation-trials",
]

WAIT_MS: Final = 30_000
"""For what a page does: three test runs may share two cores, and nothing waits so long when all is well."""

FRESH: Final = "body[data-link=up][data-state=waiting]:has(#notice[data-tone=quiet])"
"""The cashier's page with nobody there and nothing wrong."""

REGIONS: Final = ("header", "member", "sale", "notice", "actions")

TILL_SIZE: Final[ViewportSize] = {"width": 1024, "height": 768}

Box = dict[str, float]


@dataclass
class Watched:
    """A tab, and what went wrong in it: console, exceptions, policy violations, missing files."""

    page: Page
    faults: list[str] = field(default_factory=list)


def till_session(browser: Browser) -> BrowserContext:
    """Open a browser session the size of a till, with cookies and storage of its own."""
    context = browser.new_context(
        viewport=TILL_SIZE, locale="nl-NL", timezone_id="Europe/Amsterdam"
    )
    context.set_default_timeout(WAIT_MS)
    return context


def watch(page: Page) -> Watched:
    """Note everything that goes wrong in `page` from now on."""
    watched = Watched(page)

    def console(message: ConsoleMessage) -> None:
        # The network's own lines: refused calls and a stopped agent are part of the tests, and a
        # missing file of ours is noted below.
        network = message.text.startswith("Failed to load resource")
        if message.type in {"error", "warning"} and not network:
            watched.faults.append(f"console: {message.text}")

    def response(answer: Response) -> None:
        if answer.status >= 400 and "/v1/" not in answer.url:
            watched.faults.append(f"{answer.status} for {answer.url}")

    page.on("console", console)
    page.on("pageerror", lambda error: watched.faults.append(f"exception: {error}"))
    page.on("response", response)
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', (event) =>"
        " console.error('policy: ' + event.violatedDirective))"
    )
    return watched


BOXES: Final = """() => Object.fromEntries([...document.querySelectorAll('[data-region]')].map((region) => {
    const { x, y, width, height } = region.getBoundingClientRect();
    return [region.dataset.region, { x, y, width, height }];
}))"""

SCROLL_SIZE: Final = (
    "() => [document.scrollingElement.scrollWidth, document.scrollingElement.scrollHeight]"
)


def boxes(page: Page) -> dict[str, Box]:
    """Return where every region is."""
    found: dict[str, Box] = page.evaluate(BOXES)
    return found


def scroll_size(page: Page) -> tuple[int, int]:
    """Return the width and height of what there is to scroll."""
    size = page.evaluate(SCROLL_SIZE)
    return int(size[0]), int(size[1])


def choose_language(page: Page, language: str) -> None:
    page.click(f"#languages [data-language={language}]")
    page.wait_for_selector(f"html[lang={language}]")

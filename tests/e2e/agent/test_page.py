"""The cashier's page on the real agent: what happens at the devices, the POS and central shows, and nothing moves."""

from playwright.sync_api import Browser, Page

from edge_agent.demo.goods import card
from tests.e2e.page.browser import boxes, scroll_size, till_session, watch
from tests.support.pos import sale
from tests.support.shop import POINTS_BEFORE, Shop

CARD = card(7)
UNKNOWN = card(77_777)
"""Of the shop's form, and nobody's yet."""


def _shows(page: Page, state: str, *texts: str) -> None:
    """Wait until the page is in `state` and says all this."""
    page.wait_for_selector(f"body[data-state={state}]")
    for text in texts:
        page.wait_for_function("text => document.body.innerText.includes(text)", arg=text)


def test_the_cashiers_page_shows_what_happens_at_the_till(shop: Shop, browser: Browser) -> None:
    context = till_session(browser)
    page = context.new_page()
    watched = watch(page)
    page.goto(shop.pos.url)
    _shows(page, "waiting")
    first = boxes(page)

    def nothing_moved() -> None:
        assert boxes(page) == first
        assert scroll_size(page)[1] <= 768

    shop.scanner.scan(CARD)
    _shows(page, "member", str(POINTS_BEFORE))
    nothing_moved()

    body = sale("S-1", card=None, print=True) | {"card": {"from": "till"}}
    assert shop.pos.sell(body).status == 201
    _shows(page, "sale", "+8", str(POINTS_BEFORE + 8))
    nothing_moved()

    assert shop.pos.give_back("S-1", "R-1", {1: 2}).status == 201
    _shows(page, "return", "Retour")
    nothing_moved()

    page.keyboard.press("Escape")
    _shows(page, "waiting")
    shop.scanner.scan(UNKNOWN)
    _shows(page, "unknown")
    nothing_moved()

    shop.scanner.scan("4111111111111111")
    page.wait_for_function("() => document.querySelector('#notice').dataset.tone !== 'quiet'")
    assert "4111" not in page.content()
    nothing_moved()

    page.keyboard.press("Escape")
    shop.printer.set_fault("paper-out")
    _shows(page, "waiting", "Papier op")
    nothing_moved()
    shop.printer.clear_faults()

    shop.central.stop()
    _shows(page, "waiting", "Geen verbinding met de centrale")
    nothing_moved()
    shop.central.start()
    _shows(page, "waiting", "Verbonden")

    assert watched.faults == []
    context.close()

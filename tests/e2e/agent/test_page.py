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


def test_a_reward_chosen_on_the_page_is_charged_with_the_pos_own_sale(
    shop: Shop, browser: Browser
) -> None:
    context = till_session(browser)
    page = context.new_page()
    watched = watch(page)
    page.goto(shop.pos.url)
    _shows(page, "waiting")
    shop.scanner.scan(CARD)
    _shows(page, "member", "een kop koffie", "60 punten")
    page.keyboard.press("1")
    _shows(page, "member", "Gereserveerd: 60 punten")

    body = sale("S-2", card=None) | {"card": {"from": "till"}}
    without_id = {name: value for name, value in body.items() if name != "sale_id"}
    asked = without_id | {"quote_id": "Q-2", "reserved": {"from": "till"}}
    quote = shop.pos.call("POST", "/v1/quotes", asked).body
    assert (len(quote["redemptions"]), quote["spent"]) == (1, {"points": 60})

    answer = shop.pos.sell(body | {"quote_id": "Q-2"})
    assert answer.result["spent"] == {"points": 60}
    _shows(page, "sale", "+8", str(POINTS_BEFORE - 60 + 8))
    assert watched.faults == []
    context.close()


def test_somebody_is_enrolled_on_the_page_with_the_card_that_was_scanned(
    shop: Shop, browser: Browser
) -> None:
    context = till_session(browser)
    page = context.new_page()
    watched = watch(page)
    page.goto(shop.pos.url)
    _shows(page, "waiting")
    shop.scanner.scan(UNKNOWN)
    _shows(page, "unknown")
    page.keyboard.press("F6")
    page.wait_for_selector(".consent")
    page.fill("#enrol-name", "Jan Berg")
    page.fill("#enrol-email", "jan@example.com")
    page.check("[data-purpose=newsletter]")
    page.keyboard.press("Enter")
    _shows(page, "unknown", "Welkom als lid!")
    page.keyboard.press("Escape")
    _shows(page, "waiting")

    shop.wait_until_posted()
    member = shop.member_at_central(UNKNOWN)
    assert member["display_name"] == "Jan Berg"
    assert watched.faults == []
    context.close()

"""The page and the agent losing and finding each other, and what goes away by itself."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.page import samples, scenes
from tests.e2e.page.agent import ScriptedAgent
from tests.e2e.page.browser import Watched, boxes, scroll_size


@pytest.fixture
def hasty_agent() -> Iterator[ScriptedAgent]:
    """Start an agent whose pages show everything for half a second only, and look often."""
    started = ScriptedAgent(sale_shown_s=0.5, member_shown_s=0.5, notice_shown_s=0.5, poll_s=0.3)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def hasty_page(watched: Watched, hasty_agent: ScriptedAgent) -> Page:
    watched.page.goto(hasty_agent.url)
    watched.page.wait_for_selector("body[data-link=up]")
    return watched.page


def test_an_agent_that_goes_and_comes_back(page: Page, agent: ScriptedAgent) -> None:
    before = boxes(page)
    agent.stop()

    page.wait_for_selector("body[data-link=down][data-state=unreachable]")
    expect(page.locator("#notice")).to_contain_text("Spaarpunten even niet beschikbaar")
    expect(page.locator("#member")).to_contain_text("Reken gewoon af.")
    expect(page.locator("[data-pill=printer]")).to_contain_text("Onbekend")
    assert boxes(page) == before
    assert scroll_size(page)[1] <= 768

    agent.status["central"] = {"state": "offline", "reason": "timeout"}
    agent.status["outbox"] = {"records": 3, "oldest_seconds": 5}
    agent.start()
    page.wait_for_selector("body[data-link=up][data-state=waiting]")
    expect(page.locator("#notice")).to_contain_text("Er wachten 3 berichten")
    agent.say("member", samples.member())
    page.wait_for_selector("body[data-state=member]")


def test_a_customer_at_the_till_stays_while_the_agent_is_away(
    page: Page, agent: ScriptedAgent
) -> None:
    scenes.member_found(agent)
    page.wait_for_selector("body[data-state=member]")
    agent.stop()

    page.wait_for_selector("body[data-link=down]")
    expect(page.locator(".who-name")).to_have_text("Marijke de Vries")
    expect(page.locator("#notice")).to_contain_text("Spaarpunten even niet beschikbaar")
    agent.start()


def test_an_agent_that_hangs_with_its_stream_open_is_noticed(
    hasty_page: Page, hasty_agent: ScriptedAgent
) -> None:
    hasty_page.route("**/v1/status", lambda route: route.abort())
    hasty_page.wait_for_selector("body[data-link=down]")
    hasty_page.unroute("**/v1/status")

    hasty_page.wait_for_selector("body[data-link=up]")


def test_a_stream_refused_at_the_cap_is_asked_for_again(
    watched: Watched, agent: ScriptedAgent
) -> None:
    page = watched.page
    page.route("**/v1/events", lambda route: route.fulfill(status=503), times=1)
    page.goto(agent.url)

    page.wait_for_selector("body[data-link=up]")


def test_a_reset_makes_the_page_ask_again(page: Page, agent: ScriptedAgent) -> None:
    agent.devices[1]["reason"] = "paper-out"
    agent.devices[1]["state"] = "trouble"
    agent.say("reset", {})

    expect(page.locator("#notice")).to_contain_text("Papier op")


def test_a_lost_session_is_renewed_by_loading_the_page_once(
    hasty_page: Page, hasty_agent: ScriptedAgent
) -> None:
    with hasty_page.expect_navigation():
        hasty_agent.session = "another-session"

    hasty_page.wait_for_selector("body[data-link=up]")


def test_a_line_that_is_no_json_changes_nothing(page: Page, agent: ScriptedAgent) -> None:
    with agent._lock:
        for stream in agent._streams:
            stream.put("event: member\ndata: {oops\n\n")
    agent.say("member", samples.member())

    page.wait_for_selector("body[data-state=member]")


def test_a_sale_goes_by_itself(hasty_page: Page, hasty_agent: ScriptedAgent) -> None:
    scenes.sale_posted(hasty_agent)
    hasty_page.wait_for_selector("body[data-state=sale]")

    hasty_page.wait_for_selector("body[data-state=waiting]")
    assert "Marijke" not in hasty_page.content()


def test_a_customer_who_walks_off_goes_by_themselves(
    hasty_page: Page, hasty_agent: ScriptedAgent
) -> None:
    scenes.member_found(hasty_agent)
    hasty_page.wait_for_selector("body[data-state=member]")

    hasty_page.wait_for_selector("body[data-state=waiting]")


def test_a_passing_notice_passes(hasty_page: Page, hasty_agent: ScriptedAgent) -> None:
    scenes.payment_card(hasty_agent)
    hasty_page.wait_for_selector("#notice[data-tone=bad]")

    hasty_page.wait_for_selector("#notice[data-tone=quiet]")


def test_every_call_brings_the_pages_session(page: Page, agent: ScriptedAgent) -> None:
    scenes.sale_posted(agent)
    page.wait_for_selector("body[data-state=sale]")
    page.keyboard.press("F4")
    page.wait_for_selector("#notice[data-tone=good]")

    assert [session for _, session, _ in agent.calls] == ["a-session"]

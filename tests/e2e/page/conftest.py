"""The browser, the scripted agent and a page that has to stay free of faults."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.page.agent import ScriptedAgent
from tests.e2e.page.browser import Watched, till_session, watch


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests on one worker: one browser serves them all."""
    for item in items:
        if "tests/e2e/page" in str(item.path):
            item.add_marker(pytest.mark.xdist_group("page"))
            if "chromium" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.browser)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Open a browser session of the test's own."""
    made = till_session(browser)
    yield made
    made.close()


@pytest.fixture
def agent() -> Iterator[ScriptedAgent]:
    """Start an agent that answers by script."""
    started = ScriptedAgent()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def watched(context: BrowserContext) -> Iterator[Watched]:
    """Open an empty tab; whatever goes wrong in it fails the test at its end."""
    tab = watch(context.new_page())
    yield tab
    assert tab.faults == []


@pytest.fixture
def page(watched: Watched, agent: ScriptedAgent) -> Page:
    """Open the cashier's page, up and waiting for a card."""
    watched.page.goto(agent.url)
    watched.page.wait_for_selector("body[data-link=up][data-state=waiting]")
    return watched.page


@pytest.fixture
def it_page(watched: Watched, agent: ScriptedAgent) -> Page:
    """Open store IT's page, up."""
    watched.page.goto(f"{agent.url}/it")
    watched.page.wait_for_selector("body[data-link=up]")
    return watched.page

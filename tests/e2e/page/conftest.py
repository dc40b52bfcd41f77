"""The browser, the scripted agent and a page that has to stay free of faults."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.page.agent import ScriptedAgent
from tests.e2e.page.browser import TILL_SIZE, Watched, till_session, watch


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests on one worker: one browser serves them all."""
    for item in items:
        if "tests/e2e/page" in str(item.path):
            item.add_marker(pytest.mark.xdist_group("page"))
            if "chromium" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Iterator[Watched]:
    """Open a tab that stays: to open one takes as long as to load the page twice."""
    session = till_session(browser)
    yield watch(session.new_page())
    session.close()


@pytest.fixture
def agent() -> Iterator[ScriptedAgent]:
    """Start an agent that answers by script."""
    started = ScriptedAgent()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def watched(tab: Watched) -> Iterator[Watched]:
    """Give an empty tab; whatever goes wrong in it fails the test at its end."""
    tab.faults.clear()
    yield tab
    faults = list(tab.faults)
    tab.page.unroute_all()
    tab.page.goto("about:blank")
    tab.page.set_viewport_size(TILL_SIZE)
    tab.page.context.clear_cookies()
    assert faults == []


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

"""Fixtures that every test may use."""

import gc
import sys
from collections.abc import Iterator

import pytest
import structlog
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.page.browser import CHROMIUM_FLAGS, WAIT_MS
from tests.needs import require
from tests.support.postgres import Databases, Server, running_postgres
from tests.support.process import warm_starts

# Ten thousand tests are a million objects that stay until the end. Looking through them for garbage
# doubles the time it takes to collect them, and every test would go on paying for it.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on only what a test leaves is looked through."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first: at the end one worker would be left alone with them."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session", autouse=True)
def warm() -> Iterator[None]:
    """Agent and central are started some hundred times; their imports are done once."""
    with warm_starts():
        yield


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """One line each, because structlog's default draws tracebacks for minutes, and to a stream that is held.

    The default prints to whatever `sys.stdout` is at that moment, to which CPython 3.11 takes no reference
    (python/cpython#130163): a device's thread that logs while `capfd` puts it back takes the process down.
    """
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer(key_order=["event"])],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Debian's Chromium."""
    return require("chromium", "apt-get install chromium")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Debian's Chromium, started once for a worker: Playwright runs one loop in a process."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        expect.set_options(timeout=WAIT_MS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def systemd_analyze() -> str:
    """Path of systemd-analyze."""
    return require("systemd-analyze", "apt-get install systemd")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server, started once for a worker by the first test that needs it."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def databases(postgres: Server) -> Databases:
    """Databases of central on that server."""
    return Databases(postgres)

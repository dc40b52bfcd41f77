"""Fixtures that every test may use."""

import pytest

from tests.needs import require


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Debian's Chromium."""
    return require("chromium", "apt-get install chromium")


@pytest.fixture(scope="session")
def systemd_analyze() -> str:
    """Path of systemd-analyze."""
    return require("systemd-analyze", "apt-get install systemd")

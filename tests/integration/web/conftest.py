"""A running API per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.web.agent import Agent, an_agent


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with an_agent(tmp_path) as running:
        yield running

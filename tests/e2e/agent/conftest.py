"""A shop per test, or one for the tests of a file where they do not disturb each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shop import Plan, Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop of one's own, with everything."""
    with open_shop(tmp_path) as opened:
        yield opened


@pytest.fixture
def shop_without_printer(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose POS prints."""
    with open_shop(tmp_path, Plan(printer=False)) as opened:
        yield opened

"""A till to work at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tills import Shop, jan, open_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A till whose central has told it of one member."""
    shop = open_shop(tmp_path)
    shop.confirm(jan())
    yield shop
    shop.close()

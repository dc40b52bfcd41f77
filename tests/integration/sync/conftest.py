"""A scripted central on loopback and a small till for every test here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sync.scripted_central import ScriptedCentral, scripted_central
from tests.unit.sync.small_ledger import SmallTill


@pytest.fixture
def server() -> Iterator[ScriptedCentral]:
    """A central that answers well until told otherwise."""
    with scripted_central() as server:
        yield server


@pytest.fixture
def till(tmp_path: Path) -> SmallTill:
    """A till with empty stores."""
    return SmallTill(tmp_path)

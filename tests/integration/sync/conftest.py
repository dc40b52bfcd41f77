"""A scripted central on loopback and a till for every test here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sync.scripted_central import ScriptedCentral, scripted_central
from tests.unit.sync.real_till import RealTill


@pytest.fixture
def server() -> Iterator[ScriptedCentral]:
    """A central that answers well until told otherwise."""
    with scripted_central() as server:
        yield server


@pytest.fixture
def till(tmp_path: Path) -> Iterator[RealTill]:
    """A till with empty stores."""
    till = RealTill(tmp_path / "till")
    yield till
    till.close()

"""A till and a model of central for every test here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.sync.model_central import ModelCentral
from tests.unit.sync.real_till import RealTill


@pytest.fixture
def till(tmp_path: Path) -> Iterator[RealTill]:
    """A till with empty stores."""
    till = RealTill(tmp_path / "till")
    yield till
    till.close()


@pytest.fixture
def central() -> ModelCentral:
    """An empty central."""
    return ModelCentral()

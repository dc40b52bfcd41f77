"""A small till and a model of central for every test here."""

from pathlib import Path

import pytest

from tests.unit.sync.model_central import ModelCentral
from tests.unit.sync.small_ledger import SmallTill


@pytest.fixture
def till(tmp_path: Path) -> SmallTill:
    """A till with empty stores."""
    return SmallTill(tmp_path)


@pytest.fixture
def central() -> ModelCentral:
    """An empty central."""
    return ModelCentral()

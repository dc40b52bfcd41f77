"""A central on real files, without and with HTTP."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import structlog

from sync.central.central import Central
from tests.central import AT, Running, Till, running_central, settings_in


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """One line each; structlog's default draws tracebacks for minutes."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer(key_order=["event"])])
    yield
    structlog.reset_defaults()


class SteppingClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def central(tmp_path: Path, clock: SteppingClock) -> Iterator[Central]:
    """Central in this process, with the terminals 0412/03 and 0412/04."""
    made = Central(settings_in(tmp_path), clock)
    made.terminals.add("0412", "03")
    made.terminals.add("0412", "04")
    yield made
    made.close()


@pytest.fixture
def till() -> Till:
    return Till("0412/03")


@pytest.fixture
def other_till() -> Till:
    return Till("0412/04")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Central as a process, one for the tests of a file: each of them enrols terminals of its own."""
    with running_central(tmp_path_factory.mktemp("central")) as process:
        yield process

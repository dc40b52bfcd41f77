"""A central on real files, without and with HTTP."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from sync.central.central import Central
from sync.central.mending import OperatorsWord
from tests.central import AT, PLACE, Running, Till, running_central, settings_in

SQLITE, POSTGRESQL = "sqlite", "postgresql"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test here runs on both databases, but for those that are about one of them."""
    kinds = [
        kind
        for kind in (SQLITE, POSTGRESQL)
        if not metafunc.definition.get_closest_marker(f"not_on_{kind}")
    ]
    metafunc.parametrize("database", kinds, indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The kind of database that the centrals of a test are on."""
    if request.param == POSTGRESQL:
        PLACE.databases = request.getfixturevalue("databases")
    PLACE.copies = True
    yield request.param
    PLACE.copies = False
    if PLACE.databases is not None:
        PLACE.databases.let_go(Path("/"))
        PLACE.databases = None


@pytest.fixture(autouse=True)
def own_databases(database: str, tmp_path: Path) -> Iterator[None]:
    """What a test had in a folder of its own is for the next one."""
    yield
    if PLACE.databases is not None:
        PLACE.databases.let_go(tmp_path)


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
def central(database: str, tmp_path: Path, clock: SteppingClock) -> Iterator[Central]:
    """Central in this process, with the terminals 0412/03 and 0412/04. It believes what tills say that they gave."""
    made = Central(settings_in(tmp_path), clock, OperatorsWord())
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
def running(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Central as a process with the starter programme, one for the tests of a file.

    Each of them enrols terminals of its own.
    """
    with running_central(tmp_path_factory.mktemp("central")) as process:
        process.publish()
        yield process

"""Enrolling an agent that runs: typed on its page or read by its scanner, against a central that knows one code."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from edge_agent.enrolling import Enrolling
from edge_agent.errors import CentralAway, Refused
from edge_agent.settings import Settings, load_settings
from sync.identity import load_identity
from sync.link import LinkState
from tests.integration.sync.scripted_central import ScriptedCentral, scripted_central
from tests.support.disk import fill, make_read_only, small_disk

CODE = "K7QF-3MXA-9TRC"


@pytest.fixture
def server() -> Iterator[ScriptedCentral]:
    with scripted_central() as server:
        server.codes[CODE] = ""
        yield server


@pytest.fixture
def settings(tmp_path: Path, server: ScriptedCentral) -> Settings:
    config = tmp_path / "agent.toml"
    config.write_text(
        f'[terminal]\nstore = "0412"\ntill = "03"\ndata = "{tmp_path}/data"\n'
        f'[central]\nurl = "{server.url}"\n[[card]]\npattern = "29\\\\d{{11}}"\n'
    )
    return load_settings(config)


class Line:
    """How the line stands, and how often it was told to connect again."""

    def __init__(self) -> None:
        self.state = LinkState.NOT_ENROLLED
        self.told = 0

    def enrolled(self) -> None:
        self.told += 1


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def enrolling(settings: Settings, line: Line) -> Enrolling:
    return Enrolling(settings, lambda: line.state, line.enrolled)


@pytest.mark.parametrize("state", [LinkState.NOT_ENROLLED, LinkState.REFUSED])
def test_a_code_that_is_typed_makes_an_identity_and_connects(
    enrolling: Enrolling, settings: Settings, line: Line, state: LinkState
) -> None:
    line.state = state
    assert enrolling.enrol("k7qf 3mxa 9trc") == "0412/03"
    assert load_identity(settings.identity_file) is not None
    assert line.told == 1


@pytest.mark.parametrize("state", [LinkState.CONNECTED, LinkState.OFFLINE, LinkState.NEVER])
def test_a_till_whose_line_is_well_or_merely_away_keeps_its_identity(
    enrolling: Enrolling, server: ScriptedCentral, line: Line, state: LinkState
) -> None:
    line.state = state
    with pytest.raises(Refused, match="enrolled already"):
        enrolling.enrol(CODE)
    assert not enrolling.takes(CODE)
    assert server.requests == []


def test_a_code_that_does_not_hold_and_a_line_that_is_away_are_told_apart(
    enrolling: Enrolling, settings: Settings, server: ScriptedCentral, line: Line
) -> None:
    with pytest.raises(Refused, match="12 letters"):
        enrolling.enrol("short")
    with pytest.raises(Refused, match="does not know"):
        enrolling.enrol("AAAA-AAAA-AAAA")
    server.end()
    with pytest.raises(CentralAway):
        enrolling.enrol(CODE)
    assert load_identity(settings.identity_file) is None
    assert line.told == 0


def test_a_sealed_identity_is_not_enrolled_over_and_the_code_stays_good(
    enrolling: Enrolling,
    settings: Settings,
    server: ScriptedCentral,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sealed = tmp_path / "credentials"
    sealed.mkdir()
    (sealed / "identity").write_text("{}")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(sealed))
    with pytest.raises(Refused, match=r"systemd credential.*the code was not used"):
        enrolling.enrol(CODE)
    assert not enrolling.takes(CODE)
    assert server.requests == []
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert enrolling.enrol(CODE) == "0412/03"


@contextmanager
def read_only(folder: Path) -> Iterator[str]:
    with small_disk(folder, 1):
        make_read_only(folder, True)
        yield "Read-only file system"


@contextmanager
def full(folder: Path) -> Iterator[str]:
    with small_disk(folder, 1):
        fill(folder)
        yield "No space left on device"


@contextmanager
def a_file(folder: Path) -> Iterator[str]:
    folder.rmdir()
    folder.touch()
    yield "(Not a directory|File exists)"


@contextmanager
def taken_by_a_folder(folder: Path) -> Iterator[str]:
    (folder / "identity").mkdir()
    yield "Is a directory"


@pytest.mark.parametrize("broken", [read_only, full, a_file, taken_by_a_folder])
def test_where_the_identity_could_not_be_kept_the_code_is_not_used(
    enrolling: Enrolling,
    settings: Settings,
    server: ScriptedCentral,
    broken: Callable[[Path], AbstractContextManager[str]],
) -> None:
    folder = settings.identity_file.parent
    folder.mkdir()
    with broken(folder) as why:
        with pytest.raises(Refused, match=f"{why}.*the code was not used"):
            enrolling.enrol(CODE)
        assert server.requests == []


def test_a_folder_that_is_missing_is_made_and_nothing_but_the_identity_is_left_there(
    enrolling: Enrolling, settings: Settings
) -> None:
    assert not settings.identity_file.parent.exists()
    enrolling.enrol(CODE)
    assert list(settings.identity_file.parent.iterdir()) == [settings.identity_file]


def test_a_scanned_code_is_used_and_any_other_scan_is_left_to_the_till(
    enrolling: Enrolling, server: ScriptedCentral, line: Line
) -> None:
    assert not enrolling.takes("2912345678906")
    assert not enrolling.takes("AAAA-AAAA-AAAA")
    assert enrolling.takes(CODE)
    assert line.told == 1

"""Enrolling an agent that runs: typed on its page or read by its scanner, against a central that knows one code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.enrolling import Enrolling
from edge_agent.errors import CentralAway, Refused
from edge_agent.settings import Settings, load_settings
from sync.identity import load_identity
from sync.link import LinkState
from tests.integration.sync.scripted_central import ScriptedCentral, scripted_central

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


def test_a_scanned_code_is_used_and_any_other_scan_is_left_to_the_till(
    enrolling: Enrolling, server: ScriptedCentral, line: Line
) -> None:
    assert not enrolling.takes("2912345678906")
    assert not enrolling.takes("AAAA-AAAA-AAAA")
    assert enrolling.takes(CODE)
    assert line.told == 1

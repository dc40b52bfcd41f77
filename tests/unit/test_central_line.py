"""Whether central would hear a question about a redemption, as far as is known."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from edge_agent.central_line import CentralAuthority, CentralLine
from edge_agent.settings import CardTable, Settings, TerminalTable
from sync import policy
from sync.authorise import Authoriser
from sync.errors import (
    CentralError,
    JournalDamaged,
    MembersFileNotKept,
    MembersFileRefused,
    Refused,
    Unreachable,
)
from sync.link import Link

TERMINAL = "0412/03"


@pytest.fixture
def link() -> Link:
    """One that has heard of central."""
    link = Link(lambda: datetime.now(UTC), lambda _status: None)
    link.answered()
    link.well("pull")
    return link


@pytest.fixture
def authoriser() -> Iterator[Authoriser]:
    """One whose central never answers."""
    authoriser = Authoriser(lambda: None, TERMINAL, 0.01)
    authoriser.start()
    yield authoriser
    authoriser.stop()


@pytest.fixture
def authority(
    link: Link, authoriser: Authoriser, tmp_path_factory: pytest.TempPathFactory
) -> CentralAuthority:
    data = tmp_path_factory.mktemp("data")
    line = CentralLine(
        Settings(
            terminal=TerminalTable(store="0412", till="03", data=data),
            card=(CardTable(pattern=r"29\d{11}", check="ean13"),),
        )
    )
    line.watch(lambda: link.status)
    return CentralAuthority(authoriser, TERMINAL, lambda: line.unreachable)


def test_with_a_line_it_is_heard(authority: CentralAuthority) -> None:
    assert not authority.away


@pytest.mark.parametrize("fault", [Unreachable("no route"), Refused("401")])
def test_with_the_line_down_or_shut_out_it_is_not(
    authority: CentralAuthority, link: Link, fault: CentralError
) -> None:
    link.failed("push", fault)
    seen = [authority.away]
    link.well("push")
    seen.append(authority.away)
    link.not_enrolled()
    seen.append(authority.away)
    assert seen == [True, False, True]


@pytest.mark.parametrize(
    "fault",
    [MembersFileRefused("digest"), MembersFileNotKept("no room"), JournalDamaged("record 3")],
)
def test_what_fails_here_keeps_central_from_nothing(
    authority: CentralAuthority, link: Link, fault: CentralError
) -> None:
    link.failed("pull", fault)
    assert not authority.away


def test_a_central_that_is_not_asked_any_more_since_it_said_nothing_is_away(
    authority: CentralAuthority, authoriser: Authoriser
) -> None:
    for _ in range(policy.AUTHORISE_FAILURES_MAX):
        authoriser._count(well=False)
    assert authority.away

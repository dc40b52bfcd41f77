"""How the state of the line follows from what both loops meet."""

from datetime import UTC, datetime, timedelta

import pytest

from sync.errors import Busy, CentralError, HeadDiffers, Refused, Unreachable
from sync.link import Link, LinkState, LinkStatus

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Watch:
    """A clock that ticks a second at every look, and a list of what was told."""

    def __init__(self) -> None:
        self.at = START
        self.told: list[LinkStatus] = []

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def link(watch: Watch) -> Link:
    return Link(watch.now, watch.told.append)


def states(watch: Watch) -> list[LinkState]:
    return [told.state for told in watch.told]


def good(link: Link, loop: str) -> None:
    link.answered()
    link.well(loop)


def test_before_anything_is_known_it_is_never(link: Link, watch: Watch) -> None:
    assert link.status.state is LinkState.NEVER
    assert watch.told == []


def test_with_a_contact_of_yesterday_it_is_offline_until_asked(watch: Watch) -> None:
    link = Link(watch.now, watch.told.append, last_contact=START)
    assert link.status.state is LinkState.OFFLINE
    link.well("push")
    assert link.status.state is LinkState.OFFLINE, "nothing to push is no contact"
    good(link, "pull")
    assert states(watch) == [LinkState.CONNECTED]


def test_every_good_answer_moves_the_last_contact_without_being_told(
    link: Link, watch: Watch
) -> None:
    good(link, "pull")
    first = link.status.last_contact
    good(link, "pull")
    second = link.status.last_contact
    assert first is not None
    assert second is not None
    assert second > first
    assert states(watch) == [LinkState.CONNECTED]


def test_a_fault_of_either_loop_is_offline_until_that_loop_is_well(link: Link) -> None:
    good(link, "pull")
    link.failed("push", Busy("central answered 500"))
    good(link, "pull")
    assert (link.status.state, link.status.reason) == (LinkState.OFFLINE, "busy")
    good(link, "push")
    assert link.status.state is LinkState.CONNECTED


@pytest.mark.parametrize("fault", [Refused("401"), HeadDiffers("at 7")])
def test_a_refusal_outweighs_being_away(link: Link, fault: CentralError) -> None:
    link.failed("pull", Unreachable("cut"))
    link.failed("push", fault)
    assert (link.status.state, link.status.reason) == (LinkState.REFUSED, fault.code)


def test_the_same_fault_again_is_not_told_again(link: Link, watch: Watch) -> None:
    for _ in range(5):
        link.failed("pull", Unreachable("cut"))
    link.failed("pull", Busy("500"))
    assert [told.reason for told in watch.told] == ["unreachable", "busy"]


def test_well_says_whether_the_loop_had_been_in_trouble(link: Link) -> None:
    assert link.well("push") is False
    link.failed("push", Busy("500"))
    assert link.well("push") is True
    assert link.well("push") is False


def test_not_enrolled_is_said_and_left_when_enrolled(link: Link, watch: Watch) -> None:
    link.not_enrolled()
    good(link, "pull")
    assert states(watch) == [LinkState.NOT_ENROLLED, LinkState.CONNECTED]

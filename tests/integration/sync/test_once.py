"""One push and pull now, as a command does it."""

import pytest

from sync.client import CentralClient, Place
from sync.errors import Busy, OtherTerminal, Refused
from sync.once import SyncResult, sync_once
from sync.signing import Signer
from tests.integration.sync.scripted_central import (
    CENTRAL_KEY,
    KEY,
    OTHER_KEY,
    ScriptedCentral,
    status,
)
from tests.unit.sync.real_till import TERMINAL, RealTill


def once(
    server: ScriptedCentral,
    till: RealTill,
    key: bytes = KEY,
    terminal: str = TERMINAL,
    told: list[tuple[str, int, int]] | None = None,
) -> SyncResult:
    client = CentralClient(Place(server.url, key=CENTRAL_KEY), Signer(terminal, key))
    heard = [] if told is None else told
    try:
        return sync_once(
            client,
            till.journal,
            till.members,
            till.programmes,
            lambda what, done, total: heard.append((what, done, total)),
        )
    finally:
        client.close()


def test_what_waits_goes_and_what_is_new_comes(server: ScriptedCentral, till: RealTill) -> None:
    till.journal.record(3)
    server.model.set_points("m", 4)
    result = once(server, till)
    assert (result.records, result.received, result.pulled.members) == (3, 3, 1)
    assert till.members.refs() == {"m": 4}


def test_progress_counts_records_of_their_total_and_members_of_theirs(
    server: ScriptedCentral, till: RealTill
) -> None:
    till.journal.record(1_200)
    for number in range(7):
        server.model.set_points(f"m{number}", 1)
    told: list[tuple[str, int, int]] = []
    once(server, till, told=told)
    assert told == [
        ("records", 0, 1_200),
        ("records", 500, 1_200),
        ("records", 1_000, 1_200),
        ("records", 1_200, 1_200),
        ("members", 0, 7),
        ("members", 7, 7),
    ]


def test_with_nothing_to_do_it_says_so(server: ScriptedCentral, till: RealTill) -> None:
    once(server, till)
    result = once(server, till)
    assert (result.records, result.pulled.members) == (0, 0)


def test_the_first_fault_is_raised_as_it_is(server: ScriptedCentral, till: RealTill) -> None:
    with pytest.raises(Refused):
        once(server, till, key=OTHER_KEY)
    server.script.append(status(503))
    with pytest.raises(Busy):
        once(server, till)


def test_what_was_pushed_before_a_fault_stays_pushed(
    server: ScriptedCentral, till: RealTill
) -> None:
    till.journal.record(600)
    server.only_path = "/wire/v1/changes"
    server.always = status(500)
    with pytest.raises(Busy):
        once(server, till)
    assert till.journal.received() == 600


def test_an_identity_of_another_terminal_is_not_used(
    server: ScriptedCentral, till: RealTill
) -> None:
    with pytest.raises(OtherTerminal, match="0412/99"):
        once(server, till, terminal="0412/99")
    assert server.requests == []

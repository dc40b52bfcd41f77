"""Real tills over signed HTTP, with a central that has folded what they sent."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.central.central import Central
from sync.client import CentralClient
from sync.errors import Cloned, Folded, ProtocolError
from sync.identity import Identity, client_for, enrol
from sync.once import sync_once
from sync.policy import Window
from sync.push import push
from sync.signing import checkpoint_statement, is_signed_by, new_key, public_key_of
from sync.wire import RecordsMessage, SignedCheckpoint, WireRecord
from tests.central import Running, running_central, settings_in
from tests.unit.sync.real_till import EPOCH, TERMINAL, RealTill


@dataclass
class Line:
    """A central as a process, and who the till is to it."""

    running: Running
    identity: Identity
    folder: Path

    def client(self) -> CentralClient:
        return client_for(self.identity)

    def fold(self) -> int:
        """What central does thirteen months from now."""
        with closing(Central(settings_in(self.folder))) as central:
            folded = central.folding.run(datetime.now(UTC) + timedelta(days=1))
            assert central.verifier.faults() == []
        return folded

    def points(self) -> int:
        """What the member of all sales has."""
        (found,) = (
            self.running.admin("GET", "/members?card=2912345678906").json()["balance"].values()
        )
        return int(found)


@pytest.fixture
def line(database: str, tmp_path: Path) -> Iterator[Line]:
    folder = tmp_path / "central"
    with running_central(folder) as running:
        running.publish()
        made = running.admin("POST", "/terminals", json={"store": "0412", "till": "03"}).json()
        yield Line(running, enrol(running.url, made["code"], "0412", "03"), folder)


@pytest.fixture
def till(tmp_path: Path) -> Iterator[RealTill]:
    till = RealTill(tmp_path / "till")
    yield till
    till.close()


def message(till: RealTill, first: int = 1) -> RecordsMessage:
    sent = tuple(WireRecord.of(each) for each in till.journal.waiting(first - 1, 100, 10**9))
    return RecordsMessage(terminal=TERMINAL, epoch=till.journal.epoch, records=sent)


def sync(line: Line, till: RealTill) -> None:
    """Push and pull until both know what the other knows."""
    with closing(line.client()) as client:
        for _ in range(2):
            sync_once(client, till.journal, till.members, till.programmes)


def test_a_repeat_is_answered_410_with_the_signed_checkpoint(line: Line, till: RealTill) -> None:
    till.journal.record(3)
    with closing(line.client()) as client:
        push(client, till.journal, Window())
        assert line.fold() == 3
        till.journal.record(1)
        with pytest.raises(Folded) as folded:
            client.send(message(till))
        head = till.ledger.hash_at(3)
        assert (folded.value.seq, folded.value.position, folded.value.head) == (1, 3, head)
        assert client.send(message(till, 4)).received == 4
    assert line.points() == 4
    assert line.running.admin("GET", "/refused").json() == {"records": [], "not_taken": []}
    (listed,) = line.running.admin("GET", "/checkpoints").json()["checkpoints"]
    signed = SignedCheckpoint.model_validate(listed)
    statement = checkpoint_statement(TERMINAL, EPOCH, signed)
    key = line.identity.central_key
    assert is_signed_by(key, bytes.fromhex(signed.signature), statement)
    assert not is_signed_by(key, bytes.fromhex(signed.signature), statement + b"0")


def test_a_checkpoint_that_another_central_signed_is_not_believed(
    line: Line, till: RealTill
) -> None:
    till.journal.record(1)
    with closing(line.client()) as client:
        push(client, till.journal, Window())
    line.fold()
    another = replace(line.identity, central_key=public_key_of(new_key()))
    with closing(client_for(another)) as client, pytest.raises(ProtocolError, match="checkpoint"):
        client.send(message(till))


@pytest.mark.parametrize("began", [2, 5], ids=["unsent then, sent later", "all sent then"])
def test_a_till_that_was_put_back_to_before_the_checkpoint_loses_nothing_and_doubles_nothing(
    line: Line, till: RealTill, tmp_path: Path, began: int
) -> None:
    """It goes on after the last record that both have, which central knows by their ids, heard of or not."""
    with closing(line.client()) as client:
        till.journal.record(began)
        push(client, till.journal, Window())
        till.journal.record(5 - began)
        back = till.clone(tmp_path / "back")
        till.journal.record(4)
        push(client, till.journal, Window())
    assert line.fold() == 9
    assert line.points() == 9
    back.journal.record(3)
    sync(line, back)
    assert (back.journal.follows, back.journal.begins_after) == (EPOCH, 5)
    assert (back.journal.received(), back.ledger.verify().faults) == (8, ())
    assert line.points() == back.members.points() == 12
    assert back.ledger.state_counts() == {"rejected": 0, "parked": 0}
    assert line.running.admin("GET", "/refused").json() == {"records": [], "not_taken": []}
    (listed,) = line.running.admin("GET", "/terminals").json()["terminals"]
    assert listed["state"] == "enrolled"
    # And once more, now that the new epoch is old too.
    assert line.fold() == 3
    back.journal.record(1)
    sync(line, back)
    assert line.points() == back.members.points() == 13
    back.close()


def test_two_machines_on_one_disk_are_found_out_after_a_year_too(
    line: Line, till: RealTill, tmp_path: Path
) -> None:
    till.journal.record(2)
    sync(line, till)
    copy = till.clone(tmp_path / "copy")
    till.journal.record(3)
    sync(line, till)
    assert line.fold() == 5
    copy.journal.record(1)
    sync(line, copy)
    till.journal.record(1)
    with pytest.raises(Cloned):
        sync(line, till)
    (listed,) = line.running.admin("GET", "/terminals").json()["terminals"]
    assert listed["state"] == "two machines"
    assert till.ledger.standing() == "cloned"
    copy.close()

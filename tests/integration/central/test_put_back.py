"""A central that was put back to before it folded, while a till has its signature for more than it holds now."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.central.central import Central
from sync.client import CentralClient
from sync.errors import Folded, Stalled
from sync.identity import Identity, client_for, enrol
from sync.once import sync_once
from sync.policy import Window
from sync.push import push
from sync.wire import RecordsMessage, WireRecord
from tests.central import PLACE, STARTER, Running, running_central, settings_in
from tests.unit.sync.real_till import CARD, EPOCH, TERMINAL, RealTill

PUBLISHED_SINCE = STARTER.replace("version = 1", "version = 2", 1)


@dataclass
class Shop:
    """A central and the till that is enrolled there."""

    folder: Path
    identity: Identity
    till: RealTill

    @contextmanager
    def open(self) -> Iterator[tuple[Running, CentralClient]]:
        """Central as a process, and the till's line to it."""
        with running_central(self.folder) as running:
            known = replace(self.identity, central=running.url)
            with closing(client_for(known)) as client:
                yield running, client

    def sell(self, client: CentralClient, sales: int = 0, till: RealTill | None = None) -> None:
        """So many sales; then both know what the other knows."""
        till = till or self.till
        till.journal.record(sales)
        for _ in range(2):
            sync_once(client, till.journal, till.members, till.programmes)

    def fold(self) -> int:
        """What central does thirteen months from now."""
        with closing(Central(settings_in(self.folder))) as central:
            folded = central.folding.run(datetime.now(UTC) + timedelta(days=1))
            assert central.verifier.faults() == []
        return folded

    def checked(self, running: Running) -> int:
        """The points of the member of all sales, which are the same at till and central."""
        answer = running.admin("GET", f"/members?card={CARD}").json()
        (points,) = answer["balance"].values()
        assert self.till.members.points() == points
        assert self.till.ledger.state_counts() == {"rejected": 0, "parked": 0}
        assert self.till.ledger.verify().faults == ()
        return int(points)


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    folder = tmp_path / "central"
    with running_central(folder) as running:
        running.publish()
        made = running.admin("POST", "/terminals", json={"store": "0412", "till": "03"}).json()
        identity = enrol(running.url, made["code"], "0412", "03")
    with closing(RealTill(tmp_path / "till")) as till:
        yield Shop(folder, identity, till)


def backed_up_and_folded(shop: Shop) -> Callable[[], None]:
    """3 sales that are in the backup, and 4 that came after it; central folds all, and then comes one more."""
    with shop.open() as (_, client):
        shop.sell(client, 3)
    put_back = PLACE.back_up(shop.folder)
    with shop.open() as (running, client):
        shop.sell(client, 4)
        assert shop.fold() == 7
        shop.sell(client, 1)
        assert shop.checked(running) == 8
    return put_back


def listed(running: Running) -> list[tuple[str, int, int]]:
    """Reason, number and how often, of what `report refused` has without a record."""
    found = running.admin("GET", "/refused").json()
    assert found["records"] == []
    return [(each["reason"], each["seq"], each["times"]) for each in found["not_taken"]]


def everything(till: RealTill) -> RecordsMessage:
    sent = tuple(WireRecord.of(each) for each in till.journal.waiting(0, 100, 10**9))
    return RecordsMessage(terminal=TERMINAL, epoch=till.journal.epoch, records=sent)


def test_what_came_after_the_backup_comes_again_counts_once_and_is_folded_again(
    shop: Shop,
) -> None:
    backed_up_and_folded(shop)()
    builds = shop.till.members.fresh_builds
    with shop.open() as (running, client):
        shop.sell(client, 1)
        assert (shop.till.journal.epoch, shop.till.journal.received()) == (EPOCH, 9)
        assert shop.checked(running) == 9
        assert shop.till.members.fresh_builds == builds + 1
        assert running.admin("GET", "/checkpoints").json() == {"checkpoints": []}
        assert client.send(everything(shop.till)).received == 9
        assert shop.fold() == 9
        with pytest.raises(Folded):
            client.send(everything(shop.till))
        shop.sell(client, 1)
        assert shop.checked(running) == 10


def test_central_lists_that_it_was_put_back_by_its_own_signature(shop: Shop) -> None:
    backed_up_and_folded(shop)()
    with shop.open() as (running, client):
        shop.sell(client)
        assert listed(running) == [("central-put-back", 8, 1)]
        shop.sell(client, 1)
        assert listed(running) == [("central-put-back", 8, 1)]


def test_a_till_that_was_at_work_all_the_while_finds_out_with_its_next_sale(shop: Shop) -> None:
    backed_up_and_folded(shop)()
    with shop.open() as (running, client):
        shop.till.journal.record(1)
        found = push(client, shop.till.journal, Window())
        assert isinstance(found.fault, Stalled)
        assert push(client, shop.till.journal, Window(), ask_first=True).received == 9
        assert listed(running) == [("central-put-back", 8, 1)]


def test_nobody_has_a_central_believe_that_it_was_put_back(shop: Shop) -> None:
    with shop.open() as (running, client):
        shop.sell(client, 3)
        signed = shop.till.journal.signed()
        assert signed is not None
        asked = RecordsMessage(terminal=TERMINAL, epoch=EPOCH, records=(), signed=signed)
        assert client.send(asked).received == 3
        beyond = signed.model_copy(update={"received": 4})
        assert client.send(asked.model_copy(update={"signed": beyond})).received == 3
        assert listed(running) == []


def test_what_a_till_had_handed_over_in_an_epoch_before_comes_again_in_another_one(
    shop: Shop, tmp_path: Path
) -> None:
    """The till was put back first, then central to before that: of the first epoch it has three records of seven."""
    with shop.open() as (_, client):
        shop.sell(client, 3)
    put_back = PLACE.back_up(shop.folder)
    with shop.open() as (_, client):
        shop.sell(client, 4)
        back = shop.till.clone(tmp_path / "back")
        shop.sell(client, 1)
        shop.sell(client, 1, back)
        second = back.journal.epoch
        shop.sell(client, 1, back)
    put_back()
    assert (back.journal.follows, back.journal.begins_after) == (EPOCH, 7)
    with shop.open() as (running, client), closing(back):
        shop.sell(client, 1, back)
        assert (back.journal.follows, back.journal.begins_after) == (second, 3)
        assert (back.journal.received(), back.members.points()) == (10, 10)
        answer = running.admin("GET", f"/members?card={CARD}").json()
        assert list(answer["balance"].values()) == [10]
        assert ("epoch-gap", 7, 1) in listed(running)
        assert back.ledger.verify().faults == ()
        assert back.ledger.state_counts() == {"rejected": 0, "parked": 0}
        shop.sell(client, 1, back)
        assert (back.journal.follows, back.members.points()) == (second, 11)
    with closing(Central(settings_in(shop.folder))) as central:
        assert central.verifier.faults() == []


def test_what_was_sold_by_a_programme_published_since_waits_until_it_is_published_again(
    shop: Shop,
) -> None:
    with shop.open() as (_, client):
        shop.sell(client, 3)
    put_back = PLACE.back_up(shop.folder)
    with shop.open() as (running, client):
        running.publish(PUBLISHED_SINCE)
        shop.till.journal.record(2, programme=hashlib.sha256(PUBLISHED_SINCE.encode()).hexdigest())
        shop.sell(client)
        assert shop.checked(running) == 5
    put_back()
    with shop.open() as (running, client):
        shop.sell(client)
        assert shop.till.ledger.state_counts() == {"rejected": 0, "parked": 2}
        running.publish(PUBLISHED_SINCE)
        shop.sell(client)
        assert shop.checked(running) == 5

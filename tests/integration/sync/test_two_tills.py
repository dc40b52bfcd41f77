"""What one till sold is confirmed at another after one pull, and until then neither shows more than it knows."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from edge_agent.domain.balance import Balance
from edge_agent.sync_ports import LedgerOutbox, MembersStore, ProgrammeStore
from sync.identity import client_for, enrol
from sync.once import sync_once
from sync.ports import Line
from sync.pull import Pull
from tests.central import STARTER, Running, running_central
from tests.tills import JAN, KEY, Shop, milk, open_shop, points, sale

LONG_POLL_S = 30


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Running]:
    """Central as a process, with the key that the tills of tests hash cards with."""
    (tmp_path / "central" / "data").mkdir(parents=True)
    (tmp_path / "central" / "data" / "card-key").write_text(KEY.hex())
    with running_central(tmp_path / "central") as running:
        running.publish()
        csv = f"card,member_id,display_name,points\n{JAN},M1,Jan B.,100\n"
        assert running.admin("POST", "/members/import", data=csv.encode()).status_code == 200
        yield running


class Enrolled:
    """A real till and its line to central."""

    def __init__(self, central: Running, folder: Path, till: str) -> None:
        folder.mkdir()
        programme = folder / "programme.toml"
        programme.write_text(STARTER)
        self.shop: Shop = open_shop(folder, till=till, programme=programme)
        made = central.admin("POST", "/terminals", json={"store": "0412", "till": till}).json()
        self.line: Line = client_for(enrol(central.url, made["code"], "0412", till))
        self.outbox = LedgerOutbox(self.shop.ledger)
        self.members = MembersStore(self.shop.members, self.shop.clock)
        self.programmes = ProgrammeStore(self.shop.shelf, self.shop.clock)

    def sync(self) -> None:
        """Push what waits, and pull."""
        sync_once(self.line, self.outbox, self.members, self.programmes)

    def pull(self, wait_s: int) -> None:
        """Pull once, waiting for news."""
        Pull(self.line, self.outbox, self.members, self.programmes).run(wait_s)

    def sell(self, sale_id: str, amount: int) -> None:
        """A sale to Jan."""
        self.shop.till.sell(sale(sale_id, milk(amount=amount)))

    @property
    def shown(self) -> tuple[int, int]:
        """What is shown of Jan's points: confirmed and not."""
        balance: Balance = points(self.shop)
        return balance.confirmed, balance.unconfirmed

    def close(self) -> None:
        self.line.close()
        self.shop.close()


def test_a_sale_at_one_till_is_confirmed_at_another_after_one_pull(
    tmp_path: Path, central: Running
) -> None:
    with ExitStack() as stack:
        here, there = (
            stack.enter_context(closing(Enrolled(central, tmp_path / till, till)))
            for till in ("03", "04")
        )
        for each in (here, there):
            each.sync()
            assert each.shown == (100, 0)
        there.sell("S1", 500)
        assert (here.shown, there.shown) == ((100, 0), (100, 5))
        waiting = threading.Thread(target=here.pull, args=(LONG_POLL_S,))
        waiting.start()
        there.sync()
        waiting.join(LONG_POLL_S)
        assert not waiting.is_alive()
        assert (here.shown, there.shown) == ((105, 0), (105, 0))
        here.sell("S1", 700)
        here.sync()
        assert (here.shown, there.shown) == ((112, 0), (105, 0))
        as_of = points(there.shop).as_of
        there.pull(0)
        assert there.shown == (112, 0)
        later = points(there.shop).as_of
        assert as_of is not None
        assert later is not None
        assert later > as_of

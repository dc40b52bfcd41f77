"""The process that is recorded: a till at work on the shipped ledger, over several lives; started as `lives` says."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from edge_agent.data_folder import DataFolder
from edge_agent.domain.basket import ReturnedLine
from edge_agent.domain.holdings import Holding
from edge_agent.domain.members_file import Member, MembersPosition
from edge_agent.domain.record import RecordKind
from edge_agent.errors import OverReturn
from edge_agent.ledger import database
from edge_agent.ledger.members import MembersFile
from edge_agent.till.redeem import Wish
from edge_agent.till.views import Answer
from sync.identity import Identity, save_identity
from tests.proof.power_cuts.lives import Outside, asked, live, synced
from tests.support.members_files import write_members_file
from tests.tills import AT, JAN, JAN_REF, KEY, Shop, jan, milk, open_shop, sale, scanned

DATA = "agent"
MEMBERS = 30
ACTS_PER_LIFE = 16
LOG_BYTES_MAX = 96 * 1024
"""In place of 16 MB: the log is then folded while the till is busy several times in a recording, not never."""

SEED = 4
POINTS = 5_000


@dataclass
class AtWork:
    """A till in one of its lives."""

    shop: Shop
    outside: Outside
    chance: random.Random
    sold: list[str] = field(default_factory=list)

    def acknowledges(self, kind: RecordKind, act_id: str, answer: Answer) -> None:
        """The POS has its answer."""
        seq = answer.result["seq"]
        [record] = self.shop.ledger.records(seq - 1, 1)
        self.outside.hears(
            "act",
            kind=kind.value,
            id=act_id,
            seq=seq,
            body=record.body.decode(),
            hash=record.hash.hex(),
            result=answer.result,
        )

    def sells(self, number: int) -> None:
        """A sale of something, most of them to somebody."""
        sale_id = f"S-{number}"
        bought = milk(
            quantity=str(self.chance.randrange(1, 9)), amount=self.chance.randrange(1, 9_000)
        )
        answer = self.shop.till.sell(sale(sale_id, bought, card=self.chance.choice([JAN, None])))
        self.sold.append(sale_id)
        self.acknowledges(RecordKind.SALE, sale_id, answer)

    def takes_back(self, number: int) -> None:
        """One of what was sold comes back, or all of it."""
        sale_id = self.chance.choice(self.sold)
        if self.chance.random() < 0.5:
            answer = self.shop.till.void(sale_id, f"V-{number}")
            self.acknowledges(RecordKind.VOID, f"V-{number}", answer)
            self.sold.remove(sale_id)
            return
        one = (ReturnedLine(1, Decimal(1)),)
        try:
            answer = self.shop.till.give_back(sale_id, f"R-{number}", one, None)
        except OverReturn:
            return
        self.acknowledges(RecordKind.RETURN, f"R-{number}", answer)

    def reserves(self, number: int) -> None:
        """Somebody wants a reward; the reservation is acknowledged, too."""
        answer = self.shop.till.reserve(Wish(f"W-{number}", scanned(JAN), "five-euro"))
        self.outside.hears("reservation", id=f"W-{number}", result=answer.result)
        self.shop.till.cancel(f"W-{number}")

    def works(self, first: int) -> None:
        """A stretch of work; each act may be followed by a turn of housekeeping."""
        for number in range(first, first + ACTS_PER_LIFE):
            does = self.chance.choices((self.sells, self.takes_back, self.reserves), (6, 3, 1))[0]
            (does if self.sold else self.sells)(number)
            if self.chance.random() < 0.2:
                self.shop.ledger.tidy()


def members_of(change: int) -> Iterator[Member]:
    """Every member as of a change of central's: all hold `change` coffee stamps, so that a mixture shows."""
    for number in range(MEMBERS):
        yield Member(f"{number:032x}", lots=(Holding("stamps/coffee", change),))
    known = jan(POINTS)
    yield Member(JAN_REF, lots=(*known.lots, Holding("stamps/coffee", change)), cards=known.cards)


def pull(members: MembersFile, change: int) -> None:
    """Central sent what changed."""
    with members.update() as update:
        update.put(members_of(change))
        update.commit(MembersPosition(change, "e" * 32, 0, AT, MEMBERS + 1))


def install(members: MembersFile, change: int, outside: Outside) -> None:
    """Central sent a file that it had built, of a change before, and what changed since."""
    base = write_members_file(members.incoming / "fetched.db", members_of(change - 1), change - 1)
    with members.update(base) as update:
        update.put(members_of(change))
        update.commit(MembersPosition(change, "e" * 32, 0, AT, MEMBERS + 1))
    outside.hears("members file", change=change)


def identify(data: Path, seed: bytes, outside: Outside) -> None:
    """Central knows this terminal by a key that it made."""
    central = "https://central.example"
    save_identity(data / "identity", Identity("0412/03", central, seed, KEY, central_key=KEY))
    outside.hears("identity", signing_key=seed.hex())


@contextmanager
def life(folder: Path, outside: Outside, number: int) -> Iterator[AtWork]:
    """One start of the agent's disk parts, until it is closed in order."""
    held = DataFolder(folder / DATA)
    outside.hears("token", token=held.token())
    shop = open_shop(held.path, at=AT + timedelta(minutes=number))
    yield AtWork(shop, outside, random.Random(SEED + number))
    shop.close()
    held.release()


def first_life(folder: Path, outside: Outside) -> None:
    """From nothing; it ends as a kill ends it, with its log not folded."""
    with life(folder, outside, 1) as till:
        identify(till.shop.data, b"t" * 32, outside)
        install(till.shop.members, 1, outside)
        till.works(100)
        pull(till.shop.members, 2)
        os._exit(0)


def second_life(folder: Path, outside: Outside) -> None:
    """Recovers what the kill left, works, and is stopped in order."""
    with life(folder, outside, 2) as till:
        till.works(200)
        install(till.shop.members, 3, outside)
        identify(till.shop.data, b"u" * 32, outside)
        till.works(300)
        pull(till.shop.members, 4)
        till.shop.ledger.tidy()
        till.shop.ledger.tidy()


def third_life(folder: Path, outside: Outside) -> None:
    """Starts on a folded log; killed again."""
    with life(folder, outside, 3) as till:
        till.works(400)
        install(till.shop.members, 5, outside)
        till.works(500)
        os._exit(0)


def main() -> None:
    """Live three times."""
    folder, outside, synchronous = asked()
    shipped: Any = database  # whose own words are final, and here are changed
    shipped._DURABLE = synced(shipped._DURABLE, synchronous)
    shipped.WAL_BYTES_MAX = LOG_BYTES_MAX
    live((first_life, second_life, third_life), folder, outside)


if __name__ == "__main__":
    main()

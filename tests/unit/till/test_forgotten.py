"""What a till keeps to recognise repeats by is made of cards: of somebody who was erased nothing of it is left."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.errors import SaleDiffers
from edge_agent.till.attach import Attaching
from edge_agent.till.redeem import Wish
from edge_agent.till.sell import content
from tests.tills import JAN, JAN_REF, Shop, back, jan, milk, open_shop, sale, scanned

TABLES = ("sales", "acts", "givebacks", "redemptions")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = open_shop(tmp_path)
    opened.confirm(jan(2000))
    opened.till.sell(sale("s-1"))
    opened.till.give_back("s-1", "b-1", (back(1, "1"),), None, scanned(JAN))
    opened.till.reserve(Wish("r-1", scanned(JAN), "five-euro"))
    bought = opened.till.sell(sale("s-2", milk(amount=300), card=None)).result
    opened.till.attach(Attaching("s-2", scanned(JAN), bought["reference"]))
    yield opened
    opened.close()


def kept(shop: Shop) -> dict[str, list[bytes]]:
    with sqlite3.connect(shop.data / "ledger.db") as db:
        return {
            table: [mark for (mark,) in db.execute(f"SELECT fingerprint FROM {table} ORDER BY 1")]
            for table in TABLES
        }


def test_no_fingerprint_is_a_hash_that_cards_can_be_tried_out_on(shop: Shop) -> None:
    marks = kept(shop)
    assert {table: len(found) for table, found in marks.items()} == {
        "sales": 2, "acts": 1, "givebacks": 1, "redemptions": 1,
    }  # fmt: skip
    plain = hashlib.sha256(content(sale("s-1"))).digest()
    keyed = shop.ledger.fingerprint(content(sale("s-1")))
    assert (plain in marks["sales"], keyed in marks["sales"]) == (False, True)


def test_of_somebody_who_was_erased_none_is_left(shop: Shop) -> None:
    before = {mark for found in kept(shop).values() for mark in found}
    shop.ledger.forget([JAN_REF])
    files = b"".join(path.read_bytes() for path in shop.data.glob("ledger.db*"))
    assert len([mark for mark in before if mark in files]) == 1  # of the sale without a card
    marks = kept(shop)
    assert {table: [bool(mark) for mark in found] for table, found in marks.items()} == {
        "sales": [False, True], "acts": [False], "givebacks": [False], "redemptions": [False],
    }  # fmt: skip


def test_what_is_sent_again_afterwards_is_answered_as_before(shop: Shop) -> None:
    before = shop.till.sell(sale("s-1"))
    shop.ledger.forget([JAN_REF])
    again = shop.till.sell(sale("s-1"))
    assert (again.first, again.result) == (False, before.result)
    returned = shop.till.give_back("s-1", "b-1", (back(1, "1"),), None, scanned(JAN))
    assert not returned.first
    assert not shop.till.reserve(Wish("r-1", scanned(JAN), "five-euro")).first
    with pytest.raises(SaleDiffers):
        shop.till.sell(sale("s-2", milk(amount=301), card=None))
    assert json.loads(again.text or "{}") == before.result

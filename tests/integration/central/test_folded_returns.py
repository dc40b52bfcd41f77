"""What a real till takes back of sales that central has folded comes to the same as if it had not."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.record import Record
from edge_agent.till.attach import Attaching
from sync.central import folding
from sync.central.central import Central
from sync.wire import RecordsMessage, WireRecord
from tests.central import settings_in
from tests.integration.central.looking import states, sums
from tests.support.one_of_everything import RULES, one_of_everything
from tests.tills import AT, JAN, KEY, STRANGER, Shop, back, milk, sale, scanned

CARDS = (JAN, STRANGER)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A till that did one of everything, and of which half of another sale came back."""
    shop = one_of_everything(tmp_path / "till")
    shop.till.sell(sale("S3", milk(1, "4", 4000), milk(2, "1", 250)))
    shop.till.give_back("S3", "B3", (back(1, "1"),), None)
    proof = shop.till.sell(sale("S4", milk(amount=900), card=None)).result["reference"]
    shop.till.attach(Attaching("S4", scanned(STRANGER), proof))
    yield shop
    shop.close()


@pytest.fixture
def centrals(tmp_path: Path) -> Iterator[tuple[Central, Central]]:
    """Two with the same keys and programme: one that will have folded, and one that will not."""
    made = []
    for name in ("folds", "keeps"):
        (tmp_path / name).mkdir()
        settings = settings_in(tmp_path / name)
        settings.data.mkdir()
        (settings.data / "card-key").write_text(KEY.hex())
        central = Central(settings, lambda: AT)
        central.terminals.add("0412", "03")
        central.publish(RULES, "rules")
        made.append(central)
    yield made[0], made[1]
    for central in made:
        central.close()


def send(shop: Shop, central: Central, after: int = 0) -> None:
    records = tuple(WireRecord.of(each) for each in shop.ledger.records(after, 100))
    ledger = shop.ledger
    central.push(RecordsMessage(terminal=ledger.terminal, epoch=ledger.epoch, records=records))


def has(central: Central) -> list[dict[str, Any]]:
    """What the members of both cards have, lot by lot, and how it came."""
    told = ("balance", "tallies", "lots", "entries")
    found = [central.members.of_card(card) for card in CARDS]
    return [{name: each[name] for name in told} for each in found]


def test_returns_of_folded_sales_come_to_the_same_as_of_others(
    shop: Shop, centrals: tuple[Central, Central]
) -> None:
    folds, keeps = centrals
    recorded = shop.ledger.head.seq
    for central in centrals:
        send(shop, central)
    assert folds.folding.run(AT + timedelta(days=1)) == recorded
    assert has(folds) == has(keeps)
    shop.till.give_back("S3", "B4", (back(1, "2"),), None)
    shop.till.give_back("S3", "B5", (back(2, "1"),), None)
    shop.till.void("S4", "V4")
    shop.till.void("S3", "V3")
    for central in centrals:
        send(shop, central, recorded)
    assert [state for _, state, _ in states(folds)] == ["accepted"] * 4
    assert has(folds) == has(keeps)
    assert sums(folds)[0] == sums(folds)[1]
    # And what is folded in the middle of it.
    assert folds.folding.run(AT + timedelta(days=1)) == 4
    assert has(folds) == has(keeps)
    assert folds.verifier.faults() == []


def recorded_as(shop: Shop, text: bytes) -> Record:
    return next(each for each in shop.ledger.records(0, 100) if text in each.body)


def test_what_came_back_of_a_sale_stays_for_as_long_as_that_does(
    shop: Shop, centrals: tuple[Central, Central], monkeypatch: pytest.MonkeyPatch
) -> None:
    folds, keeps = centrals
    recorded = shop.ledger.head.seq
    for central in centrals:
        send(shop, central)
    sold, came = recorded_as(shop, b'"sale_id":"S3"'), recorded_as(shop, b'"return_id":"B3"')
    monkeypatch.setattr(folding, "_open", lambda _connection, _ids, _today: {sold.id})
    assert folds.folding.run(AT + timedelta(days=1)) == recorded - 2
    assert [seq for seq, _, _ in states(folds)] == [sold.seq, came.seq]
    shop.till.give_back("S3", "B4", (back(1, "2"),), None)
    for central in centrals:
        send(shop, central, recorded)
    assert states(folds)[-1] == (recorded + 1, "accepted", None)
    assert has(folds) == has(keeps)


def test_an_attached_card_may_stay_when_its_sale_is_folded(
    shop: Shop, centrals: tuple[Central, Central], monkeypatch: pytest.MonkeyPatch
) -> None:
    folds, keeps = centrals
    recorded = shop.ledger.head.seq
    for central in centrals:
        send(shop, central)
    attached = shop.ledger.records(recorded - 1, 1)[0]
    monkeypatch.setattr(folding, "_open", lambda _connection, _ids, _today: {attached.id})
    assert folds.folding.run(AT + timedelta(days=1)) == recorded - 1
    shop.till.void("S4", "V4")
    for central in centrals:
        send(shop, central, recorded)
    assert states(folds) == [(recorded, "accepted", None), (recorded + 1, "accepted", None)]
    assert has(folds) == has(keeps)

"""A return at a till that does not know the sale: central finds the sale and settles by itself, once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.record import RecordKind
from edge_agent.till.attach import Attaching
from edge_agent.till.receipt_facts import sale_reference
from sync.central.central import Central
from sync.central.mending import Repair
from sync.central.posting import Counts, Posting
from sync.wire import RecordsMessage, RecordState, WireRecord
from tests.central import settings_in
from tests.integration.central.looking import balance, changes, everything, states, sums
from tests.tills import AT, JAN, KEY, Shop, back, milk, open_shop, sale, scanned
from tests.unit.domain.builders import BASE, HEAD

RULES = HEAD.replace("version = 1", "version = 9") + BASE + '\n[returns]\nreverse = "kept"\n'
ACCEPTED = ("accepted", None)
AWAITING = ("parked", "awaiting-original")
AMBIGUOUS = ("parked", "ambiguous-original")

OpenTill = Callable[..., Shop]


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    settings = settings_in(tmp_path)
    settings.data.mkdir()
    (settings.data / "card-key").write_text(KEY.hex())
    central = Central(settings, lambda: AT)
    for till in ("03", "04", "05"):
        central.terminals.add("0412", till)
    central.publish(RULES, "rules")
    central.member_import.run(["card,member_id\n", f"{JAN},M1\n"])
    yield central
    central.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenTill]:
    """Opens tills of the store, each in a folder of its own."""
    with ExitStack() as stack:

        def opened(till: str, folder: str | None = None, **more: Any) -> Shop:
            data = tmp_path / (folder or till)
            data.mkdir()
            shop = open_shop(data, till=till, **more)
            stack.callback(shop.close)
            shop.shelf.offer(RULES, "rules", shop.system.at)
            return shop

        yield opened


def message(shop: Shop) -> RecordsMessage:
    records = tuple(WireRecord.of(record) for record in shop.ledger.records(0, 100))
    return RecordsMessage(terminal=shop.ledger.terminal, epoch=shop.ledger.epoch, records=records)


def state(central: Central, shop: Shop) -> tuple[str | None, str | None]:
    """Of the last record of a till."""
    return states(central, shop.ledger.terminal)[-1][1:]


def told(proof: str, *skus: str) -> dict[str, Any]:
    lines = [{"line": number, "sku": sku} for number, sku in enumerate(skus, 1)]
    return {"proof": proof, "at": AT.isoformat(), "lines": lines}


def two_cartons(shop: Shop, sale_id: str = "s-1") -> None:
    shop.till.sell(sale(sale_id, milk(1, "2", 1_000), milk(2, "1", 550)))


def test_it_takes_back_what_the_returned_part_earned(central: Central, opened: OpenTill) -> None:
    sold, elsewhere = opened("03"), opened("04")
    two_cartons(sold)
    elsewhere.till.give_back("s-1", "r-1", (back(1, "1"),), None)
    central.push(message(sold))
    assert balance(central, "M1") == 15
    central.push(message(elsewhere))
    assert state(central, elsewhere) == ACCEPTED
    assert balance(central, "M1") == 10, "10.50 is kept"
    in_entries, in_lots = sums(central)
    assert in_entries == in_lots


def test_it_settles_when_the_sale_arrives_and_the_till_hears_of_it(
    central: Central, opened: OpenTill
) -> None:
    elsewhere, sold = opened("03"), opened("04")
    two_cartons(sold)
    elsewhere.till.give_back("s-1", "r-1", (back(1, "2"), back(2, "1")), None)
    central.push(message(elsewhere))
    assert state(central, elsewhere) == AWAITING
    after = changes(central, 0, elsewhere.ledger.epoch).next
    central.push(message(sold))
    assert state(central, elsewhere) == ACCEPTED
    assert balance(central, "M1") == 0
    (heard,) = changes(central, after, elsewhere.ledger.epoch).states
    assert (heard.seq, heard.state) == (1, RecordState.ACCEPTED)
    before = everything(central)
    for shop in (elsewhere, sold, elsewhere):
        central.push(message(shop))
    central.catch_up()
    assert everything(central) == before


def test_a_crash_between_sale_and_return_is_caught_up(
    central: Central, opened: OpenTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, sold = opened("03"), opened("04")
    two_cartons(sold)
    elsewhere.till.give_back("s-1", "r-1", (back(2, "1"),), None)
    central.push(message(elsewhere))
    with monkeypatch.context() as patched:
        patched.setattr(Posting, "settle", lambda *_: Counts())
        central.push(message(sold))
    assert state(central, elsewhere) == AWAITING
    central.catch_up()
    assert state(central, elsewhere) == ACCEPTED


def test_no_more_comes_back_than_was_sold_wherever_it_does(
    central: Central, opened: OpenTill
) -> None:
    sold, fourth, fifth = opened("03"), opened("04"), opened("05")
    two_cartons(sold)
    sold.till.give_back("s-1", "r-1", (back(1, "1"),), None)
    central.push(message(sold))
    fourth.till.give_back("s-1", "r-1", (back(1, "1"),), None)
    central.push(message(fourth))
    assert state(central, fourth) == ACCEPTED
    assert balance(central, "M1") == 5
    fifth.till.give_back("s-1", "r-1", (back(1, "1"),), None)
    central.push(message(fifth))
    assert state(central, fifth) == ("rejected", "over-return")
    fourth.till.give_back("s-1", "r-2", (back(2, "1"),), None)
    central.push(message(fourth))
    assert state(central, fourth) == ACCEPTED
    assert balance(central, "M1") == 0


def test_what_a_card_that_was_attached_earned_comes_back_too(
    central: Central, opened: OpenTill
) -> None:
    sold, elsewhere = opened("03"), opened("04")
    answer = sold.till.sell(sale("s-1", milk(1, "2", 1_000), card=None))
    sold.till.attach(Attaching("s-1", scanned(JAN), answer.result["reference"]))
    elsewhere.till.give_back("s-1", "r-1", (back(1, "1"),), None)
    for shop in (sold, elsewhere):
        central.push(message(shop))
    assert state(central, elsewhere) == ACCEPTED
    assert balance(central, "M1") == 5


def test_a_card_that_is_attached_though_something_came_back_elsewhere_is_listed(
    central: Central, opened: OpenTill
) -> None:
    """The till that sold knows of nothing and promises all of it."""
    sold, elsewhere = opened("03"), opened("04")
    answer = sold.till.sell(sale("s-1", milk(1, "2", 1_000), card=None))
    elsewhere.till.give_back("s-1", "r-1", (back(1, "1"),), None)
    for shop in (sold, elsewhere):
        central.push(message(shop))
    assert state(central, elsewhere) == ACCEPTED
    sold.till.attach(Attaching("s-1", scanned(JAN), answer.result["reference"]))
    central.push(message(sold))
    assert state(central, sold) == ACCEPTED
    assert balance(central, "M1") == 10
    listed = {(each["fact"], each["central"]) for each in central.reports.differences()}
    assert ("returns of the sale", "1") in listed


def test_where_several_sales_have_the_id_the_receipt_says_which(
    central: Central, opened: OpenTill
) -> None:
    sold, other, elsewhere = opened("03"), opened("04"), opened("05")
    two_cartons(sold, "000173")
    other.till.sell(sale("000173", milk(1, "2", 8_000), card=None))
    for shop in (other, sold):
        central.push(message(shop))
    receipt = sale_reference("0412", "03", "000173", "M5XG6Z3JOR2WK4TF")
    elsewhere.till.give_back("000173", "r-1", (back(1, "1"),), told(receipt, "8710400011118"))
    central.push(message(elsewhere))
    assert state(central, elsewhere) == ACCEPTED
    assert balance(central, "M1") == 10


def test_the_receipt_is_waited_for_though_another_till_has_the_id(
    central: Central, opened: OpenTill
) -> None:
    sold, other, elsewhere = opened("03"), opened("04"), opened("05")
    two_cartons(sold, "000173")
    two_cartons(other, "000173")
    receipt = sale_reference("0412", "03", "000173", "M5XG6Z3JOR2WK4TF")
    elsewhere.till.give_back("000173", "r-1", (back(1, "1"),), told(receipt, "8710400011118"))
    for shop in (other, elsewhere):
        central.push(message(shop))
    assert state(central, elsewhere) == AWAITING
    central.push(message(sold))
    assert state(central, elsewhere) == ACCEPTED


def test_what_the_pos_tells_of_the_sale_tells_them_apart(
    central: Central, opened: OpenTill
) -> None:
    sold, other, elsewhere = opened("03"), opened("04"), opened("05")
    two_cartons(sold, "000173")
    other.till.sell(sale("000173", milk(1, "2", 8_000), card=None))
    for shop in (other, sold):
        central.push(message(shop))
    both = told("bon 12", "8710400011118", "8710400011118")
    elsewhere.till.give_back("000173", "r-1", (back(1, "1"),), both)
    central.push(message(elsewhere))
    assert state(central, elsewhere) == ACCEPTED
    assert balance(central, "M1") == 10
    neither = told("bon 12", "8710400099999")
    elsewhere.till.give_back("000173", "r-2", (back(1, "1"),), neither)
    central.push(message(elsewhere))
    assert state(central, elsewhere) == AWAITING


def test_of_several_that_fit_none_is_taken_until_somebody_says_which(
    central: Central, opened: OpenTill
) -> None:
    sold, other, elsewhere = opened("03"), opened("04"), opened("05")
    two_cartons(sold, "000173")
    other.till.sell(sale("000173", milk(1, "2", 8_000), card=None))
    for shop in (other, sold):
        central.push(message(shop))
    elsewhere.till.give_back("000173", "r-1", (back(1, "1"),), None)
    central.push(message(elsewhere))
    assert state(central, elsewhere) == AMBIGUOUS
    assert balance(central, "M1") == 15
    (listed,) = central.reports.refused()["records"]
    assert (listed["code"], listed["kind"]) == ("ambiguous-original", RecordKind.RETURN.value)
    said = central.reports.record(listed["id"])["body"]["return"]
    central.mending.repair(
        listed["id"],
        Repair(
            repair_id="fix-1",
            reason="the customer has the receipt",
            changes={"return": said | {"sold_at": "0412/03"}},
        ),
    )
    assert state(central, elsewhere) == ("rejected", "repaired")
    assert balance(central, "M1") == 10


def test_a_till_whose_disk_was_put_back_means_its_own_sale(
    central: Central, opened: OpenTill
) -> None:
    sold, other = opened("03"), opened("04")
    two_cartons(sold, "000173")
    other.till.sell(sale("000173", milk(1, "2", 8_000), card=None))
    for shop in (sold, other):
        central.push(message(shop))
    anew = opened("03", "anew")
    anew.till.give_back("000173", "r-1", (back(1, "1"),), None)
    central.push(message(anew))
    assert state(central, anew) == ACCEPTED
    assert balance(central, "M1") == 10


def test_a_sale_that_was_made_after_the_return_is_another_one(
    central: Central, opened: OpenTill
) -> None:
    elsewhere, later = opened("03"), opened("04", at=AT + timedelta(days=2))
    elsewhere.till.give_back("000173", "r-1", (back(1, "1"),), None)
    later.till.sell(sale("000173", milk(1, "2", 1_000), at=AT + timedelta(days=2)))
    for shop in (elsewhere, later):
        central.push(message(shop))
    assert state(central, elsewhere) == AWAITING
    assert balance(central, "M1") == 10

"""`loyalty-central verify`: whatever is changed behind central's back is found, and nothing else is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, delete, insert, literal, select, update

from edge_agent.domain.record import GENESIS, RecordKind, chain_hash
from sync.central.central import Central
from sync.central.mending import GivingUp
from sync.central.tables import attachments, chains, entries, lots, records
from tests.central import Till, config_in, earn, run_command, spend, take_back, visit

CARD = "2912345678906"
FIRST = records.c.seq == 1
OF_A = lots.c.account == "a", lots.c.unit == "points"


@pytest.fixture
def kept(central: Central, till: Till) -> Central:
    """Something of everything: accepted, rejected, parked, a duplicate, and what took somebody below nothing."""
    first = till.sale("a", [earn(50), visit()], card=CARD, sale_id="s-1")
    till.sale(sale_id="s-2")
    till.sale("a", [spend(60)], sale_id="s-3")
    till.give_back(first.id, [take_back(first, 10)], "a", sale_id="s-1")
    till.act(RecordKind.ACTION, {"action_id": "c-1", "action": "check-in"}, "a", [earn(3)])
    till.sale("a", [earn(99)], sale_id="s-1")
    till.sale("a", [earn(50), visit()], card=CARD, sale_id="s-1")
    till.give_back("f" * 32, [])
    central.push(till.message())
    return central


def test_what_was_only_posted_is_whole(kept: Central, till: Till) -> None:
    assert kept.verifier.faults() == []
    kept.mending.give_up(till.records[7].id, GivingUp(reason="nobody knows it"))
    kept.keep_up()
    assert kept.verifier.faults() == []


def entry_more(source: str, quantity: int) -> Executable:
    """Points of nowhere."""
    copied = [column.name for column in entries.c if column.name != "row"]
    changed: dict[str, Any] = {
        "ordinal": literal(9),
        "source": literal(source),
        "quantity": literal(quantity),
    }
    return insert(entries).from_select(
        copied,
        select(*(changed.get(name, entries.c[name]) for name in copied)).where(
            entries.c.unit == "points", entries.c.quantity == 50
        ),
    )


TAMPERED: dict[str, tuple[Callable[[Till], Executable], str]] = {
    "a body": (
        lambda till: (
            update(records)
            .where(FIRST)
            .values(body=till.records[0].body.replace(b'"quantity":50', b'"quantity":51'))
        ),
        "record 1: its content, its hash or its predecessor was changed",
    ),
    "a hash": (
        lambda _: update(records).where(FIRST).values(hash=bytes(32)),
        "record 1: its content, its hash or its predecessor was changed",
    ),
    "a body with its hash": (
        lambda _: update(records).where(FIRST).values(body=b"{}", hash=chain_hash(GENESIS, b"{}")),
        "record 1: its content is not what a record has",
    ),
    "the last body with its hash": (
        lambda till: (
            update(records)
            .where(records.c.seq == 8)
            .values(body=b"{}", hash=chain_hash(till.records[6].hash, b"{}"))
        ),
        "record 8: it is not the one that the journal ends with",
    ),
    "an attachment": (
        lambda _: update(attachments).values(content=b'{"card":{"code":"2912345678913"}}'),
        "record 1: its attachment is not the one that it was made with",
    ),
    "a record gone": (
        lambda _: delete(records).where(records.c.seq == 2),
        "of the records up to 8 1 are neither folded nor here",
    ),
    "the head": (
        lambda _: update(chains).values(received=9),
        "of the records up to 9 1 are neither folded nor here",
    ),
    "more points": (
        lambda _: update(entries).where(entries.c.quantity == 50).values(quantity=5_000),
        "record 1: it moved other than it says: points",
    ),
    "an entry gone": (
        lambda _: delete(entries).where(entries.c.quantity == 3),
        "record 5: it moved other than it says: points",
    ),
    "an entry of a record without effect": (
        lambda till: entry_more(till.records[5].id, 99),
        "it has entries of ",
    ),
    "an entry of no record": (
        lambda _: entry_more("c" * 32, 99),
        f"it has entries of {'c' * 32}, which is no record that was accepted",
    ),
    "an adjustment that no lot has": (
        lambda _: entry_more("adjustment:x", 99),
        "it has -10 points, and its entries come to 89",
    ),
    "a lot": (
        lambda _: update(lots).where(*OF_A, lots.c.quantity == 3).values(quantity=4),
        "it has 4 points, and its entries come to 3",
    ),
    "a lot gone": (
        lambda _: delete(lots).where(*OF_A, lots.c.quantity == 3),
        "it has 0 points, and its entries come to 3",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_is_found(kept: Central, till: Till, what: str) -> None:
    change, fault = TAMPERED[what]
    with kept.database.write() as connection:
        changed = connection.execute(change(till))
        assert changed.rowcount != 0
    assert any(each.fault.startswith(fault) for each in kept.verifier.faults()), (
        kept.verifier.faults()
    )


def test_the_command_names_what_is_wrong(kept: Central, till: Till, tmp_path: Path) -> None:
    config = str(config_in(tmp_path))
    whole = run_command("verify", "--config", config)
    assert (whole.returncode, whole.stdout) == (0, "everything is whole and adds up\n")
    with kept.database.write() as connection:
        connection.execute(update(records).where(FIRST).values(hash=bytes(32)))
        connection.execute(update(lots).where(*OF_A, lots.c.quantity == 3).values(quantity=4))
    broken = run_command("verify", "--config", config)
    assert broken.returncode == 1
    assert broken.stdout.splitlines() == [
        f"0412/03/{till.epoch}: record 1: its content, its hash or its predecessor was changed",
        f"0412/03/{till.epoch}: record 2: it does not follow record 1",
        "account a: it has 4 points, and its entries come to 3",
    ]

"""Intake takes what continues the chain, once, and says where it ends."""

import pytest
from sqlalchemy import select

from edge_agent.domain.record import GENESIS
from sync.central.central import Central
from sync.central.refusals import REFUSALS_PER_TERMINAL_MAX
from sync.central.tables import attachments, records, refusals
from sync.wire import WireRecord
from tests.central import Till, earn, message_of
from tests.integration.central.looking import everything, states


def bodies(central: Central) -> list[bytes]:
    with central.database.read() as connection:
        return list(connection.scalars(select(records.c.body).order_by(records.c.row)))


def refused(central: Central) -> list[tuple[int, str, int]]:
    return [
        (each["seq"], each["reason"], each["times"])
        for each in central.reports.refused()["not_taken"]
    ]


def test_the_bytes_of_every_record_are_kept_to_the_letter(central: Central, till: Till) -> None:
    for _ in range(3):
        till.sale(card="2912345678906", account="a", entries=[earn(2)])
    taken = central.push(till.message()).taken
    assert (taken.received, taken.head, taken.fresh) == (3, till.records[-1].hash, 3)
    assert bodies(central) == [record.body for record in till.records]
    with central.database.read() as connection:
        kept = connection.execute(select(attachments.c.salt, attachments.c.content)).all()
    assert [tuple(row) for row in kept] == [
        (record.attachment.salt, record.attachment.content)
        for record in till.records
        if record.attachment is not None
    ]


def test_a_card_is_in_no_body(central: Central, till: Till) -> None:
    till.sale(card="2912345678906", account="a", entries=[earn(2)])
    central.push(till.message())
    assert all(b"2912345678906" not in body for body in bodies(central))


def test_the_same_push_again_has_no_effect_and_tells_the_same(central: Central, till: Till) -> None:
    till.sale("a", [earn(2)], card="2912345678906")
    till.sale("a", [earn(3)], card="2912345678906")
    first = central.push(till.message())
    before = everything(central)
    again = central.push(till.message())
    assert again.taken.repeats == 2
    assert again.taken.fresh == 0
    assert (again.taken.received, again.taken.head) == (first.taken.received, first.taken.head)
    assert everything(central) == before


def test_what_follows_a_gap_is_not_received(central: Central, till: Till) -> None:
    for _ in range(5):
        till.sale()
    message = message_of(till, [WireRecord.of(till.records[at]) for at in (0, 1, 3, 4)])
    taken = central.push(message).taken
    assert (taken.received, taken.head, taken.stopped_by) == (2, till.records[1].hash, "gap")
    assert central.push(till.message(3)).taken.received == 5


def test_an_unknown_journal_begins_with_number_one(central: Central, till: Till) -> None:
    till.sale()
    till.sale()
    taken = central.push(till.message(2)).taken
    assert (taken.received, taken.head, taken.stopped_by) == (0, GENESIS, "gap")


@pytest.mark.parametrize(
    "change",
    [
        {"body": '{"v":1}'},
        {"hash": "ab" * 32},
        {"previous": "cd" * 32},
    ],
    ids=["changed body", "wrong hash", "wrong predecessor"],
)
def test_a_broken_link_is_not_received_and_is_listed(
    central: Central, till: Till, change: dict[str, str]
) -> None:
    for _ in range(3):
        till.sale()
    broken = WireRecord.of(till.records[1]).model_copy(update=change)
    message = message_of(
        till, [WireRecord.of(till.records[0]), broken, WireRecord.of(till.records[2])]
    )
    for times in (1, 2):
        taken = central.push(message).taken
        assert (taken.received, taken.stopped_by) == (1, "broken-chain")
        assert refused(central) == [(2, "broken-chain", times)]
    assert central.push(till.message()).taken.received == 3


def test_a_whole_foreign_chain_does_not_pass_as_a_continuation(
    central: Central, till: Till
) -> None:
    till.sale()
    central.push(till.message())
    foreign = Till(till.terminal, till.epoch)
    foreign.sale()
    foreign.sale()
    assert central.push(foreign.message(2)).taken.stopped_by == "broken-chain"


def test_other_content_under_a_received_number_is_a_conflict_and_changes_nothing(
    central: Central, till: Till
) -> None:
    till.sale("a", [earn(2)], card="2912345678906")
    till.sale()
    central.push(till.message())
    before = everything(central)
    clone = Till(till.terminal, till.epoch)
    clone.sale("a", [earn(500)], card="2912345678906")
    clone.sale()
    clone.sale()
    for times in (1, 2):
        taken = central.push(clone.message()).taken
        assert (taken.stopped_at, taken.received, taken.fresh) == (1, 2, 0)
        assert refused(central) == [(1, "record-differs", times)]
    assert everything(central) == before


def test_a_repeat_whose_bytes_are_not_those_of_its_hash_is_a_conflict(
    central: Central, till: Till
) -> None:
    till.sale()
    central.push(till.message())
    changed = WireRecord.of(till.records[0]).model_copy(update={"body": '{"v":1}'})
    assert central.push(message_of(till, [changed])).taken.stopped_at == 1


def test_a_terminal_with_a_new_database_begins_a_new_journal(central: Central, till: Till) -> None:
    till.sale()
    central.push(till.message())
    fresh = Till(till.terminal)
    fresh.sale()
    assert central.push(fresh.message()).taken.received == 1
    (terminal,) = [each for each in central.terminals.list() if each["terminal"] == "0412/03"]
    assert {epoch["epoch"]: epoch["received"] for epoch in terminal["epochs"]} == {
        till.epoch: 1,
        fresh.epoch: 1,
    }


def test_an_id_that_another_record_has_is_received_and_rejected(
    central: Central, till: Till, other_till: Till
) -> None:
    till.sale()
    central.push(till.message())
    other_till.sale()
    stolen = WireRecord.of(other_till.records[0]).model_copy(update={"id": till.records[0].id})
    other_till.sale()
    message = message_of(other_till, [stolen, WireRecord.of(other_till.records[1])])
    assert central.push(message).taken.received == 2
    assert states(central, "0412/04") == [(1, "rejected", "id-taken"), (2, "accepted", None)]


def test_a_terminal_cannot_fill_the_list_of_refusals(central: Central, till: Till) -> None:
    till.sale()
    central.push(till.message())
    with central.database.write() as connection:
        connection.execute(
            refusals.insert(),
            [
                {
                    "terminal": till.terminal,
                    "epoch": till.epoch,
                    "seq": 1,
                    "reason": "record-differs",
                    "hash": f"{n:064x}",
                    "record_id": "0" * 32,
                    "times": 1,
                    "first_at": "",
                    "last_at": "",
                }
                for n in range(REFUSALS_PER_TERMINAL_MAX)
            ],
        )
    clone = Till(till.terminal, till.epoch)
    clone.sale()
    assert central.push(clone.message()).taken.stopped_at == 1
    with central.database.read() as connection:
        assert len(connection.execute(select(refusals)).all()) == REFUSALS_PER_TERMINAL_MAX

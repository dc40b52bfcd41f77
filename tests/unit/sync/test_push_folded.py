"""A push to a central that keeps what it took long ago no more: nothing is an alarm, nothing is lost or done twice."""

from pathlib import Path

import pytest

from sync.errors import Folded
from sync.policy import Window
from sync.push import push
from sync.wire import RecordsAnswer, RecordsMessage
from tests.unit.sync.model_central import ModelCentral
from tests.unit.sync.real_till import EPOCH, RealTill

HELD = 8


def image(till: RealTill, central: ModelCentral, folder: Path) -> RealTill:
    """A till as it was when it had 5 records, of which central held 3; central holds 8 by now."""
    till.journal.record(3)
    push(central, till.journal, Window())
    till.journal.record(2)
    back = till.clone(folder)
    till.journal.record(HELD - 5)
    push(central, till.journal, Window())
    till.close()
    return back


def once_each(central: ModelCentral, count: int) -> bool:
    return len(central.effects) == count == len(set(central.effects))


@pytest.mark.parametrize(
    ("folded", "agreed"),
    [(3, 5), (4, 5), (5, 5), (6, 5), (8, 5)],
    ids=["before", "within", "just so", "past what we have", "everything"],
)
def test_a_till_that_was_put_back_goes_on_after_what_both_certainly_have(
    till: RealTill, central: ModelCentral, tmp_path: Path, folded: int, agreed: int
) -> None:
    back = image(till, central, tmp_path / "back")
    central.fold(EPOCH, folded)
    back.journal.record(2)
    result = push(central, back.journal, Window(), ask_first=True)
    assert (result.fault, result.received) == (None, 7)
    assert (back.journal.follows, back.journal.begins_after) == (EPOCH, agreed)
    assert once_each(central, HELD + 2)
    assert back.ledger.verify().faults == ()
    back.close()


def test_who_sends_again_what_was_folded_goes_on_from_where_central_is(
    till: RealTill, central: ModelCentral
) -> None:
    till.journal.record(5)
    push(central, till.journal, Window())
    till.ledger.mark_received(3, till.ledger.hash_at(3) or b"")
    central.fold(EPOCH, 4)
    till.journal.record(1)
    result = push(central, till.journal, Window())
    assert (result.fault, result.received, till.journal.epoch) == (None, 6, EPOCH)
    assert once_each(central, 6)


class Forgetful(ModelCentral):
    """Says of every record that it was folded, which no central does."""

    def send(self, message: RecordsMessage) -> RecordsAnswer:
        answer = super().send(message.model_copy(update={"records": ()}))
        for record in message.records:
            raise Folded("central answered 410 folded", record.seq, 1, bytes(32))
        return answer


def test_a_central_that_says_folded_of_everything_does_not_make_us_spin(till: RealTill) -> None:
    central = Forgetful()
    till.journal.record(3)
    result = push(central, till.journal, Window())
    assert isinstance(result.fault, Folded)
    assert (len(central.messages), result.received) == (3, 0)
    assert till.journal.epoch == EPOCH

"""A push over a real journal against the model of central."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.domain.record import BODY_BYTES_MAX
from sync.errors import (
    Busy,
    CentralError,
    Cloned,
    Conflict,
    ProtocolError,
    Stalled,
    Stopped,
    TooLarge,
    Unreachable,
)
from sync.policy import Window
from sync.push import push
from sync.wire import RECORDS_PER_PUSH_MAX, RecordsAnswer, RecordsMessage
from tests.unit.sync.model_central import ModelCentral
from tests.unit.sync.real_till import EPOCH, Journal, RealTill


class Troubled(ModelCentral):
    """A central whose answers go wrong in the order given: before or after the records were taken."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[CentralError | None] = []
        self.after: list[CentralError | None] = []
        self.limit = 10**9

    def send(self, message: RecordsMessage) -> RecordsAnswer:
        if len(message.records) > self.limit:
            raise TooLarge("central answered 413")
        if self.before and (error := self.before.pop(0)):
            raise error
        answer = super().send(message)
        if self.after and (error := self.after.pop(0)):
            raise error
        return answer


@pytest.fixture
def troubled() -> Troubled:
    return Troubled()


@pytest.fixture
def journal(till: RealTill) -> Journal:
    return till.journal


def once_each(central: ModelCentral, count: int) -> bool:
    """Whether so many records had one effect each."""
    return len(central.effects) == count == len(set(central.effects))


def test_nothing_waiting_asks_nothing_of_central(journal: Journal, central: ModelCentral) -> None:
    assert push(central, journal, Window()).moved == 0
    assert central.messages == []


def test_what_waits_is_sent_and_marked_and_its_states_are_left_to_the_pull(
    journal: Journal, central: ModelCentral
) -> None:
    journal.record(3)
    result = push(central, journal, Window())
    assert (result.moved, result.received, result.fault) == (3, 3, None)
    assert journal.received() == central.held(EPOCH) == 3
    assert journal.told == {}


def test_what_was_received_is_never_sent_again(journal: Journal, central: ModelCentral) -> None:
    journal.record(3)
    push(central, journal, Window())
    journal.record(2)
    push(central, journal, Window())
    push(central, journal, Window())
    assert central.messages == [3, 2]


def test_an_attachment_travels_with_its_record(journal: Journal, central: ModelCentral) -> None:
    seen: list[RecordsMessage] = []
    good = central.send

    def send(message: RecordsMessage) -> RecordsAnswer:
        seen.append(message)
        return good(message)

    central.send = send  # type: ignore[method-assign]
    journal.record(personal="Jansen")
    push(central, journal, Window())
    attachment = seen[0].records[0].attachment
    assert attachment is not None
    assert "Jansen" in attachment.content


def test_a_backlog_of_ten_thousand_goes_in_batches_and_never_stands_in_memory_whole(
    journal: Journal, central: ModelCentral
) -> None:
    journal.record(10_000, note="x" * 500)
    central.send = _forgetful  # type: ignore[method-assign]
    tracemalloc.start()
    result = push(central, journal, Window())
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.moved == 10_000
    assert journal.largest_batch == RECORDS_PER_PUSH_MAX
    assert len(journal.marks) == 20
    assert peak_bytes < 8_000_000, "all of it at once is some 20 MB"


def _forgetful(message: RecordsMessage) -> RecordsAnswer:
    """Take everything and remember nothing, so that only the till's memory is measured."""
    last = message.records[-1]
    return RecordsAnswer(received=last.seq, head=last.hash)


def test_large_records_make_small_batches(journal: Journal, central: ModelCentral) -> None:
    journal.record(8, note="x" * (BODY_BYTES_MAX // 2))
    push(central, journal, Window())
    assert central.messages == [3, 3, 2]


def test_progress_is_told_after_each_batch(journal: Journal, central: ModelCentral) -> None:
    journal.record(1_100)
    heard: list[int] = []
    push(central, journal, Window(), moved_on=heard.append)
    assert heard == [500, 1_000, 1_100]


@pytest.mark.parametrize("error", [Unreachable("cut"), Busy("500"), ProtocolError("html")])
def test_a_fault_ends_the_push_with_what_it_achieved(
    journal: Journal, troubled: Troubled, error: CentralError
) -> None:
    journal.record(1_200)
    troubled.before = [None, error]
    result = push(troubled, journal, Window())
    assert (result.moved, result.received, result.fault) == (500, 500, error)
    assert push(troubled, journal, Window()).fault is None
    assert once_each(troubled, 1_200)


def test_records_whose_answers_were_lost_have_one_effect(
    journal: Journal, troubled: Troubled
) -> None:
    journal.record(20)
    troubled.after = [Unreachable("answer lost")] * 7
    results = [push(troubled, journal, Window()) for _ in range(8)]
    assert [result.fault is None for result in results] == [False] * 7 + [True]
    assert journal.received() == 20
    assert once_each(troubled, 20)


def test_an_answer_that_is_ahead_of_us_is_believed(journal: Journal, troubled: Troubled) -> None:
    """500 were taken and the answer was lost; the repeated half of them finds all 500 there."""
    journal.record(600)
    troubled.after = [Unreachable("answer lost")]
    window = Window()
    assert push(troubled, journal, window).received == 0
    assert push(troubled, journal, window).moved == 600
    assert troubled.messages == [500, 250, 100]
    assert once_each(troubled, 600)


def test_a_suffix_that_was_not_taken_is_sent_again(journal: Journal, central: ModelCentral) -> None:
    journal.record(10)
    central.take_at_most = 4
    assert push(central, journal, Window()).moved == 10
    assert central.messages == [10, 6, 2]
    assert once_each(central, 10)


def test_a_central_that_takes_nothing_does_not_make_us_spin(
    journal: Journal, central: ModelCentral
) -> None:
    journal.record(10)
    central.take_at_most = 0
    result = push(central, journal, Window())
    assert isinstance(result.fault, Stalled)
    assert central.messages == [10]


def test_a_central_that_came_back_from_a_backup_gets_again_what_it_lost(
    journal: Journal, central: ModelCentral
) -> None:
    journal.record(10)
    push(central, journal, Window())
    central.restore(EPOCH, 6)
    result = push(central, journal, Window(), ask_first=True)
    assert (result.moved, result.received) == (4, 10)
    assert central.messages == [10, 0, 4]
    assert once_each(central, 10)


def test_a_batch_that_is_too_large_is_halved_until_it_fits(
    journal: Journal, troubled: Troubled
) -> None:
    journal.record(100)
    troubled.limit = 13
    window = Window()
    assert push(troubled, journal, window).moved == 100
    assert max(troubled.messages) <= 13
    assert once_each(troubled, 100)


def test_a_record_that_is_too_large_by_itself_is_named_and_what_stands_before_it_arrives(
    journal: Journal, troubled: Troubled
) -> None:
    journal.record(4)
    push(troubled, journal, Window())
    journal.record()
    troubled.limit = 0
    result = push(troubled, journal, Window())
    assert isinstance(result.fault, TooLarge)
    assert "record 5" in result.fault.detail
    assert result.received == 4


def test_what_stands_before_a_record_that_central_cannot_digest_arrives(
    journal: Journal, central: ModelCentral
) -> None:
    journal.record(100)
    good = central.send

    def send(message: RecordsMessage) -> RecordsAnswer:
        if any(record.seq == 61 for record in message.records):
            raise Busy("central answered 500")
        return good(message)

    central.send = send  # type: ignore[method-assign]
    window = Window()
    for _ in range(20):
        push(central, journal, window)
    assert journal.received() == 60


@pytest.fixture
def clone(till: RealTill, tmp_path: Path) -> Iterator[RealTill]:
    """A till from an image of this one's disk, made when both were empty."""
    clone = till.clone(tmp_path / "clone")
    yield clone
    clone.close()


def restored(till: RealTill, central: ModelCentral, folder: Path, mine: int = 0) -> RealTill:
    """A till that was put back to what central held at 3, of which it holds 5 by now, and then sold `mine` times."""
    till.journal.record(3)
    push(central, till.journal, Window())
    back = till.clone(folder)
    till.journal.record(2)
    push(central, till.journal, Window())
    till.close()
    back.journal.record(mine)
    return back


@pytest.mark.parametrize("mine", [0, 1, 2, 700])
def test_a_till_that_was_put_back_goes_on_in_a_new_epoch_and_loses_nothing(
    till: RealTill, central: ModelCentral, tmp_path: Path, mine: int
) -> None:
    back = restored(till, central, tmp_path / "back", mine)
    result = push(central, back.journal, Window(), ask_first=True)
    assert (result.fault, result.received) == (None, 3 + mine)
    assert back.journal.epoch != EPOCH
    assert (back.journal.follows, back.journal.begins_after) == (EPOCH, 3)
    assert once_each(central, 5 + mine)
    assert back.ledger.verify().faults == ()
    back.journal.record(2)
    assert push(central, back.journal, Window()).received == 5 + mine
    assert once_each(central, 7 + mine)
    back.close()


def test_the_new_epoch_is_kept_when_the_till_starts_again(
    till: RealTill, central: ModelCentral, tmp_path: Path
) -> None:
    back = restored(till, central, tmp_path / "back", 1)
    push(central, back.journal, Window(), ask_first=True)
    began = back.journal.epoch
    back.close()
    again = RealTill(tmp_path / "back")
    assert (again.journal.epoch, again.journal.begins_after) == (began, 3)
    assert again.ledger.is_own_epoch(EPOCH)
    again.journal.record(1)
    assert push(central, again.journal, Window(), ask_first=True).received == 5
    assert again.ledger.verify().faults == ()
    again.close()


def test_a_till_that_was_put_back_twice_begins_twice(
    till: RealTill, central: ModelCentral, tmp_path: Path
) -> None:
    back = restored(till, central, tmp_path / "back")
    second = back.clone(tmp_path / "second")
    push(central, back.journal, Window(), ask_first=True)
    back.journal.record(1)
    push(central, back.journal, Window())
    back.close()
    second.journal.record(1)
    assert push(central, second.journal, Window(), ask_first=True).fault is None
    assert (second.journal.follows, second.journal.begins_after) == (EPOCH, 3)
    assert once_each(central, 7)
    assert central.quarantined is None
    second.close()


def test_a_record_that_differs_in_mid_push_begins_a_new_epoch_too(
    journal: Journal, central: ModelCentral, clone: RealTill
) -> None:
    clone.journal.record(5)
    push(central, clone.journal, Window())
    journal.record(2)
    assert push(central, journal, Window()).fault is None
    assert (journal.begins_after, journal.received()) == (0, 2)
    assert once_each(central, 7)


def test_of_two_tills_with_one_identity_both_are_told_as_soon_as_both_were_heard(
    till: RealTill, central: ModelCentral, clone: RealTill
) -> None:
    till.journal.record(2)
    assert push(central, till.journal, Window()).fault is None
    clone.journal.record(1)
    assert push(central, clone.journal, Window()).fault is None
    till.journal.record(1)
    assert isinstance(push(central, till.journal, Window()).fault, Cloned)
    assert till.ledger.standing() == "cloned"
    clone.journal.record(1)
    assert isinstance(push(central, clone.journal, Window()).fault, Cloned)
    assert once_each(central, 5)
    central.quarantined = None
    central.chains[(till.journal.terminal, EPOCH)].closed_by = None
    assert push(central, till.journal, Window(), ask_first=True).fault is None
    assert till.ledger.standing() is None


def test_a_late_message_of_the_time_before_is_taken_and_contests_nothing(
    till: RealTill, central: ModelCentral, tmp_path: Path
) -> None:
    late: list[RecordsMessage] = []
    good = central.send

    def send(message: RecordsMessage) -> RecordsAnswer:
        late.append(message)
        return good(message)

    central.send = send  # type: ignore[method-assign]
    back = restored(till, central, tmp_path / "back", 1)
    before = list(late)
    push(central, back.journal, Window(), ask_first=True)
    for message in before:
        good(message)
    assert central.quarantined is None
    assert push(central, back.journal, Window(), ask_first=True).fault is None
    assert once_each(central, 6)
    back.close()


def test_a_conflict_that_names_no_record_is_a_fault(
    journal: Journal, central: ModelCentral
) -> None:
    journal.record(1)

    def send(message: RecordsMessage) -> RecordsAnswer:
        raise Conflict("central answered 409 other")

    central.send = send  # type: ignore[method-assign]
    assert isinstance(push(central, journal, Window()).fault, Conflict)
    assert journal.epoch == EPOCH


@pytest.mark.parametrize(
    "answer",
    [
        RecordsAnswer(received=1, head=None),
        RecordsAnswer(received=1, head="zz"),
        RecordsAnswer(received=1, head="ab"),
        RecordsAnswer(received=-1, head=None),
    ],
)
def test_a_position_without_a_good_hash_is_not_believed(
    journal: Journal, central: ModelCentral, answer: RecordsAnswer
) -> None:
    journal.record(1)
    central.send = lambda message: answer  # type: ignore[method-assign]  # noqa: ARG005
    assert isinstance(push(central, journal, Window()).fault, ProtocolError)
    assert journal.received() == 0


def test_being_stopped_does_not_count_against_the_line(
    journal: Journal, troubled: Troubled
) -> None:
    journal.record(100)
    troubled.before = [Stopped("told to stop")]
    window = Window()
    assert isinstance(push(troubled, journal, window).fault, Stopped)
    assert window.records == RECORDS_PER_PUSH_MAX

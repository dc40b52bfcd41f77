"""Terminals that were revoked, put back or copied, over real HTTP: what is taken, what is told, what waits."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import requests

from sync.identity import Identity, client_for, enrol
from sync.policy import Window
from sync.push import push
from sync.wire import RecordsAnswer, RecordsMessage
from tests.central import Running, Till, Wire, earn, message_of, running_central
from tests.unit.sync.real_till import RealTill

CARD = "2912345678906"
WAKES_WITHIN_S = 5
"""Central looks once a second for what another process wrote; who is not woken waits for 25."""

_numbers = count(1)


@pytest.fixture
def wire(running: Running) -> Wire:
    """A terminal of its own for every test."""
    return running.enrol("0415", f"{next(_numbers):02d}")


@pytest.fixture
def journal(wire: Wire) -> Till:
    """Two sales that central holds."""
    till = Till(wire.terminal)
    till.sale("ref-q1", [earn(5)], card=CARD)
    till.sale("ref-q1", [earn(2)], card=CARD)
    told(wire.push(till.message()))
    return till


def told(answer: requests.Response) -> RecordsAnswer:
    assert answer.status_code == 200, answer.text
    return RecordsAnswer.model_validate_json(answer.content)


def code_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def listed(running: Running, wire: Wire) -> dict[str, Any]:
    terminals = running.admin("GET", "/terminals").json()["terminals"]
    (found,) = [each for each in terminals if each["terminal"] == wire.terminal]
    return dict(found)


def begun_after(journal: Till, agreed: int) -> Till:
    """The journal of the same till in a new epoch."""
    return Till(journal.terminal, records=journal.records[:agreed])


def opening(till: Till, **more: Any) -> RecordsMessage:
    return message_of(till, []).model_copy(update=more)


def test_a_revoked_terminal_uploads_into_quarantine_and_is_told_nothing_else(
    running: Running, wire: Wire, journal: Till
) -> None:
    store, till = wire.terminal.split("/")
    running.admin("DELETE", f"/terminals/{store}/{till}")
    journal.sale("ref-q1", [earn(100)], card=CARD)
    answer = told(wire.push(journal.message(3)))
    assert (answer.received, answer.quarantined) == (3, "revoked")
    assert [(each.state, each.code) for each in answer.states] == [("parked", "quarantined")]
    assert code_of(wire.changes(epoch=journal.epoch)) == (403, "revoked")
    assert listed(running, wire)["laid_aside"] == 1
    released = running.admin("POST", f"/terminals/{store}/{till}/release").json()
    assert released["posted"] == {"accepted": 1}
    assert listed(running, wire)["laid_aside"] == 0


def test_a_machine_that_was_replaced_closes_nothing_of_the_new_one(
    running: Running, wire: Wire, journal: Till
) -> None:
    new = running.enrol(*wire.terminal.split("/"))
    fresh = Till(wire.terminal)
    assert told(new.push(opening(fresh))).quarantined is None
    closed = told(wire.push(opening(journal, contests=fresh.epoch)))
    assert (closed.closed_by, closed.quarantined) == (fresh.epoch, "revoked")
    assert told(wire.push(opening(Till(wire.terminal)))).quarantined == "revoked"
    answer = told(new.push(opening(fresh)))
    assert (answer.closed_by, answer.quarantined) == (None, None)


def test_a_new_epoch_closes_the_one_before_and_goes_on_with_its_numbers(
    running: Running, wire: Wire, journal: Till
) -> None:
    journal.give_back(None)
    told(wire.push(journal.message(3)))
    again = begun_after(journal, 3)
    answer = told(wire.push(opening(again, begins_after=3, follows=journal.epoch)))
    assert (answer.received, answer.head, answer.closed_by) == (3, "00" * 32, None)
    assert told(wire.push(message_of(journal, []))).closed_by == again.epoch
    changes = wire.changes(epoch=again.epoch).json()
    assert (changes["received"], changes["applied_seq"]) == (3, 3)
    assert [(each["seq"], each["state"]) for each in changes["states"]] == [(3, "parked")]
    assert wire.changes(epoch=journal.epoch).json()["closed_by"] == again.epoch
    states = {each["epoch"]: each["closed_by"] for each in listed(running, wire)["epochs"]}
    assert states == {again.epoch: None, journal.epoch: again.epoch}


def test_two_machines_are_named_and_laid_aside_until_somebody_has_looked(
    running: Running, wire: Wire, journal: Till
) -> None:
    copy = begun_after(journal, 1)
    told(wire.push(opening(copy, begins_after=1, follows=journal.epoch)))
    assert told(wire.push(opening(journal, contests="0" * 32))).quarantined is None
    assert told(wire.push(opening(journal, contests=copy.epoch))).quarantined == "cloned"
    journal.sale("ref-q1", [earn(9)], card=CARD)
    assert told(wire.push(journal.message(3))).states[0].code == "quarantined"
    assert told(wire.push(opening(copy))).quarantined == "cloned"
    assert code_of(wire.changes(epoch=journal.epoch)) == (403, "cloned")
    assert listed(running, wire)["state"] == "two machines"
    store, till = wire.terminal.split("/")
    assert running.admin("POST", f"/terminals/{store}/{till}/release").status_code == 200
    assert wire.changes(epoch=journal.epoch).status_code == 200
    assert told(wire.push(opening(journal))).closed_by is None


@pytest.fixture
def copy(wire: Wire, journal: Till) -> Till:
    """The journal of a second machine from one disk, in its epoch; the first one has contested that."""
    copy = Till(journal.terminal)
    told(wire.push(opening(copy, follows=journal.epoch)))
    assert told(wire.push(opening(journal, contests=copy.epoch))).quarantined == "cloned"
    return copy


def as_a_till(wire: Wire, till: Till, first: int = 1) -> RecordsAnswer:
    """Send what there is, and contest if the epoch was closed, as `sync.push` does."""
    answer = told(wire.push(till.message(first) if till.records[first - 1 :] else opening(till)))
    if answer.closed_by is not None and answer.quarantined is None:
        return told(wire.push(opening(till, contests=answer.closed_by)))
    return answer


def release(running: Running, wire: Wire) -> dict[str, int]:
    store, till = wire.terminal.split("/")
    answer = running.admin("POST", f"/terminals/{store}/{till}/release")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["posted"])


@pytest.mark.parametrize("enrolled", ["the original", "the copy"])
def test_enrolling_one_of_two_machines_again_ends_the_quarantine_and_the_other_one(
    running: Running, wire: Wire, journal: Till, copy: Till, enrolled: str
) -> None:
    journal.sale("ref-q1", [earn(9)], card=CARD)
    copy.sale("ref-q1", [earn(11)], card=CARD)
    for each, first in ((journal, 3), (copy, 1)):
        assert as_a_till(wire, each, first).quarantined == "cloned"
    kept, other, ours = (journal, copy, 4) if enrolled == "the original" else (copy, journal, 2)
    new = running.enrol(*wire.terminal.split("/"))
    kept.sale("ref-q1", [earn(13)], card=CARD)
    other.sale("ref-q1", [earn(17)], card=CARD)
    for _ in range(2):
        answer = as_a_till(new, kept, ours)
        assert (answer.closed_by, answer.quarantined) == (None, None)
        assert [each.state for each in answer.states] == ["accepted"]
        late = as_a_till(wire, other, len(other.records))
        assert (late.quarantined, [each.code for each in late.states]) == (
            "revoked",
            ["quarantined"],
        )
    assert new.changes(epoch=kept.epoch).status_code == 200
    assert code_of(wire.changes(epoch=other.epoch)) == (403, "revoked")
    now = listed(running, wire)
    assert (now["state"], now["laid_aside"]) == ("enrolled", 3)
    assert release(running, wire) == {"accepted": 3}
    assert as_a_till(new, kept, ours).quarantined is None
    assert as_a_till(wire, other, len(other.records)).quarantined == "revoked"
    assert listed(running, wire)["state"] == "enrolled"


def test_enrolling_the_machine_that_was_not_heard_yet_leaves_nothing_to_contest(
    running: Running, wire: Wire, journal: Till
) -> None:
    """The copy began an epoch; the original was off, and is enrolled anew before it hears of that."""
    copy = Till(journal.terminal)
    told(wire.push(opening(copy, follows=journal.epoch)))
    new = running.enrol(*wire.terminal.split("/"))
    assert as_a_till(new, journal).quarantined is None
    assert as_a_till(wire, copy).quarantined == "revoked"
    assert listed(running, wire)["state"] == "enrolled"


@pytest.mark.parametrize("first", ["the original", "the copy"])
def test_two_machines_that_go_on_after_a_release_are_found_out_again(
    running: Running, wire: Wire, journal: Till, copy: Till, first: str
) -> None:
    release(running, wire)
    one, other = (journal, copy) if first == "the original" else (copy, journal)
    after = wire.changes(epoch=one.epoch).json()
    assert as_a_till(wire, one, len(one.records) + 1).quarantined is None
    heard = wire.changes(
        epoch=other.epoch, after=after["next"], instance=after["instance"], wait=20
    )
    assert heard.json()["closed_by"] == one.epoch  # an idle one hears of it, too
    assert as_a_till(wire, other, len(other.records) + 1).quarantined == "cloned"
    assert listed(running, wire)["state"] == "two machines"


@pytest.mark.parametrize("stays", ["the original", "the copy"])
def test_after_a_release_whichever_machine_stays_goes_on(
    running: Running, wire: Wire, journal: Till, copy: Till, stays: str
) -> None:
    till = journal if stays == "the original" else copy
    till.sale("ref-q1", [earn(9)], card=CARD)
    first = len(till.records)
    assert as_a_till(wire, till, first).quarantined == "cloned"
    assert release(running, wire) == {"accepted": 1}
    for _ in range(3):
        answer = as_a_till(wire, till, first)
        assert (answer.closed_by, answer.quarantined) == (None, None)
        till.sale("ref-q1", [earn(1)], card=CARD)
    (still_open,) = [each for each in listed(running, wire)["epochs"] if not each["closed_by"]]
    assert still_open["epoch"] == till.epoch


def waiting(
    wire: Wire, journal: Till, act: Callable[[], object]
) -> tuple[requests.Response, float]:
    """The answer to who waits for changes while somebody acts, and how long after that it came (seconds)."""
    now = wire.changes(epoch=journal.epoch).json()
    query = {"after": now["next"], "instance": now["instance"], "epoch": journal.epoch}
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(lambda: wire.changes(**query, wait=25))
        sleep(1)
        assert not asked.done()
        act()
        began = monotonic()
        return asked.result(), monotonic() - began


def test_who_is_revoked_while_it_waits_is_told_nothing_more(
    running: Running, wire: Wire, journal: Till
) -> None:
    store, till = wire.terminal.split("/")
    others = running.enrol(store, f"{till}-other")
    other = Till(others.terminal)
    other.sale("ref-q9", [earn(7)], card="2912345678913")

    def act() -> None:
        running.admin("DELETE", f"/terminals/{store}/{till}")
        told(others.push(other.message()))

    answer, took_s = waiting(wire, journal, act)
    assert code_of(answer) == (403, "revoked")
    assert took_s < WAKES_WITHIN_S


def test_who_is_replaced_while_it_waits_is_told_so_at_once(
    running: Running, wire: Wire, journal: Till
) -> None:
    answer, took_s = waiting(wire, journal, lambda: running.enrol(*wire.terminal.split("/")))
    assert code_of(answer) == (403, "revoked")
    assert took_s < WAKES_WITHIN_S


def test_a_quarantine_that_begins_while_one_waits_is_told_at_once(
    running: Running, wire: Wire, journal: Till
) -> None:
    copy = begun_after(journal, 1)
    told(wire.push(opening(copy, begins_after=1, follows=journal.epoch)))
    answer, took_s = waiting(
        wire, copy, lambda: told(wire.push(opening(journal, contests=copy.epoch)))
    )
    assert code_of(answer) == (403, "cloned")
    assert took_s < WAKES_WITHIN_S


def test_what_is_laid_aside_and_was_accepted_before_is_not_on_its_way_any_more(
    running: Running, wire: Wire, journal: Till
) -> None:
    """Of two machines one goes on in a new epoch with all it had, and then it was enrolled again."""
    copy = Till(journal.terminal)
    told(wire.push(opening(copy, begins_after=0, follows=journal.epoch)))
    assert told(wire.push(opening(journal, contests=copy.epoch))).quarantined == "cloned"
    for record in journal.records:
        copy.tell_again(record)
    new = copy.sale("ref-q1", [earn(100)], card=CARD)
    states = told(wire.push(copy.message())).states
    assert [(each.seq, each.code) for each in states] == [(n, "quarantined") for n in (1, 2, 3)]
    kept = running.enrol(*wire.terminal.split("/"))
    assert told(kept.push(opening(copy))).quarantined is None
    changes = kept.changes(epoch=copy.epoch).json()
    assert (changes["applied_seq"], changes["parked"]) == (3, [new.seq])
    store, till = wire.terminal.split("/")
    released = running.admin("POST", f"/terminals/{store}/{till}/release").json()
    assert released["posted"] == {"duplicate": 2, "accepted": 1}
    assert kept.changes(epoch=copy.epoch).json()["parked"] == []


def test_an_epoch_that_begins_after_more_than_central_holds_is_taken_and_listed(
    running: Running, wire: Wire, journal: Till
) -> None:
    again = begun_after(journal, 2)
    told(wire.push(opening(again, begins_after=7, follows=journal.epoch)))
    not_taken = running.admin("GET", "/refused").json()["not_taken"]
    assert ("epoch-gap", 7) in [
        (each["reason"], each["seq"]) for each in not_taken if each["terminal"] == wire.terminal
    ]


def test_a_release_of_a_terminal_that_is_not_there_is_said_so(running: Running) -> None:
    assert running.admin("POST", "/terminals/0415/none/release").status_code == 404


def test_what_a_stolen_till_sends_is_given_up_as_a_whole(
    running: Running, wire: Wire, journal: Till
) -> None:
    store, till = wire.terminal.split("/")
    running.admin("DELETE", f"/terminals/{store}/{till}")
    for _ in range(3):
        journal.sale("ref-q1", [earn(100)], card=CARD)
    told(wire.push(journal.message(3)))
    answer = running.admin(
        "POST", f"/terminals/{store}/{till}/give-up", json={"reason": "the till was stolen"}
    )
    assert answer.json() == {"terminal": wire.terminal, "given_up": 3}
    assert listed(running, wire)["laid_aside"] == 0
    states = told(wire.push(journal.message(3))).states
    assert {(each.state, each.code) for each in states} == {("rejected", "given-up")}
    assert running.admin("POST", f"/terminals/{store}/{till}/release").json()["posted"] == {}


@contextmanager
def two_tills(folder: Path, place: Running) -> Iterator[tuple[Identity, RealTill, RealTill]]:
    """A real till and a second machine on a copy of its disk, both found out; each has a sale laid aside."""
    identity = enrolled_at(place)
    till = RealTill(folder / "till")
    till.journal.record(2)
    assert pushed(identity, till) == (2, None)
    copy = till.clone(folder / "copy")
    till.journal.record(1)
    assert pushed(identity, till) == (3, None)
    copy.journal.record(1)
    assert pushed(identity, copy) == (3, None)
    assert pushed(identity, till) == (3, "cloned")
    for each in (till, copy):
        each.journal.record(1)
        assert pushed(identity, each) == (4, "cloned")
    yield identity, till, copy
    till.close()
    copy.close()


def enrolled_at(place: Running) -> Identity:
    code = place.admin("POST", "/terminals", json={"store": "0412", "till": "03"}).json()["code"]
    return enrol(place.url, code, "0412", "03")


def pushed(identity: Identity, till: RealTill) -> tuple[int, str | None]:
    """Up to where central holds the journal after a push of a till that was just started, and why it lays that
    aside."""
    with closing(client_for(identity)) as client:
        result = push(client, till.journal, Window(), ask_first=True)
    return result.received, None if result.fault is None else result.fault.code


@pytest.mark.parametrize("enrolled", ["the original", "the copy"])
def test_of_two_real_tills_the_one_that_is_enrolled_anew_goes_on_and_the_other_does_not(
    tmp_path: Path, enrolled: str
) -> None:
    with (
        running_central(tmp_path / "central") as place,
        two_tills(tmp_path, place) as (old, till, copy),
    ):
        place.publish()
        new = enrolled_at(place)
        kept, other = (till, copy) if enrolled == "the original" else (copy, till)
        for _ in range(2):
            kept.journal.record(1)
            other.journal.record(1)
            last = kept.journal.last_seq()
            assert pushed(new, kept) == (last, None)
            assert pushed(old, other) == (last, "revoked")
        assert kept.ledger.epoch != other.ledger.epoch
        (listed,) = place.admin("GET", "/terminals").json()["terminals"]
        # One of each from before, and the two that the other one had since.
        assert (listed["state"], listed["laid_aside"]) == ("enrolled", 4)


@pytest.mark.parametrize("stays", ["the original", "the copy", "both"])
def test_of_two_real_tills_that_are_released_whichever_stays_goes_on_and_both_do_not(
    tmp_path: Path, stays: str
) -> None:
    with (
        running_central(tmp_path / "central") as place,
        two_tills(tmp_path, place) as (identity, till, copy),
    ):
        place.publish()
        answer = place.admin("POST", "/terminals/0412/03/release")
        assert sum(answer.json()["posted"].values()) == 2
        for each in {"the original": [till], "the copy": [copy]}.get(stays, [till]):
            for seq in (5, 6):
                each.journal.record(1)
                assert pushed(identity, each) == (seq, None)
        if stays == "both":
            copy.journal.record(1)
            assert pushed(identity, copy)[1] == "cloned"

"""Terminals that were revoked, put back or copied, over real HTTP: what is taken, what is told, what waits."""

from itertools import count
from typing import Any

import pytest
import requests

from sync.wire import RecordsAnswer, RecordsMessage
from tests.central import Running, Till, Wire, earn, message_of

CARD = "2912345678906"
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


def test_enrolling_one_of_two_machines_again_ends_the_quarantine_of_the_other_name(
    running: Running, wire: Wire, journal: Till
) -> None:
    copy = begun_after(journal, 1)
    told(wire.push(opening(copy, begins_after=1, follows=journal.epoch)))
    told(wire.push(opening(journal, contests=copy.epoch)))
    kept = running.enrol(*wire.terminal.split("/"))
    assert told(kept.push(opening(copy))).quarantined is None
    assert told(wire.push(opening(journal))).quarantined == "revoked"


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

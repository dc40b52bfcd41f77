"""Answers are kept, low ones open a case, and a case is open until somebody did something about it."""

from typing import Any

import pytest

from edge_agent.domain.record import RecordKind
from sync.central.central import Central
from sync.central.feedback import CaseChange
from sync.central.problems import Problem
from tests.central import Till
from tests.integration.central.looking import states

CARD = "2912345678906"


def answer(
    till: Till,
    value: int | str,
    ref: str | None = "ref-1",
    text: str | None = None,
    *,
    case: bool = False,
) -> None:
    attached: dict[str, Any] = {}
    if ref is not None:
        attached["card"] = {"code": CARD, "entry": "scanned"}
    if text is not None:
        attached["text"] = text
    names = {"answer_id": f"a-{len(till.records)}", "question": "recommend", "value": value}
    till.act(RecordKind.ANSWER, names | ({"case": True} if case else {}), ref, (), attached)


def test_answers_are_counted_per_question(central: Central, till: Till) -> None:
    for value in (9, 9, 3, "yes"):
        answer(till, value)
    answer(till, 9, ref=None)
    central.push(till.message())
    central.push(till.message())
    (report,) = central.feedback.answers()
    assert report["question"] == "recommend"
    assert {each["value"]: each["times"] for each in report["values"]} == {9: 3, 3: 1, "yes": 1}


def test_a_low_score_opens_a_case_with_who_and_how_to_reach_them(
    central: Central, till: Till
) -> None:
    header = "card,member_id,display_name,email,channel\n"
    central.member_import.run([header, f"{CARD},M1,Anneke,anneke@example.nl,e-mail\n"])
    answer(till, 9)
    answer(till, 3, text="Te lang gewacht", case=True)
    central.push(till.message())
    (case,) = central.feedback.cases()
    assert (case["question"], case["value"], case["text"], case["state"]) == (
        "recommend",
        3,
        "Te lang gewacht",
        "open",
    )
    assert case["member"] == {
        "id": "M1",
        "display_name": "Anneke",
        "channel": "e-mail",
        "email": "anneke@example.nl",
        "phone": None,
    }


def test_a_case_is_closed_with_what_was_done_and_opened_by_another_note(
    central: Central, till: Till
) -> None:
    answer(till, 2, case=True)
    central.push(till.message())
    number = central.feedback.cases()[0]["id"]
    central.feedback.change(number, CaseChange(note="gebeld, geen gehoor"))
    assert [each["id"] for each in central.feedback.cases()] == [number]
    done = central.feedback.change(number, CaseChange(note="opgelost", close=True))
    assert [each["text"] for each in done["notes"]] == ["gebeld, geen gehoor", "opgelost"]
    assert central.feedback.cases() == []
    assert [each["id"] for each in central.feedback.cases(closed=True)] == [number]
    central.feedback.change(number, CaseChange(note="belt terug"))
    assert central.feedback.case(number)["state"] == "open"


def test_there_is_no_case_that_nobody_opened(central: Central) -> None:
    with pytest.raises(Problem, match="case"):
        central.feedback.change(1, CaseChange(note="x"))


def test_a_payment_card_is_kept_neither_in_an_answer_nor_in_a_note(
    central: Central, till: Till
) -> None:
    answer(till, 2, text="mijn pas 4111111111111111", case=True)
    central.push(till.message())
    assert states(central) == [(1, "accepted", None)]
    (case,) = central.feedback.cases()
    assert case["text"] is None
    with pytest.raises(Problem, match="payment card"):
        central.feedback.change(case["id"], CaseChange(note="pas 4111 1111 1111 1111"))


def test_an_answer_of_nobody_may_open_a_case_too(central: Central, till: Till) -> None:
    answer(till, 1, ref=None, case=True)
    central.push(till.message())
    (case,) = central.feedback.cases()
    assert case["member"] is None

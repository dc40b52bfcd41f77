"""Acts without a sale: recorded once, with what they give, in the form that central takes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.errors import ActDiffers, Invalid, Refused, UnknownSale
from edge_agent.till.present import AT_TILL
from edge_agent.till.without_sale import Answering, Enrolling, Reported
from sync.central.bodies import Envelope, read_body
from sync.central.personal import read_attachment
from tests.tills import AT, JAN, JAN_REF, STRANGER, Shop, jan, open_shop, sale, scanned
from tests.unit.domain.builders import BASE, HEAD

RULES = (
    BASE
    + """
[[action]]
id = "review"
title = "een recensie"
gives = [{ unit = "points", quantity = 25 }]
limits = [{ times = 1, per = "day" }]
beyond = "refused"
[[action]]
id = "check-in"
title = "ingecheckt"
gives = [{ unit = "points", quantity = 5 }]
limits = [{ times = 1, per = "day" }]
[[action]]
id = "welcome"
title = "welkom"
happens = "enrolment"
gives = [{ unit = "points", quantity = 100 }]
[[question]]
id = "recommend"
text = "Zou u ons aanraden?"
opens_case_at_most = 6
gives = [{ unit = "points", quantity = 5 }]
[[offer]]
id = "cheese"
title = "kaas"
how = "activated"
off = { percent = 20 }
"""
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = open_shop(tmp_path)
    opened.shelf.offer(HEAD.replace("version = 1", "version = 9") + RULES, "acts", AT)
    opened.confirm(jan())
    yield opened
    opened.close()


def body(shop: Shop, seq: int = 1) -> dict[str, Any]:
    """What a record says, once central's own reading of it and of its attachment has taken it."""
    (record,) = shop.ledger.records(seq - 1, 1)
    envelope = Envelope(shop.ledger.terminal, shop.ledger.epoch, seq, record.id)
    read_attachment(read_body(record.body, envelope), record.attachment)
    found: dict[str, Any] = json.loads(record.body)
    return found


def test_an_action_gives_what_the_programme_says_and_is_recorded_once(shop: Shop) -> None:
    review = Reported("A1", scanned(JAN), "review")
    first = shop.till.report(review)
    again = shop.till.report(review)
    assert (first.first, again.first, again.text) == (True, False, first.text)
    assert first.result["earned"] == {"points": 25}
    assert first.result["balance"]["points"]["unconfirmed"] == 25
    assert body(shop)["action"] == {"action_id": "A1", "action": "review", "times": 1}
    assert shop.ledger.head.seq == 1


def test_beyond_its_limit_it_is_refused_with_the_reason(shop: Shop) -> None:
    shop.till.report(Reported("A1", scanned(JAN), "review"))
    with pytest.raises(Refused):
        shop.till.report(Reported("A2", scanned(JAN), "review"))
    assert shop.ledger.head.seq == 1


def test_beyond_a_limit_that_drops_it_is_taken_and_gives_nothing(shop: Shop) -> None:
    for act_id, points in (("A1", 5), ("A2", 0)):
        answer = shop.till.report(Reported(act_id, scanned(JAN), "check-in"))
        assert answer.result["earned"] == {"points": points}
    assert body(shop, 2)["notes"] == {"check-in": "dropped"}


@pytest.mark.parametrize(
    "other",
    [Reported("A1", scanned(STRANGER), "review"), Reported("A1", scanned(JAN), "review", 2)],
)
def test_another_act_under_the_same_id_is_refused(shop: Shop, other: Reported) -> None:
    shop.till.report(Reported("A1", scanned(JAN), "review"))
    with pytest.raises(ActDiffers):
        shop.till.report(other)


def test_an_action_that_is_not_in_the_programme_is_named(shop: Shop) -> None:
    with pytest.raises(Invalid) as caught:
        shop.till.report(Reported("A1", scanned(JAN), "dance"))
    assert [each.path for each in caught.value.fields] == ["action"]


def test_an_offer_that_was_activated_applies_from_then_on(shop: Shop) -> None:
    before = shop.till.identify(scanned(JAN)).shown["offers"]
    assert [(each["id"], each["active"]) for each in before] == [("cheese", False)]
    shop.till.report(Reported("A1", scanned(JAN), "activate/cheese"))
    after = shop.till.identify(scanned(JAN)).shown["offers"]
    assert [(each["id"], each["active"]) for each in after] == [("cheese", True)]


def test_a_low_score_opens_a_case_and_an_answer_gives_once(shop: Shop) -> None:
    first = shop.till.answer(Answering("Q1", "recommend", 3, scanned(JAN)))
    assert first.result["earned"] == {"points": 5}
    assert body(shop)["answer"] == {
        "answer_id": "Q1", "question": "recommend", "value": 3, "case": True,
    }  # fmt: skip
    assert shop.till.answer(Answering("Q2", "recommend", 9, scanned(JAN))).result["earned"] == {
        "points": 0
    }
    assert "case" not in body(shop, 2)["answer"]


def test_an_answer_without_a_card_is_kept_and_gives_nothing(shop: Shop) -> None:
    result = shop.till.answer(Answering("Q1", "recommend", 9)).result
    assert (result["earned"], result["balance"]) == ({"points": 0}, None)
    assert body(shop)["facts"] is None


@pytest.mark.parametrize(
    ("question", "value", "path"), [("other", 9, "question"), ("recommend", 11, "value")]
)
def test_what_is_no_question_or_no_answer_to_it_is_named(
    shop: Shop, question: str, value: int, path: str
) -> None:
    with pytest.raises(Invalid) as caught:
        shop.till.answer(Answering("Q1", question, value))
    assert [each.path for each in caught.value.fields] == [path]


JANE = {"display_name": "Jane", "email": "jane@example.com", "birthday": "1990-02-28"}
CONSENT = {"purpose": "e-mail", "version": "2026-01", "given": True}


def enrolling(member_id: str = "M1", code: str | None = STRANGER, **more: Any) -> Enrolling:
    card = None if code is None else scanned(code)
    return Enrolling(member_id, card, JANE, (CONSENT,), **more)


def test_who_enrols_is_provisional_and_has_what_enrolment_gives(shop: Shop) -> None:
    result = shop.till.enrol(enrolling()).result
    assert (result["standing"], result["earned"]) == ("unknown", {"points": 100})
    said = body(shop)
    assert said["member"] == {"member_id": "M1", "consents": [CONSENT]}
    (record,) = shop.ledger.records(0, 1)
    for personal in (b"Jane", b"jane@example.com", b"1990", STRANGER.encode()):
        assert personal not in record.body
    assert record.attachment is not None
    assert json.loads(record.attachment.content)["profile"] == JANE


def test_without_a_card_there_is_an_account_all_the_same(shop: Shop) -> None:
    assert shop.till.enrol(enrolling(code=None)).result["earned"] == {"points": 100}
    assert body(shop)["facts"]["account"]


def test_who_referred_them_is_recorded_by_ref(shop: Shop) -> None:
    shop.till.enrol(enrolling(referred_by=scanned(JAN)))
    assert body(shop)["member"]["referred_by"] == JAN_REF


def test_a_card_that_is_a_members_already_enrols_nobody(shop: Shop) -> None:
    with pytest.raises(Refused):
        shop.till.enrol(enrolling(code=JAN))
    assert shop.ledger.head.seq == 0


def test_after_a_restart_the_same_enrolment_is_answered_the_same(shop: Shop) -> None:
    first = shop.till.enrol(enrolling())
    shop.close()
    reopened = open_shop(shop.data)
    assert reopened.till.enrol(enrolling()).text == first.text
    reopened.close()


def test_an_answer_after_a_sale_is_its_buyers_though_their_card_has_gone(shop: Shop) -> None:
    shop.till.identify(scanned(JAN))
    shop.till.sell(sale("S", card=None, from_till=True))
    with pytest.raises(Refused, match="niemand aan de kassa"):
        shop.till.answer(Answering("Q0", "recommend", 9, AT_TILL))

    result = shop.till.answer(Answering("Q1", "recommend", 9, sale_id="S")).result
    assert result["earned"] == {"points": 5}
    assert body(shop, 2)["facts"]["account"] == JAN_REF


def test_an_answer_after_a_sale_without_a_card_is_kept_and_gives_nothing(shop: Shop) -> None:
    shop.till.sell(sale("S", card=None))
    assert shop.till.answer(Answering("Q1", "recommend", 9, sale_id="S")).result["earned"] == {
        "points": 0
    }
    with pytest.raises(UnknownSale):
        shop.till.answer(Answering("Q2", "recommend", 9, sale_id="another"))


def test_whoever_is_at_the_till_is_shown_again_after_an_act_of_theirs(shop: Shop) -> None:
    shop.till.identify(scanned(JAN))
    shop.till.report(Reported("A1", AT_TILL, "activate/cheese"))
    views = [data for kind, data in shop.heard.events if kind == "member"]
    assert [view["offers"][0]["active"] for view in views] == [False, True]


TERMS = """
[[consent]]
purpose = "terms"
version = "2026-01"
text = "Ik ga akkoord."
required = true
"""


def test_without_what_is_required_nobody_is_enrolled(shop: Shop) -> None:
    shop.shelf.offer(HEAD.replace("version = 1", "version = 10") + RULES + TERMS, "terms", AT)
    (asked,) = shop.till.enrolment()["consents"]
    assert (asked["purpose"], asked["version"], asked["required"]) == ("terms", "2026-01", True)

    declined = {"purpose": "terms", "version": "2026-01", "given": False}
    for consents in ((), (declined,), ({**declined, "purpose": "other", "given": True},)):
        with pytest.raises(Invalid):
            shop.till.enrol(Enrolling("M", None, {}, consents))
    assert shop.ledger.head.seq == 0

    agreed = {**declined, "given": True}
    shop.till.enrol(Enrolling("M", None, {}, (agreed,)))
    assert body(shop)["member"]["consents"] == [agreed]


def test_whoever_is_at_the_till_with_a_new_card_enrols_with_it(shop: Shop) -> None:
    shop.till.identify(scanned(STRANGER))
    result = shop.till.enrol(Enrolling("M", AT_TILL, {"display_name": "Nieuw"})).result
    assert (result["card"], result["earned"]) == ("*********0001", {"points": 100})

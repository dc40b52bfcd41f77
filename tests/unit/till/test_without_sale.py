"""Acts without a sale: recorded once, with what they give, in the form that central takes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.basket import EntryMode, PresentedCard
from edge_agent.domain.programme.consents import Consent
from edge_agent.errors import (
    ActionDiffers,
    AnswerDiffers,
    ConsentDiffers,
    Invalid,
    Refused,
    UnknownSale,
)
from edge_agent.till.present import AT_TILL
from edge_agent.till.without_sale import Answering, Consenting, Enrolling, Reported
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
[[consent]]
purpose = "terms"
version = "7"
required = true
text = "Ik ga akkoord met de voorwaarden."
[[consent]]
purpose = "e-mail"
version = "2026-01"
text = "Stuur mij aanbiedingen."
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


def test_enrolment_is_no_action_that_can_be_reported(shop: Shop) -> None:
    with pytest.raises(Invalid) as caught:
        shop.till.report(Reported("A1", scanned(STRANGER), "enrolment"))
    assert [field.path for field in caught.value.fields] == ["action"]
    assert shop.ledger.head.seq == 0


def test_what_there_is_not_is_not_repeated(shop: Shop) -> None:
    with pytest.raises(Invalid) as action:
        shop.till.report(Reported("A1", scanned(JAN), JAN))
    with pytest.raises(Invalid) as question:
        shop.till.answer(Answering("A1", JAN, 9))
    assert JAN not in repr((action.value.fields, question.value.fields))


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
    with pytest.raises(ActionDiffers):
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
CONSENT = Consent("e-mail", "2026-01")
TERMS = Consent("terms", "7")


def enrolling(member_id: str = "M1", code: str | None = STRANGER, **more: Any) -> Enrolling:
    card = None if code is None else scanned(code)
    return Enrolling(member_id, card, JANE, more.pop("consents", (TERMS, CONSENT)), **more)


def test_who_enrols_is_provisional_and_has_what_enrolment_gives(shop: Shop) -> None:
    result = shop.till.enrol(enrolling()).result
    assert (result["standing"], result["earned"]) == ("unknown", {"points": 100})
    said = body(shop)
    assert said["member"] == {
        "member_id": "M1",
        "consents": [
            {"purpose": "terms", "version": "7", "given": True},
            {"purpose": "e-mail", "version": "2026-01", "given": True},
        ],
    }
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


def test_a_card_that_somebody_enrolled_with_here_enrols_nobody_else(shop: Shop) -> None:
    shop.till.enrol(enrolling())
    with pytest.raises(Refused):
        shop.till.enrol(enrolling("M2"))
    assert shop.ledger.head.seq == 1


def test_a_card_that_only_earned_so_far_can_enrol(shop: Shop) -> None:
    shop.till.sell(sale("S1", card=STRANGER))
    assert shop.till.enrol(enrolling()).result["balance"]["points"]["unconfirmed"] == 102


@pytest.mark.parametrize(
    ("consents", "wrong"),
    [
        ((CONSENT,), ["consents"]),
        ((TERMS._replace(given=False),), ["consents"]),
        ((TERMS, CONSENT._replace(version="2025-01")), ["consents.1.version"]),
        ((TERMS, Consent("post", "1")), ["consents.1.purpose"]),
        ((TERMS, CONSENT, CONSENT), ["consents.2.purpose"]),
        ((), ["consents"]),
    ],
    ids=["terms missing", "terms refused", "old wording", "not asked", "twice", "nothing"],
)
def test_who_joins_agrees_to_what_the_programme_asks_in_its_wording_of_now(
    shop: Shop, consents: tuple[Consent, ...], wrong: list[str]
) -> None:
    with pytest.raises(Invalid) as caught:
        shop.till.enrol(enrolling(consents=consents))
    assert [each.path for each in caught.value.fields] == wrong
    assert shop.ledger.head.seq == 0


def test_who_joins_may_say_no_to_what_is_not_required(shop: Shop) -> None:
    no = CONSENT._replace(given=False)
    shop.till.enrol(enrolling(consents=(TERMS, no)))
    assert body(shop)["member"]["consents"][1] == no.to_json()


def test_a_consent_is_taken_back_in_any_wording_once(shop: Shop) -> None:
    old = Consent("e-mail", "2019-05", given=False)
    first = shop.till.change_consents(Consenting("C1", scanned(JAN), (old,)))
    again = shop.till.change_consents(Consenting("C1", scanned(JAN), (old,)))
    assert (first.first, again.text) == (True, first.text)
    assert body(shop)["consent"] == {"consent_id": "C1", "consents": [old.to_json()]}
    with pytest.raises(ConsentDiffers):
        shop.till.change_consents(Consenting("C1", scanned(JAN), (CONSENT,)))


def test_a_typed_number_agrees_to_nothing(shop: Shop) -> None:
    typed = PresentedCard(JAN, EntryMode.KEYED)
    with pytest.raises(Refused):
        shop.till.change_consents(Consenting("C1", typed, (CONSENT,)))


def test_what_the_customer_wrote_stays_out_of_the_body(shop: Shop) -> None:
    wrote = Answering("Q1", "recommend", 3, scanned(JAN), text="te lang gewacht bij Piet")
    shop.till.answer(wrote)
    (record,) = shop.ledger.records(0, 1)
    assert b"Piet" not in record.body
    assert record.attachment is not None
    assert json.loads(record.attachment.content)["text"] == "te lang gewacht bij Piet"
    with pytest.raises(AnswerDiffers):
        shop.till.answer(replace(wrote, text="iets anders"))


def test_what_is_counted_is_the_same_when_it_is_built_again_from_the_journal(shop: Shop) -> None:
    shop.till.report(Reported("A1", scanned(JAN), "review"))
    shop.till.answer(Answering("Q1", "recommend", 3, scanned(JAN)))
    shop.till.enrol(enrolling(referred_by=scanned(JAN)))
    shop.till.change_consents(Consenting("C1", scanned(JAN), (CONSENT,)))
    assert shop.ledger.verify().faults == ()
    assert shop.ledger.head.seq == 4


def test_whoever_listens_hears_of_each(shop: Shop) -> None:
    shop.till.report(Reported("A1", scanned(JAN), "review"))
    shop.till.report(Reported("A1", scanned(JAN), "review"))
    told = [data["kind"] for kind, data in shop.heard.events if kind == "act"]
    assert told == ["action"]


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


def test_what_is_asked_of_who_enrols_can_be_read_beforehand(shop: Shop) -> None:
    asked = shop.till.enrolment()["consents"]
    assert [(each["purpose"], each["version"], each["required"]) for each in asked] == [
        ("terms", "7", True),
        ("e-mail", "2026-01", False),
    ]


def test_whoever_is_at_the_till_with_a_new_card_enrols_with_it(shop: Shop) -> None:
    shop.till.identify(scanned(STRANGER))
    result = shop.till.enrol(Enrolling("M", AT_TILL, {"display_name": "Nieuw"}, (TERMS,))).result
    assert (result["card"], result["earned"]) == ("*********0001", {"points": 100})

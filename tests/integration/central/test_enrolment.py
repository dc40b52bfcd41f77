"""Enrolment at a till: a member at once, confirmed by central, and the same person never twice."""

from typing import Any

import pytest
from sqlalchemy import select

from edge_agent.domain.member import Standing
from edge_agent.domain.record import RecordKind
from sync.central.central import Central
from sync.central.tables import consents
from tests.central import Till, earn
from tests.integration.central.looking import (
    balance,
    changes,
    member_with_card,
    states,
    sums,
)

CARD = "2912345678906"
OTHER_CARD = "2912345678913"
ANNEKE = {"display_name": "Anneke Jansen", "email": "anneke@example.nl", "birthday": "1988-02-29"}


def enrol(
    till: Till,
    ref: str = "ref-1",
    member_id: str = "P1",
    card: str | None = CARD,
    profile: dict[str, Any] | None = None,
    **names: Any,
) -> None:
    attached: dict[str, Any] = {"profile": ANNEKE if profile is None else profile}
    if card is not None:
        attached["card"] = {"code": card, "entry": "scanned"}
    entries = [earn(10, rule="welcome")._replace(line=None)]
    till.act(RecordKind.MEMBER, {"member_id": member_id, **names}, ref, entries, attached)


def test_who_enrols_is_a_member_with_everything_they_said(central: Central, till: Till) -> None:
    enrol(
        till,
        profile={**ANNEKE, "phone": "06 12345678", "language": "nl", "channel": "post"},
        consents=[{"purpose": "offers", "version": "2026-01"}],
    )
    central.push(till.message())
    assert states(central) == [(1, "accepted", None)]
    member = central.members.get("P1")
    assert (member["provisional"], member["standing"]) == (False, "known")
    assert (member["display_name"], member["since"]) == ("Anneke Jansen", "2026-11-21")
    assert member["attributes"] == {"channel": "post"}
    assert member["balance"] == {"points": 10}
    told = member_with_card(central, changes(central), CARD)
    assert (told.ref, told.standing, told.consents) == (
        "ref-1",
        Standing.KNOWN,
        {"offers": "2026-01"},
    )


def test_what_was_saved_with_the_card_before_is_theirs(central: Central, till: Till) -> None:
    till.sale("ref-1", [earn(5)], card=CARD)
    enrol(till)
    central.push(till.message())
    assert balance(central, "P1") == 15


def test_without_a_card_somebody_is_a_member_too(central: Central, till: Till) -> None:
    enrol(till, card=None)
    central.push(till.message())
    assert balance(central, "P1") == 10


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ANNEKE, {**ANNEKE, "email": " Anneke@Example.NL "}),
        ({"phone": "+31 (0)6 1234-5678"}, {"phone": "0031612345678"}),
        ({"email": "a@b.nl"}, {"email": "a@b.nl", "display_name": "Anneke"}),
    ],
    ids=["e-mail", "phone", "what only one side knows"],
)
def test_the_same_person_at_two_tills_is_one_member_with_two_cards(
    central: Central, till: Till, other_till: Till, first: dict[str, str], second: dict[str, str]
) -> None:
    enrol(till, profile=first)
    enrol(other_till, "ref-2", "P2", OTHER_CARD, second)
    other_till.sale("ref-2", [earn(7)], card=OTHER_CARD)
    central.push(till.message())
    central.push(other_till.message())
    told = changes(central)
    assert member_with_card(central, told, CARD) == member_with_card(central, told, OTHER_CARD)
    assert told.member_count == 1
    assert balance(central, "ref-2") == balance(central, "P1") == 27
    assert sums(central) == (27, 27)


@pytest.mark.parametrize(
    "second",
    [
        {**ANNEKE, "birthday": "1990-01-01"},
        {**ANNEKE, "display_name": "Bram de Vries"},
        {"email": "bram@example.nl"},
        {},
    ],
    ids=["another birthday", "another name", "another address", "nothing said"],
)
def test_two_people_stay_two_members(central: Central, till: Till, second: dict[str, str]) -> None:
    enrol(till)
    enrol(till, "ref-2", "P2", OTHER_CARD, second)
    central.push(till.message())
    assert changes(central).member_count == 2
    assert (balance(central, "P1"), balance(central, "P2")) == (10, 10)


def test_a_member_that_was_imported_is_recognised_and_keeps_what_they_said(
    central: Central, till: Till
) -> None:
    header = "card,member_id,display_name,email,city\n"
    central.member_import.run([header, f"{CARD},M1,Anneke Jansen,anneke@example.nl,Arnhem\n"])
    enrol(till, "ref-2", "P2", OTHER_CARD, {**ANNEKE, "city": "Ede", "channel": "post"})
    central.push(till.message())
    member = central.members.get("M1")
    assert member["ref"] == central.members.get("ref-2")["ref"]
    assert member["attributes"] == {"city": "Arnhem", "channel": "post"}
    assert len(member["cards"]) == 2


def test_a_card_of_another_member_waits_for_somebody_to_look(central: Central, till: Till) -> None:
    enrol(till)
    enrol(till, "ref-2", "P2", OTHER_CARD, {})
    enrol(till, "ref-2", "P3", CARD, {})
    central.push(till.message())
    assert states(central)[2] == (3, "parked", "card-taken")


def test_consents_are_kept_with_their_history_and_the_newest_holds(
    central: Central, till: Till
) -> None:
    enrol(till, consents=[{"purpose": "offers", "version": "1"}])
    enrol(till, member_id="P2", consents=[{"purpose": "offers", "version": "2", "given": False}])
    central.push(till.message())
    assert member_with_card(central, changes(central), CARD).consents == {}
    with central.database.read() as connection:
        kept = connection.execute(select(consents).order_by(consents.c.row)).all()
    assert [(row.version, row.given, row.at[:10]) for row in kept] == [
        ("1", True, "2026-11-21"),
        ("2", False, "2026-11-21"),
    ]


def test_a_member_takes_a_consent_back_at_any_till(
    central: Central, till: Till, other_till: Till
) -> None:
    enrol(till, consents=[{"purpose": "offers", "version": "1"}])
    central.push(till.message())
    no = {"consent_id": "C1", "consents": [{"purpose": "offers", "version": "1", "given": False}]}
    attached = {"card": {"code": CARD, "entry": "scanned"}}
    other_till.act(RecordKind.CONSENT, no, "ref-of-that-till", (), attached)
    other_till.act(RecordKind.CONSENT, {**no, "consents": []}, "ref-of-that-till", (), attached)
    other_till.act(RecordKind.CONSENT, {**no, "consent_id": "C2"}, None, (), attached)
    central.push(other_till.message())
    assert states(central, other_till.terminal) == [
        (1, "accepted", None),
        (2, "rejected", "malformed"),
        (3, "rejected", "malformed"),
    ]
    assert member_with_card(central, changes(central), CARD).consents == {}
    assert balance(central, "ref-1") == 10


def test_who_brought_somebody_in_is_kept_and_told(central: Central, till: Till) -> None:
    enrol(till)
    enrol(till, "ref-2", "P2", OTHER_CARD, {}, referred_by="ref-1")
    central.push(till.message())
    assert member_with_card(central, changes(central), OTHER_CARD).referred_by == "ref-1"


@pytest.mark.parametrize(
    "profile",
    [{"birthday": "soon"}, {"email": "anneke"}, {"display_name": 7}, [1], {"x": "y" * 1001}],
)
def test_a_profile_that_is_none_is_rejected_and_seen(
    central: Central, till: Till, profile: Any
) -> None:
    enrol(till, profile=profile)
    central.push(till.message())
    assert states(central) == [(1, "rejected", "attachment")]

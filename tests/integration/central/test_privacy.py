"""What is kept of a member can be had, and taken away, and the books still add up."""

from pathlib import Path

import pytest

from edge_agent.domain.member import Standing
from edge_agent.domain.record import RecordKind
from sync.central.central import Central
from sync.central.feedback import CaseChange
from sync.central.members import StandingChange
from sync.central.problems import Problem
from tests.central import Till, earn, take_back
from tests.integration.central.looking import balance, changes, kept, member_with_card, states, sums

CARD = "2912345678906"
OTHER_CARD = "2912345678913"
SAID = {
    "display_name": "Anneke Jansen",
    "email": "anneke@example.nl",
    "phone": "+31612345678",
    "birthday": "1988-02-29",
    "city": "Arnhem",
}
WRITTEN = "Te lang gewacht bij de kassa"


@pytest.fixture
def member(central: Central, till: Till) -> Central:
    """A member who enrolled, bought and complained."""
    card = {"card": {"code": CARD, "entry": "scanned"}}
    consent = {"purpose": "offers", "version": "2026-01"}
    names = {"member_id": "P1", "consents": [consent]}
    till.act(RecordKind.MEMBER, names, "ref-1", (), card | {"profile": SAID})
    till.sale("ref-1", [earn(5)], card=CARD)
    answer = {"answer_id": "a-1", "question": "recommend", "value": 2, "case": True}
    till.act(RecordKind.ANSWER, answer, "ref-1", (), card | {"text": WRITTEN})
    central.push(till.message())
    case = central.feedback.cases()[0]["id"]
    central.feedback.change(case, CaseChange(note="Anneke teruggebeld"))
    return central


def test_everything_that_is_kept_of_a_member_can_be_had(member: Central) -> None:
    kept = member.privacy.export("P1")
    (profile,) = kept["profiles"]
    assert {profile["display_name"], profile["email"], profile["birthday"]} <= set(SAID.values())
    assert [each["code"] for each in kept["cards"]] == [CARD]
    assert [(each["purpose"], each["version"]) for each in kept["consents"]] == [
        ("offers", "2026-01")
    ]
    assert [each["quantity"] for each in kept["entries"]] == [5]
    assert [each["text"] for each in kept["answers"]] == [WRITTEN]
    assert [each["personal"]["card"]["code"] for each in kept["records"]] == [CARD] * 3
    assert kept["records"][1]["body"]["kind"] == "sale"


def test_nothing_that_says_who_somebody_is_is_left_on_disk(member: Central, tmp_path: Path) -> None:
    member.privacy.erase("P1")
    left = kept(member, tmp_path)
    for text in (*SAID.values(), CARD, WRITTEN, "teruggebeld"):
        assert text.encode() not in left, text


def test_the_books_add_up_and_tills_say_that_the_card_is_nobodys(
    member: Central, till: Till
) -> None:
    seen = changes(member).next
    member.privacy.erase("P1")
    told = changes(member, after=seen)
    erased = member_with_card(member, told, CARD)
    assert (erased.standing, erased.display_name, erased.consents) == (Standing.ERASED, "", {})
    assert balance(member, "ref-1") == 5
    assert sums(member) == (5, 5)
    assert member.members.get("ref-1")["cards"] == []
    with pytest.raises(Problem, match="member"):
        member.members.get("P1")


def test_what_was_bought_can_still_be_returned(member: Central, till: Till) -> None:
    member.privacy.erase("P1")
    sale = till.records[1]
    till.give_back(sale.id, [take_back(sale, 5)], "ref-1")
    member.push(till.message(4))
    assert states(member)[3] == (4, "accepted", None)
    assert balance(member, "ref-1") == 0


def test_what_a_till_sends_afterwards_leaves_nothing_personal_either(
    member: Central, till: Till, tmp_path: Path
) -> None:
    member.privacy.erase("P1")
    till.sale("ref-1", [earn(3)], card=CARD)
    member.push(till.message(4))
    assert states(member)[3] == (4, "accepted", None)
    assert CARD.encode() not in kept(member, tmp_path)


@pytest.mark.parametrize(("ref", "code"), [("ref-9", OTHER_CARD), ("ref-1", CARD)])
def test_the_same_person_may_come_back_as_somebody_new(
    member: Central, till: Till, ref: str, code: str
) -> None:
    member.privacy.erase("P1")
    card = {"card": {"code": code, "entry": "scanned"}}
    welcome = earn(10, rule="welcome")._replace(line=None)
    till.act(RecordKind.MEMBER, {"member_id": "P9"}, ref, [welcome], card | {"profile": SAID})
    member.push(till.message(4))
    assert balance(member, "P9") == 10
    assert member.members.get("P9")["display_name"] == "Anneke Jansen"
    assert member_with_card(member, changes(member), code).standing is Standing.KNOWN
    assert balance(member, "ref-1") == 5


def test_a_card_of_whoever_was_erased_may_be_given_out_again(member: Central) -> None:
    member.privacy.erase("P1")
    member.member_import.run(["card,member_id,points\n", f"{CARD},M1,7\n"])
    assert balance(member, "M1") == 7
    with pytest.raises(Problem, match="erased"):
        member.members.set_standing("ref-1", StandingChange(standing=Standing.KNOWN))


def test_a_household_is_forgotten_as_a_whole(central: Central) -> None:
    central.member_import.run(
        [
            "card,member_id,display_name,household\n",
            f"{CARD},M1,Anneke,H1\n",
            f"{OTHER_CARD},M2,Bram,H1\n",
        ]
    )
    central.privacy.erase("M2")
    for member in ("M1", "M2"):
        with pytest.raises(Problem, match="member"):
            central.members.get(member)


def test_erasing_again_and_erasing_nobody(member: Central) -> None:
    member.privacy.erase("P1")
    assert member.privacy.erase("ref-1")["standing"] == "erased"
    with pytest.raises(Problem, match="member"):
        member.privacy.erase("nobody")

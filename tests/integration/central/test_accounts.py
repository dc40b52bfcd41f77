"""Refs that tills make, cards that turn out to be a member's, imports, adjustments and expiry."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.member import Standing
from sync.central.by_hand import Adjustment
from sync.central.central import Central
from sync.central.member_rows import HeaderInvalid
from sync.central.members import CardReplacement, StandingChange
from sync.central.problems import Problem
from tests.central import Till, earn, take_back
from tests.integration.central.conftest import SteppingClock
from tests.integration.central.looking import (
    balance,
    changes,
    everything,
    member_with_card,
    states,
    sums,
)

CARD = "2912345678906"
OTHER_CARD = "2912345678913"
PROGRAMME = Path(__file__).parents[3] / "config" / "programme.example.toml"


def bring_in(
    central: Central, *lines: str, header: str = "card,member_id,display_name,points"
) -> dict[str, Any]:
    return central.member_import.run([header + "\n", *(line + "\n" for line in lines)]).to_json()


def test_a_ref_for_a_members_card_is_joined_to_the_member(central: Central, till: Till) -> None:
    bring_in(central, f"{CARD},M1,Anneke,100")
    till.sale("ref-1", [earn(5)], card=CARD)
    central.push(till.message())
    assert balance(central, "M1") == 105
    member = member_with_card(central, changes(central), CARD)
    assert (member.joined, member.standing, member.display_name) == (
        ("ref-1",),
        Standing.KNOWN,
        "Anneke",
    )
    assert changes(central).member_count == 1


def test_an_unknown_card_gets_a_provisional_account(central: Central, till: Till) -> None:
    till.sale("ref-1", [earn(5)], card=CARD)
    central.push(till.message())
    member = member_with_card(central, changes(central), CARD)
    assert (member.ref, member.standing, member.joined) == ("ref-1", Standing.UNKNOWN, ())
    assert [lot.quantity for lot in member.lots] == [5]


def test_two_tills_that_meet_the_same_unknown_card_share_one_account(
    central: Central, till: Till, other_till: Till
) -> None:
    till.sale("ref-1", [earn(5)], card=CARD)
    other_till.sale("ref-2", [earn(7)], card=CARD)
    central.push(till.message())
    central.push(other_till.message())
    assert balance(central, "ref-1") == balance(central, "ref-2") == 12
    assert member_with_card(central, changes(central), CARD).joined == ("ref-2",)
    assert changes(central).member_count == 1


def test_when_the_card_turns_out_to_be_a_members_the_points_move_along(
    central: Central, till: Till, other_till: Till
) -> None:
    first = till.sale("ref-1", [earn(5)], card=CARD)
    other_till.sale("ref-2", [earn(7)], card=CARD)
    central.push(till.message())
    central.push(other_till.message())
    seen = changes(central).next
    report = bring_in(central, f"{CARD} {OTHER_CARD},M1,Anneke,100")
    assert (report["added"], report["joined"]) == (1, 1)
    assert {balance(central, ref) for ref in ("M1", "ref-1", "ref-2")} == {112}
    assert sums(central) == (112, 112)
    (member,) = changes(central, after=seen).members
    assert set(member.joined) == {"ref-1", "ref-2"}
    assert [(lot.quantity, lot.expires_on is None) for lot in member.lots] == [
        (100, True),
        (12, False),
    ]
    till.sale("ref-1", [earn(1)], card=CARD)
    till.give_back(first.id, [take_back(first, 5)], "ref-1")
    central.push(till.message(2))
    assert states(central)[1:] == [(2, "accepted", None), (3, "accepted", None)]
    assert balance(central, "M1") == 108


def test_a_member_may_bring_two_provisional_accounts(central: Central, till: Till) -> None:
    till.sale("ref-1", [earn(5)], card=CARD)
    till.sale("ref-2", [earn(7)], card=OTHER_CARD)
    central.push(till.message())
    bring_in(central, f"{CARD} {OTHER_CARD},M1,Anneke,0")
    assert balance(central, "M1") == 12
    told = changes(central)
    assert (told.member_count, [member.display_name for member in told.members]) == (1, ["Anneke"])


def test_the_same_file_again_changes_nothing(central: Central) -> None:
    lines = (f"{CARD},M1,Anneke,100", f"{OTHER_CARD},M2,Bram,")
    bring_in(central, *lines)
    before = everything(central)
    report = bring_in(central, *lines)
    assert (report["unchanged"], report["changed"], report["added"]) == (2, 0, 0)
    assert everything(central) == before


def test_points_are_an_opening_balance_and_set_once(central: Central) -> None:
    bring_in(central, f"{CARD},M1,Anneke,")
    assert balance(central, "M1") == 0
    bring_in(central, f"{CARD},M1,Anneke,100")
    assert balance(central, "M1") == 100
    bring_in(central, f"{CARD},M1,Anneke,250")
    assert balance(central, "M1") == 100


def test_a_new_profile_replaces_the_old_one_and_new_cards_are_added(central: Central) -> None:
    bring_in(central, f"{CARD},M1,Anneke,1")
    report = bring_in(central, f"{OTHER_CARD},M1,Anneke J.,1")
    assert report["changed"] == 1
    member = central.members.of_card(OTHER_CARD)
    assert member == central.members.of_card(CARD)
    assert member["display_name"] == "Anneke J."


def test_without_member_ids_a_member_is_known_by_its_card(central: Central) -> None:
    bring_in(central, f"{CARD},Anneke,5", header="card,display_name,points")
    report = bring_in(central, f"{CARD} {OTHER_CARD},Anneke,5", header="card,display_name,points")
    assert (report["added"], report["changed"]) == (0, 1)
    assert central.members.of_card(OTHER_CARD)["balance"] == {"points": 5}


def test_bad_lines_are_listed_and_the_others_imported(central: Central) -> None:
    report = bring_in(
        central,
        f"{CARD},M1,Anneke,12",
        "4111111111111111,M2,Bram,1",
        f"{CARD},M3,Cor,1",
        "2912345678920,M1,Anneke,1",
        "2912345678937,M5,Eva,1.5",
        ",M6,Fien,1",
        "2912345678944,M7",
        f"{OTHER_CARD},M8,Gijs,7",
    )
    assert (report["added"], report["bad"], report["lines"]) == (2, 6, 8)
    assert report["bad_lines"] == [
        {
            "line": 3,
            "column": "card",
            "code": "payment-card",
            "reason": "looks like a payment card, which is not kept here",
        },
        {"line": 7, "column": "card", "code": "missing", "reason": "is empty"},
        {"line": 8, "column": "", "code": "columns", "reason": "has 2 columns, the header has 4"},
        {"line": 4, "column": "card", "code": "twice", "reason": "is on line 2 already"},
        {"line": 5, "column": "member_id", "code": "twice", "reason": "is on line 2 already"},
        {
            "line": 6,
            "column": "points",
            "code": "invalid",
            "reason": "has more decimals than the unit",
        },
    ]


def test_a_card_of_another_member_is_refused(central: Central) -> None:
    bring_in(central, f"{CARD},M1,Anneke,1")
    report = bring_in(central, f"{CARD},M2,Bram,1")
    assert report["bad_lines"] == [
        {
            "line": 2,
            "column": "card",
            "code": "card-taken",
            "reason": "a card already belongs to another member",
        }
    ]
    with pytest.raises(Problem):
        central.members.get("M2")


def test_an_opening_balance_in_a_unit_that_there_is_not_is_refused(central: Central) -> None:
    central.programmes.publish(PROGRAMME.read_text(), PROGRAMME.name)
    report = bring_in(central, f"{CARD},M1,7", header="card,member_id,points.miles")
    [bad] = report["bad_lines"]
    assert (bad["column"], bad["code"]) == ("points.miles", "unknown-unit")
    assert "miles" not in bad["reason"]


def test_a_file_without_cards_is_refused_as_a_whole(central: Central) -> None:
    with pytest.raises(HeaderInvalid, match="card"):
        bring_in(central, "M1,Anneke", header="member_id,display_name")


def test_an_adjustment_counts_once(central: Central) -> None:
    bring_in(central, f"{CARD},M1,Anneke,10")
    change = Adjustment(adjustment_id="a-1", quantity=-4, reason="klacht")
    assert central.by_hand.adjust("M1", change)["balance"] == {"points": 6}
    assert central.by_hand.adjust("M1", change)["balance"] == {"points": 6}
    with pytest.raises(Problem) as refused:
        central.by_hand.adjust("M1", change.model_copy(update={"quantity": 400}))
    assert refused.value.code == "adjustment-differs"
    assert balance(central, "M1") == 6


def test_a_replaced_card_stops_working_and_the_new_one_works(central: Central) -> None:
    bring_in(central, f"{CARD},M1,Anneke,10")
    central.members.replace_card("M1", CardReplacement(code=OTHER_CARD, replaces=CARD))
    assert central.members.of_card(OTHER_CARD)["id"] == "M1"
    with pytest.raises(Problem):
        central.members.of_card(CARD)
    assert len(member_with_card(central, changes(central), OTHER_CARD).cards) == 1


def test_a_card_of_another_member_is_not_given_away(central: Central) -> None:
    bring_in(central, f"{CARD},M1,Anneke,10", f"{OTHER_CARD},M2,Bram,20")
    with pytest.raises(Problem) as refused:
        central.members.replace_card("M1", CardReplacement(code=OTHER_CARD, replaces=CARD))
    assert refused.value.code == "card-taken"
    assert central.members.of_card(CARD)["id"] == "M1"


def test_a_given_card_brings_what_it_earned_at_tills(central: Central, till: Till) -> None:
    bring_in(central, f"{CARD},M1,Anneke,10")
    till.sale("ref-1", [earn(5)], card=OTHER_CARD)
    central.push(till.message())
    central.members.replace_card("M1", CardReplacement(code=OTHER_CARD))
    assert balance(central, "M1") == 15


def test_a_blocked_member_is_told_to_tills_and_let_in_again(central: Central) -> None:
    bring_in(central, f"{CARD},M1,Anneke,10")
    for standing in (Standing.BLOCKED, Standing.KNOWN):
        seen = changes(central).next
        central.members.set_standing("M1", StandingChange(standing=standing))
        (member,) = changes(central, after=seen).members
        assert member.standing is standing


def test_lots_expire_the_day_after_their_last_day_in_the_programmes_time_zone(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    central.programmes.publish(PROGRAMME.read_text(), PROGRAMME.name)
    last_day = date(2027, 11, 30)
    till.sale("ref-1", [earn(5, expires_on=last_day), earn(2, expires_on=None)], card=CARD)
    central.push(till.message())
    clock.now = datetime(2027, 11, 30, 22, 59, tzinfo=UTC)  # 23:59 in Amsterdam
    assert central.upkeep.run() == 0
    seen = changes(central).next
    clock.now = datetime(2027, 11, 30, 23, 1, tzinfo=UTC)
    assert central.upkeep.run() == 1
    assert central.upkeep.run() == 0
    assert balance(central, "ref-1") == 2
    (member,) = changes(central, after=seen).members
    assert [lot.quantity for lot in member.lots] == [2]
    assert sums(central) == (2, 2)


def test_a_return_after_expiry_does_not_take_the_same_points_twice(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    central.programmes.publish(PROGRAMME.read_text(), PROGRAMME.name)
    sale = till.sale("ref-1", [earn(5)], card=CARD)
    central.push(till.message())
    clock.now = datetime(2028, 1, 1, tzinfo=UTC)
    central.keep_up()
    till.give_back(sale.id, [take_back(sale, 5)], "ref-1")
    central.push(till.message(2))
    central.keep_up()
    assert balance(central, "ref-1") == 0


def test_without_a_programme_nothing_expires(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    till.sale("ref-1", [earn(5)], card=CARD)
    central.push(till.message())
    clock.now = datetime(2040, 1, 1, tzinfo=UTC)
    assert central.upkeep.run() == 0


def test_what_was_spent_and_then_taken_back_stays_owed_after_the_lots_last_day(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    central.programmes.publish(PROGRAMME.read_text(), PROGRAMME.name)
    sale = till.sale("ref-1", [earn(5)], card=CARD, sale_id="s-1")
    central.push(till.message())
    spent = Adjustment(adjustment_id="a-1", quantity=-3, reason="cadeau")
    central.by_hand.adjust("ref-1", spent)
    clock.now = datetime(2028, 1, 1, tzinfo=UTC)
    central.keep_up()  # the two that were left
    till.give_back(sale.id, [take_back(sale, 5)], "ref-1")
    central.push(till.message(2))
    for _ in range(2):
        central.keep_up()
        assert balance(central, "ref-1") == -3


def test_points_taken_by_hand_come_from_the_lots_that_expire_first(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    central.programmes.publish(PROGRAMME.read_text(), PROGRAMME.name)
    till.sale("ref-1", [earn(5), earn(4, expires_on=None), earn(3, line=2)], card=CARD)
    central.push(till.message())
    taken = Adjustment(adjustment_id="a-1", quantity=-10, reason="klacht")
    assert central.by_hand.adjust("ref-1", taken)["balance"] == {"points": 2}
    assert central.by_hand.adjust("ref-1", taken)["balance"] == {"points": 2}
    clock.now = datetime(2028, 1, 1, tzinfo=UTC)
    central.keep_up()
    assert balance(central, "ref-1") == 2


def test_more_may_be_taken_by_hand_than_there_is(central: Central) -> None:
    bring_in(central, f"{CARD},M1,Anneke,10")
    taken = Adjustment(adjustment_id="a-1", quantity=-15, reason="fraude")
    assert central.by_hand.adjust("M1", taken)["balance"] == {"points": -5}
    assert sums(central) == (-5, -5)


HOUSEHOLD = "card,member_id,display_name,points,household,birthday,segments"


def test_members_of_a_household_share_their_points_and_keep_their_ids(central: Central) -> None:
    lines = (
        f"{CARD},M1,Anneke,100,H1,1988-02-29,vegan",
        f"{OTHER_CARD},M2,Bram,20,H1,1990-05-01,",
    )
    report = bring_in(central, *lines, header=HOUSEHOLD)
    assert (report["added"], report["bad"]) == (2, 0)
    anneke, bram = central.members.get("M1"), central.members.get("M2")
    assert anneke["ref"] == bram["ref"]
    assert anneke["balance"] == {"points": 120}
    assert central.reports.totals()["accounts"] == 1
    told = changes(central)
    member = member_with_card(central, told, CARD)
    assert member == member_with_card(central, told, OTHER_CARD)
    assert sum(lot.quantity for lot in member.lots) == 120

    before = everything(central)
    again = bring_in(central, *lines, header=HOUSEHOLD)
    assert (again["unchanged"], again["changed"], again["bad"]) == (2, 0, 0)
    assert everything(central) == before


def test_a_member_who_moves_in_brings_points_and_cards_along(central: Central) -> None:
    bring_in(central, f"{CARD},M1,Anneke,100,H1,,", header=HOUSEHOLD)
    bring_in(central, f"{OTHER_CARD},M2,Bram,20,,,", header=HOUSEHOLD)
    assert central.members.get("M2")["balance"] == {"points": 20}
    report = bring_in(central, f"{OTHER_CARD},M2,Bram,20,H1,,", header=HOUSEHOLD)
    assert (report["changed"], report["bad"]) == (1, 0)
    assert central.members.get("M2")["ref"] == central.members.get("M1")["ref"]
    assert balance(central, "M2") == 120
    assert sums(central) == (120, 120)


def test_shared_points_are_not_divided_again(central: Central) -> None:
    bring_in(central, f"{CARD},M1,Anneke,100,H1,,", header=HOUSEHOLD)
    report = bring_in(central, f"{CARD},M1,Anneke,100,H2,,", header=HOUSEHOLD)
    assert [(bad["column"], bad["code"]) for bad in report["bad_lines"]] == [
        ("household", "household-differs")
    ]


def test_opening_balances_come_in_every_unit_and_once(central: Central) -> None:
    header = "card,member_id,points,points.stamps"
    bring_in(central, f"{CARD},M1,10,3", header=header)
    bring_in(central, f"{CARD},M1,99,99", header=header)
    assert central.members.get("M1")["balance"] == {"points": 10, "stamps": 3}

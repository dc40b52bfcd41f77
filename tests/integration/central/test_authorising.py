"""Redeeming online: central sets points aside for one redemption, and gives back what the terminal does not use."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from edge_agent.domain.member import Standing
from edge_agent.domain.record import Record, RecordKind
from sync.central.central import Central
from sync.central.holds import held
from sync.central.members import OfflineRedemption, StandingChange
from sync.central.problems import Problem
from sync.central.risk import OFFLINE_RISK
from sync.wire import (
    AuthorisationAnswer,
    AuthorisationMessage,
    ReleaseMessage,
    TillReport,
)
from tests.central import AT, Till, earn, give_again, spend
from tests.integration.central.looking import (
    balance,
    changes,
    enrol_anew,
    member_with_card,
    states,
    sums,
)

CARD = "2912345678906"
UNTIL = AT + timedelta(minutes=30)


@pytest.fixture
def central(central: Central) -> Central:
    """With a member M1, who has 500 points."""
    central.member_import.run(["card,member_id,points\n", f"{CARD},M1,500\n"])
    return central


def ref(central: Central) -> str:
    return str(central.members.of_card(CARD)["ref"])


def ask(
    central: Central, redemption_id: str = "R1", quantity: int = 300, **more: Any
) -> AuthorisationAnswer:
    fields: dict[str, Any] = {
        "terminal": "0412/03",
        "redemption_id": redemption_id,
        "account": ref(central),
        "unit": "points",
        "quantity": quantity,
        "least": quantity,
        "until": UNTIL,
    }
    return central.authorising.authorise(AuthorisationMessage(**(fields | more)))


def set_aside(central: Central) -> int:
    with central.database.read() as connection:
        return held(connection, ref(central)).get("points", 0)


def redeemed(till: Till, central: Central, quantity: int, by: str, key: str = "R1") -> Record:
    """A redemption without a sale, as a till records it."""
    facts: Mapping[str, Any] = {
        "programme": None,
        "redemption": {"redemption_id": key},
        "facts": {"account": ref(central), "standing": "known"},
        "entries": [spend(quantity, expires_on=None).to_json()],
        "redeemed": [
            {"id": key, "reward": "coffee", "authorised_by": by, "unit": "points",
             "quantity": quantity, "value": 150}
        ],
    }  # fmt: skip
    return till.append(RecordKind.REDEMPTION, facts)


def test_what_one_till_was_granted_another_is_not(central: Central) -> None:
    assert ask(central).quantity == 300
    refused = ask(central, "R9", terminal="0412/04")
    assert (refused.quantity, refused.code, refused.spendable) == (0, "not-enough", 200)
    assert ask(central, "R9", 200, terminal="0412/04").quantity == 200
    assert set_aside(central) == 500


def test_the_same_id_again_is_one_authorisation(central: Central) -> None:
    assert ask(central, quantity=400).quantity == 400
    assert ask(central, quantity=400).quantity == 400
    assert ask(central, quantity=500).quantity == 500
    assert set_aside(central) == 500


def test_as_much_as_there_is_where_less_is_enough(central: Central) -> None:
    assert ask(central, quantity=900, least=100).quantity == 500


def test_what_the_till_did_without_central_comes_off(central: Central) -> None:
    refused = ask(central, unheld=201)
    assert (refused.quantity, refused.spendable) == (0, 299)
    assert ask(central, unheld=200).quantity == 300


@pytest.mark.parametrize("name", ["account", "unit"])
def test_a_name_that_no_database_keeps_is_refused(central: Central, name: str) -> None:
    more: dict[str, Any] = {name: "a\0b"}
    with pytest.raises(ValidationError, match=name):
        ask(central, **more)


@pytest.mark.parametrize(
    ("standing", "account", "code"),
    [("blocked", None, "blocked"), ("known", "f" * 32, "unknown-account")],
)
def test_nobody_redeems_who_may_not(
    central: Central, standing: str, account: str | None, code: str
) -> None:
    if standing == "blocked":
        central.members.set_standing("M1", StandingChange(standing=Standing(standing)))
    answer = ask(central, account=account or ref(central))
    assert (answer.quantity, answer.code) == (0, code)


def test_the_record_uses_up_what_was_set_aside_for_it(central: Central, till: Till) -> None:
    ask(central)
    redeemed(till, central, 300, "central")
    central.push(till.message())
    assert states(central) == [(1, "accepted", None)]
    assert (set_aside(central), balance(central, "M1")) == (0, 200)
    # Also where the answer was lost and the till went by its limits: the id is what counts.
    ask(central, "R2", 200)
    redeemed(till, central, 200, "limit", "R2")
    central.push(till.message())
    assert (set_aside(central), balance(central, "M1")) == (0, 0)


def test_a_till_without_leave_takes_nothing_that_is_set_aside_for_another(
    central: Central, till: Till, other_till: Till
) -> None:
    ask(central, quantity=400)
    redeemed(other_till, central, 300, "limit", "X1")
    central.push(other_till.message())
    assert [each["quantity"] for each in central.reports.overdrafts()] == [-200]
    redeemed(till, central, 400, "central")
    central.push(till.message())
    assert [each["terminal"] for each in central.reports.overdrafts()] == ["0412/04"]


def test_what_is_let_go_of_is_free_at_once_and_only_the_holder_lets_go(central: Central) -> None:
    ask(central)
    other = ReleaseMessage(terminal="0412/04", redemption_ids=("R1",))
    assert central.authorising.release(other).released == 0
    mine = ReleaseMessage(terminal="0412/03", redemption_ids=("R1", "R2"))
    assert central.authorising.release(mine).released == 1
    assert central.authorising.release(mine).released == 0
    assert ask(central, "R3", 500).quantity == 500


@pytest.mark.parametrize(
    "wrong",
    [{"account": "a\0b"}, {"unit": "points\n"}, {"until": "0001-01-01T00:00:00+14:00"}],
    ids=["account", "unit", "until"],
)
def test_what_no_database_keeps_is_no_message(central: Central, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ask(central, **wrong)


def test_what_comes_late_undoes_nothing_that_was_asked_since(central: Central) -> None:
    """The till gave up on its first question and on letting go of it, asked again, and was granted."""
    again = ask(central, quantity=300, asked=3)
    late = ReleaseMessage(terminal="0412/03", redemption_ids=("R1",), asked=2)
    assert central.authorising.release(late).released == 0
    with pytest.raises(Problem) as refused:
        ask(central, quantity=100, asked=1)
    assert (refused.value.status, refused.value.code) == (409, "asked-since")
    assert (again.quantity, set_aside(central)) == (300, 300)
    assert central.authorising.release(late.model_copy(update={"asked": 4})).released == 1


def test_a_till_that_does_not_count_its_questions_lets_go_of_whatever_it_names(
    central: Central,
) -> None:
    ask(central)
    mine = ReleaseMessage(terminal="0412/03", redemption_ids=("R1",))
    assert central.authorising.release(mine).released == 1


def test_nothing_is_set_aside_for_longer_than_a_day_for_a_till_whose_clock_is_wrong(
    central: Central, clock: Any
) -> None:
    """It would stay so until the clock, put right, has got there: for ten years, where it said 2036."""
    refused = ask(central, until=clock.now + timedelta(days=1, seconds=1))
    assert (refused.quantity, refused.code, set_aside(central)) == (0, "clock-wrong", 0)
    assert ask(central, until=clock.now + timedelta(days=1)).quantity == 300


def test_nothing_is_given_back_by_centrals_own_clock(central: Central, clock: Any) -> None:
    ask(central)
    clock.now += timedelta(days=400)
    central.keep_up()
    assert set_aside(central) == 300


def test_it_ends_when_the_tills_position_has_passed_the_lapse(central: Central, till: Till) -> None:
    ask(central)
    till.sale()
    redeemed(till, central, 300, "central")
    note = central.authorising.note_position
    # At its own lapse the till may still charge it; and later only once all that it recorded is here and posted.
    assert note("0412/03", till.epoch, TillReport(time=UNTIL, last_seq=0)) == 0
    later = TillReport(time=UNTIL + timedelta(seconds=1), last_seq=2)
    assert note("0412/03", till.epoch, later) == 0
    central.push(till.message(1, 1))
    assert note("0412/03", till.epoch, later) == 0
    assert set_aside(central) == 300
    central.push(till.message(1, 2))
    assert (set_aside(central), balance(central, "M1")) == (0, 200)
    ask(central, "R2", 100)
    assert note("0412/04", till.epoch, later.model_copy(update={"last_seq": 0})) == 0
    assert note("0412/03", till.epoch, later) == 1
    assert set_aside(central) == 0


def test_a_sale_that_finishes_after_the_lapse_is_posted_at_risk(
    central: Central, till: Till, other_till: Till
) -> None:
    ask(central)
    later = TillReport(time=UNTIL + timedelta(seconds=1), last_seq=0)
    till.sale()
    central.push(till.message())
    assert central.authorising.note_position("0412/03", till.epoch, later) == 1
    assert ask(central, "X1", 500, terminal="0412/04").quantity == 500
    redeemed(till, central, 300, "central")
    central.push(till.message())
    assert states(central)[-1] == (2, "accepted", None)
    redeemed(other_till, central, 500, "central", "X1")
    central.push(other_till.message())
    assert [each["terminal"] for each in central.reports.overdrafts()] == ["0412/03"]


def test_a_question_that_was_let_in_before_its_terminal_was_revoked_is_granted_nothing(
    central: Central, till: Till
) -> None:
    central.terminals.revoke(*till.terminal.split("/"))
    with pytest.raises(Problem) as refused:
        ask(central)
    assert (refused.value.code, set_aside(central)) == ("revoked", 0)


def test_a_revoked_terminal_holds_nothing(central: Central) -> None:
    ask(central)
    central.terminals.revoke("0412", "03")
    assert set_aside(central) == 0


def test_what_was_authorised_for_a_machine_ends_when_another_is_enrolled_in_its_place(
    central: Central,
) -> None:
    ask(central)
    enrol_anew(central)
    assert set_aside(central) == 0
    assert ask(central, "X1", 500, terminal="0412/04").quantity == 500


def test_what_is_set_aside_goes_along_when_accounts_are_joined(central: Central) -> None:
    ask(central)
    central.member_import.run(["card,member_id,points,household\n", "2912345678913,M2,100,H\n"])
    central.member_import.run(["card,member_id,household\n", f"{CARD},M1,H\n"])
    assert balance(central, "M1") == 600
    assert set_aside(central) == 300
    assert ask(central, "R2", 301).code == "not-enough"


def test_points_that_cannot_be_used_yet_are_not_authorised(central: Central, till: Till) -> None:
    waiting = earn(100, expires_on=None)._replace(matures_on=AT.date() + timedelta(days=1))
    till.sale(ref(central), [waiting])
    central.push(till.message())
    assert balance(central, "M1") == 600
    assert ask(central, quantity=501).code == "not-enough"


def test_whoever_overdrew_redeems_only_with_central_from_the_next_delta_on(
    central: Central, till: Till
) -> None:
    redeemed(till, central, 500, "limit")
    central.push(till.message())
    assert member_with_card(central, changes(central), CARD).redeems_offline
    redeemed(till, central, 1, "limit", "R2")
    central.push(till.message())
    assert not member_with_card(central, changes(central), CARD).redeems_offline
    assert OFFLINE_RISK not in changes(central).model_dump_json()


def test_what_a_return_gives_back_of_an_overdraft_goes_back_to_the_house(
    central: Central, till: Till
) -> None:
    sale = till.sale(ref(central), [spend(600, expires_on=None)])
    till.give_back(sale.id, [give_again(sale, 550, None)], ref(central))
    central.push(till.message())
    assert states(central) == [(1, "accepted", None), (2, "accepted", None)]
    # 100 were not there: they come back first, to the account that bore them, and 450 of 500 to the member.
    assert (balance(central, "M1"), balance(central, OFFLINE_RISK)) == (450, 0)
    assert sums(central) == (450, 450)


def test_what_redemptions_gave_in_money_is_summed_for_the_books(
    central: Central, till: Till, other_till: Till
) -> None:
    ask(central, quantity=100)
    redeemed(till, central, 100, "central")
    redeemed(till, central, 90, "limit", "R2")
    redeemed(other_till, central, 80, "limit")
    for each in (till, other_till):
        central.push(each.message())
        central.push(each.message())
    assert central.redeemed.sums() == [
        {"reward": "coffee", "unit": "points", "authorised_by": "central", "times": 1, "quantity": 100, "value": 150},
        {"reward": "coffee", "unit": "points", "authorised_by": "limit", "times": 2, "quantity": 170, "value": 300},
    ]  # fmt: skip


def test_head_office_lets_a_member_redeem_without_central_again(
    central: Central, till: Till
) -> None:
    redeemed(till, central, 501, "limit")
    central.push(till.message())
    after = changes(central).next
    assert central.members.set_offline("M1", OfflineRedemption(allowed=True))["redeems_offline"]
    assert member_with_card(central, changes(central, after), CARD).redeems_offline


def test_what_is_set_aside_and_redeemed_is_in_what_a_member_is_told_of_themselves(
    central: Central, till: Till
) -> None:
    ask(central, "R2", 100)
    redeemed(till, central, 60, "limit")
    central.push(till.message())
    told = central.privacy.export("M1")
    assert [(each["hold_id"], each["quantity"]) for each in told["set_aside"]] == [("R2", 100)]
    assert [(each["reward"], each["quantity"]) for each in told["redeemed"]] == [("coffee", 60)]

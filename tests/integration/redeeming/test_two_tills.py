"""Two tills, one member, one set of points: with central, without it, and where the answer is lost in between."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from edge_agent.compose import offline_limits
from edge_agent.demo.goods import card
from edge_agent.errors import Refused
from edge_agent.till.authority import Question, Word
from edge_agent.till.limits import worst_loss
from edge_agent.till.redeem import Wish
from sync import policy
from tests.central import Running
from tests.integration.redeeming.conftest import POINTS, Counter, Opening, shown
from tests.support.fault_proxy import Fault
from tests.support.waiting import wait_until
from tests.tills import milk, sale

AUTHORISATIONS = b"POST /wire/v1/authorisations"
REWARD, COST, VALUE = "five-euro", 250, 500


def reserve(till: Counter, member: int, redemption_id: str, reward: str = REWARD) -> dict[str, Any]:
    return till.agent.till.reserve(Wish(redemption_id, shown(member), reward)).result


def at_central(central: Running, member: int) -> dict[str, Any]:
    found: dict[str, Any] = central.admin("GET", f"/members/M{member}").json()
    return found


def overdrafts(central: Running, member: int) -> list[dict[str, Any]]:
    ref = at_central(central, member)["ref"]
    listed = central.admin("GET", "/overdrafts").json()["overdrafts"]
    return [each for each in listed if each["account"] == ref]


def house(central: Running) -> int:
    """What the offline-risk account carries."""
    found = central.admin("GET", "/members/offline-risk")
    return int(found.json()["balance"]["points"]) if found.ok else 0


def test_two_tills_that_redeem_the_same_points_at_once_do_not_both_get_them(
    central: Running, open_till: Opening
) -> None:
    tills = [open_till("01"), open_till("02")]
    results: list[str] = []
    together = threading.Barrier(2)

    def redeem(till: Counter, redemption_id: str) -> None:
        together.wait(10)
        try:
            results.append(reserve(till, 0, redemption_id)["authorised_by"])
        except Refused as refused:
            results.append(refused.detail)

    threads = [
        threading.Thread(target=redeem, args=(till, f"R{n}")) for n, till in enumerate(tills)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(results) == [
        "central",
        f"central has {POINTS - COST} points left for this; the rest was used or reserved elsewhere",
    ]


def test_points_that_are_let_go_of_can_be_had_at_the_other_till(
    central: Running, open_till: Opening
) -> None:
    first, second = open_till("03"), open_till("04")
    reserve(first, 1, "R1")
    with pytest.raises(Refused):
        reserve(second, 1, "R2")
    first.agent.till.cancel("R1")

    def had() -> bool:
        try:
            return bool(reserve(second, 1, "R2")["authorised_by"] == "central")
        except Refused:
            return False

    wait_until(had, "central was told")


def test_what_central_stands_for_is_used_once_and_comes_back_with_a_return(
    central: Running, open_till: Opening
) -> None:
    till = open_till("05")
    reserve(till, 2, "R1")
    till.agent.till.sell(sale("s", milk(amount=700), card=card(2), redemptions=("R1",)))
    till.all_posted()
    assert at_central(central, 2)["balance"]["points"] == POINTS - COST + 7
    till.agent.till.void("s", "v")
    till.all_posted()
    assert at_central(central, 2)["balance"]["points"] == POINTS
    assert overdrafts(central, 2) == []


def test_a_till_whose_clock_is_wrong_hears_nothing_of_the_member_and_goes_by_its_limits(
    central: Running, open_till: Opening
) -> None:
    authority, at = open_till("31").agent.till._parts.authority, datetime.now(UTC)
    asked = Question("R1", at_central(central, 11)["ref"], "points", COST, COST, at, 0)
    assert authority.ask(replace(asked, until=at + timedelta(days=2))) is None
    assert authority.ask(asked) == Word(COST, spendable=POINTS)


def test_an_answer_that_is_lost_leaves_nothing_set_aside_and_nothing_twice(
    central: Running, open_till: Opening
) -> None:
    till = open_till("06")
    till.line.breaks(Fault("drop-answer", AUTHORISATIONS))
    assert reserve(till, 3, "R1")["authorised_by"] == "limit"
    till.line.breaks(None)
    till.agent.till.commit("R1")
    till.all_posted()
    assert at_central(central, 3)["balance"]["points"] == POINTS - COST
    assert overdrafts(central, 3) == []
    # What central had set aside for R1 is used up with it: the rest can be had.
    other = open_till("07")
    assert reserve(other, 3, "R2", "coffee")["authorised_by"] == "central"


def test_who_is_refused_without_central_and_tries_again_keeps_what_central_then_sets_aside(
    central: Running, open_till: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "AUTHORISE_PROBE_EVERY_S", 3600.0)
    till, other = open_till("61"), open_till("62")
    till.line.breaks(Fault("refuse"))
    reserve(till, 9, "R1")
    till.agent.till.commit("R1")
    with pytest.raises(Refused, match="without central"):
        reserve(till, 9, "R2", "coffee")
    wait_until(lambda: till.agent.authoriser._retry_s > 0, "told in vain that R2 is let go of")
    till.line.breaks(None)
    till.all_posted()
    assert reserve(till, 9, "R2", "coffee")["authorised_by"] == "central"
    # Now what waited is told, and something else with it.
    till.agent.authoriser._retry_s = 0.0
    till.agent.till.cancel(reserve(till, 8, "R3", "coffee")["redemption_id"])
    wait_until(lambda: not till.agent.authoriser._let_go, "told")
    with pytest.raises(Refused, match="central has 0 points left"):
        reserve(other, 9, "R4", "coffee")


def test_without_central_both_get_them_the_loss_is_bounded_and_the_house_bears_it(
    central: Running, open_till: Opening
) -> None:
    tills = [open_till("08"), open_till("09")]
    before = house(central)
    for till in tills:
        till.line.breaks(Fault("refuse"))
    for till in tills:
        assert reserve(till, 4, "R1")["authorised_by"] == "limit"
        till.agent.till.commit("R1")
    for till in tills:
        till.line.breaks(None)
    for till in tills:
        till.all_posted()
    lost = 2 * COST - POINTS
    assert house(central) - before == -lost
    assert [each["quantity"] for each in overdrafts(central, 4)] == [-lost]
    assert at_central(central, 4)["balance"].get("points", 0) == 0
    agent = tills[0].agent
    programme = agent.store.shelf.at(agent.store.clock.now())
    worth = lost * VALUE // COST
    assert worth <= worst_loss(programme, offline_limits(agent.store.settings), tills=2)
    # Both tills are told that this member redeems only with central from now on.
    central.admin("POST", "/members/M4/adjustments", json=_GIFT)
    for till in tills:
        wait_until(partial(_has_points, till, 4, 1000), "told")
        till.line.breaks(Fault("refuse"))
        with pytest.raises(Refused, match="only while central can be reached"):
            reserve(till, 4, "R3")


def _has_points(till: Counter, number: int, points: int) -> bool:
    return bool(till.points(number) == points)


_GIFT = {"adjustment_id": "gift", "quantity": 1000, "reason": "for the test"}


def set_clock(till: Counter, ahead: timedelta = timedelta(0)) -> None:
    """Somebody sets the clock of a till's machine."""
    till.agent.store.clock._now = lambda: datetime.now(UTC) + ahead


def poked(central: Running, member: int, reason: str) -> None:
    """Something for every till to be told of."""
    body = {"adjustment_id": reason, "quantity": 1, "reason": reason}
    assert central.admin("POST", f"/members/M{member}/adjustments", json=body).ok


def test_what_lapsed_while_a_clock_was_wrong_is_not_charged_when_it_is_right_again(
    central: Running, open_till: Opening
) -> None:
    till, other = open_till("21"), open_till("22")
    assert reserve(till, 10, "R1")["authorised_by"] == "central"
    set_clock(till, timedelta(days=2))
    poked(central, 10, "ahead")

    def had() -> bool:
        try:
            return bool(reserve(other, 10, "R2")["authorised_by"] == "central")
        except Refused:
            return False

    wait_until(had, "the till told central that R1 has lapsed")
    set_clock(till)
    poked(central, 10, "right")
    clock = till.agent.store.clock
    wait_until(lambda: clock.now() < datetime.now(UTC) + timedelta(hours=1), "the time is let go")
    with pytest.raises(Refused, match="lapsed"):
        till.agent.till.sell(sale("late", milk(amount=700), card=card(10), redemptions=("R1",)))
    other.agent.till.commit("R2")
    other.all_posted()
    assert at_central(central, 10)["balance"]["points"] == POINTS + 2 - COST
    assert overdrafts(central, 10) == []

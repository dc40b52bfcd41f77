"""Comparing: the same sales by two programmes, each with its own members, in order of time."""

import json
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from edge_agent.authoring.compare import Comparison, Sold, compare
from edge_agent.authoring.member_file import MemberFile
from edge_agent.authoring.worth import worth
from edge_agent.domain.basket import Basket
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Programme, evaluate
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import Redemption, Wanted
from edge_agent.web.sales_file import SalesMistake, sales_in
from tests.unit.domain.builders import (
    A_SATURDAY,
    BASE,
    basket,
    baskets,
    line,
    programme,
    programmes,
)

REWARD = '[[reward]]\nid = "five"\ncost = 250\noff = { amount = 500 }\ntitle = "x"\n'
OLD = programme(BASE + REWARD)
DOUBLE = programme(BASE.replace("points = 1", "points = 2") + REWARD)
TENTH = programme(
    BASE
    + REWARD
    + '[[bonus]]\nid = "third"\nadd = 100\nwhen = { every_visit = 3 }\nwhy = "elk derde bezoek"\n'
)
TIERED = programme(
    BASE
    + REWARD
    + '[tiers]\nmeasure = "spend"\nover = "ever"\n'
    + '[[tiers.level]]\nid = "gold"\nname = "Goud"\nat_least = 5000\n'
)


def sold(number: int, who: str = "a", amount: int = 3000, **more: Any) -> Sold:
    at = A_SATURDAY + timedelta(days=number)
    return Sold(f"s{number}", at, who, basket(line(1, amount)), **more)


def test_the_cost_is_what_is_given_at_what_a_point_is_worth() -> None:
    found = compare(OLD, DOUBLE, [sold(1), sold(2), sold(3, who="")])
    assert (found.sales, found.with_card, found.customers, found.turnover) == (3, 2, 1, 9000)
    assert (found.old.given["points"], found.new.given["points"]) == (60, 120)
    # 250 points buy 5.00, so that a point is worth 2 cents.
    assert (found.old.cost, found.new.cost) == (120, 240)
    assert found.new.rules["base"].units == {"points": 120}


def test_a_worth_that_is_declared_goes_before_that_of_a_reward() -> None:
    declared = programme(BASE + REWARD + "[returns]\npoint_value = { points = 1.5 }\n")
    assert worth(declared.file, "points") == Fraction(3, 2)
    assert worth(OLD.file, "points") == 2
    assert worth(programme(BASE).file, "points") is None
    assert compare(programme(BASE), OLD, [sold(1)]).old.cost is None


def test_a_discount_costs_once_and_a_reward_was_paid_with_points() -> None:
    tenth_off = programme(
        BASE + REWARD + '[[offer]]\nid = "tenth"\ntitle = "x"\noff = { percent = 10 }\n'
    )
    member = MemberFile.read({"holdings": {"points": 250}})
    wish = Wanted((Redemption("five"),))
    found = compare(OLD, tenth_off, [sold(1, member=member, wanted=wish)])
    # 30.00 less 5.00 with points: 25 points of 2 cents.
    assert (found.old.off, found.old.rewarded, found.old.cost) == (0, 500, 50)
    # 3.00 off, then 5.00 with points: 22 points of 2 cents, and the 3.00.
    assert (found.new.off, found.new.rewarded, found.new.cost) == (300, 500, 344)
    assert (found.new.rules["tenth"].off, found.new.rules["five"].off) == (300, 0)
    assert found.new.tiers[""].off == 300
    assert found.old.used["points"] == 250


def test_visits_are_carried_from_sale_to_sale_whatever_the_order_of_the_file() -> None:
    sales = [sold(number) for number in range(1, 7)]
    found = compare(OLD, TENTH, reversed(sales))
    assert found.new.rules["third"].sales == 2
    assert "third" not in found.old.rules


def test_a_member_that_is_described_begins_with_what_is_said() -> None:
    member = MemberFile.read({"figures": {"visits@ever": 1}})
    found = compare(TENTH, TENTH, [sold(1, member=member), sold(2, member=member)])
    assert found.old.rules["third"].sales == 1


def test_the_figure_that_shows_a_goal_stands_beside_its_rule() -> None:
    meant = programme(
        BASE
        + REWARD
        + '[goal]\naim = "vaker"\nfigure = "bezoeken"\n'
        + '[[bonus]]\nid = "double"\nmultiply = 2\nwhy = "x"\n'
        + 'goal = { aim = "meer brood", figure = "omzet brood" }\n'
    )
    told = compare(OLD, meant, [sold(1)]).to_json()
    assert (told["old"]["figure"], told["new"]["figure"]) == (None, "bezoeken")
    assert told["new"]["rules"]["double"]["figure"] == "omzet brood"
    assert told["new"]["rules"]["base"]["figure"] is None


def test_tiers_are_reached_on_the_way_and_summed() -> None:
    found = compare(OLD, TIERED, [sold(1), sold(2), sold(3)])
    assert {tier: share.sales for tier, share in found.new.tiers.items()} == {"": 2, "gold": 1}
    assert {tier: share.sales for tier, share in found.old.tiers.items()} == {"": 3}


def test_points_that_expire_in_between_are_told() -> None:
    short = programme(BASE + REWARD + "[unit.points.expiry]\ndays = 10\n")
    found = compare(OLD, short, [sold(1), sold(30)])
    assert found.new.expired["points"] == 30
    assert found.old.expired["points"] == 0


@given(rules=programmes(), bought=baskets)
@settings(max_examples=30)
def test_a_programme_compared_with_itself_shows_no_difference(
    rules: Programme, bought: Basket
) -> None:
    sales = [
        Sold(f"s{index}", A_SATURDAY + timedelta(days=index), "a", bought) for index in range(2)
    ]
    found = compare(rules, rules, sales).to_json()
    assert found["old"] == found["new"]
    for unit, total in found["old"]["given"].items():
        assert total == sum(share["units"].get(unit, 0) for share in found["old"]["rules"].values())


POSTED = {
    "sale_id": "s1",
    "at": "2026-11-21T14:03:11+01:00",
    "card": {"code": "2912345678906", "entry": "scanned"},
    "lines": [{"line": 1, "sku": "1", "quantity": 1, "amount": 3000}],
    "total": {"amount": 3000, "currency": "EUR"},
}


def read(*values: object) -> list[Sold]:
    return list(sales_in(json.dumps(value).encode() + b"\n" for value in values))


def record(kind: str, number: int, body: dict[str, Any]) -> dict[str, Any]:
    at = A_SATURDAY.isoformat()
    text = json.dumps(body | {"entries": []})
    return {"seq": number, "id": f"r{number}", "kind": kind, "at": at, "hash": "", "body": text}


def test_sales_as_the_pos_posts_them_with_a_member_beside() -> None:
    (found,) = read(POSTED | {"member": {"tier": "gold"}})
    assert (found.sale_id, found.who, found.member.tier) == ("s1", "2912345678906", "gold")
    assert found.at == datetime.fromisoformat("2026-11-21T14:03:11+01:00")


def test_records_of_a_journal_without_the_sales_that_were_voided() -> None:
    was = Recorded("0" * 64, MemberFacts("ref", figures={"visits@ever": 2}), basket(line(1, 3000)))
    kept = record("sale", 1, was.to_json() | {"sale": {"sale_id": "s1"}})
    gone = record("sale", 2, was.to_json() | {"sale": {"sale_id": "s2"}})
    void = record("void", 3, {"void": {"void_id": "v", "sale_id": "s2", "original": "r2"}})
    (found,) = read(kept, gone, void)
    assert (found.sale_id, found.who) == ("s1", "ref")
    # Two visits before, so this is the third.
    assert compare(TENTH, TENTH, [found]).old.rules["third"].sales == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "line 1: is not an object"),
        ({**POSTED, "at": None}, "line 1: at: "),
        ({**POSTED, "lines": []}, "line 1: lines: "),
        ({**POSTED, "member": {"tire": "gold"}}, "line 1: tire: is not a key that is known here"),
        (record("sale", 1, {"sale": {"sale_id": "s1"}}), "line 1: facts: is required in a record"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(value: object, said: str) -> None:
    with pytest.raises(SalesMistake) as caught:
        read(value)
    assert str(caught.value).startswith(said)


def test_a_line_that_is_no_json_is_named() -> None:
    with pytest.raises(SalesMistake, match="line 2: is not JSON"):
        list(sales_in([b"\n", b"{\n"]))


def test_progress_is_told_for_each_sale() -> None:
    told: list[Comparison | None] = []
    compare(OLD, DOUBLE, [sold(1), sold(2)], lambda: told.append(None))
    assert len(told) == 2


def test_a_sale_of_a_comparison_is_worked_out_as_at_the_till() -> None:
    found = compare(OLD, OLD, [sold(1)])
    expected = evaluate(OLD, MemberFacts("a"), basket(line(1, 3000)), A_SATURDAY)
    assert found.old.given["points"] == sum(each.quantity for each in expected.entries)

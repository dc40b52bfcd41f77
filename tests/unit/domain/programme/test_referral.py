"""Bringing somebody in: both sides, once, after the first purchase that counts."""

from datetime import date

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Evaluation, Programme, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from tests.unit.domain.builders import BASE, HEAD, basket, line, programme
from tests.unit.domain.customers import Customer, at, given

NO_GIFT_CARDS = '[[exclude]]\nid = "gift"\nkinds = ["gift_card"]\nwhy = "x"\n'
SHIRT = basket(line(1, 1_999))
GIFT_CARD = basket(line(1, 2_500, kind="gift_card"))
BOTH = "referrer = [{ quantity = 50 }]\nmember = [{ quantity = 50 }]"


def referral(keys: str) -> Programme:
    return programme(f"{BASE}{NO_GIFT_CARDS}[referral]\n{keys}\n")


def brought_in(rules: Programme, by: str | None = "friend") -> Customer:
    return Customer(rules, MemberFacts("new", referred_by=by, since=date(2026, 11, 1)))


def sides(found: Evaluation) -> tuple[int, int]:
    """What the referral gave the member and the one who brought them in."""
    parts = [each for each in found.entries if each.rule == "referral" and each.unit == "points"]
    member = sum(each.quantity for each in parts if each.account is None)
    return member, sum(each.quantity for each in parts if each.account == "friend")


@pytest.mark.parametrize(
    ("keys", "baskets", "expected"),
    [
        (BOTH, [SHIRT, SHIRT], [(50, 50), (0, 0)]),
        ("referrer = [{ quantity = 50 }]", [SHIRT, SHIRT], [(0, 50), (0, 0)]),
        ("member = [{ quantity = 50 }]", [SHIRT], [(50, 0)]),
        # the first purchase that earns: a gift card alone does not
        (BOTH, [GIFT_CARD, SHIRT, SHIRT], [(0, 0), (50, 50), (0, 0)]),
        (f'{BOTH}\nafter = "purchase"', [GIFT_CARD, SHIRT], [(50, 50), (0, 0)]),
        (f"{BOTH}\nwhen = {{ minimum_sale = 2000 }}", [SHIRT, basket(line(1, 2_000))], [(0, 0), (50, 50)]),
        (f"{BOTH}\nwhen = {{ joined_days_max = 10 }}", [SHIRT], [(0, 0)]),
    ],
)  # fmt: skip
def test_both_sides_get_theirs_once_after_the_first_purchase_that_counts(
    keys: str, baskets: list[Basket], expected: list[tuple[int, int]]
) -> None:
    customer = brought_in(referral(keys))
    assert [sides(customer.buys(each, at("2026-11-21"))) for each in baskets] == expected


@pytest.mark.parametrize("by", [None, "new"])  # nobody; the own account, as in a household
def test_without_another_account_that_brought_the_member_in_there_is_nothing(
    by: str | None,
) -> None:
    assert sides(brought_in(referral(BOTH), by).buys(SHIRT, at("2026-11-21"))) == (0, 0)


def test_what_the_other_account_gets_is_no_part_of_this_ones_points() -> None:
    customer = brought_in(referral(BOTH))
    found = customer.buys(SHIRT, at("2026-11-21"))
    assert given(found) == customer.has() == 19 + 50
    after = customer.known.after(found.entries, (), date(2026, 11, 21))
    assert sum(each.quantity for each in after.holdings if each.unit == "points") == 69


def test_the_other_accounts_points_do_not_last_by_this_members_day_of_joining() -> None:
    head = HEAD + '[unit.points]\nexpiry = { rounded = "membership-year" }\n'
    rules = programme(f"{BASE}[referral]\n{BOTH}\n", head)
    found = brought_in(rules).buys(SHIRT, at("2026-11-21"))
    ends = {
        each.account: each.expires_on
        for each in found.entries
        if each.rule == "referral" and each.expires_on
    }
    assert ends == {None: date(2027, 10, 31), "friend": date(2026, 12, 31)}


def test_why_there_was_nothing_is_said() -> None:
    now = at("2026-11-21")
    for facts, bought, unmet in (
        (MemberFacts("new"), SHIRT, Unmet(Obstacle.NOT_REFERRED)),
        (MemberFacts("new", referred_by="f"), GIFT_CARD, Unmet(Obstacle.NO_BASE)),
        (
            MemberFacts("new", referred_by="f", figures={"referred@ever": 1}),
            SHIRT,
            Unmet(Obstacle.USED_UP, 1),
        ),
    ):
        found = evaluate(referral(BOTH), facts, bought, now, explains=True)
        assert {each.rule: each.unmet for each in found.outcomes}["referral"] == unmet


def test_a_referral_that_gives_nothing_is_a_mistake() -> None:
    with pytest.raises(
        ProgrammeInvalid, match="give something to the referrer, the member or both"
    ):
        referral("")


@property_of(st.lists(st.sampled_from([SHIRT, GIFT_CARD, basket(line(1, 50))]), max_size=12))
def test_a_referral_is_paid_once_however_often_the_member_buys(baskets: list[Basket]) -> None:
    customer = brought_in(referral(BOTH))
    paid = [sides(customer.buys(each, at("2026-11-21"))) for each in baskets]
    earned = any(each is SHIRT for each in baskets)
    assert [each for each in paid if each != (0, 0)] == ([(50, 50)] if earned else [])

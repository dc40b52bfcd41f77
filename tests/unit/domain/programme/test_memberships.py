"""Paid memberships: bought, renewed, tried, given and ended."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from edge_agent.domain.basket import Line
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import NOBODY, MemberFacts
from edge_agent.domain.programme import Programme, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.situation import NOTHING, PresentedVoucher, Wanted
from edge_agent.domain.tallies import figures
from tests.unit.domain.builders import BASE, basket, line, programme

PLUS = """
[[membership]]
id = "plus"
title = "Plus"
skus = ["plus-year"]
months = 12
trial = { skus = ["plus-trial"], days = 30 }
gift_skus = ["plus-gift"]
"""
DOUBLE = """
[[bonus]]
id = "double"
multiply = 2
when = { memberships = ["plus"], without = { kinds = ["service"] } }
why = "dubbel voor Plus"
"""
YEAR = line(9, 29_00, sku="plus-year", kind="service")
TRIAL = line(9, 0, sku="plus-trial", kind="service")
GIFT = line(9, 29_00, sku="plus-gift", kind="service")
NO_FEE = '[[exclude]]\nid = "fee"\nkinds = ["service"]\nwhy = "lidmaatschap"\n'
MEMBER = MemberFacts("7f0c")
FRIEND = MemberFacts("a001")
BOUGHT = date(2026, 1, 15)


def rules(table: str = PLUS) -> Programme:
    return programme(BASE + DOUBLE + NO_FEE + table)


SHOP = rules()


def sold(
    facts: MemberFacts,
    *lines: Line,
    day: date = BOUGHT,
    shop: Programme = SHOP,
    wanted: Wanted = NOTHING,
) -> tuple[Entry, ...]:
    known = replace(facts, figures=figures(shop.readings, facts.holdings, day, None))
    at = datetime.combine(day, datetime.min.time(), shop.timezone)
    return evaluate(shop, known, basket(*lines), at, wanted).entries


def after(
    facts: MemberFacts, *lines: Line, day: date = BOUGHT, shop: Programme = SHOP
) -> MemberFacts:
    return facts.after(sold(facts, *lines, day=day, shop=shop), (), day)


def points(entries: tuple[Entry, ...]) -> int:
    return sum(each.quantity for each in entries if each.unit == "points")


def runs(facts: MemberFacts) -> list[tuple[date | None, date | None]]:
    return [
        (each.matures_on, each.expires_on)
        for each in facts.holdings
        if each.unit == "membership/plus"
    ]


def until(facts: MemberFacts, day: date) -> list[date | None]:
    return [each.until for each in SHOP.memberships.running(facts, day)]


@pytest.mark.parametrize(("this_sale", "expected"), [("true", 20), ("false", 10)])
def test_a_membership_holds_for_the_very_sale_that_it_is_bought_in_where_declared(
    this_sale: str, expected: int
) -> None:
    shop = rules(PLUS.replace("months", f"this_sale = {this_sale}\nmonths"))
    assert points(sold(MEMBER, YEAR, line(1, 10_00), shop=shop)) == expected
    assert points(sold(after(MEMBER, YEAR, shop=shop), line(1, 10_00), shop=shop)) == 20


def test_it_runs_for_what_was_paid_and_no_day_longer() -> None:
    member = after(MEMBER, YEAR)
    assert runs(member) == [(None, date(2027, 1, 14))]
    assert points(sold(member, line(1, 10_00), day=date(2027, 1, 14))) == 20
    assert points(sold(member, line(1, 10_00), day=date(2027, 1, 15))) == 10


def test_a_renewal_begins_when_the_paid_time_ends() -> None:
    member = after(after(MEMBER, YEAR), YEAR, day=date(2026, 12, 1))
    assert runs(member) == [(None, date(2027, 1, 14)), (date(2027, 1, 15), date(2028, 1, 14))]
    assert until(member, date(2026, 12, 1)) == [date(2028, 1, 14)]


def test_after_a_gap_it_begins_anew() -> None:
    member = after(after(MEMBER, YEAR), YEAR, day=date(2027, 6, 1))
    assert until(member, date(2027, 6, 1)) == [date(2028, 5, 31)]


def test_two_articles_run_one_after_the_other() -> None:
    member = after(MEMBER, replace(YEAR, quantity=YEAR.quantity * 2))
    assert until(member, BOUGHT) == [date(2028, 1, 14)]


def test_a_trial_is_had_once_and_what_is_bought_runs_after_it() -> None:
    member = after(MEMBER, TRIAL)
    assert until(member, BOUGHT) == [date(2026, 2, 13)]
    assert runs(after(member, TRIAL, day=date(2027, 1, 1))) == runs(member)
    assert until(after(member, YEAR), BOUGHT) == [date(2027, 2, 13)]


def test_whoever_is_a_member_has_nothing_to_try() -> None:
    member = after(MEMBER, YEAR)
    assert runs(after(member, TRIAL)) == runs(member)


ENDLESS = replace(MEMBER, holdings=(Holding("membership/plus", 1),))


def test_what_is_bought_beside_one_without_an_end_runs_from_that_day() -> None:
    assert until(ENDLESS, BOUGHT) == [None]
    assert points(sold(ENDLESS, line(1, 10_00))) == 20
    member = after(ENDLESS, replace(YEAR, quantity=YEAR.quantity * 2))
    assert runs(member) == [
        (None, date(2027, 1, 14)),
        (date(2027, 1, 15), date(2028, 1, 14)),
        (None, None),
    ]
    assert until(member, BOUGHT) == [None]
    again = after(member, YEAR, day=date(2026, 12, 1))
    assert (date(2028, 1, 15), date(2029, 1, 14)) in runs(again)


def test_a_gift_beside_one_without_an_end_is_used_up_and_runs_from_that_day() -> None:
    gift = PresentedVoucher("b002", Holding("voucher/plus", 1, lot="c" * 32))
    entries = sold(ENDLESS, line(1, 10_00), wanted=Wanted(vouchers=(gift,)))
    moved = [(each.unit, each.quantity, each.expires_on) for each in entries]
    assert ("voucher/plus", -1, None) in moved
    assert ("membership/plus", 1, date(2027, 1, 14)) in moved


def test_whoever_has_one_without_an_end_has_nothing_to_try() -> None:
    assert runs(after(ENDLESS, TRIAL)) == runs(ENDLESS)


def test_a_gift_is_presented_by_somebody_else_and_then_used_up() -> None:
    giver = after(MEMBER, GIFT)
    assert runs(giver) == []
    (gift,) = [each for each in giver.holdings if each.unit == "voucher/plus"]
    posted = gift._replace(lot="c" * 32)
    wanted = Wanted(vouchers=(PresentedVoucher(MEMBER.account, posted),))
    entries = sold(FRIEND, line(1, 10_00), day=date(2026, 6, 1), wanted=wanted)
    used, begun = (each for each in entries if each.unit != "points")
    assert (used.kind, used.quantity, used.account, used.lot) == (
        EntryKind.REDEEM,
        -1,
        MEMBER.account,
        "c" * 32,
    )
    assert (begun.account, begun.expires_on) == (None, date(2027, 5, 31))
    assert points(entries) == 20


@pytest.mark.parametrize(
    "holding",
    [Holding("voucher/plus", 1, date(2026, 1, 14)), Holding("voucher/other", 1)],
)
def test_a_gift_that_is_over_or_of_another_kind_starts_nothing(holding: Holding) -> None:
    wanted = Wanted(vouchers=(PresentedVoucher(MEMBER.account, holding),))
    assert [each.unit for each in sold(FRIEND, line(1, 10_00), wanted=wanted)] == ["points"]


def test_without_a_card_nothing_is_held() -> None:
    assert sold(NOBODY, YEAR) == ()


@pytest.mark.parametrize("length", ["", "days = 30\nmonths = 1\n"])
def test_one_length_is_given(length: str) -> None:
    with pytest.raises(ProgrammeInvalid, match="either days or months"):
        rules(PLUS.replace("months = 12\n", length))

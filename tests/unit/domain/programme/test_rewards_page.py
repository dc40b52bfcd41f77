"""The examples of the page on offers, vouchers and rewards do what the page says."""

import re
from datetime import date, datetime
from pathlib import Path

import pytest

from edge_agent.domain.holdings import Holding
from edge_agent.domain.programme.situation import PresentedVoucher, Redemption, Wanted
from tests.unit.domain.builders import BASE, basket, line, programme
from tests.unit.domain.programme.reducing import (
    codes,
    earned,
    member,
    offer,
    points,
    redeeming,
    rules,
    spent,
    total_off,
    worked,
)

PAGE = (Path(__file__).parents[4] / "docs" / "rewards-vouchers-offers.md").read_text("utf-8")
WHOLE = programme("\n".join([BASE, *re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)]))
OFFS = re.findall(r"^\| ([^|]+) \| `(off = .*)` \|$", PAGE, re.MULTILINE)
FAMILY = member(segments=frozenset({"families"}))
A_WEDNESDAY = datetime.fromisoformat("2026-11-18T10:00:00+01:00")


@pytest.mark.parametrize(("wanted", "off"), OFFS)
def test_every_effect_of_the_table_loads(wanted: str, off: str) -> None:
    inside = off.removeprefix("off = { ").removesuffix(" }")
    assert rules(offer("deal", inside)).file.offer[0].off is not None, wanted


def test_the_page_shows_every_effect() -> None:
    assert len(OFFS) == 10


def test_cheese_for_families_in_its_week() -> None:
    cheese = basket(line(1, 1000, "cheese"), line(2, 1000, "bread"))
    found = worked(WHOLE, cheese, facts=FAMILY, at=A_WEDNESDAY)
    assert found.off() == {1: 200}
    assert total_off(worked(WHOLE, cheese, facts=member(), at=A_WEDNESDAY)) == 0


def test_the_welcome_code_from_twenty_five_euro() -> None:
    for amount, off in ((2499, 0), (2500, 500)):
        assert total_off(worked(WHOLE, basket(line(1, amount)), codes("welkom5"))) == off


def test_a_voucher_for_every_250_points_from_the_next_day() -> None:
    found = worked(WHOLE, basket(line(1, 1000)), facts=member(points(500)))
    issued = [each for each in found.entries if each.unit == "voucher/saver"]
    assert [(each.quantity, each.matures_on, each.expires_on) for each in issued] == [
        (500, date(2026, 11, 22), date(2027, 2, 21))
    ] * 2
    assert (earned(found), spent(found)) == (10, 500)


def test_as_many_points_as_are_of_use() -> None:
    wanted = redeeming(Redemption("euro"))
    found = worked(WHOLE, basket(line(1, 1200)), wanted, member(points(1100)))
    by_rule = -sum(each.quantity for each in found.entries if each.rule == "euro")
    assert (by_rule, total_off(found)) == (500, 1000)


def test_coffee_and_a_tree_but_no_third_reward() -> None:
    bought = basket(line(1, 250, "coffee"))
    two = Wanted(redemptions=(Redemption("coffee"), Redemption("trees")))
    found = worked(WHOLE, bought, two, member(points(470)))
    assert (spent(found), total_off(found)) == (460, 250)
    three = Wanted(redemptions=(*two.redemptions, Redemption("trees")))
    assert total_off(worked(WHOLE, bought, three, member(points(2000)))) == 0


def test_a_birthday_voucher_is_used_up_whatever_it_took_off() -> None:
    mine = Holding("voucher/birthday", 1, date(2026, 11, 30), lot="a" * 32)
    shown = Wanted(vouchers=(PresentedVoucher(member().account, mine),))
    found = worked(WHOLE, basket(line(1, 1000)), shown, member(mine))
    assert (total_off(found), spent(found, "voucher/birthday")) == (150, 1)

"""The fashion house, worked out by hand: what an accountant would check."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from edge_agent.domain.basket import Line
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Birthday, MemberFacts
from edge_agent.domain.programme.situation import PresentedVoucher, Wanted
from edge_agent.errors import Refused
from edge_agent.till.without_sale import Answering, Reported
from tests.tills import JAN, STRANGER, back, jan, scanned
from tests.unit.programmes.shops import (
    Counter,
    basket,
    gives,
    item,
    regular,
    takes_off,
    works_out,
)

SHOP = "fashion"
SILVER, GOLD = regular(tier="silver"), regular(tier="gold")
PLUS = regular(Holding("membership/plus", 1, date(2027, 6, 30)))
COAT = item(20000, "coats", brand="Noord")
LAINE = item(20000, "knitwear", brand="Maison Laine")


@pytest.mark.parametrize(
    ("items", "member", "given", "off"),
    [
        # 49.95 is rounded to 50 on its line; two lines of 9.50 are 10 each.
        ([item(4995, "shirts")], regular(), {"base": 50}, {}),
        ([item(950, "shirts"), item(950, "shirts")], regular(), {"base": 20}, {}),
        # Silver: 79.90 x 1.25 = 99.875 -> 100; Gold: 79.90 x 1.5 = 119.85 -> 120.
        ([item(7990, "shoes")], SILVER, {"base": 100}, {}),
        ([item(7990, "shoes")], GOLD, {"base": 120}, {}),
        # Sale goods: 25.00 x 0.5 = 12.5 -> 13, whatever the tier.
        ([item(2500, "shirts", labels=("sale",))], GOLD, {"sale-goods": 13}, {}),
        # Noord Plus: 5 % of 60.00 is 3.00 off; 57 points and 57 more.
        ([item(6000, "shirts")], PLUS, {"base": 57, "plus-double": 57}, {"plus-price": 300}),
        # A coat of Noord at full price: a fifth of 200 for the autumn or a quarter for the brand; the better one.
        ([COAT], regular(), {"base": 200, "full-price": 50}, {}),
        # With Gold the coat is worth 1.5 in autumn: 300 and half as many again.
        ([COAT], GOLD, {"base": 300, "autumn-coats": 150}, {}),
        # Two pairs of trousers: 30 % of the cheaper, 18.00 of 60.00; 80 + 42 = 122.
        (
            [item(8000, "trousers"), item(6000, "trousers")],
            regular(),
            {"base": 122},
            {"second-pair": 1800},
        ),
        # With Gold alterations cost nothing, and so earn nothing.
        ([item(1500, "alterations", kind="service")], GOLD, {}, {"alterations": 1500}),
        # Nothing is off Maison Laine, also not for Plus; it earns all the same.
        ([LAINE], PLUS, {"base": 200, "plus-double": 200}, {}),
        # 50 extra in the month of the birthday, from 50.00 on.
        (
            [item(6000, "shirts")],
            regular(birthday=frozenset({Birthday.MONTH})),
            {"base": 60, "birthday-month": 50},
            {},
        ),
        ([item(4999)], regular(birthday=frozenset({Birthday.MONTH})), {"base": 50}, {}),
    ],
)
def test_what_a_basket_earns_and_what_is_off_it(
    items: list[Line], member: MemberFacts, given: dict[str, int], off: dict[str, int]
) -> None:
    found = works_out(SHOP, basket(*items), member=member)
    earned = {rule: much for rule, much in gives(found).items() if rule not in STANDING}
    assert earned == given
    assert takes_off(found) == off


STANDING = frozenset({"member", "silver", "gold", "season", "tiers"})
"""What a sale brings besides points: a tier and the season's vouchers. They have tests of their own below."""


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    opened = Counter(tmp_path, SHOP)
    yield opened
    opened.close()


def test_the_tier_is_reached_in_the_sale_that_reaches_it(counter: Counter) -> None:
    assert counter.buys(item(29000, "shirts"))["earned"]["points"] == 290
    # 290.00 + 20.00 = 310.00 in the year: Silver, so these 20.00 earn 25.
    result = counter.buys(item(2000, "shirts"))
    assert (result["tier"]["title"], result["earned"]["points"]) == ("Zilver", 25)
    # 800.00 - 310.00: still 490.00 to Gold.
    assert result["tier"]["next"]["missing"] == 49000


def test_a_membership_works_in_the_sale_that_buys_it(counter: Counter) -> None:
    card = item(4900, kind="membership", sku="plus-year")
    result = counter.buys(card, item(6000, "shirts"))
    # The membership earns nothing and is not discounted; 5 % of 60.00 off, 57 points twice.
    assert (result["discount"], result["earned"]["points"]) == (300, 114)
    # Twelve months from 23 November, that day included.
    assert result["memberships"] == [
        {"id": "plus", "title": "Noord Plus", "until": "2027-11-22"}
    ]  # fmt: skip


def test_a_trial_is_had_once(counter: Counter) -> None:
    trial = item(0, kind="membership", sku="plus-trial")
    assert counter.buys(trial)["memberships"][0]["until"] == "2026-12-22"
    counter.goes_to("2027-01-05 10:00")
    assert counter.buys(trial)["memberships"] == []


def test_150_euro_bring_a_voucher_for_the_next_months(counter: Counter) -> None:
    # 320.00 is twice 150.00: two of 10.00 on one voucher, from 1 December, three months to the month's end.
    result = counter.buys(item(32000, "shirts"))
    assert [(each["quantity"], each["from"], each["until"]) for each in result["vouchers"]] == [
        (2000, "2026-12-01", "2027-02-28")
    ]
    code = result["vouchers"][0]["code"]
    counter.goes_to("2026-12-02 10:00")
    # 70.00 - 20.00, and points for what is paid before own rewards: 70 x 1.25 = 87.5 -> 88.
    used = counter.buys(item(7000, "shirts"), codes=(code,))
    assert (used["discount"], used["earned"]["points"]) == (2000, 88)


def test_a_gift_voucher_keeps_its_rest(counter: Counter) -> None:
    (gift,) = counter.buys(item(5000, kind="gift-voucher"))["vouchers"]
    assert (gift["id"], gift["quantity"]) == ("gift", 5000)
    assert counter.buys(item(3000), codes=(gift["code"],), card=STRANGER)["discount"] == 3000
    assert counter.buys(item(3000), codes=(gift["code"],), card=STRANGER)["discount"] == 2000


def test_points_wait_thirty_days_and_then_pay_by_the_table(counter: Counter) -> None:
    counter.buys(item(26000, "shirts"))
    waiting = counter.shows()["pending"]
    assert waiting == [{"unit": "points", "quantity": 260, "on": "2026-12-23"}]
    later = (Holding("points", 760, date(2027, 12, 31)),)
    counter.goes_to("2026-12-23 10:00")
    counter.shop.confirm(replace(jan(0), lots=later), applied_seq=counter.shop.ledger.head.seq)
    # Of 760 points 500 are 11.00 and 250 are 5.00; the ten that are left buy nothing. Both need 750 points, but
    # without central at most 500 may be used at a time.
    counter.redeems("money-off", 500)
    assert counter.buys(item(4000, "shirts"), uses=("R",))["discount"] == 1100


def test_a_returned_coat_takes_everything_back(counter: Counter) -> None:
    counter.buys(item(30000, "coats", brand="Noord"), item(1000, "shirts"))
    # Silver at once: 300.00 x 1.25 = 375 and 10.00 x 1.25 = 12.5 -> 13; autumn with Silver 30 % of 375 is 112.5 -> 113.
    assert counter.has() == 375 + 13 + 113
    assert (counter.has("tier/silver"), counter.has("voucher/season")) == (1, 2000)
    returned = counter.shop.till.give_back(counter.last, "B", (back(1, "1"),), None).result
    # The shirt alone is 10.00: no Silver, so 10 points; no voucher.
    assert returned["refund"]["amount"] == 30000
    assert counter.has() == 10
    assert (counter.has("tier/silver"), counter.has("voucher/season")) == (0, 0)


def test_points_that_were_used_meanwhile_come_off_the_refund(counter: Counter) -> None:
    counter.buys(item(10000, "shirts"))
    sold = counter.last
    counter.shop.confirm(
        replace(jan(0), lots=(Holding("points", 40, date(2027, 12, 31)),)),
        applied_seq=counter.shop.ledger.head.seq,
    )
    returned = counter.shop.till.give_back(sold, "B", (back(1, "1"),), None).result
    # 100 points were earned, 40 are there: 60 are missing, at 2 cents 1.20; 100.00 - 1.20 = 98.80.
    assert (returned["refund"]["amount"], counter.has()) == (9880, 0)


def test_a_whole_outfit_in_a_quarter_gives_a_hundred(counter: Counter) -> None:
    counter.buys(item(4000, "knitwear"), item(6000, "trousers"))
    # 90 for the shoes, 100 for the outfit.
    assert counter.buys(item(9000, "shoes"))["earned"]["points"] == 190


def test_a_friend_brings_a_hundred_to_both(counter: Counter) -> None:
    friend = replace(jan(0), since=date(2026, 11, 20), referred_by="b" * 32)
    counter.shop.confirm(friend)
    result = counter.buys(item(5000, "shirts"))
    assert result["earned"]["points"] == 150
    (record,) = counter.shop.ledger.records(0, 1)
    others = [each for each in json.loads(record.body)["entries"] if each.get("account")]
    assert [(each["account"], each["quantity"]) for each in others] == [("b" * 32, 100)]


def test_who_fills_in_sizes_gets_25_points_once_and_20_for_old_clothes(counter: Counter) -> None:
    for action in ("sizes", "old-clothes"):
        counter.shop.till.report(Reported(action, scanned(JAN), action))
    assert counter.has() == 45
    # Sizes may be changed as often as one likes; old clothes are for another month, and the customer hears it.
    again = counter.shop.till.report(Reported("more", scanned(JAN), "sizes"))
    assert again.result["earned"]["points"] == 0
    with pytest.raises(Refused, match="al 1 keer gebruikt"):
        counter.shop.till.report(Reported("clothes", scanned(JAN), "old-clothes"))


def test_a_bad_fit_opens_a_case_and_is_thanked_for(counter: Counter) -> None:
    counter.shop.till.answer(Answering("Q", "fit", "no", scanned(JAN)))
    assert counter.has() == 10


def test_the_birthday_voucher_is_used_alone() -> None:
    voucher = Holding("voucher/birthday", 1, date(2026, 12, 10), lot="d" * 32)
    shown = Wanted(vouchers=(PresentedVoucher(PLUS.account, voucher),))
    plus = replace(PLUS, holdings=(*PLUS.holdings, voucher))
    # 15 % of 100.00 and not 5 % besides; 85 points twice.
    found = works_out(SHOP, basket(item(10000, "shirts")), member=plus, wanted=shown)
    assert takes_off(found) == {"birthday": 1500}
    assert gives(found)["base"] == 85

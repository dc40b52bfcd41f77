"""A number that was typed proves nothing: it earns, and uses nothing of what its member has."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.basket import EntryMode, PresentedCard, Sale, Tender
from edge_agent.domain.holdings import Holding
from edge_agent.domain.programme.situation import PresentedVoucher, Wanted
from edge_agent.errors import Refused
from edge_agent.till.redeem import Wish
from edge_agent.till.working_out import Customer, check_stored_value
from tests.tills import AT, JAN, Shop, jan, milk, open_shop, sale, scanned
from tests.unit.domain.builders import BASE, HEAD

RULES = f"""{HEAD}{BASE}
[[voucher]]
id = "birthday"
title = "verjaardagsbon"
value = 500
automatic = true
expiry = {{ months = 3 }}

[unit.euro]
decimals = 2
name = {{ one = "euro", many = "euro" }}

[[wallet]]
id = "wallet"
title = "tegoed"
unit = "euro"
tender = "wallet"

[[reward]]
id = "five-euro"
title = "€ 5 korting"
cost = 400
off = {{ amount = 500 }}
"""
TYPED = PresentedCard(JAN, EntryMode.KEYED)
NEXT_YEAR = date(2027, 12, 31)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A till where Jan has 500 points, a voucher of 5.00 that applies by itself, and 20.00 in a wallet."""
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES, encoding="utf-8")
    (tmp_path / "data").mkdir()
    opened = open_shop(tmp_path / "data", programme=rules)
    held = (Holding("voucher/birthday", 500, NEXT_YEAR, lot="c" * 32), Holding("euro", 2000))
    opened.confirm(replace(jan(500), lots=(*jan(500).lots, *held)))
    yield opened
    opened.close()


def bought(sale_id: str, card: PresentedCard, tender: str = "cash", **more: Any) -> Sale:
    """Something of 15.00."""
    asked = replace(sale(sale_id, milk(amount=1500), **more), card=card)
    return replace(asked, basket=replace(asked.basket, tenders=(Tender(tender, 1500),)))


def test_a_voucher_that_applies_by_itself_does_so_for_a_card_that_was_scanned(shop: Shop) -> None:
    assert shop.till.quote("q-1", bought("", scanned(JAN)))["discount"] == 500
    assert shop.till.quote("q-2", bought("", TYPED))["discount"] == 0
    result = shop.till.sell(bought("s", TYPED, quote_id="q-2")).result
    assert [(each["unit"], each["quantity"]) for each in result["entries"]] == [("points", 15)]


def test_nothing_is_paid_from_the_wallet_of_a_number_that_was_typed(shop: Shop) -> None:
    for ask in (
        lambda: shop.till.quote("q", bought("", TYPED, "wallet")),
        lambda: shop.till.sell(bought("s-1", TYPED, "wallet")),
    ):
        with pytest.raises(Refused, match="scan de kaart"):
            ask()
    assert shop.ledger.head.seq == 0
    paid = shop.till.sell(bought("s-1", scanned(JAN), "wallet")).result
    assert [each["quantity"] for each in paid["entries"] if each["unit"] == "euro"] == ["-15.00"]


@pytest.mark.parametrize(("on_card", "is_enough"), [(1500, True), (1499, False)])
def test_a_gift_card_that_was_shown_pays_as_far_as_it_goes(
    shop: Shop, on_card: int, is_enough: bool
) -> None:
    gift = PresentedVoucher("b" * 32, Holding("euro", on_card, lot="d" * 32))
    programme, basket = shop.shelf.at(AT), bought("", TYPED, "wallet").basket
    asked = (shop.till._parts, Customer(TYPED), programme, basket, Wanted(vouchers=(gift,)))
    if is_enough:
        check_stored_value(*asked)
    else:
        with pytest.raises(Refused, match="scan de kaart"):
            check_stored_value(*asked)


def test_what_the_member_reserved_at_the_till_is_not_applied_to_a_typed_number(shop: Shop) -> None:
    shop.till.reserve(Wish("r-1", scanned(JAN), "five-euro"))
    asked = replace(bought("", scanned(JAN)), reserved_at_till=True)
    assert shop.till.quote("q-1", asked)["redemptions"] == ["r-1"]
    assert shop.till.quote("q-2", replace(asked, card=TYPED))["redemptions"] == []


def test_no_record_holds_what_was_read_as_a_coupon_and_is_none(shop: Shop) -> None:
    strange = (JAN, "jan@example.nl", "0612345678")
    asked = replace(bought("", TYPED), codes=strange)
    assert [each["what"] for each in shop.till.quote("q", asked)["refused"]] == list(strange)
    seq = shop.till.sell(bought("s", TYPED, quote_id="q")).result["seq"]
    (record,) = [each for each in shop.ledger.waiting(0, 10, 10**6) if each.seq == seq]
    assert not any(code.encode() in record.body for code in strange)

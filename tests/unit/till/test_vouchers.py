"""Vouchers at the till: issued with a code, taken at any till that has the key, and used once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.holdings import Holding
from edge_agent.domain.programme.situation import PresentedVoucher
from edge_agent.domain.voucher_codes import voucher_code, voucher_key
from edge_agent.errors import Refused
from tests.tills import AT, JAN, JAN_REF, KEY, Shop, jan, milk, open_shop, sale, scanned
from tests.unit.domain.builders import BASE, HEAD

RULES = (
    BASE
    + """
[[voucher]]
id = "thanks"
title = "bedankbon"
anyone = true
per_sale = { percent = 10 }
expiry = { months = 3 }
[[voucher]]
id = "season"
title = "seizoenskaart"
off = { percent = 50 }
uses = 2
"""
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = open_shop(tmp_path)
    opened.shelf.offer(HEAD.replace("version = 1", "version = 9") + RULES, "vouchers", AT)
    opened.confirm(jan())
    yield opened
    opened.close()


def bought(shop: Shop, sale_id: str = "s") -> dict[str, Any]:
    """The voucher that a sale of 50.00 gives: 5.00."""
    (voucher,) = shop.till.sell(sale(sale_id, milk(amount=5000))).result["vouchers"]
    assert isinstance(voucher, dict)
    return voucher


def quote(shop: Shop, quote_id: str, *codes: str, amount: int = 2000) -> dict[str, Any]:
    return shop.till.quote(quote_id, sale("", milk(amount=amount), codes=codes))


def use(shop: Shop, quote_id: str, amount: int, sale_id: str = "t") -> dict[str, Any]:
    return shop.till.sell(sale(sale_id, milk(amount=amount), quote_id=quote_id)).result


def test_a_voucher_that_was_issued_has_a_code_that_takes_its_worth_off_the_next_sale(
    shop: Shop,
) -> None:
    voucher = bought(shop)
    assert (voucher["id"], voucher["quantity"], voucher["until"]) == ("thanks", 500, "2027-02-18")
    assert quote(shop, "q", voucher["code"])["discount"] == 500
    assert use(shop, "q", 1500)["discount"] == 500


def test_it_is_used_once_also_under_two_quotes_and_after_a_restart(shop: Shop) -> None:
    code = bought(shop)["code"]
    quote(shop, "q", code)
    shop.till.quote("r", sale("", milk(amount=2000), card=None, codes=(code,)))
    use(shop, "q", 1500)
    with pytest.raises(Refused, match="al gebruikt"):
        shop.till.sell(sale("u", milk(amount=1500), card=None, quote_id="r"))
    assert quote(shop, "v", code)["refused"] == [
        {"what": code, "rule": None, "why": "deze bon is al gebruikt"}
    ]
    shop.close()
    reopened = open_shop(shop.data)
    assert quote(reopened, "w", code)["discount"] == 0
    reopened.close()


def test_centrals_word_on_what_is_left_counts(shop: Shop) -> None:
    lot = "d" * 32
    season = PresentedVoucher(JAN_REF, Holding("voucher/season", 2, lot=lot))
    code = voucher_code(season, 0, voucher_key(KEY))
    assert quote(shop, "q", code)["discount"] == 1000
    shop.confirm(replace(jan(), lots=(Holding("voucher/season", 0, lot=lot),)))
    assert quote(shop, "r", code)["discount"] == 0


def test_a_code_that_was_misread_says_so(shop: Shop) -> None:
    code = bought(shop)["code"]
    misread = code[:-1] + ("0" if code[-1] != "0" else "1")
    (refused,) = quote(shop, "q", misread)["refused"]
    assert refused["why"] == "de code is verkeerd gelezen of getypt"


def test_a_code_with_another_key_is_not_ours(shop: Shop) -> None:
    forged = PresentedVoucher(JAN_REF, Holding("voucher/thanks", 999_99, lot="e" * 32))
    (refused,) = quote(shop, "q", voucher_code(forged, 0, b"x" * 32))["refused"]
    assert refused["why"] == "deze bon is niet van ons"
    assert quote(shop, "q", voucher_code(forged, 0, b"x" * 32))["discount"] == 0


def test_nobody_elses_card_is_needed_for_a_voucher_that_anyone_may_use(shop: Shop) -> None:
    code = bought(shop)["code"]
    asked = sale("", milk(amount=2000), card=None, codes=(code,))
    assert shop.till.quote("q", asked)["discount"] == 500
    paid = sale("t", milk(amount=1500), card=None, quote_id="q")
    assert shop.till.sell(paid).result["discount"] == 500
    # It was Jan's, and it is gone there too.
    assert shop.till.identify(scanned(JAN)).known
    assert quote(shop, "r", code)["discount"] == 0


def test_a_code_that_nothing_here_knows_is_said_to_be_unknown(shop: Shop) -> None:
    (refused,) = quote(shop, "q", "SPRING")["refused"]
    assert (refused["what"], refused["rule"]) == ("SPRING", None)
    assert refused["why"] == "deze code is hier niet bekend, of verkeerd gelezen"

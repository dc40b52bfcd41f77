"""A quote is for one sale, of the customer as they were then, and at the time that it was made for."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from edge_agent.domain.programme.kept import Sold
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.errors import LedgerUnavailable, QuoteLapsed
from edge_agent.till.redeem import Wish
from edge_agent.till.views import Answer
from tests.tills import AT, STRANGER, Shop, back, jan, milk, open_shop, sale, scanned
from tests.unit.domain.builders import BASE, HEAD

RULES = f"""{HEAD}{BASE}
[[offer]]
id = "once"
title = "eenmalig vijf euro"
off = {{ amount = 500 }}
limits = [{{ times = 1 }}]
when.segments = ["regulars"]

[[offer]]
id = "lunch"
title = "een tiende, tot twee uur"
off = {{ percent = 10 }}
when = {{ until_time = 14:04:00, segments = ["regulars"] }}

[[reward]]
id = "coffee"
title = "koffie"
cost = 50
limits = [{{ times = 1 }}]
gives = [{{ unit = "points", quantity = 1 }}]
"""
FULL, PAID, AFTER_TWO = 2000, 1350, AT + timedelta(minutes=5)
"""20.00, less 5.00 once and a tenth of the rest till two o'clock: 6.50 is off. The time now is 14:03:11."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A till with an offer that can be had once, one that is over at 14:04, and a regular customer."""
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES, encoding="utf-8")
    (tmp_path / "data").mkdir()
    shop = open_shop(tmp_path / "data", programme=rules)
    regular = jan(200)
    shop.confirm(
        type(regular)(
            regular.ref, lots=regular.lots, cards=regular.cards, segments=frozenset({"regulars"})
        )
    )
    yield shop
    shop.close()


def quoted(shop: Shop, quote_id: str, code: str | None = None) -> int:
    """What is off a basket of 20.00."""
    asked = sale("", milk(1, amount=FULL), **({} if code is None else {"card": code}))
    answer = shop.till.quote(quote_id, asked)
    return sum(each["discount"] for each in answer["lines"])


def sold(shop: Shop, sale_id: str, quote_id: str | None, amount: int = PAID) -> Answer:
    return shop.till.sell(sale(sale_id, milk(1, amount=amount), quote_id=quote_id))


def test_a_quote_is_for_one_sale_and_for_the_same_one_sent_again(shop: Shop) -> None:
    assert quoted(shop, "q") == FULL - PAID
    first = sold(shop, "s-1", "q")
    assert sold(shop, "s-1", "q").result == first.result
    with pytest.raises(QuoteLapsed, match="another sale"):
        sold(shop, "s-2", "q")
    shop.till.void("s-1", "v-1")
    with pytest.raises(QuoteLapsed, match="another sale"):
        sold(shop, "s-2", "q")


def test_what_can_be_had_once_is_not_had_once_for_every_quote_made_beforehand(shop: Shop) -> None:
    assert [quoted(shop, "q-1"), quoted(shop, "q-2")] == [FULL - PAID, FULL - PAID]
    sold(shop, "s-1", "q-1")
    with pytest.raises(QuoteLapsed):
        sold(shop, "s-2", "q-2")
    assert quoted(shop, "q-3") == 200  # the tenth alone


@pytest.mark.parametrize("between", ["a sale without a quote", "a reward without a sale"])
def test_whatever_the_customer_buys_or_uses_in_between_outdates_their_quotes(
    shop: Shop, between: str
) -> None:
    quoted(shop, "q")
    if between == "a sale without a quote":
        sold(shop, "s-1", None, FULL)
    else:
        shop.till.reserve(Wish("r-1", scanned("2912345678906"), "coffee"))
        shop.till.commit("r-1")
    with pytest.raises(QuoteLapsed):
        sold(shop, "s-2", "q")


def test_another_customers_sale_and_a_sale_that_was_refused_outdate_nothing(shop: Shop) -> None:
    quoted(shop, "q")
    shop.till.sell(sale("s-1", card=STRANGER))
    with pytest.raises(LedgerUnavailable):
        _fails_to_commit(shop)
    assert sold(shop, "s-2", "q").result["discount"] == FULL - PAID


def _fails_to_commit(shop: Shop) -> None:
    with shop.ledger.act():
        raise LedgerUnavailable("of the test")


def test_a_sale_after_the_offers_last_minute_comes_to_what_was_quoted_before_it(shop: Shop) -> None:
    assert quoted(shop, "q") == FULL - PAID
    shop.system.at = AFTER_TWO
    late = sale("s-1", milk(1, amount=PAID), quote_id="q", at=AFTER_TWO)
    result = shop.till.sell(late).result
    assert (result["discount"], result["earned"]) == (FULL - PAID, {"points": 13})
    body = shop.ledger.lookups().body(result["seq"])
    recorded = Recorded.from_body(body)
    assert (body["at"], recorded.quoted_at) == (AFTER_TWO.isoformat(), AT)
    programme = shop.shelf.by_digest(recorded.programme)
    assert programme is not None
    assert recorded.again(programme, AFTER_TWO).entries == recorded.entries
    assert Sold.from_body(body).at == AT
    given = shop.till.give_back("s-1", "r-1", (back(1, "1"),), None)
    assert given.result["refund"]["amount"] == PAID // 2


def test_where_nothing_was_off_nothing_comes_off_for_whoever_shows_a_card_at_the_end(
    shop: Shop,
) -> None:
    assert quoted(shop, "q", STRANGER) == 0
    result = sold(shop, "s-1", "q", FULL).result
    assert (result["discount"], result["earned"]) == (0, {"points": 20})


def test_a_quantity_in_grams_is_held_to_its_quote(shop: Shop) -> None:
    asked = sale("", milk(1, "0.001", FULL))
    shop.till.quote("q", asked)
    result = shop.till.sell(sale("s-1", milk(1, "0.001", PAID), quote_id="q")).result
    assert result["discount"] == FULL - PAID
    assert Decimal("0.001") == Decimal(
        shop.ledger.lookups().body(result["seq"])["basket"]["lines"][0]["quantity"]
    )

"""What the rules fail on stops no queue: the sale is recorded without them, answered once, and seen at central."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.money import AMOUNT_MAX_MINOR
from edge_agent.domain.record import RecordKind
from edge_agent.till.receipts import Paper, Receipts
from edge_agent.till.redeem import Wish
from edge_agent.till.sell import sell
from sync.central.bodies import Envelope, Unpostable, read_body
from tests.tills import JAN, JAN_REF, Shop, back, jan, milk, open_shop, points, sale, scanned
from tests.unit.domain.builders import BASE, HEAD

RULES = f"""{HEAD}
{BASE}
[unit.stars]
decimals = 4
name = {{ one = "ster", many = "sterren" }}

[[earn]]
id = "stars"
unit = "stars"
points = 10000
per = 1

[[reward]]
id = "five-euro"
title = "€ 5 korting"
cost = 400
off = {{ amount = 500 }}
"""
"""Ten thousand stars a cent, in ten thousandths: of the dearest line that a till takes no ledger could count them."""
TOO_MUCH = AMOUNT_MAX_MINOR


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES, encoding="utf-8")
    (tmp_path / "data").mkdir()
    opened = open_shop(tmp_path / "data", programme=rules)
    opened.confirm(jan(2000))
    yield opened
    opened.close()


def body_of(shop: Shop, result: dict[str, Any]) -> dict[str, Any]:
    return shop.ledger.lookups().body(result["seq"])


def said_by_central(shop: Shop, seq: int) -> str | None:
    """The code with which central parks or rejects a record; None for one that it can post."""
    (record,) = [each for each in shop.ledger.waiting(0, 100, 10**6) if each.seq == seq]
    envelope = Envelope(shop.ledger.terminal, shop.ledger.epoch, seq, record.id)
    try:
        read_body(record.body, envelope)
    except Unpostable as error:
        return error.code
    return None


def test_the_sale_is_recorded_with_nothing_given_and_the_next_one_is_worked_out(shop: Shop) -> None:
    answer = shop.till.sell(sale("s-1", milk(amount=TOO_MUCH)))
    assert (answer.first, answer.result["entries"], answer.result["balance"]) == (True, [], None)
    body = body_of(shop, answer.result)
    assert (body["kind"], body["not_worked_out"]) == (RecordKind.SALE, "OverflowError")
    assert body["facts"]["account"] == JAN_REF
    assert body["basket"]["total"]["amount"] == TOO_MUCH
    assert shop.till.sell(sale("s-1", milk(amount=TOO_MUCH))).result == answer.result
    ordinary = shop.till.sell(sale("s-2", milk(amount=2))).result
    assert ordinary["earned"] == {"points": 0, "stars": "20000.0000"}
    assert "not_worked_out" not in body_of(shop, ordinary)


def test_central_parks_it_by_name_and_posts_the_others(shop: Shop) -> None:
    shop.till.sell(sale("s-1", milk(amount=TOO_MUCH)))
    shop.till.sell(sale("s-2"))
    assert [said_by_central(shop, seq) for seq in (1, 2)] == ["not-worked-out", None]


def test_what_was_to_be_used_with_it_is_used_up_and_not_to_be_had_again(shop: Shop) -> None:
    shop.till.reserve(Wish("r-1", scanned(JAN), "five-euro"))
    shop.till.sell(sale("s-1", milk(amount=TOO_MUCH), redemptions=("r-1",)))
    assert points(shop).reserved == 0
    redemption = shop.ledger.lookups().redemption("r-1")
    assert redemption is not None
    assert (redemption.state.value, redemption.seq) == ("committed", 1)


class NoReceipts(Receipts):
    """Receipts that fail, for what cannot be brought about from outside."""

    def paper(self, *_args: Any, **_more: Any) -> Paper:
        raise KeyError("of the test")


def test_a_quoted_sale_is_recorded_as_it_was_quoted_and_paid(shop: Shop) -> None:
    shop.till.reserve(Wish("r-1", scanned(JAN), "five-euro"))
    shop.till.quote("q", sale("", milk(amount=2000), redemptions=("r-1",)))
    parts = shop.till._parts
    paid = sale("s-1", milk(amount=1500), quote_id="q")
    result = sell(parts, NoReceipts(parts.settings), paid).result
    assert (result["discount"], result["receipt"]) == (500, {"lines": []})
    assert (result["spent"]["points"], result["earned"]["points"]) == (400, 15)
    body = body_of(shop, result)
    assert [each["amount"] for each in body["reductions"]] == [500]
    assert said_by_central(shop, 1) is None
    assert (points(shop).unconfirmed, points(shop).reserved) == (15 - 400, 0)


def test_it_can_come_back_like_any_sale(shop: Shop) -> None:
    shop.till.sell(sale("s-1", milk(amount=TOO_MUCH)))
    given = shop.till.give_back("s-1", "b-1", (back(1, "1"),), None).result
    assert (given["refund"]["amount"], given["entries"]) == (TOO_MUCH // 2, [])

"""A forgotten card: whoever comes back with the receipt gets what the sale would have earned, once."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.programme import load_programme
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.errors import AlreadyAttached, Invalid, Refused, UnknownSale
from edge_agent.till.attach import Attaching
from edge_agent.till.present import AT_TILL
from sync.central.bodies import Envelope, read_body
from tests.tills import (
    AT,
    DAY,
    JAN,
    JAN_REF,
    PROGRAMME,
    STRANGER,
    Shop,
    back,
    jan,
    milk,
    open_shop,
    points,
    sale,
    scanned,
)
from tests.unit.domain.builders import BASE, HEAD


def sold(shop: Shop, *lines: Any, sale_id: str = "S1", card: str | None = None) -> str:
    """Sell without a card; the text of the QR code on the receipt."""
    result = shop.till.sell(sale(sale_id, *lines, card=card)).result
    return str(result["reference"])


def attaching(proof: str, code: str = JAN, sale_id: str = "S1") -> Attaching:
    return Attaching(sale_id, scanned(code), proof)


def test_it_earns_what_the_sale_would_have_earned(shop: Shop) -> None:
    with_card = shop.till.sell(sale("S0", milk(amount=1250))).result
    proof = sold(shop, milk(amount=1250))
    answer = shop.till.attach(attaching(proof))
    assert answer.first
    assert answer.result["earned"] == with_card["earned"] == {"points": 12}
    assert answer.result["balance"]["points"]["unconfirmed"] == 24
    assert shop.till.sale("S1")[1].member == JAN_REF


def test_the_record_names_the_sale_and_holds_no_card(shop: Shop) -> None:
    proof = sold(shop)
    shop.till.attach(attaching(proof))
    was, record = shop.ledger.records(0, 2)
    act = read_body(
        record.body, Envelope(shop.ledger.terminal, shop.ledger.epoch, record.seq, record.id)
    )
    assert (act.act_id, act.original, act.account, act.paid) == ("S1", was.id, JAN_REF, 258)
    assert act.at == AT
    assert JAN.encode() not in record.body
    assert record.attachment is not None
    assert json.loads(record.attachment.content)["card"]["code"] == JAN


def test_from_the_record_it_is_worked_out_again_to_the_same(shop: Shop) -> None:
    shop.till.attach(attaching(sold(shop, milk(amount=1250))))
    (record,) = shop.ledger.records(1, 1)
    recorded = Recorded.from_body(json.loads(record.body))
    again = recorded.again(load_programme(PROGRAMME.read_text(), "sample"), AT)
    assert recorded.entries == again.entries != ()


def test_the_same_card_again_gets_the_same_answer_and_no_other_card_can_have_it(shop: Shop) -> None:
    proof = sold(shop)
    first = shop.till.attach(attaching(proof))
    again = shop.till.attach(attaching(proof))
    assert (again.first, again.text) == (False, first.text)
    with pytest.raises(AlreadyAttached):
        shop.till.attach(attaching(proof, STRANGER))
    assert shop.ledger.head.seq == 2


def test_a_sale_that_was_made_with_a_card_is_taken(shop: Shop) -> None:
    with pytest.raises(AlreadyAttached):
        shop.till.attach(attaching(sold(shop, card=JAN), STRANGER))


@pytest.mark.parametrize(
    "proof",
    ["sale:0412/03/S1", "sale:0412/03/S1/AAAAAAAAAAAAAAAA", "S1", " "],
    ids=["without the proof", "guessed", "the id", "nothing"],
)
def test_without_the_receipt_there_is_nothing(shop: Shop, proof: str) -> None:
    sold(shop)
    with pytest.raises(Refused):
        shop.till.attach(attaching(proof))
    assert shop.ledger.head.seq == 1


def test_the_receipt_of_another_sale_proves_nothing(shop: Shop) -> None:
    sold(shop)
    other = sold(shop, sale_id="S2")
    with pytest.raises(Refused):
        shop.till.attach(attaching(other))


def test_a_sale_of_another_till_is_not_here(shop: Shop) -> None:
    with pytest.raises(UnknownSale):
        shop.till.attach(attaching("sale:0412/04/S9/AAAAAAAAAAAAAAAA", sale_id="S9"))


def test_a_code_that_is_no_card_of_this_shop_is_named(shop: Shop) -> None:
    with pytest.raises(Invalid):
        shop.till.attach(attaching(sold(shop), "12345"))


@pytest.mark.parametrize(
    ("table", "days", "allowed"),
    [
        ("", 14, True),
        ("", 15, False),
        ("[forgotten_card]\nwithin_days = 2\n", 2, True),
        ("[forgotten_card]\nwithin_days = 2\n", 3, False),
        ("[forgotten_card]\nwithin_days = 0\n", 0, True),
        ("[forgotten_card]\nwithin_days = 0\n", 1, False),
        ("[forgotten_card]\nallowed = false\n", 0, False),
    ],
)
def test_within_the_days_of_the_programme(
    tmp_path: Path, table: str, days: int, allowed: bool
) -> None:
    shop = open_shop(tmp_path)
    shop.shelf.offer(HEAD.replace("version = 1", "version = 9") + BASE + table, "days", AT)
    proof = sold(shop)
    shop.system.at = AT + days * DAY
    if allowed:
        assert shop.till.attach(attaching(proof)).first
    else:
        with pytest.raises(Refused):
            shop.till.attach(attaching(proof))
    shop.close()


def test_what_came_back_earns_nobody_anything(shop: Shop) -> None:
    proof = sold(shop)
    shop.till.give_back("S1", "R1", (back(1, "1"),), None)
    with pytest.raises(Refused):
        shop.till.attach(attaching(proof))


def test_a_return_after_that_takes_back_what_it_earned_and_no_more(shop: Shop) -> None:
    shop.till.attach(attaching(sold(shop, milk(1, "2", 1250))))
    part = shop.till.give_back("S1", "R1", (back(1, "1"),), None).result
    rest = shop.till.void("S1", "V1").result
    assert (part["earned"], rest["earned"]) == ({"points": -6}, {"points": -6})
    assert part["refund"]["amount"] + rest["refund"]["amount"] == 1250
    assert points(shop).unconfirmed == 0
    (attached,) = shop.ledger.records(1, 1)
    (returned,) = shop.ledger.records(2, 1)
    assert json.loads(returned.body)["return"]["original"] == attached.id


def test_goods_of_an_attached_sale_come_back_with_that_card_only(shop: Shop) -> None:
    shop.till.attach(attaching(sold(shop)))
    with pytest.raises(Refused):
        shop.till.give_back("S1", "R1", (back(1, "1"),), None, scanned(STRANGER))
    assert shop.till.give_back("S1", "R1", (back(1, "1"),), None, scanned(JAN)).first


def test_a_card_that_nobody_knows_yet_earns_too(shop: Shop) -> None:
    result = shop.till.attach(attaching(sold(shop), STRANGER)).result
    assert (result["standing"], result["earned"]) == ("unknown", {"points": 2})
    assert points(shop, STRANGER).unconfirmed == 2


def test_a_blocked_card_leaves_the_sale_to_another(shop: Shop) -> None:
    shop.confirm(jan(standing=type(jan().standing).BLOCKED))
    proof = sold(shop)
    with pytest.raises(Refused):
        shop.till.attach(attaching(proof))
    assert shop.till.attach(attaching(proof, STRANGER)).first


def test_a_typed_number_earns_and_shows_no_balance(shop: Shop) -> None:
    typed = replace(scanned(JAN), entry=type(scanned(JAN).entry).KEYED)
    result = shop.till.attach(Attaching("S1", typed, sold(shop))).result
    assert (result["earned"], result["balance"]) == ({"points": 2}, None)


def test_whoever_is_at_the_till_next_gets_neither_the_sale_nor_the_balance_of_who_was(
    shop: Shop,
) -> None:
    proof = sold(shop)
    asked = Attaching("S1", AT_TILL, proof)
    shop.till.identify(scanned(JAN))
    first = shop.till.attach(asked)
    assert shop.till.attach(asked).text == first.text
    shop.till.identify(scanned(STRANGER))
    with pytest.raises(AlreadyAttached):
        shop.till.attach(asked)
    shop.till.leave()
    assert shop.till.attach(asked).text == first.text


def test_after_a_restart_the_receipt_still_proves_it(shop: Shop) -> None:
    proof = sold(shop)
    first = shop.till.attach(attaching(proof))
    second = sold(shop, sale_id="S2")
    shop.close()
    reopened = open_shop(shop.data)
    assert reopened.till.attach(attaching(proof)).text == first.text
    assert reopened.till.attach(attaching(second, sale_id="S2")).first
    reopened.close()


def test_what_is_counted_is_the_same_when_it_is_built_again_from_the_journal(shop: Shop) -> None:
    shop.till.attach(attaching(sold(shop, milk(1, "2", 1250)), STRANGER))
    shop.till.give_back("S1", "R1", (back(1, "1"),), None)
    assert shop.ledger.verify().faults == ()


def test_a_page_that_listens_hears_of_it(shop: Shop) -> None:
    shop.till.attach(attaching(sold(shop)))
    kind, told = shop.heard.events[-1]
    assert (kind, told["kind"], told["result"]["sale_id"]) == ("sale", "attach", "S1")


OFFER = """
[[offer]]
id = "milk"
title = "een euro korting op melk"
off = { amount = 100 }
when = { skus = ["8710400011118"] }
"""


@pytest.fixture
def with_offer(tmp_path: Path) -> Iterator[Shop]:
    opened = open_shop(tmp_path)
    text = HEAD.replace("version = 1", "version = 9") + BASE + OFFER
    opened.shelf.offer(text, "offer", AT)
    opened.confirm(jan())
    yield opened
    opened.close()


def test_what_was_off_stays_off_and_points_are_for_what_was_paid(with_offer: Shop) -> None:
    shop = with_offer
    quoted = shop.till.quote("Q1", sale("", milk(amount=1250), card=None))
    assert quoted["discount"] == 100
    result = shop.till.sell(
        sale("S1", milk(amount=1150, discount=100), card=None, quote_id="Q1")
    ).result
    attached = shop.till.attach(attaching(str(result["reference"]))).result
    assert (attached["earned"], attached["discount"]) == ({"points": 11}, 0)
    back_again = shop.till.void("S1", "V1").result
    assert (back_again["earned"], back_again["refund"]["amount"]) == ({"points": -11}, 1150)

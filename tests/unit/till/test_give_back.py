"""Giving back: the exact inverse, in any number of parts, never more than was bought."""

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.domain.holdings import Holding
from edge_agent.domain.record import RecordKind
from edge_agent.errors import Invalid, OverReturn, Refused, ReturnDiffers, UnknownSale
from edge_agent.till.receipt_facts import sale_reference
from tests.tills import (
    AT,
    JAN,
    PROGRAMME,
    STRANGER,
    Shop,
    back,
    jan,
    milk,
    points,
    sale,
    scanned,
)


def unconfirmed(shop: Shop) -> int:
    return points(shop).unconfirmed


def test_a_returned_line_takes_back_what_it_earned(shop: Shop) -> None:
    shop.till.sell(sale("s", milk(1, "2", 258), milk(2, "1", 1000)))
    assert unconfirmed(shop) == 12
    answer = shop.till.give_back("s", "r", (back(2, "1"),), None)
    assert answer.first
    assert answer.result["earned"] == {"points": -10}
    assert unconfirmed(shop) == 2


def test_part_of_a_line_takes_back_the_floor_of_its_share(shop: Shop) -> None:
    shop.till.sell(sale("s", milk(1, "3", 1000)))
    taken = [
        shop.till.give_back("s", f"r{n}", (back(1, "1"),), None).result["earned"]["points"]
        for n in range(3)
    ]
    assert taken == [-3, -3, -4]
    assert unconfirmed(shop) == 0


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    amounts=st.lists(st.integers(0, 20_000), min_size=1, max_size=4),
    parts=st.lists(st.sampled_from(["0.250", "0.5", "1"]), min_size=1, max_size=8),
    data=st.data(),
)
def test_in_whatever_parts_it_comes_back_nothing_is_left_and_nothing_is_owed(
    shop: Shop, amounts: list[int], parts: list[str], data: st.DataObject
) -> None:
    sale_id = f"s{shop.ledger.head.seq}"
    before = unconfirmed(shop)
    shop.till.sell(sale(sale_id, *(milk(n + 1, "2", amount) for n, amount in enumerate(amounts))))
    for index, part in enumerate(parts):
        line = data.draw(st.integers(1, len(amounts)))
        try:
            shop.till.give_back(sale_id, f"{sale_id}-{index}", (back(line, part),), None)
        except OverReturn:
            continue
        assert unconfirmed(shop) >= before
    with contextlib.suppress(OverReturn):  # everything may have come back already
        shop.till.void(sale_id, f"{sale_id}-rest")
    assert unconfirmed(shop) == before


def test_never_more_comes_back_than_was_bought(shop: Shop) -> None:
    shop.till.sell(sale("s", milk(1, "2", 258)))
    shop.till.give_back("s", "r1", (back(1, "1.5"),), None)
    with pytest.raises(OverReturn) as caught:
        shop.till.give_back("s", "r2", (back(1, "0.501"),), None)
    assert [(each.path, each.message) for each in caught.value.fields] == [
        ("lines.0.quantity", "at most 0.5 can come back")
    ]
    assert shop.ledger.head.seq == 2


def test_the_same_line_twice_in_one_return_counts_together(shop: Shop) -> None:
    shop.till.sell(sale("s", milk(1, "2", 258)))
    with pytest.raises(OverReturn):
        shop.till.give_back("s", "r", (back(1, "1"), back(1, "1.5")), None)
    answer = shop.till.give_back("s", "r", (back(1, "1"), back(1, "1")), None)
    assert answer.result["earned"] == {"points": -2}


def test_a_line_that_the_sale_has_not_is_named(shop: Shop) -> None:
    shop.till.sell(sale("s"))
    with pytest.raises(Invalid) as caught:
        shop.till.give_back("s", "r", (back(1, "1"), back(7, "1")), None)
    assert [each.path for each in caught.value.fields] == ["lines.1.line"]


def test_the_same_return_twice_is_one_return(shop: Shop) -> None:
    shop.till.sell(sale("s", milk(1, "2", 1000)))
    first = shop.till.give_back("s", "r", (back(1, "1"),), None)
    again = shop.till.give_back("s", "r", (back(1, "1"),), None)
    assert not again.first
    assert again.result == first.result
    assert unconfirmed(shop) == 5


def test_another_return_under_the_same_id_is_refused(shop: Shop) -> None:
    shop.till.sell(sale("s", milk(1, "2", 1000)))
    shop.till.give_back("s", "r", (back(1, "1"),), None)
    with pytest.raises(ReturnDiffers):
        shop.till.give_back("s", "r", (back(1, "2"),), None)
    with pytest.raises(ReturnDiffers):
        shop.till.give_back("another", "r", (back(1, "1"),), None)


def test_a_return_of_an_unknown_sale_awaits_its_original_and_shows_no_points(shop: Shop) -> None:
    original = {
        "proof": "bon 12",
        "at": "2026-11-01T10:00:00+01:00",
        "lines": [{"line": 1, "quantity": "1"}],
    }
    answer = shop.till.give_back("elsewhere-1", "r", (back(1, "1"),), original)
    assert answer.awaiting_original
    assert answer.result["entries"] == []
    assert answer.result["balance"] == {}
    (record,) = shop.ledger.records(0, 10)
    assert record.kind is RecordKind.RETURN
    assert json.loads(record.body)["return"]["original"] is None
    assert b"bon 12" not in record.body
    again = shop.till.give_back("elsewhere-1", "r", (back(1, "1"),), original)
    assert again.awaiting_original
    assert not again.first


def told(proof: str) -> dict[str, object]:
    return {"proof": proof, "at": AT.isoformat(), "lines": [{"line": 1, "sku": "8710400011118"}]}


def test_a_return_names_the_till_on_the_receipt_and_keeps_its_proof_out_of_the_hash(
    shop: Shop,
) -> None:
    receipt = sale_reference("0412", "07", "000173", "M5XG6Z3JOR2WK4TF")
    shop.till.give_back("000173", "r", (back(1, "1"),), told(receipt))
    (record,) = shop.ledger.records(0, 10)
    assert json.loads(record.body)["return"]["sold_at"] == "0412/07"
    assert b"M5XG6Z3JOR2WK4TF" not in record.body


def test_the_receipt_of_another_sale_is_refused(shop: Shop) -> None:
    receipt = sale_reference("0412", "07", "000174", "M5XG6Z3JOR2WK4TF")
    with pytest.raises(Invalid) as caught:
        shop.till.give_back("000173", "r", (back(1, "1"),), told(receipt))
    assert [each.path for each in caught.value.fields] == ["original.proof"]
    assert shop.ledger.head.seq == 0


def test_a_void_takes_back_all_that_is_left(shop: Shop) -> None:
    shop.till.sell(sale("s", milk(1, "2", 1000), milk(2, "1", 500)))
    shop.till.give_back("s", "r", (back(1, "1"),), None)
    answer = shop.till.void("s", "v")
    assert answer.result["earned"] == {"points": -10}
    assert unconfirmed(shop) == 0
    assert shop.till.sale("s")[1].voided
    with pytest.raises(OverReturn):
        shop.till.give_back("s", "r2", (back(2, "1"),), None)
    with pytest.raises(OverReturn):
        shop.till.void("s", "v2")
    assert not shop.till.void("s", "v").first


def test_a_void_of_an_unknown_sale_is_refused(shop: Shop) -> None:
    with pytest.raises(UnknownSale):
        shop.till.void("never", "v")
    assert shop.ledger.head.seq == 0


def test_a_reversal_names_the_lot_that_it_takes_from(shop: Shop) -> None:
    sold = shop.till.sell(sale("s"))
    (entry,) = shop.till.void("s", "v").result["entries"]
    assert entry["kind"] == "reverse"
    assert entry["lot"] == sold.result["record"]
    assert entry["expires_on"] == sold.result["entries"][0]["expires_on"]
    assert entry["why"] == "1 punt per hele euro"


def test_a_return_of_a_sale_without_a_card_is_recorded_without_entries(shop: Shop) -> None:
    shop.till.sell(sale("s", card=None))
    answer = shop.till.give_back("s", "r", (back(1, "1"),), None)
    assert answer.result["entries"] == []
    assert not answer.awaiting_original


def test_a_return_is_printed_where_its_sale_was(shop: Shop) -> None:
    shop.till.sell(sale("s", print=True))
    shop.till.sell(sale("t"))
    shop.till.give_back("s", "r", (back(1, "1"),), None)
    shop.till.give_back("t", "r2", (back(1, "1"),), None)
    assert [job for job, _ in shop.tray.jobs] == ["sale:s", "return:r"]


def test_points_that_are_taken_back_cannot_be_spent_meanwhile(shop: Shop) -> None:
    shop.till.sell(sale("s", milk(1, "1", 5000)))
    posted = replace(jan(168), lots=(Holding("points", 168, None),))
    shop.confirm(posted, applied_seq=1)
    shop.till.void("s", "v")
    shown = points(shop)
    assert (shown.confirmed, shown.unconfirmed, shown.spendable) == (168, -75, 93)


def test_goods_come_back_with_the_buyers_card_and_with_no_other(shop: Shop) -> None:
    shop.till.sell(sale("s"))
    shop.till.sell(sale("t", card=STRANGER))
    with pytest.raises(Refused):
        shop.till.give_back("s", "r", (back(1, "1"),), None, scanned(STRANGER))
    with pytest.raises(Refused):
        shop.till.give_back("t", "r", (back(1, "1"),), None, scanned(JAN))
    assert shop.ledger.head.seq == 2
    assert shop.till.give_back("s", "r1", (back(1, "1"),), None, scanned(JAN)).first
    assert shop.till.give_back("t", "r2", (back(1, "1"),), None, scanned(STRANGER)).first


def test_whoever_bought_without_a_card_may_show_any(shop: Shop) -> None:
    shop.till.sell(sale("s", card=None))
    assert (
        shop.till.give_back("s", "r", (back(1, "1"),), None, scanned(JAN)).result["entries"] == []
    )


def test_the_answer_says_what_to_pay_back_for_each_line(shop: Shop) -> None:
    shop.till.sell(sale("s", milk(1, "3", 1000), milk(2, "1", 250)))
    answer = shop.till.give_back("s", "r", (back(1, "1"), back(2, "1")), None)
    assert answer.result["refund"] == {
        "amount": 583,
        "deducted": 0,
        "lines": [
            {"line": 1, "amount": 333, "deducted": 0},
            {"line": 2, "amount": 250, "deducted": 0},
        ],
    }


def test_the_programme_of_the_sale_decides_and_not_the_one_of_today(shop: Shop) -> None:
    """21.10 gave 21. Line 2 gave 10 of them; but 10.90 that is kept is worth 10, so by what is kept 11 go."""
    lines = (milk(1, "1", 1090), milk(2, "1", 1020))
    shop.till.sell(sale("s", *lines))
    later = PROGRAMME.read_text().replace("version = 3", "version = 4", 1)
    shop.shelf.offer(later + '\n[returns]\nreverse = "kept"\n', "later", AT)
    shop.till.sell(sale("t", *lines))
    taken = [
        shop.till.give_back(sale_id, f"r-{sale_id}", (back(2, "1"),), None).result["earned"]
        for sale_id in ("s", "t")
    ]
    assert taken == [{"points": -10}, {"points": -11}]


def test_what_was_let_go_stays_let_go_in_a_later_return(shop: Shop) -> None:
    """Jan has 3 of the 10 points that the sale gave; half of the goods takes them, the rest takes nothing more."""
    later = PROGRAMME.read_text().replace("version = 3", "version = 4", 1)
    shop.shelf.offer(later + '\n[returns]\npolicy = "within-balance"\n', "later", AT)
    shop.till.sell(sale("s", milk(1, "2", 1000)))
    shop.confirm(jan(3), applied_seq=shop.ledger.head.seq)
    first = shop.till.give_back("s", "r1", (back(1, "1"),), None)
    shop.confirm(jan(50), applied_seq=shop.ledger.head.seq)
    second = shop.till.give_back("s", "r2", (back(1, "1"),), None)
    assert (first.result["earned"], second.result["earned"]) == ({"points": -3}, {"points": -5})
    body = json.loads(next(iter(shop.ledger.records(1, 1))).body)
    assert [entry["quantity"] for entry in body["return"]["settled"]] == [-2]

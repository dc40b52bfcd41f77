"""Sales that are not like the others: for practice, without a card, with an unknown card, returned elsewhere."""

import hashlib
import time

from edge_agent.demo.goods import card
from tests.support.pos import COFFEE, MILK, Events, sale
from tests.support.shop import Shop
from tests.support.waiting import wait_until

UNKNOWN = card(7_000)
QUIET_S = 2.6
"""Longer than two turns of the agent's housekeeping, which folds the log into the database after an idle one."""


def _on_disk(shop: Shop) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(shop.data.glob("ledger.db*"))
        if not path.name.endswith("-shm")
    }


def _when_quiet(shop: Shop) -> dict[str, str]:
    """The files of the ledger, once nothing changes them any more."""

    def quiet() -> dict[str, str] | None:
        before = _on_disk(shop)
        time.sleep(QUIET_S)
        return before if _on_disk(shop) == before else None

    return wait_until(quiet, "a quiet ledger")


def test_a_training_sale_leaves_no_trace_but_its_answer(shop: Shop) -> None:
    shop.pos.sell(sale("S-1", card(1)))
    shop.wait_until_posted()
    before, status = _when_quiet(shop), shop.pos.status()["journal"]
    with Events(shop.pos) as events:
        answer = shop.pos.sell(sale("S-2", UNKNOWN, training=True, print=True))
        assert answer.status == 201
        assert answer.result["earned"] == {"points": 8}
        assert answer.result["record"] is None
        assert shop.pos.call("GET", "/v1/sales/S-2").code == "unknown-sale"
        assert _when_quiet(shop) == before
        assert shop.pos.status()["journal"] == status
        assert events.of("sale") == []
    assert shop.printer.printed_count == 0
    assert shop.pos.sell(sale("S-2", card(1))).status == 201, "its id is not taken"


def test_a_sale_without_a_card_is_recorded_without_entries(shop: Shop) -> None:
    answer = shop.pos.sell(sale("S-1"))
    assert (answer.status, answer.result["entries"], answer.result["card"]) == (201, [], None)
    shop.wait_until_posted()
    [record] = shop.records_at_central()
    assert record["state"] == "accepted"


def test_an_unknown_card_earns_and_counts_once_when_central_comes_to_know_it(shop: Shop) -> None:
    view = shop.pos.identify(UNKNOWN)
    assert (view.status, view.body["known"]) == (200, False)
    shop.pos.sell(sale("S-1", UNKNOWN))
    second = shop.pos.sell(sale("S-2", UNKNOWN)).result["balance"]["points"]
    assert (second["confirmed"], second["unconfirmed"]) == (0, 16)
    shop.wait_until_posted()
    shop.import_members([("M-NEW", UNKNOWN, "Nieuw N.", 5)])
    wait_until(lambda: shop.pos.identify(UNKNOWN).body["known"], "the member at the till")
    points = shop.pos.identify(UNKNOWN).body["balance"]["points"]
    assert (points["confirmed"], points["unconfirmed"]) == (21, 0)
    third = shop.pos.sell(sale("S-3", UNKNOWN)).result["balance"]["points"]
    assert (third["confirmed"], third["unconfirmed"]) == (21, 8)
    shop.wait_until_posted()
    assert shop.member_at_central(UNKNOWN)["balance"]["points"] == 29


def test_a_return_of_an_unknown_sale_waits_for_its_original_and_gives_no_points(shop: Shop) -> None:
    answer = shop.pos.give_back("ELSEWHERE-1", "R-1", {1: 1})
    assert answer.status == 202
    assert answer.result["awaiting_original"] is True
    assert answer.result["entries"] == []
    again = shop.pos.give_back("ELSEWHERE-1", "R-1", {1: 1})
    assert again.result == answer.result
    shop.wait_until_posted()
    [record] = shop.records_at_central()
    assert (record["kind"], record["state"]) == ("return", "parked"), record
    wait_until(lambda: shop.pos.status()["states"]["parked"] == 1, "the store sees that it waits")


def test_a_return_takes_back_what_was_earned_once_and_never_more_than_was_bought(
    shop: Shop,
) -> None:
    shop.pos.sell(sale("S-1", card(1), [(COFFEE, 3), (MILK, 2)]))
    taken = [
        shop.pos.give_back("S-1", f"R-{number}", {1: 1}).result["earned"]["points"]
        for number in range(3)
    ]
    assert shop.pos.give_back("S-1", "R-0", {1: 1}).status == 200
    assert shop.pos.give_back("S-1", "R-0", {1: 2}).code == "return-differs"
    over = shop.pos.give_back("S-1", "R-4", {1: 1})
    assert (over.status, over.code) == (409, "over-return")
    rest = shop.pos.void("S-1", "V-1").result["earned"]["points"]
    earned = shop.pos.call("GET", "/v1/sales/S-1").body["result"]["earned"]["points"]
    assert sum(taken) + rest == -earned
    shop.wait_until_posted()
    assert shop.member_at_central(card(1))["balance"]["points"] == 100

"""Whatever happens to the line or to central: the sale does not wait, nothing is lost, nothing counts twice."""

import threading
from collections.abc import Iterator

import pytest

from edge_agent.demo.goods import card
from tests.support.fault_proxy import RECORDS, Fault
from tests.support.pos import sale
from tests.support.shop import Plan, Shop, open_shop
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("central faults")

SALES = 6
SALE_S_MAX = 2.5
"""A durable sale takes milliseconds; one that waited for central here would take at least `SLOW_S`."""

SLOW_S = 4.0
BACK_WITHIN_S = 90.0
"""Backoff after some failures in a row, on a machine with other things to do."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One for all faults: a line that breaks in one way after the other, as they do."""
    with open_shop(tmp_path_factory.mktemp("shop"), Plan(printer=False)) as opened:
        yield opened


def _sell_some(shop: Shop, name: str) -> list[float]:
    """Sell, and say how long each sale took. Two under one id: the POS asks again."""
    took = []
    for number in range(SALES):
        body = sale(f"{name}-{number}", card(number))
        first = shop.pos.sell(body)
        again = shop.pos.sell(body)
        assert (first.status, again.status) == (201, 200)
        assert first.result == again.result
        took += [first.took_s, again.took_s]
    return took


def _same_at_both_ends(shop: Shop) -> None:
    shop.wait_until_posted(BACK_WITHIN_S)
    journal = {record["seq"]: bytes.fromhex(record["hash"]) for record in shop.journal()}
    assert shop.at_central_by_hand() == journal
    totals = shop.totals()
    [states] = totals["records"]
    assert (states["state"], states["records"]) == ("accepted", len(journal))
    assert shop.admin("GET", "/refused") == {"records": [], "not_taken": []}
    earned = next(each for each in totals["entries"] if each["kind"] == "earn")
    assert earned["quantity"] == 8 * len(journal)


FAULTS = {
    "slow": Fault("slow", delay_s=SLOW_S),
    "answering 500": Fault("error-500"),
    "cut at once": Fault("cut-request", RECORDS),
    "cut within the headers": Fault("cut-request", RECORDS, after_bytes=60),
    "cut within the records": Fault("cut-request", RECORDS, after_bytes=900),
    "taking records and dropping the answer": Fault("drop-answer", RECORDS),
    "silent": Fault("silent"),
    "resetting every connection": Fault("refuse"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_with_a_line_that_is(shop: Shop, fault: Fault) -> None:
    shop.proxy.breaks(fault)
    try:
        took = _sell_some(shop, f"{fault.kind}-{fault.after_bytes}")
        wait_until(lambda: shop.proxy.struck > 0, "the fault strikes")
    finally:
        shop.proxy.breaks(None)
    assert max(took) < SALE_S_MAX
    _same_at_both_ends(shop)


def test_with_central_gone(shop: Shop) -> None:
    shop.central.kill()
    took = _sell_some(shop, "gone")
    assert max(took) < SALE_S_MAX
    assert shop.pos.status()["outbox"]["records"] == SALES
    shop.central.start()
    _same_at_both_ends(shop)


def test_with_central_killed_while_it_takes_records(shop: Shop) -> None:
    """The answers are held up, so that central dies with the till in the dark about what it has taken."""
    shop.proxy.breaks(Fault("slow", RECORDS, delay_s=SLOW_S))
    _sell_some(shop, "killed")
    wait_until(lambda: shop.proxy.struck > 0, "a push is under way")
    shop.central.kill()
    shop.proxy.breaks(None)
    shop.central.start()
    _same_at_both_ends(shop)


def test_ten_posts_of_one_sale_at_once_are_one_sale(shop: Shop) -> None:
    body = sale("ten-at-once", card(9))
    statuses: list[int] = []
    results: list[object] = []
    together = threading.Barrier(10)

    def post() -> None:
        with shop.new_pos() as pos:
            together.wait(10)
            answer = pos.sell(body)
            statuses.append(answer.status)
            results.append(answer.result)

    posts = [threading.Thread(target=post) for _ in range(10)]
    for thread in posts:
        thread.start()
    for thread in posts:
        thread.join(30)
    assert sorted(statuses) == [200] * 9 + [201]
    assert all(result == results[0] for result in results)
    other = shop.pos.sell(sale("ten-at-once", card(8)))
    assert (other.status, other.code) == (409, "sale-differs")
    _same_at_both_ends(shop)

"""The main job, on real parts: a scan, the member, the sale, the receipt, the record at central."""

from pathlib import Path

from edge_agent.demo.goods import card
from tests.support.pos import COFFEE, Events, sale
from tests.support.process import run_installed
from tests.support.shop import POINTS_BEFORE, TERMINAL, Plan, Shop, open_shop
from tests.support.waiting import wait_until

CARD = card(7)


def _sold_to_whoever_scans(
    shop: Shop, events: Events, sale_id: str, code: str = CARD
) -> dict[str, object]:
    """Scan a card, post the sale of whoever stands at the till; checked on screen, on paper and in the answer."""
    before = len(events.of("member"))
    shop.scanner.scan(code)
    wait_until(lambda: len(events.of("member")) > before, "the member on the screen")
    assert events.of("member")[-1]["member"]["id"] is not None
    answer = shop.pos.sell(sale(sale_id, card=None, print=True) | {"card": {"from": "till"}})
    assert answer.status == 201
    result = answer.result
    assert result["card"] == "*********" + code[-4:]
    assert result["earned"] == {"points": 8}
    assert events.wait_for("sale", lambda data: data["result"]["sale_id"] == sale_id)
    job = wait_until(lambda: shop.receipt_of(sale_id), "the receipt")
    printed = [line.strip() for line in job.text]
    for line in result["receipt"]["lines"]:
        assert line.strip() in printed
    wait_until(lambda: shop.pos.now(sale_id)["print"] == "printed", "the receipt's state")
    return result


def test_a_scan_becomes_a_member_a_sale_a_receipt_and_a_record_at_central(shop: Shop) -> None:
    with Events(shop.pos) as events:
        result = _sold_to_whoever_scans(shop, events, "S-1")
    shop.wait_until_posted()
    [record] = shop.records_at_central()
    assert (record["terminal"], record["seq"], record["id"]) == (TERMINAL, 1, result["record"])
    assert record["state"] == "accepted"
    member = shop.member_at_central(CARD)
    assert member["balance"]["points"] == POINTS_BEFORE + 8
    wait_until(lambda: shop.pos.now("S-1")["central"] == "accepted", "central's word at the till")
    points = shop.pos.identify(CARD).body["balance"]["points"]
    assert (points["confirmed"], points["unconfirmed"]) == (POINTS_BEFORE + 8, 0)


def test_without_central_everything_but_the_last_step_is_the_same_and_it_happens_once(
    shop: Shop,
) -> None:
    shop.central.stop()
    with Events(shop.pos) as events:
        for number in range(3):
            _sold_to_whoever_scans(shop, events, f"S-{number}", card(number))
    status = shop.pos.status()
    assert status["outbox"]["records"] == 3
    assert shop.pos.now("S-2")["central"] == "waiting"
    points = shop.pos.identify(card(2)).body["balance"]["points"]
    assert (points["confirmed"], points["unconfirmed"]) == (POINTS_BEFORE, 8)
    shop.central.start()
    shop.wait_until_posted()
    records = shop.records_at_central()
    assert [(record["seq"], record["state"]) for record in records] == [
        (1, "accepted"),
        (2, "accepted"),
        (3, "accepted"),
    ]
    for number in range(3):
        assert shop.member_at_central(card(number))["balance"]["points"] == POINTS_BEFORE + 8


def test_a_till_that_is_not_enrolled_earns_and_connects_when_it_is_enrolled_without_a_restart(
    tmp_path: Path,
) -> None:
    with open_shop(tmp_path, Plan(enrolled=False, own_programme=True)) as shop:
        answer = shop.pos.sell(sale("S-1", CARD, [(COFFEE, 1)]))
        assert answer.status == 201
        assert answer.result["earned"] == {"points": 14}
        assert shop.pos.status()["outbox"]["records"] == 1
        started = shop.agent.starts
        done = run_installed(
            "edge-agent", "enrol", "--config", shop.agent_config, "--code", shop.enrolment_code()
        )
        assert done.returncode == 0, done.stderr
        shop.wait_for_members()
        shop.wait_until_posted()
        assert shop.agent.starts == started
        assert shop.member_at_central(CARD)["balance"]["points"] == POINTS_BEFORE + 14
        # The till made a ref of its own for a card that it could not know; now it is one account.
        wait_until(
            lambda: (
                shop.pos.identify(CARD).body["balance"]["points"]["confirmed"] == POINTS_BEFORE + 14
            ),
            "the joined balance at the till",
        )
        points = shop.pos.identify(CARD).body["balance"]["points"]
        assert points["unconfirmed"] == 0


def test_a_scanner_that_is_unplugged_in_mid_scan_comes_back_and_half_a_card_is_nobody(
    shop: Shop,
) -> None:
    with Events(shop.pos) as events:
        shop.scanner.send(CARD[:7].encode())
        shop.scanner.unplug()
        shop.wait_for_device("hand", "offline")
        shop.scanner.plug()
        shop.wait_for_device("hand", "ok")
        shop.scanner.scan(card(8))
        events.wait_for("member")
        assert [view["card"] for view in events.of("member")] == ["*********" + card(8)[-4:]]
        assert not [scan for scan in events.of("scan") if scan["accepted"]][1:]

"""The sale never waits for paper, and what is not known of a receipt is called unknown."""

from collections.abc import Callable

import pytest

from edge_agent.demo.goods import card
from tests.support.pos import sale
from tests.support.shop import Shop
from tests.support.waiting import wait_until

SALE_S_MAX = 2.5
"""A durable sale takes milliseconds, a printer that does not answer seconds."""


def _sell(shop: Shop, sale_id: str) -> None:
    answer = shop.pos.sell(sale(sale_id, card(1), print=True))
    assert answer.status == 201
    assert answer.took_s < SALE_S_MAX
    assert answer.result["receipt"]["lines"]


def _print_state(shop: Shop, sale_id: str) -> str:
    return str(shop.pos.now(sale_id)["print"])


def test_without_any_printer_at_its_address_the_sale_is_quick_and_its_receipt_is_not_called_printed(
    shop: Shop,
) -> None:
    shop.printer.set_fault("unplugged")
    shop.wait_for_device("printer", "offline")
    for number in range(3):
        _sell(shop, f"S-{number}")
    assert {_print_state(shop, f"S-{number}") for number in range(3)} == {"queued"}
    shop.restart_agent_killed()
    assert {_print_state(shop, f"S-{number}") for number in range(3)} == {"unknown"}
    shop.printer.clear_faults()
    shop.wait_for_device("printer", "ok")
    _sell(shop, "S-9")
    wait_until(lambda: _print_state(shop, "S-9") == "printed", "the printer that came back prints")
    assert shop.printer.printed_count == 1, "a receipt in doubt is never printed by itself"


def test_more_receipts_than_the_queue_holds_are_refused_and_the_sales_stand(shop: Shop) -> None:
    shop.printer.set_fault("unplugged")
    shop.wait_for_device("printer", "offline")
    for number in range(40):
        _sell(shop, f"S-{number}")
    states = [_print_state(shop, f"S-{number}") for number in range(40)]
    assert states[:32] == ["queued"] * 32
    assert states[32:] == ["failed"] * 8


def _dies(shop: Shop) -> None:
    shop.printer.schedule_fault("unplugged", 5)


def _resets(shop: Shop) -> None:
    shop.printer.schedule_fault("reset", 5)


def _falls_silent(shop: Shop) -> None:
    shop.printer.schedule_fault("silent", 5)


@pytest.mark.parametrize("happens", [_dies, _resets, _falls_silent])
def test_in_the_middle_of_a_receipt_the_printer(
    shop: Shop, happens: Callable[[Shop], None]
) -> None:
    shop.wait_for_device("printer", "ok")
    happens(shop)
    _sell(shop, "S-1")
    wait_until(lambda: _print_state(shop, "S-1") != "queued", "the receipt's fate is decided")
    assert _print_state(shop, "S-1") == "unknown"
    shop.printer.clear_faults()
    _sell(shop, "S-2")
    wait_until(lambda: _print_state(shop, "S-2") == "printed", "the next one is printed")
    receipts = [job for job in shop.printer.jobs if b"S-2" in job.data]
    assert len(receipts) == 1


def test_a_printer_that_says_nothing_is_unknown_and_gets_nothing_until_it_speaks(
    shop: Shop,
) -> None:
    shop.printer.set_fault("silent")
    shop.wait_for_device("printer", "unknown")
    _sell(shop, "S-1")
    assert _print_state(shop, "S-1") == "queued"
    assert shop.device("printer")["state"] == "unknown"
    shop.printer.clear_faults()
    wait_until(lambda: _print_state(shop, "S-1") == "printed", "it speaks, and prints")

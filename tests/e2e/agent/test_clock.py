"""Clock jumps: trusted time never runs backwards, and a sale with a wrong date is flagged and gets ours."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_agent.demo.goods import card
from tests.support.agent_with_clock import COMMAND, clock_file
from tests.support.pos import hours_from_now, sale
from tests.support.shop import Plan, Shop, open_shop
from tests.support.waiting import wait_until

DAY_S = 86_400


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A till whose system clock can be set."""
    with open_shop(tmp_path, Plan(printer=False, agent_command=COMMAND)) as opened:
        yield opened


def _set_clock(shop: Shop, ahead_s: float) -> None:
    file = clock_file(shop.agent_config)
    fresh = file.with_suffix(".new")
    fresh.write_text(str(ahead_s))
    fresh.replace(file)


def _last_record(shop: Shop) -> dict[str, Any]:
    body: dict[str, Any] = shop.journal()[-1]["body"]
    return body


def _at(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["at"])


def _wall(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["clock"]["wall"])


def test_time_stands_still_when_the_clock_is_set_back_also_over_a_restart(shop: Shop) -> None:
    shop.pos.sell(sale("S-1", card(1)))
    first = _wall(_last_record(shop))
    _set_clock(shop, -30 * DAY_S)
    assert shop.pos.sell(sale("S-2", card(2))).status == 201
    second = _wall(_last_record(shop))
    assert first <= second < first + timedelta(minutes=5)
    wait_until(lambda: shop.pos.status()["clock"]["trusted"] is False, "the clock is not trusted")
    shop.restart_agent_killed()
    assert shop.pos.sell(sale("S-3", card(3))).status == 201
    assert _wall(_last_record(shop)) >= second
    assert shop.pos.status()["clock"]["trusted"] is False
    _set_clock(shop, 0)
    wait_until(lambda: shop.pos.status()["clock"]["trusted"] is True, "the clock is trusted again")
    shop.wait_until_posted()
    assert shop.verified()[0] == 0


def test_a_clock_that_jumps_ahead_flags_what_the_pos_dates_rightly_and_the_agent_goes_on(
    shop: Shop,
) -> None:
    """Who is right cannot be known here: ours is used and the sale is marked, for central to see."""
    _set_clock(shop, 40 * DAY_S)
    assert shop.pos.sell(sale("S-1", card(1))).status == 201
    record = _last_record(shop)
    assert record["clock"]["flagged"] is True
    assert _at(record) == _wall(record)
    shop.wait_until_posted()
    assert shop.pos.sell(sale("S-2", card(2))).status == 201


@pytest.mark.parametrize(
    "hours", [-49, 49], ids=["the day before yesterday", "the day after tomorrow"]
)
def test_a_sale_dated_more_than_a_day_off_is_flagged_and_our_clock_is_used(
    shop: Shop, hours: int
) -> None:
    answer = shop.pos.sell(sale("S-1", card(1), at=hours_from_now(hours)))
    assert answer.status == 201
    record = _last_record(shop)
    assert record["clock"]["flagged"] is True
    assert abs(_at(record) - datetime.now().astimezone()) < timedelta(minutes=5)
    assert datetime.fromisoformat(answer.result["at"]) == _at(record)


def test_a_sale_dated_some_hours_ago_keeps_its_time(shop: Shop) -> None:
    at = hours_from_now(-5)
    shop.pos.sell(sale("S-1", card(1), at=at))
    record = _last_record(shop)
    assert "flagged" not in record["clock"]
    assert _at(record) == datetime.fromisoformat(at)

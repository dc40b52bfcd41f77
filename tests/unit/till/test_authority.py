"""Who stands for a redemption: central where it says so in time, else the limits; and what the record says of it."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.allowance import Allowance
from edge_agent.domain.members_file import MembersPosition
from edge_agent.errors import Refused
from edge_agent.till.authority import (
    CERTAIN_AFTER,
    LATE_FOR,
    RESERVED_FOR,
    Question,
    Word,
)
from edge_agent.till.redeem import Wish
from edge_agent.till.refusals import Refusal
from tests.tills import AT, JAN, PROGRAMME, Shop, jan, milk, open_shop, points, sale, scanned

MORE = """
[[reward]]
id = "points-off"
title = "punten als korting"
spend = { step = 100, value = 100, minimum = 200 }
"""
SECOND = timedelta(seconds=1)


@dataclass
class Central:
    """Says what it is told to say, and keeps what it heard; `silent` it says nothing in time."""

    silent: bool = False
    word: Word | None = None
    asked: list[Question] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    meanwhile: Any = None
    away: bool = False

    def ask(self, question: Question) -> Word | None:
        self.asked.append(question)
        if self.meanwhile is not None:
            self.meanwhile()
        return None if self.silent else self.word or Word(question.quantity)

    def let_go(self, redemption_id: str) -> None:
        self.released.append(redemption_id)


@pytest.fixture
def central() -> Central:
    return Central()


@pytest.fixture
def shop(tmp_path: Path, central: Central) -> Iterator[Shop]:
    """A till that central told of Jan with 2000 points."""
    opened = open_shop(tmp_path, authority=central)
    opened.shelf.offer(
        PROGRAMME.read_text().replace("version = 3", "version = 4", 1) + MORE, "more", AT
    )
    opened.confirm(jan(2000))
    yield opened
    opened.close()


def reserve(
    shop: Shop, redemption_id: str = "R1", reward: str | None = "five-euro", **more: Any
) -> dict[str, Any]:
    return shop.till.reserve(Wish(redemption_id, scanned(JAN), reward, **more)).result


def redeemed(shop: Shop) -> list[dict[str, Any]]:
    """What the newest record says of its redemptions."""
    found: list[dict[str, Any]] = json.loads(shop.ledger.records(0, 99)[-1].body)["redeemed"]
    return found


def test_central_is_asked_for_what_the_redemption_takes_until_it_is_certainly_over(
    shop: Shop, central: Central
) -> None:
    assert reserve(shop)["authorised_by"] == "central"
    until = AT + RESERVED_FOR + LATE_FOR + CERTAIN_AFTER
    assert central.asked == [Question("R1", "a" * 32, "points", 250, 250, until, 0)]


def test_where_central_stands_for_it_no_limit_does(shop: Shop) -> None:
    shop.system.at += timedelta(days=30)
    assert reserve(shop, times=8)["cost"] == 2000
    shop.till.commit("R1")
    assert [each["authorised_by"] for each in redeemed(shop)] == ["central"]


def test_what_central_refuses_is_refused_with_what_it_has(shop: Shop, central: Central) -> None:
    central.word = Word(0, Refusal.NOT_ENOUGH_AT_CENTRAL, 60)
    with pytest.raises(Refused, match="nog 60 punten beschikbaar"):
        reserve(shop)
    assert points(shop).reserved == 0
    assert central.released == []


def test_where_central_says_nothing_in_time_the_limits_stand_for_it(
    shop: Shop, central: Central
) -> None:
    central.silent = True
    assert reserve(shop)["authorised_by"] == "limit"
    # Central may have set it aside all the same; the record of this id uses that up.
    assert central.released == []
    with pytest.raises(Refused, match="hoogstens 500"):
        reserve(shop, "R2", times=3)
    assert central.released == ["R2"]


def test_what_central_said_before_does_not_use_up_the_limits(shop: Shop, central: Central) -> None:
    reserve(shop, "R1", times=4)
    shop.till.commit("R1")
    central.silent = True
    assert reserve(shop, "R2", times=2)["authorised_by"] == "limit"
    with pytest.raises(Refused, match="voor deze klant nog 0"):
        reserve(shop, "R3")


def test_central_is_told_what_it_cannot_know_of(shop: Shop, central: Central) -> None:
    central.silent = True
    reserve(shop, "R1")
    shop.till.commit("R1")
    reserve(shop, "R2", "coffee")
    central.silent = False
    reserve(shop, "R3")
    reserve(shop, "R4", "coffee")
    assert [each.unheld for each in central.asked] == [0, 250, 310, 310]
    shop.confirm(jan(1750), applied_seq=1)
    reserve(shop, "R5", "coffee")
    assert central.asked[-1].unheld == 60


def test_a_member_who_overdrew_redeems_only_with_central(shop: Shop, central: Central) -> None:
    shop.confirm(replace(jan(2000), redeems_offline=False))
    assert reserve(shop)["authorised_by"] == "central"
    central.silent = True
    with pytest.raises(Refused, match="centrale bereikbaar"):
        reserve(shop, "R2")


def test_as_many_as_are_of_use_are_as_many_as_central_has(shop: Shop, central: Central) -> None:
    central.word = Word(900)
    assert reserve(shop, reward="points-off")["cost"] == 900
    assert (central.asked[0].quantity, central.asked[0].least) == (2000, 200)


def test_the_same_wish_again_is_not_asked_again(shop: Shop, central: Central) -> None:
    first = reserve(shop)
    assert reserve(shop) == first
    assert len(central.asked) == 1


def test_no_sale_waits_while_central_is_asked(shop: Shop, central: Central) -> None:
    sold: list[int] = []

    def another_sells() -> None:
        other = threading.Thread(
            target=lambda: sold.append(shop.till.sell(sale("meanwhile")).result["seq"])
        )
        other.start()
        other.join(5)

    central.meanwhile = another_sells
    reserve(shop)
    assert sold == [1]


def test_what_was_used_while_central_was_asked_is_not_there_any_more(
    shop: Shop, central: Central
) -> None:
    central.meanwhile = lambda: shop.confirm(jan(100))
    with pytest.raises(Refused):
        reserve(shop)
    assert central.released == ["R1"]


def test_what_is_cancelled_is_let_go_of_at_central(shop: Shop, central: Central) -> None:
    reserve(shop)
    shop.till.cancel("R1")
    assert central.released == ["R1"]


def allow(shop: Shop, quantity: int, applied_seq: int = 0, days: int = 14) -> None:
    """Central set so much of Jan's points aside for this till, less what it posted up to that record."""
    until = shop.system.at + timedelta(days=days)
    with shop.members.update() as update:
        update.put_allowances([Allowance("a" * 32, "points", quantity, until)])
        update.commit(MembersPosition(2, shop.ledger.epoch, applied_seq, shop.system.at, 1))


def test_without_central_an_allowance_stands_for_it_as_far_as_it_reaches(
    shop: Shop, central: Central
) -> None:
    allow(shop, 320)
    shop.system.at += timedelta(days=10)  # however old the balances are
    assert reserve(shop)["authorised_by"] == "central"
    central.silent = True
    assert reserve(shop, "R2")["authorised_by"] == "allowance"
    shop.till.commit("R2")
    assert [each["authorised_by"] for each in redeemed(shop)] == ["allowance"]
    assert reserve(shop, "R3", "coffee")["authorised_by"] == "allowance"
    with pytest.raises(Refused, match="ouder dan 72 uur"):
        reserve(shop, "R4", "coffee")
    assert central.asked[-1].unheld == 310


def test_what_central_posted_of_it_is_not_counted_twice(shop: Shop, central: Central) -> None:
    allow(shop, 250)
    central.silent = True
    reserve(shop)
    shop.till.commit("R1")
    assert reserve(shop, "R2", "coffee")["authorised_by"] == "limit"
    allow(shop, 60, applied_seq=1)
    shop.till.cancel("R2")
    assert reserve(shop, "R3", "coffee")["authorised_by"] == "allowance"


def test_what_is_set_aside_here_is_not_in_what_central_has_left(
    shop: Shop, central: Central
) -> None:
    allow(shop, 250)
    central.word = Word(0, Refusal.NOT_ENOUGH_AT_CENTRAL, 10)
    assert reserve(shop)["authorised_by"] == "allowance"
    with pytest.raises(Refused, match="nog 10 punten"):
        reserve(shop, "R2")
    central.word = Word(0, Refusal.BLOCKED)
    with pytest.raises(Refused, match="geblokkeerd"):
        reserve(shop, "R3", "coffee")


def test_it_uses_up_no_limit_and_needs_none(shop: Shop, central: Central) -> None:
    allow(shop, 500)
    central.silent = True
    assert reserve(shop, times=2)["authorised_by"] == "allowance"
    assert reserve(shop, "R2", times=2)["authorised_by"] == "limit"


def test_nothing_is_reserved_out_of_it_that_might_be_charged_after_its_end(
    shop: Shop, central: Central
) -> None:
    allow(shop, 250, days=1)
    central.silent = True
    shop.system.at += timedelta(days=1) - (RESERVED_FOR + LATE_FOR + CERTAIN_AFTER)
    assert reserve(shop, "R1", "coffee")["authorised_by"] == "allowance"
    shop.system.at += SECOND
    assert reserve(shop, "R2", "coffee")["authorised_by"] == "limit"


FINISHED = pytest.mark.parametrize(
    "finished", [RESERVED_FOR, RESERVED_FOR + LATE_FOR], ids=["in time", "after the lapse"]
)
"""After how long the sale ended whose redemption is reserved at the beginning."""


def late(shop: Shop, finished: timedelta, after: timedelta) -> Any:
    """A sale of back then, that the POS sends so long after its redemption has lapsed."""
    shop.system.at = AT + RESERVED_FOR + after
    return shop.till.sell(sale("s", milk(amount=700), redemptions=("R1",), at=AT + finished))


@FINISHED
def test_a_sale_is_taken_for_a_while_after_the_lapse(shop: Shop, finished: timedelta) -> None:
    reserve(shop)
    assert late(shop, finished, LATE_FOR).result["spent"] == {"points": 250}


@FINISHED
def test_and_after_that_its_redemption_has_lapsed(shop: Shop, finished: timedelta) -> None:
    reserve(shop)
    with pytest.raises(Refused, match="vervallen"):
        late(shop, finished, LATE_FOR + SECOND)


def test_no_quote_promises_what_its_sale_is_refused_however_slow_the_clock_of_the_pos_is(
    shop: Shop,
) -> None:
    reserve(shop)
    shop.system.at = AT + RESERVED_FOR + LATE_FOR + SECOND
    asked = sale("", milk(amount=700), redemptions=("R1",), at=AT)
    with pytest.raises(Refused, match="vervallen"):
        shop.till.quote("Q", asked)


def test_what_has_lapsed_here_is_not_brought_into_a_quote_by_a_slow_clock(shop: Shop) -> None:
    reserve(shop)
    shop.system.at = AT + RESERVED_FOR + SECOND
    asked = sale("", milk(amount=700), at=AT, reserved_at_till=True)
    assert shop.till.quote("Q", asked)["redemptions"] == []


def test_a_clock_of_the_pos_that_is_ahead_ends_no_redemption(shop: Shop) -> None:
    reserve(shop)
    ahead = AT + RESERVED_FOR + LATE_FOR
    asked = sale("", milk(amount=700), redemptions=("R1",), at=ahead)
    assert shop.till.quote("Q", asked)["redemptions"] == ["R1"]
    listed = sale("", milk(amount=700), at=ahead, reserved_at_till=True)
    assert shop.till.quote("Q2", listed)["redemptions"] == ["R1"]


def test_limits_hold_for_what_may_still_come_late(shop: Shop, central: Central) -> None:
    central.silent = True
    reserve(shop, times=2)
    shop.system.at = AT + RESERVED_FOR + LATE_FOR
    with pytest.raises(Refused, match="voor deze klant nog 0"):
        reserve(shop, "R2")
    shop.system.at += SECOND
    assert reserve(shop, "R2")["authorised_by"] == "limit"


@pytest.mark.parametrize("silent", [False, True], ids=["central", "limit"])
def test_the_record_says_what_it_gave_in_money_and_who_stood_for_it(
    shop: Shop, central: Central, silent: bool
) -> None:
    central.silent = silent
    by = "limit" if silent else "central"
    reserve(shop)
    shop.till.sell(sale("s", milk(amount=700), redemptions=("R1",)))
    assert redeemed(shop) == [
        {"id": "R1", "reward": "five-euro", "authorised_by": by, "unit": "points", "quantity": 250, "value": 500}
    ]  # fmt: skip
    reserve(shop, "R2", "coffee")
    shop.till.commit("R2")
    assert [(each["quantity"], each["value"]) for each in redeemed(shop)] == [(60, None)]


def test_with_a_quote_the_value_is_what_was_taken_off(shop: Shop) -> None:
    reserve(shop, reward="points-off")
    shop.till.quote("q", sale("", milk(1, amount=350), redemptions=("R1",)))
    shop.till.sell(sale("s", milk(1, amount=50), quote_id="q"))
    assert [(each["quantity"], each["value"]) for each in redeemed(shop)] == [(300, 300)]
    assert points(shop).reserved == 0


def test_a_sale_without_a_redemption_says_nothing_of_any(shop: Shop) -> None:
    shop.till.sell(sale("s"))
    assert "redeemed" not in json.loads(shop.ledger.records(0, 1)[0].body)

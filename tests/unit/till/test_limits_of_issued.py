"""What was issued, as by a full stamp card, counts against a till's limits as the points that its money is worth."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.cards import card_key
from edge_agent.domain.holdings import Holding
from edge_agent.domain.members_file import Member
from edge_agent.errors import Refused
from edge_agent.till.limits import worst_loss
from edge_agent.till.redeem import Wish
from tests.tills import AT, JAN, KEY, PROGRAMME, Shop, jan, milk, open_shop, sale, scanned

REWARDS = """
[[reward]]
id = "full-card"
title = "€ 4 korting"
off = { amount = 400 }
[[reward]]
id = "big-card"
title = "een pak koffie"
off = { percent = 100, units = 1, up_to = 1500 }
[[reward]]
id = "free-cup"
title = "een kop koffie"
off = { percent = 100, units = 1, choose = "dearest" }
"""
"""Beside them 250 points are 5.00: a point is worth 2 cents, 4.00 are 200 points, and 15.00 are 750."""
ISSUED = ("full-card", "big-card", "free-cup")
MARIE, MARIE_REF = "2900000000025", "c" * 32
LAST_DAY = date(2027, 3, 31)


def holder(member: Member) -> Member:
    """With ten of everything that was issued."""
    issued = (Holding(f"reward/{each}", 10, LAST_DAY) for each in ISSUED)
    return replace(member, lots=(*member.lots, *issued))


def members() -> tuple[Member, Member]:
    marie = Member(MARIE_REF, lots=jan(2000).lots, cards=(card_key(KEY, MARIE),))
    return holder(jan(2000)), holder(marie)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = open_shop(tmp_path)
    opened.shelf.offer(
        PROGRAMME.read_text().replace("version = 3", "version = 4", 1) + REWARDS, "issued", AT
    )
    opened.confirm(*members())
    yield opened
    opened.close()


def limited(shop: Shop, **limits: Any) -> None:
    parts = shop.till._parts
    settings = replace(parts.settings, offline=replace(parts.settings.offline, **limits))
    shop.till._parts = replace(parts, settings=settings)


def reserve(
    shop: Shop, redemption_id: str, reward: str = "full-card", code: str = JAN
) -> dict[str, Any]:
    return shop.till.reserve(Wish(redemption_id, scanned(code), reward)).result


def test_one_redemption_gives_no_more_than_its_limit(shop: Shop) -> None:
    with pytest.raises(Refused, match="hoogstens €\xa010,00 per keer"):
        reserve(shop, "R1", "big-card")
    limited(shop, per_redemption=750, per_member=750)
    assert reserve(shop, "R1", "big-card")["authorised_by"] == "limit"


def test_one_member_gets_no_more_than_theirs_with_points_and_cards_together(shop: Shop) -> None:
    reserve(shop, "R1")
    reserve(shop, "R2")
    with pytest.raises(Refused, match="voor deze klant nog €\xa02,00"):
        reserve(shop, "R3")
    with pytest.raises(Refused, match="voor deze klant nog 100 punten"):
        reserve(shop, "R4", "five-euro")
    assert reserve(shop, "R5", code=MARIE)["authorised_by"] == "limit"


def test_the_till_gives_no_more_than_its_own_until_central_has_posted_it(shop: Shop) -> None:
    limited(shop, per_outage=350)
    reserve(shop, "R1")
    shop.till.sell(sale("s-1", milk(amount=1000), redemptions=("R1",)))
    with pytest.raises(Refused, match="op deze kassa nog €\xa03,00"):
        reserve(shop, "R2", code=MARIE)
    shop.confirm(*members(), applied_seq=1, parked=(1,))
    with pytest.raises(Refused, match="op deze kassa nog €\xa03,00"):
        reserve(shop, "R2", code=MARIE)
    shop.confirm(*members(), applied_seq=1)
    assert reserve(shop, "R2", code=MARIE)["authorised_by"] == "limit"


def test_what_is_cancelled_counts_no_more(shop: Shop) -> None:
    limited(shop, per_member=200)
    reserve(shop, "R1")
    shop.till.cancel("R1")
    assert reserve(shop, "R2")["authorised_by"] == "limit"


def test_what_only_the_basket_says_counts_once_it_is_known(shop: Shop) -> None:
    limited(shop, per_member=200)
    reserve(shop, "R1", "free-cup")
    shop.till.quote("q", sale("", milk(quantity="1", amount=300), redemptions=("R1",)))
    shop.till.sell(sale("s-1", milk(quantity="1", amount=0), quote_id="q"))
    with pytest.raises(Refused, match="voor deze klant nog €\xa01,00"):
        reserve(shop, "R2")
    assert reserve(shop, "R3", "coffee", MARIE)["authorised_by"] == "limit"


def test_all_that_a_till_can_give_away_is_the_worst_loss_and_no_more(shop: Shop) -> None:
    limited(shop, per_member=20_000, per_outage=1000)
    given = 0
    for number in range(20):
        code, reward = (JAN, MARIE)[number % 2], ("full-card", "five-euro")[number % 3 == 2]
        try:
            given += reserve(shop, f"R{number}", reward, code)["discount"]
        except Refused:
            continue
    programme = shop.shelf.at(AT)
    bound = worst_loss(programme, shop.till._parts.settings.offline)
    assert bound == 2000
    assert bound - 400 < given <= bound

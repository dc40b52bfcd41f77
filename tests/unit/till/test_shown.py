"""What cashier and customer see: tiers, stamps, offers, messages and questions, from identify to the sale's answer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.basket import EntryMode, PresentedCard
from edge_agent.domain.holdings import Holding
from tests.tills import AT, JAN, STRANGER, Shop, jan, milk, open_shop, sale, scanned
from tests.unit.domain.builders import HEAD

RULES = """
[unit.points]
decimals = 2
warn_days = 60
[unit.stamps.name]
one = "zegel"
many = "zegels"
[[earn]]
id = "per-euro"
points = "1.61"
per = 100
[[stamp]]
id = "coffee-card"
unit = "stamps"
title = "Koffiekaart"
size = 10
reward = [{ title = "Gratis koffie", gives = [{ reward = "coffee" }] }]
[[reward]]
id = "coffee"
title = "een kop koffie"
[[reward]]
id = "five-euro"
title = "5 euro korting"
cost = "250.5"
off = { amount = 500 }
[[offer]]
id = "cheese"
title = "kaas"
say = "Vandaag kaas met korting voor u."
off = { percent = 20 }
when = { categories = ["cheese"], segments = ["families"] }
rank = 10
[[offer]]
id = "milk"
title = "melk"
off = { percent = 10 }
when = { skus = ["never"] }
[[offer]]
id = "others"
title = "voor anderen"
off = { percent = 10 }
when = { segments = ["others"] }
[tiers]
measure = "spend"
over = "year"
valid = { years = 1, rounded = "end-of-year" }
[[tiers.level]]
id = "base"
name = "Basis"
at_least = 0
[[tiers.level]]
id = "gold"
name = "Goud"
at_least = 100000
[[message]]
id = "hello"
text = "Welkom terug!"
[[question]]
id = "recommend"
text = "Zou u ons aanraden?"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = open_shop(tmp_path)
    opened.shelf.offer(HEAD.replace("version = 1", "version = 9") + RULES, "shown", AT)
    lots = (
        Holding("points", 11_800, date(2026, 12, 31)),
        Holding("points", 500, date(2027, 12, 31), date(2026, 12, 1)),
        Holding("stamps", 7),
        Holding("reward/coffee", 1),
    )
    opened.confirm(replace(jan(), lots=lots, segments=frozenset({"families"})))
    yield opened
    opened.close()


def view(shop: Shop, entry: EntryMode = EntryMode.SCANNED) -> dict[str, Any]:
    return shop.till.identify(PresentedCard(JAN, entry)).to_json()


def test_units_with_decimals_are_decimal_texts_everywhere(shop: Shop) -> None:
    seen = view(shop)
    assert (seen["balance"]["points"]["confirmed"], seen["balance"]["points"]["maturing"]) == (
        "118.00",
        "5.00",
    )
    assert seen["balance"]["stamps"]["confirmed"] == 7
    result = shop.till.sell(sale("s", milk(amount=1000))).result
    assert (result["earned"]["points"], result["balance"]["points"]["unconfirmed"]) == (
        "16.10",
        "16.10",
    )
    (entry,) = (each for each in result["entries"] if each["unit"] == "points")
    assert entry["quantity"] == "16.10"
    assert any("16,10" in line for line in result["receipt"]["lines"])


def test_what_waits_and_what_expires_is_told_with_its_day(shop: Shop) -> None:
    seen = view(shop)
    assert seen["pending"] == [{"unit": "points", "quantity": "5.00", "on": "2026-12-01"}]
    assert seen["expiring"] == [
        {"unit": "points", "quantity": "118.00", "on": "2026-12-31", "warn": True},
        {"unit": "points", "quantity": "5.00", "on": "2027-12-31", "warn": False},
    ]


def test_the_tier_and_the_way_to_the_next_one_are_told_in_words(shop: Shop) -> None:
    tier = view(shop)["tier"]
    assert (tier["id"], tier["title"]) == ("base", "Basis")
    assert (tier["next"]["id"], tier["next"]["missing"]) == ("gold", 100_000)
    assert "1.000,00" in tier["next"]["say"]


def test_stamps_and_rewards_say_how_far_they_are(shop: Shop) -> None:
    seen = view(shop)
    (card,) = seen["stamps"]
    assert (card["card"], card["have"], card["need"]) == ("coffee-card", 7, 10)
    rewards = {each["id"]: each for each in seen["rewards"]}
    assert rewards["coffee"]["available"]
    money = rewards["five-euro"]
    assert (money["cost"], money["value"], money["available"]) == ("250.50", 500, False)
    assert money["why_not"].startswith("nog 132,5")


def test_the_offer_to_mention_first_comes_first_with_the_words_to_say(shop: Shop) -> None:
    offers = view(shop)["offers"]
    assert [each["id"] for each in offers] == ["cheese", "milk"]
    assert offers[0]["say"] == "Vandaag kaas met korting voor u."


def test_what_does_not_hold_in_this_channel_is_not_offered_and_not_said(shop: Shop) -> None:
    only = 'when = { channels = ["web"] }'
    placed = [
        HEAD.replace("version = 1", "version = 10"),
        RULES.replace('when = { skus = ["never"] }', only)
        .replace('text = "Welkom terug!"', f'text = "Welkom terug!"\n{only}')
        .replace("off = { amount = 500 }", f"off = {{ amount = 500 }}\n{only}"),
    ]
    shop.shelf.offer("".join(placed), "of places", AT)

    def seen(channel: str) -> tuple[list[str], int, list[str]]:
        found = shop.till.identify(scanned(JAN), channel).to_json()
        offers = [each["id"] for each in found["offers"]]
        ways = [each["say"] for each in found["progress"] if each["id"] == "five-euro"]
        return offers, len(found["messages"]), ways

    (say,) = seen("web")[2]
    assert seen("web") == (["cheese", "milk"], 1, [say])
    assert seen("store") == (["cheese"], 0, [f"{say}, niet via dit kanaal"])
    sold = shop.till.sell(sale("s")).result
    assert [each["id"] for each in sold["offers"]] == ["cheese"]


def test_at_identify_it_is_said_and_asked_and_with_the_sale_it_is_counted(shop: Shop) -> None:
    seen = view(shop)
    assert [each["text"] for each in seen["messages"]] == ["Welkom terug!"]
    (question,) = seen["questions"]
    assert (question["id"], len(question["answers"])) == ("recommend", 11)
    assert question["answers"][0] == {"value": 0, "text": "0"}
    result = shop.till.sell(sale("s")).result
    assert [each["id"] for each in result["questions"]] == ["recommend"]
    # Asked today, so not again before the fourteen days are over.
    assert view(shop)["questions"] == []
    assert not any(each["unit"].startswith("count/") for each in result["entries"])


def test_a_typed_number_shows_nothing_of_it(shop: Shop) -> None:
    seen = view(shop, EntryMode.KEYED)
    for part in (
        "balance",
        "tier",
        "stamps",
        "rewards",
        "offers",
        "pending",
        "expiring",
        "messages",
    ):
        assert not seen[part], part


def test_a_card_that_central_has_not_told_of_sees_what_is_open_to_it(shop: Shop) -> None:
    seen = shop.till.identify(scanned(STRANGER)).to_json()
    assert [each["id"] for each in seen["offers"]] == ["milk"]
    assert not any(each["available"] for each in seen["rewards"])


def test_a_sale_without_a_card_shows_nobody_anything(shop: Shop) -> None:
    result = shop.till.sell(sale("s", card=None)).result
    assert not any(result[part] for part in ("tier", "stamps", "rewards", "offers", "messages"))


def test_the_answer_to_a_sale_shows_how_it_stands_after_it(shop: Shop) -> None:
    result = shop.till.sell(sale("s", milk(amount=60_000))).result
    assert result["tier"]["next"]["missing"] == 40_000
    assert {each["id"] for each in result["rewards"]} == {"coffee", "five-euro"}

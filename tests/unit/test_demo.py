"""What the demo's customers bring and what its transcript tells; that it runs is tested where processes are."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.demo.goods import MEMBERS, POINTS_USED, basket, sale, write_members, write_programme
from edge_agent.demo.shop import can_use_points
from edge_agent.demo.told import points_told, told
from edge_agent.domain.programme import load_programme
from edge_agent.till.sell import sell
from tests.tills import Shop, jan, milk, open_shop
from tests.tills import sale as bought
from tests.unit.till.test_unworked import RULES, TOO_MUCH, NoReceipts


def test_the_programme_is_the_supermarkets_with_a_surprise_at_one_sale_in_three(
    tmp_path: Path,
) -> None:
    write_programme(tmp_path / "programme.toml")
    written = load_programme((tmp_path / "programme.toml").read_text(encoding="utf-8"), "demo")
    assert written.file.name.nl == "Veldmarkt Voordeel"
    assert [each.one_in for each in written.file.surprise] == [3]


def test_a_sale_is_its_quote_with_what_is_off_each_line_taken_off() -> None:
    asked = basket(7, random.Random(1))
    first = asked["lines"][0]
    quote = {
        "lines": [
            {"line": each["line"], "discount": 20 if each is first else 0}
            for each in asked["lines"]
        ]
    }
    sold = sale(7, asked, quote)
    assert sold["quote_id"] == asked["quote_id"]
    assert sold["lines"][0]["amount"] == first["amount"] - 20
    assert sold["total"]["amount"] == asked["total"]["amount"] - 20
    assert sold["tenders"] == [{"type": "card", "amount": sold["total"]["amount"]}]


def test_every_member_has_a_card_of_their_own(tmp_path: Path) -> None:
    write_members(tmp_path / "members.csv", random.Random(1))
    with (tmp_path / "members.csv").open(encoding="utf-8", newline="") as file:
        cards = {row["card"] for row in csv.DictReader(file)}
    assert len(cards) == MEMBERS


def rule(name: str, why: str, off: int) -> dict[str, object]:
    return {"rule": name, "why": why, "discount": off}


def test_a_reward_an_offer_a_stamp_card_and_a_surprise_are_told() -> None:
    result = {
        "lines": [
            {"line": 1, "rules": [rule("member-prices", "kaartprijs", 20)]},
            {"line": 2, "rules": [rule("member-prices", "kaartprijs", 100)]},
            {"line": 3, "rules": [rule("money-off", "korting met punten", 105)]},
        ],
        "entries": [{"unit": "stamps"}],
        "stamps": [{"title": "Koffiekaart", "have": 1, "need": 4}],
        "surprises": [{"title": "Geluksbon", "prize": "100 punten extra!"}],
    }
    assert list(told(result)) == [
        ("offer", "kaartprijs: € 1,20 eraf"),
        ("reward", "korting met punten: € 1,05 eraf"),
        ("stamp card", "Koffiekaart: 1 van 4 zegels"),
        ("surprise", "Geluksbon: 100 punten extra!"),
    ]


def test_a_sale_without_any_of_it_tells_nothing_more() -> None:
    nothing: dict[str, object] = {"lines": [], "entries": [], "stamps": [], "surprises": []}
    assert list(told(nothing)) == []


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A till whose rules fail on a sale that is dear enough."""
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    (tmp_path / "data").mkdir()
    opened = open_shop(tmp_path / "data", programme=tmp_path / "rules.toml")
    opened.confirm(jan(2000))
    yield opened
    opened.close()


def test_a_sale_tells_its_points_and_the_balance(shop: Shop) -> None:
    result = shop.till.sell(bought("s", milk(amount=200))).result
    assert points_told(result) == "+2 punten, saldo 2002 (2 nog niet bevestigd)"


def test_of_a_sale_that_the_rules_failed_on_it_is_told_what_the_till_says(shop: Shop) -> None:
    result = shop.till.sell(bought("s", milk(amount=TOO_MUCH))).result
    assert points_told(result) == result["not_worked_out"]
    assert "niet uit te rekenen" in points_told(result)
    assert list(told(result)) == []


def test_of_a_sale_as_it_was_quoted_no_balance_is_told(shop: Shop) -> None:
    shop.till.quote("q", bought("", milk(amount=200)))
    parts = shop.till._parts
    paid = bought("s", milk(amount=200), quote_id="q")
    result = sell(parts, NoReceipts(parts.settings), paid).result
    assert points_told(result) == "+2 punten, saldo onbekend"


@pytest.mark.parametrize(
    ("balance", "can"),
    [({"points": {"spendable": POINTS_USED}}, True), ({"points": {"spendable": 0}}, False)],
)
def test_a_customer_uses_points_that_are_there(balance: dict[str, Any], can: bool) -> None:
    assert can_use_points({"balance": balance}) is can


@pytest.mark.parametrize("balance", [None, {}])
def test_nobody_uses_points_that_are_not_known(balance: dict[str, Any] | None) -> None:
    assert not can_use_points({"balance": balance})

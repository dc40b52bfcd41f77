"""What the demo's customers bring and what its transcript tells; that it runs is tested where processes are."""

import csv
import random
from pathlib import Path

from edge_agent.demo.goods import MEMBERS, basket, sale, write_members, write_programme
from edge_agent.demo.told import told
from edge_agent.domain.programme import load_programme


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
        "surprises": [{"title": "Vrijdaggeluk", "prize": "100 punten extra!"}],
    }
    assert list(told(result)) == [
        ("offer", "kaartprijs: € 1,20 eraf"),
        ("reward", "korting met punten: € 1,05 eraf"),
        ("stamp card", "Koffiekaart: 1 van 4 zegels"),
        ("surprise", "Vrijdaggeluk: 100 punten extra!"),
    ]


def test_a_sale_without_any_of_it_tells_nothing_more() -> None:
    nothing: dict[str, object] = {"lines": [], "entries": [], "stamps": [], "surprises": []}
    assert list(told(nothing)) == []

"""Who buys what in the demo: the same shop every time."""

import csv
import random
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from stdnum import ean

from edge_agent.demo.processes import STORE, TILL, DemoFailed

MEMBERS = 1_000

_FIRST_NAMES = (
    "Sanne",
    "Daan",
    "Noor",
    "Sem",
    "Fatima",
    "Lars",
    "Emma",
    "Youssef",
    "Lotte",
    "Bram",
)

_ARTICLES: tuple[tuple[str, str, int, tuple[str, ...], str], ...] = (
    ("8710400011118", "Halfvolle melk 1L", 129, ("dairy",), "Zuiver"),
    ("8710400022220", "Jonge kaas 48+ 500g", 589, ("dairy", "cheese"), "Zuiver"),
    ("8710400033332", "Bananen los", 214, ("fruit", "bananas"), ""),
    ("8710400044444", "Volkorenbrood", 239, ("bakery",), "Molen"),
    ("8710400055556", "Koffiebonen 1kg", 1499, ("coffee",), "Brander"),
    ("8710400066668", "Sigaretten", 1120, ("tobacco",), ""),
    ("8710400077770", "Appels Elstar 1,5kg", 329, ("fruit", "apples"), ""),
    ("8710400099994", "Penne 500g", 159, ("pasta",), "Molen"),
)

REWARD, POINTS_USED = "money-off", 100
"""What a customer who has enough points uses them for, and how many."""

_SURPRISE_IN_SHOPS, _SURPRISE_HERE = "one_in = 25\n", "one_in = 3\n"
"""The shops' own odds would leave most short demos without a surprise."""


def card(number: int) -> str:
    """The card of the demo's member so and so: an EAN-13 of the range that shops use inside."""
    bare = f"29{number:010}"
    return bare + str(ean.calc_check_digit(bare))


def write_members(path: Path, chance: random.Random) -> None:
    """A CSV of members as `loyalty-central members import` takes it; some have a coffee card that is nearly full."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["member_id", "card", "display_name", "points", "points.stamps", "since", "segments"]
        )
        for number in range(MEMBERS):
            name = f"{_FIRST_NAMES[number % len(_FIRST_NAMES)]} {chr(65 + number % 26)}."
            points, stamps = chance.randrange(60, 300), chance.randrange(0, 8)
            segment = "families" if number % 2 else ""
            row = [f"M{number:05}", card(number), name, points, stamps, "2024-05-01", segment]
            writer.writerow(row)


def basket(number: int, chance: random.Random) -> dict[str, Any]:
    """What one customer brings to the till, as the POS asks for a quote; the till's own scanner read the card."""
    lines = []
    for index in range(chance.randrange(1, 7)):
        sku, name, price, categories, brand = chance.choice(_ARTICLES)
        quantity = chance.randrange(1, 4)
        line: dict[str, Any] = {
            "line": index + 1,
            "sku": sku,
            "name": name,
            "quantity": quantity,
            "amount": price * quantity,
            "categories": list(categories),
            "tax_rate": "9",
        }
        lines.append(line | ({"brand": brand} if brand else {}))
    return {
        "quote_id": f"Q-{number:06}",
        "at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "card": {"from": "till"},
        "lines": lines,
        "total": {"amount": sum(line["amount"] for line in lines), "currency": "EUR"},
    }


def sale(number: int, asked: dict[str, Any], quote: dict[str, Any]) -> dict[str, Any]:
    """The sale of a quoted basket: what is off each line is taken off, and the rest is paid by card."""
    off = {each["line"]: each["discount"] for each in quote["lines"]}
    lines = [line | {"amount": line["amount"] - off[line["line"]]} for line in asked["lines"]]
    total = sum(line["amount"] for line in lines)
    now = datetime.now().astimezone()
    return asked | {
        "sale_id": f"{STORE}-{TILL}-{now:%Y%m%d%H%M%S}-{number:06}",
        "cashier": "C17",
        "lines": lines,
        "total": asked["total"] | {"amount": total},
        "tenders": [{"type": "card", "amount": total}],
        "print": True,
    }


def write_programme(path: Path) -> None:
    """The supermarket's programme, with a surprise more often. Raises DemoFailed where it is not installed."""
    name = Path("config") / "programmes" / "supermarket.toml"
    for root in (
        Path(__file__).parent.parent.parent,
        Path(sys.prefix) / "share" / "loyalty-edge-agent",
    ):
        if (root / name).exists():
            text = (root / name).read_text(encoding="utf-8")
            often = text.replace(_SURPRISE_IN_SHOPS, _SURPRISE_HERE)
            path.write_text(often, encoding="utf-8")
            return
    raise DemoFailed("the supermarket's programme is not installed")

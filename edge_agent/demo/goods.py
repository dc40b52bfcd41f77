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
    ("8710400022220", "Jonge kaas 48+ 500g", 589, ("dairy",), "Zuiver"),
    ("8710400033332", "Bananen los", 214, ("fruit",), ""),
    ("8710400044444", "Volkorenbrood", 239, ("bakery",), "Molen"),
    ("8710400055556", "Koffiebonen 1kg", 1499, ("coffee",), "Brander"),
    ("8710400066668", "Sigaretten", 1120, ("tobacco",), ""),
    ("8710400077770", "Appels Elstar 1,5kg", 329, ("fruit",), ""),
)


def card(number: int) -> str:
    """The card of the demo's member so and so: an EAN-13 of the range that shops use inside."""
    bare = f"29{number:010}"
    return bare + str(ean.calc_check_digit(bare))


def write_members(path: Path, chance: random.Random) -> None:
    """A CSV of members as `loyalty-central members import` takes it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["member_id", "card", "display_name", "points", "since"])
        for number in range(MEMBERS):
            name = f"{_FIRST_NAMES[number % len(_FIRST_NAMES)]} {chr(65 + number % 26)}."
            points = chance.randrange(0, 240)
            writer.writerow([f"M{number:05}", card(number), name, points, "2024-05-01"])


def sale(number: int, chance: random.Random) -> dict[str, Any]:
    """What the POS posts for one customer, whose card the till's own scanner read."""
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
    total = sum(line["amount"] for line in lines)
    now = datetime.now().astimezone()
    return {
        "sale_id": f"{STORE}-{TILL}-{now:%Y%m%d%H%M%S}-{number:06}",
        "at": now.isoformat(timespec="seconds"),
        "card": {"from": "till"},
        "cashier": "C17",
        "lines": lines,
        "total": {"amount": total, "currency": "EUR"},
        "tenders": [{"type": "card", "amount": total}],
        "print": True,
    }


def sample_programme() -> Path:
    """The sample programme: beside the sources, or where the package installs it."""
    name = Path("config") / "programme.example.toml"
    for root in (
        Path(__file__).parent.parent.parent,
        Path(sys.prefix) / "share" / "loyalty-edge-agent",
    ):
        if (root / name).exists():
            return root / name
    raise DemoFailed("the sample programme is not installed")

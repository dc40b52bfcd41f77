"""The shop that is measured: a basket of 20 lines, a programme of 200 rules, members, and configurations."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from stdnum import ean

from edge_agent.compose import Agent, build_agent
from edge_agent.domain.balance import Holding
from edge_agent.domain.cards import card_key
from edge_agent.ledger.members import Member, MembersPosition, MembersUpdate
from edge_agent.settings import load_settings
from sync.identity import Identity, save_identity

STORE, TILL = "0412", "03"
TOKEN = "bench-token-of-no-real-till"
CARD_KEY = bytes(range(32))
AS_OF = datetime(2026, 11, 21, 6, tzinfo=UTC)
SAMPLE_PROGRAMME = Path(__file__).parents[2] / "config" / "programme.example.toml"
LINES, RULES = 20, 200
_CATEGORIES = ("dairy", "fruit", "vegetables", "bread", "coffee", "household", "tobacco", "frozen")
_BRANDS = ("Zuiver", "Molen", "Brander", "Veldzicht", "Noorderlicht")


def card(number: int) -> str:
    """The card of member so and so."""
    bare = f"29{number:010}"
    return bare + str(ean.calc_check_digit(bare))


def sale_body(number: int, card_code: str | None, lines: int = LINES) -> dict[str, Any]:
    """A sale as a POS posts it: other articles, amounts and quantities on every line."""
    bought = []
    for index in range(lines):
        bare = f"8710400{(number + index) % 500:05}"
        bought.append(
            {
                "line": index + 1,
                "sku": bare + str(ean.calc_check_digit(bare)),
                "name": f"Artikel van de week nummer {index}",
                "quantity": "0.482" if index % 7 == 3 else 1 + index % 3,
                "amount": 89 + 37 * index,
                "discount": 25 if index % 5 == 0 else 0,
                "categories": [_CATEGORIES[index % len(_CATEGORIES)], "assortment"],
                "brand": _BRANDS[index % len(_BRANDS)],
                "labels": ["own-brand"] if index % 4 == 0 else [],
                "tax_rate": "9",
            }
        )
    total = sum(int(str(line["amount"])) for line in bought)
    body: dict[str, Any] = {
        "sale_id": f"{STORE}-{TILL}-bench-{number:08}",
        "at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "cashier": "C17",
        "lines": bought,
        "total": {"amount": total, "currency": "EUR"},
        "tenders": [{"type": "card", "amount": total}],
    }
    return body if card_code is None else body | {"card": {"code": card_code, "entry": "scanned"}}


def programme_of_rules(count: int = RULES) -> str:
    """The sample programme's head with `count` rules: base rates, exclusions, and bonuses of every shape."""
    head = SAMPLE_PROGRAMME.read_text(encoding="utf-8").partition("[[bonus]]")[0]
    tables = ["earn", "earn"]
    rules: list[str] = []
    for category in ("tobacco", "lottery", "gift-card", "medicine", "infant-formula"):
        tables.append("exclude")
        rules.append(
            f'[[exclude]]\nid = "no-{category}"\ncategories = ["{category}"]\nwhy = "geen punten"\n'
        )
    shapes = (
        'when = { categories = ["%(category)s"], weekdays = ["fri", "sat", "sun"] }',
        'when = { brands = ["%(brand)s"], minimum_spend = 1500 }',
        'when = { skus = ["%(sku)s"] }',
        'when = { labels = ["own-brand"], from_time = 18:00:00, until_time = 20:00:00 }',
        'when = { categories = ["%(category)s"], from_date = 2026-01-01, until_date = 2027-12-31 }',
        "when = { minimum_spend = %(spend)s }",
        'when = { brands = ["Elders %(number)s"] }',
    )
    for number in range(count - len(tables)):
        bare = f"8710400{number % 500:05}"
        facts = {
            "number": number,
            "category": _CATEGORIES[number % len(_CATEGORIES)],
            "brand": _BRANDS[number % len(_BRANDS)],
            "sku": bare + str(ean.calc_check_digit(bare)),
            "spend": 1_000 + 100 * number,
        }
        effect = 'multiply = "1.5"' if number % 3 else "add = 5"
        rules.append(
            f'[[bonus]]\nid = "bonus-{number}"\n{effect}\n{shapes[number % len(shapes)] % facts}\n'
            f'why = "actie {number}"\n'
        )
    return head + "\n".join(rules)


def member(number: int) -> Member:
    """Member so and so, with two lots and one card."""
    return Member(
        ref=f"{number:032x}",
        display_name=f"Klant {number % 1000}",
        since=date(2024, 5, 1),
        lots=(
            Holding("points", 100 + number % 90, date(2027, 3, 31)),
            Holding("points", 40, date(2027, 9, 30)),
        ),
        cards=(card_key(CARD_KEY, card(number)),),
    )


def put_members(update: MembersUpdate, count: int, epoch: str) -> None:
    """The first `count` members."""
    update.put(member(number) for number in range(count))
    update.commit(MembersPosition(1, epoch, 0, AS_OF, count))


def write_config(
    data: Path, *, central: str = "http://127.0.0.1:9", scanner: Path | None = None,
    printer_port: int | None = None, programme: Path = SAMPLE_PROGRAMME,
) -> Path:  # fmt: skip
    """An agent's configuration on a free port; its central is one where nobody answers, unless given."""
    data.mkdir(parents=True, exist_ok=True)
    token = data / "bench-token"
    token.write_text(TOKEN)
    parts = [
        f'[terminal]\nstore = "{STORE}"\ntill = "{TILL}"\ndata = "{data}"\n',
        f'[web]\nlisten = "127.0.0.1:0"\ntoken_file = "{token}"\n',
        f'[central]\nurl = "{central}"\n[programme]\nfile = "{programme}"\n',
        '[[card]]\npattern = "29\\\\d{11}"\ncheck = "ean13"\n',
    ]
    if scanner is not None:
        parts.append(f'[[scanner]]\nid = "hand"\nkind = "serial"\nport = "{scanner}"\n')
    if printer_port is not None:
        parts.append(
            f'[printer]\nkind = "network"\nhost = "127.0.0.1"\nport = {printer_port}\ncolumns = 42\n'
        )
    path = data.with_suffix(".toml")
    path.write_text("\n".join(parts))
    return path


def enrol_offline(data: Path) -> None:
    """An identity with the bench's card key, as if central had given it."""
    identity = Identity(f"{STORE}/{TILL}", "http://127.0.0.1:9", TOKEN, CARD_KEY)
    save_identity(data / "identity", identity)


@contextmanager
def agent_in_process(config: Path, members: int) -> Iterator[Agent]:
    """The agent as `compose` builds it, with members, not started: no thread of it competes with what is timed."""
    agent = build_agent(load_settings(config))
    try:
        with agent.store.members.update(fresh=False) as update:
            put_members(update, members, agent.store.ledger.epoch)
        yield agent
    finally:
        agent.stop()


def encoded(body: dict[str, Any]) -> bytes:
    """The bytes that a POS sends."""
    return json.dumps(body, ensure_ascii=False).encode()

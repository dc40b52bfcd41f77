"""The shop that is measured: a basket of 20 lines, a programme of 200 rules, members, and configurations."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from stdnum import ean

from edge_agent.compose import Agent, build_agent
from edge_agent.domain.cards import card_key
from edge_agent.domain.holdings import Holding
from edge_agent.domain.members_file import Member, MembersPosition
from edge_agent.ledger.members import MembersUpdate
from edge_agent.settings import load_settings
from sync.identity import Identity, save_identity

STORE, TILL = "0412", "03"
TOKEN = "bench-token-of-no-real-till"
CARD_KEY = bytes(range(32))
AS_OF = datetime(2026, 11, 21, 6, tzinfo=UTC)
SAMPLE_PROGRAMME = Path(__file__).parents[2] / "config" / "programme.example.toml"
LINES, RULES, OFFERS, CHALLENGES = 20, 200, 50, 10
_CATEGORIES = ("dairy", "fruit", "vegetables", "bread", "coffee", "household", "tobacco", "frozen")
_REWARDED = tuple(each for each in _CATEGORIES if each != "tobacco")
"""What the law lets a shop reward."""
_BRANDS = ("Zuiver", "Molen", "Brander", "Veldzicht", "Noorderlicht")


def card(number: int) -> str:
    """The card of member so and so."""
    bare = f"29{number:010}"
    return bare + str(ean.calc_check_digit(bare))


def sale_body(number: int, card_code: str | None, lines: int = LINES) -> dict[str, Any]:
    """A sale as a POS posts it: other articles, amounts and quantities on every line."""
    bought = [_line(number, index) for index in range(lines)]
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


def _line(number: int, index: int) -> dict[str, Any]:
    return {
        "line": index + 1,
        "sku": _sku(number + index),
        "name": f"Artikel van de week nummer {index}",
        "quantity": "0.482" if index % 7 == 3 else 1 + index % 3,
        "amount": 89 + 37 * index,
        "discount": 25 if index % 5 == 0 else 0,
        "categories": [_CATEGORIES[index % len(_CATEGORIES)], "assortment"],
        "brand": _BRANDS[index % len(_BRANDS)],
        "labels": ["own-brand"] if index % 4 == 0 else [],
        "tax_rate": "9",
    }


def programme_of_rules(count: int = RULES) -> str:
    """The sample's head and `count` rules, `OFFERS` offers and `CHALLENGES` challenges.

    The rules are two base rates, five exclusions, and campaigns as large chains run them. A campaign is about one of 40
    categories, one of 40 brands, three articles, own brands in the evening, or a minimum spend; of a basket here some
    twenty of them hold.
    """
    head = SAMPLE_PROGRAMME.read_text(encoding="utf-8").partition("[[bonus]]")[0]
    excluded = ("tobacco", "lottery", "gift-card", "medicine", "infant-formula")
    rules = [
        f'[[exclude]]\nid = "no-{each}"\ncategories = ["{each}"]\nwhy = "geen punten"\n'
        for each in excluded
    ]
    for number in range(count - len(rules) - head.count("[[earn]]")):
        effect = 'multiply = "1.5"' if number % 3 else "add = 5"
        rules.append(
            f'[[bonus]]\nid = "bonus-{number}"\n{effect}\nwhen = {_campaign(number)}\n'
            f'why = "actie {number}"\n'
        )
    return head + "\n".join(
        [*rules, *map(_offer, range(OFFERS)), *map(_challenge, range(CHALLENGES))]
    )


def _offer(number: int) -> str:
    """An offer of ten percent or a euro, for everybody or a segment."""
    off = "percent = 10" if number % 2 else "amount = 100"
    for_whom = ', segments = ["families"]' if number % 4 == 0 else ""
    when = _campaign(5 * (number // 3) + number % 3).rstrip(" }") + for_whom + " }"
    return f'[[offer]]\nid = "offer-{number}"\ntitle = "actie"\noff = {{ {off} }}\nwhen = {when}\n'


def _challenge(number: int) -> str:
    """Five visits, 500 euro or 40 pieces within the month, every other one of a category."""
    counts, target = (("visits", 5), ("spend", 50_000), ("pieces", 40))[number % 3]
    when = f'{{ categories = ["{_REWARDED[number % len(_REWARDED)]}"] }}' if number % 2 else "{}"
    return (
        f'[[challenge]]\nid = "challenge-{number}"\ntitle = "uitdaging"\ncounts = "{counts}"\n'
        f'target = {target}\nwithin = "month"\nwhen = {when}\ngives = [{{ quantity = 100 }}]\n'
    )


def _campaign(number: int) -> str:
    shape, which = number % 5, number // 5
    if shape == 0:
        category = (_REWARDED + tuple(f"category-{n}" for n in range(33)))[which % 40]
        return f'{{ categories = ["{category}"], weekdays = ["fri", "sat", "sun"] }}'
    if shape == 1:
        brand = (_BRANDS + tuple(f"Merk {n}" for n in range(35)))[which % 40]
        return f'{{ brands = ["{brand}"], from_date = 2026-01-01, until_date = 2029-12-31 }}'
    if shape == 2:
        skus = ", ".join(f'"{_sku(3 * which + n)}"' for n in range(3))
        return f"{{ skus = [{skus}] }}"
    if shape == 3:
        return '{ labels = ["own-brand"], from_time = 18:00:00, until_time = 20:00:00 }'
    return f"{{ minimum_spend = {3_000 * (which + 1)} }}"


def _sku(number: int) -> str:
    bare = f"8710400{number % 500:05}"
    return bare + str(ean.calc_check_digit(bare))


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
    identity = Identity(f"{STORE}/{TILL}", "http://127.0.0.1:9", bytes(32), CARD_KEY, bytes(32))
    save_identity(data / "identity", identity)


@contextmanager
def agent_in_process(config: Path, members: int) -> Iterator[Agent]:
    """The agent as `compose` builds it, with members, not started: no thread of it competes with what is timed."""
    agent = build_agent(load_settings(config))
    try:
        with agent.store.members.update() as update:
            put_members(update, members, agent.store.ledger.epoch)
        yield agent
    finally:
        agent.stop()


def encoded(body: dict[str, Any]) -> bytes:
    """The bytes that a POS sends."""
    return json.dumps(body, ensure_ascii=False).encode()

"""Baskets, programmes and members for the domain's tests, and hypothesis strategies for them."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from edge_agent.domain.basket import Basket, Line
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Evaluation, Programme, evaluate, load_programme
from edge_agent.domain.programme.programme_file import ProgrammeFile

SAMPLE_PATH = Path(__file__).parents[3] / "config" / "programme.example.toml"
MEMBER = MemberFacts("7f0c2b1e9d3a4c58")
A_SATURDAY = datetime.fromisoformat("2026-11-21T14:03:11+01:00")

HEAD = """\
format = 1
id = "test"
version = 1
name = "Test"
timezone = "Europe/Amsterdam"
currency = "EUR"
valid_from = 2026-01-01T00:00:00+01:00
[unit.points.name]
one = "point"
many = "points"
"""
BASE = """\
[[earn]]
id = "base"
points = 1
per = 100
"""


def sample() -> Programme:
    """The programme that ships as an example."""
    return load_programme(SAMPLE_PATH.read_text(encoding="utf-8"), SAMPLE_PATH.name)


def programme(rules: str, head: str = HEAD) -> Programme:
    """A programme with these rules."""
    return load_programme(head + rules, "test.toml")


def line(number: int, amount: int, *categories: str, **more: Any) -> Line:
    """A line of one piece."""
    facts: dict[str, Any] = {"sku": f"sku-{number}", "quantity": Decimal(1), **more}
    return Line(number=number, amount=amount, categories=categories, **facts)


def basket(*lines: Line) -> Basket:
    """A basket of these lines."""
    return Basket(lines, sum(each.amount for each in lines), "EUR")


def awarded(rules: Programme, bought: Basket, at: datetime = A_SATURDAY) -> Evaluation:
    """What the basket earns for an ordinary member, with an outcome for every rule."""
    return evaluate(rules, MEMBER, bought, at, explains=True)


def earned(entries: tuple[Entry, ...], unit: str = "points") -> int:
    """What is given of a unit in all, in its smallest parts."""
    return sum(
        entry.quantity for entry in entries if entry.unit == unit and entry.kind is EntryKind.EARN
    )


def shares(entries: tuple[Entry, ...], rule: str) -> dict[int | None, int]:
    """What a rule gave, per line."""
    return {entry.line: entry.quantity for entry in entries if entry.rule == rule}


CATEGORIES = ("bread", "dairy", "fruit", "tobacco")
BRANDS = ("Zuiver", "Anders")
WORDS = st.sampled_from(CATEGORIES)

lines = st.builds(
    Line,
    number=st.just(0),
    sku=st.sampled_from(("a", "b", "c")),
    quantity=st.decimals("0.001", "50", places=3),
    amount=st.integers(0, 20_000),
    categories=st.lists(WORDS, max_size=3).map(tuple),
    brand=st.none() | st.sampled_from(BRANDS),
    labels=st.lists(st.sampled_from(("new", "sale")), max_size=2).map(tuple),
    kind=st.sampled_from(("product", "product", "deposit")),
    discount=st.sampled_from((0, 0, 100)),
    tax_rate=st.sampled_from((None, "9", "21")),
    measure=st.none() | st.decimals("0.001", "50", places=3),
    margin=st.sampled_from((None, "low", "high")),
)


def _numbered(found: list[Line]) -> Basket:
    return basket(*(replace(each, number=number) for number, each in enumerate(found, 1)))


baskets = st.lists(lines, min_size=1, max_size=12).map(_numbered)

selections = st.fixed_dictionaries(
    {},
    optional={
        "categories": st.lists(WORDS, min_size=1, max_size=2),
        "brands": st.lists(st.sampled_from(BRANDS), min_size=1, max_size=1),
        "skus": st.lists(st.sampled_from(("a", "b", "c")), min_size=1, max_size=2),
        "labels": st.lists(st.sampled_from(("new", "sale")), min_size=1, max_size=1),
        "kinds": st.just(["product"]),
        "margins": st.just(["high"]),
        "without": st.sampled_from(({"brands": ["Anders"]}, {"categories": ["dairy", "fruit"]})),
    },
)
roundings = st.sampled_from(("floor", "half-up"))
rates = st.decimals("0.01", "20", places=2)
expiries = st.none() | st.fixed_dictionaries({"days": st.integers(1, 400)})


@st.composite
def programmes(draw: st.DrawFn) -> Programme:
    """Programmes with base rates of two units, bonuses of both kinds and one exclusion."""
    units = st.sampled_from(("points", "stars"))
    name = {"one": "x", "many": "x"}
    scopes = draw(st.lists(selections.filter(bool), max_size=3))
    earn: list[dict[str, Any]] = [
        {
            "id": f"earn-{index}",
            "unit": draw(units),
            "points": draw(rates),
            "per": draw(st.sampled_from((1, 50, 100, 333))),
            "rounding": draw(roundings),
            "stage": draw(st.sampled_from(("sale", "line"))),
            "scope": scope,
        }
        for index, scope in enumerate([*scopes, {}])
    ]
    bonus: list[dict[str, Any]] = [
        {
            "id": f"bonus-{index}",
            "unit": draw(units),
            "rounding": draw(roundings),
            "when": when,
            "expiry": draw(expiries),
            "why": "x",
        }
        | draw(
            st.fixed_dictionaries({"add": st.integers(1, 100)})
            | st.fixed_dictionaries({"multiply": st.decimals("1.01", "5", places=2)})
        )
        for index, when in enumerate(draw(st.lists(selections, max_size=4)))
    ]
    values = {
        "format": 1,
        "id": "drawn",
        "version": 1,
        "name": "Drawn",
        "timezone": "Europe/Amsterdam",
        "currency": "EUR",
        "valid_from": datetime.fromisoformat("2026-01-01T00:00:00+01:00"),
        "unit": {"points": {"name": name, "expiry": {"months": 12}}, "stars": {"name": name}},
        "earn": earn,
        "bonus": bonus,
        "exclude": [{"id": "smoke", "categories": ["tobacco"], "why": "x"}],
    }
    return Programme("0" * 64, "", ProgrammeFile.model_validate(values))

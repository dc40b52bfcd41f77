"""docs/returns.md: its programmes load, and its figures are those that are worked out."""

import re
from pathlib import Path

import pytest

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.programme.kept import Refund
from tests.unit.domain.builders import BASE, line, programme
from tests.unit.domain.customers import at
from tests.unit.domain.programme.test_return_stories import Buyer

PAGE = (Path(__file__).parents[4] / "docs" / "returns.md").read_text(encoding="utf-8")
KEPT, DEDUCTED = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
NOON = at("2026-11-21 12:00")


@pytest.mark.parametrize(
    ("way", "taken"), re.findall(r"^\| `(lines|amount|kept)` \| (\d+):", PAGE, re.MULTILINE)
)
def test_the_second_line_of_the_example_takes_back_what_the_table_says(
    way: str, taken: str
) -> None:
    buyer = Buyer(programme(BASE + KEPT.replace("kept", way)))
    sale = buyer.sold(NOON, line(1, 1090), line(2, 1020))
    assert buyer.holds("points") == 21
    buyer.brings_back(sale, NOON, 2)
    assert buyer.holds("points") == 21 - int(taken)


def test_what_is_missing_comes_off_the_refund_as_it_says() -> None:
    buyer = Buyer(programme(BASE + DEDUCTED))
    sale = buyer.sold(NOON, line(1, 20_000))
    buyer.record([Entry(EntryKind.REDEEM, "points", -150, "coffee")])
    assert buyer.brings_back(sale, NOON, 1).refunds == (Refund(1, 19_700, 300),)
    assert buyer.holds("points") == 0

"""The examples of the page on lots, tiers, stamp cards and memberships do what the page says."""

import re
from datetime import date, datetime
from pathlib import Path

import pytest

from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import evaluate
from edge_agent.domain.programme.expiry import Expiry
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.toml_source import read_toml
from tests.unit.domain.builders import BASE, basket, line, programme

PAGE = (Path(__file__).parents[4] / "docs" / "what-members-hold.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
EARN = BASE.replace(
    "points = 1", 'points = 1\nscope = { without = { categories = ["small-drink"] } }'
)
WHOLE = programme("\n".join([EARN, *EXAMPLES]))


def test_the_examples_make_one_programme() -> None:
    assert len(EXAMPLES) == 4
    assert WHOLE.levels == ("basic", "silver", "gold")


def test_points_wait_and_last_as_the_page_says() -> None:
    life = WHOLE.file.unit["points"].life(date(2026, 3, 3), None)
    assert (life.matures_on, life.expires_on) == (date(2026, 3, 17), date(2027, 3, 31))


@pytest.mark.parametrize("written", re.findall(r"\| `(\{ .* \})` \|", PAGE))
def test_every_way_of_expiring_can_be_written_so(written: str) -> None:
    values = read_toml(f"expiry = {written}\n").values
    last = UnitTable(expiry=Expiry(**values["expiry"])).life(date(2026, 3, 3), None).expires_on
    assert last is not None
    assert last > date(2026, 3, 3)


def test_a_sale_of_all_of_it_adds_up() -> None:
    bought = basket(
        line(1, 8 * 295, "small-drink", quantity=16),
        line(2, 400_00),
        line(3, 29_00, sku="plus-year"),
    )
    at = datetime.fromisoformat("2026-11-21T14:03:11+01:00")
    entries = evaluate(WHOLE, MemberFacts("7f0c"), bought, at).entries
    given: dict[tuple[str, str], int] = {}
    for each in entries:
        key = (each.rule, each.unit)
        given[key] = given.get(key, 0) + each.quantity
    assert given == {
        ("plus", "membership/plus"): 1,
        ("small-drink", "stamps"): 80,
        ("base", "points"): 429,
        ("plus-double", "points"): 429,
        ("coffee-card", "stamps"): -80,
        ("coffee-card", "points"): 150,
        ("tier-progress", "count/tier-spend"): 452_60,
        ("silver", "tier/silver"): 1,
        ("active", "count/active-points"): 1,
    }

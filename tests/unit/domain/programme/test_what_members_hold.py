"""The examples of the page on lots, tiers, stamp cards and memberships do what the page says."""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Line, ReturnedLine
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import evaluate
from edge_agent.domain.programme.expiry import Expiry
from edge_agent.domain.programme.giving_back import give_back
from edge_agent.domain.programme.kept import Sold
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.tallies import figures
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


AT = datetime.fromisoformat("2026-11-21T14:03:11+01:00")
THINGS = st.sampled_from(
    [
        (295, "drink", ("small-drink",)),
        (60_00, "shoes", ()),
        (29_00, "plus-year", ()),
        (0, "plus-trial", ()),
        (29_00, "plus-gift", ()),
    ]
)
bought_lines = st.lists(st.tuples(THINGS, st.integers(1, 12)), min_size=1, max_size=4)


def _line(number: int, thing: tuple[int, str, tuple[str, ...]], pieces: int) -> Line:
    amount, sku, categories = thing
    return line(number, amount * pieces, *categories, sku=sku, quantity=Decimal(pieces))


@given(st.lists(bought_lines, max_size=1), bought_lines)
def test_bringing_everything_back_restores_all_that_was_held(
    before: list[list[tuple[tuple[int, str, tuple[str, ...]], int]]],
    last: list[tuple[tuple[int, str, tuple[str, ...]], int]],
) -> None:
    facts = MemberFacts("7f0c")
    for number, things in enumerate((*before, last)):
        held = facts.holdings
        known = figures(WHOLE.readings, held, AT.date(), None)
        facts = replace(facts, figures=known)
        bought = basket(*(_line(n, *each) for n, each in enumerate(things, 1)))
        entries = evaluate(WHOLE, facts, bought, AT).entries
        record = f"{number:032x}"
        sale = Sold(record, AT, Recorded(WHOLE.digest, facts, bought, entries=entries))
        posted = [each._replace(lot=record) if each.lot is None else each for each in entries]
        facts = facts.after(posted, (), AT.date())
    everything = tuple(ReturnedLine(each.number, each.quantity) for each in bought.lines)
    later = AT + timedelta(days=3)
    back = give_back(WHOLE, sale, (), everything, facts, later)
    assert facts.after(back.entries, (), later.date()).holdings == held

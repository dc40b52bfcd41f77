"""A forgotten card: until when it can be attached to a sale, and what the sale then earns."""

from datetime import datetime

import pytest

from edge_agent.domain.member import NOBODY, MemberFacts
from edge_agent.domain.programme import evaluate
from edge_agent.domain.programme.attaching import attached, may_attach
from edge_agent.domain.programme.kept import Sold
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import NOTHING
from tests.unit.domain.builders import BASE, basket, line, programme

SOLD = datetime.fromisoformat("2026-11-21T23:30:00+01:00")


@pytest.mark.parametrize(
    ("keys", "now", "may"),
    [
        ("", "2026-12-05T23:59:00+01:00", True),  # fourteen days where nothing is said
        ("", "2026-12-06T00:00:00+01:00", False),
        ("within_days = 0", "2026-11-21T23:59:00+01:00", True),
        ("within_days = 0", "2026-11-22T00:00:00+01:00", False),
        ("within_days = 0", "2026-11-21T23:00:00+00:00", False),  # which is midnight in the shop
        ("within_days = 1", "2026-11-22T22:59:00+00:00", True),
        ("allowed = false", "2026-11-21T23:31:00+01:00", False),
    ],
)
def test_a_forgotten_card_can_be_attached_for_some_days(keys: str, now: str, may: bool) -> None:
    rules = programme(f"{BASE}[forgotten_card]\n{keys}\n")
    assert may_attach(rules, SOLD, datetime.fromisoformat(now)) is may


def test_what_a_card_earns_afterwards_is_what_was_paid_and_nothing_more_is_taken_off() -> None:
    rules = programme(
        BASE
        + '[[offer]]\nid = "deal"\ntitle = "x"\noff = { percent = 10 }\n'
        + '[[offer]]\nid = "members"\ntitle = "x"\nmembers_only = true\noff = { percent = 50 }\n'
        + '[[surprise]]\nid = "luck"\ntitle = "x"\none_in = 1\nprizes = [{ id = "p", title = "x", quantity = 5 }]\n'
    )
    bought = basket(line(1, 5000))
    sale = evaluate(rules, NOBODY, bought, SOLD)
    assert dict(sale.off()) == {1: 500}
    recorded = Recorded(rules.digest, NOBODY, bought, NOTHING, sale.entries, sale.reductions)
    found = attached(rules, Sold("5" * 32, SOLD, recorded), MemberFacts("7f0c"))
    assert [(each.rule, each.quantity) for each in found.entries] == [("base", 45)]
    assert found.reductions == ()

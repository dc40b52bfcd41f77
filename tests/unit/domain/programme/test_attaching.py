"""Until when a forgotten card can be attached to a sale: whole days of the shop, and not at all where it says so."""

from datetime import datetime

import pytest

from edge_agent.domain.programme.attaching import may_attach
from tests.unit.domain.builders import BASE, programme

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

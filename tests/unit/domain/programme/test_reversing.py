"""The arithmetic of taking back: nothing twice, and never more than there was."""

import pytest

from edge_agent.domain.programme.reversing import Quantities, Strand, due

BASE = Strand(None, "points", "base", 1, False)
BONUS = Strand(None, "points", "bonus", 1, False)


@pytest.mark.parametrize(
    ("targets", "before", "now"),
    [
        ({BASE: 5, BONUS: 5}, {}, {BASE: 5, BONUS: 5}),
        ({BASE: 5, BONUS: 5}, {BASE: 2}, {BASE: 3, BONUS: 5}),
        # More of one was taken back before than is due of it now: the other makes up for it, in all it is 10.
        ({BASE: 5, BONUS: 5}, {BASE: 7}, {BONUS: 3}),
        ({BASE: 5, BONUS: 5}, {BASE: 10}, {}),
        ({BASE: 5}, {BASE: 9}, {}),
    ],
)
def test_what_is_due_now_is_the_target_less_what_was_taken_before(
    targets: Quantities, before: Quantities, now: Quantities
) -> None:
    assert due(targets, before) == now

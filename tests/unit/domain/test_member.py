"""What rules know of a member."""

import pytest

from edge_agent.domain.member import MemberFacts, Standing


@pytest.mark.parametrize(
    ("standing", "earns"),
    [
        (Standing.KNOWN, True),
        (Standing.UNKNOWN, True),  # settled by central later
        (Standing.BLOCKED, False),
        (Standing.ERASED, False),
    ],
)
def test_an_unknown_card_earns_and_a_blocked_or_erased_one_does_not(
    standing: Standing, earns: bool
) -> None:
    assert standing.earns is earns


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("tier", [None, "gold"])
def test_facts_come_back_from_json_as_they_were(standing: Standing, tier: str | None) -> None:
    facts = MemberFacts("7f0c", standing, tier)
    assert MemberFacts.from_json(facts.to_json()) == facts

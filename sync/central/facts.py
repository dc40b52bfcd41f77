"""What central knows of an account, as the rules see it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts, Standing
from edge_agent.domain.programme import Programme
from edge_agent.domain.tallies import figures


def account_facts(row: Any, held: Sequence[Holding], programme: Programme) -> MemberFacts:
    """The facts of a row of `accounts` without what depends on the day: figures and birthday."""
    asks = programme.asks
    attributes = json.loads(row.attributes)
    return MemberFacts(
        account=row.ref,
        standing=Standing(row.standing),
        tier=row.tier,
        since=None if row.since is None else date.fromisoformat(row.since),
        language=row.language,
        segments=frozenset(json.loads(row.segments)) & asks.segments,
        attributes={name: attributes[name] for name in asks.attributes if name in attributes},
        holdings=tuple(held),
        referred_by=row.referred_by,
    )


def facts_on(row: Any, held: Sequence[Holding], programme: Programme, day: date) -> MemberFacts:
    """The facts on a day, with the figures that the programme's rules ask for."""
    facts = account_facts(row, held, programme)
    return replace(facts, figures=figures(programme.readings, held, day, facts.since))

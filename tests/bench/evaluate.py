"""The rules alone: 20 lines against 200 rules, 50 offers and 10 challenges, beside parsing the same basket."""

from datetime import date, datetime, timedelta
from pathlib import Path

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import evaluate, load_programme
from edge_agent.web.bodies.baskets import SaleBody
from tests.bench.measure import in_turns, median, spread
from tests.bench.shop import CHALLENGES, encoded, programme_of_rules, sale_body
from tests.bench.table import Row

TURNS, WARM_UP = 3_000, 300
A_SATURDAY = datetime.fromisoformat("2026-11-21T14:03:11+01:00")
"""So that weekend campaigns hold and evening ones do not, whenever the bench runs."""


def counted_before(today: date) -> tuple[Holding, ...]:
    """What a visit a week left in the tallies of the challenges."""
    return tuple(
        Holding(f"count/did.challenge-{number}", 1, day=today - timedelta(days=days))
        for number in range(CHALLENGES)
        for days in range(1, 21, 7)
    )


def evaluate_beside_parsing(_folder: Path) -> list[Row]:
    """Every turn takes another basket, so that nothing can be remembered from the turn before."""
    programme = load_programme(programme_of_rules(), "bench programme")
    at = A_SATURDAY
    facts = MemberFacts("7f0c2b1e9d3a4c58", holdings=counted_before(at.date()))
    bodies = [encoded(sale_body(n, None)) for n in range(TURNS + WARM_UP)]
    baskets = [SaleBody.model_validate_json(body).to_sale().basket for body in bodies]
    tried = [evaluate(programme, facts, basket, at) for basket in baskets[:100]]
    holding = sum(bool(each.entries) for one in tried for each in one.outcomes) / len(tried)
    entries = sum(len(one.entries) for one in tried) / len(tried)
    assert holding > 10, "the programme must be about these baskets"
    ours, theirs = in_turns(
        lambda n: evaluate(programme, facts, baskets[n], at),
        lambda n: SaleBody.model_validate_json(bodies[n]),
        TURNS,
        WARM_UP,
    )
    return [
        Row(
            "evaluate",
            "evaluate 20 lines against 200 rules, 50 offers and 10 challenges, p50",
            median(ours),
            5.0,
            baseline=median(theirs),
            baseline_is="parse its JSON into models",
            relative=True,
            details={
                "measured": spread(ours),
                "baseline": spread(theirs),
                "rules_that_gave": holding,
                "entries": entries,
            },
        )
    ]

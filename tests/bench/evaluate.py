"""The rules alone: 20 lines against 200 rules, beside parsing the same basket."""

from datetime import datetime
from pathlib import Path

from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import evaluate, load_programme
from edge_agent.web.models import SaleBody
from tests.bench.measure import in_turns, median, spread
from tests.bench.shop import encoded, programme_of_rules, sale_body
from tests.bench.table import Row

TURNS, WARM_UP = 3_000, 300
A_SATURDAY = datetime.fromisoformat("2026-11-21T14:03:11+01:00")
"""So that weekend campaigns hold and evening ones do not, whenever the bench runs."""


def evaluate_beside_parsing(_folder: Path) -> list[Row]:
    """Every turn takes another basket, so that nothing can be remembered from the turn before."""
    programme = load_programme(programme_of_rules(), "bench programme")
    facts = MemberFacts("7f0c2b1e9d3a4c58")
    at = A_SATURDAY
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
            "evaluate 20 lines against 200 rules, p50",
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

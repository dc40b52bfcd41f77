"""Redeeming without a sale: what a reward takes and gives where nothing is bought, and before anything is."""

from dataclasses import replace
from datetime import datetime

from edge_agent.domain.basket import STORE_CHANNEL
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.combining import Reductions
from edge_agent.domain.programme.evaluation import (
    NOTHING_WORKED_OUT,
    Evaluation,
    without_sale,
    work_through,
)
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.situation import Wanted


def collect(
    programme: Programme,
    facts: MemberFacts,
    wanted: Wanted,
    at: datetime,
    *,
    store: str = "",
    channel: str = STORE_CHANNEL,
) -> Evaluation:
    """What these redemptions come to for this member at `at` (aware) where there is no basket.

    A reward whose worth depends on a basket has an outcome with `unmet`. A blocked or erased account gets nothing.
    """
    if not facts.standing.earns:
        return NOTHING_WORKED_OUT
    nothing = without_sale(programme, facts, at, store=store, channel=channel)
    situation = replace(nothing, wanted=wanted)
    reductions = [each for each in programme.mechanisms if isinstance(each, Reductions)]
    return work_through([*reductions, programme.activity], situation)

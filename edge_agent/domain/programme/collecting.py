"""Redeeming without a sale: what a reward takes and gives where nothing is bought, and before anything is."""

from datetime import datetime

from edge_agent.domain.basket import Basket
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.combining import Reductions
from edge_agent.domain.programme.evaluation import NOTHING_WORKED_OUT, Evaluation, work_through
from edge_agent.domain.programme.lines import NO_LINES
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.situation import Situation, Wanted


def collect(
    programme: Programme,
    facts: MemberFacts,
    wanted: Wanted,
    at: datetime,
    *,
    store: str = "",
    channel: str = "store",
) -> Evaluation:
    """What these redemptions come to for this member at `at` (aware) where there is no basket.

    A reward whose worth depends on a basket has an outcome with `unmet`. A blocked or erased account gets nothing.
    """
    if not facts.standing.earns:
        return NOTHING_WORKED_OUT
    here = at.astimezone(programme.timezone)
    situation = Situation(
        programme.present(facts, here.date()),
        nothing_bought(programme, store, channel),
        here,
        NO_LINES,
        programme.lots,
        wanted,
        levels=programme.levels,
    )
    reductions = [each for each in programme.mechanisms if isinstance(each, Reductions)]
    return work_through([*reductions, programme.activity], situation)


def nothing_bought(programme: Programme, store: str = "", channel: str = "store") -> Basket:
    """The basket of whoever buys nothing."""
    return Basket((), 0, programme.file.currency, channel=channel, store=store)

"""Attaching a forgotten card: what a sale that was made without one earns for whoever bought it after all."""

from datetime import datetime

from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.evaluation import Evaluation, evaluate
from edge_agent.domain.programme.kept import Sold
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.situation import UNQUOTED


def may_attach(programme: Programme, sold_at: datetime, now: datetime) -> bool:
    """Whether a card can be attached at `now` to a sale of `sold_at` (both aware), by days of the programme's zone."""
    rule = programme.file.forgotten_card
    days = (programme.local_date(now) - programme.local_date(sold_at)).days
    return rule.allowed and days <= rule.within_days


def attached(programme: Programme, sold: Sold, member: MemberFacts) -> Evaluation:
    """What the sale would have earned with the card, by the programme that it was made under.

    `member` is as of the sale's time. What was off the lines stays off and is no part of the answer, and nothing more
    is taken off: the money has changed hands. Nothing is drawn by chance either, or receipts could be picked by what
    they win.
    """
    sale = sold.sale
    return evaluate(programme, member, sale.basket, sold.at, UNQUOTED, reduced=sale.reductions)

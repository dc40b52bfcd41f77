"""Offers, vouchers and rewards as the tests write them, and what a basket then comes to."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from edge_agent.domain.basket import Basket, Line
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Evaluation, Programme, evaluate
from edge_agent.domain.programme.situation import NOTHING, Redemption, Wanted
from tests.unit.domain.builders import A_SATURDAY, BASE, line, programme

NO_POINTS = BASE.replace("points = 1", "points = 0.0001")
"""A base rate that gives no points on what these tests sell."""


@lru_cache(512)
def rules(text: str, earn: str = NO_POINTS, combine: str = "") -> Programme:
    """A programme with these tables, and a `[combine]` of these keys; read once, since reading takes far longer than
    working anything out with it."""
    return programme(f"{earn}{text}" + (f"[combine]\n{combine}\n" if combine else ""))


def offer(rule: str, off: str, more: str = "") -> str:
    """An offer with its `off`, as the inside of an inline table, and further keys."""
    return f'[[offer]]\nid = "{rule}"\ntitle = "x"\noff = {{ {off} }}\n{more}\n'


def reward(rule: str, keys: str) -> str:
    """A reward with these keys."""
    return f'[[reward]]\nid = "{rule}"\ntitle = "x"\n{keys}\n'


def piece(number: int, sku: str, quantity: str | int, each: int, **more: Any) -> Line:
    """A line of so many units at so much each."""
    exact = Decimal(quantity)
    return line(number, int(each * exact), sku=sku, quantity=exact, **more)


def member(*held: Holding, **more: Any) -> MemberFacts:
    """A member who has this."""
    return MemberFacts("7f0c2b1e9d3a4c58", holdings=held, **more)


def points(quantity: int) -> Holding:
    """So many points."""
    return Holding("points", quantity)


def codes(*texts: str) -> Wanted:
    """What scanning these codes asks for."""
    return Wanted(codes=texts)


def redeeming(*wanted: Redemption, reduces: bool = True) -> Wanted:
    """What choosing these rewards asks for."""
    return Wanted(redemptions=wanted, reduces=reduces)


def worked(
    programme: Programme,
    bought: Basket,
    wanted: Wanted = NOTHING,
    facts: MemberFacts | None = None,
    at: datetime = A_SATURDAY,
) -> Evaluation:
    """What the basket comes to; for a member who has nothing, unless given."""
    return evaluate(programme, member() if facts is None else facts, bought, at, wanted)


def total_off(found: Evaluation) -> int:
    """All that is off, in minor units."""
    return sum(found.off().values())


def spent(found: Evaluation, unit: str = "points") -> int:
    """What was taken of a unit."""
    return -sum(each.quantity for each in found.entries if each.unit == unit and each.quantity < 0)


def earned(found: Evaluation, unit: str = "points") -> int:
    """What was given of a unit."""
    return sum(each.quantity for each in found.entries if each.unit == unit and each.quantity > 0)


def why_not(found: Evaluation) -> dict[str, str]:
    """What stood in the way of rules that were asked for."""
    return {each.rule: each.unmet.obstacle.value for each in found.outcomes if each.unmet}

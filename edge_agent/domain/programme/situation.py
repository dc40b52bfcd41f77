"""What every mechanism sees, and what it answers: the common shape.

A mechanism is a value with the rules of one kind. It is given the situation and what the mechanisms before it
awarded, and answers with an outcome for each of its rules. It never looks at a clock, a file or a random number, and
never changes what it is given. `Programme.mechanisms` declares the order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NamedTuple, Protocol

from edge_agent.domain.basket import Basket, Line
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.expiry import Expiry
from edge_agent.domain.programme.texts import Texts
from edge_agent.domain.programme.unmet import Unmet


@dataclass(frozen=True, slots=True)
class Situation:
    """One basket of one member at one time. `at` is in the programme's time zone.

    `lines` are those not excluded, in an order that does not depend on how they were scanned.
    """

    facts: MemberFacts
    basket: Basket
    at: datetime
    lines: tuple[Line, ...]


class Award(NamedTuple):
    """Points for one line by one rule. `expiry` is the rule's own, None for the unit's."""

    unit: str
    quantity: int
    rule: str
    line: int
    expiry: Expiry | None = None


class Outcome(NamedTuple):
    """What one rule came to; `unmet` says why it gave nothing."""

    rule: str
    awards: tuple[Award, ...] = ()
    unmet: Unmet | None = None


class Mechanism(Protocol):
    """All rules of one kind."""

    name: ClassVar[str]

    def outcomes(self, situation: Situation, before: Sequence[Award]) -> list[Outcome]:
        """An outcome for each rule, in the file's order."""
        ...

    def reasons(self) -> Mapping[str, Texts]:
        """Why an award of each rule is given, in words, by the rule's id."""
        ...

"""Who stands for a redemption: central, an allowance of it, or the limits of this till; asked in that order.

What central refuses is refused. Where it does not say anything in time, what it set aside before stands for the
redemption, and else the limits do, under which the worst loss is known.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from edge_agent.domain.redeemed import AuthorisedBy
from edge_agent.till.refusals import Refusal

RESERVED_FOR = timedelta(minutes=15)
"""As long as a quote: who reserved and went away must not keep the points from their household for longer."""

LATE_FOR = timedelta(minutes=15)
"""How long after that a sale is still taken: it is paid, and a customer who went back for the milk, or a POS that was
cut off from the agent, takes minutes. Until then it counts against limits and allowances, and central keeps it."""

CERTAIN_AFTER = timedelta(minutes=1)
"""Between the last moment at which this till charges a redemption and the time that central is told for it: an act that
has begun is on disk within the seconds that a lock is waited for."""


@dataclass(frozen=True, slots=True)
class Question:
    """What central is asked: `quantity` of `unit` in smallest parts, or at least `least`.

    `until` is when this till will certainly not charge it any more. `unheld` is what this till reserved or redeemed of
    the same account and unit without central, as far as central has not posted it.
    """

    redemption_id: str
    account: str
    unit: str
    quantity: int
    least: int
    until: datetime
    unheld: int


@dataclass(frozen=True, slots=True)
class Word:
    """What central said: so much is set aside, or nothing, and why not.

    `spendable` is what could have been, in smallest parts.
    """

    quantity: int
    refusal: Refusal | None = None
    spendable: int = 0


class Authority(Protocol):
    """Central, as far as redemptions are concerned."""

    @property
    def away(self) -> bool:
        """Whether it would not be heard if it were asked now, as far as that is known."""
        ...

    def ask(self, question: Question) -> Word | None:
        """What central says of the member within its deadline; None where it does not."""
        ...

    def let_go(self, redemption_id: str) -> None:
        """Nothing will be charged under this id. Never waits."""
        ...


class NoAuthority:
    """A till that has no central to ask."""

    @property
    def away(self) -> bool:
        """There is none."""
        return True

    def ask(self, question: Question) -> Word | None:  # noqa: ARG002 - the Protocol's
        """Nothing is heard."""
        return None

    def let_go(self, redemption_id: str) -> None:
        """Nobody holds anything."""


ON_CREDIT = (AuthorisedBy.ALLOWANCE, AuthorisedBy.LIMIT)
"""Whose word central does not know of until it has posted the record."""


def certain_until(until: datetime) -> datetime:
    """When a reservation that lapses at `until` has certainly not been charged and never will be."""
    return until + LATE_FOR + CERTAIN_AFTER

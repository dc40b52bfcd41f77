"""What a redemption came to, and who stood for it: part of the record that charged it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edge_agent.domain.entries import EntryKind
from edge_agent.domain.programme.situation import Outcome


class AuthorisedBy(StrEnum):
    """Who stands for a redemption: central, which set the points aside for it; an allowance, for which it set them
    aside before; or the limits of the till's configuration, where nobody did."""

    CENTRAL = "central"
    ALLOWANCE = "allowance"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption that was charged: `quantity` of `unit` in smallest parts.

    `value` is what it gave in money, in minor units of the basket's currency, None where that is no money.
    """

    id: str
    reward: str
    authorised_by: AuthorisedBy
    unit: str
    quantity: int
    value: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The redemption as a record holds it, under `redeemed`."""
        return {
            "id": self.id,
            "reward": self.reward,
            "authorised_by": self.authorised_by.value,
            "unit": self.unit,
            "quantity": self.quantity,
            "value": self.value,
        }

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Redeemed":
        """The inverse of `to_json`."""
        return cls(
            facts["id"],
            facts["reward"],
            AuthorisedBy(facts["authorised_by"]),
            facts["unit"],
            facts["quantity"],
            facts["value"],
        )


def charged_of(outcomes: Iterable[Outcome], unit: str) -> int:
    """How much of a unit these took, in smallest parts."""
    return -sum(
        entry.quantity
        for outcome in outcomes
        for entry in outcome.entries
        if entry.kind is EntryKind.REDEEM and entry.unit == unit
    )


def taken_off_by(outcomes: Iterable[Outcome]) -> int:
    """What these took off the basket, in minor units."""
    return sum(each.amount for outcome in outcomes for each in outcome.reductions)

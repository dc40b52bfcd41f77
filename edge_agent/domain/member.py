"""What rules know of a member."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Standing(StrEnum):
    """What the members file says of an account. `UNKNOWN`: well-formed card that central has not told us of."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    ERASED = "erased"

    @property
    def earns(self) -> bool:
        """An unknown card earns and is settled by central; a blocked or erased one does not."""
        return self in {Standing.KNOWN, Standing.UNKNOWN}


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """The facts that an award was worked out from; part of the record, so that central can work it out again.

    `account` is the member_ref: opaque and random, never a card.
    """

    account: str
    standing: Standing = Standing.KNOWN
    tier: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The facts as a record holds them."""
        facts: dict[str, Any] = {"account": self.account, "standing": self.standing.value}
        if self.tier is not None:
            facts["tier"] = self.tier
        return facts

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "MemberFacts":
        """The inverse of `to_json`."""
        return cls(facts["account"], Standing(facts["standing"]), facts.get("tier"))

"""What rules know of a member."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from edge_agent.domain.holdings import Holding
from edge_agent.domain.units import Derived, derived


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


class Birthday(StrEnum):
    """Which stretches around the birthday a day lies in: the day itself, the seven days from it, its month."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """The facts that an award was worked out from; part of the record, so that central can work it out again.

    `account` is the member_ref: opaque and random, never a card; "" for a customer without one. `tier` is what central
    says, a floor under what the holdings say. `attributes` and `segments` are only those that the programme asks about.
    The date of birth is no fact: `birthday` says what of it holds on the day. `holdings` are those that the programme
    looks at, `figures` the tallies it asks for, by `Reading.key`.
    """

    account: str
    standing: Standing = Standing.KNOWN
    tier: str | None = None
    since: date | None = None
    language: str | None = None
    segments: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    birthday: frozenset[Birthday] = frozenset()
    holdings: tuple[Holding, ...] = ()
    figures: Mapping[str, int] = field(default_factory=lambda: _NOTHING)

    @property
    def anonymous(self) -> bool:
        """Whether nobody showed a card."""
        return not self.account

    def has(self, kind: Derived, name: str, today: date) -> bool:
        """Whether the member has something of a derived unit today: a membership, an activated offer."""
        unit = derived(kind, name)
        return any(
            each.unit == unit and each.quantity > 0 and each.usable_on(today)
            for each in self.holdings
        )

    def to_json(self) -> dict[str, Any]:
        """The facts as a record holds them; what is empty is left out."""
        facts: dict[str, Any] = {"account": self.account, "standing": self.standing.value}
        optional: dict[str, Any] = {
            "tier": self.tier,
            "since": None if self.since is None else self.since.isoformat(),
            "language": self.language,
            "segments": sorted(self.segments),
            "attributes": dict(self.attributes),
            "birthday": sorted(self.birthday),
            "holdings": [each.to_json() for each in self.holdings],
            "figures": dict(self.figures),
        }
        return facts | {name: value for name, value in optional.items() if value}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "MemberFacts":
        """The inverse of `to_json`."""
        since = facts.get("since")
        return cls(
            account=facts["account"],
            standing=Standing(facts["standing"]),
            tier=facts.get("tier"),
            since=None if since is None else date.fromisoformat(since),
            language=facts.get("language"),
            segments=frozenset(facts.get("segments", ())),
            attributes=facts.get("attributes", {}),
            birthday=frozenset(Birthday(each) for each in facts.get("birthday", ())),
            holdings=tuple(Holding.from_json(each) for each in facts.get("holdings", ())),
            figures=facts.get("figures", {}),
        )


NOBODY: Final = MemberFacts("")
"""A customer without a card: earns nothing, and may use what is open to everybody."""

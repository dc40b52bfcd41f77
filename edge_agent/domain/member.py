"""What rules know of a member."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from edge_agent.domain.entries import Entry, EntryKind, total_per_unit
from edge_agent.domain.holdings import Holding, summed
from edge_agent.domain.tallies import Fold, Reading, anniversary
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


def birthday_windows(birthday: str | None, today: date) -> frozenset[Birthday]:
    """Which stretches `today` lies in; `birthday` is "MM-DD". 29 February is 28 February where there is none."""
    if birthday is None:
        return frozenset()
    month, day = (int(part) for part in birthday.split("-"))
    found = {Birthday.MONTH} if today.month == month else set()
    born = date(_A_LEAP_YEAR, month, day)
    # A week that begins in December may reach into January.
    for year in (today.year - 1, today.year):
        since = (today - anniversary(born, year)).days
        if since == 0:
            found.add(Birthday.DAY)
        if 0 <= since < _DAYS_OF_A_WEEK:
            found.add(Birthday.WEEK)
    return frozenset(found)


_A_LEAP_YEAR: Final = 2000
_DAYS_OF_A_WEEK: Final = 7

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """The facts that an award was worked out from; part of the record, so that central can work it out again.

    `account` is the member_ref: opaque and random, never a card; "" for a customer without one. `tier` is what central
    says, a floor under what the holdings say. `attributes` and `segments` are only those that the programme asks about.
    The date of birth is no fact: `birthday` says what of it holds on the day. `holdings` are those that the programme
    looks at, `figures` the tallies it asks for, by `Reading.key`. `referred_by` is the account of whoever brought the
    member in.
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
    referred_by: str | None = None

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

    def placed(self, levels: Sequence[str], today: date) -> "MemberFacts":
        """The same member in the highest tier of `levels` (lowest first) that they hold or that central says.

        Where there are no levels, the tier is what central says.
        """
        best = next(
            (
                each
                for each in reversed(levels)
                if each == self.tier or self.has(Derived.TIER, each, today)
            ),
            self.tier,
        )
        return self if best == self.tier else replace(self, tier=best)

    def after(
        self, entries: Iterable[Entry], readings: Iterable[Reading], today: date
    ) -> "MemberFacts":
        """The same member once these entries of today are recorded: what is shown and printed after a sale.

        `readings` are the programme's. Entries of other accounts change nothing.
        """
        own = [each for each in entries if each.account in {None, self.account}]
        changes = [each.holding for each in own]
        counted = total_per_unit(each for each in own if each.kind is EntryKind.COUNT)
        figures = dict(self.figures)
        for reading in readings:
            more = counted.get(reading.unit, 0)
            first, last = reading.window.bounds(today, self.since)
            if reading.fold is Fold.SUM and first <= today <= last:
                figures[reading.key] = figures.get(reading.key, 0) + more
            elif reading.fold is Fold.SINCE and more > 0:
                figures[reading.key] = 0
        return replace(self, holdings=summed((*self.holdings, *changes)), figures=figures)

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
            "referred_by": self.referred_by,
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
            referred_by=facts.get("referred_by"),
        )


NOBODY: Final = MemberFacts("")
"""A customer without a card: earns nothing, and may use what is open to everybody."""

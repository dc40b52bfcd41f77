"""What a customer should know without asking: what comes, what goes, and what is within reach."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.expiry import NEVER
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.progress import Progress, Towards
from edge_agent.domain.programme.units import UnitTable


class OnDay(NamedTuple):
    """So much of a unit, in its smallest parts, of which something happens on a day."""

    unit: str
    quantity: int
    day: date


@dataclass(frozen=True, slots=True)
class Outlook:
    """`pending`: what can be used from a day on. `expiring`: what can be used up to and including a day that is near.
    `progress`: what the member is on the way to. The first two are by day, the last in the order of the rules.
    """

    pending: tuple[OnDay, ...] = ()
    expiring: tuple[OnDay, ...] = ()
    progress: tuple[Progress, ...] = ()

    def towards(self, kind: Towards) -> tuple[Progress, ...]:
        """The progress of one kind."""
        return tuple(each for each in self.progress if each.towards is kind)

    @property
    def nearest_reward(self) -> Progress | None:
        """The reward of which the smallest share is missing; None where all can be had or there is none."""
        waiting = [each for each in self.towards(Towards.REWARD) if each.missing]
        return min(waiting, key=_share_missing, default=None)


def outlook(programme: Programme, facts: MemberFacts, at: datetime) -> Outlook:
    """What this member should know at `at` (aware). After a sale, give the facts after it (`MemberFacts.after`)."""
    now = at.astimezone(programme.timezone)
    today = now.date()
    units = programme.file.unit
    present = programme.present(facts, today)
    own = [each for each in present.holdings if each.unit in units]
    progress = (
        each for mechanism in programme.leading for each in mechanism.progress(present, now, units)
    )
    ends = programme.activity.ends(facts.figures, today)
    return Outlook(pending(own, today), expiring(units, own, today, ends), tuple(progress))


def pending(holdings: Iterable[Holding], today: date) -> tuple[OnDay, ...]:
    """What cannot be used yet, by unit and first day; what waits for an event has no day that could be told."""
    return _per_day(
        (each.unit, each.quantity, each.matures_on)
        for each in holdings
        if each.matures_on is not None and today < each.matures_on < NEVER
    )


def expiring(
    units: Mapping[str, UnitTable],
    holdings: Iterable[Holding],
    today: date,
    ends: Mapping[str, date],
) -> tuple[OnDay, ...]:
    """What the customer is warned of: usable today, and over within the unit's `warn_days`.

    `ends` are the last days of units that end as a whole, should the member stay away.
    """
    usable = (each for each in holdings if each.unit in units and each.usable_on(today))
    last = (
        (each, min(each.expires_on or date.max, ends.get(each.unit, date.max))) for each in usable
    )
    return _per_day(
        (each.unit, each.quantity, day)
        for each, day in last
        if (day - today).days <= units[each.unit].warn_days
    )


def _share_missing(progress: Progress) -> tuple[Fraction, int]:
    return Fraction(progress.missing, progress.need), progress.need


def _per_day(found: Iterable[tuple[str, int, date | None]]) -> tuple[OnDay, ...]:
    sums: dict[tuple[date, str], int] = {}
    for unit, quantity, day in found:
        if day is not None:
            sums[day, unit] = sums.get((day, unit), 0) + quantity
    return tuple(
        OnDay(unit, quantity, day) for (day, unit), quantity in sorted(sums.items()) if quantity > 0
    )

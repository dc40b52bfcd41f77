"""Whether a rule holds for a sale: each key of its conditions, asked of the member and of the basket."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from edge_agent.domain.basket import Line
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.situation import Situation, Worked
from edge_agent.domain.programme.tax import Tax, spent
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.programme.visits import SINCE_LAST_VISIT, VISITS_EVER
from edge_agent.domain.programme.when import When
from edge_agent.domain.tallies import Reading
from edge_agent.domain.units import Derived


class Circumstances(When):
    """When a rule holds: conditions on time, place, member and basket."""

    def unmet_by(
        self, situation: Situation, worked: Worked, selected: Sequence[Line]
    ) -> Unmet | None:
        """The first condition that does not hold for this sale and these selected lines; None when all do."""
        unmet = self.unmet_at(situation.at) if self._asks_time else None
        return unmet or self.unmet_whenever(situation, worked, selected)

    def unmet_whenever(
        self, situation: "Situation", worked: "Worked", selected: Sequence[Line]
    ) -> Unmet | None:
        """The same without those on the time, where they are known to hold."""
        unmet = self.unmet_of_member(situation.facts, situation.at)
        return unmet or self.unmet_of_basket(situation, worked, selected)

    def unmet_of_basket(
        self, situation: "Situation", worked: "Worked", selected: Sequence[Line]
    ) -> Unmet | None:
        """The first condition on the basket alone that does not hold."""
        for ask in self._asks_of_basket:
            unmet = ask(self, situation, worked, selected)
            if unmet is not None:
                return unmet
        return None

    def unmet_for(self, facts: MemberFacts, at: datetime) -> Unmet | None:
        """The first condition on member, time or visit that does not hold, where there is no basket yet.

        `facts` are as `Programme.present` gives them, with the tier that the member has at that time.
        """
        return self.unmet_at(at) or self.unmet_of_member(facts, at)

    def unmet_of_member(self, facts: MemberFacts, at: datetime) -> Unmet | None:
        """The first condition on the member alone that does not hold."""
        for ask in self._asks_of_member:
            unmet = ask(self, facts, at)
            if unmet is not None:
                return unmet
        return None

    @cached_property
    def asks(self) -> bool:
        """Whether the file says anything at all of the sale, its time or the member."""
        return self._asks_time or self.asks_more

    @cached_property
    def asks_more(self) -> bool:
        """Whether the file says anything but of the time, so that `unmet_whenever` has to be asked."""
        return bool(self._asks_of_member or self._asks_of_basket)

    @cached_property
    def asks_of_basket(self) -> bool:
        """Whether the file says anything of the basket."""
        return bool(self._asks_of_basket)

    @cached_property
    def lasting(self) -> "Conditions":
        """Those that do not change from one sale to the next: the dates, and for whom it is."""
        return Conditions(**{key: getattr(self, key) for key in _LASTING})

    @cached_property
    def _asks_time(self) -> bool:
        """Whether the file says anything of the time."""
        return any(_is_given(self, key) for key in _OF_TIME)

    @cached_property
    def _asks_of_member(self) -> tuple["_AskMember", ...]:
        """What has to be asked of the member: only what the file gives a value."""
        return tuple(ask for key, ask in _OF_MEMBER.items() if _is_given(self, key))

    @cached_property
    def _asks_of_basket(self) -> tuple["_Ask", ...]:
        """What has to be asked of the basket: only what the file gives a value."""
        return tuple(ask for key, ask in _OF_BASKET.items() if _is_given(self, key))

    def readings(self) -> Iterable[Reading]:
        """The figures that it needs."""
        if self.visits is not None or self.every_visit is not None:
            yield VISITS_EVER
        if self.away_days is not None:
            yield SINCE_LAST_VISIT

    def looks_at(self) -> Iterable[str]:
        """The units of which it needs the member's holdings."""
        if self.tiers is not None:
            yield f"{Derived.TIER}/"
        if self.memberships is not None:
            yield f"{Derived.MEMBERSHIP}/"


class Conditions(Circumstances, Selection):
    """Which lines a rule is about, and when it holds."""


_Ask = Callable[[Circumstances, Situation, Worked, Sequence[Line]], Unmet | None]
_AskMember = Callable[[Circumstances, MemberFacts, datetime], Unmet | None]


def _is_given(conditions: Circumstances, key: str) -> bool:
    return bool(getattr(conditions, key) != Circumstances.model_fields[key].default)


_OF_TIME = ("from_date", "until_date", "weekdays", "from_time", "until_time")


def _tiers(conditions: Circumstances, facts: MemberFacts, _at: datetime) -> Unmet | None:
    if facts.tier in (conditions.tiers or ()):
        return None
    return Unmet(Obstacle.OTHER_TIER, tuple(sorted(conditions.tiers or ())))


def _segments(conditions: Circumstances, facts: MemberFacts, _at: datetime) -> Unmet | None:
    if conditions.segments is None or not conditions.segments.isdisjoint(facts.segments):
        return None
    return Unmet(Obstacle.OTHER_SEGMENT)


def _not_segments(conditions: Circumstances, facts: MemberFacts, _at: datetime) -> Unmet | None:
    if conditions.not_segments is None or conditions.not_segments.isdisjoint(facts.segments):
        return None
    return Unmet(Obstacle.OTHER_SEGMENT)


def _memberships(conditions: Circumstances, facts: MemberFacts, at: datetime) -> Unmet | None:
    if any(facts.has(Derived.MEMBERSHIP, each, at.date()) for each in conditions.memberships or ()):
        return None
    return Unmet(Obstacle.NOT_PAID_MEMBER)


def _attributes(conditions: Circumstances, facts: MemberFacts, _at: datetime) -> Unmet | None:
    wanted = conditions.attributes or {}
    if all(facts.attributes.get(name) in values for name, values in wanted.items()):
        return None
    return Unmet(Obstacle.OTHER_PROFILE)


def _languages(conditions: Circumstances, facts: MemberFacts, _at: datetime) -> Unmet | None:
    if (facts.language or "")[:2] in (conditions.languages or ()):
        return None
    return Unmet(Obstacle.OTHER_PROFILE)


def _birthday(conditions: Circumstances, facts: MemberFacts, _at: datetime) -> Unmet | None:
    return None if conditions.birthday in facts.birthday else Unmet(Obstacle.NO_BIRTHDAY)


def _visits(conditions: Circumstances, facts: MemberFacts, _at: datetime) -> Unmet | None:
    this_one = facts.figures.get(VISITS_EVER.key, 0) + 1
    return None if this_one in (conditions.visits or ()) else Unmet(Obstacle.OTHER_VISIT, this_one)


def _every_visit(conditions: Circumstances, facts: MemberFacts, _at: datetime) -> Unmet | None:
    this_one = facts.figures.get(VISITS_EVER.key, 0) + 1
    return (
        Unmet(Obstacle.OTHER_VISIT, this_one) if this_one % (conditions.every_visit or 1) else None
    )


def _joined(conditions: Circumstances, facts: MemberFacts, at: datetime) -> Unmet | None:
    if facts.since is None:
        return Unmet(Obstacle.JOINED_UNKNOWN)
    days = (at.date() - facts.since).days
    if conditions.joined_days_min is not None and days < conditions.joined_days_min:
        return Unmet(Obstacle.JOINED_TOO_RECENTLY, days)
    if conditions.joined_days_max is not None and days > conditions.joined_days_max:
        return Unmet(Obstacle.JOINED_TOO_LONG_AGO, days)
    return None


def _away(conditions: Circumstances, facts: MemberFacts, _at: datetime) -> Unmet | None:
    days = facts.figures.get(SINCE_LAST_VISIT.key)
    if days is not None and days >= (conditions.away_days or 0):
        return None
    return Unmet(Obstacle.NOT_AWAY, days or 0)


_LASTING = (
    "from_date",
    "until_date",
    "tiers",
    "segments",
    "not_segments",
    "memberships",
    "attributes",
    "languages",
)

_OF_MEMBER: Mapping[str, _AskMember] = {
    "tiers": _tiers,
    "segments": _segments,
    "not_segments": _not_segments,
    "memberships": _memberships,
    "attributes": _attributes,
    "languages": _languages,
    "birthday": _birthday,
    "visits": _visits,
    "every_visit": _every_visit,
    "joined_days_min": _joined,
    "joined_days_max": _joined,
    "away_days": _away,
}


def _where(conditions: Circumstances, situation: Situation, *_: Any) -> Unmet | None:
    return conditions.unmet_where(situation.basket.store, situation.basket.channel)


def _minimum_spend(
    conditions: Circumstances, _situation: Situation, worked: Worked, selected: Sequence[Line]
) -> Unmet | None:
    missing = (conditions.minimum_spend or 0) - spent(selected, worked, conditions.minimum_tax)
    return Unmet(Obstacle.TOO_LITTLE, missing) if missing > 0 else None


def _minimum_sale(
    conditions: Circumstances, situation: Situation, worked: Worked, _selected: Sequence[Line]
) -> Unmet | None:
    if conditions.minimum_tax is Tax.INCLUDED:  # the lines add up to the total
        paid = situation.basket.total - sum(worked.reduced.values())
    else:
        paid = spent(situation.basket.lines, worked, conditions.minimum_tax)
    missing = (conditions.minimum_sale or 0) - paid
    return Unmet(Obstacle.TOO_LITTLE, missing) if missing > 0 else None


def _minimum_quantity(
    conditions: Circumstances, _situation: Situation, _worked: Worked, selected: Sequence[Line]
) -> Unmet | None:
    quantity = sum((line.quantity for line in selected), Decimal(0))
    return None if quantity >= (conditions.minimum_quantity or 0) else Unmet(Obstacle.TOO_FEW)


def _contains(conditions: Circumstances, situation: Situation, *_: Any) -> Unmet | None:
    lines = situation.basket.lines
    there = all(each.missing(lines) <= 0 for each in conditions.contains)
    return None if there else Unmet(Obstacle.NOT_IN_BASKET)


def _no_discount(
    _conditions: Circumstances, _situation: Situation, worked: Worked, selected: Sequence[Line]
) -> Unmet | None:
    reduced = any(line.discount or worked.reduced.get(line.number) for line in selected)
    return Unmet(Obstacle.DISCOUNTED) if reduced else None


def _tenders(conditions: Circumstances, situation: Situation, *_: Any) -> Unmet | None:
    used = {tender.type for tender in situation.basket.tenders if tender.amount}
    return None if used & (conditions.tenders or frozenset()) else Unmet(Obstacle.OTHER_TENDER)


_OF_BASKET: Mapping[str, _Ask] = {
    "stores": _where,
    "channels": _where,
    "minimum_spend": _minimum_spend,
    "minimum_sale": _minimum_sale,
    "minimum_quantity": _minimum_quantity,
    "contains": _contains,
    "no_discount": _no_discount,
    "tenders": _tenders,
}

"""Which lines a rule is about, and when, where and for whom it holds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, GetCoreSchemaHandler, model_validator
from pydantic_core import core_schema

from edge_agent.domain.basket import Line
from edge_agent.domain.member import Birthday, MemberFacts
from edge_agent.domain.money import AMOUNT_MAX_MINOR, net_of_tax
from edge_agent.domain.programme.form import ClockTime, Day, Exact, Flag, TableModel, Whole
from edge_agent.domain.programme.texts import MembershipName, TierName, Word, Words
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import EVER, Fold, Reading
from edge_agent.domain.units import Derived

if TYPE_CHECKING:
    from edge_agent.domain.programme.situation import Situation, Worked

VISITS = "visits"
"""The tally of days and sales with a card: one for every sale that is recorded, taken back when all of it is."""

VISITS_EVER = Reading(VISITS)
SINCE_LAST_VISIT = Reading(VISITS, EVER, Fold.SINCE)


class Weekday(StrEnum):
    """Days as programme files write them."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEKDAYS = tuple(Weekday)
"""In the order of `datetime.weekday()`."""


class Tax(StrEnum):
    """Whether an amount is meant with the tax in it, as it is paid, or without."""

    INCLUDED = "included"
    EXCLUDED = "excluded"


class _OneOrMore:
    """A lone table stands for a list of one."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        several = handler(source)
        either = core_schema.union_schema([several["items_schema"][0], several])
        return core_schema.no_info_before_validator_function(
            _listed, several, json_schema_input_schema=either
        )


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, Mapping | TableModel) else value


class Selection(TableModel):
    """Which lines: within one key any of the values will do, and every key that is given must match.

    `without` takes lines out again.
    """

    categories: Words | None = Field(
        default=None,
        description="Lines of which one of the categories is among these.",
        examples=[["fruit", "vegetables"]],
    )
    brands: Words | None = Field(
        default=None, description="Lines of one of these brands.", examples=[["Zuiver"]]
    )
    skus: Words | None = Field(
        default=None,
        description="Lines with one of these article numbers, in quotes.",
        examples=[["8710400011118"]],
    )
    labels: Words | None = Field(
        default=None,
        description="Lines of which one of the labels is among these.",
        examples=[["new"]],
    )
    kinds: Words | None = Field(
        default=None,
        description="Lines of one of these kinds: `product`, `deposit`, ... as the POS sends it.",
        examples=[["product", "service"]],
    )
    margins: Words | None = Field(
        default=None,
        description="Lines of one of these margin classes, as the POS sends them.",
        examples=[["high"]],
    )
    without: Annotated[tuple["Selection", ...], _OneOrMore()] = Field(
        default=(),
        description="Takes these lines out again; a list takes out what any of its tables is about.",
        examples=[{"labels": ["clearance"]}],
    )

    def takes(self, line: Line) -> bool:
        """Whether the line is one of those selected."""
        return (
            (self.categories is None or not self.categories.isdisjoint(line.categories))
            and (self.brands is None or line.brand in self.brands)
            and (self.skus is None or line.sku in self.skus)
            and (self.labels is None or not self.labels.isdisjoint(line.labels))
            and (self.kinds is None or line.kind in self.kinds)
            and (self.margins is None or line.margin in self.margins)
            and not (self.without and any(each.takes(line) for each in self.without))
        )

    @property
    def is_everything(self) -> bool:
        """Whether no key is given, so that every line is selected."""
        return not any(getattr(self, key) for key in Selection.model_fields)


class Contains(Selection):
    """A part of the basket that must be there: at least `quantity` of these lines together."""

    quantity: Exact = Field(
        default=Decimal(1),
        gt=0,
        le=100_000,
        description="At least so much of these lines together, in pieces or the article's measure.",
        examples=[2],
    )

    def missing(self, lines: Sequence[Line]) -> Decimal:
        """How much is not there; 0 or less when it is."""
        return self.quantity - sum(
            (line.quantity for line in lines if self.takes(line)), Decimal(0)
        )


class Circumstances(TableModel):
    """When a rule holds: conditions on time, place, member and basket.

    Days and times are those of the programme's time zone. `from_date` and `until_date` are the first and the last
    day; `from_time` is included and `until_time` is not; `minimum_spend` is in minor units of the currency and is spent
    on the selected lines, with `minimum_tax` saying whether the tax counts; `minimum_sale` is the same for the whole
    basket. `visits` are the numbers of visits (1 is the first purchase) on which it holds, `every_visit` every so many.
    `joined_days_min` and `_max` are days since joining, `away_days` at least so many since the last visit.
    """

    weekdays: frozenset[Weekday] | None = Field(
        default=None,
        min_length=1,
        description="On these days of the week.",
        examples=[["fri", "sat"]],
    )
    from_time: ClockTime | None = Field(
        default=None, description="From this time of day on.", examples=[time(18)]
    )
    until_time: ClockTime | None = Field(
        default=None,
        description="Before this time of day, which is after `from_time`; a window over midnight is two rules.",
        examples=[time(20)],
    )
    from_date: Day | None = Field(
        default=None, description="From this day on.", examples=[date(2026, 12, 1)]
    )
    until_date: Day | None = Field(
        default=None, description="Up to and including this day.", examples=[date(2026, 12, 31)]
    )
    stores: Words | None = Field(
        default=None,
        description="In one of these stores, by the number that the tills have.",
        examples=[["0412"]],
    )
    channels: Words | None = Field(
        default=None,
        description="In one of these channels, as the POS sends them.",
        examples=[["store", "web"]],
    )
    minimum_spend: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="The selected lines together cost at least this, in minor units.",
        examples=[5000],
    )
    minimum_sale: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="The whole basket costs at least this, in minor units.",
        examples=[5000],
    )
    minimum_tax: Tax = Field(
        default=Tax.INCLUDED,
        description="Whether the minimum is meant with the tax in it or without.",
        examples=["excluded"],
    )
    minimum_quantity: Exact | None = Field(
        default=None,
        gt=0,
        le=100_000,
        description="At least so much of the selected lines together, in pieces or the article's measure.",
        examples=[3],
    )
    contains: tuple[Contains, ...] = Field(
        default=(),
        max_length=20,
        description="All of these are in the basket.",
        examples=[[{"categories": ["coffee"]}, {"categories": ["cake"]}]],
    )
    no_discount: Flag = Field(
        default=False,
        description="Only where nothing is off any of the lines that it is about.",
        examples=[True],
    )
    tenders: Words | None = Field(
        default=None,
        description="Something is paid by one of these means, as the POS sends them.",
        examples=[["giftcard"]],
    )
    tiers: frozenset[TierName] | None = Field(
        default=None,
        min_length=1,
        description="Members who hold one of these tiers.",
        examples=[["gold"]],
    )
    segments: Words | None = Field(
        default=None,
        description="Members of one of these segments, which central assigns.",
        examples=[["family"]],
    )
    not_segments: Words | None = Field(
        default=None, description="Members of none of these segments.", examples=[["staff"]]
    )
    memberships: frozenset[MembershipName] | None = Field(
        default=None,
        min_length=1,
        description="Members with one of these paid memberships.",
        examples=[["plus"]],
    )
    attributes: dict[Word, Words] | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        description="Members of whom each attribute that is named has one of its values here.",
        examples=[{"pet": ["cat", "dog"]}],
    )
    languages: Words | None = Field(
        default=None, description="Members who chose one of these languages.", examples=[["fr"]]
    )
    birthday: Birthday | None = Field(
        default=None,
        description="On the birthday, in the seven days from it, or in its month.",
        examples=["month"],
    )
    visits: frozenset[Whole] | None = Field(
        default=None,
        min_length=1,
        description="On the visits with these numbers; 1 is the first purchase.",
        examples=[[1]],
    )
    every_visit: Whole | None = Field(
        default=None, gt=1, le=10_000, description="On every so many visits.", examples=[5]
    )
    joined_days_min: Whole | None = Field(
        default=None,
        ge=0,
        le=36_500,
        description="Members since at least so many days.",
        examples=[365],
    )
    joined_days_max: Whole | None = Field(
        default=None,
        ge=0,
        le=36_500,
        description="Members since at most so many days.",
        examples=[30],
    )
    away_days: Whole | None = Field(
        default=None,
        gt=0,
        le=36_500,
        description="Members whose last visit is at least so many days ago.",
        examples=[60],
    )

    @model_validator(mode="after")
    def _windows_open(self) -> Self:
        if self.from_date and self.until_date and self.until_date < self.from_date:
            raise ValueError(f"until_date {self.until_date} lies before from_date {self.from_date}")
        if self.from_time and self.until_time and self.until_time <= self.from_time:
            raise ValueError(
                f"until_time {self.until_time:%H:%M} is not after from_time {self.from_time:%H:%M};"
                " write two rules for a window over midnight"
            )
        if (
            self.joined_days_min is not None
            and self.joined_days_max is not None
            and self.joined_days_max < self.joined_days_min
        ):
            raise ValueError(
                f"joined_days_max {self.joined_days_max} is less than joined_days_min {self.joined_days_min}"
            )
        return self

    def unmet_at(self, at: datetime) -> Unmet | None:
        """The first condition on the time that does not hold; None when all do."""
        today = at.date()
        if self.from_date is not None and today < self.from_date:
            return Unmet(Obstacle.NOT_YET, self.from_date)
        if self.until_date is not None and today > self.until_date:
            return Unmet(Obstacle.OVER, self.until_date)
        if self.weekdays is not None and WEEKDAYS[at.weekday()] not in self.weekdays:
            days = tuple(i for i, day in enumerate(WEEKDAYS) if day in self.weekdays)
            return Unmet(Obstacle.OTHER_DAY, days)
        if self.from_time is not None and at.time() < self.from_time:
            return Unmet(Obstacle.TOO_EARLY, self.from_time)
        if self.until_time is not None and at.time() >= self.until_time:
            return Unmet(Obstacle.TOO_LATE, self.until_time)
        return None

    def unmet_by(
        self, situation: "Situation", worked: "Worked", selected: Sequence[Line]
    ) -> Unmet | None:
        """The first condition that does not hold for this sale and these selected lines; None when all do."""
        if self._asks_time:
            unmet = self.unmet_at(situation.at)
            if unmet is not None:
                return unmet
        for ask in self._asks_more:
            unmet = ask(self, situation, worked, selected)
            if unmet is not None:
                return unmet
        return None

    def unmet_for(self, facts: MemberFacts, at: datetime) -> Unmet | None:
        """The first condition on member, time or visit that does not hold, where there is no basket yet.

        `facts` are as `Programme.present` gives them, with the tier that the member has at that time.
        """
        unmet = self.unmet_at(at)
        if unmet is None:
            for ask in self._asks_of_member:
                unmet = ask(self, facts, at)
                if unmet is not None:
                    break
        return unmet

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
    def _asks_more(self) -> tuple["_Ask", ...]:
        """What has to be asked besides the time: only what the file gives a value."""
        of_member = tuple(_asking_member(ask) for ask in self._asks_of_member)
        return of_member + tuple(ask for key, ask in _OF_BASKET.items() if _is_given(self, key))

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


_Ask = Callable[[Circumstances, "Situation", "Worked", Sequence[Line]], Unmet | None]
_AskMember = Callable[[Circumstances, MemberFacts, datetime], Unmet | None]


def _is_given(conditions: Circumstances, key: str) -> bool:
    return bool(getattr(conditions, key) != Circumstances.model_fields[key].default)


def _asking_member(ask: _AskMember) -> _Ask:
    return lambda conditions, situation, _worked, _selected: ask(
        conditions, situation.facts, situation.at
    )


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


def spent(lines: Sequence[Line], worked: "Worked", tax: Tax) -> int:
    """What is paid for these lines after everything that is off them so far, in minor units."""
    if tax is Tax.INCLUDED:
        return worked.paid(lines)
    return sum([net_of_tax(worked.net(line), line.tax_rate) for line in lines])


def _stores(conditions: Circumstances, situation: "Situation", *_: Any) -> Unmet | None:
    return (
        None if situation.basket.store in (conditions.stores or ()) else Unmet(Obstacle.OTHER_STORE)
    )


def _channels(conditions: Circumstances, situation: "Situation", *_: Any) -> Unmet | None:
    known = situation.basket.channel in (conditions.channels or ())
    return None if known else Unmet(Obstacle.OTHER_CHANNEL)


def _minimum_spend(
    conditions: Circumstances, _situation: "Situation", worked: "Worked", selected: Sequence[Line]
) -> Unmet | None:
    missing = (conditions.minimum_spend or 0) - spent(selected, worked, conditions.minimum_tax)
    return Unmet(Obstacle.TOO_LITTLE, missing) if missing > 0 else None


def _minimum_sale(
    conditions: Circumstances, situation: "Situation", worked: "Worked", _selected: Sequence[Line]
) -> Unmet | None:
    if conditions.minimum_tax is Tax.INCLUDED:  # the lines add up to the total
        paid = situation.basket.total - sum(worked.reduced.values())
    else:
        paid = spent(situation.basket.lines, worked, conditions.minimum_tax)
    missing = (conditions.minimum_sale or 0) - paid
    return Unmet(Obstacle.TOO_LITTLE, missing) if missing > 0 else None


def _minimum_quantity(
    conditions: Circumstances, _situation: "Situation", _worked: "Worked", selected: Sequence[Line]
) -> Unmet | None:
    quantity = sum((line.quantity for line in selected), Decimal(0))
    return None if quantity >= (conditions.minimum_quantity or 0) else Unmet(Obstacle.TOO_FEW)


def _contains(conditions: Circumstances, situation: "Situation", *_: Any) -> Unmet | None:
    lines = situation.basket.lines
    there = all(each.missing(lines) <= 0 for each in conditions.contains)
    return None if there else Unmet(Obstacle.NOT_IN_BASKET)


def _no_discount(
    _conditions: Circumstances, _situation: "Situation", worked: "Worked", selected: Sequence[Line]
) -> Unmet | None:
    reduced = any(line.discount or worked.reduced.get(line.number) for line in selected)
    return Unmet(Obstacle.DISCOUNTED) if reduced else None


def _tenders(conditions: Circumstances, situation: "Situation", *_: Any) -> Unmet | None:
    used = {tender.type for tender in situation.basket.tenders if tender.amount}
    return None if used & (conditions.tenders or frozenset()) else Unmet(Obstacle.OTHER_TENDER)


_OF_BASKET: Mapping[str, _Ask] = {
    "stores": _stores,
    "channels": _channels,
    "minimum_spend": _minimum_spend,
    "minimum_sale": _minimum_sale,
    "minimum_quantity": _minimum_quantity,
    "contains": _contains,
    "no_discount": _no_discount,
    "tenders": _tenders,
}

"""Bonuses: extra points on top of the base rates, under conditions, acting together as the programme declares."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.entries import Entry, EntryKind, Life, entries_by_line
from edge_agent.domain.money import Rounding, Share, apportion, fraction
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.expiry import Expiry
from edge_agent.domain.programme.form import Exact, Flag, Refers
from edge_agent.domain.programme.matching import RuleIndex
from edge_agent.domain.programme.rates import Each, EarningTable, EarnRule, Stacking, Stage
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.stacking import Acting, Given, Group, Points
from edge_agent.domain.programme.texts import (
    Campaign,
    LocalText,
    RuleId,
    Texts,
    TierName,
    UnitName,
)
from edge_agent.domain.programme.unmet import NO_LINE, Obstacle, Unmet
from edge_agent.domain.tallies import Reading

_EARN = EntryKind.EARN
_NO_BASE = Unmet(Obstacle.NO_BASE)

Factor = Annotated[Exact, Field(gt=1, le=100)]
"""Two doubles; above a hundred it is a slip of the pen."""


class BonusRule(Campaign):
    """Either more of what the base rates gave (`multiply`, `tier_multiply`: 2 doubles), or a fixed number (`add`)."""

    id: RuleId = Field(description="Names the rule.", examples=["big-basket"])
    unit: UnitName = Field(default="points", description="What it gives.", examples=["points"])
    multiply: Factor | None = Field(
        default=None,
        description="2 gives as many points again as the base gave these lines; either this or add.",
        examples=[2],
    )
    tier_multiply: dict[TierName, Factor] | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        description="Factors of members of a tier; `multiply` is that of all others.",
        examples=[{"silver": "1.25", "gold": "1.5"}],
    )
    add: Exact | None = Field(
        default=None,
        gt=0,
        le=1_000_000,
        description="So many, for what `each` says; either this or multiply.",
        examples=[25],
    )
    each: Each = Field(
        default=Each.SALE,
        description="Whether `add` is given once for the sale, once for each of the lines, or for each piece.",
        examples=["piece"],
    )
    of: Annotated[frozenset[Annotated[RuleId, Refers("earn")]], Field(min_length=1)] | None = Field(
        default=None,
        description="Only what these earning rules gave is multiplied.",
        examples=[["base"]],
    )
    rounding: Rounding = Field(
        default=Rounding.FLOOR,
        description="How less than the smallest part of the unit is rounded.",
        examples=["half-up"],
    )
    stage: Stage = Field(
        default=Stage.SALE,
        description="Whether what `multiply` gives is rounded for all these lines together or for each line.",
        examples=["line"],
    )
    group: Annotated[RuleId, Refers("earning.group")] | None = Field(
        default=None,
        description="The group of bonuses that it acts together with.",
        examples=["summer"],
    )
    on_base: Flag = Field(
        default=False,
        description="Multiplies the base points alone, also where others multiply what the ones before made of them.",
        examples=[True],
    )
    multiplied: Flag = Field(
        default=False,
        description="Whether bonuses after it multiply what `add` gives, where they multiply at all.",
        examples=[True],
    )
    stop: Flag = Field(
        default=False,
        description="Where it gives something, no bonus of the same unit after it does.",
        examples=[True],
    )
    when: Conditions = Field(
        default=Conditions(),
        description="Which lines, when, where and for whom.",
        examples=[{"weekdays": ["tue"]}],
    )
    expiry: Expiry | None = Field(
        default=None,
        description="How long these points last, in place of the unit's own rule.",
        examples=[{"days": 60}],
    )
    why: LocalText = Field(description="What the receipt says of it.", examples=["25 extra"])

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if self.multiplies == (self.add is not None):
            raise ValueError("give either multiply or add")
        if self.add is None and self.each is not Each.SALE:
            raise ValueError("each goes with add")
        if self.add is not None and (self.of is not None or self.stage is not Stage.SALE):
            raise ValueError("of and stage go with multiply")
        if self.stage is Stage.PIECE:
            raise ValueError('stage is "sale" or "line" here')
        return self

    @cached_property
    def multiplies(self) -> bool:
        """Whether it gives more of what the base rates gave."""
        return self.multiply is not None or self.tier_multiply is not None

    @property
    def highest_factor(self) -> Decimal:
        """The most that it multiplies by for anybody; 1 where it adds."""
        return max(
            (each for each in (self.multiply, *(self.tier_multiply or {}).values()) if each),
            default=Decimal(1),
        )


@dataclass(frozen=True, slots=True)
class _Ready:
    """A rule as it is worked with: what every sale asks of it is read from its model once, which takes far longer.

    `more` is the part that it adds to what it multiplies, `more_by_tier` that for members of a tier, and with
    `for_tiers` only for these; without either it adds `added`. With `of_base` it multiplies base points alone, those
    `of` some rules or of all.
    """

    number: int
    id: str
    unit: str
    group: str | None
    expiry: Expiry | None
    when: Conditions
    asks_more: bool
    more: Share | None
    more_by_tier: Mapping[str, Share]
    for_tiers: bool
    added: Share | None
    once: bool
    by_piece: bool
    of: frozenset[str] | None
    of_base: bool
    by_line: bool
    grows: bool
    stops: bool

    @classmethod
    def of_rule(cls, number: int, rule: BonusRule) -> "_Ready":
        """The rule with this place in the file."""
        more = {tier: _more(factor, rule) for tier, factor in (rule.tier_multiply or {}).items()}
        return cls(
            number,
            rule.id,
            rule.unit,
            rule.group,
            rule.expiry,
            rule.when,
            rule.when.asks_more,
            more=None if rule.multiply is None else _more(rule.multiply, rule),
            more_by_tier=more,
            for_tiers=rule.add is None and rule.multiply is None,
            added=None if rule.add is None else Share.of(fraction(rule.add), rule.rounding),
            once=rule.each is Each.SALE,
            by_piece=rule.each is Each.PIECE,
            of=rule.of,
            of_base=rule.of is not None or rule.on_base,
            by_line=rule.stage is Stage.LINE,
            grows=rule.multiplies or rule.multiplied,
            stops=rule.stop,
        )

    def more_for(self, tier: str | None) -> Share | None:
        """The part that it adds for a member of this tier; None where it does not."""
        return self.more_by_tier.get(tier or "", self.more) if self.more_by_tier else self.more


def _more(factor: Decimal, rule: BonusRule) -> Share:
    return Share.of(fraction(factor) - 1, rule.rounding)


@dataclass(slots=True)
class _Base:
    """What the bonuses of one unit are worked out from: `entries` are what was given of it on lines before them.

    `life` is that of the unit, which most of them give.
    """

    situation: Situation
    worked: Worked
    entries: Sequence[Entry]
    scale: int
    life: Life

    def points(self, rules: frozenset[str] | None = None) -> Points:
        """By line, of these rules or of all."""
        total: dict[int, int] = {}
        for each in self.entries:
            if rules is None or each.rule in rules:
                total[each.line or 0] = total.get(each.line or 0, 0) + each.quantity
        return total


@dataclass(slots=True)
class _Bonus:
    """One bonus whose conditions hold, and the lines that it is for."""

    rule: _Ready
    lines: Sequence[Line]
    base: _Base

    @property
    def numbers(self) -> Sequence[int]:
        return (self.rule.number,)

    def give(self, points: Points, given: Given) -> None:
        rule, base, lines = self.rule, self.base, self.lines
        added = rule.added
        quantities = self._multiplied(points) if added is None else self._added(added)
        if not any(quantities):
            given.unmet[rule.number] = _NO_BASE
            return
        life = base.life if rule.expiry is None else base.situation.life(rule.unit, rule.expiry)
        entries = tuple(entries_by_line(_EARN, rule.unit, quantities, rule.id, lines, life))
        given.entries[rule.number] = entries
        if rule.grows:
            given.growing.append(entries)
        given.stops = rule.stops

    def _multiplied(self, points: Points) -> Sequence[int]:
        rule, base = self.rule, self.base
        more = rule.more_for(base.situation.facts.tier)
        if more is None:
            return ()
        if rule.of_base:
            points = base.points(rule.of)
        weights = [points.get(line.number, 0) for line in self.lines]
        return [more.taken(weight) for weight in weights] if rule.by_line else more.split(weights)

    def _added(self, one: Share) -> Sequence[int]:
        base, lines = self.base, self.lines
        if self.rule.once:
            return apportion(one.taken(base.scale), base.worked.weights(lines))
        if not self.rule.by_piece:
            return [one.taken(base.scale)] * len(lines)
        return [one.taken(base.scale * fraction(line.quantity)) for line in lines]


@dataclass(frozen=True)
class Bonuses:
    """All bonuses. `earn` are the rules whose points they multiply, or not, and after which they may have to stop."""

    rules: tuple[BonusRule, ...]
    table: EarningTable
    earn: tuple[EarnRule, ...]
    name: ClassVar[str] = "bonus"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """The bonuses of each unit, in the file's order."""
        if situation.facts.anonymous:
            return worked
        given = Given()
        stopped = self._stopped(worked)
        for unit, bonuses in self._holding(situation, worked, given.unmet).items():
            group = Group(self._members(bonuses), self.table.bonuses)
            if unit in stopped:
                given.leave_out(group.numbers, Obstacle.STOPPED)
            else:
                given.stops = False  # whoever stopped another unit stops none of this one
                group.give(bonuses[0].base.points(), given)
        if not situation.explains:
            ready, gave = self._ready, given.entries
            return worked.plus([Outcome(ready[number].id, gave[number]) for number in sorted(gave)])
        return worked.plus(
            Outcome(rule.id, given.entries[number])
            if number in given.entries
            else Outcome(rule.id, unmet=given.unmet.get(number, NO_LINE))
            for number, rule in enumerate(self._ready)
        )

    def _holding(
        self, situation: Situation, worked: Worked, unmet: dict[int, Unmet]
    ) -> dict[str, list[_Bonus]]:
        """By unit the bonuses that hold, in the file's order; why others do not is noted in `unmet`."""
        result: dict[str, list[_Bonus]] = {}
        explains, tier = situation.explains, situation.facts.tier
        index = self._index if explains else self._index.open_at(situation.at)
        selected, ready = index.selected(situation.lines), self._ready
        for number in sorted(selected):
            rule, lines, obstacle = ready[number], selected[number], None
            if explains:
                obstacle = rule.when.unmet_by(situation, worked, lines)
            elif rule.asks_more:
                obstacle = rule.when.unmet_whenever(situation, worked, lines)
            if obstacle is None and rule.for_tiers and rule.more_for(tier) is None:
                obstacle = Unmet(Obstacle.OTHER_TIER, tuple(sorted(rule.more_by_tier)))
            if obstacle is not None:
                unmet[number] = obstacle
                continue
            others = result.setdefault(rule.unit, [])
            base = others[0].base if others else self._base(rule.unit, situation, worked)
            others.append(_Bonus(rule, lines, base))
        return result

    def _members(self, bonuses: Iterable[_Bonus]) -> list[Acting]:
        """Each by itself, or its group in the place of the first of it."""
        members: list[Acting] = []
        groups: dict[str, list[Acting]] = {}
        for bonus in bonuses:
            group = bonus.rule.group
            if group is None:
                members.append(bonus)
            elif group in groups:
                groups[group].append(bonus)
            else:
                groups[group] = [bonus]
                members.append(Group(groups[group], self._stacking_of_groups[group]))
        return members

    def _base(self, unit: str, situation: Situation, worked: Worked) -> _Base:
        """What was given on lines so far, but for rules that say that theirs is not multiplied."""
        not_multiplied = self._not_multiplied
        entries = [
            entry
            for outcome in worked.outcomes
            for entry in outcome.entries
            if entry.unit == unit
            and entry.kind is _EARN
            and entry.line is not None
            and entry.account is None
            and entry.rule not in not_multiplied
        ]
        scale, life = situation.units[unit].scale, situation.life(unit)
        return _Base(situation, worked, entries, scale, life)

    def _stopped(self, worked: Worked) -> set[str]:
        """The units of which an earning rule that stops gave something."""
        if not self._stopping:
            return set()
        return {
            self._stopping[entry.rule]
            for entry in worked.entries()
            if entry.kind is EntryKind.EARN and entry.rule in self._stopping
        }

    @cached_property
    def _index(self) -> RuleIndex:
        conditions = [rule.when for rule in self.rules]
        return RuleIndex(conditions, conditions)

    @cached_property
    def _ready(self) -> tuple[_Ready, ...]:
        return tuple(_Ready.of_rule(number, rule) for number, rule in enumerate(self.rules))

    @cached_property
    def _stacking_of_groups(self) -> Mapping[str, Stacking]:
        return {group.id: group.bonuses for group in self.table.group}

    @cached_property
    def _not_multiplied(self) -> frozenset[str]:
        return frozenset(rule.id for rule in self.earn if not rule.multiplied)

    @cached_property
    def _stopping(self) -> Mapping[str, str]:
        return {rule.id: rule.unit for rule in self.earn if rule.stop}

    def reasons(self) -> Mapping[str, Texts]:
        """The rules' own words."""
        return {rule.id: rule.why for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """Those of its conditions."""
        return (reading for rule in self.rules for reading in rule.when.readings())

    def looks_at(self) -> Iterable[str]:
        """What its conditions ask of the member, and tiers where factors differ by them."""
        for rule in self.rules:
            if rule.tier_multiply is not None:
                yield "tier/"
            yield from rule.when.looks_at()

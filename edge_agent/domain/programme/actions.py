"""More than buying: what members do, or what happens to them, and what it gives."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, Final, Protocol, Self

from pydantic import Field, model_validator

from edge_agent.domain.entries import Life
from edge_agent.domain.member import Birthday
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.gifts import Gifts, Limit, Limits, given
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Campaign, LocalText, RuleId, Texts
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import Period, Reading
from edge_agent.domain.units import Derived, derived

ENROLMENT = "enrolment"
"""The act of joining; no reported action may have this id."""

ACTIVATE = "activate/"
"""Before the id of an offer or a challenge: the act of activating it."""


class Happens(StrEnum):
    """When an action is there."""

    REPORTED = "reported"  # till, app or web shop says that the member did it
    ENROLMENT = "enrolment"  # the member joined
    BIRTHDAY = "birthday"  # central's daily job, on the birthday
    ACTIVATION = "activation"  # the member activated an offer or a challenge
    SALE = "sale"  # by itself, at a sale for which `when` holds


class Beyond(StrEnum):
    """What becomes of an action beyond a limit."""

    DROPPED = "dropped"  # as often as there is room for is given, silently
    REFUSED = "refused"  # all of it is refused, with the reason


DROPPED: Final = Beyond.DROPPED.value
"""The note of an act that went beyond a limit and is no mistake: it is taken, and nothing is given for it."""


class ActionRule(Campaign):
    """What a check-in, a review, a recycled bottle, a registered product or a birthday gives, and how often."""

    id: RuleId = Field(
        description="Names the action in records, and when it is reported.", examples=["review"]
    )
    title: LocalText = Field(description="What it is called.", examples=["een recensie"])
    happens: Happens = Field(
        default=Happens.REPORTED,
        description="When it is there: reported by till or app, at enrolment, on the birthday, or at a sale.",
        examples=["enrolment"],
    )
    when: Conditions = Field(
        default=Conditions(),
        description="When it counts; conditions on a basket only hold at a sale.",
        examples=[{"channels": ["app"]}],
    )
    gives: Gifts = Field(
        default=(), description="What it gives each time.", examples=[[{"quantity": 5}]]
    )
    limits: Limits = Field(
        default=(),
        description="How often at most; all of them apply.",
        examples=[[{"times": 5, "per": "day"}]],
    )
    beyond: Beyond = Field(
        default=Beyond.DROPPED,
        description="Whether what goes beyond a limit is dropped silently or refused with the reason.",
        examples=["refused"],
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.id == ENROLMENT and self.happens is not Happens.ENROLMENT:
            raise ValueError(f'the id {ENROLMENT} is kept for happens = "enrolment"')
        if self.happens is Happens.SALE and not self.limits:
            raise ValueError(
                "needs limits, since it is given by itself; write limits = [{ times = 1 }]"
            )
        return self

    @property
    def tally(self) -> str:
        """Counts how often the member did it."""
        return f"act.{self.id}"

    @cached_property
    def applied(self) -> tuple[Limit, ...]:
        """Its limits. A member joins once, and has one birthday a year."""
        if self.happens is Happens.ENROLMENT:
            return (*self.limits, Limit(times=1))
        if self.happens is Happens.BIRTHDAY:
            return (*self.limits, Limit(times=1, per=Period.YEAR))
        return self.limits

    def outcome(self, situation: Situation, worked: Worked, times: int) -> Outcome:
        """What so many times give, or why not; an act that is `DROPPED` may be recorded all the same."""
        act = situation.act is not None
        unmet = self.when.unmet_by(situation, worked, situation.lines)
        if unmet is not None:
            return Outcome(self.id, unmet=unmet)
        full = [
            (limit, limit.times - situation.figure(limit.reading(self.tally)))
            for limit in self.applied
        ]
        room = max(min([times, *(left for _, left in full)]), 0)
        if room < times and (self.beyond is Beyond.REFUSED or not room):
            limit = next(limit for limit, left in full if left < times)
            obstacle = Obstacle.DAILY_LIMIT if limit.per == Period.DAY else Obstacle.USED_UP
            note = DROPPED if act and self.beyond is Beyond.DROPPED else None
            return Outcome(self.id, unmet=Unmet(obstacle, limit.times), note=note)
        counted = situation.counted(self.tally, room, self.id)
        return Outcome(self.id, (counted, *given(self.gives, situation, self.id, room)))


@dataclass(frozen=True)
class Actions:
    """What the member did, where the situation is an act; at a sale, the actions that happen by themselves."""

    rules: tuple[ActionRule, ...]
    name: ClassVar[str] = "action"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """What it gives."""
        if situation.facts.anonymous:
            return worked
        act = situation.act
        if act is not None and act.action.startswith(ACTIVATE) and not any(worked.entries()):
            return worked  # nothing was activated
        asked = self._at_sales if act is None else self.asked(act.action)
        found = [rule.outcome(situation, worked, act.times if act else 1) for rule in asked]
        return worked.plus(each for each in found if each.entries or act or situation.explains)

    def asked(self, action: str) -> tuple[ActionRule, ...]:
        """The rules that an act is about: those of enrolment, those of activating, or the one that is named."""
        if action == ENROLMENT:
            return tuple(rule for rule in self.rules if rule.happens is Happens.ENROLMENT)
        if action.startswith(ACTIVATE):
            return tuple(rule for rule in self.rules if rule.happens is Happens.ACTIVATION)
        return tuple(
            rule for rule in self.rules if rule.id == action and rule.happens is Happens.REPORTED
        )

    @cached_property
    def _at_sales(self) -> tuple[ActionRule, ...]:
        return tuple(rule for rule in self.rules if rule.happens is Happens.SALE)

    def reasons(self) -> Mapping[str, Texts]:
        """Their titles."""
        return {rule.id: rule.title for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """Those of its limits and conditions."""
        for rule in self.rules:
            yield from (limit.reading(rule.tally) for limit in rule.applied)
            yield from rule.when.readings()

    def looks_at(self) -> Iterable[str]:
        """What its conditions ask of the member."""
        return (unit for rule in self.rules for unit in rule.when.looks_at())


@dataclass(frozen=True)
class Birthdays(Actions):
    """What a birthday gives, on the day itself: a chore of central's daily job."""

    name: ClassVar[str] = "birthday"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """The gifts of whoever's birthday it is."""
        if Birthday.DAY not in situation.facts.birthday or not situation.facts.standing.earns:
            return worked
        rules = (rule for rule in self.rules if rule.happens is Happens.BIRTHDAY)
        found = [rule.outcome(situation, worked, 1) for rule in rules]
        return worked.plus(each for each in found if each.entries)


class Activatable(Protocol):
    """A rule that a member can say yes to; until then it does nothing for them."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def activate(self) -> bool:
        """Whether it has to be activated."""
        ...

    @property
    def when(self) -> Conditions:
        """For whom it is, and until when."""
        ...


@dataclass(frozen=True)
class Activations:
    """A member says yes to an offer or a challenge: from then on it works, until it ends."""

    rules: tuple[Activatable, ...]
    name: ClassVar[str] = "activation"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """The offer or challenge that the act names is held from now on; once is enough."""
        act = situation.act
        if act is None or not act.action.startswith(ACTIVATE):
            return worked
        asked = act.action.removeprefix(ACTIVATE)
        rule = next((each for each in self.rules if each.id == asked and each.activate), None)
        if rule is None:
            return worked
        unmet = rule.when.lasting.unmet_for(situation.facts, situation.at)
        if situation.facts.has(Derived.OFFER, rule.id, situation.today):
            unmet = Unmet(Obstacle.USED_UP, 1)
        if unmet is not None:
            return worked.plus([Outcome(rule.id, unmet=unmet)])
        unit = derived(Derived.OFFER, rule.id)
        life = Life(expires_on=rule.when.until_date)
        return worked.plus([Outcome(rule.id, (situation.earned(unit, 1, rule.id, life=life),))])

    def reasons(self) -> Mapping[str, Texts]:
        """None of its own: each rule has its words where it belongs."""
        return {}

    def readings(self) -> Iterable[Reading]:
        """None: whether it is active is a holding."""
        return ()

    def looks_at(self) -> Iterable[str]:
        """What was activated before."""
        return (derived(Derived.OFFER, rule.id) for rule in self.rules if rule.activate)

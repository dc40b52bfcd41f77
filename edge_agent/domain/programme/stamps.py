"""Stamp cards: what is full gives its rewards and begins again.

Stamps are a unit like any other: `[[earn]]` gives them for a product, an amount or a visit, half ones where the unit
has decimals; `[[bonus]]` doubles them, `[[cap]]` limits them in a day. A card says what so many of them are worth. A
card whose rewards are chosen by the customer has none here: those are `[[reward]]`s that cost stamps.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import usable
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.form import Day, TableModel, Whole
from edge_agent.domain.programme.gifts import Gifts, given
from edge_agent.domain.programme.progress import Measure, Progress, Towards
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import LocalText, RuleId, Texts, UnitName
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.tallies import Reading

STAMPS_MAX = 1_000
"""On one card. Savings booklets with the most had a few hundred."""

REWARDS_MAX = 20
"""On one card: more do not fit between the stamps."""


class Overshoot(StrEnum):
    """What becomes of stamps for which the card has no room any more."""

    NEXT_CARD = "next-card"
    LOST = "lost"


class SizeFrom(TableModel):
    """Another number of stamps from a day on."""

    from_date: Day = Field(
        description="The first day on which a card has this size.", examples=[date(2026, 8, 1)]
    )
    size: Whole = Field(
        gt=0, le=STAMPS_MAX, description="How many stamps a card then has.", examples=[10]
    )


class CardReward(TableModel):
    """What a number of stamps on the card gives."""

    at: Whole | None = Field(
        default=None,
        gt=0,
        le=STAMPS_MAX,
        description="At how many stamps; without it when the card is full.",
        examples=[3],
    )
    title: LocalText = Field(description="What the customer is told.", examples=["Gratis koffie"])
    gives: Annotated[Gifts, Field(min_length=1)] = Field(
        description="What is given.", examples=[[{"reward": "coffee"}]]
    )


class StampRule(TableModel):
    """A card for the stamps of one unit."""

    id: RuleId = Field(description="Names the card.", examples=["coffee-card"])
    title: LocalText = Field(description="What the customer is told.", examples=["Koffiekaart"])
    unit: UnitName = Field(
        default="stamps", description="The unit of its stamps.", examples=["stamps"]
    )
    size: Whole = Field(
        gt=0, le=STAMPS_MAX, description="How many stamps make it full.", examples=[10]
    )
    sizes: tuple[SizeFrom, ...] = Field(
        default=(),
        max_length=REWARDS_MAX,
        description="Other sizes from a day on, by day; stamps and rewards that are held stay.",
        examples=[[{"from_date": date(2026, 8, 1), "size": 10}]],
    )
    overshoot: Overshoot = Field(
        default=Overshoot.NEXT_CARD,
        description="Whether stamps for which there is no room begin the next-card or are lost.",
        examples=["lost"],
    )
    reward: tuple[CardReward, ...] = Field(
        default=(),
        max_length=REWARDS_MAX,
        description="What it gives by itself; none where rewards that cost stamps are chosen from it.",
        examples=[[{"title": "Gratis koffie", "gives": [{"reward": "coffee"}]}]],
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if any(later.from_date <= earlier.from_date for earlier, later in pairwise(self.sizes)):
            raise ValueError("list the sizes by their days, each once")
        largest = max([self.size, *(each.size for each in self.sizes)])
        for each in self.reward:
            if each.at is not None and each.at > largest:
                raise ValueError(f"no card has room for the {each.at} stamps of {each.title.en!r}")
        places = [each.at for each in self.reward]
        if len(set(places)) < len(places):
            raise ValueError("two rewards stand at the same number of stamps; give both in one")
        return self

    def size_on(self, day: date) -> int:
        """How many stamps make the card full on that day."""
        begun = [each.size for each in self.sizes if each.from_date <= day]
        return begun[-1] if begun else self.size

    @property
    def rewarded(self) -> Reading | None:
        """How many of the stamps on the card were rewarded already; None where only a full card is."""
        return Reading(f"card.{self.id}") if any(each.at for each in self.reward) else None


@dataclass(frozen=True)
class StampCards:
    """Gives what the stamps on a card are worth, and takes the stamps of a card that is full."""

    rules: tuple[StampRule, ...]
    name: ClassVar[str] = "stamp"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """One outcome for each card that gives something; cards in the file's order."""
        if situation.facts.anonymous:
            return worked
        for rule in self.rules:
            entries = tuple(_filled(rule, situation, worked)) if rule.reward else ()
            if entries:
                worked = worked.plus([Outcome(rule.id, entries)])
        return worked

    def progress(
        self, facts: MemberFacts, at: datetime, units: Mapping[str, UnitTable]
    ) -> Iterable[Progress]:
        """How far each card is to its next reward, or to its end where it gives nothing by itself."""
        for rule in self.rules if not facts.anonymous else ():
            scale, size = units[rule.unit].scale, rule.size_on(at.date())
            have = max(usable(facts.holdings, rule.unit, at.date()), 0)
            upcoming = [each for each in rule.reward if (each.at or size) * scale > have]
            following = min(upcoming, key=lambda each: each.at or size, default=None)
            yield Progress(
                Towards.STAMP_CARD,
                rule.id,
                rule.title,
                have,
                scale * (size if following is None else following.at or size),
                Measure.UNIT,
                rule.unit,
                gives=None if following is None else following.title,
            )

    def reasons(self) -> Mapping[str, Texts]:
        """The cards by their titles."""
        return {rule.id: rule.title for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """What was rewarded on cards with several rewards."""
        return [rule.rewarded for rule in self.rules if rule.rewarded is not None]

    def looks_at(self) -> Iterable[str]:
        """The stamps."""
        return [rule.unit for rule in self.rules]


def _filled(rule: StampRule, situation: Situation, worked: Worked) -> Iterable[Entry]:
    """The stamps that full cards take, the rewards, and how far the card that is begun is rewarded."""
    scale = situation.units[rule.unit].scale
    size = rule.size_on(situation.today)
    have = max(usable(situation.held(rule.unit, worked), rule.unit, situation.today), 0)
    cards, rest = divmod(have, size * scale)
    if cards and rule.overshoot is Overshoot.LOST:
        rest = 0
    before = 0 if rule.rewarded is None else situation.figure(rule.rewarded)
    yield from situation.taken(rule.unit, have - rest if cards else 0, rule.id, worked)
    for reward in rule.reward:
        at = reward.at or size
        times = cards + (rest >= at * scale) - (before >= at)
        yield from given(reward.gives, situation, rule.id, max(times, 0))
    if rule.rewarded is not None:
        after = max(_reached(rule.reward, rest // scale), 0 if cards else before)
        if after != before:
            yield situation.counted(rule.rewarded.tally, after - before, rule.id)


def _reached(rewards: Sequence[CardReward], stamps: int) -> int:
    """The highest number of stamps with a reward of its own that so many stamps reach."""
    return max((each.at for each in rewards if each.at and each.at <= stamps), default=0)

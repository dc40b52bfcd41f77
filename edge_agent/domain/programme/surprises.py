"""Surprises: one sale in so many wins, by a draw that nobody can foresee and head office can work out again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Annotated, ClassVar, NamedTuple, Self

from pydantic import Field, model_validator

from edge_agent.domain.draws import share_of
from edge_agent.domain.entries import Entry
from edge_agent.domain.money import AMOUNT_MAX_MINOR
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.form import TableModel, Whole, WindowText
from edge_agent.domain.programme.gifts import GIFTS_MAX, Gift, Limit, Limits
from edge_agent.domain.programme.matching import RuleIndex, asked
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Campaign, LocalText, RuleId, Texts
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import Reading, Window

ONE_IN_MAX = 10_000_000
"""Lotteries have odds like these; a shop that wants less luck wants none."""

WEIGHT_MAX = 1_000_000
TILLS_MAX = 1_000
"""Of one store. The largest hypermarkets have some hundred."""

PRIZES_MAX = 100
"""Prizes of one surprise; what is drawn is told by its id."""


class Prize(Gift):
    """Something that can be won. `worth` is what it costs the house, in minor units, for budgets by value."""

    id: RuleId = Field(description="Names the prize in records.", examples=["free-coffee"])
    title: LocalText = Field(
        description="What the winner is told.", examples=["Een gratis kop koffie!"]
    )
    weight: Whole = Field(
        default=1,
        gt=0,
        le=WEIGHT_MAX,
        description="How often it is drawn, against the weights of the other prizes.",
        examples=[9],
    )
    worth: Whole = Field(
        default=0,
        ge=0,
        le=AMOUNT_MAX_MINOR,
        description="What it costs the house, in minor units.",
        examples=[250],
    )


class Budget(TableModel):
    """What one store may give away within a time: so many `wins`, or prizes `worth` so many minor units.

    A till does not know what the others gave while the line is down, so each keeps to its share: the budget divided
    by `tills`, the remainder left over. A store with more tills than that is told so by its own figures only.
    """

    wins: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="So many wins in the store at most.",
        examples=[20],
    )
    worth: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="Prizes of so many minor units in the store at most.",
        examples=[10_000],
    )
    per: WindowText = Field(
        default="ever",
        description="Within this time: day, week, month, quarter, year, ever, or so many days.",
        examples=["day"],
    )
    tills: Whole = Field(
        default=1,
        gt=0,
        le=TILLS_MAX,
        description="How many tills of the store share it.",
        examples=[4],
    )

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if (self.wins is None) == (self.worth is None):
            raise ValueError("give either wins or worth")
        if self.most < 1:
            raise ValueError("is less than one for each of its tills")
        return self

    @property
    def most(self) -> int:
        """This till's share."""
        return (self.wins or self.worth or 0) // self.tills

    def reading(self, rule: str) -> Reading:
        """What this till gave of it so far, over all members."""
        tally = f"win.{rule}" if self.worth is None else f"worth.{rule}"
        return Reading(tally, Window.parse(self.per), here=True)

    def allows(self, prize: Prize, rule: str, situation: Situation) -> bool:
        """Whether this prize still fits into this till's share."""
        more = 1 if self.worth is None else prize.worth
        return situation.figure(self.reading(rule)) + more <= self.most


class SurpriseRule(Campaign):
    """One in `one_in` sales for which `when` holds wins a prize, within `limits` per member and `budgets` per store."""

    id: RuleId = Field(
        description="Names the surprise in records and draws.", examples=["summer-luck"]
    )
    title: LocalText = Field(description="What it is called.", examples=["Zomergeluk"])
    one_in: Whole = Field(
        gt=0, le=ONE_IN_MAX, description="One sale in so many wins.", examples=[20]
    )
    prizes: Annotated[tuple[Prize, ...], Field(min_length=1, max_length=PRIZES_MAX)] = Field(
        description="What can be won; the weights say how often each.",
        examples=[[{"id": "coffee", "title": "Gratis koffie!", "reward": "coffee"}]],
    )
    when: Conditions = Field(
        default=Conditions(),
        description="Which sales take part.",
        examples=[{"minimum_sale": 1000}],
    )
    limits: Limits = Field(
        default=(Limit(times=1, per="day"),),
        description="How often one member can win.",
        examples=[[{"times": 1, "per": "week"}]],
    )
    budgets: Annotated[tuple[Budget, ...], Field(max_length=GIFTS_MAX)] = Field(
        default=(),
        description="What a store gives away at most.",
        examples=[[{"wins": 20, "per": "day", "tills": 4}]],
    )

    @model_validator(mode="after")
    def _prizes_differ(self) -> Self:
        if len({prize.id for prize in self.prizes}) < len(self.prizes):
            raise ValueError("two prizes have the same id")
        return self

    @property
    def wins(self) -> str:
        """The tally of what was won."""
        return f"win.{self.id}"

    def wins_with(self, number: int) -> bool:
        """Whether a drawn number wins."""
        return share_of(number, self.one_in) == 0

    def prize_of(self, number: int) -> Prize:
        """The prize that a second drawn number falls on, by the weights."""
        ends = list(accumulate(prize.weight for prize in self.prizes))
        place = share_of(number, ends[-1])
        return next(prize for prize, end in zip(self.prizes, ends, strict=True) if place < end)


class Drawn(NamedTuple):
    """What a draw was, for the record: head office works it out again from the sale's id and compares.

    `number` is what was drawn, against `one_in`; `prize` what it fell on, None for none; `kept_back` says why it was
    not given all the same.
    """

    number: int
    one_in: int
    prize: str | None = None
    kept_back: Obstacle | None = None

    def note(self) -> str:
        """`drew 0c5f9a7be2d41f36 of 20: coffee` and the like, as the outcome carries it."""
        end = "" if self.kept_back is None else f" ({self.kept_back.value})"
        return f"drew {self.number:016x} of {self.one_in}: {self.prize or 'nothing'}{end}"


@dataclass(frozen=True)
class Surprises:
    """The draws of a sale. In a quote nothing is drawn, so nobody can try until it wins."""

    rules: tuple[SurpriseRule, ...]
    name: ClassVar[str] = "surprise"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """One outcome for every draw, won or not, with its note."""
        if situation.facts.anonymous:
            return worked
        result = []
        for rule, _, unmet in asked(self.rules, self._index, situation, worked):
            if unmet is None and situation.draw is not None:
                result.append(_drawn(rule, situation))
            elif situation.explains:
                result.append(Outcome(rule.id, unmet=unmet or Unmet(Obstacle.NOT_DRAWN)))
        return worked.plus(result)

    @cached_property
    def _index(self) -> RuleIndex:
        return RuleIndex([rule.when for rule in self.rules])

    def reasons(self) -> Mapping[str, Texts]:
        """Their titles."""
        return {rule.id: rule.title for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """What the member won, what this till gave, and those of its conditions."""
        for rule in self.rules:
            yield from (limit.reading(rule.wins) for limit in rule.limits)
            yield from (budget.reading(rule.id) for budget in rule.budgets)
            yield from rule.when.readings()

    def looks_at(self) -> Iterable[str]:
        """What its conditions ask of the member."""
        return (unit for rule in self.rules for unit in rule.when.looks_at())


def _drawn(rule: SurpriseRule, situation: Situation) -> Outcome:
    draw = situation.draw
    if draw is None:
        raise ValueError("nothing is drawn in a quote")
    number = draw(rule.id)
    if not rule.wins_with(number):
        return Outcome(rule.id, note=Drawn(number, rule.one_in).note())
    prize = rule.prize_of(draw(f"{rule.id}/prize"))
    kept_back = _kept_back(rule, prize, situation)
    note = Drawn(number, rule.one_in, prize.id, kept_back).note()
    if kept_back is not None:
        return Outcome(rule.id, unmet=Unmet(kept_back), note=note)
    return Outcome(rule.id, tuple(_won(rule, prize, situation)), note=note)


def _kept_back(rule: SurpriseRule, prize: Prize, situation: Situation) -> Obstacle | None:
    """Why a prize that was drawn is not given."""
    if any(situation.figure(limit.reading(rule.wins)) >= limit.times for limit in rule.limits):
        return Obstacle.USED_UP
    if not all(budget.allows(prize, rule.id, situation) for budget in rule.budgets):
        return Obstacle.BUDGET_SPENT
    return None


def _won(rule: SurpriseRule, prize: Prize, situation: Situation) -> Iterable[Entry]:
    yield prize.entry(situation, rule.id)
    yield situation.counted(rule.wins, 1, rule.id)
    if prize.worth and any(budget.worth is not None for budget in rule.budgets):
        yield situation.counted(f"worth.{rule.id}", prize.worth, rule.id)


def prize_in(rule: SurpriseRule, note: str) -> Prize | None:
    """The prize that the note of a draw says was given; None for none, or one that this version lacks."""
    return next((prize for prize in rule.prizes if note.endswith(f": {prize.id}")), None)

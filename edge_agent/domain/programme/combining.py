"""How offers, vouchers and rewards act together: in which order, on what, and what excludes what.

Each source (all offers, all vouchers, all rewards) makes claims; they are worked off one after the other, each on what
the ones before left. The order is declared in `[combine]`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, Protocol, Self

from pydantic import Field, model_validator

from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.conditions import Circumstances
from edge_agent.domain.programme.discounts import Off
from edge_agent.domain.programme.form import TableModel, Whole
from edge_agent.domain.programme.limits import UseLimits, limit_readings
from edge_agent.domain.programme.progress import Progress, ShowsProgress
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Texts
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import Reading

PER_SALE_MAX = 100
"""Redemptions of one sale; nobody hands over a hundred vouchers at a till."""


class Kind(StrEnum):
    """What a reduction comes from."""

    OFFER = "offer"
    VOUCHER = "voucher"
    REWARD = "reward"


class Order(StrEnum):
    """What is taken off first. `given`: codes, vouchers and rewards as the customer gave them."""

    LISTED = "listed"
    GIVEN = "given"
    AMOUNTS_FIRST = "amounts-first"
    PERCENTAGES_FIRST = "percentages-first"


class Several(StrEnum):
    """What becomes of several offers that hold for one basket."""

    ALL = "all"
    BEST = "best"
    FIRST = "first"


class Measured(StrEnum):
    """Of what a percentage or a minimum is measured: of what is left to pay, or of the price before any of it."""

    LEFT = "left"
    BEFORE = "before"


class CombineTable(TableModel):
    """How what takes money off acts together."""

    kinds: tuple[Kind, ...] = Field(
        default=(Kind.OFFER, Kind.VOUCHER, Kind.REWARD),
        min_length=3,
        max_length=3,
        description="Which kind is taken off first; all three are named.",
        examples=[["reward", "offer", "voucher"]],
    )
    order: Order = Field(
        default=Order.LISTED,
        description="What is taken off first: as listed in the file, as given by the customer, amounts or percentages.",
        examples=["amounts-first"],
    )
    offers: Several = Field(
        default=Several.ALL,
        description="Whether all offers that hold are applied, only the best one, or only the first one.",
        examples=["best"],
    )
    percentages_of: Measured = Field(
        default=Measured.LEFT,
        description="Whether a percentage is of what is left to pay or of the price before any of it.",
        examples=["before"],
    )
    minimums_of: Measured = Field(
        default=Measured.LEFT,
        description="Whether a minimum is measured on what is left to pay or on the price before any of it.",
        examples=["before"],
    )
    rewards_per_sale: Whole | None = Field(
        default=None,
        gt=0,
        le=PER_SALE_MAX,
        description="At most so many rewards in one sale; who asks for more gets none.",
        examples=[1],
    )
    vouchers_per_sale: Whole | None = Field(
        default=None,
        gt=0,
        le=PER_SALE_MAX,
        description="At most so many vouchers in one sale.",
        examples=[1],
    )

    @model_validator(mode="after")
    def _names_each_kind(self) -> Self:
        if set(self.kinds) != set(Kind):
            raise ValueError(f"kinds names each of {', '.join(Kind)} once")
        return self

    def ordered(self, claims: Iterable["Claim"]) -> list["Claim"]:
        """The claims in the order in which they are worked off."""
        place = {kind: number for number, kind in enumerate(self.kinds)}
        if self.order is Order.GIVEN:
            return sorted(claims, key=lambda each: (place[each.turn.kind], each.turn.given))
        percent_place = _PERCENTAGES[self.order]
        return sorted(
            claims,
            key=lambda each: (
                percent_place if each.turn.is_percent else 0,
                place[each.turn.kind],
                each.turn.listed,
                each.turn.given,
            ),
        )

    def too_many_rewards(self, asked: int) -> Unmet | None:
        """Why so many rewards are too many for one sale; None when they are not."""
        most = self.rewards_per_sale
        return Unmet(Obstacle.TOO_MANY, most) if most is not None and asked > most else None

    def too_many_vouchers(self, worked: Worked) -> Unmet | None:
        """Why one voucher more is too many for this sale; None when it is not."""
        most = self.vouchers_per_sale
        if most is None:
            return None
        used = sum(
            any(each.unit.startswith("voucher/") and each.quantity < 0 for each in one.entries)
            for one in worked.outcomes
        )
        return Unmet(Obstacle.TOO_MANY, most) if used >= most else None

    def percentages(self, worked: Worked) -> Worked:
        """What percentages are of."""
        return Worked() if self._percentages_before else worked

    def minimums(self, worked: Worked) -> Worked:
        """What minimums are measured on."""
        return worked if self.minimums_of is Measured.LEFT else Worked()

    @cached_property
    def _percentages_before(self) -> bool:
        return self.percentages_of is Measured.BEFORE


_PERCENTAGES: Mapping[Order, int] = {
    Order.LISTED: 0,
    Order.AMOUNTS_FIRST: 1,
    Order.PERCENTAGES_FIRST: -1,
}


class Reducing(Protocol):
    """A rule of the file that may take something off, as far as others have to know it."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> Texts: ...
    @property
    def off(self) -> Off | None: ...
    @property
    def when(self) -> Circumstances: ...
    @property
    def limits(self) -> UseLimits: ...
    @property
    def alone(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Turn:
    """When a claim's turn is, and with what.

    `listed` is the rule's place in the file, `given` the place in what the customer gave (0 for what comes by itself).
    `alone` keeps it from acting together with anything else.
    """

    rule: str
    kind: Kind
    listed: int
    given: int
    is_percent: bool
    alone: bool

    @classmethod
    def of(cls, rule: Reducing, kind: Kind, listed: int, given: int = 0) -> Self:
        """The turn of a rule."""
        percent = rule.off is not None and rule.off.is_percent
        return cls(rule.id, kind, listed, given, percent, rule.alone)


class Claim(Protocol):
    """One thing that may take something off this sale."""

    @property
    def turn(self) -> Turn: ...

    def outcomes(
        self, situation: Situation, worked: Worked, combine: CombineTable
    ) -> Sequence[Outcome]:
        """What it comes to after what was worked out before: one outcome for each use, or one that says why not."""
        ...


class Source(Protocol):
    """All rules of one kind that take something off."""

    @property
    def rules(self) -> Sequence[Reducing]: ...

    def claims(self, situation: Situation) -> Iterable[Claim]:
        """What they may take off this sale."""
        ...

    def looks_at(self) -> Iterable[str]:
        """The units of which its rules need the holdings."""
        ...


@dataclass(frozen=True)
class Reductions:
    """Everything that takes money off. `loners` are the rules, of whatever source, that act alone."""

    sources: tuple[Source, ...]
    combine: CombineTable
    loners: frozenset[str] = frozenset()
    name: ClassVar[str] = "reduction"

    @cached_property
    def rules(self) -> Sequence[Reducing]:
        """Those of all sources."""
        return [rule for each in self.sources for rule in each.rules]

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """What is off the lines, rule by rule, and what was paid for it."""
        claims = [claim for source in self.sources for claim in source.claims(situation)]
        waiting = self.combine.ordered(claims) if len(claims) > 1 else claims
        rivals: list[Claim] = []
        if self.combine.offers is not Several.ALL:
            rivals = [claim for claim in waiting if claim.turn.kind is Kind.OFFER]
        for claim in waiting:
            if not rivals or claim.turn.kind is not Kind.OFFER:
                worked = worked.plus(self._outcomes(claim, situation, worked))
            elif claim is rivals[0]:
                worked = worked.plus(self._chosen(rivals, situation, worked))
        return worked

    def _outcomes(self, claim: Claim, situation: Situation, worked: Worked) -> Sequence[Outcome]:
        together = self._unmet_together(claim, worked) if self.loners else None
        if together is not None:
            return (Outcome(claim.turn.rule, unmet=together),)
        return claim.outcomes(situation, worked, self.combine)

    def _unmet_together(self, claim: Claim, worked: Worked) -> Unmet | None:
        if not worked.reduced:
            return None
        if claim.turn.alone or not self.loners.isdisjoint(_reducing(worked)):
            return Unmet(Obstacle.NOT_TOGETHER)
        return None

    def _chosen(
        self, rivals: Sequence[Claim], situation: Situation, worked: Worked
    ) -> list[Outcome]:
        """The best or first one of several offers, and why the others give nothing."""
        tried = [self._outcomes(claim, situation, worked) for claim in rivals]
        worth = [sum(part.amount for one in each for part in one.reductions) for each in tried]
        gives = [any(one.reductions or one.free for one in each) for each in tried]
        if not any(gives):
            return [outcome for each in tried for outcome in each]
        if self.combine.offers is Several.BEST:
            best = max(range(len(tried)), key=lambda number: (worth[number], gives[number]))
        else:
            best = gives.index(True)
        found = list(tried[best])
        for number, each in enumerate(tried):
            if number != best and not gives[number]:
                found.extend(each)
            elif number != best and situation.explains:
                found.append(Outcome(rivals[number].turn.rule, unmet=Unmet(Obstacle.BETTER_ONE)))
        return found

    def progress(
        self, facts: MemberFacts, at: datetime, units: Mapping[str, UnitTable]
    ) -> Iterable[Progress]:
        """What sources say of the way to them."""
        return (found for each in self._leading for found in each.progress(facts, at, units))

    @cached_property
    def _leading(self) -> tuple[ShowsProgress, ...]:
        return tuple(each for each in self.sources if isinstance(each, ShowsProgress))

    def reasons(self) -> Mapping[str, Texts]:
        """Their titles."""
        return {rule.id: rule.title for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """Those of limits and conditions."""
        for rule in self.rules:
            yield from limit_readings(rule.limits, rule.id)
            yield from rule.when.readings()

    def looks_at(self) -> Iterable[str]:
        """What is paid with, and what is used up."""
        return (unit for each in self.sources for unit in each.looks_at())


def _reducing(worked: Worked) -> Iterable[str]:
    return (part.rule for outcome in worked.outcomes for part in outcome.reductions)

"""Redeeming rewards: from what the customer wants to what is charged and what is given for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from edge_agent.domain.basket import Line
from edge_agent.domain.holdings import Holding, usable
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.money import AMOUNT_MAX_MINOR, Rounding, fraction, rounded
from edge_agent.domain.programme.combining import Claim, CombineTable, Kind, Turn
from edge_agent.domain.programme.gifts import given
from edge_agent.domain.programme.limits import unmet_limit, use_counted
from edge_agent.domain.programme.progress import Measure, Progress, Stand, Towards
from edge_agent.domain.programme.rewards import Charge, RewardRule, Sort, scale_of
from edge_agent.domain.programme.situation import Outcome, Redemption, Situation, Worked
from edge_agent.domain.programme.spending import Spend
from edge_agent.domain.programme.taken import NOTHING_TAKEN, Taken, amount_off, room_in_all
from edge_agent.domain.programme.texts import Texts
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.programme.unmet import Obstacle, Unmet

TIMES_MAX = 99
"""What a till's key for a number of pieces takes in two digits; it bounds how often one redemption is worked."""

_NOBODY = Unmet(Obstacle.NO_MEMBER)


class Priced(NamedTuple):
    """What is taken off, and what that costs in the unit's smallest parts, from which lots (None for any)."""

    taken: Taken
    price: int
    among: Sequence[Holding] | None = None


class RewardClaim(NamedTuple):
    """A reward that the customer wants."""

    reward: RewardRule
    turn: Turn
    wanted: Redemption

    def outcomes(
        self, situation: Situation, worked: Worked, combine: CombineTable
    ) -> Sequence[Outcome]:
        """One outcome for each time, each on what the ones before left; all that were asked for, or none."""
        asked = 1 if self.reward.spend is not None else min(self.wanted.times, TIMES_MAX)
        found: list[Outcome] = []
        in_all = sum(max(each.times, 1) for each in situation.wanted.redemptions)
        unmet = combine.too_many_rewards(in_all)
        while unmet is None and len(found) < (asked or TIMES_MAX):
            one = self._once(situation, worked, combine)
            unmet = one.unmet
            if unmet is None:
                found.append(one)
                worked = worked.plus((one,))
        if unmet is None or (found and not asked):
            return found
        return (Outcome(self.reward.id, unmet=unmet, asked=self.wanted.id),)

    def _once(self, situation: Situation, worked: Worked, combine: CombineTable) -> Outcome:
        reward = self.reward
        lines = [line for line in situation.sold if reward.when.takes(line)]
        unmet = self._unmet(situation, worked, lines, combine)
        priced = unmet or self._priced(situation, worked, lines, combine)
        if isinstance(priced, Unmet):
            return Outcome(reward.id, unmet=priced, asked=self.wanted.id)
        taken, price, among = priced
        missing = price - self._usable(situation, worked)
        if missing > 0:
            return Outcome(
                reward.id, unmet=Unmet(Obstacle.NOT_ENOUGH, missing), asked=self.wanted.id
            )
        return Outcome(
            reward.id,
            (
                *situation.taken(reward.paid_in, price, reward.id, worked, among),
                *given(reward.gives, situation, reward.id),
                *use_counted(reward.limits, reward.id, situation),
            ),
            taken.reductions(reward.id, own=reward.own),
            free=taken.free,
            asked=self.wanted.id,
        )

    def _unmet(
        self, situation: Situation, worked: Worked, lines: Sequence[Line], combine: CombineTable
    ) -> Unmet | None:
        reward = self.reward
        if situation.facts.anonymous:
            return _NOBODY
        limited = unmet_limit(reward.limits, reward.id, situation, worked)
        if limited is not None or not situation.wanted.reduces:
            # What was paid is not told again: of the conditions on what is bought nothing can be said any more.
            where = reward.when.unmet_where(situation.basket.store, situation.basket.channel)
            return limited or where or reward.when.unmet_for(situation.facts, situation.at)
        if not lines and (reward.off is not None or reward.spend is not None):
            return Unmet(Obstacle.NO_LINE)
        return reward.when.unmet_by(situation, combine.minimums(worked), lines)

    def _priced(
        self, situation: Situation, worked: Worked, lines: Sequence[Line], combine: CombineTable
    ) -> Priced | Unmet:
        reward = self.reward
        if not situation.wanted.reduces and not reward.is_money and (reward.off or reward.spend):
            return Unmet(Obstacle.NEEDS_QUOTE)
        if reward.spend is not None:
            return self._spent(reward.spend, situation, worked, lines)
        taken = NOTHING_TAKEN
        if reward.off is not None and situation.wanted.reduces:
            taken = reward.off.discount.taken(lines, situation, worked, combine.percentages(worked))
            if taken.is_nothing:
                return Unmet(Obstacle.NOTHING_LEFT)
        return Priced(taken, self._price(taken, situation))

    def _spent(
        self, spend: Spend, situation: Situation, worked: Worked, lines: Sequence[Line]
    ) -> Priced | Unmet:
        reduces = situation.wanted.reduces
        bill = room_in_all(lines, situation, worked) if reduces else AMOUNT_MAX_MINOR
        scale = scale_of(self.reward.unit, situation.units)
        usable_now = self._usable(situation, worked)
        found: Priced | Unmet | None = None
        for among in self._choices(spend, situation, worked):
            there = usable_now if among is None else sum(each.quantity for each in among)
            spent = spend.spent(self.wanted.points, min(there, usable_now), bill, lines, scale)
            if isinstance(spent, Unmet):
                found = found or spent
            elif not isinstance(found, Priced) or spent.points > found.price:
                taken = amount_off(spent.value, lines, situation, worked)
                found = Priced(taken if reduces else NOTHING_TAKEN, spent.points, among)
        return found or Unmet(Obstacle.NOT_ENOUGH)

    def _choices(
        self, spend: Spend, situation: Situation, worked: Worked
    ) -> Iterable[Sequence[Holding] | None]:
        """The lots that can be used together, those that expire first before others; None where it is all of them."""
        if spend.together:
            return (None,)
        by_day: dict[date, list[Holding]] = {}
        for each in situation.held(self.reward.unit, worked):
            if each.usable_on(situation.today):
                by_day.setdefault(each.expires_on or date.max, []).append(each)
        return (by_day[day] for day in sorted(by_day))

    def _price(self, taken: Taken, situation: Situation) -> int:
        """What one use costs, in smallest parts; the share of it where an amount was only used in part."""
        reward = self.reward
        scale = scale_of(reward.paid_in, situation.units)
        if reward.cost_per is not None:
            return rounded(taken.total * fraction(reward.cost_per), Rounding.CEIL) * scale
        if reward.cost is None:
            return 1
        whole = fraction(reward.cost) * scale
        worth = reward.worth(situation.units)
        if reward.charge is Charge.GIVEN and worth and 0 < taken.total < worth:
            steps = rounded(whole * taken.total / worth / (reward.step * scale), Rounding.CEIL)
            return min(steps * reward.step * scale, rounded(whole, Rounding.CEIL))
        return rounded(whole, Rounding.CEIL)

    def _usable(self, situation: Situation, worked: Worked) -> int:
        """What there is to pay with: what was taken by this sale is gone, what it gave counts where declared."""
        unit, today = self.reward.paid_in, situation.today
        return situation.spendable(unit) + sum(
            each.quantity
            for each in worked.entries()
            if each.unit == unit
            and not each.account
            and (each.quantity < 0 or (self.reward.same_sale and each.holding.usable_on(today)))
        )


@dataclass(frozen=True)
class Rewards:
    """Rewards as a source of reductions."""

    rules: tuple[RewardRule, ...]

    def claims(self, situation: Situation) -> Iterable[Claim]:
        """What the customer wants of them, in the order given; a reward that is not among them is none of ours."""
        for place, redemption in enumerate(situation.wanted.redemptions, 1):
            number = self._numbers.get(redemption.reward)
            if number is not None:
                rule = self.rules[number]
                yield RewardClaim(rule, Turn.of(rule, Kind.REWARD, number, place), redemption)

    def progress(
        self, facts: MemberFacts, at: datetime, units: Mapping[str, UnitTable]
    ) -> Iterable[Progress]:
        """How far the member is from each reward of theirs that has a price of its own."""
        for rule in self.rules:
            need = 0 if rule.is_issued else rule.least(units)
            if need and rule.when.unmet_for(facts, at) is None:
                have = usable(facts.holdings, rule.unit, at.date())
                stand = Stand.REACHED if have >= need else Stand.ON_THE_WAY
                yield Progress(
                    Towards.REWARD,
                    rule.id,
                    rule.title,
                    have,
                    need,
                    Measure.UNIT,
                    rule.unit,
                    rule.when.until_date,
                    stand,
                    when=rule.when,
                )

    def looks_at(self) -> Iterable[str]:
        """What they are paid in, and what the conditions ask of the member."""
        for rule in self.rules:
            yield rule.paid_in
            yield from rule.when.looks_at()

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {rule.id: number for number, rule in enumerate(self.rules)}


class RewardShown(NamedTuple):
    """A reward for screens: what it costs at least (smallest parts of `unit`) and is worth (minor units, None where
    that depends on the basket), what the member could use of the unit, and what keeps them from it."""

    id: str
    title: Texts
    sort: Sort
    unit: str
    cost: int
    worth: int | None
    usable: int
    unmet: Unmet | None


def rewards_for(
    rules: Iterable[RewardRule],
    facts: MemberFacts,
    at: datetime,
    units: Mapping[str, UnitTable],
    store: str,
    channel: str,
) -> list[RewardShown]:
    """Every reward of this place, in the file's order, as this member can use it now; `at` is in the programme's time
    zone.

    A reward that was issued only shows to whom it was issued.
    """
    found = []
    for rule in rules:
        has = usable(facts.holdings, rule.paid_in, at.date())
        if (rule.is_issued and has <= 0) or rule.when.unmet_where(store, channel) is not None:
            continue
        found.append(
            RewardShown(
                rule.id,
                rule.title,
                rule.sort,
                rule.paid_in,
                rule.least(units),
                rule.worth(units),
                has,
                rule.unmet_for(facts, at, units),
            )
        )
    return found

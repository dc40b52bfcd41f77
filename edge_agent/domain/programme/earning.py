"""Earning: base points for what is bought, by rules that are about some lines or all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import ClassVar, NamedTuple, cast

from edge_agent.domain.basket import QUANTITY_DECIMALS_MAX, Line, Tender
from edge_agent.domain.entries import Entry, EntryKind, entries_by_line
from edge_agent.domain.money import (
    Rounding,
    Share,
    apportion,
    fraction,
    net_of_tax,
    rounded,
)
from edge_agent.domain.programme.matching import RuleIndex
from edge_agent.domain.programme.rate_words import rate_in_words
from edge_agent.domain.programme.rates import Basis, Each, EarnRule, Several, Stage
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.tax import Tax
from edge_agent.domain.programme.texts import Texts
from edge_agent.domain.programme.unmet import NO_LINE, Obstacle, Unmet
from edge_agent.domain.tallies import Reading

_EARN = EntryKind.EARN

Number = int | Fraction
"""An exact number: whole where it can be, since that is several times faster."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rule's rate for one member, ready to work with.

    `per_one` is what one of what is counted gives (a minor unit, a piece, one of the measure), in smallest parts of the
    unit, of which `scale` make one. `share` is the same where points are the rate times what is counted, rounded once,
    as most are. With `of_paid` what is paid for each line is counted, and all of it rounded together.
    """

    rule: EarnRule
    scale: int
    per_one: Fraction
    share: Share | None = None
    of_paid: bool = False

    @classmethod
    def of(cls, rule: EarnRule, scale: int, tier: str | None) -> "Rate | None":
        """The rule's rate for members of this tier; None where it has none for them."""
        if rule.bands:
            return cls(rule, scale, Fraction(0))
        points = (
            rule.points
            if rule.tier_points is None
            else rule.tier_points.get(tier or "", rule.points)
        )
        if points is None:
            return None
        per = rule.per or rule.per_measure or rule.pieces or 1
        per_one = fraction(points) * scale / fraction(per)
        share = Share.of(per_one, rule.rounding) if rule.is_plain else None
        return cls(rule, scale, per_one, share, rule.is_plain and rule.is_of_paid)

    def entries(
        self, situation: Situation, worked: Worked, lines: Sequence[Line]
    ) -> tuple[Entry, ...]:
        """What these lines give, split over them, and the count of it where a period adds it up."""
        rule = self.rule
        counted = self.counted(situation, worked, lines)
        life = situation.life(rule.unit, rule.expiry)
        quantities = self._quantities(situation, worked, lines, counted)
        given = entries_by_line(_EARN, rule.unit, quantities, rule.id, lines, life)
        if rule.reading is not None:
            for line, number in zip(lines, counted, strict=True):
                much, tally = self._in_tally(number), rule.reading.tally
                if much:
                    given.append(situation.counted(tally, much, rule.id, line.number))
        return tuple(given)

    def counted(
        self, situation: Situation, worked: Worked, lines: Sequence[Line]
    ) -> Sequence[Number]:
        """How much of each line counts: minor units (below 0 where a line is a reduction), measure, or pieces."""
        rule = self.rule
        if self.of_paid:
            return _without_levies(worked.nets(lines), lines)
        if rule.each is Each.PIECE:
            return [_paid_pieces(worked, line) for line in lines]
        if rule.each is not None:
            return [1] * len(lines)
        if rule.per_measure is not None:
            return [Fraction(line.measure or 0) for line in lines]
        amounts = self._amounts(worked, lines)
        if rule.tenders is None and rule.not_tenders is None:
            return amounts
        share = self._share_paid(situation.basket.tenders)
        return [amount * share for amount in amounts]

    def _share_paid(self, tenders: Sequence[Tender]) -> Fraction:
        """The part of the sale that is paid by means that count; where no means are told, none is of those named."""
        rule, paid = self.rule, sum(each.amount for each in tenders)
        if paid <= 0:
            return Fraction(rule.tenders is None)
        counted = sum(
            each.amount
            for each in tenders
            if (rule.tenders is None or each.type in rule.tenders)
            and (rule.not_tenders is None or each.type not in rule.not_tenders)
        )
        return Fraction(counted, paid)

    def alone(self, situation: Situation, worked: Worked, line: Line) -> Fraction:
        """What a line would give by itself, before rounding, in smallest parts: so rules are compared."""
        return Fraction(self._exact(self.counted(situation, worked, (line,))[0]))

    def _amounts(self, worked: Worked, lines: Sequence[Line]) -> Sequence[int]:
        """The amounts that the rule's basis names, less fixed levies."""
        basis = self.rule.basis
        amounts: Sequence[int]
        if basis is Basis.PAID:
            amounts = worked.nets(lines)
        elif basis is Basis.BEFORE_REWARDS:
            amounts = [worked.net(line) + worked.rewarded.get(line.number, 0) for line in lines]
        elif basis is Basis.BEFORE_PROGRAMME:
            amounts = [line.amount for line in lines]
        else:
            amounts = [line.amount + line.discount for line in lines]
        amounts = _without_levies(amounts, lines)
        if self.rule.tax is Tax.EXCLUDED:
            rates = [line.tax_rate for line in lines]
            return [net_of_tax(amount, rate) for amount, rate in zip(amounts, rates, strict=True)]
        return amounts

    def _quantities(
        self,
        situation: Situation,
        worked: Worked,
        lines: Sequence[Line],
        counted: Sequence[Number],
    ) -> Sequence[int]:
        """Smallest parts per line; the parts of what is rounded together add up to it exactly."""
        rule = self.rule
        total = sum(counted)
        if self.of_paid:
            return apportion(self._points(total), _weights(counted, total))
        if rule.stage is Stage.LINE:
            return [self._points(number) for number in counted]
        if rule.stage is Stage.PIECE:
            return [
                self._of_pieces(line, number) for line, number in zip(lines, counted, strict=True)
            ]
        if rule.each is Each.SALE:
            return apportion(self._points(1), worked.weights(lines))
        if rule.reading is None:
            points = self._points(total)
        else:
            before = Fraction(situation.figure(rule.reading), self._tally_scale)
            points = max(0, self._points(before + total) - self._points(before))
        return apportion(points, _weights(counted, total))

    def _of_pieces(self, line: Line, counted: Number) -> int:
        """Rounded for one piece; what is sold by weight is one piece."""
        pieces = int(line.quantity)
        if pieces != line.quantity or pieces < 1:
            return self._points(counted)
        return self._points(Fraction(counted) / pieces) * pieces

    def _points(self, counted: Number) -> int:
        """The points for what is counted together, in smallest parts; less than nothing for less than nothing."""
        rule = self.rule
        if self.share is not None:
            return max(0, self.share.taken(counted))
        exact = self._exact(counted)
        if rule.decimals_first is not None:
            finer = Fraction(10**rule.decimals_first, self.scale)
            exact = rounded(exact * finer, rule.rounding) / finer
        points = rounded(exact, rule.rounding)
        if rule.at_least is not None and counted > 0:
            points = max(points, rounded(fraction(rule.at_least) * self.scale, Rounding.FLOOR))
        return max(0, points) if rule.reading is None else points

    def _exact(self, counted: Number) -> Number:
        rule = self.rule
        if rule.bands:
            return sum(
                fraction(band.points) * self.scale
                for band in rule.bands
                if band.holds(counted, rule.bounds)
            )
        if rule.step is not None:
            step = fraction(rule.step)
            counted = rounded(counted / step, rule.step_rounding) * step
        return counted * self.per_one

    @property
    def _tally_scale(self) -> int:
        of_amounts = self.rule.per is not None or self.rule.bands
        return 1 if of_amounts else int(10**QUANTITY_DECIMALS_MAX)

    def _in_tally(self, counted: Number) -> int:
        return rounded(counted * self._tally_scale, Rounding.FLOOR)


def _without_levies(amounts: Sequence[int], lines: Sequence[Line]) -> Sequence[int]:
    levies = [line.levy for line in lines]
    if not any(levies):
        return amounts
    return [amount - levy for amount, levy in zip(amounts, levies, strict=True)]


def _paid_pieces(worked: Worked, line: Line) -> Fraction:
    """The pieces of a line without those that the programme's own rewards make free."""
    quantity, rewarded = Fraction(line.quantity), worked.rewarded.get(line.number, 0)
    if not rewarded:
        return quantity
    return quantity - quantity * rewarded // (worked.net(line) + rewarded)


def _weights(counted: Sequence[Number], total: Number) -> Sequence[int]:
    """Whole numbers in the same proportion, of which `total` is the sum; what is less than nothing takes no part."""
    if isinstance(total, int) and min(counted, default=0) >= 0:
        return cast("Sequence[int]", counted)  # no fraction adds up to an int
    common = lcm(*[number.denominator for number in counted])
    return [int(number * common) if number > 0 else 0 for number in counted]


class _Candidate(NamedTuple):
    """A rule whose conditions hold, by its number in the file, and the lines that it is about."""

    number: int
    rate: Rate
    lines: Sequence[Line]


_LinesOf = Mapping[int, Sequence[Line]]
"""The lines that each rule may count, by its number."""


def _all(candidates: Sequence[_Candidate], _situation: Situation, _worked: Worked) -> _LinesOf:
    return {number: lines for number, _, lines in candidates}


def _first(candidates: Sequence[_Candidate], situation: Situation, worked: Worked) -> _LinesOf:
    if len({rate.rule.unit for _, rate, _ in candidates}) == len(candidates):
        return _all(candidates, situation, worked)
    claimed: dict[str, set[int]] = {}
    found: dict[int, Sequence[Line]] = {}
    for number, rate, lines in candidates:
        taken = claimed.setdefault(rate.rule.unit, set())
        found[number] = [line for line in lines if line.number not in taken] if taken else lines
        taken.update([line.number for line in lines])
    return found


def _best(candidates: Sequence[_Candidate], situation: Situation, worked: Worked) -> _LinesOf:
    """Each line to the rule that would give most for it alone, before rounding; to the first of equal ones."""
    best: dict[tuple[str, int], tuple[Fraction, int]] = {}
    for number, rate, lines in candidates:
        for line in lines:
            key = (rate.rule.unit, line.number)
            value = rate.alone(situation, worked, line)
            if key not in best or value > best[key][0]:
                best[key] = (value, number)
    return {
        number: [line for line in lines if best[rate.rule.unit, line.number][1] == number]
        for number, rate, lines in candidates
    }


_SHARED = {Several.FIRST: _first, Several.ADD: _all, Several.BEST: _best}


@dataclass(frozen=True)
class Earning:
    """The base rates. `several` says what a line earns that rules of one unit take together."""

    rules: tuple[EarnRule, ...]
    several: Several = Several.FIRST
    name: ClassVar[str] = "earn"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """Base points, in the file's order."""
        if situation.facts.anonymous:
            return worked
        unmet: dict[int, Unmet] = {}
        candidates = self._candidates(situation, worked, unmet)
        lines_of = _SHARED[self.several](candidates, situation, worked)
        found: dict[int, Outcome] = {}
        stopped: set[str] = set()
        for number, rate, _ in candidates:
            rule, lines = rate.rule, lines_of[number]
            if rule.unit in stopped:
                unmet[number] = Unmet(Obstacle.STOPPED)
                continue
            entries = rate.entries(situation, worked, lines) if lines else ()
            if entries and entries[0].kind is _EARN:  # what is counted comes after what is given
                found[number] = Outcome(rule.id, entries)
                if rule.stop:
                    stopped.add(rule.unit)
                continue
            unmet[number] = Unmet(Obstacle.LESS_THAN_ONE if lines else Obstacle.LINES_TAKEN)
            if entries:  # of a period that has not come to a point yet
                found[number] = Outcome(rule.id, entries, unmet=unmet[number])
        if not situation.explains:
            return worked.plus(found.values())
        return worked.plus(
            found.get(number) or Outcome(rule.id, unmet=unmet.get(number, NO_LINE))
            for number, rule in enumerate(self.rules)
        )

    def _candidates(
        self, situation: Situation, worked: Worked, unmet: dict[int, Unmet]
    ) -> list[_Candidate]:
        """The rules that hold, in the file's order; why others do not is noted in `unmet`."""
        result = []
        for number, lines in sorted(self._index.selected(situation.lines).items()):
            rule = self.rules[number]
            asks = rule.when.asks
            obstacle = rule.when.unmet_by(situation, worked, lines) if asks else None
            rate = self._rate(number, situation) if obstacle is None else None
            if rate is not None:
                result.append(_Candidate(number, rate, lines))
            else:
                unmet[number] = obstacle or Unmet(
                    Obstacle.OTHER_TIER, tuple(sorted(rule.tier_points or ()))
                )
        return result

    def _rate(self, number: int, situation: Situation) -> Rate | None:
        """A rule's rate for the member; every sale asks for the same ones."""
        rule, tier = self.rules[number], situation.facts.tier
        which = (number, tier if rule.tier_points and tier in rule.tier_points else None)
        if which not in self._rates:
            self._rates[which] = Rate.of(rule, situation.units[rule.unit].scale, tier)
        return self._rates[which]

    @cached_property
    def _rates(self) -> dict[tuple[int, str | None], Rate | None]:
        return {}

    @cached_property
    def _index(self) -> RuleIndex:
        return RuleIndex([rule.scope for rule in self.rules])

    def reasons(self) -> Mapping[str, Texts]:
        """The rules' own words, or their rates in words."""
        return {rule.id: rule.why or rate_in_words(rule) for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """What counted in the periods of its rules, and what their conditions ask."""
        return (reading for rule in self.rules for reading in rule.readings())

    def looks_at(self) -> Iterable[str]:
        """The member's tiers, where rates differ by them, and what conditions ask."""
        return (unit for rule in self.rules for unit in rule.looks_at())

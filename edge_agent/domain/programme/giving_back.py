"""Giving back: what a return takes back of a sale and gives back, worked out by the rules of the sale's own programme.

Everything held is lots, so all of it is entries that reverse entries of the sale. What part of the sale an entry is
decides by what measure it comes back (`Part`); `settling` then makes the entries.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from edge_agent.domain.basket import ReturnedLine
from edge_agent.domain.draws import Draw
from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import summed
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.money import apportion
from edge_agent.domain.programme.evaluation import evaluate
from edge_agent.domain.programme.kept import Back, Refund, Returned, Sold, refunds
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.returns import Issued, ReachedTier, ReturnsTable, Reverse, Spent
from edge_agent.domain.programme.reversing import (
    Quantities,
    Strand,
    difference,
    due,
    filled,
    reversed_sums,
    strands,
    sums,
)
from edge_agent.domain.programme.settling import Settling
from edge_agent.domain.programme.sold_parts import Part, Parts
from edge_agent.domain.tallies import Fold
from edge_agent.domain.units import is_tally


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What one return comes to.

    `entries` are what the record holds, `settled` those that were let go or deducted instead (`Returned.settled`), and
    `refunds` what is to be paid back per returned line.
    """

    entries: tuple[Entry, ...]
    settled: tuple[Entry, ...]
    refunds: tuple[Refund, ...]

    @property
    def refund(self) -> int:
        """What is to be paid back in all, in minor units."""
        return sum(each.amount for each in self.refunds)


NOTHING_GIVEN_BACK = GivenBack((), (), ())


def give_back(
    programme: Programme,
    sold: Sold,
    before: Sequence[Returned],
    now: Sequence[ReturnedLine],
    member: MemberFacts,
    at: datetime,
    draw: Draw | None = None,
) -> GivenBack:
    """Work out a return of `now`, after the returns `before`, of a sale that was made under `programme`.

    `member` is who bought it, with all that they have at `at`, as far as is known; `draw` decides by chance as it did
    for the sale. Pure: the same arguments give the same answer. Raises OverReturned, or KeyError for a line that the
    sale does not have.
    """
    earlier = Back.after(sold, [each.lines for each in before])
    back = Back.after(sold, [*(each.lines for each in before), now])
    paid_back = refunds(earlier, back)
    made = reversed_sums(entry for each in before for entry in (*each.entries, *each.settled))
    today = programme.local_date(at)
    settling = Settling(
        programme, sold.record, strands(sold.sale.entries), made, member.holdings, today
    )
    amounts = _Due(programme, earlier, back, made, member, today, draw)
    for part, quantities in amounts.by_part():
        settling.settle(part, quantities)
    return GivenBack(
        tuple(settling.entries),
        tuple(settling.settled),
        tuple(_deducting(paid_back, int(settling.deducted))),
    )


def _deducting(paid_back: Sequence[Refund], deducted: int) -> list[Refund]:
    """The refunds less what comes off them, by their amounts; nobody has to pay for bringing something back."""
    amounts = [max(0, each.amount) for each in paid_back]
    parts = apportion(min(deducted, sum(amounts)), amounts)
    return [
        each._replace(amount=each.amount - part, deducted=part)
        for each, part in zip(paid_back, parts, strict=True)
    ]


_Group = tuple[str | None, str, bool]
"""Account, unit, and whether it was taken: strands that make up for each other."""


def _group(strand: Strand) -> _Group:
    return strand.account, strand.unit, strand.takes


@dataclass(frozen=True)
class _Due:
    """How much of each strand of the sale has to be reversed, once `back` has come back.

    The targets are in all, and `before` comes off them, so that returns in parts end where a return of everything does.
    """

    programme: Programme
    earlier: Back
    back: Back
    before: Mapping[Strand, int]
    member: MemberFacts
    today: date
    draw: Draw | None

    def by_part(self) -> Iterable[tuple[Part, Quantities]]:
        """What is due now, part by part in the order of `Part`."""
        for part in Part:
            groups: dict[_Group, Quantities] = {}
            for strand, quantity in self._given.items():
                if self._parts.part_of(strand) is part:
                    groups.setdefault(_group(strand), {})[strand] = quantity
            now: Quantities = {}
            for of_group in groups.values():
                now |= due(_TARGETS[part](self, of_group), self.before)
            yield part, now

    @property
    def _rules(self) -> ReturnsTable:
        return self.programme.file.returns

    @cached_property
    def _parts(self) -> Parts:
        return Parts(self.back.sold.sale)

    @cached_property
    def _given(self) -> Quantities:
        return sums(self.back.sold.sale.entries)

    @cached_property
    def _kept(self) -> Quantities:
        """What the kept part of the sale gives, with what was known of the member when it was made.

        What the customer chose to exchange then stays exchanged, so it is no longer there for anything else.
        """
        sale = self.back.sold.sale
        exchanged = (each.holding for each in sale.entries if each.rule in self._parts.chosen)
        held = summed((*sale.facts.holdings, *exchanged))
        return self._worked_again(self.back, replace(sale.facts, holdings=held))

    def _worked_again(self, back: Back, facts: MemberFacts) -> Quantities:
        if back.is_everything:
            return {}
        sold = back.sold
        kept = evaluate(
            self.programme,
            facts,
            back.kept_basket(),
            sold.at,
            replace(sold.sale.wanted, redemptions=(), vouchers=(), reduces=False),
            self.draw,
            reduced=back.kept_reductions(),
        )
        return sums(kept.entries)

    def earned(self, given: Quantities) -> Quantities:
        """Points, by the programme's way."""
        if self._rules.reverse is Reverse.NOTHING:
            return {}
        if self._rules.reverse is Reverse.AMOUNT:
            return filled(int(sum(given.values()) * self.back.share_of_sale), given)
        if self._rules.reverse is not Reverse.PERIOD:
            return self.counted(given)
        of_period = {strand: n for strand, n in given.items() if strand.rule in self._of_period}
        others = {strand: n for strand, n in given.items() if strand not in of_period}
        return self.counted(others) | self._net(of_period)

    @cached_property
    def _of_period(self) -> frozenset[str]:
        """The rules that add up what counts in a period: they count it, line by line."""
        return frozenset(
            each.rule for each in self._given if is_tally(each.unit) and each.line is not None
        )

    def _net(self, given: Quantities) -> Quantities:
        """What the period comes to with what comes back now, less what it comes to without; at most what was given."""
        if not given:
            return {}
        was, is_now = (
            sum(n for each, n in worked.items() if each in given)
            for worked in (
                self._worked_again(self.earlier, self._before_it),
                self._worked_again(self.back, self._before_it),
            )
        )
        before = sum(self.before.get(strand, 0) for strand in given)
        return filled(min(before + max(0, was - is_now), sum(given.values())), given)

    @cached_property
    def _before_it(self) -> MemberFacts:
        """The member as if the sale were the last of the period: today's figures without what it counted."""
        facts = self.back.sold.sale.facts
        left: dict[str, int] = {}
        for strand, quantity in self._given.items():
            if is_tally(strand.unit) and strand.line is not None:
                left[strand.unit] = left.get(strand.unit, 0) + quantity - self.before.get(strand, 0)
        sold_on = self.programme.local_date(self.back.sold.at)
        figures = dict(facts.figures)
        for reading in self.programme.readings:
            if reading.unit in left and reading.fold is Fold.SUM and not reading.here:
                first, last = reading.window.bounds(self.today, facts.since)
                counted = left[reading.unit] if first <= sold_on <= last else 0
                figures[reading.key] = self.member.figures.get(reading.key, 0) - counted
        return replace(facts, figures=figures)

    def counted(self, given: Quantities) -> Quantities:
        """By the returned part of each line, or all of it by what was kept; the latter for what has no line."""
        if self._rules.reverse is Reverse.KEPT:
            return self._beyond_kept(given)
        return self._of_lines(given, lambda of_sale: self._beyond_kept(of_sale, lineless=True))

    def used(self, given: Quantities) -> Quantities:
        """What was used once stays used until everything has come back."""
        return self._of_lines(given, self._if_everything)

    def reached(self, given: Quantities) -> Quantities:
        """Tiers."""
        return {} if self._rules.tiers is ReachedTier.KEPT else self.opened(given)

    def opened(self, given: Quantities) -> Quantities:
        """What the kept part of the sale would not give."""
        return self._beyond_kept(given)

    def issued(self, given: Quantities) -> Quantities:
        """Vouchers and rewards; what the customer chose to exchange is no matter of some of the goods."""
        if self._rules.issued is Issued.KEPT:
            return {}
        chosen = {each: n for each, n in given.items() if each.rule in self._parts.chosen}
        others = {each: n for each, n in given.items() if each not in chosen}
        return self._beyond_kept(others) | self._if_everything(chosen)

    def spent(self, given: Quantities) -> Quantities:
        """What was used, by the share of what each rule took off; of the whole sale where that is not known."""
        if self._rules.spent is Spent.NEVER:
            return {}
        if self._rules.spent is Spent.FULL_RETURN:
            return self._if_everything(given)
        targets: Quantities = {}
        for rule in dict.fromkeys(strand.rule for strand in given):
            of_rule = {strand: n for strand, n in given.items() if strand.rule == rule}
            took_off = [each for each in self.back.sold.sale.reductions if each.rule == rule]
            share = (
                self.back.share_of((each.line, each.amount) for each in took_off)
                if took_off
                else self.back.share_of_sale
            )
            targets |= filled(int(sum(of_rule.values()) * share), of_rule)
        return targets

    def _of_lines(
        self, given: Quantities, of_sale: Callable[[Quantities], Quantities]
    ) -> Quantities:
        targets = of_sale({strand: n for strand, n in given.items() if strand.line is None})
        for number, share in self.back.shares.items():
            of_line = {strand: n for strand, n in given.items() if strand.line == number}
            targets |= filled(int(sum(of_line.values()) * share), of_line)
        return targets

    def _if_everything(self, given: Quantities) -> Quantities:
        return given if self.back.is_everything else {}

    def _beyond_kept(self, given: Quantities, *, lineless: bool = False) -> Quantities:
        """What was given beyond what is given for what was kept, whatever rule gives it then.

        With `lineless` only what is given for the kept part as a whole makes up for it.
        """
        if not given:
            return {}
        alike = {(_group(strand), self._parts.part_of(strand)) for strand in given}
        kept = {
            strand: quantity
            for strand, quantity in self._kept.items()
            if (_group(strand), self._parts.part_of(strand)) in alike
            and not (lineless and strand.line is not None)
        }
        return difference(given, kept)


_TARGETS: Mapping[Part, Callable[[_Due, Quantities], Quantities]] = {
    Part.SPENT: _Due.spent,
    Part.USED: _Due.used,
    Part.COUNTED: _Due.counted,
    Part.REACHED: _Due.reached,
    Part.OPENED: _Due.opened,
    Part.ISSUED: _Due.issued,
    Part.EARNED: _Due.earned,
}

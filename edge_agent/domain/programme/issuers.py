"""Issuing vouchers, at the till and at statements; when, is in `issuing`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import usable
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.money import Rounding, fraction, rounded
from edge_agent.domain.programme.issuing import (
    ISSUED_MAX,
    AtPoints,
    AtStatement,
    earned_of,
    split_up,
    tally_of,
    usable_of,
)
from edge_agent.domain.programme.progress import Measure, Progress, Towards
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Texts
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.programme.vouchers import VoucherRule
from edge_agent.domain.tallies import Reading


@dataclass(frozen=True)
class Issuing:
    """Vouchers that a sale issues, and those that points reach, however the points came.

    It is worked after the points, so that what it issues can be used from the next sale on.
    """

    rules: tuple[VoucherRule, ...]
    name: ClassVar[str] = "voucher"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """The vouchers that are issued, each in an entry of its own."""
        if situation.facts.anonymous:
            return worked
        for rule in self.rules:
            entries = (*_by_sale(rule, situation, worked), *_at_points(rule, situation, worked))
            if entries:
                worked = worked.plus((Outcome(rule.id, entries),))
        return worked

    def progress(
        self, facts: MemberFacts, at: datetime, units: Mapping[str, UnitTable]
    ) -> Iterable[Progress]:
        """How far the member is from the next voucher that points reach."""
        for rule in self.rules:
            rise = rule.at_points
            if rise is not None:
                need = rise.parts(units[rise.unit].scale)
                reading = rise.reading(rule.id)
                have = (
                    usable(facts.holdings, rise.unit, at.date())
                    if reading is None
                    else facts.figures.get(reading.key, 0) % need
                )
                yield Progress(
                    Towards.REWARD, rule.id, rule.title, have, need, Measure.UNIT, rise.unit
                )

    def reasons(self) -> Mapping[str, Texts]:
        """Their titles."""
        return {rule.id: rule.title for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """What was earned towards them, and what the conditions of a sale ask."""
        for rule in self.rules:
            reading = None if rule.at_points is None else rule.at_points.reading(rule.id)
            if reading is not None:
                yield reading
            if rule.per_sale is not None:
                yield from rule.per_sale.when.readings()

    def looks_at(self) -> Iterable[str]:
        """The points that pay for them."""
        for rule in self.rules:
            if rule.at_points is not None:
                yield rule.at_points.unit
            if rule.per_sale is not None:
                yield from rule.per_sale.when.looks_at()


@dataclass(frozen=True)
class Statements:
    """Points turned into vouchers on the first day of declared months: a chore of central's daily job."""

    rules: tuple[VoucherRule, ...]
    name: ClassVar[str] = "statement"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """The vouchers of this day's statement; worked again on what came out of it, there are none."""
        if situation.today.day != 1 or not situation.facts.standing.earns:
            return worked
        for rule in self.rules:
            table = rule.at_statement
            if table is not None and situation.today.month in table.months:
                entries = stated(rule, table, situation, worked)
                if entries:
                    worked = worked.plus((Outcome(rule.id, entries),))
        return worked

    def reasons(self) -> Mapping[str, Texts]:
        """None of its own: they are vouchers like the others."""
        return {}

    def readings(self) -> Iterable[Reading]:
        """None: the balance says it all."""
        return ()

    def looks_at(self) -> Iterable[str]:
        """The points that are turned into vouchers."""
        return (rule.at_statement.unit for rule in self.rules if rule.at_statement is not None)


def stated(
    rule: VoucherRule, table: AtStatement, situation: Situation, worked: Worked
) -> tuple[Entry, ...]:
    """What a statement takes and issues now, whatever the month; nothing where points or denominations do not reach."""
    scale = situation.units[table.unit].scale
    steps = table.steps(usable_of(table.unit, situation, worked), scale)
    values = split_up(steps * table.value, rule.denominations)
    if not values:
        return ()
    # Denominations leave a rest; only the steps that they need are used.
    used = -(-sum(values) // table.value)
    price = rounded(used * fraction(table.step) * scale, Rounding.CEIL)
    return (
        *situation.taken(table.unit, price, rule.id, worked),
        *_issued(rule, values, situation),
    )


def _by_sale(rule: VoucherRule, situation: Situation, worked: Worked) -> tuple[Entry, ...]:
    quantities: list[int] = []
    if rule.per_sale is not None:
        for quantity in rule.per_sale.quantities(rule.one, situation, worked):
            is_money = rule.off is None
            quantities += split_up(quantity, rule.denominations) if is_money else [rule.one]
    if rule.bought is not None:
        of_own_value = rule.off is not None or rule.value is not None
        quantities += rule.bought.quantities(rule.one, of_own_value, situation.sold, worked)
    return _issued(rule, quantities[:ISSUED_MAX], situation)


def _at_points(rule: VoucherRule, situation: Situation, worked: Worked) -> tuple[Entry, ...]:
    rise = rule.at_points
    if rise is None:
        return ()
    each = rise.parts(situation.units[rise.unit].scale)
    reading = rise.reading(rule.id)
    if reading is None:
        return _of_balance(rule, rise, each, situation, worked)
    earned = earned_of(rise.unit, worked)
    if earned <= 0:
        return ()
    before = situation.figure(reading)
    times = (before + earned) // each - before // each
    counted = situation.counted(tally_of(rule.id), earned, rule.id)
    return (counted, *_issued(rule, [rule.one] * min(times, ISSUED_MAX), situation))


def _of_balance(
    rule: VoucherRule, rise: AtPoints, each: int, situation: Situation, worked: Worked
) -> tuple[Entry, ...]:
    there = usable_of(rise.unit, situation, worked)
    times = min(there // each, ISSUED_MAX)
    if times <= 0:
        return ()
    price = times * each if rise.carry_over else there
    return (
        *situation.taken(rise.unit, price, rule.id, worked),
        *_issued(rule, [rule.one] * times, situation),
    )


def _issued(
    rule: VoucherRule, quantities: Iterable[int], situation: Situation
) -> tuple[Entry, ...]:
    life = situation.life(rule.unit)
    return tuple(
        situation.earned(rule.unit, quantity, rule.id, life=life) for quantity in quantities
    )

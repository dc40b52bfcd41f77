"""From what is due of each strand of a sale to entries: how far it is there, and what becomes of what is not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding, summed
from edge_agent.domain.money import fraction
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.returns import (
    Issued,
    ReturnsTable,
    ReversalPolicy,
    Reverse,
    Shortfall,
)
from edge_agent.domain.programme.reversing import Quantities, Strand, pieces
from edge_agent.domain.programme.sold_parts import Part
from edge_agent.domain.units import Derived, is_tally, keeps_lots_apart, kind_of, name_of


@dataclass
class Settling:
    """The entries of one return, part by part.

    `entries` are made and `settled` are let go; `deducted` is what comes off the refund, in minor units. `strands` and
    `before` are of the sale and of earlier returns, `holdings` what the member has.
    """

    programme: Programme
    record: str
    strands: Mapping[Strand, Sequence[Entry]]
    before: Mapping[Strand, int]
    holdings: tuple[Holding, ...]
    today: date
    entries: list[Entry] = field(default_factory=list)
    settled: list[Entry] = field(default_factory=list)
    deducted: Fraction = Fraction(0)

    def settle(self, part: Part, now: Quantities) -> None:
        """Settle what is due of one part."""
        if part is Part.EARNED:
            self._settle_earned(now)
        elif part is Part.ISSUED:
            self._settle_issued(now)
        else:
            self.entries += self._reversing(now)

    @property
    def _rules(self) -> ReturnsTable:
        return self.programme.file.returns

    def _reversing(self, now: Quantities) -> Iterator[Entry]:
        for strand, quantity in now.items():
            for entry, part in pieces(self.strands[strand], self.before.get(strand, 0), quantity):
                yield self._reversal(entry, part)

    def _reversal(self, entry: Entry, quantity: int) -> Entry:
        taken_back = entry._replace(kind=EntryKind.REVERSE, lot=entry.lot or self.record)
        if is_tally(entry.unit):
            day = self.today if self._rules.reverse is Reverse.PERIOD else entry.day
            return taken_back._replace(
                quantity=quantity if entry.quantity < 0 else -quantity, day=day
            )
        if entry.quantity > 0:
            return taken_back._replace(quantity=-quantity)
        # What was used goes back to its lot, which only central may know; a lot that expired lives a little longer.
        lapsed = entry.expires_on is not None and entry.expires_on < self.today
        grace = self.today + timedelta(days=self._rules.grace_days)
        return taken_back._replace(
            quantity=quantity,
            lot=entry.lot,
            expires_on=grace if lapsed and self._rules.grace_days else entry.expires_on,
        )

    def _settle_issued(self, now: Quantities) -> None:
        """Undo the exchanges, the last one first: it may have been paid with what an earlier one gave."""
        # Of each rule only what it exchanged: what was used of an earlier voucher of the same rule stands before that.
        in_order = dict.fromkeys(strand.rule for strand in self.strands if strand in now)
        for rule in reversed(in_order):
            self._settle_exchange({each: now[each] for each in now if each.rule == rule})

    def _settle_exchange(self, now: Quantities) -> None:
        """Take back what is left of what was issued; its price is given back as far as that is, or is paid for."""
        there: dict[str, int] = {}
        back: dict[str, list[int]] = {}
        for strand, quantity in now.items():
            if strand.takes:
                continue
            left = there.setdefault(strand.unit, self._left_of(strand))
            taken = quantity if strand.account is not None else min(quantity, left)
            there[strand.unit] -= taken
            self._take(strand, taken, quantity)
            if self._rules.issued is Issued.DEDUCT:
                self.deducted += self._worth(strand.unit) * (quantity - taken)
                taken = quantity
            sums = back.setdefault(strand.rule, [0, 0])
            sums[0] += taken
            sums[1] += quantity
        for strand, quantity in now.items():
            if strand.takes:
                taken, asked = back.get(strand.rule, (1, 1))
                self._take(strand, quantity * taken // asked, quantity)

    def _left_of(self, strand: Strand) -> int:
        """How much of what was issued the member still has, after the entries so far."""
        own_lot = self.record if keeps_lots_apart(strand.unit) else None
        changes = (each.holding for each in self.entries if each.account is None)
        return max(
            0,
            sum(
                each.quantity
                for each in (*self.holdings, *changes)
                if each.unit == strand.unit and own_lot in {None, each.lot}
            ),
        )

    def _settle_earned(self, now: Quantities) -> None:
        """Take back points as far as the policy goes."""
        allowed: dict[str, int] = {}
        for strand, quantity in now.items():
            if strand.account is not None or self._rules.policy is ReversalPolicy.UNLIMITED:
                taken = quantity
            elif self._rules.policy is ReversalPolicy.ONLY_PENDING:
                taken = self._pending_of(strand, quantity)
            else:
                left = allowed.setdefault(strand.unit, self._above_floor(strand.unit))
                taken = min(quantity, left)
                allowed[strand.unit] -= taken
            self._take(strand, taken, quantity)
            if self._rules.shortfall is Shortfall.DEDUCT:
                self.deducted += self._worth(strand.unit) * (quantity - taken)

    def _take(self, strand: Strand, taken: int, asked: int) -> None:
        """Reverse `taken` of a strand, and settle the rest of what was asked without an entry."""
        before = self.before.get(strand, 0)
        of_strand = self.strands[strand]
        for entry, part in pieces(of_strand, before, taken):
            self.entries += self._from_lots(self._reversal(entry, part))
        for entry, part in pieces(of_strand, before + taken, asked - taken):
            self.settled.append(self._reversal(entry, part))

    def _from_lots(self, reversal: Entry) -> Iterator[Entry]:
        """The reversal, taken from what cannot be used yet as far as the programme asks for that and there is any."""
        left = -reversal.quantity
        for holding in self._pending(reversal) if self._rules.pending_first and left > 0 else ():
            part = min(left, holding.quantity)
            if part:
                left -= part
                yield reversal._replace(
                    quantity=-part,
                    expires_on=holding.expires_on,
                    matures_on=holding.matures_on,
                    day=holding.day,
                )
        if left:
            yield reversal._replace(quantity=-left)

    def _pending(self, reversal: Entry) -> list[Holding]:
        """What the member has pending of a reversal's unit, soonest usable first, after the entries so far."""
        if reversal.account is not None or self._is_pending(reversal.matures_on):
            return []  # another's, or pending itself
        changes = (
            Holding(e.unit, e.quantity, e.expires_on, e.matures_on, e.day) for e in self.entries
        )
        return sorted(
            (
                each
                for each in summed((*self.holdings, *changes))
                if each.unit == reversal.unit
                and each.quantity > 0
                and self._is_pending(each.matures_on)
            ),
            key=lambda each: (each.matures_on, each.expires_on or date.max, each.day or date.min),
        )

    def _pending_of(self, strand: Strand, quantity: int) -> int:
        """How much of what is due of a strand cannot be used yet."""
        due = pieces(self.strands[strand], self.before.get(strand, 0), quantity)
        return sum(part for entry, part in due if self._is_pending(entry.matures_on))

    def _is_pending(self, matures_on: date | None) -> bool:
        return matures_on is not None and matures_on > self.today

    def _above_floor(self, unit: str) -> int:
        """How much of a unit the member has above the floor, with what this return gives back."""
        has = sum(
            each.quantity
            for each in self.holdings
            if each.unit == unit and not each.lapsed_on(self.today)
        )
        changed = sum(e.quantity for e in self.entries if e.unit == unit and e.account is None)
        return max(0, has + changed - self._rules.floor * self.programme.file.unit[unit].scale)

    def _worth(self, unit: str) -> Fraction:
        """What one of the smallest parts of a unit is worth in minor units, where it comes off the refund.

        A voucher of money is worth what is written on it; what takes off a share, or gives a product, has no price that
        the programme knows, and nothing comes off for it.
        """
        file, kind = self.programme.file, kind_of(unit)
        if kind is None:
            value = self._rules.point_value.get(unit)
            return Fraction(0) if value is None else fraction(value) / file.unit[unit].scale
        if kind is Derived.VOUCHER:
            voucher = next((each for each in file.voucher if each.unit == unit), None)
            off = None if voucher is None else voucher.off
            return Fraction(1) if off is None else Fraction(off.amount or 0)
        reward = next((each for each in file.reward if each.id == name_of(unit)), None)
        return Fraction(0 if reward is None else reward.worth(file.unit) or 0)

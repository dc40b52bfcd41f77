"""Telling apart what a sale gave and took, by what its rules did: each part comes back by a measure of its own."""

from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

from edge_agent.domain.entries import EntryKind
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.reversing import Strand
from edge_agent.domain.units import Derived, kind_of


class Part(Enum):
    """What of a sale an entry is, in the order of giving back: what is restored first meets what is taken last."""

    SPENT = auto()  # points, vouchers and rewards that were used
    USED = auto()  # what goes with a use, such as the count of an offer's uses
    COUNTED = auto()  # a tally
    REACHED = auto()  # a tier
    OPENED = auto()  # a membership: it is gone with the article that it was bought as
    ISSUED = auto()  # a voucher or reward to collect, and what it was exchanged for
    EARNED = auto()  # a declared unit, given for what was bought


@dataclass(frozen=True)
class Parts:
    """The parts of one sale."""

    sale: Recorded

    @cached_property
    def chosen(self) -> frozenset[str]:
        """The rules that the customer chose to use."""
        return frozenset(each.reward for each in self.sale.wanted.redemptions)

    @cached_property
    def _took(self) -> frozenset[str]:
        return frozenset(e.rule for e in self.sale.entries if e.kind is EntryKind.REDEEM)

    @cached_property
    def _exchanged(self) -> frozenset[str]:
        """Rules that gave something for something of the member's: a reward for a full card, a voucher for points."""
        gave = {e.rule for e in self.sale.entries if e.kind is EntryKind.EARN}
        return self._took & gave

    @cached_property
    def _used(self) -> frozenset[str]:
        took_off = {each.rule for each in self.sale.reductions}
        return self.chosen | took_off | (self._took - self._exchanged)

    def part_of(self, strand: Strand) -> Part:
        """What of the sale this strand is."""
        kind = kind_of(strand.unit)
        if kind is Derived.TIER:
            return Part.REACHED
        if kind is Derived.MEMBERSHIP:
            return Part.OPENED
        if kind is Derived.COUNT:
            return Part.USED if strand.rule in self._used else Part.COUNTED
        if strand.takes:
            # A voucher's rule may issue one and take another in the same sale; only the price belongs to the issue.
            is_price = strand.rule in self._exchanged and kind is not Derived.VOUCHER
            return Part.ISSUED if is_price else Part.SPENT
        if kind is not None or strand.rule in self._exchanged:
            return Part.ISSUED
        return Part.USED if strand.rule in self._used else Part.EARNED

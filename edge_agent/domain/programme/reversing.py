"""The arithmetic of taking back: how much of which entry, so that parts end exactly where the whole would.

Entries of one rule, unit, line and account that have the same sign are one **strand**. What is to be taken back is
said per strand and in all (`targets`); what was taken before comes off it. So nothing is taken twice, and never more
than there was.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from edge_agent.domain.entries import Entry


class Strand(NamedTuple):
    """What entries have in common that are taken back together. `takes` for those that took something."""

    account: str | None
    unit: str
    rule: str
    line: int | None
    takes: bool


Quantities = dict[Strand, int]
"""How much of each strand; never negative."""


def strand_of(entry: Entry) -> Strand:
    """The strand of an entry of a sale."""
    return Strand(entry.account, entry.unit, entry.rule, entry.line, entry.quantity < 0)


def strands(entries: Iterable[Entry]) -> dict[Strand, list[Entry]]:
    """The entries by strand, in their order."""
    found: dict[Strand, list[Entry]] = {}
    for entry in entries:
        if entry.quantity:
            found.setdefault(strand_of(entry), []).append(entry)
    return found


def sums(entries: Iterable[Entry]) -> Quantities:
    """How much the entries come to, by strand."""
    found: Quantities = {}
    for entry in entries:
        strand = strand_of(entry)
        found[strand] = found.get(strand, 0) + abs(entry.quantity)
    return found


def reversed_sums(reversals: Iterable[Entry]) -> Quantities:
    """How much of each strand of the sale these entries took back."""
    return sums(entry._replace(quantity=-entry.quantity) for entry in reversals)


def filled(total: int, given: Quantities) -> Quantities:
    """`total` spread over what was given, the latest first: a bonus goes before the base.

    Filling in one order keeps each strand's part from shrinking as the total grows.
    """
    parts: Quantities = {}
    for strand, quantity in reversed(given.items()):
        parts[strand] = min(quantity, total)
        total -= parts[strand]
    return parts


def difference(given: Quantities, kept: Mapping[Strand, int]) -> Quantities:
    """What was given beyond what would have been given for what was kept, in all; strands that differ come first."""
    total = max(0, sum(given.values()) - sum(kept.values()))
    parts: Quantities = {}
    for strand, quantity in reversed(given.items()):
        parts[strand] = min(total, max(0, quantity - kept.get(strand, 0)))
        total -= parts[strand]
    return parts


def due(targets: Mapping[Strand, int], before: Mapping[Strand, int]) -> Quantities:
    """What is to be taken back now: the targets less what was taken before, in all and of each strand."""
    total = sum(targets.values()) - sum(before.get(strand, 0) for strand in targets)
    parts: Quantities = {}
    for strand, target in targets.items():
        part = min(max(0, target - before.get(strand, 0)), max(0, total))
        if part:
            parts[strand] = part
            total -= part
    return parts


def pieces(entries: Sequence[Entry], before: int, quantity: int) -> list[tuple[Entry, int]]:
    """Which entries of a strand `quantity` is taken from, the latest first, `before` having been taken like that."""
    found = []
    for entry in reversed(entries):
        there = abs(entry.quantity)
        skipped = min(before, there)
        before -= skipped
        part = min(quantity, there - skipped)
        quantity -= part
        if part:
            found.append((entry, part))
    return found

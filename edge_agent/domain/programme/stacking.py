"""How several bonuses act together: each on the base points, each on what the ones before made of them, or only one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from edge_agent.domain.entries import Entry
from edge_agent.domain.programme.rates import Stacking
from edge_agent.domain.programme.unmet import Obstacle, Unmet

Points = Mapping[int, int]
"""Smallest parts of one unit, by the number of the line that they came from."""


def plus(these: Points, more: Points) -> dict[int, int]:
    """Both together, line by line."""
    return {line: these.get(line, 0) + more.get(line, 0) for line in these.keys() | more.keys()}


@dataclass
class Given:
    """What bonuses gave, by their numbers in the file; what later ones may multiply; and why others gave nothing."""

    entries: dict[int, tuple[Entry, ...]] = field(default_factory=dict)
    growing: list[tuple[Entry, ...]] = field(default_factory=list)
    unmet: dict[int, Unmet] = field(default_factory=dict)
    stops: bool = False

    @property
    def quantity(self) -> int:
        """All of it, in smallest parts."""
        return sum(each.quantity for entries in self.entries.values() for each in entries)

    def added_since(self, place: int) -> Points:
        """What later bonuses may multiply of what came after so many parts of `growing`, line by line."""
        added: dict[int, int] = {}
        for entries in self.growing[place:]:
            for each in entries:
                added[each.line or 0] = added.get(each.line or 0, 0) + each.quantity
        return added

    def include(self, other: "Given") -> None:
        """What others gave besides."""
        self.entries.update(other.entries)
        self.unmet.update(other.unmet)
        self.growing += other.growing
        self.stops = self.stops or other.stops

    def leave_out(self, numbers: Iterable[int], obstacle: Obstacle) -> None:
        """These gave nothing."""
        self.unmet |= dict.fromkeys(numbers, Unmet(obstacle))


class Acting(Protocol):
    """One bonus, or a group that acts as one."""

    @property
    def numbers(self) -> Sequence[int]:
        """The rules in it, by their numbers in the file."""

    def give(self, points: Points, given: Given) -> None:
        """What it gives on these points is added to what others gave; where it has to be the last, it says so there."""


@dataclass(frozen=True)
class Group:
    """Bonuses that act together."""

    members: Sequence[Acting]
    stacking: Stacking

    @property
    def numbers(self) -> Sequence[int]:
        """The rules in it, those of groups within it included."""
        return [number for member in self.members for number in member.numbers]

    def give(self, points: Points, given: Given) -> None:
        """What they give together on these points."""
        if self.stacking is Stacking.BEST:
            given.include(self._best(points))
        else:
            self._in_order(points, given)

    def _in_order(self, points: Points, given: Given) -> None:
        only_first, on_top = self.stacking is Stacking.FIRST, self.stacking is Stacking.MULTIPLY
        gave = len(given.entries)
        for index, member in enumerate(self.members):
            grew = len(given.growing)
            member.give(points, given)
            last = only_first and len(given.entries) > gave
            if given.stops or last:
                after = [number for each in self.members[index + 1 :] for number in each.numbers]
                given.leave_out(after, Obstacle.OTHER_BONUS if last else Obstacle.STOPPED)
                break
            if on_top:
                points = plus(points, given.added_since(grew))

    def _best(self, points: Points) -> Given:
        found = [Given() for _ in self.members]
        for member, given in zip(self.members, found, strict=True):
            member.give(points, given)
        best = max(range(len(found)), key=lambda index: (found[index].quantity, -index))
        given = found[best]
        for index, member in enumerate(self.members):
            if index != best:
                given.unmet |= found[index].unmet
                given.leave_out(
                    (each for each in member.numbers if each not in given.unmet),
                    Obstacle.OTHER_BONUS,
                )
        return given

"""Looking at a tier again on set days: a chore of central, which alone takes a tier that has no end of its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import Holding, summed
from edge_agent.domain.programme.lapses import expired
from edge_agent.domain.programme.own_rules import OwnRule
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Texts, texts
from edge_agent.domain.programme.tiers import Downgrade, Tiers
from edge_agent.domain.tallies import Reading
from edge_agent.domain.units import Derived, derived

_WHY = texts(
    {
        "nl": "de status is opnieuw bepaald",
        "en": "the tier was looked at again",
        "de": "der Status wurde neu bestimmt",
        "fr": "le statut a été réévalué",
    }
)


@dataclass(frozen=True)
class TierReview:
    """On the days of `[tiers.review]`: first the tier, then the points, so that nobody's tier is measured by none.

    With `now` whatever the day: an operator asked for it.
    """

    tiers: Tiers
    now: bool = False
    name: ClassVar[str] = OwnRule.TIER_REVIEW.value

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """The tier by what is measured today and by the policy, and the points that are reset."""
        review = self.tiers.table.review
        due = review is not None and review.due_on(situation.today, situation.facts.since)
        if not due and not self.now:
            return worked
        changes = tuple(self._moved(situation, worked))
        resets = due and review is not None and review.resets_points
        reset = tuple(expired(self._usable(situation, worked), self.name)) if resets else ()
        return worked.plus([Outcome(self.name, changes + reset)] if changes or reset else ())

    def _moved(self, situation: Situation, worked: Worked) -> Iterable[Entry]:
        levels, rank = self.tiers.levels, self._rank_now(situation, worked)
        unit = derived(Derived.TIER, levels[rank]) if rank >= 0 else ""
        held = [
            each for each in situation.facts.holdings if each.unit.startswith(f"{Derived.TIER}/")
        ]
        open_ones = [
            each for each in summed(held) if each.quantity > 0 and each.usable_on(situation.today)
        ]
        yield from expired((each for each in open_ones if each.unit != unit), self.name)
        if (
            rank >= 0
            and not self.tiers.is_base(rank)
            and unit not in {each.unit for each in open_ones}
        ):
            yield situation.earned(unit, 1, self.name)

    def _rank_now(self, situation: Situation, worked: Worked) -> int:
        """The place among the levels after the review; -1 for no tier."""
        reached = self.tiers.reached(self.tiers.measured(situation, worked), situation.units)
        measured = -1 if reached is None else self.tiers.levels.index(reached.id)
        before = self.tiers.rank_of(situation.facts, situation.today)
        if measured >= before:
            return measured
        after = {
            Downgrade.REQUALIFIED: measured,
            Downgrade.ONE_DOWN: max(measured, before - 1),
            Downgrade.BASE: 0 if self.tiers.is_base(0) else -1,
            Downgrade.NEVER: before,
        }
        return after[self.tiers.table.downgrade]

    def _usable(self, situation: Situation, worked: Worked) -> list[Holding]:
        found = summed(situation.held(self.tiers.table.unit, worked))
        return [each for each in found if each.quantity > 0 and each.usable_on(situation.today)]

    def reasons(self) -> Mapping[str, Texts]:
        """That it was looked at again."""
        return {self.name: _WHY}

    def readings(self) -> Iterable[Reading]:
        """What the tiers are measured by."""
        return self.tiers.readings()

    def looks_at(self) -> Iterable[str]:
        """Nothing at the till."""
        return ()

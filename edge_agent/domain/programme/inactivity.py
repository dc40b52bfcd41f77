"""Points that last as long as a member stays active: at the till, in balances, and taken away by central.

The lots of such a unit have no end of their own for it, since every purchase would have to give all of them a new one.
A tally knows the last day of activity instead; from it the end of everything in the unit follows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import ClassVar, Final

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding, summed
from edge_agent.domain.programme.lapses import expired
from edge_agent.domain.programme.own_rules import OwnRule
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Texts, texts
from edge_agent.domain.programme.units import Active, InactivityTable, UnitTable
from edge_agent.domain.tallies import EVER, Fold, Reading, figures

_WAS_ACTIVE: Final = texts(
    {
        "nl": "houdt het tegoed geldig",
        "en": "keeps the balance valid",
        "de": "hält das Guthaben gültig",
        "fr": "maintient le solde valable",
    }
)
_WAS_NOT: Final = texts(
    {
        "nl": "te lang niet gebruikt",
        "en": "not used for too long",
        "de": "zu lange nicht genutzt",
        "fr": "inutilisé trop longtemps",
    }
)


@dataclass(frozen=True)
class Activity:
    """Counts the days on which a member was active, for each unit that depends on it; worked last of all."""

    units: Mapping[str, UnitTable]
    name: ClassVar[str] = OwnRule.ACTIVE.value

    @cached_property
    def _tables(self) -> Mapping[str, InactivityTable]:
        return {
            unit: table.inactivity
            for unit, table in self.units.items()
            if table.inactivity is not None
        }

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """One more on the day's tally of each unit that this keeps alive."""
        if situation.facts.anonymous:
            return worked
        counted = tuple(
            situation.counted(_reading(unit).tally, 1, self.name)
            for unit, table in self._tables.items()
            if _shown(unit, situation, worked) & table.activity
        )
        return worked.plus([Outcome(self.name, counted)] if counted else ())

    def alive(
        self, holdings: Iterable[Holding], known: Mapping[str, int], today: date
    ) -> tuple[Holding, ...]:
        """The holdings without those of units whose member was away for too long; `known` are the figures."""
        gone = {unit for unit, last in self.ends(known, today).items() if last < today}
        if not gone:
            return tuple(holdings)
        return tuple(each for each in holdings if each.unit not in gone)

    def known(self, holdings: Iterable[Holding], today: date) -> Mapping[str, int]:
        """The figures that `alive` needs, from all of a member's holdings."""
        return figures(self.readings(), holdings, today, None)

    def ends(self, known: Mapping[str, int], today: date) -> Mapping[str, date]:
        """The last day of everything in such a unit, should the member stay away from now on; `known` as for `alive`.

        Whoever was never active has not been away either: an opening balance waits for the first purchase.
        """
        return {
            unit: table.last_day(today - timedelta(days=known[key]))
            for unit, table in self._tables.items()
            if (key := _reading(unit).key) in known
        }

    def lapsed(self, situation: Situation) -> tuple[Entry, ...]:
        """The entries that take away what the member was away from for too long."""
        alive = self.alive(situation.facts.holdings, situation.facts.figures, situation.today)
        gone = {each.unit for each in situation.facts.holdings} - {each.unit for each in alive}
        over = [
            each
            for each in summed(situation.facts.holdings)
            if each.unit in gone and each.quantity > 0 and not each.lapsed_on(situation.today)
        ]
        return tuple(expired(over, Dormancy.name))

    def reasons(self) -> Mapping[str, Texts]:
        """What being active does."""
        return {self.name: _WAS_ACTIVE}

    def readings(self) -> Iterable[Reading]:
        """The days since the last activity, for each unit that depends on it."""
        return [_reading(unit) for unit in self._tables]

    def looks_at(self) -> Iterable[str]:
        """Nothing that the member has."""
        return ()


@dataclass(frozen=True)
class Dormancy:
    """Takes away what was not used for too long; a chore of central alone. What is over by itself it leaves alone."""

    activity: Activity
    name: ClassVar[str] = OwnRule.INACTIVITY.value

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """One outcome for all units."""
        entries = self.activity.lapsed(situation)
        return worked.plus([Outcome(self.name, entries)] if entries else ())

    def reasons(self) -> Mapping[str, Texts]:
        """Why, in words."""
        return {self.name: _WAS_NOT}

    def readings(self) -> Iterable[Reading]:
        """When the member was last active."""
        return self.activity.readings()

    def looks_at(self) -> Iterable[str]:
        """Nothing at the till, which leaves out by itself what is over."""
        return ()


def _reading(unit: str) -> Reading:
    return Reading(f"active-{unit}", EVER, Fold.SINCE)


def _shown(unit: str, situation: Situation, worked: Worked) -> set[Active]:
    """The ways in which this shows that the member is active."""
    shown = {Active.SALE} if situation.basket.lines else set()
    for entry in worked.entries():
        if entry.unit == unit and entry.account is None:
            if entry.kind is EntryKind.REDEEM:
                shown.add(Active.REDEEM)
            elif entry.quantity > 0 and entry.kind in {EntryKind.EARN, EntryKind.ADJUST}:
                shown.add(Active.EARN)
    return shown

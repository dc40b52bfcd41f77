"""A customer over time: every entry is kept, and facts and figures are worked out from them as a till does."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from edge_agent.domain.basket import Basket
from edge_agent.domain.draws import Draw
from edge_agent.domain.entries import Entry, EntryKind, total_per_unit
from edge_agent.domain.holdings import Holding, summed
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Evaluation, Programme, evaluate
from edge_agent.domain.programme.acts import act_on
from edge_agent.domain.programme.situation import NOTHING, Act, Wanted
from edge_agent.domain.tallies import Reading, figures

TillCounts = Counter[tuple[str, date]]
"""What one till counted over all of its customers, by unit and day."""


def at(text: str) -> datetime:
    """A moment in winter or summer time of Amsterdam by its date and time, such as `2026-11-21 14:00`."""
    return datetime.fromisoformat(f"{text}:00+01:00" if " " in text else f"{text}T12:00:00+01:00")


class Customer:
    """One account, and what happens to it."""

    def __init__(
        self, programme: Programme, facts: MemberFacts | None = None, till: TillCounts | None = None
    ) -> None:
        self.programme = programme
        self.known = facts or MemberFacts("7f0c2b1e9d3a4c58")
        self.held: tuple[Holding, ...] = self.known.holdings
        self.till: TillCounts = Counter() if till is None else till
        self.entries: list[Entry] = []

    def facts(self, when: datetime) -> MemberFacts:
        """What a till knows of the customer at that time."""
        day = when.astimezone(self.programme.timezone).date()
        known = figures(self.programme.readings, self.held, day, self.known.since, self._of_till)
        return replace(self.known, holdings=self.held, figures=known)

    def buys(
        self, bought: Basket, when: datetime, draw: Draw | None = None, wanted: Wanted = NOTHING
    ) -> Evaluation:
        """A sale, and what is recorded of it."""
        found = evaluate(self.programme, self.facts(when), bought, when, wanted, draw)
        self.record(found.entries)
        return found

    def does(self, action: str, when: datetime, times: int = 1) -> Evaluation:
        """An act, and what is recorded of it."""
        found = act_on(self.programme, self.facts(when), Act(action, times), when)
        self.record(found.entries)
        return found

    def record(self, entries: Iterable[Entry]) -> None:
        """What central and till make of entries of this account."""
        own = [each for each in entries if each.account is None]
        self.entries += own
        self.held = summed((*self.held, *(each.holding for each in own)))
        for each in own:
            if each.kind is EntryKind.COUNT and each.day is not None:
                self.till[each.unit, each.day] += each.quantity

    def has(self, unit: str = "points") -> int:
        """How much of a unit the customer has, usable or not."""
        return total_per_unit(self.entries).get(unit, 0)

    def _of_till(self, reading: Reading, first: date, last: date) -> int:
        return sum(
            quantity
            for (unit, day), quantity in self.till.items()
            if unit == reading.unit and first <= day <= last
        )


def given(found: Evaluation, unit: str = "points") -> int:
    """What an evaluation gave this account of a unit."""
    return sum(each.quantity for each in found.entries if each.unit == unit and not each.account)


def days(first: str, count: int) -> list[datetime]:
    """Noon of so many days that follow each other."""
    return [at(first) + timedelta(days=more) for more in range(count)]

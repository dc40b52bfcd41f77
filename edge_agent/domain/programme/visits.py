"""Counting visits: one for every sale with a card, whatever was bought."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from edge_agent.domain.programme.own_rules import OwnRule
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Texts, texts
from edge_agent.domain.tallies import EVER, Fold, Reading

VISITS = "visits"
"""The tally of days and sales with a card: one for every sale that is recorded, taken back when all of it is."""

VISITS_EVER = Reading(VISITS)
SINCE_LAST_VISIT = Reading(VISITS, EVER, Fold.SINCE)

_WHY: Final = texts({"nl": "bezoek", "en": "visit", "de": "Besuch", "fr": "visite"})


class Visits:
    """Counts this visit, so that the next one has its number; there only where a rule asks for visits."""

    name: ClassVar[str] = OwnRule.VISITS.value

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """One visit, for a sale with a card."""
        if situation.facts.anonymous or not situation.basket.lines:
            return worked
        return worked.plus([Outcome(self.name, (situation.counted(VISITS, 1, self.name),))])

    def reasons(self) -> Mapping[str, Texts]:
        """What it counts."""
        return {self.name: _WHY}

    def readings(self) -> Iterable[Reading]:
        """None: rules that ask for visits say so themselves."""
        return ()

    def looks_at(self) -> Iterable[str]:
        """Nothing that the member has."""
        return ()

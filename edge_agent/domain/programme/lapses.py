"""What is over: lots whose last day has passed are taken away."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding, summed
from edge_agent.domain.programme.own_rules import OwnRule
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Texts, texts
from edge_agent.domain.tallies import Reading
from edge_agent.domain.units import is_tally

_WHY: Final = texts(
    {
        "nl": "de geldigheid is voorbij",
        "en": "the validity is over",
        "de": "die Gültigkeit ist vorbei",
        "fr": "la validité est passée",
    }
)


class Lapses:
    """Takes away what is left of every lot whose last day is over; a chore of central alone.

    What was taken from a lot beyond what it had stays owed: a debt does not lapse.
    """

    name: ClassVar[str] = OwnRule.LAPSE.value

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """One outcome with an entry for each life that is over."""
        over = [
            each
            for each in summed(situation.facts.holdings)
            if each.quantity > 0 and each.lapsed_on(situation.today) and not is_tally(each.unit)
        ]
        return worked.plus([Outcome(self.name, tuple(expired(over, self.name)))] if over else ())

    def reasons(self) -> Mapping[str, Texts]:
        """Why, in words."""
        return {self.name: _WHY}

    def readings(self) -> Iterable[Reading]:
        """None: each lot says itself when it is over."""
        return ()

    def looks_at(self) -> Iterable[str]:
        """Nothing at the till, which leaves lapsed lots out by itself."""
        return ()


def expired(holdings: Iterable[Holding], rule: str) -> Iterable[Entry]:
    """The entries that take these holdings away by `rule`."""
    for unit, quantity, expires_on, matures_on, day, lot in holdings:
        yield Entry(EntryKind.EXPIRE, unit, -quantity, rule, None, lot, expires_on, matures_on, day)

"""The lines of the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from edge_agent.domain.basket import Line
from edge_agent.domain.holdings import Holding
from edge_agent.domain.units import keeps_lots_apart

QUANTITY_MAX = 10**12
"""What one entry moves at most, in smallest parts: far above any sale, far below 64 bits, so that sums stay exact."""


class EntryKind(StrEnum):
    """What an entry does to an account. `COUNT` moves a tally; central alone makes the last three."""

    EARN = "earn"
    REDEEM = "redeem"
    COUNT = "count"
    REVERSE = "reverse"
    ADJUST = "adjust"
    TRANSFER = "transfer"
    EXPIRE = "expire"


class Life(NamedTuple):
    """When something can be used: from `matures_on` (None: at once) up to and including `expires_on` (None: for ever).

    Days are those of the programme's time zone. `day` is kept where it matters later on which day it came: for tallies,
    and for units that are used up oldest first.
    """

    matures_on: date | None = None
    expires_on: date | None = None
    day: date | None = None


ALWAYS = Life()
"""Usable at once and for ever."""


class Entry(NamedTuple):
    """One change of one account in the smallest part of `unit`; positive adds, negative takes.

    `unit` is one that the programme declares, or one of the derived kinds of `domain.units`: a tier, a voucher, a tally
    are held as lots of their own units. `lot` is the record id (32 hex digits) of the record that gave it, None in that
    record itself. `rule` and `line` say where it came from; the programme has the rule's reason in words. `account` is
    set where it is another one than the record's.
    """

    kind: EntryKind
    unit: str
    quantity: int
    rule: str
    line: int | None = None
    lot: str | None = None
    expires_on: date | None = None
    matures_on: date | None = None
    day: date | None = None
    account: str | None = None

    @property
    def life(self) -> Life:
        """When what it adds or takes can be used."""
        return Life(self.matures_on, self.expires_on, self.day)

    @property
    def holding(self) -> Holding:
        """The entry as a change of what the account has."""
        lot = self.lot if keeps_lots_apart(self.unit) else None
        return Holding(self.unit, self.quantity, self.expires_on, self.matures_on, self.day, lot)

    def to_json(self) -> dict[str, Any]:
        """The entry as a record holds it."""
        facts: dict[str, Any] = {
            "kind": str(self.kind),
            "unit": self.unit,
            "quantity": self.quantity,
            "rule": self.rule,
        }
        if self.line is not None:
            facts["line"] = self.line
        if self.lot is not None:
            facts["lot"] = self.lot
        if self.expires_on is not None:
            facts["expires_on"] = self.expires_on.isoformat()
        if self.matures_on is not None:
            facts["matures_on"] = self.matures_on.isoformat()
        if self.day is not None:
            facts["day"] = self.day.isoformat()
        if self.account is not None:
            facts["account"] = self.account
        return facts

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Entry":
        """The inverse of `to_json`."""
        return cls(
            kind=EntryKind(facts["kind"]),
            unit=facts["unit"],
            quantity=facts["quantity"],
            rule=facts["rule"],
            line=facts.get("line"),
            lot=facts.get("lot"),
            expires_on=_day(facts.get("expires_on")),
            matures_on=_day(facts.get("matures_on")),
            day=_day(facts.get("day")),
            account=facts.get("account"),
        )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def entries_by_line(
    kind: EntryKind,
    unit: str,
    quantities: Sequence[int],
    rule: str,
    lines: Sequence[Line],
    life: Life = ALWAYS,
) -> list[Entry]:
    """An entry for each line of which there is something; `quantities` has how much of each.

    A sale has hundreds, so they are made in the quickest way that there is.
    """
    matures_on, expires_on, day = life
    new, found = tuple.__new__, []
    for place, much in enumerate(quantities):
        if much:
            line = lines[place].number
            facts = (kind, unit, much, rule, line, None, expires_on, matures_on, day, None)
            found.append(new(Entry, facts))
    return found


def total_per_unit(entries: Iterable[Entry]) -> dict[str, int]:
    """Sum of the entries per unit."""
    totals: dict[str, int] = {}
    for entry in entries:
        totals[entry.unit] = totals.get(entry.unit, 0) + entry.quantity
    return totals

"""The lines of the ledger, and taking them back."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple


class EntryKind(StrEnum):
    """What an entry does to an account. The other kinds of design.md come with the acts that make them."""

    EARN = "earn"
    REVERSE = "reverse"


class Entry(NamedTuple):
    """One change of one account, in whole units of `unit`; positive adds, negative takes.

    `lot` is the record id (32 hex digits) of the earning record, None in that record itself. Points of one
    record with one expiry date are one lot. `expires_on` is the last day on which they can be used, in the
    programme's time zone. `rule` and `line` say where it came from; the programme has the rule's reason in words.
    """

    kind: EntryKind
    unit: str
    quantity: int
    rule: str
    line: int | None = None
    lot: str | None = None
    expires_on: date | None = None

    def to_json(self) -> dict[str, Any]:
        """The entry as a record holds it."""
        facts: dict[str, Any] = {
            "kind": self.kind.value,
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
        return facts

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Entry":
        """The inverse of `to_json`."""
        expires_on = facts.get("expires_on")
        return cls(
            kind=EntryKind(facts["kind"]),
            unit=facts["unit"],
            quantity=facts["quantity"],
            rule=facts["rule"],
            line=facts.get("line"),
            lot=facts.get("lot"),
            expires_on=None if expires_on is None else date.fromisoformat(expires_on),
        )


def total_per_unit(entries: Sequence[Entry]) -> dict[str, int]:
    """Sum of the entries per unit."""
    totals: dict[str, int] = {}
    for entry in entries:
        totals[entry.unit] = totals.get(entry.unit, 0) + entry.quantity
    return totals


def reversal(
    earned: Sequence[Entry],
    reversed_before: Sequence[Entry],
    lot: str,
    line: int,
    bought: Decimal,
    returned: Decimal,
) -> list[Entry]:
    """The entries that take back what the returned part of one line earned.

    `returned` counts everything of the line that came back so far, this time included. Per unit, what is
    reversed in all is floor(P x returned / bought) of the P that the line earned, so that the whole line takes
    back exactly P, in however many parts it comes. The latest rules are taken first (a bonus before the base),
    which keeps the reversal of each entry monotonic. `reversed_before` are this line's earlier reversals.
    Raises ValueError where nothing was bought or a negative quantity would come back.
    """
    if bought <= 0 or returned < 0:
        raise ValueError("a return needs a quantity that was bought and one that is not negative")
    share = min(Fraction(returned) / Fraction(bought), Fraction(1))
    of_line = [entry for entry in earned if entry.line == line]
    taken: dict[tuple[str, str, date | None], int] = {}
    for entry in reversed_before:
        if entry.line == line:
            key = (entry.unit, entry.rule, entry.expires_on)
            taken[key] = taken.get(key, 0) - entry.quantity
    left = {unit: int(total * share) for unit, total in total_per_unit(of_line).items()}
    result: list[Entry] = []
    for entry in reversed(of_line):
        target = min(entry.quantity, left[entry.unit])
        left[entry.unit] -= target
        key = (entry.unit, entry.rule, entry.expires_on)
        before = min(taken.get(key, 0), target)
        taken[key] = taken.get(key, 0) - before
        if target > before:
            result.append(
                Entry(
                    EntryKind.REVERSE,
                    entry.unit,
                    before - target,
                    entry.rule,
                    line,
                    lot,
                    entry.expires_on,
                )
            )
    return result

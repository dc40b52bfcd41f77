"""Where a till's facts were others than central's: the award stands, since the receipt has promised it, and is listed.

A till knows of the other tills what central told it last. So two tills without a line may both give what a cap lets
through once, or what a tier gives that was lost meanwhile. What central knows is as of just before the record, in the
order that records are posted in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts, birthday_windows
from edge_agent.domain.programme import Programme
from edge_agent.domain.units import Derived, is_tally, keeps_lots_apart, kind_of
from sync.central.bodies import Act
from sync.central.facts import facts_on
from sync.central.ledger import LedgerEntry, holdings

DIFFERENCES_PER_RECORD_MAX = 20
"""More facts than the rules of most programmes ask about; a till that knows nothing right is seen by them."""

_VALUE_CHARACTERS_MAX = 200
_NAME_CHARACTERS_MAX = 160
"""An attribute's name may be longer than the list has room for."""


class Difference(NamedTuple):
    """One fact as the till had it and as central knows it; "" where there is none."""

    fact: str
    till: str
    central: str


@dataclass(slots=True)
class Known:
    """What central knows of one account: its row, and what it has, this batch's own entries included."""

    row: Any
    held: list[Holding] = field(default_factory=list)

    def moved(self, entry: LedgerEntry) -> None:
        """Count one more entry."""
        matures_on, expires_on, day = entry.life
        lot = entry.lot if keeps_lots_apart(entry.unit) else None
        self.held.append(Holding(entry.unit, entry.quantity, expires_on, matures_on, day, lot))


def known_of(connection: Connection, rows: Mapping[str, Any]) -> dict[str, Known]:
    """What the database knows of these accounts, whose rows are given by their refs."""
    held = holdings(connection, list(rows)) if rows else {}
    return {ref: Known(row, held.get(ref, [])) for ref, row in rows.items()}


def differences(act: Act, programme: Programme, known: Known) -> list[Difference]:
    """The facts of an act (which have been checked) that central knows otherwise."""
    tills = MemberFacts.from_json(act.said["facts"])
    today = programme.local_date(act.at)
    row = known.row
    ours = facts_on(row, known.held, programme, today)
    if programme.asks.birthday and row.birthday:
        ours = replace(ours, birthday=birthday_windows(row.birthday[-len("MM-DD") :], today))
    ours = programme.present(ours, today)
    theirs, expected = _said(tills, programme, today), _said(ours, programme, today)
    if theirs == expected:
        return []
    found = {
        name[:_NAME_CHARACTERS_MAX]: Difference(
            name[:_NAME_CHARACTERS_MAX], _text(theirs.get(name)), _text(expected.get(name))
        )
        for name in sorted(theirs.keys() | expected.keys())
        if theirs.get(name) != expected.get(name)
    }
    return list(found.values())[:DIFFERENCES_PER_RECORD_MAX]


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:_VALUE_CHARACTERS_MAX]


def _said(facts: MemberFacts, programme: Programme, today: Any) -> dict[str, Any]:
    """The facts that the rules may have looked at; what is nothing is left out.

    Not among them: what a till counts for itself, the lots that something is kept in (only their sum), and vouchers,
    which a typed number hides.
    """
    said: dict[str, Any] = {
        "standing": facts.standing.value,
        "tier": facts.tier,
        "since": facts.since,
        "language": facts.language if programme.asks.language else None,
        "segments": " ".join(sorted(facts.segments & programme.asks.segments)),
        "birthday": " ".join(sorted(facts.birthday)),
    }
    for name, value in facts.attributes.items():
        said[f"attributes.{name}"] = value
    for reading in programme.readings:
        if not reading.here:
            said[f"figures.{reading.key}"] = facts.figures.get(reading.key)
    for unit, quantity in _held(facts.holdings, programme, today):
        said[f"holdings.{unit}"] = quantity
    return {name: value for name, value in said.items() if value}


def _held(held: Iterable[Holding], programme: Programme, today: Any) -> Iterable[tuple[str, int]]:
    looked_at = programme.looks_at
    sums: dict[str, int] = {}
    for each in held:
        unit = each.unit
        if kind_of(unit) is Derived.VOUCHER or is_tally(unit) or each.lapsed_on(today):
            continue
        if unit in looked_at or f"{unit.partition('/')[0]}/" in looked_at:
            sums[unit] = sums.get(unit, 0) + each.quantity
    return sums.items()

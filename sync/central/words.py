"""What the current programme calls what members have, for people and for scripts."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from edge_agent.domain.programme.naming import Names
from edge_agent.domain.units import is_tally, kind_of
from sync.central.database import Database
from sync.central.programmes import Programmes
from sync.central.texts import LANGUAGES

OWN = "unit"
"""The kind of the units that a programme declares itself; the others are those of `domain.units`."""


class Words:
    """Names of units; the ids themselves before there is a programme."""

    def __init__(self, database: Database, programmes: Programmes) -> None:
        self._database = database
        self._programmes = programmes

    def names(self, language: str) -> Names | None:
        """The names of the current programme."""
        with self._database.read() as connection:
            programme = self._programmes.current(connection)
        return None if programme is None else Names(programme.file, language)

    def units(self, connection: Connection, units: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Per unit its kind, in how many decimals it is counted, and what it is called in each language."""
        programme = self._programmes.current(connection)
        found: dict[str, dict[str, Any]] = {}
        for unit in sorted(set(units)):
            kind = kind_of(unit)
            table = None if programme is None else programme.file.unit.get(unit)
            found[unit] = {
                "kind": OWN if kind is None else kind.value,
                "decimals": 0 if table is None else table.decimals,
                "name": {
                    language: unit
                    if programme is None
                    else Names(programme.file, language).unit(unit)
                    for language in LANGUAGES
                },
            }
        return found


def apart(balance: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """What somebody has, and what was only counted of them."""
    tallies = {unit: quantity for unit, quantity in balance.items() if is_tally(unit)}
    return {unit: n for unit, n in balance.items() if unit not in tallies}, tallies

"""The programme of ours that a neutral one becomes, table by table."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.peers.parts import Part
from tests.peers.toml import toml

Table = dict[str, Any]

DECIMALS_MAX = 4
"""The most decimals that a unit can have here; cases that keep fractions of points stay within."""

POINTS_REWARD = "use-points"
"""The reward by which points are used at so much money a point, where a programme has such a thing."""


def slug(name: str) -> str:
    """An id of ours for a neutral name."""
    return re.sub(r"[^a-z0-9]+", "-", f"x-{name}".lower()).strip("-")[:40]


def number(value: Any) -> Decimal:
    """A number of a case, exactly as it is written."""
    return Decimal(str(value))


def minor(value: Any) -> int:
    """An amount in minor units."""
    return int(number(value))


@dataclass
class Draft:
    """Tables as they are gathered; `tables` that stand alone by their name, `lists` those that are repeated."""

    tables: dict[str, Table] = field(default_factory=dict)
    lists: dict[str, list[Table]] = field(default_factory=dict)
    decimals: int = 0
    timezone: str = "UTC"
    rewards: dict[str, str] = field(default_factory=dict)
    """Our ids of rewards by their neutral ids."""
    vouchers: dict[str, str] = field(default_factory=dict)
    """Our ids of vouchers by their neutral ids."""
    tiers: dict[str, str] = field(default_factory=dict)
    """Our ids of tiers by their neutral names."""
    codes: dict[str, str] = field(default_factory=dict)
    """The code that stands for a promotion, by its neutral id."""
    codes_needed: dict[str, str] = field(default_factory=dict)
    """What a promotion itself asks for at the till, by its neutral id."""
    names: dict[str, str] = field(default_factory=dict)
    """The neutral ids of our rules."""
    measures: set[str] = field(default_factory=set)
    """The keys of a neutral line by which its measure is told."""
    free_lines: bool = False
    """Whether the till puts free products into the basket at no price, so that nothing is off them."""
    tax_on_top: bool = False
    """Whether prices are without tax, which is put on top of the whole price whatever points take off."""
    order_offers_are_own: bool = False
    """Whether what is off the whole order lowers no points."""

    def table(self, name: str) -> Table:
        """The table of that name."""
        return self.tables.setdefault(name, {})

    def add(self, name: str, **values: Any) -> Table:
        """One more of the repeated tables of that name, with an id that tells it from the others."""
        rows = self.lists.setdefault(name, [])
        row = {"id": f"{name}-{len(rows)}"} | values
        rows.append(row)
        return row

    def unit(self, name: str) -> Table:
        """The table of a unit."""
        units = self.table("unit")
        table: Table = units.setdefault(name, {})
        return table

    def text(self) -> str:
        """The programme file."""
        head = {
            "format": 1,
            "id": "peer",
            "version": 1,
            "name": "Peer",
            "timezone": self.timezone,
            "currency": "EUR",
        }
        lines = [toml(head), "valid_from = 2000-01-01T00:00:00+00:00"]
        lines.append(toml({name: table for name, table in self.tables.items() if table}))
        lines.append(toml({name: list(rows) for name, rows in self.lists.items()}))
        return "\n".join(lines) + "\n"


_SELECTED = {
    "skus": "sku",
    "categories": "category",
    "brands": "brand",
    "labels": "label",
    "kinds": "kind",
}
"""Our words for kinds of lines, which cases use too, and what they call a single one."""


def selection(part: Part, *kept_out: Part) -> Table | None:
    """A selection of lines; `kept_out` take lines out again, by any of their keys."""
    found = _keys(part)
    out = [{key: words} for each in kept_out for key, words in _keys(each).items()]
    if out:
        found["without"] = out
    return found or None


def _keys(part: Part) -> Table:
    found: Table = {}
    with part:
        for several, one in _SELECTED.items():
            words = part.first(several, one)
            if words is not None:
                found[several] = [words] if isinstance(words, str) else list(words)
    return found

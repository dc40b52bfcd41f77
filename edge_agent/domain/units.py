"""The names of units: those a programme declares, and those that are derived from its rules.

Whatever a member can have is held as lots of a unit, so that one ledger, one way of returning and one way of expiring
serve all of it. A programme's own units are plain ids; derived ones have a kind before a stroke, which no id can hold.
"""

from enum import StrEnum


class Derived(StrEnum):
    """The kinds of derived units, and what a quantity of them is."""

    COUNT = "count"  # a tally, by day: visits, minor units spent, uses of a rule
    TIER = "tier"  # 1 for a tier that is held, over its validity
    MEMBERSHIP = "membership"  # 1 for a paid membership that runs
    VOUCHER = "voucher"  # minor units of money that are left, or uses; lots are kept apart
    REWARD = "reward"  # rewards that were issued and can be collected
    OFFER = "offer"  # 1 for an offer that the member activated


def derived(kind: Derived, name: str) -> str:
    """The unit of that kind for the rule `name`."""
    return f"{kind}/{name}"


def kind_of(unit: str) -> Derived | None:
    """The kind of a derived unit; None for one that a programme declares."""
    kind, stroke, _ = unit.partition("/")
    return Derived(kind) if stroke else None


def name_of(unit: str) -> str:
    """A derived unit's rule, or the unit itself."""
    return unit.partition("/")[2] or unit


def is_tally(unit: str) -> bool:
    """Whether it only counts, so that nobody has any of it."""
    return unit.startswith("count/")


def keeps_lots_apart(unit: str) -> bool:
    """Whether each lot is a thing of its own, with a code that it can be named by."""
    return unit.startswith("voucher/")

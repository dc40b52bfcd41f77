"""What entries name as their rule where no rule of a file brought them about."""

from enum import StrEnum


class OwnRule(StrEnum):
    """The ids that the rules of no file may have, since records and reports tell by them where something came from."""

    VISITS = "visits"
    ACTIVE = "active"
    INACTIVITY = "inactivity"
    LAPSE = "lapse"
    TIER_PROGRESS = "tier-progress"
    TIER_REVIEW = "tier-review"
    # Of central alone.
    OPENING = "opening"  # what members had when they were taken over from another system
    GIVEN_AGAIN = "given-again"  # what is back after it had been taken too early
    OWED = "owed"  # what was taken beyond what was there


LAW = "law-"
"""How the ids of what the law says begin."""


_OWN = frozenset(rule.value for rule in OwnRule)


def is_own(rule_id: str) -> bool:
    """Whether no rule of a file may have this id."""
    return rule_id in _OWN or rule_id.startswith(LAW)

"""How often something may be used: in a sale, by a member within a time, and at this till."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from edge_agent.domain.entries import Entry
from edge_agent.domain.programme.gifts import GIFTS_MAX, Limit
from edge_agent.domain.programme.situation import Situation, Worked
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import Reading, Window


class Whose(StrEnum):
    """Whose uses are counted."""

    MEMBER = "member"
    SALE = "sale"
    TILL = "till"


class UseLimit(Limit):
    """At most so many uses: of one member, in one sale, or at each till.

    Uses of a member are those of the account, which a household shares. Tills without a line cannot know of each
    other's uses, so what there is of a stock is shared out over them beforehand.
    """

    of: Whose = Field(
        default=Whose.MEMBER,
        description="Whose uses are counted: of the member, of the sale (per is then nothing), or of each till.",
        examples=["till"],
    )

    def reading(self, tally: str) -> Reading:
        """What has to be known of the tally that counts the uses."""
        return Reading(tally, Window.parse(self.per), here=self.of is Whose.TILL)


UseLimits = Annotated[tuple[UseLimit, ...], Field(max_length=GIFTS_MAX)]


def tally_of(rule: str) -> str:
    """The tally that counts a rule's uses."""
    return f"use.{rule}"


def limit_readings(limits: Sequence[UseLimit], rule: str) -> Iterable[Reading]:
    """The figures that these limits of a rule ask for."""
    tally = tally_of(rule)
    return (limit.reading(tally) for limit in limits if limit.of is not Whose.SALE)


def unmet_limit(
    limits: Sequence[UseLimit], rule: str, situation: Situation, worked: Worked
) -> Unmet | None:
    """The limit that leaves no further use in this sale; None when one more is fine."""
    if not limits:
        return None
    now = sum(each.rule == rule and each.unmet is None for each in worked.outcomes)
    return _first_unmet(limits, rule, situation.facts.figures, now)


def unmet_before(limits: Sequence[UseLimit], rule: str, figures: Mapping[str, int]) -> Unmet | None:
    """The same where there is no sale yet, from the member's figures."""
    return _first_unmet(limits, rule, figures, 0)


def _first_unmet(
    limits: Sequence[UseLimit], rule: str, figures: Mapping[str, int], now: int
) -> Unmet | None:
    tally = tally_of(rule)
    for limit in limits:
        before = 0 if limit.of is Whose.SALE else figures.get(limit.reading(tally).key, 0)
        if before + now >= limit.times:
            gone = limit.of is Whose.TILL
            return Unmet(Obstacle.ALL_GONE if gone else Obstacle.USED_UP, before + now)
    return None


def use_counted(limits: Sequence[UseLimit], rule: str, situation: Situation) -> tuple[Entry, ...]:
    """The entry that counts one use, where a limit will ask for it."""
    if not limits or all(limit.of is Whose.SALE for limit in limits):
        return ()
    return (situation.counted(tally_of(rule), 1, rule),)

"""Messages for one member: a welcome journey, a win-back, news for a segment; and never too often."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field

from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.form import TableModel, Whole
from edge_agent.domain.programme.gifts import Limits
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Campaign, LocalText, RuleId, Texts
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import Reading

CHANNEL: Final = "channel"
"""The attribute of a member that says how they want to be spoken to: `till`, `receipt`, `e-mail`, `post`, or several of
these with spaces between them. Without it nothing is refused."""


class Place(StrEnum):
    """Where a till can tell or ask something."""

    SCREEN = "screen"
    RECEIPT = "receipt"


_CHANNELS: Final[Mapping[Place, str]] = {Place.SCREEN: "till", Place.RECEIPT: "receipt"}

BOTH: Final = frozenset(Place)

PRIORITY_MAX = 100
PER_VISIT_MAX = 10
"""Nobody reads more."""


class MessageRule(Campaign):
    """`text` for members and sales for which `when` holds, within `limits`; the higher `priority` comes first.

    `when.visits` and `joined_days_min` make a welcome journey, `away_days` a win-back.
    """

    id: RuleId = Field(description="Names the message in records.", examples=["welcome-2"])
    text: LocalText = Field(
        description="What the customer reads.", examples=["Fijn dat u er weer bent!"]
    )
    where: Annotated[frozenset[Place], Field(min_length=1)] = Field(
        default=BOTH,
        description="On the cashier's screen, on the receipt, or both.",
        examples=[["receipt"]],
    )
    when: Conditions = Field(
        default=Conditions(),
        description="For whom and at which visits.",
        examples=[{"visits": [2]}],
    )
    priority: Whole = Field(
        default=0,
        ge=0,
        le=PRIORITY_MAX,
        description="The higher comes first where there are more than fit.",
        examples=[10],
    )
    limits: Limits = Field(
        default=(),
        description="How often one member is told.",
        examples=[[{"times": 1, "per": "30 days"}]],
    )

    @property
    def tally(self) -> str:
        """Counts the visits at which the member was told."""
        return f"told.{self.id}"


class MessagesTable(TableModel):
    """What holds for all messages together."""

    per_visit: Whole = Field(
        default=2,
        gt=0,
        le=PER_VISIT_MAX,
        description="So many messages at most in each place at one visit.",
        examples=[1],
    )


def wants(facts: MemberFacts, places: Iterable[Place]) -> frozenset[Place]:
    """Those places in which this member wants to be spoken to."""
    chosen = facts.attributes.get(CHANNEL)
    return frozenset(
        place for place in places if chosen is None or _CHANNELS[place] in chosen.split()
    )


@dataclass(frozen=True)
class Messages:
    """At most so many messages in each place, the most important first, then in the file's order."""

    rules: tuple[MessageRule, ...]
    table: MessagesTable
    name: ClassVar[str] = "message"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """The messages of this sale; each outcome's note says in which places."""
        if situation.facts.anonymous or situation.act is not None:
            return worked
        result = []
        told = self.told(situation, worked)
        for rule in self.rules:
            if places := told.get(rule.id):
                counted = (situation.counted(rule.tally, 1, rule.id),) if rule.limits else ()
                result.append(Outcome(rule.id, counted, note=" ".join(sorted(places))))
            elif situation.explains:
                unmet = _unmet(rule, situation, worked) or Unmet(Obstacle.USED_UP, 1)
                result.append(Outcome(rule.id, unmet=unmet))
        return worked.plus(result)

    def told(self, situation: Situation, worked: Worked) -> dict[str, list[Place]]:
        """In which places each message is told, by the message's id."""
        found: dict[str, list[Place]] = {}
        open_ones = [
            rule
            for rule in sorted(self.rules, key=lambda rule: -rule.priority)
            if _unmet(rule, situation, worked) is None
        ]
        for place in Place:
            here = [r for r in open_ones if place in wants(situation.facts, r.where)]
            for rule in here[: self.table.per_visit]:
                found.setdefault(rule.id, []).append(place)
        return found

    def reasons(self) -> Mapping[str, Texts]:
        """Their texts."""
        return {rule.id: rule.text for rule in self.rules}

    def readings(self) -> Iterator[Reading]:
        """How often the member was told, and those of its conditions."""
        for rule in self.rules:
            yield from (limit.reading(rule.tally) for limit in rule.limits)
            yield from rule.when.readings()

    def looks_at(self) -> Iterable[str]:
        """What its conditions ask of the member."""
        return (unit for rule in self.rules for unit in rule.when.looks_at())


def _unmet(rule: MessageRule, situation: Situation, worked: Worked) -> Unmet | None:
    """Why a message is not for this member at this visit."""
    if not wants(situation.facts, rule.where):
        return Unmet(Obstacle.OTHER_CHANNEL)
    for limit in rule.limits:
        if situation.figure(limit.reading(rule.tally)) >= limit.times:
            return Unmet(Obstacle.USED_UP, limit.times)
    return unmet_at_visit(rule.when, situation, worked)


def unmet_at_visit(when: Conditions, situation: Situation, worked: Worked) -> Unmet | None:
    """Why conditions do not hold at a visit; a selection needs a line that it takes."""
    lines = [line for line in situation.lines if when.takes(line)]
    if not lines and not when.is_everything:
        return Unmet(Obstacle.NO_LINE)
    return when.unmet_by(situation, worked, lines)

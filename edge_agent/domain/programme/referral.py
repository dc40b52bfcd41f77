"""Bringing somebody in: what both sides get once the new member has bought something."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Final, Self

from pydantic import Field, model_validator

from edge_agent.domain.entries import EntryKind
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.gifts import Gifts, given
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Campaign, LocalText, RuleId, Texts, texts
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import Reading

REFERRED: Final = Reading("referred")
"""Whether this member's referral was rewarded before: once is for ever."""

_TITLE: Final = texts(
    {
        "nl": "nieuw lid aangebracht",
        "en": "a friend brought in",
        "de": "neues Mitglied geworben",
        "fr": "nouveau membre parrainé",
    }
)


class After(StrEnum):
    """What the new member has to do first."""

    EARNING = "earning"  # the first sale that earns something; a gift card alone does not
    PURCHASE = "purchase"  # the first sale


class ReferralTable(Campaign):
    """What the one who was brought in and the one who did it get, once, after the first purchase that counts.

    Who brought whom in is said at enrolment. Members of one household share an account and cannot bring each other in.
    """

    id: RuleId = Field(
        default="referral", description="Names it in records and on receipts.", examples=["friends"]
    )
    title: LocalText = Field(
        default=_TITLE, description="What both are told.", examples=["vriend aangebracht"]
    )
    after: After = Field(
        default=After.EARNING,
        description="Whether the first sale counts that earns something, or the first sale of any kind.",
        examples=["purchase"],
    )
    when: Conditions = Field(
        default=Conditions(),
        description="Which sale counts.",
        examples=[{"minimum_sale": 1000, "joined_days_max": 90}],
    )
    referrer: Gifts = Field(
        default=(),
        description="What whoever brought the member in gets.",
        examples=[[{"quantity": 50}]],
    )
    member: Gifts = Field(
        default=(),
        description="What the new member gets.",
        examples=[[{"quantity": 50}]],
    )

    @model_validator(mode="after")
    def _gives_something(self) -> Self:
        if not self.referrer and not self.member:
            raise ValueError("give something to the referrer, the member or both")
        return self


@dataclass(frozen=True)
class Referral:
    """Rewards the referral of the member of this sale, if there was one and it was not rewarded yet."""

    table: ReferralTable
    name: ClassVar[str] = "referral"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """Both sides' gifts; those of the referrer are entries of the other account."""
        rule, facts = self.table, situation.facts
        unmet = self._unmet(situation, worked)
        if unmet is not None or facts.referred_by is None:
            return worked.plus([Outcome(rule.id, unmet=unmet)] if situation.explains else ())
        # What another account is given lasts by its own day of joining, which is not known here.
        theirs = replace(situation, facts=MemberFacts(facts.referred_by))
        entries = (
            situation.counted(REFERRED.tally, 1, rule.id),
            *given(rule.member, situation, rule.id),
            *(each.entry(theirs, rule.id, account=facts.referred_by) for each in rule.referrer),
        )
        return worked.plus([Outcome(rule.id, entries)])

    def _unmet(self, situation: Situation, worked: Worked) -> Unmet | None:
        facts = situation.facts
        if facts.anonymous or facts.referred_by in {None, facts.account}:
            return Unmet(Obstacle.NOT_REFERRED)
        if situation.figure(REFERRED) > 0:
            return Unmet(Obstacle.USED_UP, 1)
        if self.table.after is After.EARNING and not any(
            entry.kind is EntryKind.EARN and entry.unit in situation.units
            for entry in worked.entries()
        ):
            return Unmet(Obstacle.NO_BASE)
        return self.table.when.unmet_by(situation, worked, situation.lines)

    def reasons(self) -> Mapping[str, Texts]:
        """The title."""
        return {self.table.id: self.table.title}

    def readings(self) -> Iterable[Reading]:
        """Whether it was rewarded before, and those of its conditions."""
        return (REFERRED, *self.table.when.readings())

    def looks_at(self) -> Iterable[str]:
        """What its conditions ask of the member."""
        return self.table.when.looks_at()

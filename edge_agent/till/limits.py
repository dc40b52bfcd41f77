"""What may be redeemed where nothing but this till's word stands for it: limits, so that the worst loss is known."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from edge_agent.domain.money import Rounding, fraction, rounded
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.rewards import RewardRule
from edge_agent.domain.programme.texts import Texts, texts


@dataclass(frozen=True, slots=True)
class OfflineLimits:
    """`[redemption.offline]` of the configuration, in whole points of any unit.

    `per_outage` is for all members together, and counts what central has not posted yet; `members_max_age` is how old
    central's figures may be.
    """

    per_redemption: int = 500
    per_member: int = 500
    per_outage: int = 20_000
    members_max_age: timedelta = timedelta(hours=72)


class AtRisk(NamedTuple):
    """Points that this till reserved or redeemed and central has not posted: of one member, and of all."""

    of_member: Fraction = Fraction(0)
    of_all: Fraction = Fraction(0)


class Limit(StrEnum):
    """Which limit was reached."""

    REDEMPTION = "redemption"
    MEMBER = "member"
    OUTAGE = "outage"
    AGE = "age"


_WORDS: dict[Limit, Texts] = {
    Limit.REDEMPTION: texts(
        {
            "nl": "zonder centrale zijn hoogstens {most} punten per keer in te wisselen",
            "en": "without central at most {most} points can be redeemed at a time",
            "de": "ohne Zentrale können höchstens {most} Punkte auf einmal eingelöst werden",
            "fr": "sans la centrale, au plus {most} points peuvent être utilisés à la fois",
        }
    ),
    Limit.MEMBER: texts(
        {
            "nl": "zonder centrale zijn voor deze klant nog {left} punten in te wisselen",
            "en": "without central {left} more points can be redeemed for this customer",
            "de": "ohne Zentrale können für diesen Kunden noch {left} Punkte eingelöst werden",
            "fr": "sans la centrale, encore {left} points peuvent être utilisés pour ce client",
        }
    ),
    Limit.OUTAGE: texts(
        {
            "nl": "zonder centrale zijn op deze kassa nog {left} punten in te wisselen",
            "en": "without central {left} more points can be redeemed at this till",
            "de": "ohne Zentrale können an dieser Kasse noch {left} Punkte eingelöst werden",
            "fr": "sans la centrale, encore {left} points peuvent être utilisés à cette caisse",
        }
    ),
    Limit.AGE: texts(
        {
            "nl": "de saldi zijn ouder dan {most} uur; inwisselen kan weer na contact met de centrale",
            "en": "the balances are older than {most} hours; redeeming works again after contact with central",
            "de": "die Salden sind älter als {most} Stunden; Einlösen geht wieder nach Kontakt zur Zentrale",
            "fr": "les soldes ont plus de {most} heures ; utilisation possible après contact avec la centrale",
        }
    ),
}


class Reached(NamedTuple):
    """A limit that stands in the way: how much it allows, and how much of that is left."""

    limit: Limit
    most: int
    left: int = 0

    def in_words(self, language: str) -> str:
        """The reason for cashier and customer."""
        said = _WORDS[self.limit].for_language(language)
        return said.format(most=self.most, left=self.left)


def room(limits: OfflineLimits, at_risk: AtRisk) -> int:
    """How many whole points can still be redeemed at once for a member, 0 where none can."""
    left = min(
        Fraction(limits.per_redemption),
        limits.per_member - at_risk.of_member,
        limits.per_outage - at_risk.of_all,
    )
    return max(0, rounded(left, Rounding.FLOOR))


def reached(
    limits: OfflineLimits, asked: Fraction, at_risk: AtRisk, age: timedelta | None
) -> Reached | None:
    """The first limit that does not allow `asked` points; `age` is that of central's figures, None for none at all."""
    if age is None or age > limits.members_max_age:
        return Reached(Limit.AGE, int(limits.members_max_age / timedelta(hours=1)))
    if asked > limits.per_redemption:
        return Reached(Limit.REDEMPTION, limits.per_redemption)
    for limit, most, used in (
        (Limit.MEMBER, limits.per_member, at_risk.of_member),
        (Limit.OUTAGE, limits.per_outage, at_risk.of_all),
    ):
        if used + asked > most:
            return Reached(limit, most, max(0, rounded(most - used, Rounding.FLOOR)))
    return None


def worst_loss_points(limits: OfflineLimits, tills: int = 1) -> int:
    """The most points that so many tills can let members redeem that are not there, until central knows of it.

    Of one member it is `tills` x `per_member` at most.
    """
    return tills * limits.per_outage


def worst_loss(programme: Programme, limits: OfflineLimits, tills: int = 1) -> int:
    """The same in money, in minor units: each point is worth as much as in the reward that gives most money for one.

    Rounded up. What is no money (a product, an experience), a percentage without `up_to`, and what was issued one by
    one (vouchers, rewards to collect) is not in it. docs/redeeming.md says why it is never more.
    """
    worth = [_of_a_point(each, programme) for each in programme.file.reward]
    points = worst_loss_points(limits, tills)
    return rounded(points * max(worth, default=Fraction(0)), Rounding.CEIL)


def _of_a_point(reward: RewardRule, programme: Programme) -> Fraction:
    """What one whole point is worth at most in this reward, in minor units."""
    units = programme.file.unit
    if reward.is_issued:
        return Fraction(0)
    if reward.cost_per is not None:
        return 1 / fraction(reward.cost_per)
    if reward.spend is not None:
        step, value = reward.spend.step, reward.spend.value
        rates = [Fraction(each.value, each.points) for each in reward.spend.table]
        return max(rates, default=fraction(value or 0) / fraction(step or 1))
    most = reward.worth(units)
    if most is None and reward.off is not None:
        most = reward.off.up_to
    return Fraction((most or 0) * units[reward.unit].scale, reward.least(units))

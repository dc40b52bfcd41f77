"""What may be redeemed where nothing but this till's word stands for it: limits, so that the worst loss is known."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from babel.numbers import format_currency

from edge_agent.domain.money import Rounding, fraction, rounded
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.discounts import Off
from edge_agent.domain.programme.rewards import RewardRule
from edge_agent.domain.programme.tax import Tax
from edge_agent.domain.programme.texts import LOCALES, Texts, language_of, texts


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
    """Points that this till reserved or redeemed and central has not posted: of one member, and of all.

    What was issued (the reward of a full stamp card) counts as the points that its money is worth.
    """

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
            "nl": "in te wisselen zonder centrale: hoogstens {most} per keer",
            "en": "to be redeemed without central: at most {most} at a time",
            "de": "ohne Zentrale einzulösen: höchstens {most} auf einmal",
            "fr": "à utiliser sans la centrale : au plus {most} à la fois",
        }
    ),
    Limit.MEMBER: texts(
        {
            "nl": "in te wisselen zonder centrale: voor deze klant nog {left}",
            "en": "to be redeemed without central: {left} more for this customer",
            "de": "ohne Zentrale einzulösen: für diesen Kunden noch {left}",
            "fr": "à utiliser sans la centrale : encore {left} pour ce client",
        }
    ),
    Limit.OUTAGE: texts(
        {
            "nl": "in te wisselen zonder centrale: op deze kassa nog {left}",
            "en": "to be redeemed without central: {left} more at this till",
            "de": "ohne Zentrale einzulösen: an dieser Kasse noch {left}",
            "fr": "à utiliser sans la centrale : encore {left} à cette caisse",
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

_POINTS = texts({"nl": "{n} punten", "en": "{n} points", "de": "{n} Punkte", "fr": "{n} points"})


class Reached(NamedTuple):
    """A limit that stands in the way: how much it allows, and how much of that is left."""

    limit: Limit
    most: int
    left: int = 0

    def in_words(self, language: str) -> str:
        """The reason for cashier and customer, in points."""
        points = _POINTS.for_language(language)
        return self._said(language, lambda quantity: points.format(n=quantity))

    def in_money(self, language: str, programme: Programme) -> str:
        """The same for what costs no points: in the money that they are worth, rounded down."""
        locale, worth = LOCALES[language_of(language)], worth_of_a_point(programme)

        def money(quantity: int) -> str:
            minor = rounded(quantity * worth, Rounding.FLOOR)
            return format_currency(
                Decimal(minor).scaleb(-2), programme.file.currency, locale=locale
            )

        return self._said(language, money)

    def _said(self, language: str, words: Callable[[int], str]) -> str:
        said = _WORDS[self.limit].for_language(language)
        if self.limit is Limit.AGE:
            return said.format(most=self.most)
        return said.format(most=words(self.most), left=words(self.left))


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
    """The same in money, in minor units: each point is worth `worth_of_a_point`.

    Rounded up. What is no money (a product that the programme does not price, an experience), vouchers, and the rewards
    that `unbounded` names are not in it. docs/redeeming.md says why it is never more.
    """
    points = worst_loss_points(limits, tills)
    return rounded(points * worth_of_a_point(programme), Rounding.CEIL)


def unbounded(programme: Programme, limits: OfflineLimits) -> list[str]:
    """The ids of the rewards that these limits let through and of which only a basket says what they take off or give:
    no worst loss can be named for them, and `worst_loss` is without them."""
    return [
        each.id
        for each in programme.file.reward
        if _is_unbounded(each, programme) and _is_let_through(each, programme, limits)
    ]


def worth_of_a_point(programme: Programme) -> Fraction:
    """As much as in the reward that gives most money for one point, in minor units, of those that have a bound.

    Where only what was issued takes money off, one: its limits are then minor units.
    """
    rewards = programme.file.reward
    most = max(
        (_of_a_point(each, programme) or Fraction(0) for each in rewards), default=Fraction(0)
    )
    if not most and any(each.is_issued and each.off is not None for each in rewards):
        return Fraction(1)
    return most


def in_points(minor: int, programme: Programme) -> Fraction:
    """As how many points money counts, in minor units; that of a programme in which nothing is money as none."""
    worth = worth_of_a_point(programme)
    return minor / worth if worth else Fraction(0)


def most_money(reward: RewardRule) -> int:
    """What one use takes off at most as far as that is known without a basket, in minor units; 0 where it is not."""
    return 0 if reward.off is None else reward.off.most or 0


def _is_unbounded(reward: RewardRule, programme: Programme) -> bool:
    if reward.is_issued:
        return reward.off is not None and _bound(reward.off) is None
    return _of_a_point(reward, programme) is None


def _is_let_through(reward: RewardRule, programme: Programme, limits: OfflineLimits) -> bool:
    """Whether one use of it is within the limits while nothing is at risk."""
    units = programme.file.unit
    if reward.is_issued:
        asked = in_points(most_money(reward), programme)
    else:
        asked = Fraction(max(1, reward.least(units)), units[reward.unit].scale)
    return reached(limits, asked, AtRisk(), timedelta(0)) is None


def _of_a_point(reward: RewardRule, programme: Programme) -> Fraction | None:
    """What one whole point is worth at most in this reward, in minor units: nothing where no points pay for it or it is
    no money, None where only a basket says."""
    if reward.spend is not None:
        return reward.spend.most_of_a_point(programme.file.unit[reward.unit].scale)
    if reward.off is None or reward.is_issued:
        return Fraction(0)
    if reward.cost_per is not None:
        # What the till adds for nothing takes nothing off, and so costs nothing.
        adds = reward.off.free is not None and reward.off.free.added
        return None if adds else 1 / fraction(reward.cost_per)
    most = _bound(reward.off)
    # A share of an amount costs its share of the cost, before that is rounded up to what can be paid.
    return None if most is None else most / fraction(reward.cost or 1)


def _bound(off: Off) -> int | None:
    """The most that one use takes off the basket; how much tax comes on top only the basket says."""
    return off.most if off.tax is Tax.INCLUDED else None

"""Rewards as the cashier and the customer see them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.progress import units_in_words
from edge_agent.domain.programme.redeeming import RewardShown, rewards_for
from edge_agent.domain.programme.rewards import RewardRule, scale_of
from edge_agent.domain.programme.unmet import Obstacle
from edge_agent.till.granting import OwnWord
from edge_agent.till.limits import most_money
from edge_agent.till.views import RewardView

_STILL_NEEDED = {
    "nl": "nog {missing}",
    "en": "{missing} to go",
    "de": "noch {missing}",
    "fr": "encore {missing}",
}
_NOT_NOW = {
    "nl": "nu niet in te wisselen",
    "en": "cannot be redeemed now",
    "de": "jetzt nicht einlösbar",
    "fr": "pas utilisable pour l’instant",
}


def reward_views(
    programme: Programme,
    facts: MemberFacts,
    spendable: Mapping[str, int],
    own: OwnWord | None,
    at: datetime,
    store: str,
    channel: str,
    language: str,
) -> tuple[RewardView, ...]:
    """Every reward that is for this member here, and whether it can be had now.

    `spendable` is what may be used of each unit, in smallest parts: what is not confirmed or reserved is not in it.
    Where nothing but our `own` word stands for it, only what that is good for can be had.
    """
    here = at.astimezone(programme.timezone)
    units = programme.file.unit
    found = rewards_for(programme.file.reward, facts, here, units, store, channel)
    return tuple(
        _view(programme, each, spendable.get(each.unit, 0), own, language) for each in found
    )


def _view(
    programme: Programme, reward: RewardShown, spendable: int, own: OwnWord | None, language: str
) -> RewardView:
    rule = next(each for each in programme.file.reward if each.id == reward.id)
    unmet, limit = _why_not(programme, reward, spendable, language), None
    if unmet is None and own is not None:
        limit = own.why_not(reward.unit, _least(reward), most_money(rule))
    why_not = unmet or limit
    usable = spendable
    if own is not None and rule.spend is not None:
        usable = min(spendable, own.most(rule.unit))
    return RewardView(
        id=reward.id,
        title=reward.title.for_language(language),
        sort=reward.sort.value,
        unit=reward.unit,
        cost=reward.cost,
        cost_shown=programme.shown(reward.unit, reward.cost),
        value=reward.worth,
        available=why_not is None,
        why_not=why_not,
        limited=limit is not None,
        choose=_choose(programme, rule, usable),
    )


def _choose(
    programme: Programme, rule: RewardRule, usable: int
) -> Mapping[str, int | str | None] | None:
    units = programme.file.unit
    if rule.spend is None:
        return None
    choice = rule.spend.choice(usable, scale_of(rule.unit, units))
    return {
        "step": programme.shown(rule.unit, choice.step),
        "least": programme.shown(rule.unit, choice.least),
        "most": programme.shown(rule.unit, choice.most),
        "value": None if choice.value is None else _exact(choice.value),
    }


def _exact(value: Decimal) -> int | str:
    """Minor units: an integer, or a decimal as text where a step is worth less than one."""
    return int(value) if value == value.to_integral_value() else f"{value:f}"


def _least(reward: RewardShown) -> int:
    """What has to be there; where the cost is the basket's, anything at all."""
    return max(1, reward.cost)


def _why_not(
    programme: Programme, reward: RewardShown, spendable: int, language: str
) -> str | None:
    if reward.unmet is not None and reward.unmet.obstacle is not Obstacle.NOT_ENOUGH:
        return reward.unmet.in_words(language, programme.file.currency)
    missing = _least(reward) - spendable
    if missing <= 0:
        return None
    table = programme.file.unit.get(reward.unit)
    if table is None:
        return _NOT_NOW[language]
    return _STILL_NEEDED[language].format(missing=units_in_words(table, missing, language))

"""Rewards as the cashier and the customer see them."""

from collections.abc import Mapping

from edge_agent.domain.balance import Balance
from edge_agent.domain.programme import Programme
from edge_agent.till.views import RewardView

_STILL_NEEDED = {
    "nl": "nog {missing} {unit}",
    "en": "{missing} more {unit}",
    "de": "noch {missing} {unit}",
    "fr": "encore {missing} {unit}",
}


def reward_views(
    programme: Programme, balances: Mapping[str, Balance], language: str
) -> tuple[RewardView, ...]:
    """Every reward that has a price, and whether what can be spent reaches it."""
    units = programme.file.unit
    views = []
    for reward in programme.file.reward:
        if reward.is_issued:
            continue
        balance = balances.get(reward.unit, Balance())
        cost = reward.least(units)
        missing = cost - balance.spendable
        unit = units[reward.unit].name.for_count(missing, language)
        views.append(
            RewardView(
                id=reward.id,
                title=reward.title.for_language(language),
                unit=reward.unit,
                cost=cost,
                value=reward.worth(units),
                available=missing <= 0,
                why_not=_STILL_NEEDED[language].format(missing=missing, unit=unit)
                if missing > 0
                else None,
            )
        )
    return tuple(views)

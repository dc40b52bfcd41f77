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
    """Every reward of the programme, and whether what can be spent reaches it."""
    views = []
    for reward in programme.file.reward:
        balance = balances.get(reward.unit, Balance())
        missing = reward.cost - balance.spendable
        unit = programme.file.unit[reward.unit].name.for_count(missing, language)
        views.append(
            RewardView(
                id=reward.id,
                title=reward.title.for_language(language),
                unit=reward.unit,
                cost=reward.cost,
                value=reward.value,
                available=missing <= 0,
                why_not=_STILL_NEEDED[language].format(missing=missing, unit=unit)
                if missing > 0
                else None,
            )
        )
    return tuple(views)

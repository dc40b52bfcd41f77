"""Why something was refused, in the words of the cases, which have several words for one reason."""

from collections.abc import Mapping

from edge_agent.domain.programme import Evaluation
from edge_agent.domain.programme.unmet import Obstacle

Refusal = frozenset[str]
"""The words for one reason; a case that expects any of them expects that reason."""


def _words(text: str) -> Refusal:
    return frozenset(text.split())


_MINIMUM = _words("minimum_not_met requirements_not_met conditions_not_met")
_NOT_ELIGIBLE = _words("not_eligible not_applicable")
_NOW = _words("not_valid_now not_active campaign_not_active reward_not_active")

OVER_RETURN = _words("over_return quantity_exceeds_sale already_returned more_than_sold")
UNKNOWN_SALE = _words("unknown_original_sale original_sale_not_found")
OTHER_MEMBER = _words("original_sale_of_other_member")
UNKNOWN_CODE = _words("unknown_code invalid_code code_not_found unknown_voucher")
USED_VOUCHER = _words("voucher_already_used already_used voucher_used")
NO_WALLET = _words("no_valid_wallet wallet_empty insufficient_wallet not_enough_wallet no_balance")
NO_CARD = _words("unknown_card unknown_gift_card no_valid_gift_card gift_card_empty no_balance")

REFUSALS: Mapping[Obstacle, Refusal] = {
    Obstacle.OTHER_TIER: _NOT_ELIGIBLE | _words("tier_not_eligible wrong_tier tier_required"),
    Obstacle.OTHER_SEGMENT: _NOT_ELIGIBLE | _words("segment_not_eligible not_in_segment"),
    Obstacle.OTHER_STORE: _NOT_ELIGIBLE | _words("store_not_eligible wrong_store"),
    Obstacle.NO_LINE: _NOT_ELIGIBLE | _words("no_eligible_products product_not_eligible"),
    Obstacle.NO_MEMBER: _words("no_member member_required card_required customer_required"),
    Obstacle.NOT_ENOUGH: _words(
        "not_enough_points insufficient_points not_enough_stamps not_enough_credits"
        " insufficient_balance"
    ),
    Obstacle.BELOW_MINIMUM: _MINIMUM
    | _words("below_minimum minimum_points_not_met below_minimum_points"),
    Obstacle.TOO_LITTLE: _MINIMUM,
    Obstacle.TOO_FEW: _MINIMUM,
    Obstacle.NOT_IN_BASKET: _MINIMUM,
    Obstacle.USED_UP: _words(
        "member_limit_reached limit_per_member_reached already_used voucher_already_used"
        " code_already_used"
    ),
    Obstacle.ALL_GONE: _words(
        "limit_reached total_limit_reached global_limit_reached campaign_limit_reached sold_out"
        " out_of_stock no_coupons_left"
    ),
    Obstacle.DAILY_LIMIT: _words("daily_limit daily_limit_reached member_limit_reached"),
    Obstacle.NOT_TOGETHER: _words("not_combinable cannot_be_combined not_stackable"),
    Obstacle.TOO_MANY: _words(
        "one_reward_per_sale one_voucher_per_sale not_combinable cannot_be_combined"
    ),
    Obstacle.NOT_YET: _NOW | _words("voucher_not_yet_valid not_yet_valid not_started"),
    Obstacle.OVER: _NOW | _words("voucher_expired expired code_expired campaign_expired"),
    Obstacle.OTHER_DAY: _NOW,
    Obstacle.TOO_EARLY: _NOW,
    Obstacle.TOO_LATE: _NOW,
    Obstacle.NOT_THERE: UNKNOWN_CODE | USED_VOUCHER,
    Obstacle.NOT_YOURS: _words("voucher_of_other_member not_your_voucher other_member"),
    Obstacle.NOT_TRANSFERABLE: _words("not_transferable transfer_not_allowed"),
    Obstacle.NOTHING_LEFT: _words("nothing_to_discount nothing_to_pay exceeds_bill"),
}


def refusal_of(obstacle: Obstacle) -> Refusal:
    """The words for what stood in the way."""
    return REFUSALS.get(obstacle, frozenset({obstacle.value}))


def refusal_in(evaluation: Evaluation) -> dict[str, Refusal]:
    """Why something that was asked for is not there."""
    for outcome in evaluation.outcomes:
        if outcome.unmet is not None and outcome.asked:
            return {"error": refusal_of(outcome.unmet.obstacle)}
    return {}

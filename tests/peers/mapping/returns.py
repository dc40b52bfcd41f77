"""What returns take back in neutral programmes."""

from tests.peers.mapping.draft import Draft, number
from tests.peers.parts import Part

_REVERSES = {
    None: "lines",
    "points_of_returned_lines": "lines",
    "share_of_transaction_amount": "amount",
    "pro_rata_by_amount": "amount",
    "re_evaluate_original_sale_net": "kept",
    "net_in_period": "period",
}
_NOTHING = frozenset({"none", "nothing", "never", "no", False})
_RESTORED = {
    None: None,
    True: None,
    "pro_rata_by_amount": "by-amount",
    "full": "by-amount",
    "full_return_only": "full-return",
    "never": "never",
    "none": "never",
    False: "never",
}


def map_returns(part: Part, draft: Draft) -> None:
    """`returns`."""
    if not part.has("returns"):
        return
    returns = draft.table("returns")
    with part.part("returns") as said:
        reverses = _REVERSES | dict.fromkeys(_NOTHING, "nothing")
        returns["reverse"] = said.one_of("reverse", reverses)
        returns["policy"] = said.one_of(
            "policy",
            {
                None: "unlimited",
                "unlimited": "unlimited",
                "within_balance": "within-balance",
                "only_pending": "only-pending",
            },
        )
        returns["pending_first"] = said.one_of("from", {None: None, "pending_first": True})
        returns["spent"] = said.one_of("restore_spent", _RESTORED)
        returns["issued"] = said.one_of(
            "issued_rewards",
            {None: None, "kept": "kept", "revoked": "take-back", "taken_back": "take-back"},
        )
        _shortfall(said, part, draft)
        said.one_of("voucher", {None: None, "re_evaluate_kept_amount": None})
        if said.one_of("if_used", {None: False, "deduct_from_refund": True}):
            returns["issued"] = "deduct-from-refund"
        if said.one_of("reduces_tier_measure", {None: None, True: True, False: False}) is False:
            returns["tiers"] = "kept"
        said.one_of("of", {None: None, "all_points_of_transaction": None})
        said.one_of("rounding", {None: None, "cumulative": None, "floor": None})


def _shortfall(said: Part, part: Part, draft: Draft) -> None:
    """Points that should come back and are not there any more."""
    forms = {None: False, "deduct_value_from_refund": True, "forgiven": False}
    if not said.one_of("shortfall", forms):
        return
    value = number((part.get("redeem") or {}).get("point_value_minor", 1))
    draft.table("returns").update(
        {"shortfall": "deduct-from-refund", "point_value": {"points": value}}
    )

"""What points are worth and how long they last: units, expiry, redeeming, rewards, wallets, returns."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from tests.peers.mapping.draft import (
    DECIMALS_MAX,
    POINTS_REWARD,
    Draft,
    Table,
    minor,
    number,
    selection,
)
from tests.peers.parts import Part, Unsupported


def map_units(part: Part, draft: Draft) -> None:
    """`expiry`, `pending`, `buckets`, `transfer`: the life of points."""
    points = draft.unit("points")
    if draft.decimals:
        points["decimals"] = DECIMALS_MAX
    with part.part("pending") as pending:
        until = pending.one_of("until", {None: None, "next_month": {"next_month": True}})
        if until or pending.has("days"):
            points["pending"] = until or {"days": minor(pending.get("days"))}
    if part.has("expiry"):
        with part.part("expiry") as expiry:
            _expiry(expiry, points)
    part.one_of("buckets", {None: None, "calendar_month": None})
    with part.part("transfer") as transfer:
        if transfer.has("resets_expiry"):
            points["transfer"] = {"restarts_life": bool(transfer.get("resets_expiry"))}
        transfer.skip("pending_or_expired_transferable")


def _expiry(part: Part, points: Table) -> None:
    kind = str(part.get("type"))
    if kind == "inactivity":
        activity = [
            Part({"a": each}, "activity").one_of(
                "a", {"sale": "sale", "redeem": "redeem", "earn": "earn", "purchase": "sale"}
            )
            for each in part.get("activity") or ("sale", "redeem")
        ]
        lasts = {"days": part.get("days")} if part.has("days") else {"months": _months(part)}
        points["inactivity"] = lasts | {"activity": activity}
        return
    if kind == "per_lot":
        return
    if kind not in _FORMS:
        raise Unsupported(f"expiry.type = {kind!r}")
    expiry = _FORMS[kind](part)
    rounded = part.one_of(
        "round_up_to",
        {None: None, "month": "end-of-month", "quarter": "end-of-quarter", "year": "end-of-year"},
    )
    if rounded:
        expiry["rounded"] = rounded
    if part.one_of("counted_from", {None: False, "earning": False, "activation": True}):
        expiry["from_maturity"] = True
    part.skip("last_day_inclusive", "cutoff")
    points["expiry"] = expiry


def _months(part: Part) -> int:
    return minor(part.get("months", 0)) + 12 * minor(part.get("years", 0))


def _sweep(part: Part) -> Table:
    month, day = str(part.get("day")).split("-")
    months = minor(part.get("older_than_months", 0)) + 12 * minor(part.get("older_than_years", 0))
    return {"months": months, "sweep": {"month": int(month), "day": int(day)}}


_FORMS: Mapping[str, Callable[[Part], Table]] = {
    "days_after_earned": lambda part: {"days": minor(part.get("days"))},
    "months_after_earned": lambda part: {"months": _months(part)},
    "years_after_earned": lambda part: {"years": minor(part.get("years"))},
    "end_of_month_earned": lambda _: {"months": 0, "rounded": "end-of-month"},
    "end_of_next_month": lambda _: {"months": 1, "rounded": "end-of-month"},
    "end_of_quarter_earned": lambda _: {"months": 0, "rounded": "end-of-quarter"},
    "end_of_year_earned": lambda _: {"months": 0, "rounded": "end-of-year"},
    "end_of_next_year": lambda _: {"years": 1, "rounded": "end-of-year"},
    "membership_year_reset": lambda _: {"rounded": "membership-year"},
    "yearly_sweep": _sweep,
}


def map_redeeming(part: Part, draft: Draft) -> None:
    """`redeem` and `rewards`."""
    same_sale = False
    if part.has("redeem"):
        with part.part("redeem") as redeem:
            same_sale = bool(redeem.get("same_sale_points_usable"))
            _redeem(redeem, draft, same_sale=same_sale)
    if not any(each["id"] == POINTS_REWARD for each in draft.lists.get("reward", ())):
        # Points can always be used; where a case does not say for what, for nothing that it looks at.
        row = draft.add(
            "reward", title="points", spend={"step": 1, "value": 1}, same_sale=same_sale
        )
        row["id"] = POINTS_REWARD
    for each in part.parts("rewards"):
        with each:
            _reward(each, draft, same_sale=same_sale)


def _redeem(part: Part, draft: Draft, *, same_sale: bool) -> None:
    consume = part.one_of(
        "consume",
        {
            None: None,
            "fifo": "oldest",
            "oldest_first": "oldest",
            "lifo": "newest",
            "soonest_expiring": None,
            "soonest_expiring_first": None,
        },
    )
    if consume:
        draft.unit("points")["consume"] = consume
    spend = _worth(part, draft) | _bounds(part)
    if part.has("rewards_per_sale"):
        draft.table("combine")["rewards_per_sale"] = minor(part.get("rewards_per_sale"))
    _tax(part)
    part.skip("combine", "buckets_combine")
    part.one_of("choose", {None: None, "largest_denomination_first": None})
    part.one_of("never_exceed_bill", {None: None, True: None})
    when = selection(part.part("include"), part.part("exclude")) or {}
    if part.has("min_order_minor"):
        when["minimum_sale"] = minor(part.get("min_order_minor"))
    if spend:
        row = draft.add("reward", title="points", spend=spend, same_sale=same_sale)
        row |= {"id": POINTS_REWARD, "when": when or None}


def _worth(part: Part, draft: Draft) -> Table:
    """What so many points are worth."""
    if part.has("table"):
        rows = []
        for each in part.parts("table"):
            with each:
                value = minor(each.get("value_minor"))
                rows.append({"points": minor(each.get("points")), "value": value})
        return {"table": rows}
    step = minor(part.get("step_points", 1))
    if part.has("step_value_minor"):
        return {"step": step, "value": minor(part.get("step_value_minor"))}
    if part.has("point_value_minor"):
        return _by_point(step, number(part.get("point_value_minor")))
    return _per_gallon(part, draft) if part.has("value") else {}


def _by_point(step: int, value: Decimal) -> Table:
    """Whole steps whose value is whole: half a cent a point is a cent for every two."""
    ratio = Fraction(value) * step
    return {"step": step * ratio.denominator, "value": ratio.numerator}


def _bounds(part: Part) -> Table:
    """How many points can be used in a sale."""
    found: Table = {}
    for key, ours in (
        ("min_points", "minimum"),
        ("min_points_per_sale", "minimum"),
        ("minimum_points", "minimum"),
        ("max_points", "maximum"),
        ("max_points_per_sale", "maximum"),
    ):
        if part.has(key):
            found[ours] = minor(part.get(key))
    for key in ("max_percent_of_bill", "max_share_percent"):
        if part.has(key):
            found["share_percent"] = number(part.get(key))
    return found


def _tax(part: Part) -> None:
    """Whether the tax is that of the price before points are used, and points are earned on what is left of it."""
    before = part.one_of(
        "tax_on", {None: False, "price_after_points": False, "price_before_points": True}
    )
    left = part.one_of("earn_on", {None: False, "remaining_price": True})
    if before and left:
        raise Unsupported(
            "points that are earned on what is left of a price without tax, while the tax stays that of the whole"
        )


def _per_gallon(part: Part, draft: Draft) -> Table:
    """`10 cents per gallon`: money off every unit of measure."""
    found = re.fullmatch(r"(\d+) cents? per (gallon|litre|liter)", str(part.get("value")))
    if found is None:
        raise Unsupported(f"redeem.value = {part.get('value')!r}")
    draft.measures.update({"gallons", "litres"})
    spend: Table = {
        "step": minor(part.get("step_points", 1)),
        "value": int(found[1]),
        "per_measure": True,
    }
    for key in ("max_gallons", "max_litres"):
        if part.has(key):
            spend["measure_max"] = number(part.get(key))
    return spend


def _reward(part: Part, draft: Draft, *, same_sale: bool) -> None:
    neutral = str(part.get("id"))
    row = draft.add("reward", title=neutral, same_sale=same_sale)
    draft.rewards[neutral] = row["id"]
    if part.has("cost_points_per_minor"):
        row |= {"cost_per": number(part.get("cost_points_per_minor")), "off": {"percent": 100}}
    elif part.has("cost_points"):
        row["cost"] = number(part.get("cost_points"))
    kind = part.one_of("type", {None: None, **{each: each for each in _WHAT_REWARDS_DO}})
    if kind:
        row |= {"off": _WHAT_REWARDS_DO[kind](part, draft), "charge": "whole"}
    elif part.has("up_to_minor"):
        row |= {"off": {"amount": minor(part.get("up_to_minor"))}, "charge": "whole"}
    elif "off" not in row:
        row["sort"] = "product"
    row["when"] = selection(part.part("include"), part.part("exclude"))
    limits: list[Table] = []
    if part.has("limit_per_member"):
        limits.append({"times": minor(part.get("limit_per_member"))})
    for key in ("limit", "coupon_codes"):
        limits += [{"times": minor(part.get(key)), "of": "till"}] if part.has(key) else []
    row["limits"] = limits or None
    part.one_of("on", {None: None, "products": None, "order": None, "remaining_amount": None})


def _free_product(part: Part, draft: Draft) -> Table:
    if not draft.lists.get("exclude"):
        why = "a reward itself earns nothing"
        draft.add("exclude", kinds=["reward"], forbids="points", why=why)
    free = {"sku": part.get("sku"), "quantity": number(part.get("qty", 1))}
    return {"free": free | {"added": draft.free_lines}}


_WHAT_REWARDS_DO: Mapping[str, Callable[[Part, Draft], Table]] = {
    "percent": lambda part, _: {"percent": number(part.get("percent"))},
    "fixed": lambda part, _: {"amount": minor(part.get("amount_minor"))},
    "free_product": _free_product,
}

WALLET = "wallet"
GIFT_CARD = "gift-card"


def map_wallets(part: Part, draft: Draft) -> None:
    """`wallet` and `gift_card`: stored value that pays."""
    for key, unit, tender, kind in (
        ("wallet", WALLET, "wallet", "wallet_topup"),
        ("gift_card", GIFT_CARD, "gift_card", "gift_card"),
    ):
        if part.get(key) is None:
            continue
        with part.part(key) as stored:
            stored.one_of("role", {None: None, "tender_not_discount": None})
            stored.skip("expires", "refund_to_wallet")
            stored.one_of("refund", {None: None, "debit_card": None})
        draft.unit(unit).update({"name": {"one": unit, "many": unit}, "decimals": 2})
        draft.add("wallet", title=unit, unit=unit, tender=tender, top_up={"kinds": [kind]})


_REVERSES = {
    None: "lines",
    "points_of_returned_lines": "lines",
    "share_of_transaction_amount": "amount",
    "pro_rata_by_amount": "amount",
    "re_evaluate_original_sale_net": "kept",
    "net_in_period": "period",
}


def map_returns(part: Part, draft: Draft) -> None:
    """`returns`."""
    if not part.has("returns"):
        return
    returns = draft.table("returns")
    with part.part("returns") as said:
        returns["reverse"] = said.one_of("reverse", _REVERSES)
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
        returns["spent"] = said.one_of(
            "restore_spent",
            {
                None: None,
                "pro_rata_by_amount": "by-amount",
                "full_return_only": "full-return",
                "never": "never",
                False: "never",
            },
        )
        returns["issued"] = said.one_of(
            "issued_rewards",
            {None: None, "kept": "kept", "revoked": "take-back", "taken_back": "take-back"},
        )
        if said.one_of(
            "shortfall", {None: False, "deduct_value_from_refund": True, "forgiven": False}
        ):
            returns["shortfall"] = "deduct-from-refund"
            value = number((part.get("redeem") or {}).get("point_value_minor", 1))
            returns["point_value"] = {"points": value}
        said.one_of("voucher", {None: None, "re_evaluate_kept_amount": None})
        if said.one_of("if_used", {None: False, "deduct_from_refund": True}):
            returns["issued"] = "deduct-from-refund"
        reduces = said.one_of("reduces_tier_measure", {None: None, True: True, False: False})
        if reduces is False:
            returns["tiers"] = "kept"
        said.one_of("of", {None: None, "all_points_of_transaction": None})
        said.one_of("rounding", {None: None, "cumulative": None})


def map_referral(part: Part, draft: Draft) -> None:
    """`referral` and `welcome_points`."""
    if part.has("welcome_points"):
        draft.add(
            "action",
            title="welcome",
            happens="enrolment",
            gives=[{"quantity": number(part.get("welcome_points"))}],
        )
    if not part.has("referral"):
        return
    with part.part("referral") as referral:
        referral.one_of("trigger", {"referred_first_purchase": None})
        gift = [{"quantity": number(referral.get("points"))}]
        whom = referral.one_of(
            "reward",
            {"both": ("referrer", "member"), "referrer": ("referrer",), "referred": ("member",)},
        )
        earns = bool(draft.lists.get("earn"))
        draft.tables["referral"] = dict.fromkeys(whom, gift) | {
            "after": "earning" if earns else "purchase"
        }

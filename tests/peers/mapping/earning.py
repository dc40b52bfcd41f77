"""Earning rules, multipliers and bonuses of neutral programmes."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from tests.peers.mapping.circumstances import (
    PERIODS,
    TAXES,
    circumstances,
    minimums,
    tier_id,
)
from tests.peers.mapping.draft import Draft, Table, minor, number, selection
from tests.peers.mapping.happenings import birthday, event
from tests.peers.parts import Part, Unsupported

Rule = Callable[[Part, Draft], Table]

_BASES = {
    None: "paid",
    "net_after_discounts": "paid",
    "net_excl_tax": "paid",
    "net_after_discounts_excl_tax": "paid",
    "tender_amount": "paid",
    "net_of_points_redeemed_and_returns": "paid",
    "paid_other_than_with_reward_balance": "paid",
    "net_after_discounts_of_other_programmes": "before-rewards",
    "net_after_discounts_scoped_to_same_products": "before-rewards",
    "net_before_points": "before-rewards",
    "gross_incl_tax": "before-rewards",
    "gross_line": "before-discounts",
    "gross_before_discounts": "before-discounts",
}
_WITHOUT_TAX = frozenset({"net_excl_tax", "net_after_discounts_excl_tax"})
_ROUNDINGS = {
    None: "floor",
    "none": "floor",
    "floor": "floor",
    "ceil": "ceil",
    "half_up": "half-up",
    "half_even": "half-even",
    "floor_blocks": "floor",
    "floor_amount_then_floor_points": "floor",
    "half_up_2dp_then_half_up_integer": "half-up",
}
_IN_BLOCKS = frozenset({"floor_blocks", "floor_amount_then_floor_points"})
_STAGES = {
    None: "sale",
    "order": "sale",
    "line": "line",
    "product": "line",
    "unit": "piece",
    "period": "sale",
}
_STACKINGS = {
    None: None,
    "each_bonus_on_base_points": "add",
    "add": "add",
    "additive": "add",
    "multiply": "multiply",
    "compound": "multiply",
    "multiplicative": "multiply",
    "best": "best",
    "best_only": "best",
    "highest": "best",
    "highest_only": "best",
    "first": "first",
    "first_only": "first",
}
_OF_THE_SALE = frozenset({"order", "sale", "receipt", "transaction", "visit", "ticket"})


def map_earning(part: Part, draft: Draft) -> None:
    """`earn`, `multipliers`, `tier_bonus`, caps on all of it, and how they act together."""
    table = draft.table("earning")
    table["several"] = part.one_of(
        "earn_policy",
        {
            None: "add",
            "add": "add",
            "all": "add",
            "first_match_only": "first",
            "best": "best",
            "best_only": "best",
            "highest_only": "best",
        },
    )
    stacking = part.one_of("stacking", _STACKINGS)
    part.skip("evaluation_order")
    rules = part.parts("earn")
    running = any(each.get("applies_to") == "running_points_of_product" for each in rules)
    table["bonuses"] = stacking or ("multiply" if running else "add")
    for each in rules:
        with each:
            kind = _kind(each)
            row = _RULES[kind](each, draft)
            draft.names[row["id"]] = str(each.get("id"))
            if kind not in _ACTIONS:
                _capped(each, draft, row)
    for each in part.parts("multipliers"):
        with each:
            row = _multiplier(each, draft)
            draft.names[row["id"]] = str(each.get("id"))
            _capped(each, draft, row)
    bonuses = part.get("tier_bonus")
    if bonuses:
        _add_tier_bonus(draft, {tier: 1 + number(more) for tier, more in bonuses.items()})
    for each in part.parts("caps"):
        with each:
            _cap(each, draft)


def _capped(rule: Part, draft: Draft, row: Table) -> None:
    """At most so many points of one rule: in a sale, or within a time."""
    most = rule.first(
        "max_points",
        "max_points_per_sale",
        "max_points_per_order",
        "max_bonus_points",
        "cap_points",
    )
    if most is not None:
        draft.add("cap", most=number(most), of="sale", rules=[row["id"]], why="at most")
    for cap in [rule.part("cap")] if rule.has("cap") else rule.parts("caps"):
        with cap:
            _cap(cap, draft, row)
    rule.skip("cap", "caps")


def _cap(cap: Part, draft: Draft, row: Table | None = None) -> None:
    per = cap.get("per")
    limit: Table = {"why": "at most", "rules": None if row is None else [row["id"]]}
    if per in _OF_THE_SALE:
        limit |= {"of": "sale"}
    else:
        limit |= {"per": cap.one_of("per", PERIODS | {None: "ever"})}
    if cap.has("times"):
        limit["times"] = minor(cap.get("times"))
    elif cap.has("amount_minor") and row is not None and "per" in row and "points" in row:
        limit["most"] = number(cap.get("amount_minor")) * row["points"] / row["per"]
    else:
        limit["most"] = number(cap.get("points"))
    cap.skip("id")
    draft.add("cap", **limit)


def _kind(rule: Part) -> str:
    kind = str(rule.get("type"))
    if kind not in _RULES:
        raise Unsupported(f"{rule.where}.type = {kind!r}")
    return kind


def _shared(rule: Part, draft: Draft, tax: str = "included") -> Table:
    """What all earning rules have in common: lines, circumstances, minimums."""
    when = circumstances(rule, draft)
    minimums(rule, when, tax)
    return {
        "scope": selection(rule.part("include"), rule.part("exclude")),
        "when": when or None,
        "stop": bool(rule.get("stop_after")) or None,
    }


def _points(rule: Part, draft: Draft, key: str = "points") -> Table:
    """So many points, or so many by tier."""
    points = rule.get(key)
    if not isinstance(points, Mapping):
        return {"points": number(points)}
    others = {"default", "base", "*"} & points.keys()
    return {
        "points": number(points[others.pop()]) if others else None,
        "tier_points": {
            tier_id(draft, tier): number(each)
            for tier, each in points.items()
            if tier not in {"default", "base", "*"}
        },
    }


def _rounding(rule: Part, draft: Draft) -> Table:
    wanted = rule.get("rounding")
    found: Table = {
        "rounding": rule.one_of("rounding", _ROUNDINGS),
        "stage": rule.one_of("granularity", _STAGES),
    }
    if wanted == "half_up_2dp_then_half_up_integer":
        found["decimals_first"] = 2
    elif wanted not in {"none", None} and draft.decimals:
        found["decimals_first"] = 0
    if rule.get("granularity") == "period":
        found["period"] = rule.one_of("period", PERIODS | {None: "month"})
    return found


def _spend(rule: Part, draft: Draft) -> Table:
    per = minor(rule.get("per_minor"))
    tax = rule.one_of("tax", TAXES)
    basis = rule.one_of("basis", _BASES)
    if rule.get("basis") in _WITHOUT_TAX:
        tax = "excluded"
    if rule.get("basis") == "net_after_discounts_scoped_to_same_products":
        draft.order_offers_are_own = True
    row = draft.add("earn", per=per, basis=basis, tax=tax, **_points(rule, draft))
    if rule.get("rounding") in _IN_BLOCKS:
        row["step"] = per
    if rule.get("basis") == "paid_other_than_with_reward_balance":
        row["not_tenders"] = ["reward_balance"]
    if rule.has("tender"):
        tenders = rule.get("tender")
        row["tenders"] = [tenders] if isinstance(tenders, str) else list(tenders)
    row |= _shared(rule, draft, tax) | _rounding(rule, draft)
    return row


def _each(each: str) -> Rule:
    def rule_of(rule: Part, draft: Draft) -> Table:
        row = draft.add("earn", each=each, **_points(rule, draft))
        pieces = rule.first("per_qty", "per_units")
        if pieces is not None:
            row["pieces"] = minor(pieces)
        row |= _shared(rule, draft, rule.one_of("tax", TAXES))
        rule.skip("rounding", "granularity")
        return row

    return rule_of


def _product_bonus(rule: Part, draft: Draft) -> Table:
    each = rule.one_of(
        "times",
        {
            None: "line",
            "once_per_line": "line",
            "per_unit": "piece",
            "once": "sale",
            "once_per_order": "sale",
        },
    )
    row = draft.add("earn", each=each, multiplied=False, **_points(rule, draft))
    return _into(row, _shared(rule, draft))


def _into(row: Table, more: Table) -> Table:
    row |= more
    return row


def _volume(rule: Part, draft: Draft) -> Table:
    """Millilitres, litres (told as a thousand of them) or gallons."""
    if rule.has("per_gallon"):
        draft.measures.add("gallons")
        per = number(rule.get("per_gallon"))
    else:
        draft.measures.add("volume_ml_per_unit")
        litres = rule.first("per_litre", "per_litres")
        per = number(rule.get("per_ml")) if litres is None else number(litres) * 1000
    row = draft.add("earn", per_measure=per, **_points(rule, draft))
    if rule.get("rounding") in _IN_BLOCKS:
        row["step"] = per
    return _into(row, _shared(rule, draft) | _rounding(rule, draft))


def _distance(rule: Part, draft: Draft) -> Table:
    draft.measures.add("distance")
    key = next((each for each in ("points_per_mile", "points_per_km") if rule.has(each)), "points")
    row = draft.add("earn", per_measure=1, **_points(rule, draft, key))
    if rule.has("min_points_per_segment"):
        row["at_least"] = number(rule.get("min_points_per_segment"))
    row |= _shared(rule, draft) | _rounding(rule, draft)
    return _into(row, {"stage": "line"})


def _band(rule: Part, draft: Draft) -> Table:
    bounds = rule.one_of(
        "bounds",
        {
            None: "upper-inclusive",
            "upper_inclusive": "upper-inclusive",
            "lower_inclusive": "half-open",
            "half_open": "half-open",
            "both_inclusive_and_overlapping_bands_add": "inclusive",
        },
    )
    bands: list[Table] = []
    for band in rule.parts("bands"):
        with band:
            to = band.get("to_minor")
            begins = minor(band.get("from_minor") or _lower(bands))
            points = number(band.get("points"))
            ends = None if to is None else minor(to)
            bands.append({"from_amount": begins, "to_amount": ends, "points": points})
    tax = rule.one_of("tax", TAXES)
    row = draft.add("earn", bands=bands, bounds=bounds, tax=tax, basis=rule.one_of("basis", _BASES))
    row |= _shared(rule, draft, tax)
    rule.skip("rounding", "granularity")
    return row


def _lower(bands: list[Table]) -> int:
    return int(bands[-1]["to_amount"] or 0) if bands else 0


def _multiplier(rule: Part, draft: Draft) -> Table:
    when = selection(rule.part("include"), rule.part("exclude")) or {}
    when |= circumstances(rule, draft)
    minimums(rule, when)
    rule.one_of("applies_to", {None: None, "running_points_of_product": None, "base_points": None})
    factor = rule.first("factor", "multiplier")
    row = draft.add("bonus", when=when or None, why="times")
    if isinstance(factor, Mapping):
        row["tier_multiply"] = _factors(draft, factor)
    else:
        row["multiply"] = number(factor)
    if rule.has("rules"):
        wanted = {str(each) for each in rule.get("rules")}
        row["of"] = [ours for ours, neutral in draft.names.items() if neutral in wanted]
    rule.skip("granularity", "stacking_group")
    row["rounding"] = rule.one_of("rounding", _ROUNDINGS)
    return row


def _factors(draft: Draft, factors: Mapping[str, Any]) -> Table:
    """Factors by tier; of one the tier changes nothing."""
    return {tier_id(draft, tier): number(each) for tier, each in factors.items() if each != 1}


def _add_tier_bonus(draft: Draft, factors: Mapping[str, Any]) -> Table:
    return draft.add("bonus", tier_multiply=_factors(draft, factors), why="tier")


def _tier_bonus(rule: Part, draft: Draft) -> Table:
    """More for members of some tiers: a share of the base, by tier or for all that are named."""
    if not isinstance(rule.first("percent", "factor"), Mapping):
        return _multiplier(rule, draft) if rule.has("factor") else _percent_bonus(rule, draft)
    factors = rule.get("factor") or {
        tier: 1 + number(each) / 100 for tier, each in rule.get("percent").items()
    }
    row = _add_tier_bonus(draft, factors)
    when = selection(rule.part("include"), rule.part("exclude")) or {}
    when |= circumstances(rule, draft)
    rule.one_of("of", {None: None, "base": None, "base_points": None})
    rule.skip("granularity")
    return _into(row, {"when": when or None, "rounding": rule.one_of("rounding", _ROUNDINGS)})


def _percent_bonus(rule: Part, draft: Draft) -> Table:
    """A share on top of the base, rounded by itself; or of the distance as it was, without the base's minimum."""
    share = number(rule.get("percent")) / 100
    of = rule.one_of(
        "of",
        {
            None: "base",
            "base": "base",
            "base_points": "base",
            "base_with_minimum": "base",
            "actual_distance": "distance",
        },
    )
    when = circumstances(rule, draft)
    minimums(rule, when)
    rounding = rule.one_of("rounding", _ROUNDINGS)
    own = {"stage": "line", "rounding": rounding}
    if of == "distance":
        return draft.add(
            "earn", points=share, per_measure=1, when=when or None, multiplied=False, **own
        )
    when |= selection(rule.part("include"), rule.part("exclude")) or {}
    if "distance" not in draft.measures:
        own["stage"] = rule.one_of("granularity", _STAGES)
    return draft.add("bonus", multiply=1 + share, when=when or None, why="bonus", **own)


_ACTIONS = frozenset({"event", "birthday"})
"""Rules that are no part of a sale; their caps are limits of their own."""

_RULES: Mapping[str, Rule] = {
    "spend": _spend,
    "unit": _each("piece"),
    "order": _each("sale"),
    "visit": _each("sale"),
    "product_bonus": _product_bonus,
    "volume": _volume,
    "distance": _distance,
    "band": _band,
    "multiplier": _multiplier,
    "tier_bonus": _tier_bonus,
    "percent_bonus": _percent_bonus,
    "event": event,
    "birthday": birthday,
}


def fractions_kept(part: Part) -> bool:
    """Whether points are counted in fractions: where nothing rounds them, or where a case has a part of one."""
    rules: Iterable[Mapping[str, Any]] = part.get("earn") or ()
    rewards: Iterable[Mapping[str, Any]] = part.get("rewards") or ()
    return any(each.get("rounding") == "none" for each in rules) or any(
        Decimal(str(each.get("cost_points", 1))) % 1 for each in rewards
    )

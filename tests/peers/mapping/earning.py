"""Earning rules, multipliers and bonuses of neutral programmes."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from tests.peers.mapping.draft import Draft, Table, minor, number, selection, slug
from tests.peers.parts import Part, Unsupported

Rule = Callable[[Part, Draft], Table]

_BASES = {
    None: "paid",
    "net_after_discounts": "paid",
    "net_excl_tax": "paid",
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
_STAGES = {
    None: "sale",
    "order": "sale",
    "line": "line",
    "product": "line",
    "unit": "piece",
    "period": "sale",
}
_PERIODS = {
    None: "month",
    "statement_month": "month",
    "calendar_month": "month",
    "month": "month",
    "day": "day",
    "week": "week",
    "calendar_year": "year",
    "year": "year",
    "quarter": "quarter",
}
_TAXES = {None: "included", "incl": "included", "excl": "excluded"}


def map_earning(part: Part, draft: Draft) -> None:
    """`earn`, `multipliers`, `tier_bonus` and how they act together."""
    several = part.one_of(
        "earn_policy",
        {None: "add", "first_match_only": "first", "best": "best", "all": "add"},
    )
    draft.table("earning")["several"] = several
    part.one_of("stacking", {None: None, "each_bonus_on_base_points": None})
    part.skip("evaluation_order")
    rules = part.parts("earn")
    running = any(each.get("applies_to") == "running_points_of_product" for each in rules)
    draft.table("earning")["bonuses"] = "multiply" if running else "add"
    for each in rules:
        with each:
            kind = _kind(each)
            row = _RULES[kind](each, draft)
            draft.names[row["id"]] = str(each.get("id"))
            if kind not in _ACTIONS:
                _capped(each, row, draft)
    for each in part.parts("multipliers"):
        with each:
            row = _multiplier(each, draft)
            draft.names[row["id"]] = str(each.get("id"))
    if part.has("campaign"):
        with part.part("campaign") as campaign:
            _campaign(campaign, draft)
    bonuses = part.get("tier_bonus")
    if bonuses:
        factors = {tier_id(draft, tier): 1 + number(more) for tier, more in bonuses.items()}
        draft.add("bonus", tier_multiply=factors, why="tier")


def _capped(rule: Part, row: Table, draft: Draft) -> None:
    """At most so many points of one rule: in a sale, or within a time."""
    for key in ("max_points", "max_points_per_sale"):
        if rule.has(key):
            most = number(rule.get(key))
            draft.add("cap", most=most, of="sale", rules=[row["id"]], why="at most")
    if rule.has("cap"):
        with rule.part("cap") as cap:
            per = cap.one_of("per", _PERIODS | {"ever": "ever", None: "ever"})
            most = number(cap.get("points"))
            draft.add("cap", most=most, per=per, rules=[row["id"]], why="at most")


def _kind(rule: Part) -> str:
    kind = str(rule.get("type"))
    if kind not in _RULES:
        raise Unsupported(f"{rule.where}.type = {kind!r}")
    return kind


def tier_id(draft: Draft, name: str) -> str:
    """Our id of a tier; one that is only named gets a level of its own."""
    return draft.tiers.setdefault(name, slug(name))


def circumstances(rule: Part, draft: Draft) -> Table:
    """For whom, where and on which days a rule holds."""
    when: Table = {}
    if rule.has("tiers"):
        when["tiers"] = [tier_id(draft, each) for each in rule.get("tiers")]
    for key, ours in (
        ("segments", "segments"),
        ("stores", "stores"),
        ("channels", "channels"),
        ("languages", "languages"),
    ):
        if rule.has(key):
            when[ours] = [str(each) for each in rule.get(key)]
    if rule.has("weekdays"):
        when["weekdays"] = [str(each)[:3].lower() for each in rule.get("weekdays")]
    if rule.get("first_purchase") or rule.get("first_purchase_only"):
        when["visits"] = [1]
    if rule.has("visit_number"):
        when["visits"] = [minor(rule.get("visit_number"))]
    if rule.has("every_nth_visit"):
        when["every_visit"] = minor(rule.get("every_nth_visit"))
    dates(rule, when)
    return when


def _shared(rule: Part, draft: Draft) -> Table:
    """What all earning rules have in common: lines, circumstances, rounding."""
    when = circumstances(rule, draft)
    if rule.has("requires"):
        when["contains"] = [needed(rule.part("requires"))]
    if rule.has("min_order_minor"):
        when["minimum_sale"] = minor(rule.get("min_order_minor"))
    if rule.has("min_qty"):
        when["minimum_quantity"] = number(rule.get("min_qty"))
    tax = rule.one_of("min_order_tax", _TAXES) if rule.has("min_order_tax") else None
    void = rule.part("void_if")
    with void:
        if void.get("order_level_discount"):
            when["no_discount"] = True
    if tax:
        when["minimum_tax"] = tax
    return {
        "scope": selection(rule.part("include"), rule.part("exclude")),
        "when": when or None,
        "stop": bool(rule.get("stop_after")) or None,
    }


def needed(part: Part) -> Table:
    """So many of some lines that have to be in the basket."""
    quantity = number(part.get("qty", 1))
    part.skip("qty")
    skus = part.get("skus")
    categories = part.get("categories")
    with part:
        return {"skus": skus, "categories": categories, "quantity": quantity}


def dates(part: Part, when: Table) -> None:
    """The first and the last day."""
    for key, ours in (("valid_from", "from_date"), ("valid_to", "until_date")):
        if part.has(key):
            when[ours] = date.fromisoformat(part.get(key)[:10])


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
        found["period"] = rule.one_of("period", _PERIODS)
    return found


def _spend(rule: Part, draft: Draft) -> Table:
    per = minor(rule.get("per_minor"))
    points = rule.get("points")
    tax = rule.one_of("tax", _TAXES)
    basis = rule.one_of("basis", _BASES)
    if rule.get("basis") == "net_excl_tax":
        tax = "excluded"
    if rule.get("basis") == "net_after_discounts_scoped_to_same_products":
        draft.order_offers_are_own = True
    row = draft.add("earn", per=per, basis=basis, tax=tax)
    if isinstance(points, dict):
        row["tier_points"] = {tier_id(draft, tier): number(each) for tier, each in points.items()}
    else:
        row["points"] = number(points)
    if rule.get("rounding") in {"floor_blocks", "floor_amount_then_floor_points"}:
        row["step"] = per
    if rule.has("tender"):
        row["tenders"] = list(rule.get("tender"))
    if tax == "excluded" and rule.has("min_order_minor"):
        rule.skip("min_order_tax")
    row |= _shared(rule, draft) | _rounding(rule, draft)
    if tax == "excluded" and row["when"] and "minimum_sale" in row["when"]:
        row["when"].setdefault("minimum_tax", "excluded")
    return row


def _each(each: str) -> Rule:
    def rule_of(rule: Part, draft: Draft) -> Table:
        row = draft.add("earn", points=number(rule.get("points")), each=each)
        tax = rule.one_of("tax", _TAXES)
        row |= _shared(rule, draft)
        if tax == "excluded" and row["when"] and "minimum_sale" in row["when"]:
            row["when"].setdefault("minimum_tax", "excluded")
        rule.skip("rounding", "granularity")
        return row

    return rule_of


def _product_bonus(rule: Part, draft: Draft) -> Table:
    each = rule.one_of(
        "times", {None: "line", "once_per_line": "line", "per_unit": "piece", "once": "sale"}
    )
    row = draft.add("earn", points=number(rule.get("points")), each=each, multiplied=False)
    row |= _shared(rule, draft)
    return row


def _volume(rule: Part, draft: Draft) -> Table:
    draft.measures.add("volume_ml_per_unit")
    row = draft.add(
        "earn", points=number(rule.get("points")), per_measure=number(rule.get("per_ml"))
    )
    row |= _shared(rule, draft) | _rounding(rule, draft)
    return row


def _distance(rule: Part, draft: Draft) -> Table:
    draft.measures.add("distance")
    row = draft.add("earn", points=number(rule.get("points_per_mile")), per_measure=1)
    if rule.has("min_points_per_segment"):
        row["at_least"] = number(rule.get("min_points_per_segment"))
    row |= _shared(rule, draft)
    row |= {"stage": "line"}
    return row


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
            bands.append(
                {
                    "from_amount": minor(band.get("from_minor") or _lower(bands)),
                    "to_amount": None if to is None else minor(to),
                    "points": number(band.get("points")),
                }
            )
    row = draft.add("earn", bands=bands, bounds=bounds)
    row |= _shared(rule, draft)
    rule.skip("rounding", "granularity")
    return row


def _lower(bands: list[Table]) -> int:
    return int(bands[-1]["to_amount"] or 0) if bands else 0


def _multiplier(rule: Part, draft: Draft) -> Table:
    when = selection(rule.part("include"), rule.part("exclude")) or {}
    when |= circumstances(rule, draft)
    if rule.has("birthday"):
        when["birthday"] = rule.one_of("birthday", {"day": "day", "week": "week", "month": "month"})
    if rule.has("min_order_minor"):
        when["minimum_sale"] = minor(rule.get("min_order_minor"))
        when["minimum_tax"] = rule.one_of("min_tax", _TAXES)
    rule.one_of("applies_to", {None: None, "running_points_of_product": None})
    rule.skip("rounding", "granularity")
    return draft.add("bonus", multiply=number(rule.get("factor")), when=when or None, why="times")


def _campaign(rule: Part, draft: Draft) -> None:
    when: Table = {}
    dates(rule, when)
    rule.one_of("credited", {"after_period": None})
    row = draft.add(
        "campaign", on_top=number(rule.get("bonus_factor_on_top")), when=when, why="campaign"
    )
    row["scope"] = selection(rule.part("include"), rule.part("exclude"))
    if rule.has("min_spend_in_period_minor"):
        row["spend"] = minor(rule.get("min_spend_in_period_minor"))
    if rule.has("cap_points_per_member"):
        row["most"] = number(rule.get("cap_points_per_member"))
    rule.skip("id")


def _percent_bonus(rule: Part, draft: Draft) -> Table:
    """A share on top of the base, rounded by itself; or of the distance as it was, without the base's minimum."""
    share = number(rule.get("percent")) / 100
    of = rule.one_of(
        "of",
        {None: "base", "base": "base", "base_with_minimum": "base", "actual_distance": "distance"},
    )
    tiers = [tier_id(draft, each) for each in rule.get("tiers") or ()]
    rounding = rule.one_of("rounding", _ROUNDINGS)
    if of == "distance":
        when = {"tiers": tiers} if tiers else None
        return draft.add(
            "earn",
            points=share,
            per_measure=1,
            when=when,
            stage="line",
            rounding=rounding,
            multiplied=False,
        )
    when = {"tiers": tiers} if tiers else None
    return draft.add(
        "bonus", multiply=1 + share, when=when, stage="line", rounding=rounding, why="bonus"
    )


def _event(rule: Part, draft: Draft) -> Table:
    event = str(rule.get("event"))
    happens = "enrolment" if event == "account_created" else "reported"
    caps = [rule.part("cap")] if rule.has("cap") else rule.parts("caps")
    limits, refused = [], False
    for cap in caps:
        with cap:
            per = cap.one_of("per", _PERIODS | {"calendar_month": "month", "ever": "ever"})
            limits.append({"times": minor(cap.get("times")), "per": per})
            refused |= cap.one_of("over", {None: False, "nothing": False, "error": True})
    rule.skip("caps", "cap")
    row = draft.add(
        "action",
        title=event,
        happens=happens,
        gives=[{"quantity": number(rule.get("points"))}],
        limits=limits,
        beyond="refused" if refused else "dropped",
    )
    row["id"] = slug(event)
    return row


def _birthday(rule: Part, draft: Draft) -> Table:
    per = rule.one_of("once_per", {None: "year", "calendar_year": "year", "year": "year"})
    return draft.add(
        "action",
        title="birthday",
        happens="birthday",
        gives=[{"quantity": number(rule.get("points"))}],
        limits=[{"times": 1, "per": per}],
    )


_ACTIONS = frozenset({"event", "birthday"})
"""Rules that are no part of a sale; their caps are limits of their own."""

_RULES: dict[str, Rule] = {
    "spend": _spend,
    "unit": _each("piece"),
    "order": _each("sale"),
    "visit": _each("sale"),
    "product_bonus": _product_bonus,
    "volume": _volume,
    "distance": _distance,
    "band": _band,
    "multiplier": _multiplier,
    "percent_bonus": _percent_bonus,
    "event": _event,
    "birthday": _birthday,
}


def fractions_kept(part: Part) -> bool:
    """Whether points are counted in fractions: where nothing rounds them, or where a case has a part of one."""
    rules = part.get("earn") or ()
    rewards = part.get("rewards") or ()
    return any(each.get("rounding") == "none" for each in rules) or any(
        Decimal(str(each.get("cost_points", 1))) % 1 for each in rewards
    )

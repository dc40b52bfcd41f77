"""Promotions and codes of neutral programmes."""

from tests.peers.mapping.draft import Draft, Table, minor, number, selection
from tests.peers.mapping.earning import circumstances, needed
from tests.peers.parts import Part

_ORDERS = {
    None: "given",
    "in_given_order_on_remaining_amount": "given",
    "in_listed_order_on_remaining_amount": "listed",
    "fixed_before_percent": "amounts-first",
    "percent_before_fixed": "percentages-first",
}


def map_promotions(part: Part, draft: Draft, *, applied: bool) -> None:
    """`promotions` and how they act together; with `applied` the cases say which of them apply, in their order."""
    combine = draft.table("combine")
    combine["order"] = part.one_of("application", _ORDERS)
    combine["offers"] = part.one_of(
        "combination", {None: "all", "all": "all", "best_single": "best", "first": "first"}
    )
    part.one_of("allocation", {None: None, "pro_rata_by_gross": None, "by_line_amount": None})
    for excluded in part.get("excluded_amounts") or ():
        Part({"what": excluded}, "excluded_amounts").one_of("what", {"fixed_levy": None})
    for each in part.parts("promotions"):
        with each:
            _promotion(each, draft, applied=applied)


def _promotion(rule: Part, draft: Draft, *, applied: bool) -> None:
    neutral = str(rule.get("id"))
    when = selection(rule.part("include"), rule.part("exclude")) or {}
    when |= circumstances(rule, draft)
    _minimums(rule, when)
    row = draft.add("offer", title=neutral, when=when)
    kind = rule.one_of("type", {"percent": "percent", "fixed": "amount", "free_units": "free"})
    row["off"] = _free(rule, when) if kind == "free" else _off(rule, kind)
    limits = []
    if rule.has("max_uses_total"):
        limits.append({"times": minor(rule.get("max_uses_total")), "of": "till"})
    if rule.has("max_uses_per_member"):
        limits.append({"times": minor(rule.get("max_uses_per_member"))})
    if rule.has("max_uses_per_member_per_day"):
        limits.append({"times": minor(rule.get("max_uses_per_member_per_day")), "per": "day"})
    row["limits"] = limits or None
    trigger = rule.one_of(
        "trigger", {None: None, "code": "code", "voucher": "code", "automatic": None}
    )
    own_code = rule.get("code")
    if trigger and own_code:
        draft.codes_needed[neutral] = str(own_code)
    if applied or trigger:
        code = f"P{len(draft.lists['offer'])}-{neutral}".upper()
        draft.codes[neutral] = code
        row |= {"how": "code", "codes": [code]}
    rule.one_of("split", {None: None, "by_line_amount": None})
    on = rule.one_of(
        "on",
        {
            None: "order",
            "order": "order",
            "products": "products",
            "cheapest_unit": "unit",
            "dearest_unit": "unit",
            "nth_unit": "unit",
        },
    )
    if on == "order" and draft.order_offers_are_own:
        row["own"] = True
    row["when"] = when or None


def _minimums(rule: Part, when: Table) -> None:
    excluded = rule.one_of("min_order_tax", {None: False, "incl": False, "excl": True})
    if rule.has("min_order_minor"):
        when["minimum_sale"] = minor(rule.get("min_order_minor"))
        when["minimum_tax"] = "excluded" if excluded else "included"
    if rule.has("min_amount_on_included_minor"):
        when["minimum_spend"] = minor(rule.get("min_amount_on_included_minor"))
    if rule.has("min_qty"):
        when["minimum_quantity"] = number(rule.get("min_qty"))
    if rule.has("requires"):
        when["contains"] = [needed(rule.part("requires"))]
    rule.one_of("min_measured_on", {None: None, "running_total_after_earlier_discounts": None})


def _off(rule: Part, kind: str) -> Table:
    found: Table = {}
    if kind == "percent":
        found["percent"] = number(rule.get("percent"))
    else:
        found["amount"] = minor(rule.get("amount_minor"))
    if rule.get("on") in {"cheapest_unit", "dearest_unit", "nth_unit"}:
        found |= {"units": 1}
        found["choose"] = "dearest" if rule.get("on") == "dearest_unit" else None
        if rule.get("on") == "nth_unit":
            found["every"] = minor(rule.get("n", rule.get("nth", 2)))
            rule.skip("n", "nth")
        excluded = rule.one_of(
            "cheapest_by", {None: False, "price_without_tax": True, "price": False}
        )
        found["choose_tax"] = "excluded" if excluded else None
    if rule.has("max_discount_minor"):
        found["up_to"] = minor(rule.get("max_discount_minor"))
        found["tax"] = rule.one_of(
            "max_discount_tax", {None: None, "incl": "included", "excl": "excluded"}
        )
    rule.one_of("ignores_free_units", {None: None, True: None})
    return found


def _free(rule: Part, when: Table) -> Table:
    buy, get = rule.part("buy"), rule.part("get")
    bought = number(buy.get("qty", 1))
    buy.skip("qty")
    when |= selection(buy) or {}
    with get:
        sku, quantity = get.get("sku"), number(get.get("qty", 1))
    added = bool(rule.get("free_units_added_to_cart"))
    rule.skip("free_units_from_cart", "on")
    if not added and when.get("skus") == [sku]:
        # Units of the very article that is bought: so many of every so many are free.
        return {"percent": 100, "every": bought + quantity, "units": quantity}
    return {"free": {"sku": sku, "quantity": quantity, "buy": bought, "added": added}}

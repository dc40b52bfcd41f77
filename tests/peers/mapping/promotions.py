"""Promotions and codes of neutral programmes."""

from tests.peers.mapping.circumstances import circumstances, minimums, use_limits
from tests.peers.mapping.draft import Draft, Table, minor, number, selection
from tests.peers.mapping.offs import ON, off
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
    application = part.get("application")
    on_original = {
        "in_given_order_on_original_amount": "given",
        "in_listed_order_on_original_amount": "listed",
        "each_on_original_amount": "given",
    }
    combine["order"] = part.one_of("application", _ORDERS | on_original)
    if application in on_original:
        combine["percentages_of"] = "before"
    combine["offers"] = part.one_of(
        "combination",
        {
            None: "all",
            "all": "all",
            "add": "all",
            "best_single": "best",
            "best": "best",
            "first": "first",
            "first_only": "first",
        },
    )
    part.one_of(
        "allocation",
        {None: None, "pro_rata_by_gross": None, "by_line_amount": None, "pro_rata": None},
    )
    for excluded in part.get("excluded_amounts") or ():
        Part({"what": excluded}, "excluded_amounts").one_of("what", {"fixed_levy": None})
    for each in part.parts("promotions"):
        with each:
            _promotion(each, draft, applied=applied)


def _promotion(rule: Part, draft: Draft, *, applied: bool) -> None:
    neutral = str(rule.get("id"))
    when = selection(rule.part("include"), rule.part("exclude")) or {}
    when |= circumstances(rule, draft)
    minimums(rule, when)
    row = draft.add("offer", title=neutral, when=when)
    draft.names[row["id"]] = neutral
    kind = rule.one_of("type", {"percent": "off", "fixed": "off", "free_units": "free"})
    row["off"] = _free(rule, when) if kind == "free" else off(rule)
    row["limits"] = use_limits(rule)
    trigger = rule.one_of(
        "trigger", {None: None, "code": "code", "voucher": "code", "automatic": None}
    )
    own_code = rule.get("code")
    if own_code and (trigger or rule.get("trigger") is None):
        draft.codes_needed[neutral] = str(own_code)
    if applied or trigger or own_code:
        code = f"P{len(draft.lists['offer'])}-{neutral}".upper()
        draft.codes[neutral] = code
        row |= {"how": "code", "codes": [code]}
    if rule.first("exclusive", "alone") or rule.get("stackable") is False:
        row["alone"] = True
    rule.one_of("stackable", {None: None, True: None, False: None})
    rule.one_of("split", {None: None, "by_line_amount": None})
    rule.one_of("ignores_free_units", {None: None, True: None})
    rule.one_of("min_measured_on", {None: None, "running_total_after_earlier_discounts": None})
    on = rule.one_of("on", ON)
    if on == "order" and draft.order_offers_are_own:
        row["own"] = True
    row["when"] = when or None


def _free(rule: Part, when: Table) -> Table:
    buy, get = rule.part("buy"), rule.part("get")
    bought = number(buy.get("qty", 1))
    buy.skip("qty")
    when |= selection(buy) or {}
    with get:
        quantity = number(get.get("qty", 1))
        skus = get.get("skus") or [get.get("sku")]
    added = bool(rule.get("free_units_added_to_cart"))
    rule.skip("free_units_from_cart")
    if not added and when.get("skus") == skus:
        # Units of the very articles that are bought: so many of every so many are free, the cheapest ones.
        return {"percent": 100, "every": bought + quantity, "units": quantity}
    most = rule.first("max_free_units", "max_units")
    if most is not None and minor(most) == quantity:
        # As many as one time gives: once, then, however much is bought.
        when["contains"] = [{"skus": when.pop("skus"), "quantity": bought}]
        return {"free": {"sku": skus[0], "quantity": quantity, "added": added}}
    return {"free": {"sku": skus[0], "quantity": quantity, "buy": bought, "added": added}}

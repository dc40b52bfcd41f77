"""What a promotion, a reward or a voucher takes off."""

from tests.peers.mapping.draft import Table, minor, number
from tests.peers.parts import Part

ON = {
    None: "order",
    "order": "order",
    "products": "products",
    "remaining_amount": "order",
    "cheapest_unit": "unit",
    "dearest_unit": "unit",
    "nth_unit": "unit",
}


def off(rule: Part) -> Table:
    """A share or an amount, of everything or of some units, up to so much."""
    found: Table = {}
    if rule.one_of("type", {None: "percent", "percent": "percent", "fixed": "amount"}) == "percent":
        found["percent"] = number(rule.get("percent"))
    else:
        found["amount"] = minor(rule.first("amount_minor", "value_minor"))
        if rule.get("per_unit"):
            found["each"] = True
    if ON.get(rule.get("on")) == "unit":
        found["units"] = 1
        found["choose"] = "dearest" if rule.get("on") == "dearest_unit" else None
        if rule.get("on") == "nth_unit":
            found["every"] = minor(rule.first("n", "nth", default=2))
        excluded = rule.one_of(
            "cheapest_by", {None: False, "price_without_tax": True, "price": False}
        )
        found["choose_tax"] = "excluded" if excluded else None
    if rule.has("max_discount_minor"):
        found["up_to"] = minor(rule.get("max_discount_minor"))
        found["tax"] = rule.one_of(
            "max_discount_tax", {None: None, "incl": "included", "excl": "excluded"}
        )
    rounding = rule.get("rounding")
    if rounding is not None:
        found["rounding"] = rule.one_of(
            "rounding", {"floor": "floor", "ceil": "ceil", "half_up": "half-up"}
        )
    return found

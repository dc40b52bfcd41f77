"""For whom, when and for how much a neutral rule holds: what all kinds of rules say in the same words."""

from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any

from tests.peers.mapping.draft import Draft, Table, minor, number, selection, slug
from tests.peers.parts import Part

TAXES = {None: "included", "incl": "included", "excl": "excluded"}

PERIODS = {
    "day": "day",
    "calendar_day": "day",
    "week": "week",
    "calendar_week": "week",
    "month": "month",
    "calendar_month": "month",
    "statement_month": "month",
    "quarter": "quarter",
    "calendar_quarter": "quarter",
    "year": "year",
    "calendar_year": "year",
    "membership_year": "membership-year",
    "ever": "ever",
    "total": "ever",
    "lifetime": "ever",
}

_LISTS: Mapping[tuple[str, ...], str] = {
    ("segments", "segment"): "segments",
    ("stores", "store"): "stores",
    ("channels", "channel"): "channels",
    ("languages", "language"): "languages",
}


def tier_id(draft: Draft, name: str) -> str:
    """Our id of a tier; one that is only named gets a level of its own."""
    return draft.tiers.setdefault(name, slug(name))


def listed(value: Any) -> list[str]:
    """One or several words as several."""
    words: Iterable[Any] = [value] if isinstance(value, str | int) else value
    return [str(each) for each in words]


def circumstances(rule: Part, draft: Draft) -> Table:
    """For whom, where and when a rule holds."""
    when: Table = {}
    tiers = rule.first("tiers", "tier", "levels")
    if tiers is not None:
        when["tiers"] = [tier_id(draft, each) for each in listed(tiers)]
    for keys, ours in _LISTS.items():
        words = rule.first(*keys)
        if words is not None:
            when[ours] = listed(words)
    days = rule.first("weekdays", "weekday")
    if days is not None:
        when["weekdays"] = [each[:3].lower() for each in listed(days)]
    born = rule.one_of(
        "birthday",
        {None: None, True: "day", "day": "day", "week": "week", "month": "month"},
    )
    if born or rule.get("birthday_month"):
        when["birthday"] = born or "month"
    _visits(rule, when)
    _hours(rule, when)
    dates(rule, when)
    return when


def _visits(rule: Part, when: Table) -> None:
    if rule.first("first_purchase", "first_purchase_only", "first_order_only"):
        when["visits"] = [1]
    if rule.has("visit_number"):
        when["visits"] = [minor(rule.get("visit_number"))]
    every = rule.first("every_nth_visit", "every_visit")
    if every is not None:
        when["every_visit"] = minor(every)


def _hours(rule: Part, when: Table) -> None:
    with rule.part("hours") as hours:
        begins, ends = hours.get("from"), hours.get("to")
    for ours, value in (
        ("from_time", begins or rule.first("time_from", "from_time")),
        ("until_time", ends or rule.first("time_to", "to_time")),
    ):
        if value is not None:
            when[ours] = time.fromisoformat(value)


def dates(part: Part, when: Table) -> None:
    """The first and the last day."""
    for keys, ours in ((("valid_from", "from"), "from_date"), (("valid_to", "to"), "until_date")):
        day = part.first(*keys)
        if day is not None:
            when[ours] = date.fromisoformat(str(day)[:10])


def minimums(rule: Part, when: Table, tax: str = "included") -> None:
    """What has to be in the basket, or to be spent; `tax` is that of minimums which do not say it themselves."""
    least = rule.first("min_order_minor", "min_sale_minor", "min_spend_minor")
    said = rule.first("min_order_tax", "min_tax")
    if least:
        when["minimum_sale"] = minor(least)
    if said is not None:
        when["minimum_tax"] = Part({"tax": said}, rule.where).one_of("tax", TAXES)
    elif least and tax != "included":
        when["minimum_tax"] = tax
    if rule.has("min_amount_on_included_minor"):
        when["minimum_spend"] = minor(rule.get("min_amount_on_included_minor"))
    if rule.has("min_qty"):
        when["minimum_quantity"] = number(rule.get("min_qty"))
    if rule.has("requires"):
        required = rule.get("requires")
        several = required if isinstance(required, list) else [required]
        when["contains"] = [_needed(Part(each, f"{rule.where}.requires")) for each in several]
    with rule.part("void_if") as void:
        if void.get("order_level_discount"):
            when["no_discount"] = True


def _needed(part: Part) -> Table:
    """So many of some lines that have to be in the basket."""
    quantity = number(part.first("qty", "min_qty", default=1))
    return (selection(part) or {}) | {"quantity": quantity}


def use_limits(rule: Part) -> list[Table] | None:
    """How often something may be used: by one member, by all of them, in one sale."""
    limits: list[Table] = []
    for keys, limit in _LIMITS.items():
        times = rule.first(*keys)
        if times is not None:
            limits.append({"times": minor(times)} | limit)
    return limits or None


_LIMITS: Mapping[tuple[str, ...], Table] = {
    ("max_uses_total", "limit", "limit_total", "stock"): {"of": "till"},
    ("coupon_codes",): {"of": "till"},
    ("max_uses_per_member", "limit_per_member", "max_per_member"): {},
    ("max_uses_per_member_per_day", "limit_per_member_per_day", "max_per_day"): {"per": "day"},
    ("max_uses_per_member_per_month", "limit_per_member_per_month"): {"per": "month"},
    ("max_uses_per_order", "max_per_sale", "max_per_order"): {"of": "sale"},
}

"""Tiers of neutral programmes."""

from tests.peers.mapping.circumstances import TAXES, tier_id
from tests.peers.mapping.draft import Draft, Table, minor, number, selection
from tests.peers.parts import Part

_WHAT = {
    "spend": "spend",
    "points": "points",
    "points_earned": "points",
    "visits": "visits",
    "orders": "visits",
}
OVER = {
    "total": "ever",
    "ever": "ever",
    "in_calendar_year": "year",
    "in_year": "year",
    "in_calendar_month": "month",
    "in_calendar_quarter": "quarter",
    "in_membership_year": "membership-year",
    "last_12_months": "12 months",
    "in_last_12_months": "12 months",
    "in_12_months": "12 months",
    "rolling_12_months": "12 months",
    "in_rolling_12_months": "12 months",
    "in_rolling_year": "12 months",
    "last_6_months": "6 months",
    "rolling_365_days": "365 days",
    "last_365_days": "365 days",
}
_MEASURES = {
    "active_points": ("active", "ever"),
    **{
        f"{what}_{over}": (ours, window)
        for what, ours in _WHAT.items()
        for over, window in OVER.items()
    },
}
"""Such as spend_in_calendar_year: what is measured, and over which time."""

_DOWNGRADES = {
    None: None,
    "one_down": "one-down",
    "one_level": "one-down",
    "to_base": "base",
    "base": "base",
    "never": "never",
    "none": "never",
    "to_requalified": "requalified",
    "requalified": "requalified",
    "balance_based": "requalified",
    "by_balance": "requalified",
    "to_measure": "requalified",
}
_VALID = {
    None: None,
    "end_of_next_calendar_year": {"years": 1, "rounded": "end-of-year"},
    "end_of_next_year": {"years": 1, "rounded": "end-of-year"},
    "end_of_calendar_year": {"years": 0, "rounded": "end-of-year"},
    "end_of_year": {"years": 0, "rounded": "end-of-year"},
    "end_of_month": {"months": 0, "rounded": "end-of-month"},
    "end_of_next_month": {"months": 1, "rounded": "end-of-month"},
    "end_of_membership_year": {"days": 0, "rounded": "membership-year"},
    "end_of_next_membership_year": {"years": 1, "rounded": "membership-year"},
    "12_months": {"months": 12},
}


def map_tiers(part: Part, draft: Draft) -> None:
    """`tiers`; and tiers that rules name without saying how they are reached, which are then only given by hand."""
    if part.has("tiers"):
        with part.part("tiers") as tiers:
            draft.tables["tiers"] = _tiers(tiers, draft)
    elif draft.tiers:
        levels = [
            {"id": ours, "name": name, "at_least": 1_000_000 + n}
            for n, (name, ours) in enumerate(draft.tiers.items())
        ]
        draft.tables["tiers"] = {"measure": "visits", "level": levels}


def _tiers(part: Part, draft: Draft) -> Table:
    measure, over = part.one_of("measure", _MEASURES)
    scale = part.one_of("unit", {None: 1, "major": 100, "minor": 1})
    levels = []
    factors: Table = {}
    for each in part.parts("levels"):
        with each:
            name = str(each.get("name"))
            each.skip("reward_value")
            factor = each.first("multiplier", "factor", "points_multiplier")
            if factor is not None and factor != 1:
                factors[tier_id(draft, name)] = number(factor)
            levels.append(
                {
                    "id": tier_id(draft, name),
                    "name": name,
                    "at_least": minor(each.get("min")) * scale,
                }
            )
    if factors:
        draft.add("bonus", tier_multiply=factors, why="tier")
    by_name = {each["name"]: each for each in levels}
    order = part.get("order_in_config") or [each["name"] for each in levels]
    found: Table = {
        "measure": measure,
        "over": over,
        "level": [by_name[name] for name in order],
        "counts": part.one_of(
            "effective",
            {
                None: None,
                "current_sale_counts": "this-sale",
                "immediately": "this-sale",
                "next_sale": "next-sale",
                "next_day": "next-day",
            },
        ),
        "downgrade": part.one_of("downgrade", _DOWNGRADES),
        "scope": selection(part.part("include"), part.part("exclude")),
        "tax": part.one_of("tax", TAXES) if part.has("tax") else None,
    }
    found["valid"] = part.one_of("valid_until", _VALID)
    with part.part("valid") as valid:
        for key in ("days", "months", "years"):
            if valid.has(key):
                found["valid"] = {key: minor(valid.get(key))}
    if part.has("valid_months"):
        found["valid"] = {"months": minor(part.get("valid_months"))}
    if part.has("valid_days"):
        found["valid"] = {"days": minor(part.get("valid_days"))}
    part.skip("manual_floor")
    if part.has("recalculate"):
        with part.part("recalculate") as review:
            review.one_of("from", {None: None, "registration": None})
            each = review.first("each", "every", "on")
            periods = {
                "calendar_year": "year",
                "year": "year",
                "month": "month",
                "quarter": "quarter",
                "membership_year": "membership-year",
                "anniversary": "membership-year",
            }
            found["review"] = (
                {"every_days": minor(review.get("every_days"))}
                if each is None
                else {"each": Part({"each": each}, review.where).one_of("each", periods)}
            )
        if part.get("reset_points_after_recalculation"):
            found["review"]["resets_points"] = True
    part.skip("reset_points_after_recalculation")
    return found

"""What points are worth and how long they last: units, expiry, redeeming."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.peers.mapping.circumstances import circumstances, minimums
from tests.peers.mapping.draft import (
    DECIMALS_MAX,
    POINTS_REWARD,
    Draft,
    Table,
    minor,
    number,
    selection,
)
from tests.peers.mapping.rewards import map_reward
from tests.peers.parts import Part, Unsupported


def map_units(part: Part, draft: Draft) -> None:
    """`expiry`, `pending`, `transfer`: the life of points."""
    points = draft.unit("points")
    if draft.decimals:
        points["decimals"] = DECIMALS_MAX
    with part.part("pending") as pending:
        until = pending.one_of("until", {None: None, "next_month": {"next_month": True}})
        if until or pending.has("days"):
            points["pending"] = until or {"days": minor(pending.get("days"))}
    if part.has("expiry"):
        with part.part("expiry") as expiry:
            map_expiry(expiry, points)
    part.one_of("buckets", {None: None, "calendar_month": None})
    with part.part("transfer") as transfer:
        if transfer.has("resets_expiry"):
            points["transfer"] = {"restarts_life": bool(transfer.get("resets_expiry"))}
        elif part.has("transfer"):
            points["transfer"] = {}
        transfer.one_of("pending_or_expired_transferable", {None: None, False: None})


def map_expiry(part: Part, unit: Table) -> None:
    """How long what is held in a unit lasts."""
    kind = str(part.get("type"))
    if kind == "inactivity":
        words = {"sale": "sale", "redeem": "redeem", "earn": "earn", "purchase": "sale"}
        activity = [
            Part({"activity": each}, part.where).one_of("activity", words)
            for each in part.get("activity") or ("sale", "redeem")
        ]
        lasts = {"days": part.get("days")} if part.has("days") else {"months": _months(part)}
        unit["inactivity"] = lasts | {"activity": activity}
        return
    if kind in {"per_lot", "never"}:
        return
    if kind not in _FORMS:
        raise Unsupported(f"expiry.type = {kind!r}")
    expiry = _FORMS[kind](part)
    rounded = part.one_of(
        "round_up_to",
        {
            None: None,
            "month": "end-of-month",
            "end_of_month": "end-of-month",
            "quarter": "end-of-quarter",
            "end_of_quarter": "end-of-quarter",
            "year": "end-of-year",
            "end_of_year": "end-of-year",
            "week": "end-of-week",
        },
    )
    if rounded:
        expiry["rounded"] = rounded
    counted_from = {None: False, "earning": False, "earned": False, "activation": True}
    if part.one_of("counted_from", counted_from):
        expiry["from_maturity"] = True
    if part.one_of("last_day_inclusive", {None: True, True: True, False: False}) is False:
        if "days" not in expiry:
            raise Unsupported("expiry.last_day_inclusive = False")
        expiry["days"] -= 1
    part.skip("cutoff")
    unit["expiry"] = expiry


def _months(part: Part) -> int:
    return minor(part.get("months", 0)) + 12 * minor(part.get("years", 0))


def _sweep(part: Part) -> Table:
    month, day = str(part.get("day")).split("-")
    months = minor(part.get("older_than_months", 0)) + 12 * minor(part.get("older_than_years", 0))
    return {"months": months, "sweep": {"month": int(month), "day": int(day)}}


def _end_of(rounded: str, *, years: int = 0, months: int = 0) -> Callable[[Part], Table]:
    """The end of the period that holds a day so much later; the case can say how much."""

    def form(part: Part) -> Table:
        later = months + 12 * years + _months(part)
        return {"months": later, "rounded": rounded}

    return form


_FORMS: Mapping[str, Callable[[Part], Table]] = {
    "days_after_earned": lambda part: {"days": minor(part.get("days"))},
    "weeks_after_earned": lambda part: {"days": 7 * minor(part.get("weeks"))},
    "months_after_earned": lambda part: {"months": _months(part)},
    "years_after_earned": lambda part: {"years": minor(part.get("years"))},
    "end_of_month_earned": _end_of("end-of-month"),
    "end_of_next_month": _end_of("end-of-month", months=1),
    "end_of_month_after": _end_of("end-of-month"),
    "end_of_quarter_earned": _end_of("end-of-quarter"),
    "end_of_next_quarter": _end_of("end-of-quarter", months=3),
    "end_of_quarter_after": _end_of("end-of-quarter"),
    "end_of_year_earned": _end_of("end-of-year"),
    "end_of_next_year": _end_of("end-of-year", years=1),
    "end_of_next_calendar_year": _end_of("end-of-year", years=1),
    "end_of_year_after": _end_of("end-of-year"),
    "fixed_date": lambda part: {
        "until_date": date.fromisoformat(str(part.first("date", "on", "day"))[:10])
    },
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
            map_reward(each, draft, same_sale=same_sale)
    with part.part("cashback") as cashback:
        if part.has("cashback"):
            _cashback(cashback, draft)


def _cashback(part: Part, draft: Draft) -> None:
    """Points that become money outside of any sale: a reward like points for money off."""
    value = number(part.first("point_value_minor", "value_minor_per_point"))
    step = minor(part.first("step_points", "step", default=1))
    spend = {"step": step, "value": value * step} | _bounds(part)
    row = draft.add("reward", title="cashback", spend=spend)
    draft.rewards["cashback"] = row["id"]
    part.skip("id", "type")


def _redeem(part: Part, draft: Draft, *, same_sale: bool) -> None:
    consume = part.one_of(
        "consume",
        {
            None: None,
            "fifo": "oldest",
            "oldest_first": "oldest",
            "lifo": "newest",
            "newest_first": "newest",
            "soonest_expiring": None,
            "soonest_expiring_first": None,
            "soonest_expiry_first": None,
        },
    )
    if consume:
        draft.unit("points")["consume"] = consume
    spend = _worth(part, draft)
    if spend:
        spend |= _bounds(part)
    if part.has("rewards_per_sale"):
        draft.table("combine")["rewards_per_sale"] = minor(part.get("rewards_per_sale"))
    _tax(part, draft)
    part.one_of("combine", {None: None, True: None})
    if spend and part.one_of("buckets_combine", {None: True, True: True, False: False}) is False:
        spend["together"] = False
    part.one_of("choose", {None: None, "largest_denomination_first": None})
    part.one_of("never_exceed_bill", {None: None, True: None})
    when = selection(part.part("include"), part.part("exclude")) or {}
    when |= circumstances(part, draft)
    minimums(part, when)
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
    step = minor(part.first("step_points", "step", default=1))
    value = part.first("step_value_minor", "value_minor_per_step")
    if value is not None:
        return {"step": step, "value": minor(value)}
    of_one = part.first("point_value_minor", "value_minor_per_point")
    if of_one is not None:
        return _by_point(step, number(of_one))
    return _per_gallon(part, draft) if part.has("value") else {}


def _by_point(step: int, value: Decimal) -> Table:
    """Whole steps whose value is whole: half a cent a point is a cent for every two."""
    ratio = Fraction(value) * step
    return {"step": step * ratio.denominator, "value": ratio.numerator}


_BOUNDS: Mapping[tuple[str, ...], str] = {
    (
        "min_points",
        "min_points_per_sale",
        "minimum_points",
        "minimum",
        "min_available",
        "min_balance",
    ): "minimum",
    (
        "max_points",
        "max_points_per_sale",
        "maximum_points",
        "maximum",
        "max_per_sale",
    ): "maximum",
    ("max_percent_of_bill", "max_share_percent", "max_percent"): "share_percent",
}


def _bounds(part: Part) -> Table:
    """How many points can be used in a sale."""
    found: Table = {}
    for keys, ours in _BOUNDS.items():
        value = part.first(*keys)
        if value is not None:
            found[ours] = number(value)
    return found


def _tax(part: Part, draft: Draft) -> None:
    """Whether the tax is that of the price before points are used; points are then used on prices without it."""
    draft.tax_on_top = part.one_of(
        "tax_on", {None: False, "price_after_points": False, "price_before_points": True}
    )
    part.one_of("earn_on", {None: None, "remaining_price": None})


def _per_gallon(part: Part, draft: Draft) -> Table:
    """`10 cents per gallon`: money off every unit of measure."""
    found = re.fullmatch(r"(\d+) cents? per (gallon|litre|liter)", str(part.get("value")))
    if found is None:
        raise Unsupported(f"redeem.value = {part.get('value')!r}")
    draft.measures.update({"gallons", "litres"})
    # Fuel that points are meant for earns none, where no rule says at what rate.
    draft.add("exclude", labels=["fuel"], forbids="points", why="fuel")
    step = minor(part.first("step_points", "step", default=1))
    spend: Table = {"step": step, "value": int(found[1]), "per_measure": True}
    most = part.first("max_gallons", "max_litres")
    if most is not None:
        spend["measure_max"] = number(most)
    return spend

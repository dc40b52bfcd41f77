"""Vouchers of neutral programmes."""

from collections.abc import Mapping
from datetime import date

from tests.peers.mapping.circumstances import circumstances, minimums, use_limits
from tests.peers.mapping.draft import Draft, Table, minor, number, selection
from tests.peers.parts import Part, Unsupported

VOUCHER_VALUE_UNSAID = 100
"""What a voucher is worth where a case only counts them, in minor units."""

_ISSUED = {
    None: None,
    "at_points": "at_points",
    "per_sale": "per_sale",
    "at_statement": "at_statement",
    "on_request": "on_request",
    "birthday": "birthday",
    "on_birthday": "birthday",
    "enrolment": "enrolment",
    "on_enrolment": "enrolment",
    "welcome": "enrolment",
    "manual": None,
    "by_hand": None,
}


def map_vouchers(part: Part, draft: Draft) -> None:
    """`vouchers`."""
    for each in part.parts("vouchers"):
        with each:
            _voucher(each, draft)


def _voucher(part: Part, draft: Draft) -> None:
    neutral = part.get("id")
    row = draft.add("voucher", title=str(neutral or "voucher"))
    draft.vouchers[str(neutral)] = row["id"]
    issue = part.one_of("issue", _ISSUED)
    when: Table = {}
    if issue == "at_points":
        row["at_points"] = _at_points(part, draft)
        row |= _worth(part)
    elif issue == "per_sale":
        row["per_sale"] = _per_sale(part, row)
    elif issue == "at_statement":
        row["at_statement"] = _at_statement(part)
    elif issue == "on_request":
        _on_request(part, draft, row)
    else:
        row |= _worth(part)
        if issue is not None:
            gift = {"voucher": row["id"], "quantity": row.get("value", 1)}
            draft.add("action", title=issue, happens=issue, gives=[gift])
    _validity(part, row, when)
    if part.has("uses"):
        row["uses"] = minor(part.get("uses"))
    if part.one_of("single_use", {None: False, True: False, False: True}) and "off" not in row:
        row["rest"] = "kept"
    remainder = {None: row.get("rest"), "lost": "lost", "kept": "kept", "no_change": "lost"}
    row["rest"] = part.one_of("remainder", remainder)
    when |= circumstances(part, draft)
    when |= selection(part.part("include"), part.part("exclude")) or {}
    minimums(part, when)
    with part.part("use") as use:
        minimums(use, when)
    row["when"] = when or None
    row["limits"] = use_limits(part)
    if part.first("exclusive", "alone") or part.get("combinable") is False:
        row["alone"] = True
    part.one_of("combinable", {None: None, True: None, False: None})
    row["automatic"] = part.one_of("applied", {None: None, "automatically_on_next_sale": True})


def _worth(part: Part) -> Table:
    """A share off a later sale, or money."""
    if part.has("percent"):
        return {"off": {"percent": number(part.get("percent"))}}
    value = part.first("value_minor", "amount_minor", default=VOUCHER_VALUE_UNSAID)
    return {"value": minor(value)}


def _validity(part: Part, row: Table, when: Table) -> None:
    months, days = part.first("valid_months"), part.first("valid_days", "expires_after_days")
    if months is not None or days is not None:
        row["expiry"] = {"months": months, "days": days}
    if not part.has("valid"):
        return
    with part.part("valid") as valid:
        starts = valid.one_of(
            "starts",
            {
                None: None,
                "next_month": {"next_month": True},
                "next_day": {"days": 1},
                "at_once": None,
                "immediately": None,
            },
        )
        begins = valid.get("from")
        if begins is not None:
            when["from_date"] = date.fromisoformat(str(begins)[:10])
        after = valid.first("starts_after_days", "after_days")
        row["pending"] = starts if after is None else {"days": minor(after)}
        row["expiry"] = _lasts(valid, bool(starts and "next_month" in starts)) or None


def _lasts(valid: Part, whole_months: bool) -> Table:
    until = valid.first("until", "to")
    if until is not None:
        return {"until_date": date.fromisoformat(str(until)[:10])}
    lasts: Table = {
        key: minor(valid.get(key)) for key in ("days", "months", "years") if valid.has(key)
    }
    if valid.has("weeks"):
        lasts["days"] = 7 * minor(valid.get("weeks"))
    if whole_months and "months" in lasts:
        # So many whole months, the first of them the one in which it can first be used.
        months = lasts["months"] - 1
        return {"months": months, "rounded": "end-of-month", "from_maturity": True}
    ends = valid.one_of(
        "ends",
        {
            None: None,
            "end_of_month": {"months": 0, "rounded": "end-of-month"},
            "end_of_next_month": {"months": 1, "rounded": "end-of-month"},
            "end_of_year": {"months": 0, "rounded": "end-of-year"},
        },
    )
    return ends or lasts


def _at_points(part: Part, draft: Draft) -> Table:
    progress = part.one_of("counts", {None: False, "balance": False, "progress_not_balance": True})
    found: Table = {"points": minor(part.get("threshold"))}
    if progress:
        within = "membership-year" if _resets_with_membership(draft) else "ever"
        found |= {"counts": "progress", "within": within}
        part.skip("carry_over")
    else:
        found["carry_over"] = bool(part.get("carry_over", True))
    return found


def _resets_with_membership(draft: Draft) -> bool:
    expiry = draft.unit("points").get("expiry") or {}
    return bool(expiry.get("rounded") == "membership-year")


_VOUCHER_ROUNDINGS: Mapping[str | None, str | None] = {
    None: None,
    "half_up": "half-up",
    "floor": "floor",
    "ceil": "ceil",
    "half_even": "half-even",
}


def _per_sale(part: Part, row: Table) -> Table:
    """A share of the sale as money, one for every so much, or one for a sale of at least so much."""
    excluded = part.one_of(
        "basis", {None: False, "net_after_discounts": False, "net_after_discounts_excl_tax": True}
    )
    part.one_of("granularity", {None: None, "order": None})
    if part.one_of("value", {None: False, "percent_of_sale": True}):
        return {
            "percent": number(part.get("percent")),
            "round_to": minor(part.get("round_to_minor", 1)),
            "rounding": part.one_of("rounding", _VOUCHER_ROUNDINGS),
        }
    row |= _worth(part)
    found: Table = {"per": None if part.get("per_minor") is None else minor(part.get("per_minor"))}
    when: Table = {}
    least = part.first("min_sale_to_earn_minor", "issue_min_order_minor")
    if least is not None:
        when["minimum_sale"] = minor(least)
    if excluded:
        when["minimum_tax"] = "excluded"
    return found | {"when": when or None}


def _at_statement(part: Part) -> Table:
    step = minor(part.get("step_points", 1))
    part.one_of("carry_over", {None: None, True: None})
    value = part.first("value_minor_per_step", f"value_minor_per_{step}", "step_value_minor")
    if value is None:
        value = step * number(part.get("value_minor_per_point", 1))
    return {
        "months": list(part.get("statement_months") or range(1, 13)),
        "step": step,
        "value": int(value),
        "minimum": minor(part.get("min_points", 0)),
    }


def _on_request(part: Part, draft: Draft, row: Table) -> None:
    step = minor(part.first("step_points", "threshold", "cost_points"))
    value = minor(
        part.first(f"value_minor_per_{step}", "value_minor", default=VOUCHER_VALUE_UNSAID)
    )
    if step < 1:
        raise Unsupported(f"{part.where}: a voucher that costs nothing")
    row["value"] = value
    gift = {"voucher": row["id"], "quantity": value}
    reward = draft.add("reward", title="voucher", sort="voucher", cost=step, gives=[gift])
    draft.rewards[str(part.get("id"))] = reward["id"]

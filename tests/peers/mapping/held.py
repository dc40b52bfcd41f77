"""What members hold besides points: vouchers, stamps, credits, tiers."""

from datetime import date
from decimal import Decimal

from tests.peers.mapping.draft import Draft, Table, minor, number, selection
from tests.peers.mapping.earning import tier_id
from tests.peers.parts import Part, Unsupported

VOUCHER_VALUE_UNSAID = 100
"""What a voucher is worth where a case only counts them, in minor units."""

STAMPS = "stamps"
STAMP_REWARD = "card-full"
CREDITS = "credits"
CREDITS_REWARD = "use-credits"


def map_vouchers(part: Part, draft: Draft) -> None:
    """`vouchers`."""
    for each in part.parts("vouchers"):
        with each:
            _voucher(each, draft)


def _voucher(part: Part, draft: Draft) -> None:
    part.skip("id")
    row = draft.add("voucher", title="voucher")
    issue = part.one_of(
        "issue",
        {
            "at_points": "at_points",
            "per_sale": "per_sale",
            "at_statement": "at_statement",
            "on_request": None,
        },
    )
    if issue == "at_points":
        row["at_points"] = _at_points(part, draft)
        row["value"] = minor(part.get("value_minor", VOUCHER_VALUE_UNSAID))
    elif issue == "per_sale":
        row["per_sale"] = _per_sale(part, row)
    elif issue == "at_statement":
        row["at_statement"] = _at_statement(part)
    else:
        _on_request(part, draft, row)
    if part.has("valid"):
        with part.part("valid") as valid:
            starts = valid.one_of(
                "starts",
                {
                    None: None,
                    "next_month": {"next_month": True},
                    "next_day": {"days": 1},
                    "at_once": None,
                },
            )
            row["pending"] = starts
            lasts: Table = {
                key: minor(valid.get(key)) for key in ("days", "months", "years") if valid.has(key)
            }
            if starts and "next_month" in starts and "months" in lasts:
                # So many whole months, the first of them the one in which it can first be used.
                lasts = {
                    "months": lasts["months"] - 1,
                    "rounded": "end-of-month",
                    "from_maturity": True,
                }
            row["expiry"] = lasts or None
    if part.has("uses"):
        row["uses"] = minor(part.get("uses"))
    row["rest"] = part.one_of("remainder", {None: None, "lost": "lost", "kept": "kept"})
    if part.has("min_order_minor"):
        row["when"] = {"minimum_sale": minor(part.get("min_order_minor"))}
    row["automatic"] = part.one_of("applied", {None: None, "automatically_on_next_sale": True})


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


def _per_sale(part: Part, row: Table) -> Table:
    excluded = part.one_of(
        "basis", {None: False, "net_after_discounts": False, "net_after_discounts_excl_tax": True}
    )
    part.one_of("granularity", {None: None, "order": None})
    if part.one_of("value", {None: False, "percent_of_sale": True}):
        return {
            "percent": number(part.get("percent")),
            "round_to": minor(part.get("round_to_minor", 1)),
            "rounding": part.one_of(
                "rounding", {None: None, "half_up": "half-up", "floor": "floor", "ceil": "ceil"}
            ),
        }
    row["value"] = minor(part.get("value_minor"))
    found: Table = {"per": minor(part.get("per_minor"))}
    if excluded:
        found["when"] = {"minimum_tax": "excluded"}
    return found


def _at_statement(part: Part) -> Table:
    step = minor(part.get("step_points", 1))
    part.one_of("carry_over", {None: None, True: None})
    return {
        "months": list(part.get("statement_months") or range(1, 13)),
        "step": step,
        "value": int(step * number(part.get("value_minor_per_point", 1))),
        "minimum": minor(part.get("min_points", 0)),
    }


def _on_request(part: Part, draft: Draft, row: Table) -> None:
    step = minor(part.get("step_points"))
    value = minor(
        part.get(f"value_minor_per_{step}", part.get("value_minor", VOUCHER_VALUE_UNSAID))
    )
    row["value"] = value
    gift = {"voucher": row["id"], "quantity": value}
    draft.add("reward", title="voucher", sort="voucher", cost=step, gives=[gift])


def map_stamps(part: Part, draft: Draft) -> None:
    """`stamps`: how they are earned and what a card is good for."""
    if not part.has("stamps"):
        return
    with part.part("stamps") as stamps:
        unit = draft.unit(STAMPS)
        unit["decimals"] = 1
        with stamps.part("earn") as earn:
            _stamps_earned(earn, draft)
        stamps.one_of("rewards_already_issued", {None: None, "kept": None})
        card = draft.add("stamp", title="card", unit=STAMPS, **_size(stamps))
        _stamp_rewards(stamps, draft, card)


def _size(part: Part) -> Table:
    card = part.get("card")
    if isinstance(card, list):
        first, *later = card
        sizes = [
            {"from_date": date.fromisoformat(each["valid_from"]), "size": each["size"]}
            for each in later
        ]
        return {"size": first["size"], "sizes": sizes}
    if card is None:
        return {"size": max(int(each["at"]) for each in part.get("rewards"))}
    return {"size": minor(card)}


def _stamps_earned(part: Part, draft: Draft) -> None:
    scope = selection(part.part("include"), part.part("exclude"))
    when: Table | None = None
    if part.has("min_order_minor"):
        when = {"minimum_spend": minor(part.get("min_order_minor"))}
    if part.one_of("type", {None: False, "band_then_blocks": True}):
        _half_stamps(part, draft, scope)
        return
    for key, each in (("per_unit", "piece"), ("per_order", "sale"), ("per_line", "line")):
        if part.has(key):
            draft.add(
                "earn", unit=STAMPS, points=number(part.get(key)), each=each, scope=scope, when=when
            )
    if part.has("per_minor"):
        per = minor(part.get("per_minor"))
        stamps = number(part.get("stamps", 1))
        draft.add("earn", unit=STAMPS, points=stamps, per=per, step=per, scope=scope, when=when)
    if part.has("bonus"):
        with part.part("bonus") as bonus:
            label = str(bonus.get("when")).replace("_", "-")
            labelled = (scope or {}) | {"labels": [label]}
            draft.add(
                "earn",
                unit=STAMPS,
                points=number(bonus.get("stamps")),
                each="piece",
                scope=labelled,
            )
    if part.has("cap"):
        with part.part("cap") as cap:
            per = cap.one_of(
                "per", {"day": "day", "week": "week", "month": "month", "calendar_month": "month"}
            )
            draft.add("cap", unit=STAMPS, most=number(cap.get("stamps")), per=per, why="cap")


def _half_stamps(part: Part, draft: Draft, scope: Table | None) -> None:
    """Half a stamp between two amounts, and a whole one for every block."""
    part.one_of("basis", {None: None, "paid_other_than_with_reward_balance": None})
    part.one_of("granularity", {None: None, "order": None})
    band = {
        "from_amount": minor(part.get("half_from_minor")),
        "to_amount": minor(part.get("half_to_minor")),
        "points": Decimal("0.5"),
    }
    per = minor(part.get("per_minor"))
    draft.add("earn", unit=STAMPS, bands=[band], bounds="inclusive", scope=scope)
    draft.add("earn", unit=STAMPS, points=1, per=per, step=per, scope=scope)


def _stamp_rewards(part: Part, draft: Draft, card: Table) -> None:
    if part.has("rewards"):
        rewards = []
        for each in part.parts("rewards"):
            with each:
                given = draft.add("reward", title=str(each.get("id")), sort="product")
                rewards.append(
                    {
                        "at": minor(each.get("at")),
                        "title": "reward",
                        "gives": [{"reward": given["id"]}],
                    }
                )
        card["reward"] = rewards
    elif part.has("reward"):
        with part.part("reward") as reward:
            _stamp_reward(reward, draft, card)
    else:
        given = draft.add("reward", title="card full", sort="product")
        card["reward"] = [{"title": "reward", "gives": [{"reward": given["id"]}]}]


def _stamp_reward(part: Part, draft: Draft, card: Table) -> None:
    if part.has("free_unit"):
        row = draft.add("reward", title="free", unit=STAMPS, cost=card["size"], charge="whole")
        row |= {
            "off": {"percent": 100, "units": 1},
            "when": {"categories": [part.get("free_unit")]},
        }
        draft.rewards["free_unit"] = row["id"]
        return
    if part.has("balance_minor"):
        later = part.one_of("when", {None: None, "next_day": {"days": 1}})
        draft.unit("stamp-balance").update(
            {"name": {"one": "balance", "many": "balance"}, "decimals": 2}
        )
        value = number(part.get("balance_minor")) / 100
        gift = {"unit": "stamp-balance", "quantity": value, "pending": later}
        card["reward"] = [{"title": "balance", "gives": [gift]}]
        draft.add("wallet", title="balance", unit="stamp-balance", tender="reward_balance")
        return
    raise Unsupported("stamps.reward")


def map_credits(part: Part, draft: Draft) -> None:
    """`credits`: a unit of its own that is earned by amounts of a period and used in steps."""
    if not part.has("credits"):
        return
    with part.part("credits") as credit:
        credit.skip("id", "unit")
        draft.unit(CREDITS)["name"] = {"one": "credit", "many": "credits"}
        with credit.part("earn") as earn:
            period = earn.one_of(
                "accumulate", {None: None, "calendar_month": "month", "week": "week"}
            )
            earn.one_of("granularity", {None: None, "period": None, "order": None})
            per = minor(earn.get("per_minor"))
            draft.add(
                "earn", unit=CREDITS, points=number(earn.get("credits")), per=per, period=period
            )
        with credit.part("redeem") as redeem:
            step = minor(redeem.get("step", 1))
            spend: Table = {"step": step, "value": step}
            for key, ours in (("max_per_sale", "maximum"), ("min_available", "minimum")):
                if redeem.has(key):
                    spend[ours] = minor(redeem.get(key))
            row = draft.add("reward", title="credits", unit=CREDITS, spend=spend)
            row["id"] = CREDITS_REWARD


_MEASURES = {
    "spend_total": ("spend", "ever"),
    "spend_in_calendar_year": ("spend", "year"),
    "spend_in_membership_year": ("spend", "membership-year"),
    "spend_last_12_months": ("spend", "12 months"),
    "points_earned_total": ("points", "ever"),
    "points_in_calendar_year": ("points", "year"),
    "points_in_membership_year": ("points", "membership-year"),
    "points_last_12_months": ("points", "12 months"),
    "active_points": ("active", "ever"),
    "visits_total": ("visits", "ever"),
    "visits_in_calendar_year": ("visits", "year"),
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
    for each in part.parts("levels"):
        with each:
            name = str(each.get("name"))
            each.skip("reward_value")
            levels.append(
                {
                    "id": tier_id(draft, name),
                    "name": name,
                    "at_least": minor(each.get("min")) * scale,
                }
            )
    by_name = {each["name"]: each for each in levels}
    order = part.get("order_in_config") or [each["name"] for each in levels]
    found: Table = {
        "measure": measure,
        "over": over,
        "level": [by_name[name] for name in order],
        "counts": part.one_of(
            "effective", {None: None, "current_sale_counts": "this-sale", "next_sale": "next-sale"}
        ),
        "downgrade": part.one_of(
            "downgrade",
            {
                None: None,
                "one_down": "one-down",
                "to_base": "base",
                "never": "never",
                "to_requalified": "requalified",
            },
        ),
    }
    found["valid"] = part.one_of(
        "valid_until",
        {
            None: None,
            "end_of_next_calendar_year": {"years": 1, "rounded": "end-of-year"},
            "end_of_calendar_year": {"years": 0, "rounded": "end-of-year"},
            "12_months": {"months": 12},
        },
    )
    if part.has("valid_months"):
        found["valid"] = {"months": minor(part.get("valid_months"))}
    part.skip("manual_floor")
    if part.has("recalculate"):
        with part.part("recalculate") as review:
            review.one_of("from", {None: None, "registration": None})
            found["review"] = {"every_days": minor(review.get("every_days"))}
        if part.get("reset_points_after_recalculation"):
            found["review"]["resets_points"] = True
    part.skip("reset_points_after_recalculation")
    return found

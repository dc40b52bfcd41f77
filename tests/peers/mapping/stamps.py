"""Stamps and credits: what is collected beside points, and what it is good for."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from tests.peers.mapping.circumstances import PERIODS, circumstances, minimums
from tests.peers.mapping.draft import Draft, Table, minor, number, selection
from tests.peers.mapping.points import map_expiry
from tests.peers.parts import Part, Unsupported

STAMPS = "stamps"
STAMP_BALANCE = "stamp-balance"
CREDITS = "credits"
CREDITS_REWARD = "use-credits"


def map_stamps(part: Part, draft: Draft) -> None:
    """`stamps`: how they are earned and what a card is good for."""
    if not part.has("stamps"):
        return
    with part.part("stamps") as stamps:
        unit = draft.unit(STAMPS)
        unit["decimals"] = 1
        with stamps.part("earn") as earn:
            _stamps_earned(earn, draft)
        if stamps.has("expiry"):
            with stamps.part("expiry") as expiry:
                map_expiry(expiry, unit)
        stamps.one_of("rewards_already_issued", {None: None, "kept": None})
        over = stamps.first("overshoot", "carry_over")
        overshoot = "lost" if over in {False, "lost"} else "next-card"
        card = draft.add("stamp", title="card", unit=STAMPS, overshoot=overshoot, **_size(stamps))
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
    when = circumstances(part, draft)
    if part.has("min_order_minor"):
        when["minimum_spend"] = minor(part.get("min_order_minor"))
    if part.one_of("type", {None: False, "band_then_blocks": True}):
        _half_stamps(part, draft, scope)
        return
    shared: Table = {"unit": STAMPS, "scope": scope, "when": when or None}
    for key, each in _STAMPS_PER.items():
        if part.has(key):
            draft.add("earn", points=number(part.get(key)), each=each, **shared)
    if part.has("per_minor"):
        per = minor(part.get("per_minor"))
        draft.add("earn", points=number(part.get("stamps", 1)), per=per, step=per, **shared)
    if part.has("bonus"):
        with part.part("bonus") as bonus:
            label = str(bonus.get("when")).replace("_", "-")
            labelled = (scope or {}) | {"labels": [label]}
            stamps = number(bonus.get("stamps"))
            draft.add("earn", unit=STAMPS, points=stamps, each="piece", scope=labelled)
    for more in [part.part("multiplier")] if part.has("multiplier") else part.parts("multipliers"):
        with more:
            _more_stamps(more, draft)
    for cap in [part.part("cap")] if part.has("cap") else part.parts("caps"):
        with cap:
            _cap(cap, draft)
    most = part.first("max_per_order", "max_per_sale", "max_stamps_per_order")
    if most is not None:
        draft.add("cap", unit=STAMPS, most=number(most), of="sale", why="cap")
    part.skip("cap", "caps", "multiplier", "multipliers")


_STAMPS_PER = {
    "per_unit": "piece",
    "per_order": "sale",
    "per_sale": "sale",
    "per_visit": "sale",
    "per_line": "line",
}


def _more_stamps(part: Part, draft: Draft) -> None:
    """Double days."""
    when = circumstances(part, draft) | (selection(part.part("include")) or {})
    factor = number(part.get("factor"))
    draft.add("bonus", unit=STAMPS, multiply=factor, when=when or None, why="times")
    part.skip("id")


def _cap(part: Part, draft: Draft) -> None:
    most = number(part.first("stamps", "points"))
    if part.get("per") in {"order", "sale", "receipt"}:
        draft.add("cap", unit=STAMPS, most=most, of="sale", why="cap")
        return
    draft.add("cap", unit=STAMPS, most=most, per=part.one_of("per", PERIODS), why="cap")


def _half_stamps(part: Part, draft: Draft, scope: Table | None) -> None:
    """Half a stamp between two amounts, and a whole one for every block."""
    others = part.one_of(
        "basis", {None: None, "paid_other_than_with_reward_balance": ["reward_balance"]}
    )
    part.one_of("granularity", {None: None, "order": None})
    band = {
        "from_amount": minor(part.get("half_from_minor")),
        "to_amount": minor(part.get("half_to_minor")),
        "points": Decimal("0.5"),
    }
    per = minor(part.get("per_minor"))
    own: Table = {"unit": STAMPS, "scope": scope, "not_tenders": others}
    draft.add("earn", bands=[band], bounds="inclusive", **own)
    draft.add("earn", points=1, per=per, step=per, **own)


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
    """What a full card is good for: a unit of some goods, a balance, money off, a voucher, or a product."""
    if part.has("free_unit"):
        _free_unit(part, draft, card)
    elif part.has("balance_minor"):
        _balance(part, draft, card)
    elif part.has("voucher_minor"):
        value = minor(part.get("voucher_minor"))
        voucher = draft.add("voucher", title="voucher", value=value)
        gifts = [{"voucher": voucher["id"], "quantity": value}]
        card["reward"] = [{"title": "voucher", "gives": gifts}]
    else:
        _named(part, draft, card)


def _cost(card: Table) -> Table:
    return {"unit": STAMPS, "cost": card["size"], "charge": "whole"}


def _free_unit(part: Part, draft: Draft, card: Table) -> None:
    goods = part.get("free_unit")
    off: Table = {"percent": 100, "units": 1}
    if part.has("max_value_minor"):
        off["up_to"] = minor(part.get("max_value_minor"))
    when = goods if isinstance(goods, Mapping) else {"categories": [goods]}
    row = draft.add("reward", title="free", off=off, when=when, **_cost(card))
    draft.rewards["free_unit"] = row["id"]


def _balance(part: Part, draft: Draft, card: Table) -> None:
    later = part.one_of("when", {None: None, "next_day": {"days": 1}})
    name = {"one": "balance", "many": "balance"}
    draft.unit(STAMP_BALANCE).update({"name": name, "decimals": 2})
    quantity = number(part.get("balance_minor")) / 100
    gift = {"unit": STAMP_BALANCE, "quantity": quantity, "pending": later}
    card["reward"] = [{"title": "balance", "gives": [gift]}]
    draft.add("wallet", title="balance", unit=STAMP_BALANCE, tender="reward_balance")


def _named(part: Part, draft: Draft, card: Table) -> None:
    worth = part.first("value_minor", "amount_minor")
    neutral = part.first("id", "product")
    if worth is not None:
        row = draft.add("reward", title="money", off={"amount": minor(worth)}, **_cost(card))
        draft.rewards[str(neutral or "reward")] = row["id"]
    elif neutral is not None:
        given = draft.add("reward", title=str(neutral), sort="product")
        card["reward"] = [{"title": "reward", "gives": [{"reward": given["id"]}]}]
        draft.rewards[str(neutral)] = given["id"]
    else:
        raise Unsupported("stamps.reward")


def map_credits(part: Part, draft: Draft) -> None:
    """`credits`: a unit of its own that is earned by amounts of a period and used in steps."""
    if not part.has("credits"):
        return
    with part.part("credits") as credit:
        credit.skip("id", "unit")
        draft.unit(CREDITS)["name"] = {"one": "credit", "many": "credits"}
        with credit.part("earn") as earn:
            period = earn.one_of("accumulate", PERIODS | {None: None})
            earn.one_of("granularity", {None: None, "period": None, "order": None})
            per = minor(earn.get("per_minor"))
            points = number(earn.get("credits"))
            when = circumstances(earn, draft)
            minimums(earn, when)
            scope = selection(earn.part("include"), earn.part("exclude"))
            own: Table = {"per": per, "step": None if period else per, "period": period}
            draft.add("earn", unit=CREDITS, points=points, scope=scope, when=when or None, **own)
        if credit.has("expiry"):
            with credit.part("expiry") as expiry:
                map_expiry(expiry, draft.unit(CREDITS))
        with credit.part("redeem") as redeem:
            step = minor(redeem.get("step", 1))
            spend: Table = {"step": step, "value": step}
            for key, ours in (("max_per_sale", "maximum"), ("min_available", "minimum")):
                if redeem.has(key):
                    spend[ours] = minor(redeem.get(key))
            row = draft.add("reward", title="credits", unit=CREDITS, spend=spend)
            row["id"] = CREDITS_REWARD

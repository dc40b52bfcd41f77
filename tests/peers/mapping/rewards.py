"""Rewards of neutral programmes: what has a price in points."""

from collections.abc import Callable, Mapping

from tests.peers.mapping.circumstances import circumstances, minimums, use_limits
from tests.peers.mapping.draft import Draft, Table, minor, number, selection
from tests.peers.mapping.offs import off
from tests.peers.parts import Part


def map_reward(part: Part, draft: Draft, *, same_sale: bool) -> None:
    """One reward, by what it does or is."""
    neutral = str(part.get("id"))
    row = draft.add("reward", title=neutral, same_sale=same_sale)
    draft.rewards[neutral] = row["id"]
    draft.names[row["id"]] = neutral
    if part.has("cost_points_per_minor"):
        row |= {"cost_per": number(part.get("cost_points_per_minor")), "off": {"percent": 100}}
    elif part.has("cost_points"):
        row["cost"] = number(part.get("cost_points"))
    row |= _does(part, draft, row)
    when = selection(part.part("include"), part.part("exclude")) or {}
    when |= circumstances(part, draft)
    minimums(part, when)
    row["when"] = when or None
    row["limits"] = use_limits(part)
    if part.first("exclusive", "alone"):
        row["alone"] = True
    part.one_of(
        "on",
        {
            None: None,
            "products": None,
            "order": None,
            "remaining_amount": None,
            "cheapest_unit": None,
        },
    )


def _does(part: Part, draft: Draft, row: Table) -> Table:
    """What it takes off or gives; a reward of which a case says no more is a product to collect."""
    kind = part.one_of("type", {None: None, **{each: each for each in _WHAT_REWARDS_DO}})
    if kind:
        return _WHAT_REWARDS_DO[kind](part, draft)
    worth = part.first("up_to_minor", "value_minor", "amount_minor")
    if worth is not None:
        return {"off": {"amount": minor(worth)}, "charge": "whole"}
    return {} if "off" in row else {"sort": "product"}


def _money_off(part: Part, _draft: Draft) -> Table:
    return {"off": off(part), "charge": "whole"}


def _free_product(part: Part, draft: Draft) -> Table:
    if not draft.lists.get("exclude"):
        why = "a reward itself earns nothing"
        draft.add("exclude", kinds=["reward"], forbids="points", why=why)
    free = {"sku": part.get("sku"), "quantity": number(part.get("qty", 1))}
    return {"off": {"free": free | {"added": draft.free_lines}}, "charge": "whole"}


def _free_unit(_part: Part, _draft: Draft) -> Table:
    return {"off": {"percent": 100, "units": 1}, "charge": "whole"}


def _voucher(part: Part, draft: Draft) -> Table:
    """A voucher of money that is issued for the points, to be used later."""
    value = minor(part.first("value_minor", "amount_minor"))
    voucher = draft.add("voucher", title="voucher", value=value)
    return {"sort": "voucher", "gives": [{"voucher": voucher["id"], "quantity": value}]}


_WHAT_REWARDS_DO: Mapping[str, Callable[[Part, Draft], Table]] = {
    "percent": _money_off,
    "fixed": _money_off,
    "free_product": _free_product,
    "free_unit": _free_unit,
    "voucher": _voucher,
    "product": lambda _part, _draft: {"sort": "product"},
    "experience": lambda _part, _draft: {"sort": "experience"},
    "donation": lambda _part, _draft: {"sort": "donation"},
}

"""Neutral lines as a basket of ours, whose prices have the tax in them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from edge_agent.domain.basket import Basket, Line, Tender
from edge_agent.domain.money import Rounding, apportion, rounded
from tests.peers.mapping.draft import Draft, number
from tests.peers.parts import Part

_MEASURES = ("volume_ml_per_unit", "gallons", "litres", "distance")


def basket(
    lines: Sequence[Mapping[str, Any]],
    draft: Draft,
    order_discount: int = 0,
    *,
    store: str = "",
    channel: str = "store",
) -> Basket:
    """The basket of these lines, with what is off the whole order split over them."""
    bought = [_line(n, Part(each, f"lines[{n}]"), draft) for n, each in enumerate(lines, 1)]
    if order_discount:
        parts = apportion(order_discount, [max(0, each.amount) for each in bought])
        bought = [
            replace(each, amount=each.amount - part, discount=each.discount + part)
            for each, part in zip(bought, parts, strict=True)
        ]
    total = sum(each.amount for each in bought)
    return Basket(tuple(bought), total, "EUR", channel=channel, store=store)


def _line(n: int, part: Part, draft: Draft) -> Line:
    with part:
        quantity = number(part.get("qty"))
        discount = Fraction(number(part.get("discount_minor", 0)))
        price = quantity * number(part.get("unit_price_minor"))
        rate, net = _without_tax(part, Fraction(price) - discount)
        if draft.tax_on_top:
            rate = Fraction(0)
        gross = net * (1 + rate)
        levy = int(quantity * number(part.get("fixed_levy_minor", 0)))
        labels = list(part.get("labels") or ())
        if part.get("own_cup"):
            labels.append("own-cup")
        if part.has("gallons") or part.has("litres"):
            labels.append("fuel")
        category, brand = part.get("category"), part.get("brand")
        part.skip("issue_card", "name")
        return Line(
            number=n,
            sku=str(part.get("sku")),
            quantity=quantity,
            amount=rounded(gross, Rounding.HALF_UP) + levy,
            discount=int(discount),
            categories=() if category is None else (str(category),),
            brand=None if brand is None else str(brand),
            labels=tuple(labels),
            kind=str(part.get("kind") or "product"),
            tax_rate=f"{float(rate * 100):.10g}" if rate else None,
            levy=levy,
            measure=_measure(part, quantity, draft),
        )


def tax_of(lines: Sequence[Mapping[str, Any]]) -> int:
    """The tax of these lines as they are priced, in minor units: what a till puts on top."""
    found = 0
    for n, each in enumerate(lines):
        part = Part(each, f"lines[{n}]")
        price = Fraction(number(part.get("qty")) * number(part.get("unit_price_minor")))
        rate, net = _without_tax(part, price - Fraction(number(part.get("discount_minor", 0))))
        found += rounded(net * rate, Rounding.HALF_UP)
    return found


def _without_tax(part: Part, amount: Fraction) -> tuple[Fraction, Fraction]:
    """The rate of all taxes together, and the amount with none of them in it."""
    rate, included = Fraction(number(part.get("tax_rate", 0))), part.get("tax_included")
    taxes = [(rate, bool(included))]
    for each in part.parts("taxes"):
        with each:
            taxes.append((Fraction(number(each.get("rate"))), bool(each.get("included"))))
    inside = sum((each for each, is_in in taxes if is_in), Fraction(0))
    return sum((each for each, _ in taxes), Fraction(0)), amount / (1 + inside)


def _measure(part: Part, quantity: Decimal, draft: Draft) -> Decimal | None:
    """The measure that the programme asks about; others cannot matter."""
    found: Decimal | None
    if part.has("volume_ml_per_unit") and "volume_ml_per_unit" in draft.measures:
        found = number(part.get("volume_ml_per_unit")) * quantity
    elif part.has("litres") and "volume_ml_per_unit" in draft.measures:
        found = number(part.get("litres")) * 1000
    elif part.has("distance") and "distance" in draft.measures:
        found = number(part.get("distance")) * quantity
    else:
        told = [each for each in ("gallons", "litres") if part.has(each) and each in draft.measures]
        found = None if not told else number(part.get(told[0]))
    part.skip(*_MEASURES)
    return found


def tenders(due: int, said: Sequence[Mapping[str, Any]], has: Mapping[str, int]) -> list[Tender]:
    """What is paid by which means; `has` is what can be taken of stored value, by the type of the tender."""
    found: list[Tender] = []
    left = due
    for n, each in enumerate(said):
        with Part(each, f"tender[{n}]") as part:
            kind = str(part.get("type"))
            part.skip("card")
            wanted = part.get("amount_minor")
            amount = left if wanted in {"max", "rest"} else int(wanted)
            if kind in has and wanted == "max":
                amount = min(amount, has[kind])
            found.append(Tender(kind, amount))
            left -= amount
    return found

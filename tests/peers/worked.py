"""A basket that was worked out, and telling of it in the words of the cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from edge_agent.domain.basket import Basket, ReturnedLine
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.money import net_of_tax
from edge_agent.domain.programme import Evaluation
from edge_agent.domain.programme.kept import Returned, Sold
from edge_agent.domain.programme.situation import Wanted
from tests.peers.mapping.draft import number
from tests.peers.mapping.stamps import CREDITS, STAMPS
from tests.peers.refusals import NO_CARD, NO_WALLET, UNKNOWN_CODE, refusal_in
from tests.peers.shop import PeerShop
from tests.peers.standing import Standing
from tests.peers.words import free_units, summed_up, tenths

_STORED = frozenset({"wallet", "gift_card", "reward_balance"})
"""What pays from stored value, so that nothing is due for it."""


@dataclass(frozen=True)
class Worked:
    """A basket that was worked out, and what became of it."""

    name: str | None
    at: datetime
    facts: MemberFacts
    bought: Basket
    wanted: Wanted
    evaluation: Evaluation
    codes: tuple[str, ...] = ()
    card: str | None = None
    """The account of the gift card that the sale is paid with or that it sells."""
    tax_on_top: int = 0
    """What the till puts on top of prices without tax."""
    unknown: tuple[str, ...] = ()
    """Codes that nobody knows."""
    without: tuple[str, ...] = ()
    """Means of payment with nothing on them."""
    sold: Sold | None = None
    returned: list[Returned] = field(default_factory=list)

    @property
    def bought_anyway(self) -> bool:
        """Whether the sale goes on without what was refused: codes that do not hold stop nobody."""
        return not self.wanted.redemptions and not self.without

    def left(self) -> tuple[ReturnedLine, ...]:
        """Everything of it that has not come back."""
        quantities = {each.number: each.quantity for each in self.bought.lines}
        for line in (line for each in self.returned for line in each.lines):
            quantities[line.number] -= line.quantity
        return tuple(ReturnedLine(number, left) for number, left in quantities.items() if left)


def returned_lines(
    original: Worked, lines: Sequence[Mapping[str, Any]]
) -> tuple[ReturnedLine, ...]:
    """The lines of the sale that these are, by article and price."""
    back: dict[int, Decimal] = {}
    for each in lines:
        for line in original.bought.lines:
            if line.sku == each["sku"] and line.number not in back:
                back[line.number] = number(each["qty"])
                break
    return tuple(ReturnedLine(line, quantity) for line, quantity in back.items())


@dataclass
class Telling:
    """What a sale came to, by the keys of `expect`."""

    shop: PeerShop
    standing: Standing

    def of_sale(self, sale: "Worked") -> dict[str, Any]:
        evaluation, bought = sale.evaluation, sale.bought
        off = evaluation.off()
        net = {line.number: line.amount - off.get(line.number, 0) for line in bought.lines}
        without_tax = sum(net_of_tax(net[line.number], line.tax_rate) for line in bought.lines)
        total = sum(net.values()) + sale.tax_on_top
        stored = sum(each.amount for each in bought.tenders if each.type in _STORED)
        found: dict[str, Any] = {
            "discount_minor": sum(off.values()),
            "total_minor": total,
            "net_minor": without_tax,
            "tax_minor": total - without_tax,
            "due_minor": total - stored,
            "free_units": free_units(evaluation, bought),
            "line_shares_sorted_minor": sorted(off.get(line.number, 0) for line in bought.lines),
            "line_shares_minor": [off.get(line.number, 0) for line in bought.lines],
            "line_totals_minor": list(net.values()),
            "codes_dropped": [*sale.unknown, *self._dropped(sale)],
        }
        refusal: dict[str, Any] = refusal_in(evaluation)
        if sale.without:
            refusal = {"error": NO_CARD if "gift_card" in sale.without else NO_WALLET}
        elif sale.unknown:
            refusal = {"error": UNKNOWN_CODE}
        return found | self._earned(sale) | self.spent(evaluation) | refusal

    def _earned(self, sale: "Worked") -> dict[str, Any]:
        own = [each for each in sale.evaluation.entries if each.account is None]
        names = self.shop.draft.names
        parts: dict[str, Decimal] = {}
        for each in own:
            if each.unit == "points" and each.kind is EntryKind.EARN:
                rule = names.get(each.rule, each.rule)
                parts[rule] = parts.get(rule, Decimal(0)) + self.standing.points(each.quantity)
        return {
            "points_earned": sum(parts.values(), Decimal(0)) - self._referral_of(sale, sale.name),
            "parts": parts,
            "stamps_earned": tenths(summed_up(own, STAMPS, EntryKind.EARN)),
            "vouchers_issued": self.standing.vouchers(own),
            "voucher_value_minor": summed_up(own, "voucher/", EntryKind.EARN),
            "rewards_issued": summed_up(own, "reward/", EntryKind.EARN),
            "credits_earned": summed_up(own, CREDITS, EntryKind.EARN),
            "referral_points": {name: self._referral_of(sale, name) for name in self.shop.members},
        }

    def _referral_of(self, sale: "Worked", name: str | None) -> Decimal:
        ref = None if name is None else self.shop.member(name).ref
        return self.standing.points(
            sum(
                each.quantity
                for each in sale.evaluation.entries
                if each.rule == "referral"
                and each.unit == "points"
                and (each.account == ref or (each.account is None and name == sale.name))
            )
        )

    def spent(self, evaluation: Evaluation) -> dict[str, Any]:
        rewards = {each.id for each in self.shop.programme.file.reward}
        used = [
            each
            for each in evaluation.entries
            if each.kind is EntryKind.REDEEM and each.rule in rewards
        ]
        return {
            "points_spent": self.standing.points(-summed_up(used, "points")),
            "credits_used": -summed_up(used, CREDITS),
        }

    def _dropped(self, sale: "Worked") -> list[str]:
        draft = self.shop.draft
        by_rule = {row["id"]: row["title"] for row in draft.lists.get("offer", ())}
        refused = {
            by_rule[each.rule]
            for each in sale.evaluation.outcomes
            if each.rule in by_rule and each.unmet is not None
        }
        return [
            code
            for code in sale.codes
            if any(draft.codes_needed.get(neutral) == code for neutral in refused)
        ]

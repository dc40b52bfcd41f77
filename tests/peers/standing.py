"""What a member has at one time, in the words of the cases."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding, usable
from edge_agent.domain.member import MemberFacts
from tests.peers.mapping.draft import number
from tests.peers.mapping.held import CREDITS, STAMPS
from tests.peers.mapping.points import WALLET
from tests.peers.shop import PeerShop
from tests.peers.words import Actual, pending_of, summed_up, tenths


@dataclass
class Standing:
    """Looks at a shop."""

    shop: PeerShop

    def of(self, name: str | None, at: datetime) -> Actual:
        """What the member has at the end of a step, and what central did about it at its beginning."""
        if name is None:
            return {}
        facts = self.shop.facts(name, at)
        today = self.shop.today(at)
        due = self.shop.due.get(name, [])
        held = facts.holdings
        return {
            "balance": self.points(usable(held, "points", today)),
            "pending": self.points(pending_of(held, today)),
            "tier": self._tier(facts, today),
            "stamps": tenths(usable(held, STAMPS, today)),
            "wallet_minor": usable(held, WALLET, today),
            "credits": usable(held, CREDITS, today),
            "points_expired": self.points(
                -sum(each.quantity for each in due if each.kind is EntryKind.EXPIRE)
            ),
            "points_bonus": self.points(
                sum(
                    each.quantity
                    for each in due
                    if each.kind is EntryKind.EARN and each.unit == "points"
                )
            ),
            "voucher_value_minor": summed_up(due, "voucher/"),
            "points_earned": self.points(summed_up(due, "points", EntryKind.EARN)),
            "points_to_next_voucher": self._to_next_voucher(name, held, facts, at),
        }

    def points(self, quantity: int) -> Decimal:
        """Points as cases have them."""
        return Decimal(quantity) / self.shop.programme.lots["points"].scale

    def parts(self, points: Any) -> int:
        return int(number(points) * self.shop.programme.lots["points"].scale)

    def _tier(self, facts: MemberFacts, today: date) -> str | None:
        tier = self.shop.programme.present(facts, today).tier
        names = {ours: name for name, ours in self.shop.draft.tiers.items()}
        return names.get(tier or "")

    def _to_next_voucher(
        self, name: str, held: Sequence[Holding], facts: MemberFacts, at: datetime
    ) -> Decimal | None:
        del held
        for rule in self.shop.programme.file.voucher:
            if rule.at_points is None:
                continue
            scale = self.shop.programme.lots[rule.at_points.unit].scale
            counted = self.shop.central_facts(name, at).holdings
            progress = [
                each for each in counted if each.unit.startswith("count/") and "points" in each.unit
            ]
            have = sum(each.quantity for each in progress) if progress else 0
            del facts
            need = int(rule.at_points.points) * scale
            return Decimal(need - have % need) / scale
        return None

    def vouchers(self, entries: Iterable[Entry]) -> int:
        values = {f"voucher/{rule.id}": rule.one for rule in self.shop.programme.file.voucher}
        return sum(
            each.quantity // (values[each.unit] or each.quantity)
            for each in entries
            if each.unit in values and each.kind is EntryKind.EARN
        )

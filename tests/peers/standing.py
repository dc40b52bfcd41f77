"""What a member has at one time, in the words of the cases."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding, usable
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.outlook import outlook
from edge_agent.domain.programme.progress import Towards
from tests.peers.mapping.draft import number
from tests.peers.mapping.stamps import CREDITS, STAMP_BALANCE, STAMPS
from tests.peers.mapping.stored import WALLET
from tests.peers.shop import PeerShop
from tests.peers.words import Actual, pending_of, summed_up, tenths

_NOTHING_DONE: Actual = {
    "points_reversed": 0,
    "points_restored": 0,
    "points_spent": 0,
    "shortfall_points": 0,
    "stamps_earned": 0,
    "rewards_issued": 0,
    "vouchers_revoked": 0,
    "credits_used": 0,
    "discount_minor": 0,
}
"""What every step can be asked about, and of which most bring nothing."""


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
        bonus = summed_up(due, "points", EntryKind.EARN)
        lapsed = sum(each.quantity for each in due if each.kind is EntryKind.EXPIRE)
        return (
            _NOTHING_DONE
            | {
                "balance": self.points(usable(held, "points", today)),
                "pending": self.points(pending_of(held, today)),
                "tier": self._tier(facts, today),
                "stamps": tenths(usable(held, STAMPS, today)),
                "wallet_minor": usable(held, WALLET, today),
                "reward_balance_minor": usable(held, STAMP_BALANCE, today),
                "credits": usable(held, CREDITS, today),
                "vouchers": self._vouchers_held(held, today),
                "points_expired": self.points(-lapsed),
                "points_bonus": self.points(bonus),
                "points_earned": self.points(bonus),
                "voucher_value_minor": summed_up(due, "voucher/"),
                "vouchers_issued": self.vouchers(due),
                "points_to_next_voucher": self._to_next_voucher(name, at),
            }
            | self._to_next_tier(facts, at)
        )

    def _vouchers_held(self, held: Sequence[Holding], today: date) -> int:
        """How many vouchers can be used today."""
        worth = self._worths()
        return sum(
            -(-each.quantity // (worth[each.unit] or each.quantity))
            for each in held
            if each.unit in worth and each.quantity > 0 and each.usable_on(today)
        )

    def _to_next_tier(self, facts: MemberFacts, at: datetime) -> Actual:
        """What is missing to the next tier, in what tiers are measured by; nothing where there is none above."""
        ahead = outlook(self.shop.programme, facts, at).towards(Towards.TIER)
        missing = ahead[0].missing if ahead else None
        return {"to_next_tier_minor": missing, "to_next_tier": missing}

    def points(self, quantity: int) -> Decimal:
        """Points as cases have them."""
        return Decimal(quantity) / self.shop.programme.lots["points"].scale

    def parts(self, points: Any) -> int:
        return int(number(points) * self.shop.programme.lots["points"].scale)

    def _tier(self, facts: MemberFacts, today: date) -> str | None:
        tier = self.shop.programme.present(facts, today).tier
        names = {ours: name for name, ours in self.shop.draft.tiers.items()}
        return names.get(tier or "")

    def _to_next_voucher(self, name: str, at: datetime) -> Decimal | None:
        for rule in self.shop.programme.file.voucher:
            if rule.at_points is None:
                continue
            scale = self.shop.programme.lots[rule.at_points.unit].scale
            counted = self.shop.central_facts(name, at).holdings
            progress = [
                each for each in counted if each.unit.startswith("count/") and "points" in each.unit
            ]
            have = sum(each.quantity for each in progress)
            need = int(rule.at_points.points) * scale
            return Decimal(need - have % need) / scale
        return None

    def vouchers(self, entries: Iterable[Entry]) -> int:
        """How many vouchers these entries gave."""
        worth = self._worths()
        return sum(
            each.quantity // (worth[each.unit] or each.quantity)
            for each in entries
            if each.unit in worth and each.kind is EntryKind.EARN
        )

    def _worths(self) -> dict[str, int]:
        """What a whole voucher is, by its unit; 0 where each has a value of its own."""
        rules = self.shop.programme.file.voucher
        return {rule.unit: 0 if rule.one == 1 and rule.off is None else rule.one for rule in rules}

"""The steps that undo or use up: returns, cancelled sales, vouchers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edge_agent.domain.basket import ReturnedLine
from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import Holding
from edge_agent.domain.programme.giving_back import GivenBack, give_back
from edge_agent.domain.programme.kept import OverReturned, Returned
from edge_agent.domain.programme.situation import PresentedVoucher, Wanted
from tests.peers.baskets import basket
from tests.peers.mapping.points import WALLET
from tests.peers.parts import Part, Unsupported
from tests.peers.shop import PeerShop
from tests.peers.standing import Standing
from tests.peers.till_steps import TillSteps
from tests.peers.words import Actual, refusal_in, summed_up
from tests.peers.worked import Worked, returned_lines


@dataclass
class LaterSteps:
    """Acts that come back to sales of `till`."""

    shop: PeerShop
    standing: Standing
    till: TillSteps
    issued: dict[int, str] = field(default_factory=dict)
    """The lots of the vouchers that were given by hand, by step."""

    def give_back(self, n: int, part: Part, name: str | None, at: datetime) -> Actual:
        original = self.till.sales.get(int(part.get("of_step")))
        if original is None or original.sold is None:
            part.skip("lines", "refund_to")
            return self.standing.of(name, at) | {"error": "unknown_original_sale"}
        if name != original.name and not (original.name or "").startswith("card "):
            part.skip("lines", "refund_to")
            return self.standing.of(name, at) | {"error": "original_sale_of_other_member"}
        wanted = (
            returned_lines(original, part.get("lines")) if part.has("lines") else original.left()
        )
        found = self._given_back(original, wanted, at)
        if part.one_of("refund_to", {None: False, "wallet": True}):
            lot = Holding(WALLET, int(found["refund_minor"]))
            self.shop.adjusted(str(name), lot, at, followed=False)
        del n
        return self.standing.of(original.name, at) | found | self._after_return(original, at)

    def _given_back(
        self, original: "Worked", wanted: tuple[ReturnedLine, ...], at: datetime
    ) -> dict[str, Any]:
        assert original.sold is not None
        facts = self.shop.facts(original.name, at)
        try:
            done: GivenBack = give_back(
                self.shop.programme, original.sold, original.returned, wanted, facts, at
            )
        except OverReturned:
            return {"error": "over_return"}
        returned = Returned(wanted, done.entries, done.settled)
        original.returned.append(self.shop.record_return(original.sold, returned, facts, at))
        taken = [each for each in done.entries if each.quantity < 0]
        return {
            "points_reversed": self.standing.points(-summed_up(taken, "points")),
            "points_restored": self.standing.points(
                sum(
                    each.quantity
                    for each in done.entries
                    if each.unit == "points" and each.quantity > 0
                )
            ),
            "shortfall_points": self.standing.points(-summed_up(done.settled, "points")),
            "refund_minor": done.refund,
            "vouchers_revoked": -self._vouchers_taken(taken),
        }

    def _vouchers_taken(self, entries: Iterable[Entry]) -> int:
        values = {f"voucher/{rule.id}": rule.one for rule in self.shop.programme.file.voucher}
        return sum(
            -(-each.quantity // (values[each.unit] or -each.quantity))
            for each in entries
            if each.unit in values
        )

    def _after_return(self, original: "Worked", at: datetime) -> dict[str, Any]:
        if original.name is None:
            return {}
        today = self.shop.today(at)
        vouchers = [
            each
            for each in self.shop.holdings(original.name)
            if each.unit.startswith("voucher/")
            and original.sold is not None
            and each.lot == original.sold.record
            and not each.lapsed_on(today)
        ]
        found: dict[str, Any] = {"voucher_remaining_minor": sum(each.quantity for each in vouchers)}
        return found | self.till.afterwards(original, at)

    def use_voucher(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        of_step = part.get("voucher_of_step")
        lot = None
        if of_step is not None and int(of_step) in self.issued:
            lot = self.issued[int(of_step)]
        elif of_step is not None:
            sold = self.till.sales[int(of_step)].sold
            lot = None if sold is None else sold.record
        vouchers = [
            each
            for each in self.shop.holdings(name)
            if each.unit.startswith("voucher/") and each.quantity > 0 and lot in {None, each.lot}
        ] or self._lapsed_vouchers(name)
        if not vouchers:
            part.skip("sale_total_minor", "dry_run")
            return self.standing.of(name, at) | {"error": "unknown_voucher"}
        line = {
            "sku": "x",
            "qty": 1,
            "unit_price_minor": part.get("sale_total_minor"),
            "tax_included": True,
        }
        shown = PresentedVoucher(self.shop.member(name).ref, vouchers[0])
        sale = self.till.worked(
            name, at, basket([line], self.shop.draft), Wanted(vouchers=(shown,))
        )
        off = sum(sale.evaluation.off().values())
        refusal = {} if off else refusal_in(sale.evaluation)
        if off and not part.get("dry_run"):
            self.till.record(sale, at)
        return self.standing.of(name, at) | {"ok": bool(off), "discount_minor": off} | refusal

    def issue_voucher(self, n: int, part: Part, name: str, at: datetime) -> Actual:
        """Central gives a voucher by hand."""
        rules = self.shop.programme.file.voucher
        if not rules:
            raise Unsupported(f"{part.where}: the programme has no voucher")
        rule = rules[0]
        value = int(part.get("value_minor", rule.one))
        life = self.shop.programme.lots[rule.unit].life(self.shop.today(at), None)
        lot = Holding(rule.unit, value, life.expires_on, life.matures_on, life.day)
        part.skip("voucher", "id")
        issued = self.shop.adjusted(name, lot, at, followed=False)
        self.issued[n] = str(self.shop.member(name).posted[-1].lot)
        told = {"vouchers_issued": self.standing.vouchers(issued), "voucher_value_minor": value}
        return self.standing.of(name, at) | told

    def _lapsed_vouchers(self, name: str) -> list[Holding]:
        """Vouchers that central took away when they were over; the customer still has the paper."""
        return [
            each
            for each in self.shop.member(name).posted
            if each.unit.startswith("voucher/") and each.quantity > 0
        ]

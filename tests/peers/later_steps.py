"""The steps that undo or use up: returns, cancelled sales, vouchers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from edge_agent.domain.basket import ReturnedLine
from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import Holding
from edge_agent.domain.programme.giving_back import GivenBack, give_back
from edge_agent.domain.programme.kept import OverReturned, Returned
from edge_agent.domain.programme.situation import PresentedVoucher, Wanted
from tests.peers.baskets import basket
from tests.peers.mapping.stored import WALLET
from tests.peers.parts import Part, Unsupported
from tests.peers.refusals import (
    OTHER_MEMBER,
    OVER_RETURN,
    UNKNOWN_CODE,
    UNKNOWN_SALE,
    USED_VOUCHER,
    refusal_in,
)
from tests.peers.shop import PeerShop
from tests.peers.standing import Standing
from tests.peers.till_steps import TillSteps
from tests.peers.words import Actual, summed_up
from tests.peers.worked import Worked, returned_lines


@dataclass
class LaterSteps:
    """Acts that come back to sales of `till`."""

    shop: PeerShop
    standing: Standing
    till: TillSteps

    def give_back(self, _n: int, part: Part, name: str | None, at: datetime) -> Actual:
        original = self._original(part, name)
        if original is None or original.sold is None:
            part.skip("lines", "refund_to")
            return self.standing.of(name, at) | {"error": UNKNOWN_SALE}
        if name != original.name and not (original.name or "").startswith("card "):
            part.skip("lines", "refund_to")
            return self.standing.of(name, at) | {"error": OTHER_MEMBER}
        wanted = (
            returned_lines(original, part.get("lines")) if part.has("lines") else original.left()
        )
        found = self._given_back(original, wanted, at)
        wallet = {None: False, "original": False, "cash": False, "card": False, "wallet": True}
        if part.one_of("refund_to", wallet) and "error" not in found:
            lot = Holding(WALLET, int(found["refund_minor"]))
            self.shop.adjusted(str(name), lot, at, followed=False)
        return self.standing.of(original.name, at) | found | self._after_return(original, at)

    def _original(self, part: Part, name: str | None) -> "Worked | None":
        """The sale that is meant, by its step or by the number of its receipt."""
        step = part.get("of_step")
        if step is None and part.has("receipt"):
            step = self.till.receipts.get((name, str(part.get("receipt"))))
        return None if step is None else self.till.sales.get(int(step))

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
            return {"error": OVER_RETURN}
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
        lot = self._lot_meant(part)
        held = self.till.vouchers.held(name, lot)
        vouchers = held or self.till.vouchers.lapsed(name, lot)
        total = part.first("sale_total_minor", "amount_minor")
        if not vouchers:
            part.skip("dry_run")
            known = USED_VOUCHER if lot is not None else UNKNOWN_CODE
            return self.standing.of(name, at) | {"error": known}
        line = {"sku": "x", "qty": 1, "unit_price_minor": total, "tax_included": True}
        shown = PresentedVoucher(self.shop.member(name).ref, vouchers[0])
        sale = self.till.worked(
            name, at, basket([line], self.shop.draft), Wanted(vouchers=(shown,))
        )
        off = sum(sale.evaluation.off().values())
        refusal = {} if off else refusal_in(sale.evaluation)
        if off and not part.get("dry_run"):
            self.till.record(sale, at)
        left = self.till.vouchers.held(name, vouchers[0].lot)
        told = {
            "ok": bool(off),
            "discount_minor": off,
            "total_minor": int(total) - off,
            "voucher_remaining_minor": sum(each.quantity for each in left),
        }
        return self.standing.of(name, at) | told | refusal

    def _lot_meant(self, part: Part) -> str | None:
        """The lot of the voucher that is meant: by its code, or by the step that issued it."""
        code = part.get("code")
        if code is not None and str(code) in self.till.vouchers.by_code:
            return self.till.vouchers.by_code[str(code)][1]
        step = part.first("voucher_of_step", "of_step")
        if step is None:
            return None
        if int(step) in self.till.vouchers.of_step:
            return self.till.vouchers.of_step[int(step)]
        sold = self.till.sales[int(step)].sold
        return None if sold is None else sold.record

    def issue_voucher(self, n: int, part: Part, name: str, at: datetime) -> Actual:
        """Central gives a voucher by hand."""
        rules = self.shop.programme.file.voucher
        neutral = part.first("voucher", "id")
        ours = self.shop.draft.vouchers.get(str(neutral))
        rule = next((each for each in rules if ours in {None, each.id}), None)
        if rule is None:
            raise Unsupported(f"{part.where}: the programme has no voucher")
        worth = part.first("value_minor", "amount_minor")
        value = rule.one if worth is None else int(worth)
        life = self.shop.programme.lots[rule.unit].life(
            self.shop.today(at), self.shop.member(name).since
        )
        until = part.first("valid_to", "valid_until", "expires", "expires_at")
        begins = part.first("valid_from")
        lot = Holding(
            rule.unit,
            value,
            life.expires_on if until is None else date.fromisoformat(until[:10]),
            life.matures_on if begins is None else date.fromisoformat(begins[:10]),
            life.day,
        )
        issued = self.shop.adjusted(name, lot, at, followed=False)
        lot_id = str(self.shop.member(name).posted[-1].lot)
        self.till.vouchers.of_step[n] = lot_id
        if part.has("code"):
            self.till.vouchers.by_code[str(part.get("code"))] = (name, lot_id)
        told = {"vouchers_issued": self.standing.vouchers(issued), "voucher_value_minor": value}
        return self.standing.of(name, at) | told

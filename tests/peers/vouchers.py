"""Vouchers that customers hold, and those that they show at the till."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge_agent.domain.holdings import Holding
from edge_agent.domain.programme.situation import PresentedVoucher
from tests.peers.shop import PeerShop


@dataclass
class Vouchers:
    """The lots of vouchers, by the step that brought them or by the code that a case gives them."""

    shop: PeerShop
    of_step: dict[int, str] = field(default_factory=dict)
    by_code: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Whose it is, and its lot."""

    def held(self, name: str, lot: str | None = None, unit: str | None = None) -> list[Holding]:
        """The vouchers of a member of which something is left, central's lapsed ones among them."""
        return [
            each
            for each in self.shop.holdings(name)
            if each.unit.startswith("voucher/")
            and each.quantity > 0
            and lot in {None, each.lot}
            and unit in {None, each.unit}
        ]

    def lapsed(self, name: str, lot: str | None = None) -> list[Holding]:
        """Vouchers that central took away when they were over; the customer still has the paper."""
        return [
            each
            for each in self.shop.movements(name)
            if each.unit.startswith("voucher/")
            and each.quantity > 0
            and each.lapsed_on(self.shop.day)
            and lot in {None, each.lot}
        ]

    def shown(
        self, name: str | None, codes: Sequence[str], wishes: Sequence[Mapping[str, Any]]
    ) -> Iterable[PresentedVoucher]:
        """What the till is shown: by code, by the step that issued it, or any of a kind."""
        for code in codes:
            if code in self.by_code:
                owner, lot = self.by_code[code]
                yield from self._presented(owner, self.held(owner, lot) or self.lapsed(owner, lot))
        for wish in wishes if name is not None else ():
            lot_ = self.of_step.get(wish.get("voucher_of_step", -1))
            unit = self.shop.draft.vouchers.get(str(wish.get("voucher")))
            held = self.held(str(name), lot_, None if unit is None else f"voucher/{unit}")
            yield from self._presented(str(name), held)

    def _presented(self, owner: str, lots: Sequence[Holding]) -> Iterable[PresentedVoucher]:
        if lots:
            yield PresentedVoucher(self.shop.member(owner).ref, lots[0])

"""Running the steps of a case, each with what came of it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tests.peers.central_steps import CentralSteps
from tests.peers.later_steps import LaterSteps
from tests.peers.parts import Part
from tests.peers.shop import PeerShop
from tests.peers.standing import Standing
from tests.peers.till_steps import TillSteps
from tests.peers.vouchers import Vouchers
from tests.peers.wishes import Wishes
from tests.peers.words import Actual
from tests.peers.worked import Telling

Step = Callable[[int, Part, Any, datetime], Actual]
"""Takes a step by its number, its keys, the member's name (or None) and its time."""


class Steps:
    """Runs the steps of one case in a shop."""

    def __init__(self, shop: PeerShop) -> None:
        self._shop = shop
        self.standing = Standing(shop)
        central = CentralSteps(shop, self.standing)
        till = TillSteps(
            shop,
            self.standing,
            Wishes(shop, self.standing),
            Telling(shop, self.standing),
            Vouchers(shop),
        )
        later = LaterSteps(shop, self.standing, till)
        self._steps: Mapping[str, Step] = {
            "enrol": central.enrol,
            "event": central.event,
            "adjust": central.adjust,
            "query": central.query,
            "advance": central.query,
            "statement": central.statement,
            "expire": central.expire,
            "recalculate_tier": central.recalculate_tier,
            "transfer": central.transfer,
            "redeem": till.redeem,
            "preview": till.preview,
            "sale": till.sale,
            "return": later.give_back,
            "cancel": later.give_back,
            "use_voucher": later.use_voucher,
            "issue_voucher": later.issue_voucher,
        }

    def run(self, n: int, step: Mapping[str, Any]) -> Actual:
        """Run one step, after what central does until then."""
        at = datetime.fromisoformat(step["at"].replace("Z", "+00:00"))
        name = step.get("member")
        self._shop.keep_up(at)
        if name is not None:
            self._shop.member(name)
        with Part(step, f"steps[{n}]") as part:
            part.skip("at", "member")
            return part.one_of("do", self._steps)(n, part, name, at)  # type: ignore[no-any-return]

"""What customers want to use, as the cases say it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.domain.programme.situation import Redemption
from tests.peers.mapping.draft import POINTS_REWARD, number
from tests.peers.mapping.stamps import CREDITS_REWARD
from tests.peers.parts import Part, Unsupported
from tests.peers.shop import PeerShop
from tests.peers.standing import Standing


@dataclass
class Wishes:
    """Reads wishes."""

    shop: PeerShop
    standing: Standing

    def redemptions(self, wishes: Sequence[Mapping[str, Any]]) -> tuple[Redemption, ...]:
        found = []
        for n, wish in enumerate(wishes):
            with Part(wish, f"redeem[{n}]") as part:
                part.skip("client_claimed_cost")
                if part.has("points") and not part.has("reward"):
                    points = part.get("points")
                    chosen = None if points in {"max", "best"} else self.standing.parts(points)
                    found.append(Redemption(POINTS_REWARD, chosen, id=f"wish-{n}"))
                elif part.has("credits"):
                    credit = part.get("credits")
                    chosen = None if credit == "max" else int(credit)
                    found.append(Redemption(CREDITS_REWARD, chosen, id=f"wish-{n}"))
                else:
                    found.append(self._reward(part, f"wish-{n}"))
        return tuple(found)

    def _reward(self, part: Part, wish: str) -> Redemption:
        ours = self.shop.draft.rewards.get(str(part.get("reward")))
        if ours is None:
            raise Unsupported(f"{part.where}.reward")
        rule = next(each for each in self.shop.programme.file.reward if each.id == ours)
        if part.has("points"):
            return Redemption(ours, self.standing.parts(part.get("points")), id=wish)
        times = int(part.get("times", 1))
        if part.has("units") and rule.off is not None and rule.off.free is not None:
            times = math.ceil(number(part.get("units")) / rule.off.free.quantity)
        return Redemption(ours, times=times, id=wish)

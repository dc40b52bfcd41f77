"""A neutral programme as one of ours."""

from collections.abc import Mapping
from typing import Any

from tests.peers.mapping.draft import Draft
from tests.peers.mapping.earning import fractions_kept, map_earning
from tests.peers.mapping.happenings import map_campaign, map_referral
from tests.peers.mapping.points import map_redeeming, map_units
from tests.peers.mapping.promotions import map_promotions
from tests.peers.mapping.returns import map_returns
from tests.peers.mapping.stamps import map_credits, map_stamps
from tests.peers.mapping.stored import map_wallets
from tests.peers.mapping.tiers import map_tiers
from tests.peers.mapping.vouchers import map_vouchers
from tests.peers.parts import Part

__all__ = ["Draft", "mapped"]


def mapped(
    programme: Mapping[str, Any], *, applied: bool, fractions: bool, free_lines: bool = False
) -> Draft:
    """The draft of a neutral programme; raises Unsupported for what has no counterpart.

    `applied`: the steps say which promotions apply. `fractions`: they have fractions of points.
    `free_lines`: the till puts free products into the basket at no price.
    """
    draft = Draft(free_lines=free_lines)
    with Part(programme, "programme") as part:
        draft.timezone = part.get("timezone") or "UTC"
        part.skip("currency", "idempotency", "name", "note")
        draft.decimals = int(fractions or fractions_kept(part))
        map_units(part, draft)
        map_earning(part, draft)
        map_campaign(part, draft)
        map_promotions(part, draft, applied=applied)
        map_redeeming(part, draft)
        map_wallets(part, draft)
        map_stamps(part, draft)
        map_credits(part, draft)
        map_vouchers(part, draft)
        map_referral(part, draft)
        map_returns(part, draft)
        map_tiers(part, draft)
        _exclusions(part, draft)
    return draft


def _exclusions(part: Part, draft: Draft) -> None:
    """`earn_exclusions`: kinds of goods, by their kinds and by their categories."""
    for each in part.get("earn_exclusions") or ():
        word = str(each)
        draft.add("exclude", kinds=[word], forbids="points", why="excluded")
        draft.add("exclude", categories=[word], forbids="points", why="excluded")

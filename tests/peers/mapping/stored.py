"""Stored value of neutral programmes: wallets and gift cards."""

from tests.peers.mapping.draft import Draft
from tests.peers.mapping.points import map_expiry
from tests.peers.parts import Part

WALLET = "wallet"
GIFT_CARD = "gift-card"


def map_wallets(part: Part, draft: Draft) -> None:
    """`wallet` and `gift_card`: stored value that pays."""
    for key, unit, tender, kind in (
        ("wallet", WALLET, "wallet", "wallet_topup"),
        ("gift_card", GIFT_CARD, "gift_card", "gift_card"),
    ):
        if part.get(key) is None:
            continue
        table = draft.unit(unit)
        with part.part(key) as stored:
            stored.one_of("role", {None: None, "tender_not_discount": None})
            stored.skip("expires", "refund_to_wallet", "id")
            stored.one_of("refund", {None: None, "debit_card": None})
            if stored.has("expiry"):
                with stored.part("expiry") as expiry:
                    map_expiry(expiry, table)
        table.update({"name": {"one": unit, "many": unit}, "decimals": 2})
        draft.add("wallet", title=unit, unit=unit, tender=tender, top_up={"kinds": [kind]})

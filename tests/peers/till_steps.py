"""The steps at the till: sales, previews, returns, redeeming."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from edge_agent.domain.basket import Basket, Tender
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.programme import evaluate
from edge_agent.domain.programme.collecting import collect
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import Wanted
from edge_agent.domain.record import RecordKind
from tests.peers.baskets import basket, tenders
from tests.peers.mapping.draft import POINTS_REWARD
from tests.peers.mapping.points import GIFT_CARD, WALLET
from tests.peers.parts import Part, Unsupported
from tests.peers.shop import PeerShop
from tests.peers.standing import Standing
from tests.peers.wishes import Wishes
from tests.peers.words import Actual, our_codes, refusal_in, summed_up
from tests.peers.worked import Telling, Worked


@dataclass
class TillSteps:
    """Acts at the till; `sales` are those of the steps before, `receipts` the steps that had them."""

    shop: PeerShop
    standing: Standing
    wishes: Wishes
    telling: Telling
    sales: dict[int, Worked] = field(default_factory=dict)
    receipts: dict[tuple[str | None, str], int] = field(default_factory=dict)

    def preview(self, _n: int, part: Part, name: str | None, at: datetime) -> Actual:
        sale = self._asked(part, name, at)
        return self.standing.of(name, at) | self.telling.of_sale(sale)

    def sale(self, n: int, part: Part, name: str | None, at: datetime) -> Actual:
        receipt = part.get("receipt")
        before = self.receipts.get((name, str(receipt))) if receipt is not None else None
        if before is not None:
            part.skip("lines")
            nothing = {"points_earned": Decimal(0), "duplicate_of_step": before}
            return self.standing.of(name, at) | nothing
        sale = self._asked(part, name, at)
        found = self.telling.of_sale(sale)
        if found.get("error") and not sale.bought_anyway:
            return self.standing.of(name, at) | found
        self.sales[n] = self.record(sale, at)
        if receipt is not None:
            self.receipts[name, str(receipt)] = n
        return self.standing.of(name, at) | found | self.afterwards(sale, at)

    def _asked(self, part: Part, name: str | None, at: datetime) -> "Worked":
        draft = self.shop.draft
        bought = basket(part.get("lines"), draft, int(part.get("order_discount_minor", 0)))
        shown = [str(each) for each in part.get("codes") or ()]
        apply = part.get("apply")
        wanted = Wanted(
            self.wishes.redemptions(part.get("redeem") or ()),
            tuple(our_codes(draft.codes, draft.codes_needed, shown, apply)),
        )
        said = part.get("tender")
        for each in part.get("member_changes") or ():
            raise Unsupported(f"member_changes {each!r}")
        has = {
            "wallet": 0 if name is None else self.shop.usable(name, WALLET, at),
            "gift_card": self._on_card(said, at),
            "reward_balance": 0 if name is None else self.shop.usable(name, "stamp-balance", at),
        }

        def paid(due: int) -> Sequence[Tender]:
            return tenders(bought, due, said or (), has)

        owner = self._owner(name, part.get("lines"), said)
        sale = self.worked(owner, at, bought, wanted, paid if said else None)
        empty = said and any(each["type"] in has and not has[each["type"]] for each in said)
        return replace(sale, codes=tuple(shown), no_wallet=bool(empty))

    def worked(
        self,
        name: str | None,
        at: datetime,
        bought: Basket,
        wanted: Wanted,
        paid: Callable[[int], Sequence[Tender]] | None = None,
    ) -> "Worked":
        programme = self.shop.programme
        facts = self.shop.facts(name, at)
        evaluation = evaluate(programme, facts, bought, at, wanted, explains=True)
        due = bought.total - sum(evaluation.off().values())
        if paid is not None:
            means = tuple(paid(due))
            bought = replace(bought, tenders=means)
            evaluation = evaluate(programme, facts, bought, at, wanted, explains=True)
        return Worked(name, at, facts, bought, wanted, evaluation)

    def _owner(
        self,
        name: str | None,
        lines: Sequence[Mapping[str, Any]],
        said: Sequence[Mapping[str, Any]] | None,
    ) -> str | None:
        """A gift card has an account of its own, which goes with it."""
        cards = [each.get("issue_card") for each in lines] + [
            each.get("card") for each in said or ()
        ]
        numbers = [each for each in cards if each]
        if not numbers:
            return name
        owner = f"card {numbers[0]}"
        self.shop.member(owner)
        return owner

    def _on_card(self, said: Sequence[Mapping[str, Any]] | None, at: datetime) -> int:
        cards = [each.get("card") for each in said or () if each.get("card")]
        return self.shop.usable(f"card {cards[0]}", GIFT_CARD, at) if cards else 0

    def record(self, sale: "Worked", at: datetime) -> "Worked":
        recorded = Recorded("", sale.facts, sale.bought, sale.wanted)
        sold = self.shop.record_sale(self.shop.recorded(sale.facts, sale.evaluation, recorded), at)
        return replace(sale, sold=sold)

    def afterwards(self, sale: "Worked", at: datetime) -> dict[str, Any]:
        if sale.name is None or not sale.name.startswith("card "):
            return {}
        return {"card_balance_minor": self.shop.usable(sale.name, GIFT_CARD, at)}

    def redeem(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        if part.has("price_minor"):
            price = int(part.get("price_minor"))
            line = {"sku": "reward", "qty": 1, "unit_price_minor": price, "tax_included": True}
            wanted = Wanted(self.wishes.redemptions([{"reward": part.get("reward")}]))
            sale = self.worked(name, at, basket([line], self.shop.draft), wanted)
            self.record(sale, at)
            return self.standing.of(name, at) | self.telling.spent(sale.evaluation)
        times = part.get("times", 1)
        wish = {key: part.get(key) for key in ("points", "reward") if part.has(key)}
        wanted_once = Wanted(self.wishes.redemptions([wish]), reduces=False)
        entries: list[Entry] = []
        refusal: Actual = {}
        for done in range(1_000 if times == "max" else int(times)):
            facts = self.shop.facts(name, at)
            evaluation = collect(self.shop.programme, facts, wanted_once, at)
            if not evaluation.entries:
                refusal = {} if done and times == "max" else refusal_in(evaluation)
                break
            entries += evaluation.entries
            self.shop.record(
                RecordKind.REDEMPTION, at, evaluation.entries, {"facts": facts.to_json()}
            )
        worth = self._worth(wish, entries)
        spent = {
            "points_spent": self.standing.points(-summed_up(entries, "points", EntryKind.REDEEM)),
            "rewards_issued": len({id(each) for each in entries if each.kind is EntryKind.REDEEM}),
            "voucher_value_minor": summed_up(entries, "voucher/") or worth,
        }
        return self.standing.of(name, at) | spent | refusal

    def _worth(self, wish: Mapping[str, Any], entries: Iterable[Entry]) -> int:
        """What the points that were used are worth, where they are used for money."""
        if "points" not in wish:
            return 0
        rule = next(each for each in self.shop.programme.file.reward if each.id == POINTS_REWARD)
        used = -summed_up(entries, "points", EntryKind.REDEEM)
        scale = self.shop.programme.lots["points"].scale
        return 0 if rule.spend is None else rule.spend.worth(used, scale)

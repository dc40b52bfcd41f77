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
from edge_agent.domain.programme.situation import Redemption, Wanted
from edge_agent.domain.record import RecordKind
from tests.peers.baskets import basket, tax_of, tenders
from tests.peers.mapping.stamps import CREDITS, STAMP_BALANCE
from tests.peers.mapping.stored import GIFT_CARD, WALLET
from tests.peers.parts import Part, Unsupported
from tests.peers.refusals import refusal_in
from tests.peers.shop import PeerShop
from tests.peers.standing import Standing
from tests.peers.vouchers import Vouchers
from tests.peers.wishes import Wishes
from tests.peers.words import Actual, our_codes, summed_up
from tests.peers.worked import Telling, Worked


def _owner_after(part: Part, name: str | None) -> str | None:
    """Whose sale it is in the end, where the member is changed while it is rung up."""
    for change in part.get("member_changes") or ():
        if isinstance(change, Mapping):
            with Part(change, f"{part.where}.member_changes") as said:
                name = said.first("to", "member")
        else:
            name = change
    return name


def _beyond(said: Sequence[Mapping[str, Any]], has: Mapping[str, int]) -> Iterable[str]:
    """The stored value that is to pay more than there is of it, or of which there is nothing."""
    for each in said:
        there, wanted = has.get(each["type"]), each.get("amount_minor")
        if there is not None and (there == 0 or (isinstance(wanted, int) and wanted > there)):
            yield str(each["type"])


@dataclass
class TillSteps:
    """Acts at the till; `sales` are those of the steps before, `receipts` the steps that had them."""

    shop: PeerShop
    standing: Standing
    wishes: Wishes
    telling: Telling
    vouchers: Vouchers
    sales: dict[int, Worked] = field(default_factory=dict)
    receipts: dict[tuple[str | None, str], int] = field(default_factory=dict)

    def preview(self, _n: int, part: Part, name: str | None, at: datetime) -> Actual:
        part.skip("receipt")
        sale = self._asked(part, _owner_after(part, name), at)
        found = self.telling.of_sale(sale) | self.afterwards(sale, at)
        return self.standing.of(sale.name, at) | found

    def sale(self, n: int, part: Part, name: str | None, at: datetime) -> Actual:
        name = _owner_after(part, name)
        receipt = part.get("receipt")
        before = self.receipts.get((name, str(receipt))) if receipt is not None else None
        if before is not None:
            part.skip("lines", "store", "tender", "codes", "redeem", "order_discount_minor")
            nothing = {"points_earned": Decimal(0), "duplicate_of_step": before}
            return self.standing.of(name, at) | nothing
        sale = self._asked(part, name, at)
        found = self.telling.of_sale(sale)
        if found.get("error") and not sale.bought_anyway:
            return self.standing.of(name, at) | found | self.afterwards(sale, at)
        self.sales[n] = self.record(sale, at)
        if receipt is not None:
            self.receipts[name, str(receipt)] = n
        return self.standing.of(name, at) | found | self.afterwards(sale, at)

    def _asked(self, part: Part, name: str | None, at: datetime) -> "Worked":
        draft = self.shop.draft
        lines = part.get("lines")
        bought = basket(
            lines,
            draft,
            int(part.get("order_discount_minor", 0)),
            store=str(part.get("store") or ""),
            channel=str(part.get("channel") or "store"),
        )
        shown = [str(each) for each in part.get("codes") or ()]
        wishes = part.get("redeem") or ()
        vouchers = [each for each in wishes if each.keys() & {"voucher", "voucher_of_step"}]
        wanted = Wanted(
            self.wishes.redemptions([each for each in wishes if each not in vouchers]),
            tuple(our_codes(draft.codes, draft.codes_needed, shown, part.get("apply"))),
            tuple(self.vouchers.shown(name, shown, vouchers)),
        )
        said = part.get("tender") or ()
        has = self._stored(name, said, at)

        def paid(due: int) -> Sequence[Tender]:
            return tenders(due, said, has)

        card = self._card(lines, said)
        self.brought(card, name)
        sale = self.worked(name or card, at, bought, wanted, paid if said else None)
        known = {*draft.codes_needed.values(), *self.vouchers.by_code}
        return replace(
            sale,
            codes=tuple(shown),
            card=card,
            tax_on_top=tax_of(lines) if draft.tax_on_top else 0,
            unknown=tuple(each for each in shown if each not in known),
            without=tuple(_beyond(said, has)),
        )

    def _stored(
        self, name: str | None, said: Sequence[Mapping[str, Any]], at: datetime
    ) -> Mapping[str, int]:
        """What there is of stored value, by the tender that it pays."""
        own = {"wallet": WALLET, "reward_balance": STAMP_BALANCE}
        has = {
            tender: 0 if name is None else self.shop.usable(name, unit, at)
            for tender, unit in own.items()
        }
        cards = [each.get("card") for each in said if each.get("card")]
        on_card = self.shop.usable(f"card {cards[0]}", GIFT_CARD, at) if cards else 0
        return has | {"gift_card": on_card}

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

    def _card(
        self, lines: Sequence[Mapping[str, Any]], said: Sequence[Mapping[str, Any]]
    ) -> str | None:
        """The account of the gift card, which goes with the card and not with whoever brings it."""
        numbers = [each.get("issue_card") for each in lines] + [each.get("card") for each in said]
        cards = {f"card {each}" for each in numbers if each}
        if len(cards) > 1:
            raise Unsupported("two gift cards in one sale")
        for card in cards:
            self.shop.member(card)
            return card
        return None

    def brought(self, card: str | None, name: str | None) -> None:
        """What is on the card is the member's while they pay with it."""
        self._moved(card, name)

    def taken_back(self, card: str | None, name: str | None) -> None:
        """What is left of it is on the card again."""
        self._moved(name, card)

    def _moved(self, giver: str | None, taker: str | None) -> None:
        if giver is None or taker is None or giver == taker:
            return
        for lot in self.shop.holdings(giver):
            if lot.unit == GIFT_CARD:
                self.shop.member(giver).posted.append(lot._replace(quantity=-lot.quantity))
                self.shop.member(taker).posted.append(lot)

    def record(self, sale: "Worked", at: datetime) -> "Worked":
        recorded = Recorded("", sale.facts, sale.bought, sale.wanted)
        sold = self.shop.record_sale(self.shop.recorded(sale.facts, sale.evaluation, recorded), at)
        return replace(sale, sold=sold)

    def afterwards(self, sale: "Worked", at: datetime) -> dict[str, Any]:
        if sale.card is None:
            return {}
        self.taken_back(sale.card, sale.name)
        return {"card_balance_minor": self.shop.usable(sale.card, GIFT_CARD, at)}

    def redeem(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        if part.has("price_minor"):
            price = int(part.get("price_minor"))
            line = {"sku": "reward", "qty": 1, "unit_price_minor": price, "tax_included": True}
            wanted = Wanted(self.wishes.redemptions([{"reward": part.get("reward")}]))
            sale = self.worked(name, at, basket([line], self.shop.draft), wanted)
            self.record(sale, at)
            return self.standing.of(name, at) | self.telling.spent(sale.evaluation)
        times = part.get("times", 1)
        wish = {key: part.get(key) for key in ("points", "credits", "reward") if part.has(key)}
        once = Wanted(self.wishes.redemptions([wish]), reduces=False)
        most = 1_000 if times == "max" else int(times)
        entries, uses, refusal = self._used(name, once, most, at)
        if times == "max" and uses:
            refusal = {}
        return self.standing.of(name, at) | self._told(once, entries, uses) | refusal

    def _used(
        self, name: str, once: Wanted, most: int, at: datetime
    ) -> tuple[list[Entry], int, Actual]:
        """Redeem as often as it can be done: what that came to, how often, and why no more."""
        entries: list[Entry] = []
        for uses in range(most):
            facts = self.shop.facts(name, at)
            done = collect(self.shop.programme, facts, once, at)
            if not done.entries:
                return entries, uses, refusal_in(done)
            entries += done.entries
            self.shop.record(RecordKind.REDEMPTION, at, done.entries, {"facts": facts.to_json()})
        return entries, most, {}

    def _told(self, once: Wanted, entries: Sequence[Entry], uses: int) -> Actual:
        worth = self._worth(once.redemptions[0], entries) * uses
        return {
            "points_spent": self.standing.points(-summed_up(entries, "points", EntryKind.REDEEM)),
            "credits_used": -summed_up(entries, CREDITS, EntryKind.REDEEM),
            "rewards_issued": uses,
            "vouchers_issued": self.standing.vouchers(entries),
            "voucher_value_minor": summed_up(entries, "voucher/") or worth,
            "cashback_minor": worth,
        }

    def _worth(self, wish: Redemption, entries: Iterable[Entry]) -> int:
        """What was used once is worth, where it is used for money."""
        rule = next(each for each in self.shop.programme.file.reward if each.id == wish.reward)
        if rule.spend is None:
            return rule.worth(self.shop.programme.lots) or 0
        used = -summed_up(entries, rule.unit, EntryKind.REDEEM)
        return rule.spend.worth(used, self.shop.programme.lots[rule.unit].scale)

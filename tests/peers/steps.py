"""The steps of a case, each with what came of it in the words of the cases."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from edge_agent.domain.basket import Basket, ReturnedLine, Tender
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding, usable
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.money import net_of_tax
from edge_agent.domain.programme import Evaluation, evaluate
from edge_agent.domain.programme.actions import ENROLMENT
from edge_agent.domain.programme.acts import UnknownAction, act_on
from edge_agent.domain.programme.collecting import collect
from edge_agent.domain.programme.giving_back import GivenBack, give_back
from edge_agent.domain.programme.kept import OverReturned, Returned, Sold
from edge_agent.domain.programme.moving import transferred
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import Act, PresentedVoucher, Redemption, Wanted
from edge_agent.domain.programme.unmet import Obstacle
from edge_agent.domain.programme.upkeep import tier_granted, tier_reviewed
from edge_agent.domain.record import RecordKind
from tests.peers.baskets import basket, tenders
from tests.peers.mapping.draft import POINTS_REWARD, number, slug
from tests.peers.mapping.held import CREDITS, CREDITS_REWARD, STAMPS
from tests.peers.mapping.points import GIFT_CARD, WALLET
from tests.peers.parts import Part, Unsupported
from tests.peers.shop import PeerShop

Actual = dict[str, Any]

_REFUSALS = {
    Obstacle.NOT_ENOUGH: "not_enough_points",
    Obstacle.BELOW_MINIMUM: "minimum_not_met",
    Obstacle.TOO_LITTLE: "minimum_not_met",
    Obstacle.TOO_FEW: "minimum_not_met",
    Obstacle.NOT_IN_BASKET: "minimum_not_met",
    Obstacle.USED_UP: "member_limit_reached",
    Obstacle.DAILY_LIMIT: "daily_limit",
    Obstacle.NOT_TOGETHER: "one_reward_per_sale",
    Obstacle.NOT_YET: "voucher_not_yet_valid",
    Obstacle.OVER: "voucher_expired",
    Obstacle.NOT_THERE: "unknown_voucher",
}


@dataclass
class Steps:
    """Runs the steps of one case in a shop; `done` are their sales and vouchers by step, for later steps to name."""

    shop: PeerShop
    sales: dict[int, "_Sale"] = field(default_factory=dict)
    receipts: dict[tuple[str | None, str], int] = field(default_factory=dict)
    stated: dict[str, int] = field(default_factory=dict)
    lots: dict[tuple[str, str], Holding] = field(default_factory=dict)

    def run(self, n: int, step: Mapping[str, Any]) -> Actual:
        """Run one step."""
        at = datetime.fromisoformat(step["at"].replace("Z", "+00:00"))
        name = step.get("member")
        self.shop.keep_up(at)
        if name is not None:
            self.shop.member(name)
        with Part(step, f"steps[{n}]") as part:
            part.skip("at", "member")
            act = part.one_of("do", _STEPS)
            found: Actual = act(self, n, part, name, at)
        return found

    def standing(self, name: str | None, at: datetime) -> dict[str, Any]:
        """What the member has at the end of a step, and what central did about it at its beginning."""
        if name is None:
            return {}
        facts = self.shop.facts(name, at)
        today = self.shop.today(at)
        due = self.shop.due.get(name, [])
        held = facts.holdings
        return {
            "balance": self.points(usable(held, "points", today)),
            "pending": self.points(_pending(held, today)),
            "tier": self._tier(facts, today),
            "stamps": _tenths(usable(held, STAMPS, today)),
            "wallet_minor": usable(held, WALLET, today),
            "credits": usable(held, CREDITS, today),
            "points_expired": self.points(
                -sum(each.quantity for each in due if each.kind is EntryKind.EXPIRE)
            ),
            "points_bonus": self.points(
                sum(
                    each.quantity
                    for each in due
                    if each.kind is EntryKind.EARN and each.unit == "points"
                )
            ),
            "voucher_value_minor": _sum(due, "voucher/"),
            "points_earned": self.points(_sum(due, "points", EntryKind.EARN)),
            "points_to_next_voucher": self._to_next_voucher(name, held, facts, at),
        }

    def points(self, quantity: int) -> Decimal:
        """Points as cases have them."""
        return Decimal(quantity) / self.shop.programme.lots["points"].scale

    def _tier(self, facts: MemberFacts, today: date) -> str | None:
        tier = self.shop.programme.present(facts, today).tier
        names = {ours: name for name, ours in self.shop.draft.tiers.items()}
        return names.get(tier or "")

    def _to_next_voucher(
        self, name: str, held: Sequence[Holding], facts: MemberFacts, at: datetime
    ) -> Decimal | None:
        del held
        for rule in self.shop.programme.file.voucher:
            if rule.at_points is None:
                continue
            scale = self.shop.programme.lots[rule.at_points.unit].scale
            counted = self.shop.central_facts(name, at).holdings
            progress = [
                each for each in counted if each.unit.startswith("count/") and "points" in each.unit
            ]
            have = sum(each.quantity for each in progress) if progress else 0
            del facts
            need = int(rule.at_points.points) * scale
            return Decimal(need - have % need) / scale
        return None

    # Steps that central takes

    def enrol(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        known = self.shop.member(name)
        known.since = self.shop.today(at)
        known.kept_up_to = known.since
        birthday = part.get("birthday")
        known.birthday = None if birthday is None else birthday[5:]
        referrer = part.get("referred_by")
        known.referred_by = None if referrer is None else self.shop.member(referrer).ref
        return self._acted(name, Act(ENROLMENT), at)

    def event(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        return self._acted(name, Act(slug(part.get("name")), int(part.get("times", 1))), at)

    def _acted(self, name: str, act: Act, at: datetime) -> Actual:
        facts = self.shop.facts(name, at)
        try:
            done = act_on(self.shop.programme, facts, act, at, explains=True)
        except UnknownAction:
            done = Evaluation()
        self.shop.record(RecordKind.ACTION, at, done.entries, {"facts": facts.to_json()})
        earned = {"points_earned": self.points(_sum(done.entries, "points", EntryKind.EARN))}
        refused = [each.unmet for each in done.outcomes if each.unmet is not None]
        refusal = {}
        if refused and not done.entries and self._refuses(act.action):
            refusal = {"error": _REFUSALS.get(refused[0].obstacle, refused[0].obstacle.value)}
        return self.standing(name, at) | earned | refusal

    def _refuses(self, action: str) -> bool:
        """Whether the programme says that what goes beyond a limit is refused."""
        rules = self.shop.programme.file.action
        return any(each.id == action and each.beyond.value == "refused" for each in rules)

    def adjust(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        issued: list[Entry] = []
        with part.part("set") as state:
            self._set(state, name, at)
        if part.has("add_lot"):
            with part.part("add_lot") as lot:
                quantity = self._parts(lot.get("points"))
                life = self.shop.programme.lots["points"].life(
                    self.shop.today(at), self.shop.member(name).since
                )
                given = Holding("points", quantity, life.expires_on, life.matures_on, life.day)
                self.lots[name, str(lot.get("id"))] = given
                issued += self.shop.adjusted(name, given, at, followed=True)
        return self.standing(name, at) | {"vouchers_issued": self._vouchers(issued)}

    def _parts(self, points: Any) -> int:
        return int(number(points) * self.shop.programme.lots["points"].scale)

    def _set(self, state: Part, name: str, at: datetime) -> None:
        known, today = self.shop.member(name), self.shop.today(at)
        if state.has("balance"):
            self._bring_to(name, "points", self._parts(state.get("balance")), at)
        if state.has("stamps"):
            self._bring_to(name, STAMPS, int(number(state.get("stamps")) * 10), at)
        if state.has("credits"):
            self._bring_to(name, CREDITS, int(number(state.get("credits"))), at)
        if state.has("wallet_minor"):
            until = state.get("wallet_expires")
            expires = None if until is None else date.fromisoformat(until)
            lot = Holding(WALLET, int(state.get("wallet_minor")), expires)
            self.shop.adjusted(name, lot, at, followed=False)
        if state.has("spend_total_minor"):
            self._spent_in_all(name, int(state.get("spend_total_minor")), today)
        if state.has("manual_tier"):
            known.tier = self.shop.draft.tiers[state.get("manual_tier")]
        if state.has("tier"):
            level = self.shop.draft.tiers.get(state.get("tier"))
            if level is not None:
                self._put_into_tier(name, level, at)

    def _bring_to(self, name: str, unit: str, quantity: int, at: datetime) -> None:
        today = self.shop.today(at)
        there = usable(self.shop.holdings(name), unit, today)
        if quantity < there:
            self.shop.member(name).posted.extend(
                each._replace(quantity=-each.quantity)
                for each in self.shop.holdings(name)
                if each.unit == unit and each.usable_on(today)
            )
            there = 0
        life = self.shop.programme.lots[unit].life(today, self.shop.member(name).since)
        lot = Holding(unit, quantity - there, life.expires_on, None, life.day)
        self.shop.adjusted(name, lot, at, followed=False)

    def _put_into_tier(self, name: str, level: str, at: datetime) -> None:
        facts, known = self.shop.facts(name, at), self.shop.member(name)
        table = self.shop.programme.file.tiers
        if table is not None and table.measure.value == "visits":
            known.tier = level  # a tier that rules only name
            return
        self.shop.post(name, tier_granted(self.shop.programme, facts, level, self.shop.today(at)))

    def _spent_in_all(self, name: str, total: int, today: date) -> None:
        unit = "count/tier-spend"
        there = sum(each.quantity for each in self.shop.holdings(name) if each.unit == unit)
        self.shop.member(name).posted.append(Holding(unit, total - there, day=today))

    def query(self, _n: int, _part: Part, name: str | None, at: datetime) -> Actual:
        return self.standing(name, at)

    def statement(self, n: int, _part: Part, name: str, at: datetime) -> Actual:
        self.shop.statement(name, at)
        earned = self._earned_by_records(name, self.stated.get(name, 0))
        self.stated[name] = self.shop.ledger.head.seq
        del n
        by_jobs = self.standing(name, at)
        return by_jobs | {"points_earned": by_jobs["points_earned"] + earned}

    def _earned_by_records(self, name: str, after: int) -> Decimal:
        """What the member's sales and returns since a record earned, less what they took back."""
        ref, found = self.shop.member(name).ref, 0
        for record in self.shop.ledger.records(after, 1_000):
            body = json.loads(record.body)
            if (body.get("facts") or {}).get("account") != ref:
                continue
            found += sum(
                each["quantity"]
                for each in body["entries"]
                if each["unit"] == "points" and each["kind"] in {"earn", "reverse"}
            )
        return self.points(found)

    def expire(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        lot = self.lots[name, str(part.get("lot"))]
        alike = [
            each
            for each in self.shop.holdings(name)
            if each._replace(quantity=0) == lot._replace(quantity=0)
        ]
        left = sum(each.quantity for each in alike)
        self.shop.member(name).posted.append(lot._replace(quantity=-left))
        return self.standing(name, at) | {"points_expired": self.points(left)}

    def recalculate_tier(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        if part.has("spend_total_minor"):
            self._spent_in_all(name, int(part.get("spend_total_minor")), self.shop.today(at))
        facts = self.shop.central_facts(name, at)
        done = tier_reviewed(self.shop.programme, facts, self.shop.today(at))
        self.shop.post(name, done.entries)
        return self.standing(name, at)

    def transfer(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        to = str(part.get("to"))
        done = transferred(
            self.shop.programme,
            self.shop.central_facts(name, at),
            self.shop.central_facts(to, at),
            "points",
            self._parts(part.get("points")),
            self.shop.today(at),
        )
        self.shop.post(name, done.entries)
        refusal = (
            {} if done.unmet is None else {"error": _REFUSALS.get(done.unmet.obstacle, "refused")}
        )
        return self.standing(name, at) | refusal

    # Steps at the till

    def redeem(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        if part.has("price_minor"):
            price = int(part.get("price_minor"))
            line = {"sku": "reward", "qty": 1, "unit_price_minor": price, "tax_included": True}
            wanted = Wanted(self._redemptions([{"reward": part.get("reward")}]))
            sale = self._worked(name, at, basket([line], self.shop.draft), wanted)
            self._record(sale, at)
            return self.standing(name, at) | self._spent(sale.evaluation)
        times = part.get("times", 1)
        wish = {key: part.get(key) for key in ("points", "reward") if part.has(key)}
        wanted_once = Wanted(self._redemptions([wish]), reduces=False)
        entries: list[Entry] = []
        refusal: Actual = {}
        for done in range(1_000 if times == "max" else int(times)):
            facts = self.shop.facts(name, at)
            evaluation = collect(self.shop.programme, facts, wanted_once, at)
            if not evaluation.entries:
                refusal = {} if done and times == "max" else _refusal(evaluation)
                break
            entries += evaluation.entries
            self.shop.record(
                RecordKind.REDEMPTION, at, evaluation.entries, {"facts": facts.to_json()}
            )
        worth = self._worth(wish, entries)
        spent = {
            "points_spent": self.points(-_sum(entries, "points", EntryKind.REDEEM)),
            "rewards_issued": len({id(each) for each in entries if each.kind is EntryKind.REDEEM}),
            "voucher_value_minor": _sum(entries, "voucher/") or worth,
        }
        return self.standing(name, at) | spent | refusal

    def _worth(self, wish: Mapping[str, Any], entries: Iterable[Entry]) -> int:
        """What the points that were used are worth, where they are used for money."""
        if "points" not in wish:
            return 0
        rule = next(each for each in self.shop.programme.file.reward if each.id == POINTS_REWARD)
        used = -_sum(entries, "points", EntryKind.REDEEM)
        scale = self.shop.programme.lots["points"].scale
        return 0 if rule.spend is None else rule.spend.worth(used, scale)

    def _redemptions(self, wishes: Sequence[Mapping[str, Any]]) -> tuple[Redemption, ...]:
        found = []
        for n, wish in enumerate(wishes):
            with Part(wish, f"redeem[{n}]") as part:
                part.skip("client_claimed_cost")
                if part.has("points"):
                    points = part.get("points")
                    chosen = None if points in {"max", "best"} else self._parts(points)
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
        times = 1
        if part.has("units") and rule.off is not None and rule.off.free is not None:
            times = math.ceil(number(part.get("units")) / rule.off.free.quantity)
        return Redemption(ours, times=times, id=wish)

    def _worked(
        self,
        name: str | None,
        at: datetime,
        bought: Basket,
        wanted: Wanted,
        paid: Callable[[int], Sequence[Tender]] | None = None,
    ) -> "_Sale":
        programme = self.shop.programme
        facts = self.shop.facts(name, at)
        evaluation = evaluate(programme, facts, bought, at, wanted, explains=True)
        due = bought.total - sum(evaluation.off().values())
        if paid is not None:
            means = tuple(paid(due))
            bought = replace(bought, tenders=means)
            evaluation = evaluate(programme, facts, bought, at, wanted, explains=True)
        return _Sale(name, at, facts, bought, wanted, evaluation)

    def _asked(self, part: Part, name: str | None, at: datetime) -> "_Sale":
        draft = self.shop.draft
        bought = basket(part.get("lines"), draft, int(part.get("order_discount_minor", 0)))
        shown = [str(each) for each in part.get("codes") or ()]
        apply = part.get("apply")
        wanted = Wanted(
            self._redemptions(part.get("redeem") or ()),
            tuple(_codes(draft.codes, draft.codes_needed, shown, apply)),
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
        sale = self._worked(owner, at, bought, wanted, paid if said else None)
        empty = said and any(each["type"] in has and not has[each["type"]] for each in said)
        return replace(sale, codes=tuple(shown), no_wallet=bool(empty))

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

    def preview(self, _n: int, part: Part, name: str | None, at: datetime) -> Actual:
        sale = self._asked(part, name, at)
        return self.standing(name, at) | self._of_sale(sale)

    def sale(self, n: int, part: Part, name: str | None, at: datetime) -> Actual:
        receipt = part.get("receipt")
        before = self.receipts.get((name, str(receipt))) if receipt is not None else None
        if before is not None:
            part.skip("lines")
            nothing = {"points_earned": Decimal(0), "duplicate_of_step": before}
            return self.standing(name, at) | nothing
        sale = self._asked(part, name, at)
        found = self._of_sale(sale)
        if found.get("error") and not sale.bought_anyway:
            return self.standing(name, at) | found
        self.sales[n] = self._record(sale, at)
        if receipt is not None:
            self.receipts[name, str(receipt)] = n
        return self.standing(name, at) | found | self._afterwards(sale, at)

    def _record(self, sale: "_Sale", at: datetime) -> "_Sale":
        recorded = Recorded("", sale.facts, sale.bought, sale.wanted)
        sold = self.shop.record_sale(self.shop.recorded(sale.facts, sale.evaluation, recorded), at)
        return replace(sale, sold=sold)

    def _of_sale(self, sale: "_Sale") -> dict[str, Any]:
        evaluation, bought = sale.evaluation, sale.bought
        off = evaluation.off()
        net = {line.number: line.amount - off.get(line.number, 0) for line in bought.lines}
        without_tax = sum(net_of_tax(net[line.number], line.tax_rate) for line in bought.lines)
        total = sum(net.values())
        stored = sum(each.amount for each in bought.tenders if each.type in {"wallet", "gift_card"})
        found: dict[str, Any] = {
            "discount_minor": sum(off.values()),
            "total_minor": total,
            "net_minor": without_tax,
            "tax_minor": total - without_tax,
            "due_minor": total - stored,
            "free_units": _free_units(evaluation, bought),
            "line_shares_sorted_minor": sorted(off.get(line.number, 0) for line in bought.lines),
            "codes_dropped": self._dropped(sale),
        }
        refusal = {"error": "no_valid_wallet"} if sale.no_wallet else _refusal(evaluation)
        return found | self._earned(sale) | self._spent(evaluation) | refusal

    def _earned(self, sale: "_Sale") -> dict[str, Any]:
        own = [each for each in sale.evaluation.entries if each.account is None]
        names = self.shop.draft.names
        parts: dict[str, Decimal] = {}
        for each in own:
            if each.unit == "points" and each.kind is EntryKind.EARN:
                rule = names.get(each.rule, each.rule)
                parts[rule] = parts.get(rule, Decimal(0)) + self.points(each.quantity)
        return {
            "points_earned": sum(parts.values(), Decimal(0)) - self._referral_of(sale, sale.name),
            "parts": parts,
            "stamps_earned": _tenths(_sum(own, STAMPS, EntryKind.EARN)),
            "vouchers_issued": self._vouchers(own),
            "voucher_value_minor": _sum(own, "voucher/", EntryKind.EARN),
            "rewards_issued": _sum(own, "reward/", EntryKind.EARN),
            "referral_points": {name: self._referral_of(sale, name) for name in self.shop.members},
        }

    def _referral_of(self, sale: "_Sale", name: str | None) -> Decimal:
        ref = None if name is None else self.shop.member(name).ref
        return self.points(
            sum(
                each.quantity
                for each in sale.evaluation.entries
                if each.rule == "referral"
                and each.unit == "points"
                and (each.account == ref or (each.account is None and name == sale.name))
            )
        )

    def _vouchers(self, entries: Iterable[Entry]) -> int:
        values = {f"voucher/{rule.id}": rule.one for rule in self.shop.programme.file.voucher}
        return sum(
            each.quantity // (values[each.unit] or each.quantity)
            for each in entries
            if each.unit in values and each.kind is EntryKind.EARN
        )

    def _spent(self, evaluation: Evaluation) -> dict[str, Any]:
        rewards = {each.id for each in self.shop.programme.file.reward}
        used = [
            each
            for each in evaluation.entries
            if each.kind is EntryKind.REDEEM and each.rule in rewards
        ]
        return {
            "points_spent": self.points(-_sum(used, "points")),
            "credits_used": -_sum(used, CREDITS),
        }

    def _dropped(self, sale: "_Sale") -> list[str]:
        draft = self.shop.draft
        by_rule = {row["id"]: row["title"] for row in draft.lists.get("offer", ())}
        refused = {
            by_rule[each.rule]
            for each in sale.evaluation.outcomes
            if each.rule in by_rule and each.unmet is not None
        }
        return [
            code
            for code in sale.codes
            if any(draft.codes_needed.get(neutral) == code for neutral in refused)
        ]

    def _afterwards(self, sale: "_Sale", at: datetime) -> dict[str, Any]:
        if sale.name is None or not sale.name.startswith("card "):
            return {}
        return {"card_balance_minor": self.shop.usable(sale.name, GIFT_CARD, at)}

    def give_back(self, n: int, part: Part, name: str | None, at: datetime) -> Actual:
        original = self.sales.get(int(part.get("of_step")))
        if original is None or original.sold is None:
            part.skip("lines", "refund_to")
            return self.standing(name, at) | {"error": "unknown_original_sale"}
        if name != original.name and not (original.name or "").startswith("card "):
            part.skip("lines", "refund_to")
            return self.standing(name, at) | {"error": "original_sale_of_other_member"}
        wanted = _returned(original, part.get("lines")) if part.has("lines") else original.left()
        found = self._given_back(original, wanted, at)
        if part.one_of("refund_to", {None: False, "wallet": True}):
            lot = Holding(WALLET, int(found["refund_minor"]))
            self.shop.adjusted(str(name), lot, at, followed=False)
        del n
        return self.standing(original.name, at) | found | self._after_return(original, at)

    def _given_back(
        self, original: "_Sale", wanted: tuple[ReturnedLine, ...], at: datetime
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
            "points_reversed": self.points(-_sum(taken, "points")),
            "points_restored": self.points(
                sum(
                    each.quantity
                    for each in done.entries
                    if each.unit == "points" and each.quantity > 0
                )
            ),
            "shortfall_points": self.points(-_sum(done.settled, "points")),
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

    def _after_return(self, original: "_Sale", at: datetime) -> dict[str, Any]:
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
        return found | self._afterwards(original, at)

    def use_voucher(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        of_step = part.get("voucher_of_step")
        lot = None
        if of_step is not None:
            sold = self.sales[int(of_step)].sold
            lot = None if sold is None else sold.record
        vouchers = [
            each
            for each in self.shop.holdings(name)
            if each.unit.startswith("voucher/") and each.quantity > 0 and lot in {None, each.lot}
        ] or self._lapsed_vouchers(name)
        if not vouchers:
            part.skip("sale_total_minor", "dry_run")
            return self.standing(name, at) | {"error": "unknown_voucher"}
        line = {
            "sku": "x",
            "qty": 1,
            "unit_price_minor": part.get("sale_total_minor"),
            "tax_included": True,
        }
        shown = PresentedVoucher(self.shop.member(name).ref, vouchers[0])
        sale = self._worked(name, at, basket([line], self.shop.draft), Wanted(vouchers=(shown,)))
        off = sum(sale.evaluation.off().values())
        refusal = {} if off else _refusal(sale.evaluation)
        if off and not part.get("dry_run"):
            self._record(sale, at)
        return self.standing(name, at) | {"ok": bool(off), "discount_minor": off} | refusal

    def _lapsed_vouchers(self, name: str) -> list[Holding]:
        """Vouchers that central took away when they were over; the customer still has the paper."""
        return [
            each
            for each in self.shop.member(name).posted
            if each.unit.startswith("voucher/") and each.quantity > 0
        ]


@dataclass(frozen=True)
class _Sale:
    """A basket that was worked out, and what became of it."""

    name: str | None
    at: datetime
    facts: MemberFacts
    bought: Basket
    wanted: Wanted
    evaluation: Evaluation
    codes: tuple[str, ...] = ()
    no_wallet: bool = False
    sold: Sold | None = None
    returned: list[Returned] = field(default_factory=list)

    @property
    def bought_anyway(self) -> bool:
        """Whether the sale goes on without what was refused: codes that do not hold stop nobody."""
        return not self.wanted.redemptions and not self.no_wallet

    def left(self) -> tuple[ReturnedLine, ...]:
        """Everything of it."""
        return tuple(ReturnedLine(each.number, each.quantity) for each in self.bought.lines)


def _returned(original: _Sale, lines: Sequence[Mapping[str, Any]]) -> tuple[ReturnedLine, ...]:
    """The lines of the sale that these are, by article and price."""
    back: dict[int, Decimal] = {}
    for each in lines:
        for line in original.bought.lines:
            if line.sku == each["sku"] and line.number not in back:
                back[line.number] = number(each["qty"])
                break
    return tuple(ReturnedLine(line, quantity) for line, quantity in back.items())


def _codes(
    codes: Mapping[str, str],
    needed: Mapping[str, str],
    shown: Sequence[str],
    apply: Sequence[str] | None,
) -> Iterable[str]:
    """Our codes of the promotions that are to apply: in the order given, with the code that they ask for."""
    if apply is not None:
        for neutral in apply:
            if needed.get(neutral) is None or needed[neutral] in shown:
                yield codes[neutral]
        return
    for code in shown:
        yield from (codes[neutral] for neutral, wanted in needed.items() if wanted == code)


def _refusal(evaluation: Evaluation) -> Actual:
    """Why something that was asked for is not there, in the words of the cases."""
    for outcome in evaluation.outcomes:
        if outcome.unmet is not None and outcome.asked:
            return {"error": _REFUSALS.get(outcome.unmet.obstacle, outcome.unmet.obstacle.value)}
    return {}


def _free_units(evaluation: Evaluation, bought: Basket) -> int:
    added = sum(each.quantity for each in evaluation.free_units())
    if added:
        return int(added)
    free = Decimal(0)
    for line in bought.lines:
        off = evaluation.off().get(line.number, 0)
        if off and line.amount:
            free += line.quantity * off / line.amount
    return int(free)


def _pending(holdings: Iterable[Holding], today: date) -> int:
    return sum(
        each.quantity
        for each in holdings
        if each.unit == "points" and each.matures_on is not None and each.matures_on > today
    )


def _sum(entries: Iterable[Entry], unit: str, kind: EntryKind | None = None) -> int:
    """The sum of a unit, or of all of a derived kind where `unit` ends in a stroke."""
    return sum(
        each.quantity
        for each in entries
        if (each.unit == unit or (unit.endswith("/") and each.unit.startswith(unit)))
        and kind in {None, each.kind}
    )


def _tenths(quantity: int) -> Decimal:
    return Decimal(quantity) / 10


_STEPS: Mapping[str, Callable[[Steps, int, Part, Any, datetime], Actual]] = {
    "enrol": Steps.enrol,
    "event": Steps.event,
    "adjust": Steps.adjust,
    "query": Steps.query,
    "advance": Steps.query,
    "statement": Steps.statement,
    "expire": Steps.expire,
    "recalculate_tier": Steps.recalculate_tier,
    "transfer": Steps.transfer,
    "redeem": Steps.redeem,
    "preview": Steps.preview,
    "sale": Steps.sale,
    "return": Steps.give_back,
    "cancel": Steps.give_back,
    "use_voucher": Steps.use_voucher,
}

"""The steps that central takes: members, adjustments, events, jobs."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding, usable
from edge_agent.domain.programme import Evaluation
from edge_agent.domain.programme.actions import ENROLMENT
from edge_agent.domain.programme.acts import UnknownAction, act_on
from edge_agent.domain.programme.moving import transferred
from edge_agent.domain.programme.situation import Act
from edge_agent.domain.programme.upkeep import tier_granted, tier_reviewed
from edge_agent.domain.record import RecordKind
from tests.peers.mapping.draft import number, slug
from tests.peers.mapping.held import CREDITS, STAMPS
from tests.peers.mapping.points import WALLET
from tests.peers.parts import Part
from tests.peers.shop import PeerShop
from tests.peers.standing import Standing
from tests.peers.words import REFUSALS, Actual, summed_up


@dataclass
class CentralSteps:
    """Acts of central on members; `stated` is the record up to which each member had a statement."""

    shop: PeerShop
    standing: Standing
    stated: dict[str, int] = field(default_factory=dict)
    lots: dict[tuple[str, str], Holding] = field(default_factory=dict)

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
        earned = {
            "points_earned": self.standing.points(summed_up(done.entries, "points", EntryKind.EARN))
        }
        refused = [each.unmet for each in done.outcomes if each.unmet is not None]
        refusal = {}
        if refused and not done.entries and self._refuses(act.action):
            refusal = {"error": REFUSALS.get(refused[0].obstacle, refused[0].obstacle.value)}
        return self.standing.of(name, at) | earned | refusal

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
                quantity = self.standing.parts(lot.get("points"))
                life = self.shop.programme.lots["points"].life(
                    self.shop.today(at), self.shop.member(name).since
                )
                given = Holding("points", quantity, life.expires_on, life.matures_on, life.day)
                self.lots[name, str(lot.get("id"))] = given
                issued += self.shop.adjusted(name, given, at, followed=True)
        return self.standing.of(name, at) | {"vouchers_issued": self.standing.vouchers(issued)}

    def _set(self, state: Part, name: str, at: datetime) -> None:
        known, today = self.shop.member(name), self.shop.today(at)
        if state.has("balance"):
            self._bring_to(name, "points", self.standing.parts(state.get("balance")), at)
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
        if state.has("visits"):
            self._counted_in_all(name, "count/visits", int(state.get("visits")), today)
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
        self._counted_in_all(name, "count/tier-spend", total, today)

    def _counted_in_all(self, name: str, unit: str, total: int, today: date) -> None:
        there = sum(each.quantity for each in self.shop.holdings(name) if each.unit == unit)
        self.shop.member(name).posted.append(Holding(unit, total - there, day=today))

    def query(self, _n: int, _part: Part, name: str | None, at: datetime) -> Actual:
        return self.standing.of(name, at)

    def statement(self, n: int, _part: Part, name: str, at: datetime) -> Actual:
        self.shop.statement(name, at)
        earned = self._earned_by_records(name, self.stated.get(name, 0))
        self.stated[name] = self.shop.ledger.head.seq
        del n
        by_jobs = self.standing.of(name, at)
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
        return self.standing.points(found)

    def expire(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        lot = self.lots[name, str(part.get("lot"))]
        alike = [
            each
            for each in self.shop.holdings(name)
            if each._replace(quantity=0) == lot._replace(quantity=0)
        ]
        left = sum(each.quantity for each in alike)
        self.shop.member(name).posted.append(lot._replace(quantity=-left))
        return self.standing.of(name, at) | {"points_expired": self.standing.points(left)}

    def recalculate_tier(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        if part.has("spend_total_minor"):
            self._spent_in_all(name, int(part.get("spend_total_minor")), self.shop.today(at))
        facts = self.shop.central_facts(name, at)
        done = tier_reviewed(self.shop.programme, facts, self.shop.today(at))
        self.shop.post(name, done.entries)
        return self.standing.of(name, at)

    def transfer(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        to = str(part.get("to"))
        done = transferred(
            self.shop.programme,
            self.shop.central_facts(name, at),
            self.shop.central_facts(to, at),
            "points",
            self.standing.parts(part.get("points")),
            self.shop.today(at),
        )
        self.shop.post(name, done.entries)
        refusal = (
            {} if done.unmet is None else {"error": REFUSALS.get(done.unmet.obstacle, "refused")}
        )
        return self.standing.of(name, at) | refusal

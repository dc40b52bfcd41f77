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
from tests.peers.mapping.circumstances import listed
from tests.peers.mapping.draft import number, slug
from tests.peers.mapping.happenings import ENROLMENTS
from tests.peers.mapping.stamps import CREDITS, STAMPS
from tests.peers.mapping.stored import WALLET
from tests.peers.mapping.tiers import OVER
from tests.peers.parts import Part
from tests.peers.refusals import refusal_of
from tests.peers.shop import PeerShop
from tests.peers.standing import Standing
from tests.peers.words import Actual, summed_up, tenths

_TALLIES = {
    "spend": ("count/tier-spend", "_minor"),
    "points_earned": ("count/tier-points", ""),
    "visits": ("count/visits", ""),
}
"""What is counted of a member, by the words of the cases, which put the time and the unit of money after them."""


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
        self._profile(part, name)
        part.skip("name", "email", "phone")
        if part.has("tier"):
            self._put_into_tier(name, self.shop.draft.tiers[part.get("tier")], at)
        return self._acted(name, Act(ENROLMENT), at)

    def _profile(self, part: Part, name: str) -> None:
        """What central knows of a member besides what they have."""
        known = self.shop.member(name)
        if part.has("birthday"):
            known.birthday = part.get("birthday")[5:]
        if part.has("referred_by"):
            known.referred_by = self.shop.member(part.get("referred_by")).ref
        segments = part.first("segments", "segment")
        if segments is not None:
            known.segments = frozenset(listed(segments))
        if part.has("language"):
            known.language = str(part.get("language"))
        known.attributes |= part.get("attributes") or {}

    def event(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        happened = str(part.first("name", "event"))
        act = Act(slug(happened), int(part.get("times", 1)))
        return self._acted(name, Act(ENROLMENT) if happened in ENROLMENTS else act, at)

    def _acted(self, name: str, act: Act, at: datetime) -> Actual:
        facts = self.shop.facts(name, at)
        try:
            done = act_on(self.shop.programme, facts, act, at, explains=True)
        except UnknownAction:
            done = Evaluation()
        self.shop.record(RecordKind.ACTION, at, done.entries, {"facts": facts.to_json()})
        own = [each for each in done.entries if each.account is None]
        told: Actual = {
            "points_earned": self.standing.points(summed_up(own, "points", EntryKind.EARN)),
            "stamps_earned": tenths(summed_up(own, STAMPS, EntryKind.EARN)),
            "vouchers_issued": self.standing.vouchers(own),
            "voucher_value_minor": summed_up(own, "voucher/", EntryKind.EARN),
        }
        refused = [each.unmet for each in done.outcomes if each.unmet is not None]
        if refused and not done.entries and self._refuses(act.action):
            told["error"] = refusal_of(refused[0].obstacle)
        return self.standing.of(name, at) | told

    def _refuses(self, action: str) -> bool:
        """Whether the programme says that what goes beyond a limit is refused."""
        rules = self.shop.programme.file.action
        return any(each.id == action and each.beyond.value == "refused" for each in rules)

    def adjust(self, _n: int, part: Part, name: str, at: datetime) -> Actual:
        issued: list[Entry] = []
        with part.part("set") as state:
            self._set(state, name, at)
        more = part.first("add_points", "points")
        if more is not None:
            moved = self._lot(Part({}, "lot"), self.standing.parts(more), name, at)
            issued += self.shop.adjusted(name, moved, at, followed=moved.quantity > 0)
        if part.has("add_lot"):
            with part.part("add_lot") as lot:
                quantity = self.standing.parts(lot.get("points"))
                given = self._lot(lot, quantity, name, at)
                self.lots[name, str(lot.get("id"))] = given
                issued += self.shop.adjusted(name, given, at, followed=True)
        told = {
            "vouchers_issued": self.standing.vouchers(issued),
            "voucher_value_minor": summed_up(issued, "voucher/", EntryKind.EARN),
        }
        return self.standing.of(name, at) | told

    def _lot(self, lot: Part, quantity: int, name: str, at: datetime) -> Holding:
        """A lot of points with the life that the programme gives it, or that the case says."""
        earned = lot.first("earned_at", "earned_on")
        day = self.shop.today(at) if earned is None else date.fromisoformat(earned[:10])
        life = self.shop.programme.lots["points"].life(day, self.shop.member(name).since)
        ends = lot.first("expires_at", "expires", "expires_on", "valid_to")
        begins = lot.first("usable_from", "active_from", "pending_until")
        return Holding(
            "points",
            quantity,
            life.expires_on if ends is None else date.fromisoformat(ends[:10]),
            life.matures_on if begins is None else date.fromisoformat(begins[:10]),
            life.day,
        )

    def _set(self, state: Part, name: str, at: datetime) -> None:
        known, today = self.shop.member(name), self.shop.today(at)
        self._profile(state, name)
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
        self._measured(state, name, today)
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

    def _measured(self, state: Part, name: str, today: date) -> None:
        """What tiers are measured by, brought to a number whatever the time is over which it is counted."""
        for what, (unit, end) in _TALLIES.items():
            total = state.first(what, *(f"{what}_{over}{end}" for over in OVER))
            if total is not None:
                scale = self.shop.programme.lots["points"].scale if what == "points_earned" else 1
                self._counted_in_all(name, unit, int(number(total) * scale), today)

    def _counted_in_all(self, name: str, unit: str, total: int, today: date) -> None:
        there = sum(each.quantity for each in self.shop.holdings(name) if each.unit == unit)
        self.shop.member(name).posted.append(Holding(unit, total - there, day=today))

    def query(self, _n: int, _part: Part, name: str | None, at: datetime) -> Actual:
        return self.standing.of(name, at)

    def statement(self, _n: int, _part: Part, name: str, at: datetime) -> Actual:
        self.shop.statement(name, at)
        earned = self._earned_by_records(name, self.stated.get(name, 0))
        self.stated[name] = self.shop.ledger.head.seq
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
        if not part.has("lot"):
            return self.standing.of(
                name, at
            )  # what is over has gone by itself at the beginning of the step
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
        self._measured(part, name, self.shop.today(at))
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
        refusal = {} if done.unmet is None else {"error": refusal_of(done.unmet.obstacle)}
        return self.standing.of(name, at) | refusal

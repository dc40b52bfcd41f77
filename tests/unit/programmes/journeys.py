"""Members of the shops over a year: what they buy, do and bring back is drawn by a seed; what comes of it is told."""

import random
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge_agent.domain.basket import Basket, Line, ReturnedLine, Tender
from edge_agent.domain.draws import draw_from, draw_key
from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts, birthday_windows
from edge_agent.domain.programme import Evaluation, Programme, evaluate, load_programme
from edge_agent.domain.programme.actions import ENROLMENT
from edge_agent.domain.programme.acts import act_on, answered
from edge_agent.domain.programme.attaching import attached
from edge_agent.domain.programme.collecting import collect
from edge_agent.domain.programme.giving_back import give_back
from edge_agent.domain.programme.kept import Returned, Sold
from edge_agent.domain.programme.offers import offers_for
from edge_agent.domain.programme.outlook import outlook
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.redeeming import rewards_for
from edge_agent.domain.programme.situation import Act, PresentedVoucher, Redemption, Wanted
from edge_agent.domain.programme.upkeep import caught_up
from edge_agent.domain.units import keeps_lots_apart
from tests.unit.domain.customers import Customer, TillCounts
from tests.unit.domain.programme.telling import telling, telling_at_visit
from tests.unit.programmes.journey_words import entry, on_sale, said, wishes
from tests.unit.programmes.shops import FOLDER, NAMES

ROOT = Path(__file__).parents[3]
TOLD = ROOT / "tests" / "data" / "journeys"
FILES = {name: FOLDER / f"{name}.toml" for name in NAMES} | {
    "everything": ROOT / "tests" / "data" / "programmes" / "everything.toml",
    "example": ROOT / "config" / "programme.example.toml",
}
MEMBERS, VISITS = 5, 10
ZONE = ZoneInfo("Europe/Amsterdam")
FIRST_DAY, LAST_DAY = date(2026, 1, 5), date(2027, 3, 31)
KEY = draw_key(b"k" * 32)
_OF_LINES = ("categories", "brands", "skus", "labels", "kinds", "margins")

Words = dict[str, list[Any]]


def told_path(shop: str) -> Path:
    """Where it stands what came of the journeys in a shop."""
    return TOLD / f"{shop}.txt"


def told(shop: str) -> str:
    """What comes of the journeys in a shop, line by line."""
    text = FILES[shop].read_text(encoding="utf-8")
    programme, words = load_programme(text, shop), _words(tomllib.loads(text))
    till: TillCounts = TillCounts()
    lines: list[str] = []
    for number in range(1, MEMBERS + 1):
        lines += Journey(programme, words, f"{shop} {number}", till).lines()
    return "\n".join([*lines, ""])


def _words(value: object) -> Words:
    """What the file names by key (categories, segments, codes, days, ...), so that baskets and members have them."""
    found: dict[str, set[Any]] = {}
    for key, each in _values(value):
        found.setdefault(key, set()).add(each)
    return {key: sorted(each, key=str) for key, each in sorted(found.items())}


def _values(value: object, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            if key == "attributes" and isinstance(each, list):
                yield from (("attributes", (name, word)) for word in each)
            yield from _values(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _values(each, key)
    else:
        yield key, value


class Journey:
    """One member of a shop, from joining to the last visit."""

    def __init__(self, programme: Programme, words: Words, seed: str, till: TillCounts) -> None:
        self.programme, self.words, self.seed = programme, words, seed
        self.chance = random.Random(seed)
        self.birthday = self.chance.choice(["01-31", "03-15", "07-04", "11-21", "12-29"])
        facts = MemberFacts(
            f"member-{seed}",
            since=FIRST_DAY - timedelta(days=self.chance.choice([0, 3, 40, 370])),
            language=self.chance.choice(["nl", "fr", "de-DE", None]),
            segments=frozenset(self.some("segments") + self.some("not_segments")),
            attributes=dict(self.some("attributes")),
            holdings=tuple(
                Holding(unit, quantity, date(2026, 12, 31))
                for unit in programme.units
                if (quantity := self.chance.choice([0, 0, 200, 3000]))
            ),
            referred_by=self.chance.choice([None, "member-friend"]),
        )
        self.customer = Customer(programme, facts, till)
        self.before: dict[str, str] = {}
        self.sales: list[tuple[Sold, list[Returned]]] = []

    def some(self, key: str) -> list[Any]:
        """Some of the words that the file has for a key."""
        there = self.words.get(key, [])
        return self.chance.sample(there, self.chance.randint(0, min(2, len(there))))

    def lines(self) -> Iterator[str]:
        """All that happens, in order."""
        yield f"=== {self.seed}: {self.customer.known.to_json()}, birthday {self.birthday}"
        days = [each for each in self._days() if FIRST_DAY <= each <= LAST_DAY]
        last = FIRST_DAY
        for number, day in enumerate(days, 1):
            yield from self._mornings(last, day)
            last = day
            at = datetime.combine(
                day, time(self.chance.randint(8, 19), self.chance.choice([0, 30])), ZONE
            )
            yield f"--- {self.seed}, visit {number}, {at.isoformat()}"
            yield from self._shown(at)
            if number == 1 or self.chance.random() < 0.5:
                yield from self._does(at, ENROLMENT if number == 1 else "")
            yield from self._buys(at, number)
            if self.sales and self.chance.random() < 0.4:
                yield from self._brings_back(at)
        yield f"has {[each.to_json() for each in self.customer.held]}"

    def _days(self) -> list[date]:
        """The days of visits: some of them where the file's own windows begin and end, some a few days apart."""
        borders = [
            each.date() if isinstance(each, datetime) else each
            for key in ("from_date", "until_date")
            for each in self.words.get(key, [])
        ]
        span = (LAST_DAY - FIRST_DAY).days
        days = {
            FIRST_DAY + timedelta(days=self.chance.randint(0, span)) for _ in range(VISITS // 2)
        }
        for day in self.chance.sample(borders, min(len(borders), VISITS // 4)):
            days.add(day + timedelta(days=self.chance.choice([-1, 0, 1])))
        while len(days) < VISITS:
            days.add(
                self.chance.choice(sorted(days)) + timedelta(days=self.chance.choice([1, 7, 30]))
            )
        return sorted(days)

    def _facts(self, at: datetime) -> MemberFacts:
        facts = self.customer.facts(at)
        return replace(facts, birthday=birthday_windows(self.birthday, at.date()))

    def _mornings(self, after: date, until: date) -> Iterator[str]:
        """What was due from one visit to the next."""
        facts = replace(self.customer.known, holdings=self.customer.held)
        for day, due in caught_up(self.programme, facts, self.birthday, after, until):
            yield f"morning of {day}"
            yield from self._recorded(due.entries, f"{day:%Y%m%d}" * 4)

    def _shown(self, at: datetime) -> Iterator[str]:
        """What the screen says that it did not say at the visit before."""
        facts = self._facts(at)
        programme, today = self.programme, at.date()
        present = programme.present(facts, today)
        view = outlook(programme, facts, at)
        now = {"tier": f"{present.tier}"}
        now |= {
            f"{each.towards.value} {each.rule}": each.in_words(
                "en", "EUR", programme.file.unit, each.unmet_where("0412", "store")
            )
            for each in view.progress
        }
        now |= {
            f"reward {each.id}": f"{each.usable} of {each.cost} {each.unit}"
            + ("" if each.unmet is None else f", {each.unmet.in_words('nl', 'EUR')}")
            for each in rewards_for(
                programme.file.reward, present, at, programme.file.unit, "0412", "store"
            )
        }
        offers = offers_for(programme.file.offer, present, at, "0412", "store")
        now["offers"] = " ".join(f"{each.id}{'' if each.active else '?'}" for each in offers)
        now["pending"] = " ".join(
            f"{each.quantity} {each.unit} {each.day}" for each in view.pending
        )
        now["expiring"] = " ".join(
            f"{each.quantity} {each.unit} {each.day}" for each in view.expiring
        )
        now["visit"] = said(telling_at_visit(programme, facts, at))
        yield from self._news(now)

    def _news(self, now: Mapping[str, str]) -> Iterator[str]:
        for key, text in now.items():
            if text and self.before.get(key) != text:
                yield f"{key}: {text}"
        self.before |= now

    def _does(self, at: datetime, action: str) -> Iterator[str]:
        """An act without a sale, or an answer."""
        questions = self.programme.file.question
        if not action and questions and self.chance.random() < 0.4:
            rule = self.chance.choice(questions)
            value = self.chance.choice(sorted(rule.answers))
            number = int(value) if value.isdigit() else value
            given = answered(self.programme, self._facts(at), rule.id, number, at)
            yield f"answers {rule.id} with {given.value}{' (a case)' if given.opens_case else ''}"
            yield from self._came_to(given.evaluation, at)
            return
        known = sorted(self.programme.known_acts)
        if action or known:
            act = Act(action or self.chance.choice(known), self.chance.choice([1, 1, 3]))
            yield f"does {act.times} x {act.action}"
            yield from self._came_to(act_on(self.programme, self._facts(at), act, at), at)

    def _buys(self, at: datetime, number: int) -> Iterator[str]:
        """A sale; now and then without a card, which is attached to it afterwards, or rewards without a basket."""
        facts, basket = self._facts(at), self._basket()
        for each in basket.lines:
            yield f"  {on_sale(each)}"
        wanted = self._wanted(facts)
        record = f"{number:04d}" * 8
        yield f"wants {wishes(wanted)}"
        if self.chance.random() < 0.15:
            yield "collects"
            yield from self._came_to(collect(self.programme, facts, wanted, at), at, record)
            return
        draw = draw_from(KEY, "0412", "03", f"{self.seed}/{number}")
        forgotten = self.chance.random() < 0.15
        buyer = MemberFacts("") if forgotten else facts
        found = evaluate(self.programme, buyer, basket, at, wanted, draw, explains=True)
        sale = Recorded(
            self.programme.digest,
            buyer,
            basket,
            wanted,
            found.entries,
            found.reductions,
            found.notes(),
        )
        yield from self._explained(found)
        yield f"tells {said(telling(self.programme, found))}"
        if forgotten:
            yield "attaches the card"
            sold = Sold(record, at, sale)
            yield from self._came_to(attached(self.programme, sold, facts), at, record)
            return
        self.customer.record(_in_lots(found.entries, record))
        self.sales.append((Sold(record, at, sale), []))

    def _brings_back(self, at: datetime) -> Iterator[str]:
        """Some of what was bought before comes back."""
        sold, before = self.chance.choice(self.sales)
        left = {each.number: each.quantity for each in sold.sale.basket.lines}
        for each in (line for returned in before for line in returned.lines):
            left[each.number] -= each.quantity
        back = tuple(
            ReturnedLine(
                number, quantity if self.chance.random() < 0.6 else min(quantity, Decimal(1))
            )
            for number, quantity in left.items()
            if quantity > 0 and self.chance.random() < 0.7
        )
        if not back:
            return
        draw = draw_from(KEY, "0412", "03", sold.record)
        given = give_back(self.programme, sold, before, back, self._facts(at), at, draw)
        yield f"brings back {' '.join(f'{each.quantity} of {each.number}' for each in back)} of {sold.at.date()}"
        yield f"refunds {' '.join(f'{each.line}:{each.amount}-{each.deducted}' for each in given.refunds)}"
        before.append(Returned(back, given.entries, given.settled))
        yield from (f"settled {entry(each)}" for each in given.settled)
        yield from self._recorded(given.entries, sold.record)

    def _came_to(self, found: Evaluation, at: datetime, record: str = "") -> Iterator[str]:
        yield from self._explained(found)
        self.customer.record(_in_lots(found.entries, record or f"{at:%Y%m%d%H}000000" * 2))

    def _explained(self, found: Evaluation) -> Iterator[str]:
        """What every rule did, and of those that did nothing why not, where that is news."""
        why_not: dict[str, str] = {}
        for each in found.outcomes:
            if each.unmet is not None:
                words = each.unmet.in_words("en", "EUR")
                why_not[f"{each.rule}{each.asked}"] = f"no, {words}"
                continue
            why_not[f"{each.rule}{each.asked}"] = ""
            does = [entry(moved) for moved in each.entries]
            does += [f"{off.amount} off {off.line}{' own' * off.own}" for off in each.reductions]
            does += [f"{free.quantity} x {free.sku} free" for free in each.free]
            does += [f"note {each.note}"] if each.note else []
            yield f"{each.rule}: {'; '.join(does)}"
        yield from self._news(why_not)
        for out in found.excluded:
            yield f"excluded {out.line} by {out.rule} from {out.forbids.value}"

    def _recorded(self, entries: Iterable[Entry], record: str) -> Iterator[str]:
        found = tuple(entries)
        self.customer.record(_in_lots(found, record))
        yield from (f"{each.rule}: {entry(each)}" for each in found)

    def _basket(self) -> Basket:
        lines = tuple(self._line(number) for number in range(1, self.chance.randint(1, 5) + 1))
        total = sum(each.amount for each in lines)
        card = self.chance.choice([total, total // 2])
        other = self.chance.choice(
            ["cash", *self.words.get("tenders", []), *self.words.get("not_tenders", [])]
        )
        channels = ["store", "store", *self.words.get("channels", [])]
        return Basket(
            lines,
            total,
            "EUR",
            (Tender("card", card), Tender(other, total - card)),
            self.chance.choice(channels),
            self.chance.choice(["0412", *map(str, self.words.get("stores", []))]),
        )

    def _line(self, number: int) -> Line:
        """A line with words that rules are about, most often one word of one key."""
        key = self.chance.choice([each for each in _OF_LINES if self.words.get(each)])
        chosen: dict[str, str] = {key: self.chance.choice(self.words[key])}
        for other in _OF_LINES:
            if self.words.get(other) and self.chance.random() < 0.25:
                chosen.setdefault(other, self.chance.choice(self.words[other]))
        quantity = Decimal(self.chance.choice(["1", "1", "2", "3", "4", "7", "0.350", "1.5"]))
        amount = int(self.chance.choice([99, 240, 399, 1000, 1750, 4999]) * quantity)
        return Line(
            number,
            chosen.get("skus", f"sku-{self.chance.randint(1, 9)}"),
            quantity,
            amount,
            discount=self.chance.choice([0, 0, 0, amount // 10]),
            categories=(chosen["categories"],) if "categories" in chosen else (),
            brand=chosen.get("brands"),
            labels=(chosen["labels"],) if "labels" in chosen else (),
            kind=chosen.get("kinds", "product"),
            tax_rate=self.chance.choice(["9", "21", "21", None]),
            levy=self.chance.choice([0, 0, 0, 15]),
            measure=self.chance.choice([None, None, quantity * 3]),
            margin=chosen.get("margins"),
        )

    def _wanted(self, facts: MemberFacts) -> Wanted:
        """Rewards, vouchers and codes that the customer tries to use, whether they may or not."""
        rewards = [each.id for each in self.programme.file.reward]
        chosen = self.chance.sample(rewards, min(self.chance.choice([0, 1, 1, 2]), len(rewards)))
        held = [
            each
            for each in facts.holdings
            if each.unit.startswith("voucher/") and each.quantity > 0
        ]
        codes = [
            *self.words.get("codes", []),
            *(f"{each}00000015" for each in self.words.get("coupons", [])),
        ]
        return Wanted(
            tuple(
                Redemption(
                    each,
                    self.chance.choice([None, None, 100, 500]),
                    self.chance.choice([1, 1, 0, 2]),
                    f"r-{each}",
                )
                for each in chosen
            ),
            tuple(self.chance.sample(codes, self.chance.randint(0, min(2, len(codes))))),
            tuple(
                PresentedVoucher(facts.account, each)
                for each in self.chance.sample(held, min(1, len(held)))
            ),
            spendable=self.chance.choice([{}, {}, {"points": 300}]),
        )


def _in_lots(entries: Iterable[Entry], record: str) -> list[Entry]:
    """The entries as the ledger has them: of lots that are kept apart with the record that gave them."""
    return [
        each._replace(lot=(each.lot or record) if keeps_lots_apart(each.unit) else None)
        for each in entries
    ]

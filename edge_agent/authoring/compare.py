"""What a change of the programme would have cost: the same sales worked out with the old rules and with the new ones.

Each programme carries its own members along from sale to sale, in order of time: what they hold, what is counted of
them, and what central's daily job would have done in between. Surprises are drawn, the same way for both.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from edge_agent.authoring.member_file import MemberFile
from edge_agent.authoring.worth import worth
from edge_agent.domain.basket import Basket
from edge_agent.domain.draws import draw_from
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.money import Rounding, rounded
from edge_agent.domain.programme import Evaluation, Programme, evaluate
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.shape import tables
from edge_agent.domain.programme.situation import NOTHING, Wanted
from edge_agent.domain.programme.texts import Campaign, Goal
from edge_agent.domain.programme.upkeep import caught_up
from edge_agent.domain.tallies import EVER, Fold, figures
from edge_agent.domain.units import Derived, derived, is_tally

_DRAWN_WITH = b"the same draws for both programmes"
"""No secret: nobody wins anything by it, it only makes the comparison repeatable."""


class Sold(NamedTuple):
    """One sale to work out. `who` tells customers apart, "" for one without a card; `member` is who that is.

    `facts` are those of a record, where the sale comes from a journal; holdings in them count for a customer's first
    sale only.
    """

    sale_id: str
    at: datetime
    who: str
    basket: Basket
    wanted: Wanted = NOTHING
    member: MemberFile = MemberFile()
    facts: MemberFacts | None = None


@dataclass
class Share:
    """What one rule, or the members of one tier, came to: quantities by unit and minor units off."""

    sales: int = 0
    units: Counter[str] = field(default_factory=Counter)
    off: int = 0


@dataclass
class Side:
    """What one programme came to. Units are in smallest parts, money in minor units.

    `off` are price reductions; `rewarded` those that were paid for with points, so that they cost nothing again.
    `cost` is what is off and what the points given are worth, None where nothing says what they are worth.
    """

    programme: Programme
    given: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    expired: Counter[str] = field(default_factory=Counter)
    off: int = 0
    rewarded: int = 0
    rules: dict[str, Share] = field(default_factory=dict)
    tiers: dict[str, Share] = field(default_factory=dict)

    @property
    def cost(self) -> int | None:
        """The cost in minor units."""
        return self.cost_of(self.given, self.off)

    def cost_of(self, units: Mapping[str, int], off: int) -> int | None:
        """What so much of each unit and so much off cost, in minor units; None where a worth is not known."""
        total = Fraction(off)
        for unit, table in self.programme.file.unit.items():
            if units.get(unit):
                each = worth(self.programme.file, unit)
                if each is None:
                    return None
                total += each * units[unit] / table.scale
        return rounded(total, Rounding.HALF_UP)


@dataclass
class Comparison:
    """Both sides of the same sales, and what they have in common."""

    old: Side
    new: Side
    sales: int = 0
    with_card: int = 0
    customers: int = 0
    turnover: int = 0
    first: date | None = None
    last: date | None = None

    def to_json(self) -> dict[str, Any]:
        """The comparison for scripts."""
        return {
            "sales": self.sales,
            "with_card": self.with_card,
            "customers": self.customers,
            "turnover": self.turnover,
            "from": None if self.first is None else self.first.isoformat(),
            "until": None if self.last is None else self.last.isoformat(),
            "old": _side_json(self.old),
            "new": _side_json(self.new),
        }


def goals(file: ProgrammeFile) -> dict[str, Goal]:
    """What the rules are for, by id, where the file says so."""
    return {
        rule_id: table.goal
        for _, table in tables(file)
        if isinstance(table, Campaign)
        and table.goal is not None
        and isinstance(rule_id := getattr(table, "id", None), str)
    }


def _side_json(side: Side) -> dict[str, Any]:
    file = side.programme.file
    figures_of = {rule: goal.figure for rule, goal in goals(file).items()}
    return {
        "programme": {"id": file.id, "version": file.version, "digest": side.programme.digest},
        "given": dict(side.given),
        "used": dict(side.used),
        "expired": dict(side.expired),
        "off": side.off,
        "rewarded": side.rewarded,
        "cost": side.cost,
        "figure": None if file.goal is None else file.goal.figure,
        "rules": {
            rule: _share_json(side, share) | {"figure": figures_of.get(rule)}
            for rule, share in sorted(side.rules.items())
        },
        "tiers": {tier: _share_json(side, share) for tier, share in sorted(side.tiers.items())},
    }


def _share_json(side: Side, share: Share) -> dict[str, Any]:
    return {
        "sales": share.sales,
        "units": dict(share.units),
        "off": share.off,
        "cost": side.cost_of(share.units, share.off),
    }


class _Customers:
    """The customers of one programme as it left them, by who they are."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._programme = side.programme
        self._left: dict[str, tuple[MemberFacts, date]] = {}

    def work_out(self, sold: Sold) -> None:
        """Work the sale out, and keep what it leaves."""
        today = self._programme.local_date(sold.at)
        facts = self._facts(sold, today)
        here = sold.basket.store
        draw = draw_from(_DRAWN_WITH, here, "", sold.sale_id)
        found = evaluate(self._programme, facts, sold.basket, sold.at, sold.wanted, draw)
        self._count(facts, today, found)
        if sold.who:
            # Figures are worked out anew before the next sale, from what is held then.
            self._left[sold.who] = (facts.after(found.entries, (), today), today)

    def _facts(self, sold: Sold, today: date) -> MemberFacts:
        if not sold.who:
            return MemberFacts("")
        facts = sold.facts or sold.member.facts(self._programme, today, sold.who)
        known = self._left.get(sold.who)
        held = (
            (*facts.holdings, *_counted_before(facts, today))
            if known is None
            else self._caught_up(known, sold.member.birthday, today)
        )
        counted = figures(self._programme.readings, held, today, facts.since)
        return replace(facts, holdings=held, figures=counted)

    def _caught_up(
        self, known: tuple[MemberFacts, date], birthday: str | None, today: date
    ) -> tuple[Holding, ...]:
        facts, last = known
        for day, due in caught_up(self._programme, facts, birthday, last, today):
            facts = facts.after(due.entries, (), day)
            self._add(due.entries)
        return facts.holdings

    def _count(self, facts: MemberFacts, today: date, found: Evaluation) -> None:
        self._add(found.entries)
        side = self._side
        off = sum(each.amount for each in found.reductions if not each.own)
        side.off += off
        side.rewarded += sum(each.amount for each in found.reductions if each.own)
        for outcome in found.outcomes:
            if outcome.entries or outcome.reductions:
                share = side.rules.setdefault(outcome.rule, Share())
                share.sales += 1
                share.off += sum(each.amount for each in outcome.reductions if not each.own)
                _add_given(share.units, outcome.entries)
        if not facts.anonymous:
            tier = self._programme.present(facts, today).tier or ""
            share = side.tiers.setdefault(tier, Share())
            share.sales += 1
            share.off += off
            _add_given(share.units, found.entries)

    def _add(self, entries: Sequence[Entry]) -> None:
        side = self._side
        _add_given(side.given, entries)
        for entry in entries:
            if entry.kind is EntryKind.REDEEM:
                side.used[entry.unit] -= entry.quantity
            elif entry.kind is EntryKind.EXPIRE:
                side.expired[entry.unit] -= entry.quantity


def _counted_before(facts: MemberFacts, today: date) -> Iterable[Holding]:
    """What was counted of a customer before the first sale, as far as the figures of that sale tell.

    The count in all stands on the day on which something was last counted; counts of shorter windows begin with the
    file.
    """
    there = {each.unit for each in facts.holdings}
    for key, count in facts.figures.items():
        tally, _, window = key.partition("@")
        unit = derived(Derived.COUNT, tally)
        if window == str(EVER) and unit not in there:
            since = facts.figures.get(f"{key}:{Fold.SINCE.value}")
            day = None if since is None else today - timedelta(days=since)
            yield Holding(unit, count, day=day)


def _add_given(units: Counter[str], entries: Iterable[Entry]) -> None:
    for entry in entries:
        if entry.kind is EntryKind.EARN and not is_tally(entry.unit):
            units[entry.unit] += entry.quantity


def compare(
    old: Programme,
    new: Programme,
    sales: Iterable[Sold],
    done: Callable[[], None] = lambda: None,
) -> Comparison:
    """Work the sales out with both, in order of time; `done` is called after each.

    Raises MemberMistake where what a sale says of its member does not go with a programme.
    """
    in_order = sorted(sales, key=lambda sold: (sold.at, sold.sale_id))
    found = Comparison(Side(old), Side(new))
    customers = (_Customers(found.old), _Customers(found.new))
    seen: set[str] = set()
    for sold in in_order:
        for each in customers:
            each.work_out(sold)
        found.sales += 1
        found.with_card += bool(sold.who)
        found.turnover += sold.basket.total
        seen.add(sold.who)
        done()
    found.customers = len(seen - {""})
    if in_order:
        found.first = new.local_date(in_order[0].at)
        found.last = new.local_date(in_order[-1].at)
    return found

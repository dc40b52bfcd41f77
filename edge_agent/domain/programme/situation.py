"""What every mechanism sees, and what it answers: the common shape.

A mechanism is a value with the rules of one kind. It is given the situation and what was worked out before it, and
answers with what is worked out after it. It never looks at a clock, a file or a random number, and never changes what
it is given. `Programme.mechanisms` declares the order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Protocol

from edge_agent.domain.basket import Basket, Line
from edge_agent.domain.draws import Draw
from edge_agent.domain.entries import ALWAYS, Entry, EntryKind, Life
from edge_agent.domain.holdings import Consume, Holding, taking, usable
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.expiry import Expiry, Pending
from edge_agent.domain.programme.lines import NO_LINES, Lines
from edge_agent.domain.programme.texts import Texts
from edge_agent.domain.programme.units import UNDECLARED, UnitTable
from edge_agent.domain.programme.unmet import Unmet
from edge_agent.domain.tallies import Reading
from edge_agent.domain.units import Derived, derived, kind_of


class Redemption(NamedTuple):
    """What the customer chose to use: a reward (so many `times`), with `points` where they choose how many.

    `points` are in the unit's smallest parts, None for as many as are of use; `times` 0 is as often as is of use.
    `id` is the redemption that was reserved for it, "" within a quote that reserved nothing.
    """

    reward: str
    points: int | None = None
    times: int = 1
    id: str = ""

    def to_json(self) -> dict[str, Any]:
        """The redemption as a record holds it."""
        facts: dict[str, Any] = {"reward": self.reward, "id": self.id}
        if self.points is not None:
            facts["points"] = self.points
        return facts if self.times == 1 else facts | {"times": self.times}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Redemption":
        """The inverse of `to_json`."""
        return cls(facts["reward"], facts.get("points"), facts.get("times", 1), facts["id"])


class PresentedVoucher(NamedTuple):
    """A voucher that was presented by its code: whose it is, and the lot it is of. Checked before it gets here."""

    account: str
    holding: Holding

    def to_json(self) -> dict[str, Any]:
        """The voucher as a record holds it."""
        return {"account": self.account, "holding": self.holding.to_json()}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "PresentedVoucher":
        """The inverse of `to_json`."""
        return cls(facts["account"], Holding.from_json(facts["holding"]))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the customer wants to use with this basket; part of the record.

    `codes` are texts of coupons, as scanned. `spendable` is the most that may be used of a unit, in smallest parts,
    where that is less than the holdings say: what somebody else reserved, or central has not confirmed. With `reduces`
    the POS will take off what comes out; without it (a sale without a quote) nothing can be taken off any more.
    """

    redemptions: tuple[Redemption, ...] = ()
    codes: tuple[str, ...] = ()
    vouchers: tuple[PresentedVoucher, ...] = ()
    reduces: bool = True
    spendable: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def to_json(self) -> dict[str, Any]:
        """The wishes as a record holds them; what is empty is left out."""
        facts: dict[str, Any] = {
            "redemptions": [each.to_json() for each in self.redemptions],
            "codes": list(self.codes),
            "vouchers": [each.to_json() for each in self.vouchers],
            "spendable": dict(self.spendable),
        }
        return {name: value for name, value in facts.items() if value} | {"reduces": self.reduces}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Wanted":
        """The inverse of `to_json`."""
        return cls(
            tuple(Redemption.from_json(each) for each in facts.get("redemptions", ())),
            tuple(facts.get("codes", ())),
            tuple(PresentedVoucher.from_json(each) for each in facts.get("vouchers", ())),
            facts["reduces"],
            facts.get("spendable", {}),
        )


NOTHING = Wanted()

UNQUOTED = Wanted(reduces=False)
"""A sale without a quote in which nothing was redeemed: most of them."""

_STANDINGS = (f"{Derived.TIER}/", f"{Derived.MEMBERSHIP}/")


_NOTHING_OFF: Mapping[int, int] = MappingProxyType({})


class Act(NamedTuple):
    """Something that a member did without buying: an action of the programme, so many times at once."""

    action: str
    times: int = 1


class Reduction(NamedTuple):
    """So many minor units off one line by one rule.

    `own` tells the programme's own rewards from price promotions: earning rules may count the one and not the other.
    """

    line: int
    amount: int
    rule: str
    own: bool = False

    def to_json(self) -> dict[str, Any]:
        """The reduction as a record holds it."""
        facts = {"line": self.line, "amount": self.amount, "rule": self.rule}
        return facts | {"own": True} if self.own else facts

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Reduction":
        """The inverse of `to_json`."""
        return cls(facts["line"], facts["amount"], facts["rule"], facts.get("own", False))


class FreeUnits(NamedTuple):
    """So many units of an article that the till adds to the basket for nothing."""

    sku: str
    quantity: int


@dataclass(slots=True)
class Outcome:
    """What one rule came to; `unmet` says why it gave nothing, `note` what else there is to say, as a code.

    `free` is what the till adds to the basket. `asked` is what the customer gave that this answers: a code as it was
    scanned, or the id of a redemption.
    """

    rule: str
    entries: tuple[Entry, ...] = ()
    reductions: tuple[Reduction, ...] = ()
    unmet: Unmet | None = None
    note: str | None = None
    free: tuple[FreeUnits, ...] = ()
    asked: str = ""


@dataclass(slots=True)
class Worked:
    """What was worked out so far: the outcomes in order, and what is off each line. Nobody changes it.

    Everything that takes something off a sale makes another one: a frozen one would take three times as long to make.
    """

    outcomes: tuple[Outcome, ...] = ()
    reduced: Mapping[int, int] = field(default_factory=lambda: _NOTHING_OFF)
    rewarded: Mapping[int, int] = field(default_factory=lambda: _NOTHING_OFF)
    """The part of `reduced` that is the programme's own rewards."""
    _nets: dict[int, tuple[Sequence[Line], list[int], int]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def plus(self, outcomes: Iterable[Outcome]) -> "Worked":
        """These outcomes after the ones before."""
        new = tuple(outcomes)
        if not new:
            return self
        if len(new) == 1:
            reductions: Sequence[Reduction] = new[0].reductions
        else:
            reductions = [part for each in new for part in each.reductions]
        if not reductions:  # what is paid for lines stays the same, and so is known already
            return Worked(self.outcomes + new, self.reduced, self.rewarded, self._nets)
        reduced, rewarded = {**self.reduced}, self.rewarded
        for line, amount, _, own in reductions:
            reduced[line] = reduced.get(line, 0) + amount
            if own:
                rewarded = {**rewarded, line: rewarded.get(line, 0) + amount}
        return Worked(self.outcomes + new, reduced, rewarded, {})

    def with_outcomes(self, outcomes: Iterable[Outcome]) -> "Worked":
        """Other outcomes in place of the ones so far, such as trimmed ones; reductions must be the same."""
        return replace(self, outcomes=tuple(outcomes))

    def entries(self) -> Iterator[Entry]:
        """All entries so far."""
        for outcome in self.outcomes:
            yield from outcome.entries

    def net(self, line: Line) -> int:
        """What is paid for a line after everything that is off it so far, in minor units."""
        return line.amount - self.reduced.get(line.number, 0)

    def payable(self, lines: Sequence[Line]) -> list[int]:
        """What is paid for each of several lines without its levy."""
        reduced = self.reduced
        if not reduced:
            return [line.amount - line.levy for line in lines]
        return [line.amount - line.levy - reduced.get(line.number, 0) for line in lines]

    def held(self, unit: str) -> list[Holding]:
        """This sale's own changes of what the member has of a unit."""
        return [each.holding for each in self.entries() if each.unit == unit and not each.account]

    def nets(self, lines: Sequence[Line]) -> Sequence[int]:
        """The same for several lines. Many rules ask of the same ones, so the answer is kept."""
        return self._known(lines)[1]

    def paid(self, lines: Sequence[Line]) -> int:
        """What is paid for several lines together."""
        return self._known(lines)[2]

    def _known(self, lines: Sequence[Line]) -> tuple[Sequence[Line], list[int], int]:
        """The lines themselves (so that no others can come to have their id), their nets and the sum of these."""
        known = self._nets.get(id(lines))
        if known is None:
            reduced = self.reduced
            nets = [line.amount - reduced.get(line.number, 0) for line in lines]
            known = self._nets[id(lines)] = (lines, nets, sum(nets))
        return known

    def weights(self, lines: Sequence[Line]) -> Sequence[int]:
        """How what is given for several lines together is shared out over them: by what is paid for each."""
        nets = self._known(lines)[1]
        return [max(0, net) for net in nets] if nets and min(nets) < 0 else nets

    def added(self, unit: str) -> int:
        """What this sale has added to the member's own unit so far, and taken from it."""
        return sum(
            entry.quantity for entry in self.entries() if entry.unit == unit and not entry.account
        )


@dataclass(slots=True)
class Situation:
    """One basket of one member at one time, or (with an empty basket) one `act`. `at` is in the programme's time zone.
    Nobody changes it.

    `sold` are all lines and `lines` those that may earn, both in an order that does not depend on how they were
    scanned. `most_off` is what may be taken off those lines (by number) that may not be discounted freely, in minor
    units. With `explains` every rule has to have an outcome that says why it gave nothing; without, such outcomes are
    left out, which is faster. `draw` is None in quotes: what chance decides is only known once the sale is made.
    """

    facts: MemberFacts
    basket: Basket
    at: datetime
    lines: Lines
    units: Mapping[str, UnitTable]
    wanted: Wanted = NOTHING
    draw: Draw | None = None
    explains: bool = False
    sold: Lines = NO_LINES
    most_off: Mapping[int, int] = field(default_factory=lambda: _NOTHING_OFF)
    levels: tuple[str, ...] = ()
    """The tiers of the programme, lowest first."""
    act: Act | None = None
    today: date = field(init=False)
    """The day in the programme's time zone."""
    _lives: dict[str | tuple[str, int, int], tuple[Life, Expiry | None, Pending | None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def knowing(self, outcomes: Sequence[Outcome]) -> "Situation":
        """The situation for what is worked out next: tiers and memberships that these gave are held from now on."""
        units = {entry.unit for outcome in outcomes for entry in outcome.entries}
        standings = {unit for unit in units if unit.startswith(_STANDINGS)}
        if not standings:
            return self
        entries = (entry for outcome in outcomes for entry in outcome.entries)
        given = tuple(entry.holding for entry in entries if entry.unit in standings)
        facts = replace(self.facts, holdings=self.facts.holdings + given)
        return replace(self, facts=facts.placed(self.levels, self.today))

    def __post_init__(self) -> None:
        self.today = self.at.date()

    def figure(self, reading: Reading) -> int:
        """What a reading came to; 0 where nothing was counted."""
        return self.facts.figures.get(reading.key, 0)

    def room(self, line: Line, worked: "Worked") -> int:
        """How much may still be taken off a line, in minor units: not its levy, and nothing that is excluded.

        Whatever takes something off asks here, so that law and house are minded however many rules act together.
        """
        return self.takeable((line,), worked)[1][0]

    def takeable(self, lines: Sequence[Line], worked: "Worked") -> tuple[list[int], list[int]]:
        """What there is to pay for each of several lines without its levy, and how much of that may be taken off."""
        reduced, most_off = worked.reduced, self.most_off
        payable: list[int] = []
        rooms: list[int] = []
        for (
            line
        ) in lines:  # of which there are few, mostly: one loop is faster than a list for each step
            number = line.number
            off = reduced.get(number, 0)
            left = line.amount - line.levy - off
            payable.append(left)
            if number in most_off:
                left = min(left, most_off[number] - off)
            rooms.append(left if left > 0 else 0)
        return payable, rooms

    def life(self, unit: str, expiry: Expiry | None = None, pending: Pending | None = None) -> Life:
        """When what is earned of `unit` today can be used; `expiry` and `pending` are a rule's own, not the unit's."""
        key = unit if expiry is None and pending is None else (unit, id(expiry), id(pending))
        known = self._lives.get(key)
        if known is None:  # every rule of a unit asks for the same
            table = self.units.get(unit, UNDECLARED)
            life = table.life(self.today, self.facts.since, expiry, pending)
            known = self._lives[key] = (life, expiry, pending)
        return known[0]

    def earned(
        self, unit: str, quantity: int, rule: str, line: int | None = None, life: Life = ALWAYS
    ) -> Entry:
        """An entry that gives something to the member of this sale."""
        matures_on, expires_on, day = life
        return Entry(EntryKind.EARN, unit, quantity, rule, line, None, expires_on, matures_on, day)

    def counted(self, tally: str, quantity: int, rule: str, line: int | None = None) -> Entry:
        """An entry that counts something today."""
        return Entry(
            EntryKind.COUNT, derived(Derived.COUNT, tally), quantity, rule, line, day=self.today
        )

    def spendable(self, unit: str) -> int:
        """What the member can use of a unit today, before this sale."""
        there = usable(self.facts.holdings, unit, self.today)
        return min(there, self.wanted.spendable.get(unit, there))

    def held(self, unit: str, worked: Worked) -> list[Holding]:
        """What the member has of a unit, this sale's own part included, usable today or not."""
        before = [each for each in self.facts.holdings if each.unit == unit]
        return before + worked.held(unit)

    def taken(
        self,
        unit: str,
        quantity: int,
        rule: str,
        worked: Worked,
        among: Sequence[Holding] | None = None,
    ) -> list[Entry]:
        """Entries that take `quantity` of a unit from what is usable now, this sale's own part included.

        With `among` they are taken from these holdings of it alone.
        """
        table = self.units.get(unit)
        consume = Consume.SOONEST_EXPIRING if table is None else table.consume
        kind = EntryKind.REDEEM if kind_of(unit) is not Derived.COUNT else EntryKind.COUNT
        return [
            Entry(
                kind,
                unit,
                -part.quantity,
                rule,
                None,
                part.lot,
                part.expires_on,
                part.matures_on,
                part.day,
            )
            for part in taking(
                self.held(unit, worked) if among is None else among,
                unit,
                quantity,
                self.today,
                consume,
            )
        ]


class Mechanism(Protocol):
    """All rules of one kind."""

    name: ClassVar[str]

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """What is worked out after this mechanism; usually `worked.plus(...)`, rules in the file's order."""
        ...

    def reasons(self) -> Mapping[str, Texts]:
        """Why each rule gives or takes something, in words, by the rule's id."""
        ...

    def readings(self) -> Iterable[Reading]:
        """The figures that its rules ask for."""
        ...

    def looks_at(self) -> Iterable[str]:
        """The units of which its rules need the holdings: `points` by id, `tier/` for all of a derived kind."""
        ...

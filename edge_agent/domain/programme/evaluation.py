"""Working out what a basket comes to: a pure function of the programme and the facts in the record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter, itemgetter

from edge_agent.domain.basket import STORE_CHANNEL, Basket, Line
from edge_agent.domain.draws import Draw
from edge_agent.domain.entries import QUANTITY_MAX, Entry
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.exclusions import Excluded
from edge_agent.domain.programme.lapses import Lapses
from edge_agent.domain.programme.lines import NO_LINES, Lines
from edge_agent.domain.programme.memberships import Memberships
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.situation import (
    NOTHING,
    Act,
    FreeUnits,
    Mechanism,
    Outcome,
    Reduction,
    Situation,
    Wanted,
    Worked,
)
from edge_agent.domain.programme.tier_review import TierReview
from edge_agent.domain.programme.tiers import Tiers


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was worked out: the outcomes of the rules, in order, and the lines that were kept out.

    `entries` are what the record holds, `reductions` what is off the lines.
    """

    outcomes: tuple[Outcome, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    entries: tuple[Entry, ...] = ()
    reductions: tuple[Reduction, ...] = ()

    def off(self) -> Mapping[int, int]:
        """What is off each line that something is off, in minor units, by the line's number."""
        off: dict[int, int] = {}
        for line, amount, _, _ in self.reductions:
            off[line] = off.get(line, 0) + amount
        return off

    def notes(self) -> dict[str, str]:
        """What rules had to say for the record, by the rule's id: draws by chance, among others."""
        return {each.rule: each.note for each in self.outcomes if each.note is not None}

    def free_units(self) -> tuple[FreeUnits, ...]:
        """What the till adds to the basket for nothing."""
        return tuple(each for outcome in self.outcomes for each in outcome.free)


NOTHING_WORKED_OUT = Evaluation()


def evaluate(
    programme: Programme,
    facts: MemberFacts,
    basket: Basket,
    at: datetime,
    wanted: Wanted = NOTHING,
    draw: Draw | None = None,
    *,
    reduced: Iterable[Reduction] = (),
    explains: bool = False,
) -> Evaluation:
    """Work out what `basket` comes to for this member at `at` (aware; the day is that of the programme's zone).

    The line amounts are those before anything that this programme takes off. The same arguments give the same answer
    on every machine and on every day. A blocked or erased account gets nothing. `reduced` is off the lines already, by
    this programme, and is no part of the answer. With `explains` rules that gave nothing have an outcome too.
    """
    if not facts.standing.earns:
        return NOTHING_WORKED_OUT
    sold = Lines(_not_as_scanned(basket.lines))
    split = programme.exclusions.split(sold)
    here = at.astimezone(programme.timezone)
    situation = Situation(
        programme.present(facts, here.date()),
        basket,
        here,
        split.earning,
        programme.lots,
        wanted,
        draw,
        explains,
        sold,
        split.most_off,
        programme.levels,
    )
    off = tuple(reduced)
    before = Worked().plus([Outcome("", reductions=off)]).with_outcomes(()) if off else None
    return work_through(programme.mechanisms, situation, split.excluded, before)


def without_sale(
    programme: Programme,
    facts: MemberFacts,
    at: datetime,
    *,
    store: str = "",
    channel: str = STORE_CHANNEL,
    explains: bool = False,
    act: Act | None = None,
) -> Situation:
    """The situation of a member at `at` (aware) who has bought nothing: at a till, in the app, or in central's job."""
    here = at.astimezone(programme.timezone)
    return Situation(
        programme.present(facts, here.date()),
        nothing_bought(programme, store, channel),
        here,
        NO_LINES,
        programme.lots,
        explains=explains,
        levels=programme.levels,
        act=act,
    )


def nothing_bought(programme: Programme, store: str = "", channel: str = STORE_CHANNEL) -> Basket:
    """The basket of whoever buys nothing."""
    return Basket((), 0, programme.file.currency, channel=channel, store=store)


def work_through(
    mechanisms: Iterable[Mechanism],
    situation: Situation,
    excluded: tuple[Excluded, ...] = (),
    before: Worked | None = None,
) -> Evaluation:
    """What these mechanisms come to in this situation, one after the other, with what was worked out before them.

    Raises OverflowError where an entry would move more than `QUANTITY_MAX`, which no ledger takes.
    """
    worked = Worked() if before is None else before
    for mechanism in mechanisms:
        after = mechanism.work(situation, worked)
        if after is not worked:
            if isinstance(mechanism, _CHANGES_STANDING):
                situation = situation.knowing(after.outcomes[len(worked.outcomes) :])
            worked = after
    entries: list[Entry] = []
    reductions: list[Reduction] = []
    for outcome in worked.outcomes:
        entries += outcome.entries
        reductions += outcome.reductions
    moved = set(map(_QUANTITY, entries))  # most move one of a few numbers
    if moved and (max(moved) > QUANTITY_MAX or min(moved) < -QUANTITY_MAX):
        most = max(entries, key=lambda each: abs(each.quantity))
        raise OverflowError(f"{most.rule} moves {most.quantity} of {most.unit}")
    return Evaluation(worked.outcomes, excluded, tuple(entries), tuple(reductions))


_CHANGES_STANDING = (Memberships, Tiers, TierReview, Lapses)
"""What changes the tier or the memberships of somebody, so that others have to know of it."""

_QUANTITY = itemgetter(Entry._fields.index("quantity"))


def _not_as_scanned(lines: Sequence[Line]) -> list[Line]:
    """The lines ordered by what they are, so that who is scanned first never decides who gets an odd point.

    Only lines that are alike in everything stay in the order of their numbers.
    """
    if len(set(map(_ARTICLE, lines))) == len(lines):  # nothing after the article has a say
        return sorted(lines, key=_ARTICLE)
    return sorted(lines, key=_all_of_it)


_ARTICLE = attrgetter("sku")


def _all_of_it(line: Line) -> tuple[object, ...]:
    return (
        line.sku,
        line.amount,
        line.categories,
        line.brand or "",
        line.labels,
        line.kind,
        line.quantity,
        line.discount,
        line.levy,
        line.tax_rate or "",
        line.measure or 0,
        line.margin or "",
        line.number,
    )

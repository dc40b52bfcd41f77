"""Paid memberships: bought as an article at the till, active at once, benefits by rules with `when.memberships`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import ClassVar, NamedTuple, Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.entries import Entry, EntryKind, Life
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.form import Flag, TableModel, Whole
from edge_agent.domain.programme.situation import Outcome, PresentedVoucher, Situation, Worked
from edge_agent.domain.programme.texts import Campaign, LocalText, RuleId, Texts, Words
from edge_agent.domain.tallies import Reading, months_later
from edge_agent.domain.units import Derived, derived

PIECES_MAX = 24
"""Of one membership in one sale: two years by the month. More on a line is a mistake at the till."""

GIFT_DAYS = 365
"""How long a gift can be presented; gift cards in the shops that this is built for last at least as long."""


class TrialTable(TableModel):
    """A first time to try it, once for each member."""

    skus: Words = Field(description="The articles that start it.", examples=[["plus-trial"]])
    days: Whole = Field(gt=0, le=366, description="How many days it runs.", examples=[30])


class MembershipRule(Campaign):
    """A membership that is bought. A purchase while it runs adds to its end; a returned article ends what it bought.

    To one without an end, which only head office gives, nothing can be added: what is bought runs from today beside it.
    """

    id: RuleId = Field(description="How rules name it.", examples=["plus"])
    title: LocalText = Field(description="What the customer is told.", examples=["Plus"])
    skus: Words = Field(description="The articles that buy it.", examples=[["plus-year"]])
    days: Whole | None = Field(
        default=None,
        gt=0,
        le=3_660,
        description="How many days it runs, the first included; either this or months.",
        examples=[30],
    )
    months: Whole | None = Field(
        default=None,
        gt=0,
        le=120,
        description="How many months it runs; either this or days.",
        examples=[12],
    )
    this_sale: Flag = Field(
        default=True,
        description="Whether its benefits hold for the very sale that it is bought in.",
        examples=[False],
    )
    trial: TrialTable | None = Field(
        default=None,
        description="A first time to try it.",
        examples=[{"skus": ["plus-trial"], "days": 30}],
    )
    gift_skus: Words | None = Field(
        default=None,
        description="The articles that buy it for somebody else, who presents the code that the buyer gets.",
        examples=[["plus-gift"]],
    )

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.days is None) == (self.months is None):
            raise ValueError("give either days or months")
        return self

    @property
    def unit(self) -> str:
        """The unit of which a member has 1 while it runs."""
        return derived(Derived.MEMBERSHIP, self.id)

    @property
    def gift(self) -> str:
        """The unit of gifts that wait for somebody to present them."""
        return derived(Derived.VOUCHER, self.id)

    @property
    def tried(self) -> Reading:
        """How often the member tried it."""
        return Reading(f"trial.{self.id}")

    def last_day(self, first: date) -> date:
        """The last day of a period that begins on `first`."""
        end = months_later(first, self.months) if self.months else first
        return end + timedelta(days=(self.days or 0) - 1)


class Running(NamedTuple):
    """A membership that somebody has, up to and including the day `until`; None for one without an end."""

    rule: str
    title: Texts
    until: date | None


@dataclass(frozen=True)
class Memberships:
    """Starts and renews memberships. Worked first of all where they hold for this very sale, else last."""

    rules: tuple[MembershipRule, ...]
    name: ClassVar[str] = "membership"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """One outcome for each membership that is bought, tried, given or presented."""
        skus = {line.sku for line in situation.basket.lines}
        return worked.plus(
            Outcome(rule.id, entries)
            for rule in self.rules
            if (situation.wanted.vouchers or not skus.isdisjoint(self._articles[rule.id]))
            and (entries := tuple(_entries(rule, situation)))
        )

    @cached_property
    def _articles(self) -> Mapping[str, frozenset[str]]:
        return {
            rule.id: rule.skus
            | (rule.trial.skus if rule.trial else frozenset())
            | (rule.gift_skus or frozenset())
            for rule in self.rules
        }

    def running(self, facts: MemberFacts, today: date) -> Iterable[Running]:
        """The memberships that somebody has today, with all that was paid for already."""
        for rule in self.rules:
            if facts.has(Derived.MEMBERSHIP, rule.id, today):
                until = None if _is_endless(rule, facts) else _end(rule, facts, today)
                yield Running(rule.id, rule.title, until)

    def reasons(self) -> Mapping[str, Texts]:
        """The memberships by their titles."""
        return {rule.id: rule.title for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """Who tried it before."""
        return [rule.tried for rule in self.rules if rule.trial is not None]

    def looks_at(self) -> Iterable[str]:
        """The memberships that are held."""
        return [rule.unit for rule in self.rules]


def _entries(rule: MembershipRule, situation: Situation) -> Iterator[Entry]:
    """What the basket's articles and the presented gifts do for one membership; without a card nothing can be held."""
    if situation.facts.anonymous:
        return
    end = _end(rule, situation.facts, situation.today)
    for line in situation.sold:
        if rule.trial is not None and line.sku in rule.trial.skus:
            is_member = end >= situation.today or _is_endless(rule, situation.facts)
            if not is_member and not situation.figure(rule.tried):
                end = situation.today + timedelta(days=rule.trial.days - 1)
                yield _period(rule, situation, None, end, line)
                yield situation.counted(rule.tried.tally, 1, rule.id, line.number)
        elif line.sku in rule.skus:
            for _ in range(_pieces(line)):
                begin, end = _next(rule, situation.today, end)
                yield _period(rule, situation, begin, end, line)
        elif line.sku in (rule.gift_skus or ()):
            last = situation.today + timedelta(days=GIFT_DAYS)
            for _ in range(_pieces(line)):
                yield situation.earned(rule.gift, 1, rule.id, line.number, Life(None, last))
    for voucher in situation.wanted.vouchers:
        if voucher.holding.unit == rule.gift and voucher.holding.usable_on(situation.today):
            yield _presented(rule, situation, voucher)
            begin, end = _next(rule, situation.today, end)
            yield _period(rule, situation, begin, end)


def _end(rule: MembershipRule, facts: MemberFacts, today: date) -> date:
    """The last day that is paid for already; yesterday where nothing is. What has no end is not paid for by the day."""
    paid = [each for each in _last_days(rule, facts) if each is not None]
    return max([*paid, today - timedelta(days=1)])


def _is_endless(rule: MembershipRule, facts: MemberFacts) -> bool:
    return None in _last_days(rule, facts)


def _last_days(rule: MembershipRule, facts: MemberFacts) -> list[date | None]:
    """The last day of each period that somebody has, None for one without an end."""
    return [
        each.expires_on for each in facts.holdings if each.unit == rule.unit and each.quantity > 0
    ]


def _next(rule: MembershipRule, today: date, end: date) -> tuple[date | None, date]:
    """The day on which the next period begins (None for today) and its last day."""
    if end < today:
        return None, rule.last_day(today)
    begin = end + timedelta(days=1)
    return begin, rule.last_day(begin)


def _period(
    rule: MembershipRule,
    situation: Situation,
    begin: date | None,
    last: date,
    line: Line | None = None,
) -> Entry:
    life = Life(begin, last)
    return situation.earned(rule.unit, 1, rule.id, None if line is None else line.number, life)


def _presented(rule: MembershipRule, situation: Situation, voucher: PresentedVoucher) -> Entry:
    """The gift is used up: it is taken from whoever bought it."""
    _, _, expires_on, matures_on, day, lot = voucher.holding
    account = None if voucher.account == situation.facts.account else voucher.account
    return Entry(
        EntryKind.REDEEM, rule.gift, -1, rule.id, None, lot, expires_on, matures_on, day, account
    )


def _pieces(line: Line) -> int:
    return max(min(int(line.quantity), PIECES_MAX), 0)

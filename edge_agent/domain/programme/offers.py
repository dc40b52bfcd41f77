"""Offers: price promotions for everyone, for members, for some of them, or for whoever brings a code.

A declared share of members is held out of an offer, always the same ones on every machine, so that head office can see
what the offer changed: those who are held out buy as if it were not there.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import Line
from edge_agent.domain.coupons import Coupon, coupon_in
from edge_agent.domain.entries import Entry
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.combining import Claim, CombineTable, Kind, Turn
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.discounts import Off
from edge_agent.domain.programme.form import Exact, Flag, Whole
from edge_agent.domain.programme.limits import (
    UseLimits,
    unmet_before,
    unmet_limit,
    use_counted,
)
from edge_agent.domain.programme.matching import RuleIndex
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.taken import Taken, amount_off
from edge_agent.domain.programme.texts import Campaign, LocalText, RuleId, Texts, Words
from edge_agent.domain.programme.unmet import NO_LINE, Obstacle, Unmet
from edge_agent.domain.units import Derived, derived

RANK_MAX = 1_000
"""More steps than anybody tells apart."""

HELD_OUT = "held-out"
"""The note of an offer that would have applied to a member of the control group."""

SHOWN = "shown"
"""The note of an offer with a control group that did apply."""


_NOT_COUNTED: tuple[Entry, ...] = ()


class How(StrEnum):
    """How an offer comes to be applied."""

    AUTOMATIC = "automatic"
    ACTIVATED = "activated"
    CODE = "code"


class OfferRule(Campaign):
    """An offer: what it takes off, for whom, when, how often, and what the cashier may say of it.

    `coupons` are the first digits of coupon numbers (GS1, AI 255 or 981, 982 and 99): a number that says how much it is
    worth takes that off the lines of `when`, unless `off` says otherwise.
    """

    id: RuleId = Field(description="Names the offer.", examples=["cheese"])
    title: LocalText = Field(
        description="What receipt and screen call it.", examples=["20 % korting op kaas"]
    )
    say: LocalText | None = Field(
        default=None,
        description="What the cashier says to the customer.",
        examples=["Deze week 20 % korting op kaas voor u."],
    )
    off: Off | None = Field(
        default=None, description="What it takes off.", examples=[{"percent": 20}]
    )
    when: Conditions = Field(
        default=Conditions(),
        description="For which lines, for whom and when.",
        examples=[{"categories": ["cheese"], "segments": ["families"]}],
    )
    members_only: Flag = Field(
        default=False, description="Whether a card has to be shown.", examples=[True]
    )
    how: How = Field(
        default=How.AUTOMATIC,
        description="By itself, only once the member activated it (or central did for them), or by a code.",
        examples=["activated"],
    )
    codes: Words | None = Field(
        default=None,
        description="Codes that everyone may use; capitals and small letters are the same.",
        examples=[["WELKOM10"]],
    )
    coupons: Words | None = Field(
        default=None,
        description="First digits of the coupon numbers that it takes.",
        examples=[["9813765"]],
    )
    limits: UseLimits = Field(
        default=(),
        description="How often it may be used; all of them apply.",
        examples=[[{"times": 1}]],
    )
    rank: Whole = Field(
        default=0,
        ge=0,
        le=RANK_MAX,
        description="Which offer is mentioned first: the higher one.",
        examples=[10],
    )
    held_out_percent: Exact = Field(
        default=Decimal(0),
        ge=0,
        le=50,
        description="The share of members for whom it is held out, to measure what it changes.",
        examples=[10],
    )
    alone: Flag = Field(
        default=False,
        description="Whether nothing else may be taken off in the same sale.",
        examples=[True],
    )
    own: Flag = Field(
        default=False,
        description="Whether earning rules count it as the programme's own reward and not as a lower price.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _applies_somehow(self) -> Self:
        by_code = self.how is How.CODE
        if by_code != (self.codes is not None or self.coupons is not None):
            raise ValueError('how = "code" and codes or coupons go together')
        if self.off is None and self.coupons is None:
            raise ValueError("say with off what it takes off")
        return self

    @property
    def activate(self) -> bool:
        """Whether the member has to activate it first."""
        return self.how is How.ACTIVATED

    @property
    def for_members(self) -> bool:
        """Whether it needs to be known who buys."""
        return self.members_only or self.activate or self.held_out_percent > 0

    @cached_property
    def asks_more(self) -> bool:
        """Whether there is more to ask than time, member and lines: who it is for, the basket, or its limits."""
        return self.for_members or self.when.asks_of_basket or bool(self.limits)

    def unmet_for(self, facts: MemberFacts, at: datetime) -> Unmet | None:
        """What keeps this member from it at that time, whatever the basket; the control group aside."""
        if facts.anonymous and self.for_members:
            return Unmet(Obstacle.NO_MEMBER)
        if self.activate and not facts.has(Derived.OFFER, self.id, at.date()):
            return Unmet(Obstacle.NOT_ACTIVATED)
        return None

    def holds_out(self, account: str) -> bool:
        """Whether this account is in the control group: by its hash, so that every machine says the same."""
        if not self.held_out_percent or not account:
            return False
        drawn = hashlib.sha256(f"held-out/{self.id}/{account}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") * 100 < int(self.held_out_percent * 2**64)

    @property
    def worth(self) -> int:
        """About how much it is worth, in minor units, to tell which of two offers is the better one to mention."""
        if self.off is None:
            return 0
        return self.off.amount or self.off.up_to or int(self.off.share * 1_000)


@dataclass(slots=True)
class OfferClaim:
    """An offer that may hold for these lines; `coupon` is the one that asks for it.

    With `in_time` there are such lines, and its conditions on time and member are known to hold.
    """

    offer: OfferRule
    turn: Turn
    lines: Sequence[Line]
    coupon: Coupon | None = None
    code: str = ""
    in_time: bool = False

    def outcomes(
        self, situation: Situation, worked: Worked, combine: CombineTable
    ) -> Sequence[Outcome]:
        """What it takes off; why not is only told where somebody asked, by a code or for an explanation."""
        unmet = None
        if not self.in_time or self.offer.asks_more:
            unmet = self._unmet(situation, worked, combine)
        if unmet is None:
            taken = self._taken(situation, worked, combine)
            if not taken.is_nothing:
                return (self._outcome(taken, situation),)
            unmet = Unmet(Obstacle.NOTHING_LEFT)
        asked = situation.explains or self.code
        return (Outcome(self.offer.id, unmet=unmet, asked=self.code),) if asked else ()

    def _unmet(self, situation: Situation, worked: Worked, combine: CombineTable) -> Unmet | None:
        offer = self.offer
        unmet_by = offer.when.unmet_of_basket if self.in_time else offer.when.unmet_by
        return (
            (None if self.lines else NO_LINE)
            or offer.unmet_for(situation.facts, situation.at)
            or unmet_by(situation, combine.minimums(worked), self.lines)
            or unmet_limit(offer.limits, offer.id, situation, worked)
        )

    def _taken(self, situation: Situation, worked: Worked, combine: CombineTable) -> Taken:
        if self.offer.off is not None:
            return self.offer.off.discount.taken(
                self.lines, situation, worked, combine.percentages(worked)
            )
        worth = 0 if self.coupon is None else self.coupon.worth or 0
        return amount_off(worth, self.lines, situation, worked)

    def _outcome(self, taken: Taken, situation: Situation) -> Outcome:
        offer, counted, note = self.offer, _NOT_COUNTED, None
        if offer.asks_more:
            if offer.holds_out(situation.facts.account):
                return Outcome(offer.id, note=HELD_OUT, asked=self.code)
            counted = use_counted(offer.limits, offer.id, situation)
            note = SHOWN if offer.held_out_percent else None
        parts = taken.reductions(offer.id, own=offer.own)
        return Outcome(offer.id, counted, parts, None, note, taken.free, self.code)


@dataclass(frozen=True)
class Offers:
    """All offers, as a source of reductions."""

    rules: tuple[OfferRule, ...]

    def claims(self, situation: Situation) -> Iterable[Claim]:
        """The offers that come by themselves and are about these lines, and those that a code asks for."""
        if not situation.wanted.reduces or not self.rules:
            return ()
        if not situation.explains and not situation.wanted.codes:
            return self._in_time(situation)
        selected = self._index.selected(situation.sold)
        if not situation.explains:
            return (*self._in_time(situation), *self._asked(situation, selected))
        by_themselves = (
            OfferClaim(self.rules[number], turn, selected.get(number, ()))
            for number, turn in self._by_themselves.items()
        )
        return (*by_themselves, *self._asked(situation, selected))

    def _in_time(self, situation: Situation) -> Sequence[OfferClaim]:
        """The offers that come by themselves, now and to this member."""
        found, facts, at = [], situation.facts, situation.at
        rules, by_themselves = self.rules, self._by_themselves
        selected = self._index.open_at(at).selected(situation.sold)
        for number in sorted(selected):
            offer, turn = rules[number], by_themselves.get(number)
            if turn is not None and not offer.when.unmet_of_member(facts, at):
                found.append(OfferClaim(offer, turn, selected[number], in_time=True))
        return found

    def _asked(
        self, situation: Situation, selected: Mapping[int, Sequence[Line]]
    ) -> Iterable[OfferClaim]:
        """The offers that codes ask for, with the lines that they are about."""
        asked: set[tuple[int, str]] = set()
        for place, code in enumerate(situation.wanted.codes, 1):
            coupon = coupon_in(code)
            for number in self.numbers_of_code(code):
                if coupon is None and (number, as_code(code)) in asked:
                    continue
                asked.add((number, as_code(code)))
                offer = self.rules[number]
                turn = Turn.of(offer, Kind.OFFER, number, place)
                yield OfferClaim(offer, turn, selected.get(number, ()), coupon, code)

    def numbers_of_code(self, code: str) -> list[int]:
        """The places in the file of the offers that a code or coupon number asks for; none for an unknown one."""
        found = list(self._by_code.get(as_code(code), ()))
        coupon = coupon_in(code)
        if coupon is not None:
            found += [
                number
                for number, rule in enumerate(self.rules)
                if any(coupon.number.startswith(each) for each in rule.coupons or ())
            ]
        return found

    def looks_at(self) -> Iterable[str]:
        """Activated offers, and what the conditions ask of the member."""
        for rule in self.rules:
            yield from rule.when.looks_at()
            if rule.activate:
                yield derived(Derived.OFFER, rule.id)

    @cached_property
    def _index(self) -> RuleIndex:
        conditions = [rule.when for rule in self.rules]
        return RuleIndex(conditions, conditions)

    @cached_property
    def _by_themselves(self) -> Mapping[int, Turn]:
        """The turns of those that need no code, by their places in the file."""
        return {
            number: Turn.of(rule, Kind.OFFER, number)
            for number, rule in enumerate(self.rules)
            if rule.how is not How.CODE
        }

    @cached_property
    def _by_code(self) -> Mapping[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for number, rule in enumerate(self.rules):
            for code in sorted(rule.codes or ()):
                found[as_code(code)] = (*found.get(as_code(code), ()), number)
        return found


def as_code(text: str) -> str:
    """A code as it is compared: without spaces around it, capitals as small letters."""
    return text.strip().casefold()


class OfferShown(NamedTuple):
    """An offer for the cashier's screen. `active`: applies by itself; else the member may activate it."""

    id: str
    title: Texts
    say: Texts | None
    until: date | None
    active: bool


def offers_for(
    rules: Iterable[OfferRule], facts: MemberFacts, at: datetime, store: str, channel: str
) -> list[OfferShown]:
    """The offers of this member now and here, the one to mention first; `at` is in the programme's time zone.

    Nobody of the control group sees the offer, nor is one shown that is used up or only comes by a code.
    """
    found = []
    for rule in rules:
        if rule.how is How.CODE or rule.holds_out(facts.account):
            continue
        active = rule.unmet_for(facts, at)
        if active is not None and active.obstacle is not Obstacle.NOT_ACTIVATED:
            continue
        unmet = rule.when.unmet_where(store, channel) or rule.when.unmet_for(facts, at)
        if unmet is None:
            unmet = unmet_before(rule.limits, rule.id, facts.figures)
        if unmet is None:
            found.append((rule, active is None))
    found.sort(key=lambda each: (-each[0].rank, -each[0].worth, each[0].id))
    return [
        OfferShown(rule.id, rule.title, rule.say, rule.when.until_date, active)
        for rule, active in found
    ]

"""Vouchers: what was issued to a member, with a life and a code of its own, and takes something off a later sale.

Each lot of the unit `voucher/<id>` is a voucher: of money (a quantity of minor units), or of so many uses of an `off`.
Which till it was issued at does not matter: its code says all that a till needs to know (`domain.voucher_codes`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.money import AMOUNT_MAX_MINOR
from edge_agent.domain.programme.combining import Claim, CombineTable, Kind, Turn
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.discounts import Off
from edge_agent.domain.programme.expiry import Expiry, Pending
from edge_agent.domain.programme.form import Flag, Whole
from edge_agent.domain.programme.issuing import AtPoints, AtStatement, PerSale, WhenBought
from edge_agent.domain.programme.limits import (
    UseLimits,
    unmet_limit,
    use_counted,
)
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.taken import Taken, amount_off
from edge_agent.domain.programme.texts import Campaign, CountedTexts, LocalText, RuleId
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.units import Derived, derived, name_of

USES_MAX = 1_000
"""Uses of one voucher: a year's season ticket for every day has fewer."""


class Rest(StrEnum):
    """What becomes of a voucher of money that a sale does not use up; no change is given for either."""

    LOST = "lost"
    KEPT = "kept"


class VoucherRule(Campaign):
    """A voucher: what it takes off, where and for how long, and how it comes to be issued.

    With `off` it takes that off, `uses` times; without, it is money: `value` minor units, or what its issuing says. It
    can be used from the next sale on, or from when `pending` says. Whatever gives a gift can issue one too.
    """

    id: RuleId = Field(description="Names the voucher.", examples=["birthday"])
    title: LocalText = Field(description="What it is called.", examples=["verjaardagsbon"])
    off: Off | None = Field(
        default=None, description="What one use takes off.", examples=[{"percent": 15}]
    )
    uses: Whole = Field(
        default=1,
        gt=0,
        le=USES_MAX,
        description="How often one with off can be used.",
        examples=[3],
    )
    value: Whole | None = Field(
        default=None,
        gt=0,
        le=AMOUNT_MAX_MINOR,
        description="What one of money is worth, in minor units.",
        examples=[500],
    )
    denominations: frozenset[Whole] = Field(
        default=frozenset(),
        max_length=20,
        description="The values, in minor units, that a voucher of money can have; larger ones are issued as several.",
        examples=[[500, 1000]],
    )
    rest: Rest = Field(
        default=Rest.LOST,
        description="Whether the rest of one of money is lost or kept for the next sale.",
        examples=["kept"],
    )
    when: Conditions = Field(
        default=Conditions(),
        description="For which lines it can be used, and when.",
        examples=[{"minimum_sale": 2500}],
    )
    pending: Pending | None = Field(
        default=None,
        description="How long it waits until it can be used; without, it can from the next sale on.",
        examples=[{"next_month": True}],
    )
    expiry: Expiry | None = Field(
        default=None, description="How long it lasts; for ever without.", examples=[{"months": 3}]
    )
    automatic: Flag = Field(
        default=False,
        description="Whether the next sale uses it by itself; else only when it is shown.",
        examples=[True],
    )
    anyone: Flag = Field(
        default=False,
        description="Whether whoever brings it may use it, and not only the member whose it is.",
        examples=[True],
    )
    limits: UseLimits = Field(
        default=(),
        description="How many may be used; all of them apply.",
        examples=[[{"times": 1, "of": "sale"}]],
    )
    alone: Flag = Field(
        default=False,
        description="Whether nothing else may be taken off in the same sale.",
        examples=[True],
    )
    own: Flag = Field(
        default=True,
        description="Whether earning rules count it as the programme's own reward and not as a lower price.",
        examples=[False],
    )
    per_sale: PerSale | None = Field(
        default=None,
        description="Issued for every sale, by what was spent.",
        examples=[{"percent": 10}],
    )
    at_points: AtPoints | None = Field(
        default=None,
        description="Issued at so many points.",
        examples=[{"points": 200}],
    )
    at_statement: AtStatement | None = Field(
        default=None,
        description="Issued by central in some months, for the points that are there.",
        examples=[{"months": [2, 5, 8, 11], "step": 25, "value": 25}],
    )
    bought: WhenBought | None = Field(
        default=None,
        description="Issued for an article that is bought.",
        examples=[{"lines": {"kinds": ["gift-voucher"]}}],
    )

    @model_validator(mode="after")
    def _money_or_uses(self) -> Self:
        if self.off is not None and (self.value is not None or self.denominations):
            raise ValueError("is either money, by value, or takes off what off says")
        if self.off is None and self.uses != 1:
            raise ValueError("uses goes with off; money is used until nothing is left of it")
        needs_worth = self.at_points is not None or (
            self.per_sale is not None and self.per_sale.percent is None
        )
        if needs_worth and self.off is None and self.value is None:
            raise ValueError("needs a value or an off: nothing else says what one is worth")
        if self.per_sale is not None and self.per_sale.percent is not None and self.off is not None:
            raise ValueError("per_sale.percent makes a voucher of money; leave off out")
        return self

    @property
    def unit(self) -> str:
        """The unit that the ledger holds it as."""
        return derived(Derived.VOUCHER, self.id)

    @property
    def one(self) -> int:
        """What the ledger holds of a whole one: minor units, or uses."""
        return self.uses if self.off is not None else self.value or 1

    @cached_property
    def table(self) -> UnitTable:
        """How its lots live."""
        name = CountedTexts(one=self.title, many=self.title)
        return UnitTable(name=name, expiry=self.expiry, pending=self.pending)

    def used(self, left: int, taken: Taken) -> int:
        """How much of what is `left` of a lot one use takes from it."""
        if self.off is not None:
            return 1
        if self.rest is Rest.KEPT:
            return taken.total
        if self.value is None:
            return left
        # Several of one value that were issued together lie in one lot; a rest is only lost of the last one used.
        return min(left, -(-taken.total // self.value) * self.value)


class VoucherClaim(NamedTuple):
    """A voucher that is shown or comes by itself; `account` is whose it is."""

    voucher: VoucherRule
    turn: Turn
    account: str
    holding: Holding

    def outcomes(
        self, situation: Situation, worked: Worked, combine: CombineTable
    ) -> Sequence[Outcome]:
        """What it takes off, and what that uses of it; why not is not told of one that came by itself."""
        lines = [line for line in situation.sold if self.voucher.when.takes(line)]
        left = self.holding.quantity + sum(
            each.quantity for each in worked.entries() if self._is_of(each, situation)
        )
        unmet = self._unmet(left, situation) or (
            self.voucher.when.unmet_by(situation, combine.minimums(worked), lines)
            or unmet_limit(self.voucher.limits, self.voucher.id, situation, worked)
            or combine.too_many_vouchers(worked)
        )
        if unmet is None:
            off = self.voucher.off
            taken = (
                amount_off(left, lines, situation, worked)
                if off is None
                else off.discount.taken(lines, situation, worked, combine.percentages(worked))
            )
            if not taken.is_nothing:
                return (self._outcome(left, taken, situation),)
            unmet = Unmet(Obstacle.NOTHING_LEFT)
        asked = situation.explains or self.turn.given
        return (Outcome(self.voucher.id, unmet=unmet, asked=self._lot),) if asked else ()

    @property
    def _lot(self) -> str:
        return self.holding.lot or ""

    def _is_of(self, entry: Entry, situation: Situation) -> bool:
        account = entry.account or situation.facts.account
        return (entry.unit, entry.lot, account) == (
            self.holding.unit,
            self.holding.lot,
            self.account,
        )

    def _unmet(self, left: int, situation: Situation) -> Unmet | None:
        if not situation.wanted.reduces:
            return Unmet(Obstacle.NEEDS_QUOTE)
        if self.account != situation.facts.account and not self.voucher.anyone:
            return Unmet(Obstacle.NOT_YOURS)
        return _unmet_life(self.holding, situation.today) or (
            Unmet(Obstacle.NOT_THERE) if left <= 0 else None
        )

    def _outcome(self, left: int, taken: Taken, situation: Situation) -> Outcome:
        voucher, holding = self.voucher, self.holding
        redeemed = Entry(
            EntryKind.REDEEM,
            holding.unit,
            -voucher.used(left, taken),
            voucher.id,
            None,
            holding.lot,
            holding.expires_on,
            holding.matures_on,
            holding.day,
            None if self.account == situation.facts.account else self.account,
        )
        return Outcome(
            voucher.id,
            (redeemed, *use_counted(voucher.limits, voucher.id, situation)),
            taken.reductions(voucher.id, own=voucher.own),
            free=taken.free,
            asked=self._lot,
        )


def _unmet_life(holding: Holding, today: date) -> Unmet | None:
    if holding.matures_on is not None and holding.matures_on > today:
        return Unmet(Obstacle.NOT_YET, holding.matures_on)
    if holding.lapsed_on(today):
        return Unmet(Obstacle.OVER, holding.expires_on)
    return None


@dataclass(frozen=True)
class Vouchers:
    """All vouchers, as a source of reductions."""

    rules: tuple[VoucherRule, ...]

    def claims(self, situation: Situation) -> Iterable[Claim]:
        """Those that are shown, each lot once, and the member's own that come by themselves, soonest expiring first."""
        seen: set[tuple[str, str, str | None]] = set()
        for place, (account, holding) in enumerate(situation.wanted.vouchers, 1):
            number = self._numbers.get(holding.unit)
            key = (account, holding.unit, holding.lot)
            if number is not None and key not in seen:
                seen.add(key)
                known = self._known(situation, account, holding)
                rule = self.rules[number]
                turn = Turn.of(rule, Kind.VOUCHER, number, place)
                yield VoucherClaim(rule, turn, account, known)
        if not self._automatic or not situation.wanted.reduces:
            return
        mine = [each for each in situation.facts.holdings if each.unit in self._automatic]
        for holding in sorted(mine, key=_soonest_first):
            number = self._automatic[holding.unit]
            if (situation.facts.account, holding.unit, holding.lot) not in seen:
                rule = self.rules[number]
                turn = Turn.of(rule, Kind.VOUCHER, number)
                yield VoucherClaim(rule, turn, situation.facts.account, holding)

    def _known(self, situation: Situation, account: str, shown: Holding) -> Holding:
        """What is known to be left of a member's own voucher; of another's, what its code says."""
        if account != situation.facts.account:
            return shown
        same = [
            each
            for each in situation.facts.holdings
            if (each.unit, each.lot) == (shown.unit, shown.lot)
        ]
        return shown._replace(quantity=sum(each.quantity for each in same)) if same else shown

    def looks_at(self) -> Iterable[str]:
        """The vouchers that a member has, and what the conditions ask."""
        for rule in self.rules:
            yield rule.unit
            yield from rule.when.looks_at()

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {rule.unit: number for number, rule in enumerate(self.rules)}

    @cached_property
    def _automatic(self) -> Mapping[str, int]:
        return {rule.unit: number for number, rule in enumerate(self.rules) if rule.automatic}


def _soonest_first(holding: Holding) -> tuple[date, str, str]:
    return (holding.expires_on or date.max, name_of(holding.unit), holding.lot or "")

"""What a redemption is granted, and on whose word; see `authority` for the order."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.progress import units_in_words
from edge_agent.domain.programme.rewards import scale_of
from edge_agent.domain.redeemed import AuthorisedBy, Redeemed
from edge_agent.errors import Refused
from edge_agent.ledger.acts import Lookups
from edge_agent.ledger.reservations import Reservation, Reserved
from edge_agent.till.account import Account
from edge_agent.till.authority import LATE_FOR, ON_CREDIT, RESERVED_FOR, Word, certain_until
from edge_agent.till.limits import AtRisk, Reached, in_points, most_money, reached, room
from edge_agent.till.parts import Parts
from edge_agent.till.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Claim:
    """What a redemption would take of an account, in smallest parts of `unit`: as much as `quantity`, and not less than
    `least`. `money` is what it takes off at most as far as that is known without a basket, in minor units."""

    programme: Programme
    account: Account
    unit: str
    quantity: int
    least: int
    money: int = 0


class Granted(NamedTuple):
    """So much of a claim is granted, and on whose word."""

    authorised_by: AuthorisedBy
    quantity: int


def granted(
    parts: Parts, lookups: Lookups, claim: Claim, word: Word | None, now: datetime
) -> Granted:
    """What is granted of a claim, given what central said of it (None: nothing in time). Raises Refused."""
    if word is not None and word.quantity >= claim.least:
        return Granted(AuthorisedBy.CENTRAL, min(claim.quantity, word.quantity))
    own = OwnWord(parts, lookups, claim.programme, claim.account, now)
    if word is None:
        return own.grants(claim)
    if word.refusal is Refusal.NOT_ENOUGH_AT_CENTRAL:
        # What is set aside for this till already is not in what central has left.
        allowed = own.of_allowance(claim)
        if allowed is not None:
            return allowed
    raise _refused_by_central(parts, claim, word)


def unheld(parts: Parts, lookups: Lookups, claim: Claim, now: datetime) -> int:
    """What this till reserved or redeemed of the claim's unit that central does not know of yet."""
    return _of_account(_at_stake(parts, lookups, now, ON_CREDIT), claim.account, claim.unit)


class OwnWord:
    """What this till grants an account at one moment without central: out of an allowance, or else within the limits.

    What that depends on is read when it is first asked for, and once: many claims can be asked about.
    """

    def __init__(
        self, parts: Parts, lookups: Lookups, programme: Programme, account: Account, now: datetime
    ) -> None:
        self._parts = parts
        self._lookups = lookups
        self._programme = programme
        self._account = account
        self._now = now
        self._allowed_of: dict[str, int] = {}

    def grants(self, claim: Claim) -> Granted:
        """As much of a claim of the account's as can be had. Raises Refused where that is too little."""
        return self.of_allowance(claim) or Granted(AuthorisedBy.LIMIT, self._within_limits(claim))

    def of_allowance(self, claim: Claim) -> Granted | None:
        """As much of a claim as an allowance has; None where that is too little."""
        allowed = self._allowed(claim.unit)
        if allowed < claim.least:
            return None
        return Granted(AuthorisedBy.ALLOWANCE, min(claim.quantity, allowed))

    def why_not(self, unit: str, least: int, money: int) -> str | None:
        """Why not even `least` of a unit is granted, in the words of the refusal; None where it is.

        `money` is that of `Claim`.
        """
        try:
            self.grants(Claim(self._programme, self._account, unit, least, least, money))
        except Refused as refused:
            return refused.detail
        return None

    def most(self, unit: str) -> int:
        """How much of a unit of the programme is granted at once at most, in smallest parts."""
        return max(self._allowed(unit), self._room(unit))

    def _allowed(self, unit: str) -> int:
        """What can still be reserved out of an allowance, so that it is charged before the allowance ends."""
        if unit not in self._allowed_of:
            self._allowed_of[unit] = self._left_of_allowance(unit)
        return self._allowed_of[unit]

    def _left_of_allowance(self, unit: str) -> int:
        found = self._parts.directory.allowance(self._account, unit)
        if found is None or certain_until(self._now + RESERVED_FOR) > found[0].until:
            return 0
        allowance, applied = found
        by = (AuthorisedBy.ALLOWANCE,)
        used = self._lookups.at_stake(applied, self._now - LATE_FOR, by)
        return allowance.quantity - _of_account(used, self._account, unit)

    def _within_limits(self, claim: Claim) -> int:
        """As much of a claim as the limits allow. Raises Refused where that is too little."""
        language = self._parts.settings.language
        if not self._redeems_offline:
            raise Refused(Refusal.ONLY_WITH_CENTRAL.in_words(language))
        of_points = claim.unit in claim.programme.units
        if of_points:
            scale = scale_of(claim.unit, claim.programme.file.unit)
            quantity = max(claim.least, min(claim.quantity, self._room(claim.unit)))
            asked = Fraction(quantity, scale)
        else:
            quantity, asked = claim.quantity, in_points(claim.money, claim.programme)
        stop = self._reached(asked)
        if stop is not None:
            raise Refused(
                stop.in_words(language) if of_points else stop.in_money(language, claim.programme)
            )
        return quantity

    def _room(self, unit: str) -> int:
        """How much of a unit of the programme the limits allow at once at most, in smallest parts."""
        if not self._redeems_offline or self._reached(Fraction(0)) is not None:
            return 0
        whole = room(self._parts.settings.offline, self._at_risk)
        return whole * scale_of(unit, self._programme.file.unit)

    def _reached(self, asked: Fraction) -> Reached | None:
        return reached(self._parts.settings.offline, asked, self._at_risk, self._members_age)

    @property
    def _redeems_offline(self) -> bool:
        return self._account.member is None or self._account.member.redeems_offline

    @cached_property
    def _members_age(self) -> timedelta | None:
        position = self._parts.directory.position()
        return None if position is None else self._parts.clock.age(position.as_of, position.noted)

    @cached_property
    def _at_risk(self) -> AtRisk:
        """Points for which only the limits stand and that central has not posted, and the worth of what was issued."""
        lookups, programme = self._lookups, self._programme
        units = programme.file.unit
        at_stake = [
            *(
                (each.account, Fraction(each.quantity, units[each.unit].scale))
                for each in _at_stake(self._parts, lookups, self._now, (AuthorisedBy.LIMIT,))
                if each.unit in units
            ),
            *(
                (each.account, in_points(_money(lookups, each, programme), programme))
                for each in lookups.issued_at_stake(
                    self._parts.directory.applied(), self._now - LATE_FOR, (AuthorisedBy.LIMIT,)
                )
            ),
        ]
        of_member = (points for account, points in at_stake if account in self._account.refs)
        return AtRisk(
            sum(of_member, Fraction(0)), sum((points for _, points in at_stake), Fraction(0))
        )


def _refused_by_central(parts: Parts, claim: Claim, word: Word) -> Refused:
    language = parts.settings.language
    refusal = word.refusal or Refusal.NOT_ENOUGH_AT_CENTRAL
    if refusal is not Refusal.NOT_ENOUGH_AT_CENTRAL:
        return Refused(refusal.in_words(language))
    table = claim.programme.file.unit.get(claim.unit)
    spendable = str(word.spendable)
    left = spendable if table is None else units_in_words(table, word.spendable, language)
    return Refused(refusal.in_words(language, left=left))


def _money(lookups: Lookups, issued: Reservation, programme: Programme) -> int:
    """What an issued reward takes off, in minor units: what its record says, or the most that is known before."""
    reward = issued.redemption.reward
    rule = next((each for each in programme.file.reward if each.id == reward), None)
    most = 0 if rule is None else most_money(rule) * issued.redemption.times
    if issued.seq is None or (rule is not None and rule.off is None):
        return most
    charged = map(Redeemed.from_json, lookups.body(issued.seq)["redeemed"])
    return sum(
        most if each.value is None else each.value
        for each in charged
        if each.id == issued.redemption.id
    )


def _at_stake(
    parts: Parts, lookups: Lookups, now: datetime, by: Collection[AuthorisedBy]
) -> list[Reserved]:
    return lookups.at_stake(parts.directory.applied(), now - LATE_FOR, by)


def _of_account(reserved: list[Reserved], account: Account, unit: str) -> int:
    return sum(
        each.quantity for each in reserved if each.unit == unit and each.account in account.refs
    )

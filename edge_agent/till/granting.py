"""What a redemption is granted, and on whose word; see `authority` for the order."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
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
from edge_agent.till.limits import AtRisk, in_points, most_money, reached, room
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
    if word is None or word.refusal is Refusal.NOT_ENOUGH_AT_CENTRAL:
        # What is set aside for this till already is not in what central has left.
        allowed = _left_of_allowance(parts, lookups, claim, now)
        if allowed >= claim.least:
            return Granted(AuthorisedBy.ALLOWANCE, min(claim.quantity, allowed))
    if word is not None:
        raise _refused_by_central(parts, claim, word)
    return Granted(AuthorisedBy.LIMIT, _within_limits(parts, lookups, claim, now))


def unheld(parts: Parts, lookups: Lookups, claim: Claim, now: datetime) -> int:
    """What this till reserved or redeemed of the claim's unit that central does not know of yet."""
    return _of_account(_at_stake(parts, lookups, now, ON_CREDIT), claim)


def _refused_by_central(parts: Parts, claim: Claim, word: Word) -> Refused:
    language = parts.settings.language
    refusal = word.refusal or Refusal.NOT_ENOUGH_AT_CENTRAL
    if refusal is not Refusal.NOT_ENOUGH_AT_CENTRAL:
        return Refused(refusal.in_words(language))
    table = claim.programme.file.unit.get(claim.unit)
    spendable = str(word.spendable)
    left = spendable if table is None else units_in_words(table, word.spendable, language)
    return Refused(refusal.in_words(language, left=left))


def _left_of_allowance(parts: Parts, lookups: Lookups, claim: Claim, now: datetime) -> int:
    """What can still be reserved out of an allowance, so that it is charged before the allowance ends."""
    found = parts.directory.allowance(claim.account, claim.unit)
    if found is None or certain_until(now + RESERVED_FOR) > found[0].until:
        return 0
    allowance, applied = found
    used = lookups.at_stake(applied, now - LATE_FOR, (AuthorisedBy.ALLOWANCE,))
    return allowance.quantity - _of_account(used, claim)


def _within_limits(parts: Parts, lookups: Lookups, claim: Claim, now: datetime) -> int:
    """As much of a claim as the limits allow. Raises Refused where that is too little."""
    language = parts.settings.language
    if claim.account.member is not None and not claim.account.member.redeems_offline:
        raise Refused(Refusal.ONLY_WITH_CENTRAL.in_words(language))
    at_risk = _at_risk(parts, lookups, claim, now)
    of_points = claim.unit in claim.programme.units
    if of_points:
        scale = scale_of(claim.unit, claim.programme.file.unit)
        left = room(parts.settings.offline, at_risk) * scale
        quantity = max(claim.least, min(claim.quantity, left))
        asked = Fraction(quantity, scale)
    else:
        quantity, asked = claim.quantity, in_points(claim.money, claim.programme)
    stop = reached(parts.settings.offline, asked, at_risk, _members_age(parts))
    if stop is not None:
        raise Refused(
            stop.in_words(language) if of_points else stop.in_money(language, claim.programme)
        )
    return quantity


def _at_risk(parts: Parts, lookups: Lookups, claim: Claim, now: datetime) -> AtRisk:
    """Points for which only the limits stand and that central has not posted, and the worth of what was issued."""
    units = claim.programme.file.unit
    at_stake = [
        *(
            (each.account, Fraction(each.quantity, units[each.unit].scale))
            for each in _at_stake(parts, lookups, now, (AuthorisedBy.LIMIT,))
            if each.unit in units
        ),
        *(
            (each.account, in_points(_money(lookups, each, claim.programme), claim.programme))
            for each in lookups.issued_at_stake(
                parts.directory.applied(), now - LATE_FOR, (AuthorisedBy.LIMIT,)
            )
        ),
    ]
    of_member = (points for account, points in at_stake if account in claim.account.refs)
    return AtRisk(sum(of_member, Fraction(0)), sum((points for _, points in at_stake), Fraction(0)))


def _money(lookups: Lookups, issued: Reservation, programme: Programme) -> int:
    """What an issued reward takes off, in minor units: what its record says, or the most that is known before."""
    if issued.seq is not None:
        charged = map(Redeemed.from_json, lookups.body(issued.seq)["redeemed"])
        return sum(each.value or 0 for each in charged if each.id == issued.redemption.id)
    rules = (each for each in programme.file.reward if each.id == issued.redemption.reward)
    return sum(most_money(each) for each in rules) * issued.redemption.times


def _at_stake(
    parts: Parts, lookups: Lookups, now: datetime, by: Collection[AuthorisedBy]
) -> list[Reserved]:
    return lookups.at_stake(parts.directory.applied(), now - LATE_FOR, by)


def _of_account(reserved: list[Reserved], claim: Claim) -> int:
    return sum(
        each.quantity
        for each in reserved
        if each.unit == claim.unit and each.account in claim.account.refs
    )


def _members_age(parts: Parts) -> timedelta | None:
    position = parts.directory.position()
    return None if position is None else parts.clock.age(position.as_of, position.noted)

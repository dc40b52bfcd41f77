"""What becomes of a reservation: it is charged with a sale or by itself, or let go."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import uuid_utils

from edge_agent.domain.basket import PresentedCard
from edge_agent.domain.programme.collecting import collect
from edge_agent.domain.programme.evaluation import NOTHING_WORKED_OUT, nothing_bought
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import Outcome, PresentedVoucher, Wanted
from edge_agent.domain.record import RecordKind
from edge_agent.domain.redeemed import Redeemed, charged_of, taken_off_by
from edge_agent.errors import FieldError, Invalid, Refused, UnknownRedemption
from edge_agent.ledger.acts import Act, Lookups
from edge_agent.ledger.reservations import Reservation, ReservationState
from edge_agent.till.authority import LATE_FOR
from edge_agent.till.facts import member_facts
from edge_agent.till.parts import Parts
from edge_agent.till.redeem import refused
from edge_agent.till.refusals import OF_STATE, Refusal
from edge_agent.till.unworked import said_of, worked_or
from edge_agent.till.views import Answer
from edge_agent.till.working_out import WorkedOut, spent


def reserved(
    parts: Parts,
    lookups: Lookups,
    ids: Sequence[str],
    card: PresentedCard | None,
    sale_id: str = "",
) -> tuple[Reservation, ...]:
    """The reservations with these ids, which the holder of `card` made.

    `sale_id` is the sale that uses them, "" for a quote, which does not know it yet and for which they have to be open
    now. A sale is paid: it charges them as long as they are kept for one that comes late. Both go by this till's clock:
    what a POS says of the time must neither end a redemption nor promise one that its sale is then refused.

    Raises Invalid naming every id that this till does not know, that is another member's or comes twice, and Refused
    for one that was used, cancelled or has lapsed.
    """
    if not ids:
        return ()
    account = None if card is None else parts.directory.by_card(card.code, lookups)
    wrong: list[FieldError] = []
    found: list[Reservation] = []
    for index, redemption_id in enumerate(ids):
        reservation = lookups.redemption(redemption_id)
        if reservation is None:
            wrong.append(FieldError(f"redemptions.{index}", "was not reserved at this till"))
        elif redemption_id in ids[:index]:
            wrong.append(FieldError(f"redemptions.{index}", "stands there twice"))
        elif account is None or reservation.account not in account.refs:
            wrong.append(FieldError(f"redemptions.{index}", "is not of the member with this card"))
        elif sale_id and reservation.sale_id not in {None, sale_id}:
            wrong.append(FieldError(f"redemptions.{index}", "was reserved for another sale"))
        else:
            found.append(reservation)
    if wrong:
        raise Invalid("the redemptions are not those of this sale", wrong)
    now = parts.clock.now()
    moment = now - LATE_FOR if sale_id else now
    for reservation in found:
        _check_open(parts, reservation, moment)
    return tuple(found)


def wanted_of(
    reservations: Sequence[Reservation],
    codes: tuple[str, ...] = (),
    vouchers: tuple[PresentedVoucher, ...] = (),
    *,
    reduces: bool,
) -> Wanted:
    """What the rules are asked for: these redemptions, of each unit no more than was reserved for them."""
    spendable: dict[str, int] = {}
    for each in reservations:
        spendable[each.unit] = spendable.get(each.unit, 0) + each.quantity
    redemptions = tuple(each.redemption for each in reservations)
    return Wanted(redemptions, codes, vouchers, reduces, spendable)


def _check_open(parts: Parts, reservation: Reservation, moment: datetime) -> None:
    """Raises Refused unless the reservation was open at that moment, and nothing became of it since."""
    refusal = OF_STATE.get(reservation.state_at(moment))
    if refusal is not None:
        said = refusal.in_words(parts.settings.language, redemption=reservation.redemption.id)
        raise Refused(said)


def charged(worked: WorkedOut, *, failed: bool = False) -> list[str]:
    """The ids of the redemptions that the rules charged; any other stays reserved until its time is over.

    Where the rules `failed`, all of them: what they gave is paid and gone, so nothing may be had for them again.
    """
    if failed:
        return [each.id for each in worked.recorded.wanted.redemptions]
    worked_off = {each.asked for each in worked.evaluation.outcomes if each.unmet is None}
    return [each.id for each in worked.recorded.wanted.redemptions if each.id in worked_off]


def redeemed(lookups: Lookups, worked: WorkedOut, *, failed: bool = False) -> list[Redeemed]:
    """What the redemptions that are charged come to, each with who stands for it; part of the record.

    Where the rules `failed`, what was reserved stands for what is charged.
    """
    found = []
    for redemption_id in charged(worked, failed=failed):
        reservation = lookups.redemption(redemption_id)
        if reservation is not None:
            outcomes = [
                each
                for each in worked.evaluation.outcomes
                if each.asked == redemption_id and each.unmet is None
            ]
            found.append(_redeemed(reservation, outcomes, worked.recorded.wanted))
    return found


def _redeemed(reservation: Reservation, outcomes: Sequence[Outcome], wanted: Wanted) -> Redeemed:
    # Without a quote the POS took off what the reservation said.
    value = json.loads(reservation.result)["discount"]
    if outcomes and wanted.reduces:
        value = taken_off_by(outcomes)
    return Redeemed(
        reservation.redemption.id,
        reservation.redemption.reward,
        reservation.authorised_by,
        reservation.unit,
        charged_of(outcomes, reservation.unit) if outcomes else reservation.quantity,
        value,
    )


def commit(parts: Parts, redemption_id: str) -> Answer:
    """Charge a redemption without a sale, once; again it gets the same answer.

    Where the rules fail on it, by a mistake of ours, what was reserved is charged.
    Raises UnknownRedemption, Refused (lapsed, cancelled, needs a basket, only with its sale), DiskFull or
    LedgerUnavailable; then nothing was recorded.
    """
    return worked_or(
        lambda: _commit(parts, redemption_id),
        lambda failure: _commit(parts, redemption_id, failure),
    )


def _commit(parts: Parts, redemption_id: str, failed: str | None = None) -> Answer:
    with parts.ledger.act() as act:
        reservation = _known(act, redemption_id)
        if reservation.state is ReservationState.COMMITTED and reservation.seq is not None:
            return Answer(_committed_json(parts, act, reservation), first=False)
        now = parts.clock.now()
        _check_open(parts, reservation, now)
        if reservation.needs_quote or reservation.sale_id is not None:
            raise Refused(Refusal.GOES_WITH_SALE.in_words(parts.settings.language))
        seq = _record(parts, act, reservation, now, failed)
        parts.quotes.outdate(reservation.account)
        settled = replace(reservation, state=ReservationState.COMMITTED, seq=seq)
        result = _committed_json(parts, act, settled)
    return Answer(result, first=True)


def _record(
    parts: Parts,
    act: Act,
    reservation: Reservation,
    now: datetime,
    failed: str | None,
) -> int:
    programme = parts.shelf.by_digest(reservation.programme) or parts.shelf.at(now)
    at, clock = parts.clock.reading_for(now)
    store, channel = parts.settings.store, reservation.channel
    account = parts.directory.by_ref(reservation.account)
    wanted = wanted_of([reservation], reduces=False)
    if failed is None:
        facts = member_facts(programme, account, act, at)
        evaluation = collect(programme, facts, wanted, at, store=store, channel=channel)
    else:
        facts, evaluation = account.facts, NOTHING_WORKED_OUT
    unmet = next((each.unmet for each in evaluation.outcomes if each.unmet is not None), None)
    if unmet is not None:
        raise refused(parts, programme, unmet)
    basket = nothing_bought(programme, store, channel)
    recorded = Recorded(programme.digest, facts, basket, wanted, evaluation.entries)
    came_to = _redeemed(reservation, evaluation.outcomes, wanted)
    record = act.append(
        RecordKind.REDEMPTION,
        str(uuid_utils.uuid7().hex),
        at,
        clock,
        {
            "redemption": {
                "redemption_id": reservation.redemption.id,
                "authorised_by": reservation.authorised_by.value,
            },
            "redeemed": [came_to.to_json()],
            **recorded.to_json(),
            **({} if failed is None else {"not_worked_out": failed}),
        },
        {},
        evaluation.entries,
    )
    act.charge(came_to, record.seq)
    return record.seq


def _committed_json(parts: Parts, lookups: Lookups, reservation: Reservation) -> dict[str, Any]:
    body = lookups.body(reservation.seq or 0)
    recorded = Recorded.from_body(body)
    programme = parts.shelf.by_digest(recorded.programme) or parts.shelf.at(parts.clock.now())
    failed = body.get("not_worked_out")
    return {
        **json.loads(reservation.result),
        "state": ReservationState.COMMITTED.value,
        "record": body["id"],
        "seq": body["seq"],
        "spent": {} if failed else spent(recorded.entries, programme),
        **said_of(parts, failed),
    }


def cancel(parts: Parts, redemption_id: str) -> dict[str, Any]:
    """Let go of what was reserved; cancelled twice is cancelled.

    Raises UnknownRedemption, or Refused once committed.
    """
    with parts.ledger.act() as act:
        reservation = _known(act, redemption_id)
        if reservation.state is ReservationState.COMMITTED:
            raise Refused(Refusal.NOT_CANCELLED.in_words(parts.settings.language))
        act.cancel(redemption_id)
    # Whoever stands for it: central may have set something aside and its answer come too late.
    parts.authority.let_go(redemption_id)
    return {**json.loads(reservation.result), "state": ReservationState.CANCELLED.value}


def _known(lookups: Lookups, redemption_id: str) -> Reservation:
    reservation = lookups.redemption(redemption_id)
    if reservation is None:
        raise UnknownRedemption(f"this till reserved no redemption {redemption_id}")
    return reservation

"""What head office does to what a member has: corrects it, gives a tier, moves points, releases what waits.

Each has an id of the caller's, so that it may be sent twice. What follows from it by the rules, such as the tier that
corrected points lead to, follows at once.
"""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt
from sqlalchemy import Connection, func, select

from edge_agent.domain.cards import holds_payment_card
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.moving import released, transferred
from edge_agent.domain.programme.upkeep import follow, tier_granted
from edge_agent.domain.record import RecordKind
from edge_agent.domain.units import Derived, derived
from sync.central.database import Database
from sync.central.facts import facts_on
from sync.central.ledger import (
    OVERDRAFT,
    LedgerEntry,
    append,
    balance,
    holdings,
    lots_in,
    placed,
    taking,
    touch,
)
from sync.central.members import Members
from sync.central.plain import Line
from sync.central.problems import Problem, not_found
from sync.central.programmes import Programmes
from sync.central.tables import UNIT_CHARACTERS_MAX, entries, records
from sync.central.times import Clock, stored
from sync.central.words import apart
from sync.wire import RecordState

ADJUSTMENT = "adjustment:"
"""How the source of an entry begins whose `rule` is the reason that somebody typed."""

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
_Unit = Annotated[Line, Field(min_length=1, max_length=UNIT_CHARACTERS_MAX)]
_QUANTITY_MAX = 10**12
"""Far above anything that a member has, and far below 64 bits, so that sums stay exact."""


class _ByHand(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Adjustment(_ByHand):
    """A correction, in smallest parts of a unit."""

    adjustment_id: _Id
    unit: _Unit = "points"
    quantity: Annotated[StrictInt, Field(ge=-_QUANTITY_MAX, le=_QUANTITY_MAX)]
    reason: Annotated[Line, Field(min_length=1, max_length=128)]


class TierGrant(_ByHand):
    """A tier that is given, for as long as if it had been reached today."""

    grant_id: _Id
    tier: Annotated[Line, Field(min_length=1, max_length=64)]


class Transfer(_ByHand):
    """So much from one member to another, in smallest parts of a unit."""

    transfer_id: _Id
    to: Annotated[Line, Field(min_length=1, max_length=64)]
    unit: _Unit = "points"
    quantity: Annotated[StrictInt, Field(gt=0, le=_QUANTITY_MAX)]


class Release(_ByHand):
    """An event, by its name in the programme, since which what a sale gave can be used."""

    event: Annotated[Line, Field(min_length=1, max_length=40)]


class ByHand:
    """Changes what members have. `member` is a member_id or a member_ref."""

    def __init__(
        self, database: Database, members: Members, programmes: Programmes, clock: Clock
    ) -> None:
        self._database = database
        self._members = members
        self._programmes = programmes
        self._clock = clock

    def adjust(self, member: str, adjustment: Adjustment) -> dict[str, Any]:
        """Give or take; the same adjustment_id again has no further effect."""
        source = f"{ADJUSTMENT}{adjustment.adjustment_id}"
        _refuse_card(adjustment)
        with self._database.write() as connection:
            (row,) = self._members.hold(connection, member)
            before = _written(connection, row.ref, source)
            if not before:
                self._adjust(connection, row, adjustment, source)
            elif before != {adjustment.unit: adjustment.quantity}:
                raise _differs("adjustment")
            shown = {"adjustment_id": adjustment.adjustment_id, "is_new": not before}
            return shown | self._balance(connection, row)

    def _adjust(
        self, connection: Connection, row: Any, adjustment: Adjustment, source: str
    ) -> None:
        known = self._facts(connection, row)
        today = self._clock().date() if known is None else known[2]
        changes = _adjusting(connection, row.ref, adjustment, source, today)
        append(connection, source, stored(self._clock()), changes)
        touch(connection, [row.ref])
        if known is not None:
            programme, facts, day = known
            matures_on, expires_on, of_day = changes[0].life
            given = Entry(
                EntryKind.ADJUST,
                adjustment.unit,
                adjustment.quantity,
                adjustment.reason,
                expires_on=expires_on,
                matures_on=matures_on,
                day=of_day,
            )
            more = follow(programme, facts, [given], self._clock()).entries
            self._write(connection, row.ref, f"follow:{source}", more, day)

    def grant_tier(self, member: str, grant: TierGrant) -> dict[str, Any]:
        """Put a member into a tier, once; raises a problem for one that the programme does not have."""
        source = f"grant:{grant.grant_id}"
        _refuse_card(grant)
        with self._database.write() as connection:
            (row,) = self._members.hold(connection, member)
            programme, facts, day = self._known(connection, row)
            try:
                given = tier_granted(programme, facts, grant.tier, day)
            except ValueError as error:
                errors = [{"path": "tier", "message": str(error)}]
                raise Problem(422, "invalid", "There is no such tier.", errors=errors) from error
            before = _written(connection, row.ref, source)
            if not before:
                self._write(connection, row.ref, source, given, day)
            elif derived(Derived.TIER, grant.tier) not in before:
                raise _differs("grant")
            return {"grant_id": grant.grant_id, "is_new": not before} | self._balance(
                connection, row
            )

    def transfer(self, member: str, transfer: Transfer) -> dict[str, Any]:
        """Move something from one member to another, once, as the unit allows; 409 `refused` says why not."""
        source = f"transfer:{transfer.transfer_id}"
        _refuse_card(transfer)
        with self._database.write() as connection:
            row, to = self._members.hold(connection, member, transfer.to)
            if row.ref == to.ref:
                raise Problem(409, "refused", "Both share this account already.")
            before = _written(connection, row.ref, source)
            got = _written(connection, to.ref, source)
            unit, quantity = transfer.unit, transfer.quantity
            if before and (before, got) != ({unit: -quantity}, {unit: quantity}):
                raise _differs("transfer")
            if not before:
                programme, giver, day = self._known(connection, row)
                _, receiver, _ = self._known(connection, to)
                outcome = transferred(programme, giver, receiver, unit, quantity, day)
                if outcome.unmet is not None:
                    why = outcome.unmet.in_words("en", programme.file.currency)
                    raise Problem(409, "refused", f"This cannot be given: {why}.")
                self._write(connection, row.ref, source, outcome.entries, day)
            shown = {"transfer_id": transfer.transfer_id, "is_new": not before}
            return shown | self._balance(connection, row)

    def release(self, record: str, release: Release) -> dict[str, Any]:
        """Let what a sale gave be used from today on, as far as it waits for this event."""
        source = f"release:{release.event}:{record}"
        with self._database.write() as connection:
            found = connection.execute(
                select(records).where(
                    records.c.record_id == record,
                    records.c.kind.in_([RecordKind.SALE.value, RecordKind.ATTACH.value]),
                    records.c.state == RecordState.ACCEPTED.value,
                    records.c.account.is_not(None),
                )
            ).one_or_none()
            if found is None:
                raise not_found("sale of a member")
            (row,) = self._members.hold(connection, found.account)
            programme, facts, day = self._known(connection, row)
            body = json.loads(found.body)
            made = [Entry.from_json(each) for each in body["entries"]]
            earned = [each for each in made if each.kind is EntryKind.EARN]
            earned_on = programme.local_date(datetime.fromisoformat(body["at"]))
            moved = released(programme, facts, release.event, earned, earned_on, day)
            is_new = bool(moved) and not _written(connection, row.ref, source)
            if is_new:
                self._write(connection, row.ref, source, moved, day)
            return {"record": record, "is_new": is_new} | self._balance(connection, row)

    def _facts(
        self, connection: Connection, row: Any
    ) -> tuple[Programme, MemberFacts, date] | None:
        programme = self._programmes.current(connection)
        if programme is None:
            return None
        day = programme.local_date(self._clock())
        held = holdings(connection, [row.ref]).get(row.ref, [])
        return programme, facts_on(row, held, programme, day), day

    def _known(self, connection: Connection, row: Any) -> tuple[Programme, MemberFacts, date]:
        known = self._facts(connection, row)
        if known is None:
            raise Problem(409, "no-programme", "Publish a programme first.")
        return known

    def _write(
        self,
        connection: Connection,
        account: str,
        source: str,
        given: Iterable[Entry],
        day: date,
    ) -> None:
        new = [each for entry in given for each in placed(connection, account, source, entry, day)]
        append(connection, source, stored(self._clock()), new)
        touch(connection, {each.account for each in new})

    def _balance(self, connection: Connection, row: Any) -> dict[str, Any]:
        return {"balance": apart(balance(connection, row.ref))[0]}


def _refuse_card(change: BaseModel) -> None:
    """No field of what is asked may hold a payment card: ids and reasons are kept, and a tier is named in a refusal."""
    if holds_payment_card(change.model_dump_json()):
        raise Problem(422, "payment-card", "A field holds what looks like a payment card.")


def _written(connection: Connection, account: str, source: str) -> dict[str, int]:
    """What was written for an account with this source before, summed by unit; nothing where it is new."""
    query = select(entries.c.unit, func.sum(entries.c.quantity)).where(
        entries.c.source == source, entries.c.account == account
    )
    return {
        unit: int(quantity) for unit, quantity in connection.execute(query.group_by(entries.c.unit))
    }


def _differs(what: str) -> Problem:
    """The same id came with other content; what was done first stands."""
    return Problem(409, f"{what}-differs", f"This {what}_id was used for something else.")


def _adjusting(
    connection: Connection, account: str, adjustment: Adjustment, source: str, today: date
) -> list[LedgerEntry]:
    """Points given are a lot of their own; points taken come from the lots that expire first."""
    unit, quantity, reason = adjustment.unit, adjustment.quantity, adjustment.reason
    if quantity >= 0:
        return [LedgerEntry(account, EntryKind.ADJUST, unit, quantity, source, rule=reason)]
    return [
        LedgerEntry(
            account,
            EntryKind.ADJUST,
            unit,
            -each.quantity,
            source if each.lot == OVERDRAFT else each.lot,
            each.life,
            reason,
        )
        for each in taking(lots_in(connection, account, unit), None, -quantity, today)
    ]

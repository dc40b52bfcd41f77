"""Lists and sums for administrators."""

from collections import Counter
from typing import Any

from pydantic_core import from_json
from sqlalchemy import ColumnElement, Connection, func, select

from edge_agent.domain.cards import masked
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.units import is_tally
from sync.central.database import ACCOUNTS, Database, read_counter
from sync.central.ledger import OVERDRAFT, entries_of
from sync.central.plain import ROW_MAX
from sync.central.problems import Problem, not_found
from sync.central.tables import (
    accounts,
    attachments,
    cards,
    checkpoints,
    closings,
    differences,
    entries,
    lots,
    records,
    refusals,
)
from sync.central.words import Words, apart
from sync.wire import RecordState

ROWS_MAX = 500
"""Rows of one list; `after` asks for more."""

REFUSED = (RecordState.REJECTED.value, RecordState.PARKED.value)
ID_CHARACTERS = 32

RECEIVED = "received"
"""How a record without a state is called in lists."""


class Reports:
    """Reads what is there; changes nothing."""

    def __init__(self, database: Database, words: Words) -> None:
        self._database = database
        self._words = words

    def accounts(self) -> int:
        """How many accounts there are."""
        with self._database.read() as connection:
            return read_counter(connection, ACCOUNTS)

    def totals(self) -> dict[str, Any]:
        """Entries per unit and kind, what lots hold (tallies apart), names of units, records per terminal and state."""
        with self._database.read() as connection:
            by_kind = connection.execute(
                select(
                    entries.c.unit,
                    entries.c.kind,
                    func.count().label("entries"),
                    func.sum(entries.c.quantity).label("quantity"),
                )
                .group_by(entries.c.unit, entries.c.kind)
                .order_by(entries.c.unit, entries.c.kind)
            ).all()
            held = connection.execute(
                select(lots.c.unit, func.sum(lots.c.quantity))
                .group_by(lots.c.unit)
                .order_by(lots.c.unit)
            ).all()
            balances, tallies = apart({unit: int(quantity) for unit, quantity in held})
            return {
                "accounts": read_counter(connection, ACCOUNTS),
                "entries": [
                    {
                        "unit": row.unit,
                        "kind": row.kind,
                        "entries": row.entries,
                        "quantity": int(row.quantity),
                    }
                    for row in by_kind
                ],
                "balances": balances,
                "tallies": tallies,
                "units": self._words.units(connection, {row.unit for row in by_kind}),
                "records": _by_state(connection),
            }

    def records(
        self,
        terminal: str | None = None,
        states: tuple[str, ...] = (),
        after: int = 0,
        newest_first: bool = False,
        *,
        open_only: bool = False,
    ) -> list[dict[str, Any]]:
        """Records as received; `row` of the last one is `after` of the next page.

        With `open_only` without those that an operator has decided about.
        """
        unknown = set(states) - {RECEIVED, *RecordState}
        if unknown:
            raise Problem(422, "invalid", "There is no such state.", errors=[_STATE_ERROR])
        query = select(records).where(records.c.row > after).limit(ROWS_MAX)
        if terminal is not None:
            query = query.where(records.c.terminal == terminal)
        if states == (RECEIVED,):
            query = query.where(records.c.state.is_(None))
        elif states:
            query = query.where(records.c.state.in_(states))
        if open_only:
            query = query.where(records.c.row.not_in(select(closings.c.record)))
        order = records.c.row.desc() if newest_first else records.c.row
        with self._database.read() as connection:
            return [_record(row) for row in connection.execute(query.order_by(order))]

    def record(self, record: str) -> dict[str, Any]:
        """One record by its id (or row), looked into: what it says, what it moved, what was decided about it.

        Of its personal facts only whether they are there. A body that is no JSON is shown as text.
        """
        query = (
            select(records, attachments.c.record.is_not(None).label("has_attachment"))
            .select_from(records.outerjoin(attachments, attachments.c.record == records.c.row))
            .where(by_name(record))
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                raise not_found("record")
            closed = connection.execute(
                select(closings).where(closings.c.record == row.row)
            ).one_or_none()
            moved = [] if row.record_id is None else list(entries_of(connection, row.record_id))
        return _record(row) | {
            "hash": row.hash.hex(),
            "account": row.account,
            "awaiting": row.awaiting,
            "goes_by": row.duplicate_of,
            "has_attachment": row.has_attachment,
            "body": shown(row.body),
            "entries": [
                {
                    "account": each.account,
                    "kind": each.kind,
                    "unit": each.unit,
                    "quantity": each.quantity,
                    "rule": each.rule,
                    "line": each.line,
                }
                for each in moved
                if each.source == row.record_id
            ],
            "decided": None
            if closed is None
            else {
                "how": closed.how,
                "was": {"state": closed.was_state, "code": closed.was_code},
                "reason": closed.reason,
                "at": closed.at,
            },
        }

    def refused(self) -> dict[str, Any]:
        """What has no effect: rejected and parked records, and what intake did not take."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(refusals).order_by(refusals.c.last_at.desc()).limit(ROWS_MAX)
            ).all()
        return {
            "records": self.records(states=REFUSED, newest_first=True, open_only=True),
            "not_taken": [
                {
                    "terminal": row.terminal,
                    "epoch": row.epoch,
                    "seq": row.seq,
                    "id": row.record_id,
                    "reason": row.reason,
                    "times": row.times,
                    "first_at": row.first_at,
                    "last_at": row.last_at,
                }
                for row in rows
            ],
        }

    def differences(self) -> list[dict[str, Any]]:
        """Facts that tills gave by and that central knew otherwise; the newest first."""
        query = select(differences).order_by(differences.c.at.desc()).limit(ROWS_MAX)
        with self._database.read() as connection:
            return [
                {
                    "record": row.record_id,
                    "terminal": row.terminal,
                    "account": row.account,
                    "fact": row.fact,
                    "till": row.till,
                    "central": row.central,
                    "at": row.at,
                }
                for row in connection.execute(query)
            ]

    def overdrafts(self) -> list[dict[str, Any]]:
        """What was used beyond what there was, as two tills without a line can, and whether the member may redeem
        without central by now; the newest first."""
        query = (
            select(
                entries.c.account,
                entries.c.unit,
                entries.c.quantity,
                entries.c.rule,
                entries.c.source,
                entries.c.at,
                records.c.terminal,
                accounts.c.redeems_offline,
                accounts.c.member_id,
            )
            .select_from(
                entries.outerjoin(records, records.c.record_id == entries.c.source).join(
                    accounts, accounts.c.ref == entries.c.account
                )
            )
            .where(entries.c.lot == OVERDRAFT, entries.c.kind == EntryKind.REDEEM.value)
            .order_by(entries.c.row.desc())
            .limit(ROWS_MAX)
        )
        with self._database.read() as connection:
            return [
                {
                    "account": row.account,
                    "unit": row.unit,
                    "quantity": row.quantity,
                    "rule": row.rule,
                    "record": row.source,
                    "terminal": row.terminal,
                    "at": row.at,
                    "id": row.member_id or row.account,
                    "redeems_offline": row.redeems_offline,
                }
                for row in connection.execute(query)
            ]

    def balances(self, after: str = "") -> list[dict[str, Any]]:
        """Every account with a balance, by ref; the last one's ref is `after` of the next page."""
        with self._database.read() as connection:
            refs = list(
                connection.scalars(
                    select(accounts.c.ref)
                    .where(accounts.c.joined_into.is_(None), accounts.c.ref > after)
                    .order_by(accounts.c.ref)
                    .limit(ROWS_MAX)
                )
            )
            found = {
                row.ref: {
                    "id": row.member_id or row.ref,
                    "ref": row.ref,
                    "provisional": row.provisional,
                    "card": None,
                    "balance": {},
                }
                for row in connection.execute(select(accounts).where(accounts.c.ref.in_(refs)))
            }
            for account, code in connection.execute(
                select(cards.c.account, cards.c.code).where(cards.c.account.in_(refs))
            ):
                found[account]["card"] = masked(code)
            for account, unit, quantity in connection.execute(
                select(lots.c.account, lots.c.unit, func.sum(lots.c.quantity))
                .where(lots.c.account.in_(refs))
                .group_by(lots.c.account, lots.c.unit)
            ):
                if not is_tally(unit):
                    found[account]["balance"][unit] = int(quantity)
        return [found[ref] for ref in refs]


def _by_state(connection: Connection) -> list[dict[str, Any]]:
    """How many records each terminal sent, by state; what was folded since was accepted."""
    here = connection.execute(
        select(records.c.terminal, records.c.state, func.count().label("records")).group_by(
            records.c.terminal, records.c.state
        )
    )
    found = Counter({(row.terminal, row.state or RECEIVED): row.records for row in here})
    for row in connection.execute(select(checkpoints.c.terminal, checkpoints.c.folded)):
        found[row.terminal, RecordState.ACCEPTED.value] += row.folded
    return [
        {"terminal": terminal, "state": state, "records": found[terminal, state]}
        for terminal, state in sorted(found)
    ]


_STATE_ERROR = {"path": "state", "message": f"must be one of {', '.join((RECEIVED, *RecordState))}"}


def by_name(record: str) -> ColumnElement[bool]:
    """The record with that id, or in that row: a number has fewer digits than an id."""
    is_number = record.isascii() and record.isdigit() and len(record) < ID_CHARACTERS
    if is_number and int(record) <= ROW_MAX:
        return records.c.row == int(record)
    return records.c.record_id == record


def shown(body: bytes) -> Any:
    """What a record or an attachment says; as text where it is no JSON."""
    try:
        return from_json(body)
    except ValueError:
        return body.decode(errors="replace")


def _record(row: Any) -> dict[str, Any]:
    return {
        "row": row.row,
        "terminal": row.terminal,
        "epoch": row.epoch,
        "seq": row.seq,
        "id": row.claimed_id,
        "kind": row.kind,
        "state": row.state or RECEIVED,
        "code": row.code,
        "received_at": row.received_at,
        "posted_at": row.posted_at,
    }

"""Whether what central keeps is whole and adds up: journals, checkpoints, and what accounts have.

It is what `journal verify` is at a till, for all of them. Everything is read, nothing is changed, and every part is
looked at in one snapshot, so that it may run while records come in.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, exists, func, literal, select, union_all

from edge_agent.domain.record import Attachment, chain_hash
from edge_agent.domain.units import Derived, derived
from sync.central.checkpoints import Checkpoints
from sync.central.database import Database
from sync.central.ledger import NO_LOT
from sync.central.sold import as_posted
from sync.central.tables import NO_DAY, acts, attachments, chains, entries, givebacks, lots, records
from sync.wire import RecordState

RECORDS_AT_ONCE = 500
"""Of which the entries are looked up together."""


class Fault(NamedTuple):
    """What is wrong with a journal (terminal and epoch) or with an account."""

    fault: str
    journal: str = ""
    account: str = ""


class Verifier:
    """Looks for what is missing, was changed or does not add up."""

    def __init__(self, database: Database, checkpoints: Checkpoints) -> None:
        self._database = database
        self._checkpoints = checkpoints

    def faults(self) -> list[Fault]:
        """What is wrong; nothing where all is whole."""
        found: list[Fault] = []
        for terminal, epoch in self._checkpoints.journals():
            with self._database.read() as connection:
                faults = (
                    *self._checkpoints.faults(connection, terminal, epoch),
                    *_of_records(connection, terminal, epoch),
                )
            found += [Fault(each, journal=f"{terminal}/{epoch}") for each in faults]
        with self._database.read() as connection:
            found += [Fault(each, account=account) for account, each in _of_accounts(connection)]
        return found


def _of_records(connection: Connection, terminal: str, epoch: str) -> Iterator[str]:
    """What is wrong with the records of a journal that are here, as far as they are: others were folded."""
    query = _RECORDS.where(records.c.terminal == terminal, records.c.epoch == epoch)
    before: Any = None
    while page := connection.execute(
        query.where(records.c.seq > (before.seq if before else 0)).limit(RECORDS_AT_ONCE)
    ).all():
        moved = _moved(connection, page)
        for row in page:
            for fault in _of_record(row, before, moved):
                yield f"record {row.seq}: {fault}"
            before = row
    ends = connection.execute(
        select(chains.c.received, chains.c.head).where(
            chains.c.terminal == terminal, chains.c.epoch == epoch
        )
    ).one_or_none()
    if before and ends and ends.received == before.seq and ends.head != before.hash:
        yield f"record {before.seq}: it is not the one that the journal ends with"


def _of_record(row: Any, before: Any, moved: Mapping[str, Counter[str]]) -> Iterator[str]:
    if chain_hash(row.previous, row.body) != row.hash:
        yield "its content, its hash or its predecessor was changed"
        return
    if before is not None and before.seq == row.seq - 1 and before.hash != row.previous:
        yield f"it does not follow record {before.seq}"
    try:
        yield from _of_content(row, moved.get(row.record_id, Counter()))
    except (ValueError, LookupError, TypeError, AttributeError):
        yield "its content is not what a record has"


def _of_content(row: Any, moved: Counter[str]) -> Iterator[str]:
    """What was accepted moved what it says, by unit. Of anything else that has entries `_OF_NOTHING` tells."""
    if row.state != RecordState.ACCEPTED.value:
        return
    body = as_posted(json.loads(row.body), row.worked_out)
    made_with = body.get("commitment")
    if row.salt is not None and Attachment(row.salt, row.content).commitment != made_with:
        yield "its attachment is not the one that it was made with"
    said: Counter[str] = Counter()
    for entry in body["entries"]:
        if entry.get("account", row.account) is not None:
            said[entry["unit"]] += entry["quantity"]
    units = sorted(unit for unit in {*said, *moved} if said[unit] != moved[unit])
    if units:
        yield f"it moved other than it says: {', '.join(units)}"


def _moved(connection: Connection, page: Sequence[Any]) -> Mapping[str, Counter[str]]:
    """What each of these records moved, by unit."""
    moved: dict[str, Counter[str]] = {}
    ids = [row.record_id for row in page if row.record_id is not None]
    for source, unit, quantity in connection.execute(_MOVED.where(entries.c.source.in_(ids))):
        moved.setdefault(source, Counter())[unit] = int(quantity)
    return moved


def _of_accounts(connection: Connection) -> Iterator[tuple[str, str]]:
    """Accounts that have other than their entries come to, and entries of records that were never accepted."""
    for account, unit, entered, held in connection.execute(_UNLIKE):
        yield account, f"it has {int(held)} {unit}, and its entries come to {int(entered)}"
    for account, source in connection.execute(_OF_NOTHING):
        yield account, f"it has entries of {source}, which is no record that was accepted"


_RECORDS = (
    select(
        *(records.c[name] for name in ("seq", "record_id", "state", "account")),
        *(records.c[name] for name in ("previous", "hash", "body")),
        attachments.c.salt,
        attachments.c.content,
        givebacks.c.worked_out,
    )
    .outerjoin(attachments, attachments.c.record == records.c.row)
    .outerjoin(givebacks, givebacks.c.record_id == records.c.record_id)
    .order_by(records.c.seq)
)

_MOVED = select(entries.c.source, entries.c.unit, func.sum(entries.c.quantity)).group_by(
    entries.c.source, entries.c.unit
)


def _by_lot(table: Any, *sums: Any) -> Any:
    """Rows by the key of a lot; of a tally the days may have become one (`upkeep`)."""
    is_tally = table.c.unit.startswith(derived(Derived.COUNT, ""), autoescape=True)
    return select(
        table.c.account,
        table.c.unit,
        case((is_tally, literal(NO_LOT)), else_=table.c.lot).label("lot"),
        table.c.expires_on,
        table.c.matures_on,
        case((is_tally, literal(NO_DAY)), else_=table.c.day).label("day"),
        *sums,
    )


_BOTH = union_all(
    _by_lot(entries, entries.c.quantity.label("entered"), literal(0).label("held")),
    _by_lot(lots, literal(0).label("entered"), lots.c.quantity.label("held")),
).subquery()
_ENTERED, _HELD = func.sum(_BOTH.c.entered), func.sum(_BOTH.c.held)
_UNLIKE = (
    select(_BOTH.c.account, _BOTH.c.unit, _ENTERED, _HELD)
    .group_by(
        *(_BOTH.c[name] for name in ("account", "unit", "lot", "expires_on", "matures_on", "day"))
    )
    .having(_ENTERED != _HELD)
    .order_by(_BOTH.c.account, _BOTH.c.unit)
)

_OF_NOTHING = (
    select(entries.c.account, entries.c.source)
    .where(
        func.length(entries.c.source) == 32,
        ~exists().where(acts.c.record_id == entries.c.source),
    )
    .distinct()
    .order_by(entries.c.account, entries.c.source)
)

"""The posted sale that a return, a void or an attached card belongs to, and what came back of it before.

A till that made the sale names its record. One that did not know it (sold elsewhere, or before its disk was put back)
names the POS's id of the sale, which is unique per till: with the terminal where the receipt's text says it, else with
what the POS told of the sale. Central takes the one sale that fits; where several do, an operator says which.

A sale whose record was folded is known by the POS's id, which is kept for good, and by its entries. What was bought is
not known any more. See docs/decisions/checkpoints.md.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, TypeAdapter
from sqlalchemy import bindparam, exists, insert, select

from edge_agent.domain.programme.giving_back import GivenBack
from edge_agent.domain.record import RecordKind, canonical
from sync.central.batch import Batch, Received
from sync.central.bodies import Act, ReturnNames, Told, awaited_sale, parked, rejected
from sync.central.database import in_parts
from sync.central.tables import acts, givebacks, records
from sync.central.working_again import Original
from sync.wire import RecordState

CLOCKS_APART_MAX = timedelta(days=1)
"""How far the times of one sale may lie apart that two clocks say: a till believes its POS up to as much."""

CANDIDATES_MAX = 20
"""Sales of one id that are looked into; where a POS numbers each till from 1, so many fit that nobody can tell."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A posted sale, or the card that was attached to one.

    `sources` are the records that moved what it moved: its own, and before it that of a card attached later.
    `effective` is the body of the record that has the effect, `body` that of the record that was named: another one
    where a till that lost its journal recorded the sale again. Both are None where the record was folded.
    """

    sources: tuple[str, ...]
    kind: str
    account: str | None
    effective: Mapping[str, Any] | None = None
    body: Mapping[str, Any] | None = None

    def as_recorded(self, batch: Batch) -> Original | None:
        """What the till worked with: the sale as it recorded it, and the card that it attached. None where one of them
        was folded."""
        return _original(batch, self.body)

    def as_posted(self, batch: Batch) -> Original | None:
        """The same by the records that have the effect."""
        return _original(batch, self.effective)


def _original(batch: Batch, body: Mapping[str, Any] | None) -> Original | None:
    if body is None or body["kind"] != RecordKind.ATTACH:
        return None if body is None else Original(body)
    # Nothing is attached to a sale that was not here; what the card gave may keep it from being folded with that.
    sale = batch.connection.execute(_BY_RECORD, {"id": body["attach"]["original"]}).one_or_none()
    return None if sale is None else Original(json.loads(sale.body), body)


def sale_of(batch: Batch, terminal: str, act: Act) -> Sale:
    """The posted sale in the record that an act of `terminal` names; raises `Unpostable` when it is not there."""
    if act.original is None:
        raise parked("awaiting-original")
    batch.flush()
    named, found = _recorded(batch, act.original)
    folded = _folded(batch, terminal, act, named) if _is_gone(found) else None
    return _sale(act.original, named, found) if folded is None else folded


def _recorded(batch: Batch, record: str) -> tuple[Any | None, Any | None]:
    """The record of this id, and the one that has its effect."""
    named = found = batch.connection.execute(_BY_RECORD, {"id": record}).one_or_none()
    if found is not None and found.duplicate_of is not None:
        found = batch.connection.execute(_BY_RECORD, {"id": found.duplicate_of}).one_or_none()
    return named, found


def _is_gone(found: Any | None) -> bool:
    """Whether the record with the effect was folded, if there was one: what has its id by now is a repeat of it."""
    return found is None or found.state == RecordState.DUPLICATE


def _folded(batch: Batch, terminal: str, act: Act, named: Any | None) -> Sale | None:
    """The sale of this terminal that an act means, by the ids of the POS; None where none had an effect.

    Whose it was the act says: the ledger gives nothing back to anybody else.
    """
    rows = batch.connection.execute(
        select(acts.c.kind, acts.c.record_id).where(
            acts.c.terminal == terminal,
            acts.c.kind.in_([RecordKind.SALE.value, RecordKind.ATTACH.value]),
            acts.c.act_id == act.said[act.kind.value]["sale_id"],
        )
    )
    done = {row.kind: row.record_id for row in rows}
    kinds = {record: kind for kind, record in done.items()}
    kind = kinds.get(act.original or "") if named is None else named.kind
    if kind is None or kind not in done:
        return None
    sources = [done[kind]]
    if kind == RecordKind.ATTACH:
        sources.append(done[RecordKind.SALE])
    account = None if act.account is None else batch.account_of(act.account)
    return Sale(tuple(sources), kind, account)


def _sale(record: str, named: Any | None, found: Any | None) -> Sale:
    if found is None or named is None or found.state in {None, RecordState.PARKED}:
        raise parked("awaiting-original", record)
    if found.state == RecordState.REJECTED:
        raise parked("original-rejected", record)
    if found.kind not in {RecordKind.SALE, RecordKind.ATTACH}:
        raise rejected("malformed")
    effective = json.loads(found.body)
    body = effective if named is found else json.loads(named.body)
    sources = [found.record_id]
    if found.kind == RecordKind.ATTACH:
        sources.append(str(effective["attach"]["original"]))
    return Sale(tuple(sources), found.kind, found.account, effective, body)


_BY_RECORD = select(
    records.c.record_id,
    records.c.state,
    records.c.kind,
    records.c.account,
    records.c.duplicate_of,
    records.c.body,
).where(records.c.record_id == bindparam("id"))


def find_sale(
    batch: Batch, terminal: str, at: datetime, named: ReturnNames
) -> tuple[Sale, Original, str]:
    """The one posted sale that a return of `terminal`, made `at`, names by its id, what it was, and whose.

    Raises `Unpostable`: parked while there is none, or more than one that fits, or it was folded.
    """
    batch.flush()
    awaited = awaited_sale(named.sale_id)
    found = _candidates(batch, terminal, at, named)
    if not found:
        raise parked("original-folded" if _was_sold(batch, named) else "awaiting-original", awaited)
    if len(found) > 1:
        raise parked("ambiguous-original", awaited)
    (sold,) = found
    attached = batch.connection.scalar(
        select(acts.c.record_id).where(
            acts.c.terminal == sold.terminal,
            acts.c.kind == RecordKind.ATTACH.value,
            acts.c.act_id == named.sale_id,
        )
    )
    record = str(attached or sold.record_id)
    named_in, posted = _recorded(batch, record)
    sale = None if _is_gone(posted) else _sale(record, named_in, posted)
    original = None if sale is None else sale.as_posted(batch)
    if sale is None or original is None:
        raise parked("original-folded", awaited)
    return sale, original, sold.terminal


def _was_sold(batch: Batch, named: ReturnNames) -> bool:
    """Whether there was a sale of this id, where the receipt says, that is not here any more."""
    gone = select(acts.c.record_id).where(
        acts.c.kind == RecordKind.SALE.value,
        acts.c.act_id == named.sale_id,
        ~exists().where(records.c.record_id == acts.c.record_id),
    )
    if named.sold_at is not None:
        gone = gone.where(acts.c.terminal == named.sold_at)
    return batch.connection.execute(gone.limit(1)).first() is not None


def _candidates(batch: Batch, terminal: str, at: datetime, named: ReturnNames) -> list[Any]:
    """The sales that a return may mean: that of the till on the receipt, else one of its own till, else of any."""
    if named.sold_at is not None:
        return _sold(batch, named, named.sold_at)
    if own := [each for each in _sold(batch, named, terminal) if _fits(each, at, named)]:
        return own
    anywhere = _sold(batch, named)
    if len(anywhere) > CANDIDATES_MAX:
        return anywhere
    return [each for each in anywhere if _fits(each, at, named)]


def _sold(batch: Batch, named: ReturnNames, terminal: str | None = None) -> list[Any]:
    query = _SOLD if terminal is None else _SOLD.where(acts.c.terminal == terminal)
    return list(batch.connection.execute(query, {"id": named.sale_id}))


_SOLD = (
    select(acts.c.terminal, acts.c.record_id, records.c.body)
    .join(records, records.c.record_id == acts.c.record_id)
    .where(acts.c.kind == RecordKind.SALE.value, acts.c.act_id == bindparam("id"))
    .order_by(acts.c.terminal)
    .limit(CANDIDATES_MAX + 1)
)


def _fits(sold: Any, at: datetime, named: ReturnNames) -> bool:
    """Whether a sale is not later than its return, has its lines, and is what the POS told of it."""
    body = json.loads(sold.body)
    skus = _skus(body.get("basket"))
    sold_on = _TIME.validate_python(body["at"])
    return (
        sold_on - at <= CLOCKS_APART_MAX
        and all(line.get("line") in skus for line in named.lines)
        and (named.told is None or _is_told(named.told, sold_on, skus))
    )


_TIME = TypeAdapter(AwareDatetime)


def _skus(basket: Any) -> dict[Any, Any]:
    """What the lines are of, by number; nobody has looked into the basket of a sale without a programme."""
    lines = basket.get("lines") if isinstance(basket, dict) else None
    found = (
        [each for each in lines or () if isinstance(each, dict)] if isinstance(lines, list) else []
    )
    return {each["line"]: each.get("sku") for each in found if isinstance(each.get("line"), int)}


def _is_told(told: Told, sold_on: datetime, skus: Mapping[Any, Any]) -> bool:
    return abs(sold_on - told.at) <= CLOCKS_APART_MAX and all(
        skus.get(line.line) == line.sku for line in told.lines if line.sku is not None
    )


def came_back(batch: Batch, sale: Sale) -> list[Mapping[str, Any]]:
    """The bodies of what came back of a sale before, as posted and in that order."""
    batch.flush()
    query = (
        select(records.c.body, givebacks.c.worked_out)
        .join(records, records.c.record_id == givebacks.c.record_id)
        .where(givebacks.c.sale == sale.sources[-1])
        .order_by(records.c.posted_at, records.c.row)
    )
    return [
        as_posted(json.loads(row.body), row.worked_out) for row in batch.connection.execute(query)
    ]


def as_posted(body: Mapping[str, Any], worked_out: str | None) -> Mapping[str, Any]:
    """A return's body, with what central came to in the place of what its till could not say."""
    if worked_out is None:
        return body
    came = json.loads(worked_out)
    said = {**body["return"], "settled": came["settled"]}
    return {**body, "return": said, "entries": came["entries"]}


def note_giveback(
    batch: Batch, received: Received, sale: Sale, given: GivenBack | None = None
) -> None:
    """Keep that a posted return or void takes back a sale; with `given`, what central came to."""
    worked_out = None
    if given is not None:
        came = {"entries": given.entries, "settled": given.settled}
        worked_out = canonical({name: [each.to_json() for each in of] for name, of in came.items()})
    batch.connection.execute(
        insert(givebacks),
        {
            "record_id": received.record_id,
            "sale": sale.sources[-1],
            "worked_out": None if worked_out is None else worked_out.decode(),
        },
    )


def bodies_of(batch: Batch, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """The bodies of these records, in this order; raises `Unpostable` when one is not there."""
    query = select(records.c.record_id, records.c.body)
    found = {
        row.record_id: row.body
        for part in in_parts(ids)
        for row in batch.connection.execute(query.where(records.c.record_id.in_(part)))
    }
    missing = [each for each in ids if each not in found]
    if missing:
        raise parked("awaiting-original", missing[0])
    return [json.loads(found[each]) for each in ids]

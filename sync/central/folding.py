"""Folding: records that had their effect long ago become one checkpoint for their journal. What they moved stays.

Only the records go, with their attachments; the ledger is not touched, nor are the ids of acts, so that whatever comes
again still counts once. What is still open stays as it came. A checkpoint moves along in the transaction that takes the
records away, so that a kill in between changes nothing. See docs/decisions/checkpoints.md.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, time
from functools import partial
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, union_all, update

from edge_agent.domain.record import GENESIS
from edge_agent.domain.tallies import months_later
from sync.central.checkpoints import checkpoint_of, digest_over
from sync.central.database import Database, upsert
from sync.central.epochs import hold_journal
from sync.central.ledger import OVERDRAFT
from sync.central.tables import (
    accounts,
    acts,
    answers,
    attachments,
    cases,
    chains,
    checkpoints,
    entries,
    givebacks,
    records,
)
from sync.central.terminals import OWN_TERMINAL
from sync.central.times import Clock, stored
from sync.signing import checkpoint_statement
from sync.wire import Checkpoint, RecordState

BATCH = 500
"""Records per commit; who pushes to this journal waits meanwhile, and everybody on SQLite."""


class Folding:
    """Folds what is older than so many months; `sign` makes central's signature."""

    def __init__(
        self, database: Database, clock: Clock, months: int, sign: Callable[[bytes], bytes]
    ) -> None:
        self._database = database
        self._clock = clock
        self._months = months
        self._sign = sign
        self._done: datetime | None = None

    def keep_up(self) -> int:
        """Fold what came of age since this did it last, once for each day; how many records that were."""
        before = self.due()
        if before == self._done:
            return 0
        folded = self.run(before)
        self._done = before
        return folded

    def due(self) -> datetime:
        """What got its state before that day began (UTC) is old enough."""
        day = months_later(self._clock().astimezone(UTC).date(), -self._months)
        return datetime.combine(day, time(), UTC)

    def run(self, before: datetime) -> int:
        """Fold what was received, and got its state, before that time; how many records that were."""
        return sum(self._fold_journals(stored(before)))

    def _fold_journals(self, before: str) -> Iterator[int]:
        for terminal, epoch in self._journals(before):
            after: int | None = 0
            while after is not None:
                batch = partial(_fold, self._sign, stored(self._clock()), before, terminal, epoch)
                folded, after = self._database.transaction(partial(batch, after))
                yield folded

    def _journals(self, before: str) -> list[tuple[str, str]]:
        # Central's own journal has repairs: few, and what they repair is found by them.
        old = (
            select(chains.c.terminal, chains.c.epoch)
            .where(chains.c.first_at < before, chains.c.terminal != OWN_TERMINAL)
            .order_by(chains.c.first_at, chains.c.epoch)
        )
        with self._database.read() as connection:
            return [(row.terminal, row.epoch) for row in connection.execute(old)]


def _fold(
    sign: Callable[[bytes], bytes],
    at: str,
    before: str,
    terminal: str,
    epoch: str,
    after: int,
    connection: Connection,
) -> tuple[int, int | None]:
    """Fold some records of a journal after number `after`: how many, and after which to go on, if there may be more."""
    hold_journal(connection, terminal, epoch)
    page = connection.execute(_PAGE, {"terminal": terminal, "epoch": epoch, "after": after}).all()
    old = list(takewhile(lambda row: row.received_at < before, page))
    settled = [row for row in old if row.state == RecordState.ACCEPTED and row.posted_at < before]
    ids = {row.record_id for row in settled}
    ids -= _open(connection, ids, at[: len("YYYY-MM-DD")])
    ids -= _of_kept_sales(connection, ids)
    folded = [row for row in settled if row.record_id in ids]
    if folded:
        _keep(connection, sign, terminal, epoch, folded, at)
        rows = [row.row for row in folded]
        connection.execute(delete(attachments).where(attachments.c.record.in_(rows)))
        connection.execute(delete(records).where(records.c.row.in_(rows)))
    return len(folded), old[-1].seq if len(old) == BATCH else None


def _keep(
    connection: Connection,
    sign: Callable[[bytes], bytes],
    terminal: str,
    epoch: str,
    folded: Sequence[Any],
    at: str,
) -> None:
    """Move the journal's checkpoint along over these records, in order."""
    known = checkpoint_of(connection, terminal, epoch)
    position, head, count, digest = (
        (0, "", 0, GENESIS)
        if known is None
        else (known.position, known.head, known.count, bytes.fromhex(known.digest))
    )
    digest = digest_over(connection, digest, _numbered(connection, epoch, folded, count))
    if folded[-1].seq > position:
        position, head = folded[-1].seq, folded[-1].hash.hex()
    made = Checkpoint(
        position=position, head=head, count=count + len(folded), digest=digest.hex(), at=at
    )
    values = {
        "position": made.position,
        "head": bytes.fromhex(made.head),
        "folded": made.count,
        "digest": digest,
        "at": made.at,
        "signature": sign(checkpoint_statement(terminal, epoch, made)),
    }
    statement = upsert(connection, checkpoints).values(terminal=terminal, epoch=epoch, **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["terminal", "epoch"], set_=values)
    )


def _numbered(connection: Connection, epoch: str, folded: Sequence[Any], after: int) -> list[Any]:
    """The acts of these records in their order, which are now the next ones after so many in the checkpoint."""
    numbers = {row.record_id: number for number, row in enumerate(folded, after + 1)}
    new = [{"of": record, "number": number} for record, number in numbers.items()]
    connection.execute(_NUMBER.values(epoch=epoch), new)
    return list(
        connection.execute(
            select(acts).where(acts.c.record_id.in_(numbers)).order_by(acts.c.folded)
        )
    )


_NUMBER = update(acts).where(acts.c.record_id == bindparam("of")).values(folded=bindparam("number"))


def _open(connection: Connection, ids: Collection[str], today: str) -> set[str]:
    """Which of these records somebody still has to do something about, or still waits for something."""
    if not ids:
        return set()
    overdrew = (
        select(entries.c.source)
        .join(accounts, accounts.c.ref == entries.c.account)
        .join(_holder, _holder.c.ref == func.coalesce(accounts.c.joined_into, accounts.c.ref))
        .where(
            entries.c.source.in_(ids),
            entries.c.lot == OVERDRAFT,
            _holder.c.redeems_offline.is_(False),
        )
    )
    matures = select(entries.c.source).where(
        entries.c.source.in_(ids), entries.c.matures_on > today
    )
    cased = (
        select(answers.c.record_id)
        .join(cases, cases.c.answer == answers.c.record_id)
        .where(answers.c.record_id.in_(ids), cases.c.closed_at.is_(None))
    )
    return set(connection.scalars(union_all(overdrew, matures, cased)))


def _of_kept_sales(connection: Connection, ids: Collection[str]) -> set[str]:
    """Which of these take back a sale that stays: what comes back of it next is worked out after them."""
    if not ids:
        return set()
    kept = (
        select(givebacks.c.record_id)
        .join(records, records.c.record_id == givebacks.c.sale)
        .where(givebacks.c.record_id.in_(ids), givebacks.c.sale.not_in(ids))
    )
    return set(connection.scalars(kept))


_holder = accounts.alias("holder")

_PAGE = (
    select(
        records.c.row,
        records.c.seq,
        records.c.record_id,
        records.c.hash,
        records.c.state,
        records.c.account,
        records.c.received_at,
        records.c.posted_at,
    )
    .where(
        records.c.terminal == bindparam("terminal"),
        records.c.epoch == bindparam("epoch"),
        records.c.seq > bindparam("after"),
    )
    .order_by(records.c.seq)
    .limit(BATCH)
)

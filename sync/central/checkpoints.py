"""Checkpoints: what the oldest records of each journal became. Listed, and checked against what is still here.

They are kept for good. How they are made stands in `folding`, why in docs/decisions/checkpoints.md.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from edge_agent.domain.record import GENESIS, canonical, chain_hash
from sync.central.database import Database
from sync.central.risk import risk_source
from sync.central.tables import acts, chains, checkpoints, entries, records
from sync.signing import checkpoint_statement, is_signed_by
from sync.wire import SignedCheckpoint

ROWS_MAX = 500
"""Checkpoints of one list (`after` asks for more), and folded records whose entries are looked up at once."""


def checkpoint_of(connection: Connection, terminal: str, epoch: str) -> SignedCheckpoint | None:
    """What became of the oldest records of a journal; None where all are here."""
    row = connection.execute(
        select(checkpoints).where(checkpoints.c.terminal == terminal, checkpoints.c.epoch == epoch)
    ).one_or_none()
    return None if row is None else _signed(row)


def _signed(row: Any) -> SignedCheckpoint:
    return SignedCheckpoint(
        position=row.position,
        head=row.head.hex(),
        count=row.folded,
        digest=row.digest.hex(),
        at=row.at,
        signature=row.signature.hex(),
    )


class Checkpoints:
    """Reads what is there; changes nothing."""

    def __init__(self, database: Database, public_key: bytes) -> None:
        self._database = database
        self._public_key = public_key

    def page(self, after: str = "") -> list[dict[str, Any]]:
        """The checkpoints by terminal and epoch; the last one's `journal` is `after` of the next page."""
        with self._database.read() as connection:
            return [
                {"journal": _name(row), "terminal": row.terminal, "epoch": row.epoch}
                | _signed(row).model_dump()
                for row in _page(connection, after)
            ]

    def journals(self) -> list[tuple[str, str]]:
        """Terminal and epoch of every journal that there is, or whose checkpoint is there."""
        with self._database.read() as connection:
            return [(row.terminal, row.epoch) for row in connection.execute(_JOURNALS)]

    def faults(self, connection: Connection, terminal: str, epoch: str) -> Iterator[str]:
        """What is wrong with a journal's checkpoint; and what it is missing, with or without one."""
        made = checkpoint_of(connection, terminal, epoch)
        chain = connection.execute(
            select(chains).where(chains.c.terminal == terminal, chains.c.epoch == epoch)
        ).one_or_none()
        if chain is None:
            yield "it has a checkpoint, and nobody knows of such a journal"
        else:
            if made is not None and _head_at(connection, chain, made.position) != made.head:
                yield f"the chain does not go on from record {made.position}"
            folded = 0 if made is None else made.count
            missing = chain.received - chain.begins_after - folded - _kept(connection, chain)
            if missing:
                yield (
                    f"of the records up to {chain.received} {missing} are neither folded nor here"
                )
        count, digest = _over(connection, terminal, epoch)
        if made is None:
            if count:
                yield f"{count} of its records were folded, and it has no checkpoint"
            return
        signature = bytes.fromhex(made.signature)
        statement = checkpoint_statement(terminal, epoch, made)
        if not is_signed_by(self._public_key, signature, statement):
            yield "it is not signed with central's key"
        if (count, digest.hex()) != (made.count, made.digest):
            yield (
                f"what its {made.count} folded records moved, or the ids of their acts, are not"
                " what they were"
            )


def digest_over(connection: Connection, digest: bytes, folded: Sequence[Any]) -> bytes:
    """The digest of a checkpoint moved along over these rows of `acts`: it is of what stays of each record.

    That is the id of its act, the digest of what the act said, and every entry that it made.
    """
    sources = [source for each in folded for source in _sources(each.record_id)]
    moved: dict[str, list[dict[str, Any]]] = {source: [] for source in sources}
    for row in connection.execute(_MOVED.where(entries.c.source.in_(sources))):
        moved[row.source].append(dict(row._mapping))
    for each in folded:
        made = [entry for source in _sources(each.record_id) for entry in moved[source]]
        line = {
            "kind": each.kind,
            "act": each.act_id,
            "record": each.record_id,
            "said": each.digest.hex(),
            "entries": sorted(made, key=lambda entry: (entry["source"], entry["ordinal"])),
        }
        digest = chain_hash(digest, canonical(line))
    return digest


def _sources(record: str) -> tuple[str, str]:
    return record, risk_source(record)


_MOVED = select(*(column for column in entries.c if column is not entries.c.row))


def _over(connection: Connection, terminal: str, epoch: str) -> tuple[int, bytes]:
    """How many records of a journal were folded by what their acts say, and the digest worked out again over these."""
    own = select(acts).where(acts.c.terminal == terminal, acts.c.epoch == epoch)
    count, last, digest = 0, 0, GENESIS
    while page := connection.execute(
        own.where(acts.c.folded > last).order_by(acts.c.folded).limit(ROWS_MAX)
    ).all():
        digest = digest_over(connection, digest, page)
        count, last = count + len(page), page[-1].folded
    return count, digest


def _head_at(connection: Connection, chain: Any, position: int) -> str | None:
    """The hash (hex) that the record after a position goes on from, or the journal's head where none came after."""
    if chain.received == position:
        return str(chain.head.hex())
    previous = connection.scalar(
        select(records.c.previous).where(*_of(chain), records.c.seq == position + 1)
    )
    return None if previous is None else str(previous.hex())


def _kept(connection: Connection, chain: Any) -> int:
    """How many records of a journal are still here."""
    return connection.scalar(select(func.count()).where(*_of(chain))) or 0


def _of(chain: Any) -> tuple[Any, Any]:
    return records.c.terminal == chain.terminal, records.c.epoch == chain.epoch


_JOURNALS = (
    select(chains.c.terminal, chains.c.epoch)
    .union(select(checkpoints.c.terminal, checkpoints.c.epoch))
    .order_by("terminal", "epoch")
)


def _name(row: Any) -> str:
    return f"{row.terminal}/{row.epoch}"


_NAME = checkpoints.c.terminal + "/" + checkpoints.c.epoch


def _page(connection: Connection, after: str) -> Any:
    return connection.execute(
        select(checkpoints).where(after < _NAME).order_by(_NAME).limit(ROWS_MAX)
    ).all()

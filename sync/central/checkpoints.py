"""Checkpoints: what the oldest records of each journal became. Listed, and checked against what is still here.

They are kept for good. How they are made stands in `folding`, why in docs/decisions/checkpoints.md.
"""

from typing import Any

from sqlalchemy import Connection, func, select

from sync.central.database import Database
from sync.central.tables import chains, checkpoints, records
from sync.signing import checkpoint_statement, is_signed_by
from sync.wire import SignedCheckpoint

ROWS_MAX = 500
"""Checkpoints of one list; `after` asks for more."""


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

    def faults(self) -> list[dict[str, Any]]:
        """What is wrong with checkpoints, each with its journal; nothing where all are whole."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            with self._database.read() as connection:
                page = _page(connection, after)
                found += [
                    {"terminal": row.terminal, "epoch": row.epoch, "fault": fault}
                    for row in page
                    for fault in self._faults(connection, row)
                ]
            if len(page) < ROWS_MAX:
                return found
            after = _name(page[-1])

    def _faults(self, connection: Connection, row: Any) -> list[str]:
        signed = _signed(row)
        statement = checkpoint_statement(row.terminal, row.epoch, signed)
        faults = []
        if not is_signed_by(self._public_key, row.signature, statement):
            faults.append("it is not signed with central's key")
        own = (records.c.terminal == row.terminal, records.c.epoch == row.epoch)
        begins_after, next_of_it = connection.execute(
            select(
                chains.c.begins_after,
                select(records.c.previous)
                .where(*own, records.c.seq == row.position + 1)
                .scalar_subquery(),
            ).where(chains.c.terminal == row.terminal, chains.c.epoch == row.epoch)
        ).one()
        if next_of_it is None:
            next_of_it = connection.scalar(
                select(chains.c.head).where(
                    chains.c.terminal == row.terminal,
                    chains.c.epoch == row.epoch,
                    chains.c.received == row.position,
                )
            )
        if next_of_it != row.head:
            faults.append(f"the chain does not go on from record {row.position}")
        kept = connection.scalar(select(func.count()).where(*own, records.c.seq <= row.position))
        missing = row.position - begins_after - row.folded - (kept or 0)
        if missing:
            faults.append(
                f"of the records up to {row.position} {missing} are neither folded nor here"
            )
        return faults


def _name(row: Any) -> str:
    return f"{row.terminal}/{row.epoch}"


_NAME = checkpoints.c.terminal + "/" + checkpoints.c.epoch


def _page(connection: Connection, after: str) -> Any:
    return connection.execute(
        select(checkpoints).where(after < _NAME).order_by(_NAME).limit(ROWS_MAX)
    ).all()

"""What was not taken, listed so that somebody can look."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from sync.central.database import upsert
from sync.central.tables import refusals

REFUSALS_PER_TERMINAL_MAX = 1_000
"""What a broken terminal can make us list; above it repeats are still counted and new ones only logged."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that was refused. Of a request as a whole, epoch, hash and record's id are empty and `seq` is 0."""

    terminal: str
    reason: str
    epoch: str = ""
    seq: int = 0
    hash: str = ""
    record_id: str = ""


def list_refusal(connection: Connection, refusal: Refusal, at: str, times: int = 1) -> None:
    """Count what was not taken."""
    key = {
        "terminal": refusal.terminal,
        "epoch": refusal.epoch,
        "seq": refusal.seq,
        "reason": refusal.reason,
        "hash": refusal.hash,
    }
    again = {"times": refusals.c.times + times, "last_at": at}
    listed = connection.scalar(
        select(func.count()).select_from(refusals).where(refusals.c.terminal == refusal.terminal)
    )
    if listed is not None and listed >= REFUSALS_PER_TERMINAL_MAX:
        connection.execute(
            refusals.update()
            .where(*(refusals.c[name] == value for name, value in key.items()))
            .values(**again)
        )
        return
    statement = upsert(connection, refusals).values(
        **key, record_id=refusal.record_id, times=times, first_at=at, last_at=at
    )
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=again))

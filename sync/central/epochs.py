"""Which journal a terminal writes. One of its epochs is open; see docs/decisions/epochs.md.

A journal that begins closes the others of its terminal: a backup was put back, or the data folder is new. Records of
a closed one are still taken, since they may have been on their way. Who goes on with a closed one and says so
(`contests`) is a second machine with the same identity: the terminal is then quarantined. Where somebody has looked
(`open_again`), the first that is heard of is the open one, and closes the others as if it had begun.
"""

from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, and_, select, update

from edge_agent.domain.record import GENESIS
from sync.central.database import hold, next_change, next_changes, upsert
from sync.central.refusals import Refusal, list_refusal
from sync.central.tables import chains, records, terminals
from sync.wire import RecordsMessage, RecordState

CLONED = "cloned"
REVOKED = "revoked"

QUARANTINED = "quarantined"
"""The code of records that are parked until somebody has looked at their terminal."""

_log = structlog.get_logger("central.epochs")


@dataclass(frozen=True, slots=True)
class Journal:
    """How far one epoch of a terminal is held, and what is to be made of what it sends."""

    received: int
    head: bytes
    begins_after: int
    closed_by: str | None
    quarantined: str | None
    holds_before: int | None
    """How much is here of the epoch that this one follows, where that is less than what it begins after."""


def opened(connection: Connection, message: RecordsMessage, at: str, *, ended: bool) -> Journal:
    """The journal of a message, held until this transaction ends; begun where it is not known yet.

    `ended`: it is signed with a key that is not the terminal's any more. That opens and closes nothing for the others.
    """
    journal = hold_journal(connection, message.terminal, message.epoch)
    begins = journal is None
    if begins:
        _begin(connection, message, at)
        journal = hold_journal(connection, message.terminal, message.epoch)
    if journal is None:
        raise LookupError(message.epoch)
    if journal.closed_by is None and not ended:
        _close_others(connection, message)
    contested = message.contests is not None and message.contests == journal.closed_by
    if contested and not ended:
        _quarantine(connection, message, at)
    quarantined = REVOKED if ended else _standing(connection, message.terminal)
    held = _held_before(connection, message.terminal, journal.follows, journal.begins_after)
    if begins and held is not None:
        # It is central itself that came back from a backup: the till hears of it, and somebody has to look.
        gap = Refusal(message.terminal, "epoch-gap", message.epoch, journal.begins_after)
        list_refusal(connection, gap, at)
    return Journal(
        journal.received, journal.head, journal.begins_after, journal.closed_by, quarantined, held
    )


def hold_journal(connection: Connection, terminal: str, epoch: str) -> Any | None:
    """The chain of a journal, which then nobody else continues or posts before this transaction ends."""
    journal = select(chains).where(chains.c.terminal == terminal, chains.c.epoch == epoch)
    return next(iter(hold(connection, journal)), None)


def _begin(connection: Connection, message: RecordsMessage, at: str) -> None:
    new = {
        "received": message.begins_after,
        "head": GENESIS,
        "first_at": at,
        "last_at": at,
        "begins_after": message.begins_after,
        "follows": message.follows,
    }
    statement = upsert(connection, chains).values(
        terminal=message.terminal, epoch=message.epoch, **new
    )
    connection.execute(statement.on_conflict_do_nothing())


def _close_others(connection: Connection, message: RecordsMessage) -> None:
    """Of a terminal one epoch is open. Whoever waits with another one is answered, and hears of it."""
    closed = connection.execute(
        update(chains)
        .where(
            chains.c.terminal == message.terminal,
            chains.c.epoch != message.epoch,
            chains.c.closed_by.is_(None),
        )
        .values(closed_by=message.epoch)
    )
    if closed.rowcount:
        next_change(connection)
        _log.warning("epoch opened", terminal=message.terminal, after=message.begins_after)


def _held_before(
    connection: Connection, terminal: str, follows: str | None, begins_after: int
) -> int | None:
    """How much is here of the epoch that one follows, where that is less than what it begins after."""
    if begins_after == 0:
        return None
    received = connection.scalar(
        select(chains.c.received).where(chains.c.terminal == terminal, chains.c.epoch == follows)
    )
    held = received or 0
    return held if held < begins_after else None


def _standing(connection: Connection, terminal: str) -> str | None:
    since = connection.scalar(
        select(terminals.c.quarantined_at).where(terminals.c.terminal == terminal)
    )
    return None if since is None else CLONED


def _quarantine(connection: Connection, message: RecordsMessage, at: str) -> None:
    begun = connection.execute(
        update(terminals)
        .where(terminals.c.terminal == message.terminal, terminals.c.quarantined_at.is_(None))
        .values(quarantined_at=at)
    )
    list_refusal(connection, Refusal(message.terminal, CLONED, message.epoch), at)
    if begun.rowcount:
        next_change(connection)  # whoever of the two waits is answered, and told nothing more
    _log.error("two machines are one terminal", terminal=message.terminal, epoch=message.epoch)


def open_again(connection: Connection, terminal: str) -> None:
    """End a quarantine: whichever journal is heard of first goes on, and whoever then goes on with another one is a
    second machine anew. What is parked is for posting to take up.
    """
    connection.execute(
        update(terminals).where(terminals.c.terminal == terminal).values(quarantined_at=None)
    )
    connection.execute(update(chains).where(chains.c.terminal == terminal).values(closed_by=None))


def parked_from_now(connection: Connection, how_many: int) -> list[dict[str, Any]]:
    """What the rows of so many records hold that are laid aside; their terminal is told."""
    state = {"state": RecordState.PARKED.value, "code": QUARANTINED}
    return [state | {"change": change} for change in next_changes(connection, how_many)]


def own_records(
    connection: Connection, terminal: str, epoch: str, *which: ColumnElement[bool]
) -> ColumnElement[bool]:
    """The condition that picks the records of a journal: those of its epoch, and of the epochs that it took over from
    those up to where it took over.

    `which` of them stands beside each epoch, where an index finds them: a journal is long, and asked about often.
    """
    of_terminal = and_(records.c.terminal == terminal, *which)
    own = and_(of_terminal, records.c.epoch == epoch)
    seen = {epoch}
    upto = None
    while (row := _begun(connection, terminal, epoch)) is not None and row.follows not in seen:
        epoch = row.follows
        seen.add(epoch)
        upto = row.begins_after if upto is None else min(upto, row.begins_after)
        own = own | and_(of_terminal, records.c.epoch == epoch, records.c.seq <= upto)
    return own


def _begun(connection: Connection, terminal: str, epoch: str) -> Any | None:
    return connection.execute(
        select(chains.c.follows, chains.c.begins_after).where(
            chains.c.terminal == terminal, chains.c.epoch == epoch, chains.c.follows.is_not(None)
        )
    ).one_or_none()


def quarantined_records(terminal: str) -> ColumnElement[bool]:
    """The condition that picks a terminal's records that are laid aside."""
    return (
        (records.c.terminal == terminal)
        & (records.c.state == RecordState.PARKED.value)
        & (records.c.code == QUARANTINED)
    )

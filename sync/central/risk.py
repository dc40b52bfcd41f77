"""What was used beyond what there was, as tills without a line can: a sale that is finished is never undone.

It is posted, and the loss is carried by an account of its own, as in double entry: the member is left with nothing, and
the offline-risk account below nothing by as much. What a return gives back of it goes there again. The member redeems
nothing more without central, until head office says otherwise.
"""

from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import Connection, update

from edge_agent.domain.entries import EntryKind
from edge_agent.domain.member import Standing
from sync.central.database import in_parts, upsert
from sync.central.ledger import OVERDRAFT, LedgerEntry
from sync.central.tables import accounts

OFFLINE_RISK = "offline-risk"
"""The ref of the account; terminals are never told of it."""

_AT_A_TILL = frozenset({EntryKind.REDEEM, EntryKind.REVERSE})


def risk_source(record: str) -> str:
    """The source of the entries that carry what a record overdrew, beside the record's own."""
    return f"risk:{record}"


def carried(new: Iterable[LedgerEntry]) -> Iterator[LedgerEntry]:
    """The entries that make up for what these overdraw, or give back of it: each pair comes to nothing."""
    for each in new:
        if each.lot == OVERDRAFT and each.kind in _AT_A_TILL:
            for account, quantity in (
                (each.account, -each.quantity),
                (OFFLINE_RISK, each.quantity),
            ):
                yield LedgerEntry(
                    account, EntryKind.TRANSFER, each.unit, quantity, OVERDRAFT, rule=each.rule
                )


def open_account(connection: Connection, at: str) -> None:
    """Make the offline-risk account, when something has to be posted to it."""
    statement = upsert(connection, accounts).values(
        ref=OFFLINE_RISK,
        provisional=False,
        standing=Standing.BLOCKED.value,
        display_name="",
        segments="[]",
        attributes="{}",
        opened=False,
        created_at=at,
        change=0,
    )
    connection.execute(statement.on_conflict_do_nothing(index_elements=["ref"]))


def only_with_central(connection: Connection, overdrawn: Collection[str]) -> None:
    """These members redeem nothing any more without central; the caller touches them."""
    for part in in_parts(overdrawn):
        connection.execute(
            update(accounts).where(accounts.c.ref.in_(part)).values(redeems_offline=False)
        )

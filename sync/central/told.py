"""What terminals are told of members: of a profile what the rules ask about, and how somebody wants to be spoken to."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from edge_agent.domain.member import Standing
from edge_agent.domain.members_file import Member
from edge_agent.domain.programme.asked import Asked
from edge_agent.domain.programme.messages import CHANNEL
from sync.central.accounts import agreed
from sync.central.database import current_change, upsert
from sync.central.ledger import holdings
from sync.central.tables import accounts, cards, counters

_CLEAN_FROM = "members-file"
"""The counter with the lowest version of a members file that may be handed out."""


def forbid_older(connection: Connection) -> None:
    """Of members files only those may be handed out from now on that hold what this transaction changes."""
    value = current_change(connection)
    statement = upsert(connection, counters).values(name=_CLEAN_FROM, value=value)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})
    )


def oldest_allowed(connection: Connection) -> int:
    """The lowest version of a members file that may be handed out."""
    return int(connection.scalar(_LOWEST) or 0)


_LOWEST = select(counters.c.value).where(counters.c.name == _CLEAN_FROM)


def members_told(connection: Connection, rows: Sequence[Any], asked: Asked) -> Iterator[Member]:
    """The members in these rows of `accounts`, in order, with what `asked` lets them be told of."""
    refs = [row.ref for row in rows]
    keys = _keys(connection, refs)
    joined = _joined(connection, refs)
    held = holdings(connection, refs)
    agreements = agreed(connection, refs)
    for row in rows:
        yield Member(
            ref=row.ref,
            standing=Standing(row.standing),
            display_name=row.display_name if asked.names else "",
            tier=row.tier,
            since=None if row.since is None else date.fromisoformat(row.since),
            language=row.language,
            segments=asked.segments.intersection(json.loads(row.segments)),
            attributes={
                name: value
                for name, value in json.loads(row.attributes).items()
                if name in asked.attributes or name == CHANNEL
            },
            birthday=row.birthday[-len("MM-DD") :] if asked.birthday and row.birthday else None,
            consents=agreements.get(row.ref, {}),
            referred_by=row.referred_by,
            redeems_offline=row.redeems_offline,
            lots=tuple(held.get(row.ref, ())),
            joined=tuple(joined.get(row.ref, ())),
            cards=tuple(bytes.fromhex(key) for key in keys.get(row.ref, ())),
        )


def _keys(connection: Connection, refs: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in connection.execute(
        select(cards.c.account, cards.c.key)
        .where(cards.c.account.in_(refs))
        .order_by(cards.c.account, cards.c.key)
    ):
        found.setdefault(row.account, []).append(row.key)
    return found


def _joined(connection: Connection, refs: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in connection.execute(
        select(accounts.c.joined_into, accounts.c.ref)
        .where(accounts.c.joined_into.in_(refs))
        .order_by(accounts.c.ref)
    ):
        found.setdefault(row.joined_into, []).append(row.ref)
    return found

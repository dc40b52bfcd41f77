"""What tests look at in a central."""

import gzip
from pathlib import Path

from sqlalchemy import func, select

from edge_agent.domain.cards import card_key
from sync.central.central import Central
from sync.central.tables import accounts, entries, lots, metadata, records
from sync.signing import new_key, public_key_of
from sync.wire import Changes, EnrolmentMessage, MemberDelta


def states(central: Central, terminal: str = "0412/03") -> list[tuple[int, str | None, str | None]]:
    """(seq, state, code) of every record of a terminal."""
    query = (
        select(records.c.seq, records.c.state, records.c.code)
        .where(records.c.terminal == terminal)
        .order_by(records.c.row)
    )
    with central.database.read() as connection:
        return [(row.seq, row.state, row.code) for row in connection.execute(query)]


def balance(central: Central, ref: str, unit: str = "points") -> int:
    """Points of an account by any of its refs."""
    found: int = central.members.get(ref)["balance"].get(unit, 0)
    return found


def sums(central: Central) -> tuple[int, int]:
    """The sum of all entries and the sum of all lots; always the same."""
    with central.database.read() as connection:
        return (
            int(connection.scalar(select(func.sum(entries.c.quantity))) or 0),
            int(connection.scalar(select(func.sum(lots.c.quantity))) or 0),
        )


def everything(central: Central) -> tuple[list[object], ...]:
    """Every account, entry, lot and state, to see that something had no effect."""
    with central.database.read() as connection:
        return tuple(
            [tuple(row) for row in connection.execute(query)]
            for query in (
                select(entries).order_by(entries.c.row),
                select(lots).order_by(lots.c.account, lots.c.lot),
                select(accounts).order_by(accounts.c.ref),
                select(records.c.row, records.c.state, records.c.code).order_by(records.c.row),
            )
        )


def changes(central: Central, after: int = 0, epoch: str | None = None) -> Changes:
    """What till 03 would be told."""
    return central.feed.changes("0412/03", epoch, after, 0)


def member_with_card(central: Central, found: Changes, card: str) -> MemberDelta:
    """The delta that a till would find a card in."""
    key = central.accounts.card_key(card)
    assert card not in found.model_dump_json()
    (member,) = [member for member in found.members if key in member.cards]
    return member


def member_with_tombstone(central: Central, found: Changes, card: str) -> MemberDelta:
    """The delta that a till would find a card in whose member was erased."""
    (member,) = [each for each in found.members if central.accounts.buried_key(card) in each.cards]
    return member


def key_of(hex_key: str, card: str) -> str:
    """What a till hashes a card to."""
    return card_key(bytes.fromhex(hex_key), card).hex()


def kept(central: Central, folder: Path) -> bytes:
    """Whatever is stored once central has ended: the bytes of SQLite's files, or what PostgreSQL has."""
    if (folder / "central.db").exists():
        central.close()
        return b"".join(path.read_bytes() for path in folder.glob("central.db*"))
    return rows_of(central)


def kept_meanwhile(central: Central, folder: Path) -> bytes:
    """Whatever is stored of a central that goes on: all files, with SQLite's log; packed ones are looked into."""
    files = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    packed = [gzip.decompress(path.read_bytes()) for path in folder.rglob("*.gz")]
    rows = b"" if (folder / "central.db").exists() else rows_of(central)
    return b"".join((*files, *packed, rows))


def rows_of(central: Central) -> bytes:
    """Every row of every table (what PostgreSQL deleted stays in its pages and its log until these are used again)."""
    with central.database.read() as connection:
        rows = [
            repr(row)
            for table in metadata.sorted_tables
            for row in connection.execute(select(table))
        ]
    return "\n".join(rows).encode()


def enrol_anew(central: Central) -> None:
    """Another machine is enrolled as till 03."""
    code = central.terminals.add("0412", "03").code
    key = public_key_of(new_key()).hex()
    central.terminals.enrol(EnrolmentMessage(code=code, store="0412", till="03", public_key=key))

"""Accounts, the refs they go by, and the cards they are found by.

A till that meets a card it does not know makes a ref of its own. The first such ref becomes a provisional
account; every further one for the same card becomes another name of that account; and when the card turns out
to be a member's, the provisional account is joined to the member and its points move along by transfer entries,
so that the sums stay what they were.
"""

import uuid
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from edge_agent.domain.cards import card_key, tombstone
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.member import Standing
from sync.central import holds
from sync.central.database import hold, in_parts, upsert
from sync.central.ledger import LedgerEntry, append, life_of
from sync.central.tables import (
    accounts,
    answers,
    cards,
    consents,
    former_cards,
    lots,
    notes,
    redeemed,
)

BURIED = ""
"""The code of a card whose member was erased: `added_at` is then the time of that, and the key a tombstone."""


class Accounts:
    """Finds and joins accounts, always within the caller's transaction."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def card_key(self, code: str) -> str:
        """What a normalised card is stored and sent as."""
        return card_key(self._key, code).hex()

    def resolve(self, connection: Connection, ref: str) -> str | None:
        """The account behind a ref; None when central has not seen it."""
        row = connection.execute(_BY_REF, {"ref": ref}).one_or_none()
        if row is None:
            return None
        return str(row.joined_into or ref)

    def resolve_all(self, connection: Connection, refs: Collection[str]) -> dict[str, str]:
        """The same for many at once, without those that are not known."""
        query = select(accounts.c.ref, accounts.c.joined_into)
        return {
            row.ref: row.joined_into or row.ref
            for part in in_parts(refs)
            for row in connection.execute(query.where(accounts.c.ref.in_(part)))
        }

    def hold(self, connection: Connection, refs: Collection[str]) -> dict[str, Any]:
        """The rows of the accounts behind refs, which nobody else posts to or joins before this transaction ends.

        Refs that are not known are left out.
        """
        while True:
            found = self.resolve_all(connection, refs)
            held = {
                row.ref: row
                for part in in_parts(sorted(set(found.values())))
                for row in hold(connection, _these(part))
            }
            if all(row.joined_into is None for row in held.values()):
                return {ref: held[account] for ref, account in found.items()}

    def of_card(self, connection: Connection, code: str) -> str | None:
        """The account that a normalised card belongs to, or belonged to before it was erased."""
        keys = {"key": self.card_key(code), "buried": self.buried_key(code)}
        return connection.scalar(_BY_CARD, keys)

    def buried_key(self, code: str) -> str:
        """What is left of a normalised card whose member was erased."""
        return tombstone(card_key(self._key, code)).hex()

    def free_card(self, connection: Connection, code: str) -> None:
        """Let go of a card whose owner was erased, so that somebody new may have it."""
        connection.execute(delete(cards).where(cards.c.key == self.buried_key(code)))

    def settle_ref(self, connection: Connection, ref: str, code: str, at: str) -> str:
        """The account for a ref that a till made for the card `code`, held; makes a provisional one if need be.

        The caller touches the account, and counts one where it is a new one.
        """
        owner = self.of_card(connection, code)
        if owner is None:
            insert_account(connection, ref, at, provisional=True)
            self.add_card(connection, ref, code, at)
            return ref
        account: str = self.hold(connection, [owner])[owner].ref
        insert_account(connection, ref, at, provisional=True, joined_into=account)
        return account

    def take_card(self, connection: Connection, account: str, code: str, at: str) -> bool:
        """Take a card away from its account; whether it had it. Of whose it was its keyed hash is kept."""
        key = self.card_key(code)
        taken = connection.execute(
            delete(cards).where(cards.c.key == key, cards.c.account == account)
        )
        if taken.rowcount == 1:
            had = upsert(connection, former_cards).values(key=key, account=account, until=at)
            connection.execute(
                had.on_conflict_do_update(index_elements=["key", "account"], set_={"until": at})
            )
        return taken.rowcount == 1

    def add_card(self, connection: Connection, account: str, code: str, at: str) -> None:
        """Give a card that nobody has to an account."""
        connection.execute(
            insert(cards),
            {"key": self.card_key(code), "account": account, "code": code, "added_at": at},
        )


def _these(refs: Collection[str]) -> Select[Any]:
    """Accounts in the order in which everybody holds them."""
    return select(accounts).where(accounts.c.ref.in_(refs)).order_by(accounts.c.ref)


_BY_REF = select(accounts.c.joined_into).where(accounts.c.ref == bindparam("ref"))
_BY_CARD = select(cards.c.account).where(cards.c.key.in_([bindparam("key"), bindparam("buried")]))


def bury_cards(connection: Connection, account: str, at: str) -> None:
    """Leave of an erased account's cards only what says that they were erased, and when."""
    for key in connection.scalars(
        select(cards.c.key).where(cards.c.account == account, cards.c.code != BURIED)
    ).all():
        buried = {"key": tombstone(bytes.fromhex(key)).hex(), "code": BURIED, "added_at": at}
        connection.execute(update(cards).where(cards.c.key == key).values(buried))


def joined_to(connection: Connection, refs: Collection[str]) -> Iterator[str]:
    """The other names of accounts."""
    for part in in_parts(refs):
        yield from connection.scalars(
            select(accounts.c.ref).where(accounts.c.joined_into.in_(part))
        )


def new_ref() -> str:
    """A fresh opaque member_ref."""
    return uuid.uuid4().hex


def insert_account(
    connection: Connection,
    ref: str,
    at: str,
    *,
    provisional: bool,
    joined_into: str | None = None,
) -> None:
    """An account without profile, or with `joined_into` another name of one; the caller touches and counts it."""
    connection.execute(
        insert(accounts),
        {
            "ref": ref,
            "joined_into": joined_into,
            "member_id": None,
            "provisional": provisional,
            "standing": (Standing.UNKNOWN if provisional else Standing.KNOWN).value,
            "display_name": "",
            "tier": None,
            "since": None,
            "language": None,
            "segments": "[]",
            "attributes": "{}",
            "opened": False,
            "created_at": at,
            "change": 0,
        },
    )


def join(connection: Connection, provisional: str, member: str, at: str) -> None:
    """Make `provisional` another name of `member`: cards, other names, consents and what it holds move along.

    The caller has both held; it touches the member, and counts one account less.
    """
    connection.execute(update(cards).where(cards.c.account == provisional).values(account=member))
    connection.execute(
        update(accounts).where(accounts.c.joined_into == provisional).values(joined_into=member)
    )
    connection.execute(
        update(accounts).where(accounts.c.ref == provisional).values(joined_into=member)
    )
    holds.move(connection, provisional, member)
    for table in (consents, answers, notes, redeemed):
        connection.execute(
            update(table).where(table.c.account == provisional).values(account=member)
        )
    held = connection.execute(
        select(lots).where(lots.c.account == provisional, lots.c.quantity != 0)
    ).all()
    for account, sign in ((provisional, -1), (member, 1)):
        moved = [
            LedgerEntry(
                account, EntryKind.TRANSFER, row.unit, sign * row.quantity, row.lot, life_of(row)
            )
            for row in held
        ]
        append(connection, f"join:{provisional}", at, moved)


def agreed(connection: Connection, refs: Sequence[str]) -> dict[str, dict[str, str]]:
    """Per account the purposes that its member agrees to now, with the version of their texts."""
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(
        select(consents).where(consents.c.account.in_(refs)).order_by(consents.c.row)
    ):
        purposes = found.setdefault(row.account, {})
        if row.given:
            purposes[row.purpose] = row.version
        else:
            purposes.pop(row.purpose, None)
    return found

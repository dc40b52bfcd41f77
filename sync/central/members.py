"""What an administrator does with members: look, adjust, give a card, block."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Connection, or_, select, update

from edge_agent.domain.cards import CODE_CHARACTERS_MAX, holds_payment_card, masked, normalised
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Standing
from sync.central.accounts import Accounts, agreed, join
from sync.central.database import ACCOUNTS, Database, count
from sync.central.ledger import (
    balance,
    holdings,
    stored_day,
    touch,
)
from sync.central.plain import Line
from sync.central.problems import Problem, not_found
from sync.central.risk import OFFLINE_RISK
from sync.central.tables import accounts, cards, entries
from sync.central.times import Clock, stored
from sync.central.words import Words, apart

ENTRIES_SHOWN_MAX = 500
"""The newest; a year of daily shopping."""

FOUND_MAX = 50


class CardReplacement(BaseModel):
    """A new card for a member; `replaces` is the one that stops working, if any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[Line, Field(min_length=1, max_length=CODE_CHARACTERS_MAX, repr=False)]
    replaces: Annotated[Line | None, Field(max_length=CODE_CHARACTERS_MAX, repr=False)] = None


class StandingChange(BaseModel):
    """Block a member, or let it in again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    standing: Annotated[Standing, Field(json_schema_extra={"enum": ["known", "blocked"]})]


class OfflineRedemption(BaseModel):
    """Whether tills may let a member redeem without asking central."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed: bool


class Members:
    """The members of this central. `id` is a member_id or a member_ref everywhere."""

    def __init__(self, database: Database, known: Accounts, words: Words, clock: Clock) -> None:
        self._database = database
        self._accounts = known
        self._words = words
        self._clock = clock

    def get(self, member: str) -> dict[str, Any]:
        """Profile, cards (masked), balance per unit, tallies, lots, the newest entries, and how units are called."""
        with self._database.read() as connection:
            row = self.row(connection, member)
            held = balance(connection, row.ref)
            return _profile(connection, row) | {
                "tallies": apart(held)[1],
                "units": self._words.units(connection, held),
                "attributes": json.loads(row.attributes),
                "segments": json.loads(row.segments),
                "birthday": row.birthday,
                "email": row.email,
                "phone": row.phone,
                "household": row.household,
                "referred_by": row.referred_by,
                "consents": agreed(connection, [row.ref]).get(row.ref, {}),
                "lots": [_lot(each) for each in holdings(connection, [row.ref]).get(row.ref, ())],
                "entries": _entries(connection, row.ref),
            }

    def of_card(self, code: str) -> dict[str, Any]:
        """The member with this card."""
        with self._database.read() as connection:
            account = self._accounts.of_card(connection, normalised(code))
        if account is None:
            raise not_found("member")
        return self.get(account)

    def find(self, text: str) -> list[dict[str, Any]]:
        """Members by card, member_id, ref or the beginning of the name; the first ones without a text."""
        wanted = text.strip()
        with self._database.read() as connection:
            query = select(accounts).where(
                accounts.c.joined_into.is_(None), accounts.c.ref != OFFLINE_RISK
            )
            if wanted:
                account = self._accounts.of_card(connection, normalised(wanted))
                query = query.where(_matches(account, wanted))
            rows = connection.execute(query.order_by(accounts.c.change.desc()).limit(FOUND_MAX))
            return [_profile(connection, row) for row in rows.all()]

    def replace_card(self, member: str, change: CardReplacement) -> dict[str, Any]:
        """Give a member a card, and take the one that it replaces away. Points of a card that a till
        met before come along."""
        code = normalised(change.code)
        if not code or holds_payment_card(code):
            raise Problem(422, "payment-card", "This is no member card.")
        at = stored(self._clock())
        with self._database.write() as connection:
            account = self.hold(connection, member)[0].ref
            if change.replaces is not None:
                replaced = normalised(change.replaces)
                if not self._accounts.take_card(connection, account, replaced, at):
                    detail = "The member does not have the card to replace."
                    raise Problem(409, "card-not-theirs", detail)
            self._accounts.free_card(connection, code)
            owner = self._accounts.of_card(connection, code)
            if owner is None:
                self._accounts.add_card(connection, account, code, at)
            elif owner != account:
                (other,) = self.hold(connection, owner)
                if not other.provisional:
                    raise Problem(409, "card-taken", "The card belongs to another member.")
                join(connection, other.ref, account, at)
                count(connection, ACCOUNTS, -1)
            touch(connection, [account])
            return _profile(connection, self.row(connection, account))

    def set_standing(self, member: str, change: StandingChange) -> dict[str, Any]:
        """Block or unblock a member."""
        if change.standing not in {Standing.KNOWN, Standing.BLOCKED}:
            raise Problem(422, "invalid", "The standing must be known or blocked.")
        with self._database.write() as connection:
            (row,) = self.hold(connection, member)
            account = row.ref
            standing: Standing = change.standing
            if row.standing == Standing.ERASED:
                raise Problem(409, "erased", "This member was erased and cannot come back.")
            if row.provisional and standing is Standing.KNOWN:
                standing = Standing.UNKNOWN  # what a card is that nobody has imported yet
            connection.execute(
                update(accounts).where(accounts.c.ref == account).values(standing=standing.value)
            )
            touch(connection, [account])
            return _profile(connection, self.row(connection, account))

    def set_offline(self, member: str, change: OfflineRedemption) -> dict[str, Any]:
        """Let a member who overdrew redeem without central again, or not."""
        with self._database.write() as connection:
            account = self.row(connection, member).ref
            connection.execute(
                update(accounts)
                .where(accounts.c.ref == account)
                .values(redeems_offline=change.allowed)
            )
            touch(connection, [account])
            return _profile(connection, self.row(connection, account))

    def hold(self, connection: Connection, *members: str) -> list[Any]:
        """The rows of the accounts of members, which nobody else changes before this transaction ends.

        Raises as `row` does.
        """
        refs = [self.row(connection, member).ref for member in members]
        held = self._accounts.hold(connection, refs)
        return [held[ref] for ref in refs]

    def row(self, connection: Connection, member: str) -> Any:
        """The row of the account of a member; raises a problem where there is none."""
        row = connection.execute(
            select(accounts).where(or_(accounts.c.member_id == member, accounts.c.ref == member))
        ).first()
        if row is not None and row.joined_into is not None:
            return self.row(connection, row.joined_into)
        if row is None:
            raise not_found("member")
        return row


def _lot(holding: Holding) -> dict[str, Any]:
    """A holding in the words of the API; what it does not have is null."""
    return {
        "unit": holding.unit,
        "quantity": holding.quantity,
        "expires_on": stored_day(holding.expires_on) or None,
        "matures_on": stored_day(holding.matures_on) or None,
        "day": stored_day(holding.day) or None,
        "lot": holding.lot,
    }


def _matches(account: str | None, wanted: str) -> ColumnElement[bool]:
    """A name is matched from its beginning: short texts then find few."""
    name = wanted.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return or_(
        accounts.c.ref == (account or wanted),
        accounts.c.member_id == wanted,
        accounts.c.display_name.ilike(f"{name}%", escape="\\"),
    )


def _profile(connection: Connection, row: Any) -> dict[str, Any]:
    codes = connection.scalars(
        select(cards.c.code).where(cards.c.account == row.ref, cards.c.code != "")
    )
    return {
        "id": row.member_id or row.ref,
        "ref": row.ref,
        "provisional": row.provisional,
        "standing": row.standing,
        "redeems_offline": row.redeems_offline,
        "display_name": row.display_name,
        "tier": row.tier,
        "since": row.since,
        "language": row.language,
        "cards": [masked(code) for code in codes],
        "balance": apart(balance(connection, row.ref))[0],
    }


def _entries(connection: Connection, account: str) -> list[dict[str, Any]]:
    rows = connection.execute(
        select(entries)
        .where(entries.c.account == account)
        .order_by(entries.c.row.desc())
        .limit(ENTRIES_SHOWN_MAX)
    )
    return [
        {
            "at": row.at,
            "kind": row.kind,
            "unit": row.unit,
            "quantity": row.quantity,
            "rule": row.rule,
            "line": row.line,
            "lot": row.lot,
            "expires_on": row.expires_on or None,
            "matures_on": row.matures_on or None,
            "day": row.day or None,
            "source": row.source,
        }
        for row in rows
    ]

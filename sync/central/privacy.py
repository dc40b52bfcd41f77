"""What a member may ask for by law: everything that is kept of them, and that it is gone.

Erasing takes away whatever says who somebody is: profile, consents, contacts, card numbers, the attachments of all
their records, and what they wrote. What is left are entries under a random ref, without which the books would not add
up, and the keyed hashes of the cards, so that a till can say that a card is no longer anybody's until somebody new has
it. Of what a till sends afterwards nothing personal is kept either.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select, update

from edge_agent.domain.member import Standing
from sync.central.database import Database
from sync.central.ledger import touch
from sync.central.members import Members
from sync.central.tables import (
    accounts,
    answers,
    attachments,
    cards,
    case_notes,
    cases,
    consents,
    entries,
    holds,
    notes,
    records,
    redeemed,
)

_FORGOTTEN = {
    "member_id": None,
    "standing": Standing.ERASED.value,
    "display_name": "",
    "tier": None,
    "since": None,
    "language": None,
    "birthday": None,
    "segments": "[]",
    "attributes": "{}",
    "household": None,
    "referred_by": None,
    "email": None,
    "phone": None,
}


class Privacy:
    """Exports and erases members. `id` is a member_id or a member_ref."""

    def __init__(self, database: Database, members: Members) -> None:
        self._database = database
        self._members = members

    def export(self, member: str) -> dict[str, Any]:
        """Everything that is kept of a member, in the words of the tables; of a household everything that is shared.

        Raises a problem where there is no such member.
        """
        with self._database.read() as connection:
            account = self._members.row(connection, member).ref
            refs = _names(connection, account)
            shown = {
                "profiles": _rows(connection, select(accounts).where(accounts.c.ref.in_(refs))),
                "cards": _rows(connection, select(cards).where(cards.c.account == account)),
                "consents": _rows(
                    connection, select(consents).where(consents.c.account == account)
                ),
                "entries": _rows(
                    connection,
                    select(entries).where(entries.c.account == account).order_by(entries.c.row),
                ),
                "answers": _rows(connection, select(answers).where(answers.c.account == account)),
                "notes": _rows(connection, select(notes).where(notes.c.account == account)),
                "redeemed": _rows(
                    connection, select(redeemed).where(redeemed.c.account == account)
                ),
                "set_aside": _rows(connection, select(holds).where(holds.c.account == account)),
            }
            return shown | {"records": _records(connection, refs)}

    def erase(self, member: str) -> dict[str, Any]:
        """Forget who a member is; a second time has no further effect. A household is forgotten as a whole."""
        with self._database.write() as connection:
            account = self._members.hold(connection, member)[0].ref
            refs = _names(connection, account)
            connection.execute(
                delete(attachments).where(
                    attachments.c.record.in_(
                        select(records.c.row).where(records.c.account.in_(refs))
                    )
                )
            )
            connection.execute(delete(consents).where(consents.c.account == account))
            connection.execute(
                delete(case_notes).where(
                    case_notes.c.case.in_(
                        select(cases.c.row)
                        .join(answers, answers.c.record_id == cases.c.answer)
                        .where(answers.c.account == account)
                    )
                )
            )
            connection.execute(
                update(answers).where(answers.c.account == account).values(text=None)
            )
            connection.execute(update(cards).where(cards.c.account == account).values(code=""))
            connection.execute(
                update(accounts).where(accounts.c.ref.in_(refs)).values(**_FORGOTTEN)
            )
            touch(connection, [account])
        return {"ref": account, "standing": Standing.ERASED.value}


def _names(connection: Connection, account: str) -> Sequence[str]:
    """The account's ref and all that were joined to it."""
    joined = connection.scalars(select(accounts.c.ref).where(accounts.c.joined_into == account))
    return [account, *joined]


def _rows(connection: Connection, query: Any) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(query)]


def _records(connection: Connection, refs: Sequence[str]) -> list[dict[str, Any]]:
    """What the tills recorded, with its personal facts."""
    rows = connection.execute(
        select(records.c.record_id, records.c.body, attachments.c.content)
        .select_from(records.outerjoin(attachments, attachments.c.record == records.c.row))
        .where(records.c.account.in_(refs))
        .order_by(records.c.row)
    )
    return [
        {
            "record": row.record_id,
            "body": json.loads(row.body),
            "personal": None if row.content is None else json.loads(row.content),
        }
        for row in rows
    ]

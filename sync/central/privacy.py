"""What a member may ask for by law: everything that is kept of them, and that it is gone.

Erasing takes away whatever says who somebody is: profile, consents, contacts, cards and their keys, the attachments of
all their records, and what they wrote. What is left are entries under a random ref, without which the books would not
add up, and for some time a tombstone for each card, so that a till can say that it is nobody's until somebody new has
it. Of what a till sends afterwards nothing personal is kept either.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from edge_agent.domain.member import Standing
from sync.central.accounts import BURIED, bury_cards
from sync.central.database import Database
from sync.central.ledger import touch
from sync.central.members import Members
from sync.central.members_files import MembersFiles
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
from sync.central.times import Clock, stored
from sync.central.told import forbid_older
from sync.wire import RecordState

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

    def __init__(
        self,
        database: Database,
        members: Members,
        files: MembersFiles,
        clock: Clock,
        tombstones_kept: timedelta,
    ) -> None:
        self._database = database
        self._members = members
        self._files = files
        self._clock = clock
        self._tombstones_kept = tombstones_kept

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
        """Forget who a member is; a second time has no further effect. A household is forgotten as a whole.

        When this returns nothing of them is left in the database, its log, or a members file that is kept here.
        """
        with self._database.write() as connection:
            account = self._members.hold(connection, member)[0].ref
            _forget(connection, account, stored(self._clock()))
            forbid_older(connection)
        self._files.sweep()
        self._database.scrub()
        return {"ref": account, "standing": Standing.ERASED.value}

    def sweep_tombstones(self) -> int:
        """Let go of the last that is left of cards whose members were erased so long ago that every till has heard of
        it, and tell tills to do the same; how many accounts that was."""
        before = stored(self._clock() - self._tombstones_kept)
        with self._database.write() as connection:
            old = (cards.c.code == BURIED, cards.c.added_at < before)
            refs = connection.scalars(select(cards.c.account).where(*old).distinct()).all()
            connection.execute(delete(cards).where(*old))
            touch(connection, refs)
        return len(refs)


def _forget(connection: Connection, account: str, at: str) -> None:
    refs = _names(connection, account)
    of_theirs = select(records.c.row).where(records.c.account.in_(refs))
    about = (
        attachments.c.record.in_(of_theirs),
        attachments.c.record.in_(_about(connection, refs)),
    )
    for rows in about:
        connection.execute(delete(attachments).where(rows))
    connection.execute(delete(consents).where(consents.c.account == account))
    answered = select(answers.c.record_id).where(answers.c.account == account)
    opened = select(cases.c.row).where(cases.c.answer.in_(answered))
    connection.execute(delete(case_notes).where(case_notes.c.case.in_(opened)))
    connection.execute(update(answers).where(answers.c.account == account).values(text=None))
    bury_cards(connection, account, at)
    forgotten = _FORGOTTEN | {"erased_at": at}
    connection.execute(update(accounts).where(accounts.c.ref.in_(refs)).values(**forgotten))
    touch(connection, [account])


def _about(connection: Connection, refs: Sequence[str]) -> list[int]:
    """The records that had no effect, and so are of no account here, but are theirs or tell of them."""
    known = select(accounts.c.email, accounts.c.phone).where(accounts.c.ref.in_(refs))
    codes = select(cards.c.code).where(cards.c.account.in_(refs), cards.c.code != BURIED)
    said = {each for row in connection.execute(known) for each in row if each}
    said.update(connection.scalars(codes))
    rows = connection.execute(_WITHOUT_EFFECT)
    return [
        row.row
        for row in rows
        if any(ref.encode() in row.body for ref in refs)
        or any(each.encode() in row.content for each in said)
    ]


_WITHOUT_EFFECT = (
    select(records.c.row, records.c.body, attachments.c.content)
    .join(attachments, attachments.c.record == records.c.row)
    .where(
        records.c.state.in_(
            [RecordState.PARKED.value, RecordState.REJECTED.value, RecordState.DUPLICATE.value]
        )
    )
)


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

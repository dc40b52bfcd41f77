"""What a member may ask for by law: everything that is kept of them, and that it is gone.

Erasing takes away whatever says who somebody is: profile, consents, contacts, cards and their keys, the attachments of
all their records, what they wrote, and what was typed about them as a reason. What is left are entries under a random
ref, without which the books would not add up, and for some time a tombstone for each card, so that a till can say that
it is nobody's until somebody new has it. Of what a till sends afterwards nothing personal is kept either.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, select, update

from edge_agent.domain.member import Standing
from sync.central.accounts import BURIED, Accounts, bury_cards, insert_account, join
from sync.central.by_hand import ADJUSTMENT
from sync.central.database import ACCOUNTS, Database, count, in_parts
from sync.central.ledger import touch
from sync.central.members import Members
from sync.central.members_files import MembersFiles
from sync.central.reports import shown
from sync.central.tables import (
    accounts,
    answers,
    attachments,
    cards,
    case_notes,
    cases,
    closings,
    consents,
    differences,
    entries,
    former_cards,
    holds,
    notes,
    records,
    redeemed,
)
from sync.central.telling import Telling, telling
from sync.central.times import Clock, stored
from sync.central.told import forbid_older

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

_REASON_FORGOTTEN = "erased"
"""In the place of every reason that somebody typed for a correction or a decision about them."""


class Privacy:
    """Exports and erases members. `id` is a member_id or a member_ref."""

    def __init__(
        self,
        database: Database,
        known: Accounts,
        members: Members,
        files: MembersFiles,
        clock: Clock,
        tombstones_kept: timedelta,
    ) -> None:
        self._database = database
        self._accounts = known
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
            found = telling(connection, self._accounts, refs)
            return {
                "profiles": _rows(connection, select(accounts).where(accounts.c.ref.in_(refs))),
                "cards": _rows(connection, select(cards).where(cards.c.account == account)),
                "former_cards": _rows(
                    connection, select(former_cards).where(former_cards.c.account.in_(refs))
                ),
                "consents": _rows(
                    connection, select(consents).where(consents.c.account == account)
                ),
                "entries": _rows(
                    connection,
                    select(entries).where(entries.c.account.in_(refs)).order_by(entries.c.row),
                ),
                "answers": _rows(connection, select(answers).where(answers.c.account == account)),
                "case_notes": _rows(connection, _case_notes(account)),
                "notes": _rows(connection, select(notes).where(notes.c.account == account)),
                "redeemed": _rows(
                    connection, select(redeemed).where(redeemed.c.account == account)
                ),
                "set_aside": _rows(connection, select(holds).where(holds.c.account == account)),
                "differences": _rows(
                    connection, select(differences).where(differences.c.account.in_(refs))
                ),
                "records": _records(connection, refs, [each for each in found if each.theirs]),
            }

    def erase(self, member: str) -> dict[str, Any]:
        """Forget who a member is; a second time only what came since. A household is forgotten as a whole.

        When this returns nothing of them is in the database, or in a members file that is kept here. `left` says where
        bytes of it still are (`database.Left`): in SQLite's log as long as somebody reads what was before.
        """
        account = self._database.transaction(lambda connection: self._erase(connection, member))
        self._files.sweep()
        left = self._database.scrub()
        return {"ref": account, "standing": Standing.ERASED.value, "left": left.value}

    def _erase(self, connection: Connection, member: str) -> str:
        account: str = self._members.row(connection, member).ref
        unconfirmed = _of_former_cards(connection, _names(connection, account))
        held, *found_so = self._members.hold(connection, account, *unconfirmed)
        at = held.erased_at or stored(self._clock())
        # Whoever enrolled between looking and holding is somebody now, and stays who they are.
        others = {each.ref for each in found_so if each.provisional} - {held.ref}
        for other in sorted(others):
            join(connection, other, held.ref, at)
        refs = _names(connection, held.ref)
        found = telling(connection, self._accounts, refs)
        own = {each.ref for each in found if each.ref is not None}
        for ref in sorted(own - self._accounts.resolve_all(connection, own).keys()):
            # A till's own, for what has no effect yet: that till has to forget it too.
            insert_account(connection, ref, at, provisional=True, joined_into=held.ref)
            refs = [*refs, ref]
        if others:
            count(connection, ACCOUNTS, -len(others))  # whoever opens an account waits from here on
        _forget(connection, held.ref, refs, [each.row.row for each in found], at)
        forbid_older(connection)
        return str(held.ref)

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


def _forget(
    connection: Connection, account: str, refs: Sequence[str], about: Sequence[int], at: str
) -> None:
    """`about`: the rows of records without effect, which are of no account here."""
    of_theirs = select(records.c.row).where(records.c.account.in_(refs))
    every: list[Select[Any] | list[int]] = [of_theirs, *in_parts(about)]
    for rows in every:
        connection.execute(delete(attachments).where(attachments.c.record.in_(rows)))
        decided = update(closings).where(closings.c.record.in_(rows))
        connection.execute(decided.values(reason=_REASON_FORGOTTEN))
    by_hand = (entries.c.account.in_(refs), entries.c.source.startswith(ADJUSTMENT))
    connection.execute(update(entries).where(*by_hand).values(rule=_REASON_FORGOTTEN))
    connection.execute(delete(consents).where(consents.c.account == account))
    connection.execute(delete(differences).where(differences.c.account.in_(refs)))
    opened = select(_case_notes(account).subquery().c.row)
    connection.execute(delete(case_notes).where(case_notes.c.row.in_(opened)))
    connection.execute(update(answers).where(answers.c.account == account).values(text=None))
    connection.execute(delete(former_cards).where(former_cards.c.account.in_(refs)))
    bury_cards(connection, account, at)
    forgotten = _FORGOTTEN | {"erased_at": at}
    connection.execute(update(accounts).where(accounts.c.ref.in_(refs)).values(**forgotten))
    touch(connection, [account])


def _case_notes(account: str) -> Select[Any]:
    """What was written about the answers of an account, in order."""
    return (
        select(case_notes)
        .join(cases, cases.c.row == case_notes.c.case)
        .join(answers, answers.c.record_id == cases.c.answer)
        .where(answers.c.account == account)
        .order_by(case_notes.c.row)
    )


def _of_former_cards(connection: Connection, refs: Sequence[str]) -> Sequence[str]:
    """Accounts that nobody has confirmed, of a till that took a card which had been replaced."""
    return connection.scalars(
        select(accounts.c.ref)
        .distinct()
        .join(cards, cards.c.account == accounts.c.ref)
        .join(former_cards, former_cards.c.key == cards.c.key)
        .where(
            former_cards.c.account.in_(refs), accounts.c.provisional, accounts.c.ref.not_in(refs)
        )
    ).all()


def _names(connection: Connection, account: str) -> Sequence[str]:
    """The account's ref and all that were joined to it."""
    joined = connection.scalars(select(accounts.c.ref).where(accounts.c.joined_into == account))
    return [account, *joined]


def _rows(connection: Connection, query: Any) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(query)]


def _records(
    connection: Connection, refs: Sequence[str], without_effect: Sequence[Telling]
) -> list[dict[str, Any]]:
    """What the tills recorded, with its personal facts, and what was decided about it."""
    query = select(records, attachments.c.content, closings.c.how, closings.c.reason).select_from(
        records.outerjoin(attachments, attachments.c.record == records.c.row).outerjoin(
            closings, closings.c.record == records.c.row
        )
    )
    also = in_parts([each.row.row for each in without_effect])
    conditions = (records.c.account.in_(refs), *(records.c.row.in_(part) for part in also))
    found = {row.row: row for each in conditions for row in connection.execute(query.where(each))}
    rows = [found[row] for row in sorted(found)]
    return [
        {
            "record": row.record_id,
            "state": row.state,
            "code": row.code,
            "body": shown(row.body),
            "personal": None if row.content is None else shown(row.content),
            "decided": None if row.how is None else {"how": row.how, "reason": row.reason},
        }
        for row in rows
    ]

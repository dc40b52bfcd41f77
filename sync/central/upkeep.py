"""The daily job: what is due without anybody at a till, for every account, once for each day.

What is due the pure chores of the programme say (`domain.programme.upkeep`); here it is found out for whom, written,
and told to terminals. How far the job has come stands in the database and moves in the same transaction as what it
wrote, so that a day is done once however often it is interrupted. Days that central was down for are caught up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, func, or_, select, true

from edge_agent.domain.entries import ALWAYS, EntryKind
from edge_agent.domain.member import Standing
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.actions import Birthdays
from edge_agent.domain.programme.lapses import Lapses
from edge_agent.domain.programme.own_rules import OwnRule
from edge_agent.domain.programme.upkeep import DAYS_CAUGHT_UP_MAX, caught_up
from edge_agent.domain.tallies import DAYS_KEPT
from edge_agent.domain.units import Derived, derived, keeps_lots_apart
from sync.central.database import Database, hold, next_change, upsert
from sync.central.facts import account_facts
from sync.central.ledger import (
    NO_LOT,
    OVERDRAFT,
    LedgerEntry,
    append,
    append_many,
    holdings,
    life_of,
    placed,
    touch,
)
from sync.central.programmes import Programmes
from sync.central.risk import OFFLINE_RISK
from sync.central.tables import NO_DAY, accounts, entries, lots, upkeep
from sync.central.times import Clock, stored

BATCH = 500
"""Accounts per commit; many lots expire on one day, and terminals must not wait behind all of them."""

_DAILY = "daily"


@dataclass(frozen=True, slots=True)
class _Progress:
    """Everybody is kept up through `done`; those up to `at` are through `doing`."""

    done: date
    doing: date
    at: str


class Upkeep:
    """Keeps accounts up."""

    def __init__(self, database: Database, programmes: Programmes, clock: Clock) -> None:
        self._database = database
        self._programmes = programmes
        self._clock = clock

    def run(self) -> int:
        """Do every day that has begun and is not done; how many entries that made.

        Without a programme there is no day to go by, and nothing is due.
        """
        written = self._database.transaction(self._mend)
        while True:
            done, finished = self._database.transaction(self._batch)
            written += done
            if finished:
                break
        while self._database.transaction(self._fold_tallies):
            pass
        return written

    def _batch(self, connection: Connection) -> tuple[int, bool]:
        """The next accounts in one transaction; the number of entries, and whether there is nothing left to do."""
        programme = self._programmes.current(connection)
        today = self._programmes.today(connection)
        if programme is None or today is None:
            return 0, True
        progress = _progress(connection, today)
        if progress.done >= today:
            return 0, True
        rows = hold(
            connection,
            select(accounts)
            .where(
                accounts.c.ref > progress.at,
                accounts.c.joined_into.is_(None),
                accounts.c.ref != OFFLINE_RISK,
                accounts.c.standing != Standing.ERASED.value,
                _concerned(programme, progress),
            )
            .order_by(accounts.c.ref)
            .limit(BATCH),
        )
        written = self._keep_up(connection, programme, progress, rows)
        if len(rows) == BATCH:
            progress = _Progress(progress.done, progress.doing, rows[-1].ref)
        else:
            progress = _Progress(progress.doing, progress.doing, "")
        _keep_progress(connection, progress)
        return written, progress.done >= today

    def _keep_up(
        self, connection: Connection, programme: Programme, progress: _Progress, rows: Any
    ) -> int:
        held = holdings(connection, [row.ref for row in rows])
        at = stored(self._clock())
        written = 0
        changed: set[str] = set()
        for row in rows:
            facts = account_facts(row, held.get(row.ref, []), programme)
            birthday = None if row.birthday is None else row.birthday[-len("MM-DD") :]
            after = max(progress.done, date.fromisoformat(row.created_at[:10]) - timedelta(days=1))
            for day, due in caught_up(programme, facts, birthday, after, progress.doing):
                source = f"{upkeep.name}:{day}"
                new = [
                    each
                    for entry in due.entries
                    for each in placed(connection, row.ref, source, entry, day)
                ]
                append(connection, source, at, new)
                changed.update(each.account for each in new)
                written += len(new)
        touch(connection, changed)
        return written

    def _mend(self, connection: Connection) -> int:
        """Lots that are over and below nothing: what a return took back after the points had lapsed is given again,
        and what was used before stays owed, as a debt that does not lapse."""
        today = self._programmes.today(connection)
        if today is None:
            return 0
        found = {row.account for row in connection.execute(_below_nothing(today))}
        if not found:
            return 0
        ordered = select(accounts.c.ref).order_by(accounts.c.ref)
        hold(connection, ordered.where(accounts.c.ref.in_(found)))
        rows = connection.execute(_below_nothing(today).where(lots.c.account.in_(found))).all()
        run = f"mend:{next_change(connection)}"
        new = [entry for row in rows for entry in _mending(row)]
        append_many(
            connection,
            stored(self._clock()),
            [(run, ordinal, entry) for ordinal, entry in enumerate(new)],
        )
        touch(connection, [each.account for each in new])
        return len(new)

    def _fold_tallies(self, connection: Connection) -> bool:
        """Days of tallies that no window reaches any more become one row without a day; whether there may be more."""
        today = self._programmes.today(connection)
        return today is not None and _fold(connection, today - timedelta(days=DAYS_KEPT))


def _concerned(programme: Programme, progress: _Progress) -> ColumnElement[bool]:
    """For which accounts anything can be due: everybody, unless all there is are lapsing lots and birthdays."""
    chores = {type(chore) for chore in programme.chores}
    days = (progress.doing - progress.done).days
    if not chores <= {Lapses, Birthdays} or days > DAYS_CAUGHT_UP_MAX:
        return true()
    lapsed = accounts.c.ref.in_(
        select(lots.c.account).where(
            lots.c.expires_on != NO_DAY,
            lots.c.expires_on < progress.doing.isoformat(),
            lots.c.quantity > 0,
        )
    )
    dates = {
        (progress.doing - timedelta(days=back)).isoformat()[-len("MM-DD") :] for back in range(days)
    }
    if "02-28" in dates:
        dates.add("02-29")
    born = func.substr(accounts.c.birthday, len("YYYY-") + 1)
    return or_(lapsed, born.in_(sorted(dates)))


def _progress(connection: Connection, today: date) -> _Progress:
    """How far the job is; at first everybody is kept up through yesterday."""
    row = connection.execute(select(upkeep).where(upkeep.c.name == _DAILY)).one_or_none()
    if row is None:
        return _Progress(today - timedelta(days=1), today, "")
    done, doing = date.fromisoformat(row.done), date.fromisoformat(row.doing)
    return _Progress(done, doing if done < doing else today, row.at)


def _keep_progress(connection: Connection, progress: _Progress) -> None:
    now = {
        "done": progress.done.isoformat(),
        "doing": progress.doing.isoformat(),
        "at": progress.at,
    }
    statement = upsert(connection, upkeep).values(name=_DAILY, **now)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=now))


def _below_nothing(today: date) -> Any:
    """Lots that are over and below nothing, with what lapsing had taken from them."""
    lapsed = (
        select(func.coalesce(-func.sum(entries.c.quantity), 0))
        .where(
            entries.c.lot == lots.c.lot,
            entries.c.account == lots.c.account,
            entries.c.unit == lots.c.unit,
            entries.c.expires_on == lots.c.expires_on,
            entries.c.matures_on == lots.c.matures_on,
            entries.c.day == lots.c.day,
            entries.c.kind == EntryKind.EXPIRE.value,
        )
        .scalar_subquery()
    )
    return select(lots, lapsed.label("lapsed")).where(
        lots.c.expires_on != NO_DAY,
        lots.c.expires_on < today.isoformat(),
        lots.c.quantity < 0,
    )


def _mending(row: Any) -> Iterator[LedgerEntry]:
    """Bring one lot to nothing: by what had lapsed of it, and by moving the rest to where it is owed."""
    kind, life = EntryKind.EXPIRE, life_of(row)
    again = min(-row.quantity, max(0, int(row.lapsed)))
    owed = -row.quantity - again
    if again:
        yield LedgerEntry(
            row.account, kind, row.unit, again, row.lot, life, OwnRule.GIVEN_AGAIN.value
        )
    if owed and not keeps_lots_apart(row.unit):
        yield LedgerEntry(row.account, kind, row.unit, owed, row.lot, life, OwnRule.OWED.value)
        yield LedgerEntry(row.account, kind, row.unit, -owed, OVERDRAFT, ALWAYS, OwnRule.OWED.value)


def _fold(connection: Connection, before: date) -> bool:
    """Fold some rows; whether there may be more.

    The last day on which a tally counted anything stays however old it is: points that live from one purchase to the
    next end so long after it.
    """
    later = lots.alias()
    is_old = (
        lots.c.unit.startswith(derived(Derived.COUNT, ""), autoescape=True),
        lots.c.day != NO_DAY,
        lots.c.day < before.isoformat(),
        exists().where(
            later.c.account == lots.c.account,
            later.c.unit == lots.c.unit,
            later.c.day > lots.c.day,
            later.c.quantity > 0,
        ),
    )
    rows = hold(connection, select(lots).where(*is_old).limit(BATCH))
    for row in rows:
        key = {
            "account": row.account,
            "unit": row.unit,
            "lot": NO_LOT,
            "expires_on": row.expires_on,
            "matures_on": row.matures_on,
        }
        statement = upsert(connection, lots).values(**key, day=NO_DAY, quantity=row.quantity)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[*key, "day"],
                set_={"quantity": lots.c.quantity + statement.excluded.quantity},
            )
        )
        connection.execute(
            delete(lots).where(
                *(lots.c[name] == value for name, value in key.items()), lots.c.day == row.day
            )
        )
    return len(rows) == BATCH

"""Redeeming online: central sets points aside for one redemption at one terminal, until that charges it or lets go.

Nothing is given back by central's own clock. What a terminal did not use ends when the terminal says that it lets go of
it; when the terminal's position has passed the time up to which it could be charged; or with the terminal itself.
"""

from datetime import timedelta

from sqlalchemy import Connection, func, select

from edge_agent.domain.member import Standing
from sync.central import holds
from sync.central.accounts import Accounts
from sync.central.changes import applied_position
from sync.central.database import Database, hold
from sync.central.epochs import CLONED, REVOKED
from sync.central.holds import HoldKind
from sync.central.ledger import lots_in, usable_on
from sync.central.problems import Problem
from sync.central.programmes import Programmes
from sync.central.tables import accounts, terminals
from sync.central.tables import holds as holds_table
from sync.central.times import Clock, stored
from sync.wire import (
    AuthorisationAnswer,
    AuthorisationCode,
    AuthorisationMessage,
    ReleaseAnswer,
    ReleaseMessage,
    TillReport,
)

AUTHORISATIONS_PER_TERMINAL_MAX = 1_000
"""Open at a time; a busy till has a few. A till that never charges what it reserved must not reserve everything."""

ASKED_SINCE = "asked-since"
"""A question that was held up on its way, while the till gave up and asked again: nobody waits for its answer."""

AHEAD_MAX = timedelta(days=1)
"""What is set aside for a till whose clock runs ahead is free when its clock, put right, has got there: after a day at
most, which is also what clocks may differ by before one of them is called wrong. Tills ask for half an hour."""


class Authorising:
    """Sets points aside, and ends what is set aside."""

    def __init__(
        self, database: Database, known: Accounts, programmes: Programmes, clock: Clock
    ) -> None:
        self._database = database
        self._accounts = known
        self._programmes = programmes
        self._clock = clock

    def authorise(self, message: AuthorisationMessage) -> AuthorisationAnswer:
        """Set aside as much as is asked for and there, if that is enough; the terminal has been authenticated."""
        return self._database.transaction(lambda connection: self._authorise(connection, message))

    def _authorise(
        self, connection: Connection, message: AuthorisationMessage
    ) -> AuthorisationAnswer:
        if message.until > self._clock() + AHEAD_MAX:
            return _refused(message, AuthorisationCode.CLOCK_WRONG)
        account = self._accounts.resolve(connection, message.account)
        standing = _held_standing(connection, account)
        if account is None or standing is not Standing.KNOWN:
            is_blocked = standing in {Standing.BLOCKED, Standing.ERASED}
            code = AuthorisationCode.BLOCKED if is_blocked else AuthorisationCode.UNKNOWN_ACCOUNT
            return _refused(message, code)
        terminal, redemption_id, asked = message.terminal, message.redemption_id, message.asked
        if asked is not None and holds.was_asked_since(connection, terminal, redemption_id, asked):
            raise Problem(409, ASKED_SINCE, "This redemption was asked for again since.")
        _check_at_work(connection, terminal)
        if self._open(connection, message.terminal) >= AUTHORISATIONS_PER_TERMINAL_MAX:
            return _refused(message, AuthorisationCode.TOO_MANY)
        holds.let_go(connection, message.terminal, [message.redemption_id])
        free = max(0, self._free(connection, account, message.unit) - message.unheld)
        granted = min(message.quantity, free)
        if granted < message.least:
            return _refused(message, AuthorisationCode.NOT_ENOUGH, free)
        holds.set_aside(
            connection,
            HoldKind.AUTHORISATION,
            account,
            message.terminal,
            message.redemption_id,
            message.unit,
            granted,
            stored(message.until),
            stored(self._clock()),
            asked,
        )
        return AuthorisationAnswer(
            redemption_id=message.redemption_id, quantity=granted, spendable=free
        )

    def _open(self, connection: Connection, terminal: str) -> int:
        """How many authorisations a terminal has."""
        query = select(func.count()).where(
            holds_table.c.terminal == terminal,
            holds_table.c.kind == HoldKind.AUTHORISATION.value,
        )
        return connection.scalar(query) or 0

    def _free(self, connection: Connection, account: str, unit: str) -> int:
        """What can be used today and is not set aside."""
        day = self._programmes.today(connection) or self._clock().date()
        there = usable_on(lots_in(connection, account, unit), day)
        return there - holds.held(connection, account).get(unit, 0)

    def release(self, message: ReleaseMessage) -> ReleaseAnswer:
        """The terminal will not charge these: what was set aside for them is free again."""
        with self._database.write() as connection:
            released = holds.let_go(
                connection, message.terminal, message.redemption_ids, before=message.asked
            )
        return ReleaseAnswer(released=released)

    def note_position(self, terminal: str, epoch: str | None, report: TillReport) -> int:
        """End what the terminal can no longer use by its own word, once all that it recorded until then is posted.

        How many authorisations and allowances ended.
        """
        if report.time is None or report.last_seq is None or epoch is None:
            return 0
        time = stored(report.time)
        with self._database.read() as connection:
            earliest = connection.scalar(
                select(func.min(holds_table.c.until)).where(holds_table.c.terminal == terminal)
            )
            if earliest is None or earliest >= time:
                return 0
            if applied_position(connection, terminal, epoch) < report.last_seq:
                return 0
        with self._database.write() as connection:
            return holds.end_before(connection, terminal, time)


def _held_standing(connection: Connection, account: str | None) -> Standing | None:
    """The standing of an account that nobody posts to or sets aside of until this transaction ends."""
    rows = hold(connection, select(accounts.c.standing).where(accounts.c.ref == account))
    return Standing(rows[0].standing) if rows else None


def _check_at_work(connection: Connection, terminal: str) -> None:
    """Raises a problem for a terminal that was shut out since it was let in: nobody would ever end what it got."""
    of_terminal = select(terminals.c.revoked_at, terminals.c.quarantined_at)
    for row in hold(connection, of_terminal.where(terminals.c.terminal == terminal)):
        if row.revoked_at is not None:
            raise Problem(403, REVOKED, "This terminal was revoked.")
        if row.quarantined_at is not None:
            raise Problem(403, CLONED, "Two machines speak as this terminal.")


def _refused(
    message: AuthorisationMessage, code: AuthorisationCode, spendable: int = 0
) -> AuthorisationAnswer:
    return AuthorisationAnswer(
        redemption_id=message.redemption_id, quantity=0, code=code, spendable=spendable
    )

"""What is set aside of accounts: authorisations of redemptions, and allowances. All within the caller's transaction.

For every account and unit, what is set aside is at most what can be used: who sets aside looks at both in one
transaction, and a record that nobody set anything aside for leaves alone what is set aside for others. Returns and
corrections are not asked, and nor is the calendar: what they take away is gone, whoever it was set aside for.
"""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import Connection, delete, func, or_, select, update

from edge_agent.domain.redeemed import AuthorisedBy
from sync.central.bodies import BodyRedeemed
from sync.central.database import in_parts, next_change, upsert
from sync.central.tables import holds, terminals


class HoldKind(StrEnum):
    """Why something is set aside."""

    AUTHORISATION = "authorisation"
    ALLOWANCE = "allowance"


_KEY = ("account", "terminal", "kind", "hold_id")


def held(connection: Connection, account: str) -> dict[str, int]:
    """What is set aside of an account, by unit."""
    rows = connection.execute(
        select(holds.c.unit, func.sum(holds.c.quantity))
        .where(holds.c.account == account)
        .group_by(holds.c.unit)
    )
    return {unit: int(quantity) for unit, quantity in rows}


def set_aside(
    connection: Connection,
    kind: HoldKind,
    account: str,
    terminal: str,
    hold_id: str,
    unit: str,
    quantity: int,
    until: str,
    at: str,
    asked: int | None = None,
) -> None:
    """Set aside so much, in place of what was under this id before."""
    fresh = {"unit": unit, "quantity": quantity, "until": until, "made_at": at, "asked": asked}
    statement = upsert(connection, holds).values(
        account=account, terminal=terminal, kind=kind.value, hold_id=hold_id, **fresh
    )
    connection.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=fresh))
    if kind is HoldKind.ALLOWANCE:
        note_allowances(connection, terminal)


def use(
    connection: Connection, account: str, terminal: str, redeemed: Sequence[BodyRedeemed]
) -> bool:
    """A record charges these redemptions: what was set aside for them is not set aside any more.

    Whether an allowance is less than before; the caller has `note_allowances` to call.
    """
    if not redeemed:
        return False
    let_go(connection, terminal, [each.id for each in redeemed], account)
    used: dict[str, int] = {}
    for each in redeemed:
        if each.authorised_by == AuthorisedBy.ALLOWANCE:
            used[each.unit] = used.get(each.unit, 0) + each.quantity
    mine = (
        holds.c.account == account,
        holds.c.terminal == terminal,
        holds.c.kind == HoldKind.ALLOWANCE.value,
    )
    for unit, quantity in used.items():
        connection.execute(
            update(holds)
            .where(*mine, holds.c.hold_id == unit)
            .values(quantity=holds.c.quantity - quantity)
        )
    if used:
        connection.execute(delete(holds).where(*mine, holds.c.quantity <= 0))
    return bool(used)


def was_asked_since(connection: Connection, terminal: str, redemption_id: str, asked: int) -> bool:
    """Whether something is set aside for this redemption that was asked for after the question with that number."""
    query = select(holds.c.hold_id).where(
        holds.c.terminal == terminal,
        holds.c.kind == HoldKind.AUTHORISATION.value,
        holds.c.hold_id == redemption_id,
        holds.c.asked > asked,
    )
    return connection.scalar(query.limit(1)) is not None


def let_go(
    connection: Connection,
    terminal: str,
    redemption_ids: Sequence[str],
    account: str | None = None,
    before: int | None = None,
) -> int:
    """End the terminal's authorisations with these ids (of one account, or of any; asked for before that question, or
    whenever); how many there were."""
    query = delete(holds).where(
        holds.c.terminal == terminal,
        holds.c.kind == HoldKind.AUTHORISATION.value,
    )
    if account is not None:
        query = query.where(holds.c.account == account)
    if before is not None:
        query = query.where(or_(holds.c.asked.is_(None), holds.c.asked < before))
    return sum(
        connection.execute(query.where(holds.c.hold_id.in_(part))).rowcount
        for part in in_parts(redemption_ids)
    )


def end_before(connection: Connection, terminal: str, time: str) -> int:
    """End whatever this terminal did not use before `time` (its own, as stored); how much that was."""
    return _end(connection, terminal, time)


def end_all(connection: Connection, terminal: str) -> int:
    """End everything that is set aside for a terminal that will never use it."""
    return _end(connection, terminal, None)


def _end(connection: Connection, terminal: str, before: str | None) -> int:
    which = [holds.c.terminal == terminal]
    if before is not None:
        which.append(holds.c.until < before)
    kinds = connection.scalars(select(holds.c.kind).where(*which)).all()
    connection.execute(delete(holds).where(*which))
    if HoldKind.ALLOWANCE in kinds:
        note_allowances(connection, terminal)
    return len(kinds)


def move(connection: Connection, account: str, into: str) -> None:
    """What is set aside of an account that becomes another name of `into` is set aside of that."""
    rows = connection.execute(select(holds).where(holds.c.account == account)).all()
    if not rows:
        return
    connection.execute(delete(holds).where(holds.c.account == account))
    statement = upsert(connection, holds)
    both = statement.on_conflict_do_update(
        index_elements=_KEY, set_={"quantity": holds.c.quantity + statement.excluded.quantity}
    )
    connection.execute(both, [{**row._mapping, "account": into} for row in rows])
    for terminal in {row.terminal for row in rows}:
        note_allowances(connection, terminal)


def note_allowances(connection: Connection, terminal: str) -> None:
    """Let a terminal hear that its allowances are not what they were. Takes a counter, so it comes last."""
    connection.execute(
        update(terminals)
        .where(terminals.c.terminal == terminal)
        .values(allowances_change=next_change(connection))
    )

"""Terminals: known by a key that they made, and enrolled with a one-time code."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, func, select, update

from sync.central import epochs, holds
from sync.central.database import Database, next_change, upsert
from sync.central.keys import hashed, new_code
from sync.central.problems import Problem, not_found
from sync.central.tables import chains, checkpoints, programmes, records, terminal_keys, terminals
from sync.central.times import Clock, stored
from sync.signing import key_id_of
from sync.wire import (
    NO_REPORT,
    EnrolmentAnswer,
    EnrolmentMessage,
    ProgrammeReport,
    RecordState,
)

CONTACT_EVERY_S = 10
"""Last contact is shown to people in minutes; writing it at every request would double the transactions."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


OWN_TERMINAL = "central:desk"
"""As which central writes records of its own. No terminal can be called that: a colon is in no name."""


def terminal_name(store: str, till: str) -> str:
    """How a terminal is called in records; raises a problem naming the bad part."""
    errors = [
        {"path": path, "message": "must be 1-64 of letters, digits, dot, dash, underscore"}
        for path, value in (("store", store), ("till", till))
        if not _NAME.fullmatch(value)
    ]
    if errors:
        raise Problem(422, "invalid", "This is no name of a store or till.", errors=errors)
    return f"{store}/{till}"


class TerminalName(BaseModel):
    """Which terminal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str
    till: str


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """A code to type at the terminal; shown once and stored hashed."""

    terminal: str
    code: str
    expires_at: str


class NotTold(Problem):
    """A terminal is told nothing."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(403, code, detail)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that a terminal was enrolled with. `ended`: the terminal was revoked, or enrolled again with another."""

    terminal: str
    public_key: bytes
    ended: bool
    quarantined: bool
    last_contact: str | None

    def refusal(self) -> NotTold | None:
        """Why whoever signs with it is told nothing; None where they are."""
        if self.ended:
            return NotTold(epochs.REVOKED, "This terminal was revoked, or enrolled elsewhere.")
        if self.quarantined:
            detail = "Two machines speak as this terminal; one has to be another."
            return NotTold(epochs.CLONED, detail)
        return None


@dataclass(frozen=True, slots=True)
class TillKeys:
    """What every till is given: the key that cards are hashed with, and the public one that central signs with."""

    card_key: bytes
    central_key: bytes


class Terminals:
    """Adds, enrols, recognises and revokes terminals."""

    def __init__(
        self, database: Database, till_keys: TillKeys, clock: Clock, code_lives: timedelta
    ) -> None:
        self._database = database
        self._till_keys = till_keys
        self._clock = clock
        self._code_lives = code_lives

    def add(self, store: str, till: str) -> OneTimeCode:
        """A new code for a terminal, known or not; a code that it had before ends."""
        terminal = terminal_name(store, till)
        code = new_code()
        now = self._clock()
        expires_at = stored(now + self._code_lives)
        fresh = {"code_hash": hashed(code), "code_expires_at": expires_at}
        with self._database.write() as connection:
            statement = upsert(connection, terminals).values(
                terminal=terminal, store=store, till=till, created_at=stored(now), **fresh
            )
            connection.execute(
                statement.on_conflict_do_update(index_elements=["terminal"], set_=fresh)
            )
        return OneTimeCode(terminal, code, expires_at)

    def enrol(self, message: EnrolmentMessage) -> EnrolmentAnswer:
        """Exchange a code for being known by a key. The code is used up; a key that the terminal had before ends, with
        what is set aside for whoever has it, and so does a quarantine."""
        terminal = terminal_name(message.store, message.till)
        now = stored(self._clock())

        def work(connection: Connection) -> None:
            used = connection.execute(
                update(terminals)
                .where(
                    terminals.c.terminal == terminal,
                    terminals.c.code_hash == hashed(message.code),
                    terminals.c.code_expires_at > now,
                )
                .values(
                    code_hash=None,
                    code_expires_at=None,
                    enrolled_at=now,
                    revoked_at=None,
                    last_contact=now,
                )
            )
            if used.rowcount != 1:
                raise Problem(
                    403,
                    "code-refused",
                    "The code is wrong, used, too old, or for another terminal; ask for a new one.",
                )
            epochs.open_again(connection, terminal)
            _end_keys(connection, terminal, now)
            _begin_key(connection, terminal, bytes.fromhex(message.public_key), now)

        self._database.transaction(work)
        return EnrolmentAnswer(
            terminal=terminal,
            card_key=self._till_keys.card_key.hex(),
            central_key=self._till_keys.central_key.hex(),
        )

    def key(self, key_id: str) -> KnownKey | None:
        """The key that a terminal signs with, current or not."""
        with self._database.read() as connection:
            return known_key(connection, key_id)

    def note_programme(self, terminal: str, report: ProgrammeReport) -> None:
        """Keep which programme applies at a terminal, and which it refused, until another one applies there.

        A till that was started again has forgotten what it refused, and nothing has become better by that.
        """
        with self._database.read() as connection:
            row = connection.execute(
                select(terminals).where(terminals.c.terminal == terminal)
            ).one_or_none()
        if row is None or report == NO_REPORT:
            return
        refused, reason = report.refused, report.reason
        if refused is None and report.programme == row.programme:
            refused, reason = row.refused, row.refused_reason
        if (row.programme, row.refused, row.refused_reason) == (report.programme, refused, reason):
            return
        with self._database.write() as connection:
            connection.execute(
                update(terminals)
                .where(terminals.c.terminal == terminal)
                .values(programme=report.programme, refused=refused, refused_reason=reason)
            )

    def revoke(self, store: str, till: str) -> None:
        """End a terminal's key and code, and what is set aside for it; what it sent stays."""
        terminal = terminal_name(store, till)
        now = stored(self._clock())

        def work(connection: Connection) -> None:
            done = connection.execute(
                update(terminals)
                .where(terminals.c.terminal == terminal)
                .values(code_hash=None, code_expires_at=None, revoked_at=now)
            )
            if done.rowcount != 1:
                raise not_found("terminal")
            _end_keys(connection, terminal, now)

        self._database.transaction(work)

    def release(self, store: str, till: str) -> str:
        """End a terminal's quarantine; returns its name. What was laid aside is not posted by this."""
        terminal = terminal_name(store, till)

        def work(connection: Connection) -> None:
            known = connection.scalar(
                select(terminals.c.terminal).where(terminals.c.terminal == terminal)
            )
            if known is None:
                raise not_found("terminal")
            epochs.open_again(connection, terminal)

        self._database.transaction(work)
        return terminal

    def list(self) -> list[dict[str, Any]]:
        """Every terminal with its journals, by name."""
        with self._database.read() as connection:
            journals = _journals(connection)
            aside = _laid_aside(connection)
            rows = connection.execute(
                select(terminals)
                .where(terminals.c.terminal != OWN_TERMINAL)
                .order_by(terminals.c.terminal)
            ).all()
            versions = _versions(
                connection, {digest for row in rows for digest in (row.programme, row.refused)}
            )
        now = stored(self._clock())
        return [
            {
                "terminal": row.terminal,
                "store": row.store,
                "till": row.till,
                "state": _state(row, now),
                "enrolled_at": row.enrolled_at,
                "revoked_at": row.revoked_at,
                "quarantined_at": row.quarantined_at,
                "laid_aside": aside.get(row.terminal, 0),
                "last_contact": row.last_contact,
                "programme": versions.get(row.programme),
                "refused": None
                if row.refused is None
                else {"programme": versions.get(row.refused), "reason": row.refused_reason},
                "epochs": journals.get(row.terminal, []),
            }
            for row in rows
        ]

    def note_contact(self, terminal: str, last: str | None) -> None:
        """The terminal asked something just now; `last` is when it did before."""
        now = self._clock()
        if last is not None and last > stored(now - timedelta(seconds=CONTACT_EVERY_S)):
            return
        with self._database.write() as connection:
            connection.execute(
                update(terminals)
                .where(terminals.c.terminal == terminal)
                .values(last_contact=stored(now))
            )


def known_key(connection: Connection, key_id: str) -> KnownKey | None:
    """A key that some terminal signs or signed with, as it stands in this transaction."""
    row = connection.execute(
        select(
            terminal_keys.c.terminal,
            terminal_keys.c.public_key,
            terminal_keys.c.ended_at,
            terminals.c.last_contact,
            terminals.c.quarantined_at,
        )
        .join_from(terminal_keys, terminals)
        .where(terminal_keys.c.key_id == key_id)
    ).one_or_none()
    if row is None:
        return None
    return KnownKey(
        row.terminal,
        row.public_key,
        row.ended_at is not None,
        row.quarantined_at is not None,
        row.last_contact,
    )


def _laid_aside(connection: Connection) -> dict[str, int]:
    """How many records of each terminal wait for somebody to look."""
    counted = connection.execute(
        select(records.c.terminal, func.count().label("records"))
        .where(records.c.state == RecordState.PARKED.value, records.c.code == epochs.QUARANTINED)
        .group_by(records.c.terminal)
    )
    return {row.terminal: row.records for row in counted}


def _state(row: Any, now: str) -> str:
    if row.quarantined_at is not None:
        return "two machines"
    if row.revoked_at is not None and row.code_hash is None:
        return "revoked"
    if row.code_hash is not None and row.code_expires_at > now:
        return "waiting for its code"
    return "enrolled" if row.enrolled_at is not None and row.revoked_at is None else "code lapsed"


def _end_keys(connection: Connection, terminal: str, now: str) -> None:
    """With what is set aside for whoever has them; who waits is answered, and told nothing more."""
    connection.execute(
        update(terminal_keys)
        .where(terminal_keys.c.terminal == terminal, terminal_keys.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    holds.end_all(connection, terminal)
    next_change(connection)


def _begin_key(connection: Connection, terminal: str, public_key: bytes, now: str) -> None:
    fresh = {"enrolled_at": now, "ended_at": None}
    statement = upsert(connection, terminal_keys).values(
        key_id=key_id_of(terminal, public_key), terminal=terminal, public_key=public_key, **fresh
    )
    connection.execute(statement.on_conflict_do_update(index_elements=["key_id"], set_=fresh))


def _versions(connection: Connection, digests: set[str | None]) -> dict[str | None, dict[str, Any]]:
    """What is known of these programmes: id and version where they were published here, the digest always."""
    found: dict[str | None, dict[str, Any]] = {
        digest: {"digest": digest, "id": None, "version": None} for digest in digests if digest
    }
    for row in connection.execute(select(programmes).where(programmes.c.digest.in_(found))):
        found[row.digest] = {"digest": row.digest, "id": row.id, "version": row.version}
    return found


def _journals(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    folded = select(chains, checkpoints.c.position).outerjoin(
        checkpoints,
        (checkpoints.c.terminal == chains.c.terminal) & (checkpoints.c.epoch == chains.c.epoch),
    )
    for row in connection.execute(folded.order_by(chains.c.last_at.desc())):
        found.setdefault(row.terminal, []).append(
            {
                "epoch": row.epoch,
                "received": row.received,
                "head": row.head.hex(),
                "begins_after": row.begins_after,
                "closed_by": row.closed_by,
                "folded": row.position,
                "first_at": row.first_at,
                "last_at": row.last_at,
            }
        )
    return found

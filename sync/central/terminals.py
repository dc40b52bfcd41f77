"""Terminals: known by a token that they got for a one-time code."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, select, update

from sync.central import holds
from sync.central.database import Database, upsert
from sync.central.keys import hashed, new_code, new_token
from sync.central.problems import Problem, not_found
from sync.central.tables import chains, programmes, terminals
from sync.central.times import Clock, stored
from sync.wire import NO_REPORT, EnrolmentAnswer, EnrolmentMessage, ProgrammeReport

CONTACT_EVERY_S = 10
"""Last contact is shown to people in minutes; writing it at every request would double the transactions."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


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


class Terminals:
    """Adds, enrols, recognises and revokes terminals."""

    def __init__(
        self, database: Database, card_key: bytes, clock: Clock, code_lives: timedelta
    ) -> None:
        self._database = database
        self._card_key = card_key
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
        """Exchange a code for a token. The code is used up; a token that the terminal had before ends."""
        terminal = terminal_name(message.store, message.till)
        token = new_token()
        now = stored(self._clock())
        with self._database.write() as connection:
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
                    token_hash=hashed(token),
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
        return EnrolmentAnswer(terminal=terminal, token=token, card_key=self._card_key.hex())

    def authenticate(self, token: str | None) -> str:
        """The terminal that a token belongs to; raises a problem for a wrong or revoked one."""
        if not token:
            raise Problem(401, "unauthorised", "A terminal's bearer token is needed.")
        with self._database.read() as connection:
            row = connection.execute(
                select(
                    terminals.c.terminal, terminals.c.revoked_at, terminals.c.last_contact
                ).where(terminals.c.token_hash == hashed(token))
            ).one_or_none()
        if row is None:
            raise Problem(401, "unauthorised", "This token is not known; enrol the terminal again.")
        if row.revoked_at is not None:
            raise Problem(403, "revoked", "This terminal has been revoked.")
        self._note_contact(row.terminal, row.last_contact)
        return str(row.terminal)

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
        """End a terminal's token and code, and what is set aside for it; what it sent stays."""
        with self._database.write() as connection:
            done = connection.execute(
                update(terminals)
                .where(terminals.c.terminal == terminal_name(store, till))
                .values(code_hash=None, code_expires_at=None, revoked_at=stored(self._clock()))
            )
            if done.rowcount != 1:
                raise not_found("terminal")
            holds.end_all(connection, terminal_name(store, till))

    def list(self) -> list[dict[str, Any]]:
        """Every terminal with its journals, by name."""
        with self._database.read() as connection:
            journals = _journals(connection)
            rows = connection.execute(select(terminals).order_by(terminals.c.terminal)).all()
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
                "last_contact": row.last_contact,
                "programme": versions.get(row.programme),
                "refused": None
                if row.refused is None
                else {"programme": versions.get(row.refused), "reason": row.refused_reason},
                "epochs": journals.get(row.terminal, []),
            }
            for row in rows
        ]

    def _note_contact(self, terminal: str, last: str | None) -> None:
        now = self._clock()
        if last is not None and last > stored(now - timedelta(seconds=CONTACT_EVERY_S)):
            return
        with self._database.write() as connection:
            connection.execute(
                update(terminals)
                .where(terminals.c.terminal == terminal)
                .values(last_contact=stored(now))
            )


def _state(row: Any, now: str) -> str:
    if row.revoked_at is not None and row.code_hash is None:
        return "revoked"
    if row.code_hash is not None and row.code_expires_at > now:
        return "waiting for its code"
    return "enrolled" if row.token_hash is not None and row.revoked_at is None else "code lapsed"


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
    for row in connection.execute(select(chains).order_by(chains.c.last_at.desc())):
        found.setdefault(row.terminal, []).append(
            {
                "epoch": row.epoch,
                "received": row.received,
                "head": row.head.hex(),
                "first_at": row.first_at,
                "last_at": row.last_at,
            }
        )
    return found

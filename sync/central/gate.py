"""Who asks: every request on the wire is signed by a terminal's key, and what does not hold is refused and listed."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from flask import Request
from sqlalchemy import Connection

from sync.central.database import Database
from sync.central.problems import Problem
from sync.central.refusals import Refusal, list_refusal
from sync.central.signatures import FindKey, Signed, verified
from sync.central.terminals import KnownKey, NotTold, Terminals, known_key
from sync.central.times import Clock, stored
from sync.wire import EnrolmentMessage

LIST_EVERY_S = 10.0
"""What strangers can make us write: one row per terminal and reason so often. What came between is counted in it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The terminal that signed a request. `ended` says that its key is one no more: it was revoked or replaced."""

    terminal: str
    ended: bool
    _signed: Signed
    _refused: Callable[[str, Problem], None]

    def check_body(self, raw: bytes) -> None:
        """Raises a problem where the bytes are not those that were signed. Before anything is made of them."""
        try:
            self._signed.check_body(raw)
        except Problem as problem:
            self._refused(self.terminal, problem)
            raise

    def refusal(self, connection: Connection) -> NotTold | None:
        """Why the caller is told nothing of this snapshot, though it was let in; None where it is."""
        key = known_key(connection, self._signed.key_id)
        return None if key is None else key.refusal()

    def check_own(self, named: str) -> None:
        """Raises a problem where a message is another terminal's."""
        if named == self.terminal:
            return
        self.refuse(Problem(403, "wrong-terminal", "This is another terminal's than this key's."))

    def refuse(self, problem: Problem) -> NoReturn:
        """List a problem, and raise it."""
        self._refused(self.terminal, problem)
        raise problem


class Gate:
    """Lets requests in. Any thread may use it."""

    def __init__(self, database: Database, terminals: Terminals, clock: Clock) -> None:
        self._terminals = terminals
        self._clock = clock
        self._listing = _Listing(database, clock)

    def uploader(self, request: Request) -> Caller:
        """Whoever signed the request, also with a key that ended: what a till has recorded is always taken."""
        return self._caller(request)[0]

    def _caller(self, request: Request) -> tuple[Caller, KnownKey]:
        known: list[KnownKey] = []

        def find(key_id: str) -> bytes | None:
            key = self._terminals.key(key_id)
            if key is None:
                return None
            known.append(key)
            return key.public_key

        try:
            signed = self._admitted(request, find)
        except Problem as problem:
            self._refused(known[0].terminal if known else None, problem)
            raise
        (key,) = known
        if not key.ended:
            self._terminals.note_contact(key.terminal, key.last_contact)
        return Caller(key.terminal, key.ended, signed, self._refused), key

    def reader(self, request: Request) -> Caller:
        """Whoever signed the request, and may be told things; raises a problem for a key that ended, and for a terminal
        in quarantine."""
        caller, key = self._caller(request)
        refusal = key.refusal()
        if refusal is not None:
            caller.refuse(refusal)
        return caller

    def check_enrolment(self, request: Request, message: EnrolmentMessage, raw: bytes) -> None:
        """Raises a problem unless whoever enrols a key signed with it."""
        try:
            self._admitted(request, lambda _: bytes.fromhex(message.public_key)).check_body(raw)
        except Problem as problem:
            self._refused(None, problem)
            raise

    def _admitted(self, request: Request, find: FindKey) -> Signed:
        signed = verified(request, find)
        signed.check_time(self._clock())
        return signed

    def _refused(self, terminal: str | None, problem: Problem) -> None:
        if terminal is not None:
            self._listing.note(Refusal(terminal, problem.code))


class _Listing:
    """Writes refusals of requests, seldom: an attacker must not make a database busy by being refused."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[Refusal, int] = {}
        self._written: dict[Refusal, float] = {}

    def note(self, refusal: Refusal) -> None:
        """One more; only terminals that exist come here, so that both tables stay small."""
        now = time.monotonic()
        with self._lock:
            times = self._waiting.pop(refusal, 0) + 1
            if now - self._written.get(refusal, -LIST_EVERY_S) < LIST_EVERY_S:
                self._waiting[refusal] = times
                return
            self._written[refusal] = now
        with self._database.write() as connection:
            list_refusal(connection, refusal, stored(self._clock()), times)

"""The programme versions that this till has, and which one applies when."""

import hashlib
from datetime import datetime
from typing import NamedTuple

from edge_agent.domain.programme import Programme, ProgrammeInvalid, load_programme
from edge_agent.errors import NoProgramme
from edge_agent.ledger.ledger import Ledger


class RefusedProgramme(NamedTuple):
    """A version that was not good: the digest of its text, and everything that is wrong with it, a line each."""

    digest: str
    reason: str


class ProgrammeShelf:
    """Every version that was ever good here; a bad one never gets in, so the till runs on the last good one.

    `refused` is the one that was offered last and was not good, until a good one comes.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._programmes: tuple[tuple[Programme, datetime], ...] = ()
        self.refused: RefusedProgramme | None = None
        for text, received_at in ledger.programmes():
            try:
                self._put(load_programme(text, "programme from the ledger"), received_at)
            except ProgrammeInvalid as error:
                # It was good to an earlier version of the agent; the till opens with what is good to this one.
                self.refused = _refused(text, error)

    def _put(self, programme: Programme, received_at: datetime) -> None:
        versions = [*self._programmes, (programme, received_at)]
        # A later version for the same time replaces the earlier one, whatever order they came in.
        versions.sort(key=lambda each: (each[0].valid_from, each[0].version, each[1]))
        self._programmes = tuple(versions)

    def offer(self, text: str, name: str, now: datetime) -> Programme:
        """Check a programme and keep it. Raises ProgrammeInvalid, and then nothing has changed."""
        try:
            programme = load_programme(text, name)
        except ProgrammeInvalid as error:
            self.refused = _refused(text, error)
            raise
        self.refused = None
        if all(each.digest != programme.digest for each, _ in self._programmes):
            self._ledger.keep_programme(
                programme.digest, programme.version, programme.valid_from, text, now
            )
            self._put(programme, now)
        return programme

    def at(self, moment: datetime) -> Programme:
        """The version that applies at `moment`. Raises NoProgramme."""
        for programme, _ in reversed(self._programmes):
            if programme.valid_from <= moment:
                return programme
        raise NoProgramme(
            "no programme applies at that time; central publishes it, or [programme].file names one"
        )

    def by_digest(self, digest: str) -> Programme | None:
        """The version that a record was worked out with."""
        return next((each for each, _ in self._programmes if each.digest == digest), None)

    def current(self, moment: datetime) -> tuple[Programme, datetime] | None:
        """The version that applies at `moment` and when it came; None without one."""
        return next(
            (each for each in reversed(self._programmes) if each[0].valid_from <= moment), None
        )


def _refused(text: str, error: ProgrammeInvalid) -> RefusedProgramme:
    return RefusedProgramme(hashlib.sha256(text.encode()).hexdigest(), str(error))


__all__ = ["ProgrammeInvalid", "ProgrammeShelf"]

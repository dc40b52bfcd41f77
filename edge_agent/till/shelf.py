"""The programme versions that this till has, and which one applies when."""

import hashlib
from datetime import datetime
from typing import NamedTuple

from edge_agent.domain.programme import Programme, ProgrammeInvalid, load_programme
from edge_agent.errors import NoProgramme
from edge_agent.ledger.ledger import KeptProgramme, Ledger


class RefusedProgramme(NamedTuple):
    """A version that was not good: the digest of its text, and everything that is wrong with it, a line each."""

    digest: str
    reason: str


class ProgrammeShelf:
    """Every version that was ever good here; a bad one never gets in, so the till runs on the last good one.

    A version is read when it is first asked for: a till that has had a programme a week for years starts as fast as
    one with a single programme. `refused` is the one that was last found not to be good, until a good one comes.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kept = tuple(sorted(ledger.programmes(), key=_in_force))
        self._read: dict[str, Programme | None] = {}
        self.refused: RefusedProgramme | None = None

    def offer(self, text: str, name: str, now: datetime) -> Programme:
        """Check a programme and keep it. Raises ProgrammeInvalid, and then nothing has changed."""
        try:
            programme = load_programme(text, name)
        except ProgrammeInvalid as error:
            self.refused = _refused(text, error)
            raise
        self.refused = None
        kept = KeptProgramme(programme.digest, programme.version, programme.valid_from, now)
        self._read[kept.digest] = programme
        if all(each.digest != kept.digest for each in self._kept):
            self._ledger.keep_programme(kept, text)
            self._kept = tuple(sorted([*self._kept, kept], key=_in_force))
        return programme

    def at(self, moment: datetime) -> Programme:
        """The version that applies at `moment`. Raises NoProgramme."""
        current = self.current(moment)
        if current is None:
            raise NoProgramme(
                "no programme applies at that time; central publishes it, or [programme].file names one"
            )
        return current[0]

    def by_digest(self, digest: str) -> Programme | None:
        """The version that a record was worked out with."""
        found = next((each for each in self._kept if each.digest == digest), None)
        return None if found is None else self._programme(found)

    def current(self, moment: datetime) -> tuple[Programme, datetime] | None:
        """The version that applies at `moment` and when it came; None without one."""
        for kept in reversed(self._kept):
            if kept.valid_from <= moment:
                programme = self._programme(kept)
                if programme is not None:
                    return programme, kept.received_at
        return None

    def _programme(self, kept: KeptProgramme) -> Programme | None:
        """None for one that was good to an earlier version of the agent and is not to this one."""
        if kept.digest not in self._read:
            text = self._ledger.programme_text(kept.digest)
            try:
                self._read[kept.digest] = load_programme(text, "programme from the ledger")
            except ProgrammeInvalid as error:
                self.refused = _refused(text, error)
                self._read[kept.digest] = None
        return self._read[kept.digest]


def _in_force(kept: KeptProgramme) -> tuple[datetime, int, datetime]:
    """A later version for the same time replaces the earlier one, whatever order they came in."""
    return kept.valid_from, kept.version, kept.received_at


def _refused(text: str, error: ProgrammeInvalid) -> RefusedProgramme:
    return RefusedProgramme(hashlib.sha256(text.encode()).hexdigest(), str(error))


__all__ = ["ProgrammeInvalid", "ProgrammeShelf"]

"""What the till's end of sync asks of others. The ledger satisfies the stores,
`client.CentralClient` the line."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from edge_agent.domain.record import Record
from sync.wire import (
    NO_REPORT,
    Allowance,
    Changes,
    MemberDelta,
    MembersManifest,
    ProgrammeDelta,
    ProgrammeReport,
    RecordsAnswer,
    RecordsMessage,
    SignedPosition,
    StateOfRecord,
    TillReport,
)


class Central(Protocol):
    """The line to central, as one terminal. Every call may raise `errors.CentralError`."""

    @property
    def terminal(self) -> str:
        """The terminal that the identity is for (store/till)."""
        ...

    def send(self, message: RecordsMessage) -> RecordsAnswer:
        """`POST /wire/v1/records`."""
        ...

    def changes(
        self,
        after: int,
        epoch: str,
        wait_s: int,
        report: ProgrammeReport = NO_REPORT,
        members_after: int = 0,
    ) -> Changes:
        """`GET /wire/v1/changes`; central may keep the question for `wait_s` seconds while there is
        nothing new. `report` tells it which programme applies here; members that did not change
        after `members_after` are left out."""
        ...

    def manifest(self) -> MembersManifest:
        """`GET /wire/v1/members`: the members file that central has. Raises MembersFileRefused
        where it is not central that signed it."""
        ...

    def members_part(self, manifest: MembersManifest, start: int) -> bytes:
        """`GET /wire/v1/members/{version}`: some bytes of the packed file, from `start` on; at
        least one. Raises ProtocolError where it is another file."""
        ...


class Line(Central, Protocol):
    """A line that can be cut while another thread waits on it."""

    def cut(self) -> None:
        """End the exchange under way at once; it and all later ones raise `errors.Stopped`. From
        any thread."""
        ...

    def close(self) -> None:
        """Give the connection back. By the thread that used it."""
        ...


class Outbox(Protocol):
    """The journal as sync sees it: what lies after the received position. One thread pushes, any
    may read."""

    @property
    def terminal(self) -> str:
        """This terminal (store/till)."""
        ...

    @property
    def epoch(self) -> str:
        """The random id of this journal, 32 hex digits; another one after `begin_epoch`."""
        ...

    @property
    def begins_after(self) -> int:
        """The last record that belongs to the epoch before; 0 in the first one."""
        ...

    @property
    def follows(self) -> str | None:
        """The epoch before, None in the first one."""
        ...

    def begin_epoch(self, agreed: int) -> None:
        """Begin a new epoch: central holds our records up to `agreed`, and others or none after it.

        Ours after it are put into the new epoch under their numbers, so that they are sent.
        """
        ...

    def note_standing(self, why: str | None) -> None:
        """Keep why central lays aside what we send (an error's code), None where it does not."""
        ...

    def waiting(self, after: int, count_max: int, bytes_max: int) -> Sequence[Record]:
        """Records from `after` + 1 on, in order and without gaps.

        As many as `count_max` and `bytes_max` (of bodies and attachments) allow, but always one if
        there is one. Raises `errors.JournalDamaged` where that cannot be read.
        """
        ...

    def lapse(self, time: datetime) -> None:
        """Central is about to be told that it is `time` here, and lets go of what has lapsed: none of that may ever be
        charged, whatever becomes of the clock. On disk when this returns."""
        ...

    def received(self) -> int:
        """The received position as it was last marked; 0 before the first."""
        ...

    def signed(self) -> SignedPosition | None:
        """The received position with central's signature of it, as they were last marked; None before the first."""
        ...

    def last_seq(self) -> int:
        """The seq of the newest record; 0 when there is none."""
        ...

    def mark_received(self, seq: int, head: bytes | None, signature: bytes | None) -> None:
        """Central holds everything up to `seq`, whose hash there is `head` (None only for 0), and has signed that.

        Lower than before is possible: central came back from a backup; what lies after is then sent
        again. Raises `errors.HeadDiffers`, and marks nothing, where our chain has no such seq or
        another hash.
        """
        ...

    def holds(self, seq: int, head: bytes) -> bool:
        """Whether `head` is the hash of our record `seq`; also where no record of this epoch is before the next."""
        ...

    def keep_states(self, states: Sequence[StateOfRecord]) -> None:
        """Keep what central made of our records. The same state may come any number of times."""
        ...

    def forget(self, accounts: Collection[str]) -> None:
        """Delete what says who it was, of everything that was recorded here for these accounts: they
        were erased. It may be asked for any number of times."""
        ...


@dataclass(frozen=True, slots=True)
class MembersAsOf:
    """Where the members file stands: central's change number, and our seq that its lots hold the
    effect of.

    `applied_seq`, and the `parked` ones up to there whose effect they do not hold, count in `epoch`
    only: to a database of another epoch nothing is applied yet. `as_of` is the time of central's
    snapshot, `member_count` how many members central has. `allowances_change` is the change number
    of this terminal's allowances, `instance` what `after` was told under.
    """

    after: int
    epoch: str
    applied_seq: int
    as_of: datetime
    member_count: int
    parked: tuple[int, ...] = ()
    allowances_change: int = 0
    instance: str | None = None


class MemberUpdate(Protocol):
    """An update under way; nobody else sees any of it before `commit`."""

    def put(self, members: Sequence[MemberDelta]) -> None:
        """Take one page. A member that comes twice: the later one holds."""
        ...

    def put_allowances(self, allowances: Sequence[Allowance]) -> None:
        """Take all allowances of this terminal, in place of those before."""
        ...

    def erased(self) -> Sequence[str]:
        """All refs of everybody who was erased, as it is now: of all, not only of those that were
        put."""
        ...

    def commit(self, position: MembersAsOf) -> None:
        """Let everything be seen, with its position, at once. The last call."""
        ...


class MemberStore(Protocol):
    """Where members are put. One thread updates, any may read meanwhile."""

    def position(self) -> MembersAsOf | None:
        """Where the file stands; None before the first pull."""
        ...

    @property
    def incoming(self) -> Path:
        """A folder of the store's own for a file on its way here; it outlives a restart."""
        ...

    def update(self, base: Path | None = None) -> AbstractContextManager[MemberUpdate]:
        """Begin an update; left without `commit` it leaves no trace.

        With `base`, a members file out of `incoming`, what is there does not count: that file is
        updated, and takes the old one's place at `commit`. It is gone afterwards in any case.
        Raises `errors.MembersFileRefused` where it is no whole members file.
        """
        ...


class ProgrammeStore(Protocol):
    """Where published programmes are put."""

    def offer(self, programme: ProgrammeDelta) -> str | None:
        """Keep it if it loads, and return None; else a sentence why not, and the last good one
        stays."""
        ...

    def report(self) -> TillReport:
        """Which programme applies now, and which was refused since; and the till's time."""
        ...


class Beat(Protocol):
    """The heartbeat of one worker loop, as `edge_agent.health` makes them."""

    def beat(self, next_within_s: float | None = None) -> None:
        """The loop has made progress, and will again within the bound, or within `next_within_s`."""
        ...

    def close(self) -> None:
        """The loop ended by plan."""
        ...


class NoBeat:
    """The heartbeat of a loop that nobody watches."""

    def beat(self, next_within_s: float | None = None) -> None:
        """Nobody hears it."""

    def close(self) -> None:
        """Nobody misses it."""


def unwatched(_name: str, _bound_s: float) -> Beat:
    """Heartbeats where there is nobody to watch them."""
    return NoBeat()

"""What sync asks for, given by the ledger, the members file and the programme shelf.

Sync knows messages and the ledger knows tables; neither knows the other, and only this file knows both.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from edge_agent.clock import Clock
from edge_agent.domain.allowance import Allowance
from edge_agent.domain.members_file import MembersPosition
from edge_agent.domain.programme import ProgrammeInvalid
from edge_agent.domain.record import Record
from edge_agent.errors import RecordDamaged
from edge_agent.ledger.acts import StoredState
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.members import MembersFile, MembersUpdate, NotAMembersFile
from edge_agent.till.authority import CERTAIN_AFTER, LATE_FOR
from edge_agent.till.shelf import ProgrammeShelf
from sync.errors import HeadDiffers, JournalDamaged, MembersFileRefused
from sync.ports import MembersAsOf
from sync.wire import (
    REASON_CHARACTERS_MAX,
    MemberDelta,
    ProgrammeDelta,
    SignedPosition,
    StateOfRecord,
    TillReport,
)
from sync.wire import Allowance as WireAllowance


class LedgerOutbox:
    """The journal as sync sees it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def terminal(self) -> str:
        """This terminal (store/till)."""
        return self._ledger.terminal

    @property
    def epoch(self) -> str:
        """The random id of this journal."""
        return self._ledger.epoch

    @property
    def begins_after(self) -> int:
        """The last record of the epoch before."""
        return self._ledger.identity.begins_after

    @property
    def follows(self) -> str | None:
        """The epoch before."""
        return self._ledger.identity.follows

    def begin_epoch(self, agreed: int) -> None:
        """Begin a new epoch after the last record that central holds as we do."""
        self._ledger.begin_epoch(agreed)

    def note_standing(self, why: str | None) -> None:
        """Keep why central lays aside what we send."""
        if self._ledger.standing() != why:
            self._ledger.note_standing(why)

    def waiting(self, after: int, count_max: int, bytes_max: int) -> Sequence[Record]:
        """Records from `after` + 1 on, in order. Raises JournalDamaged where the first of them is."""
        try:
            return self._ledger.waiting(after, count_max, bytes_max)
        except RecordDamaged as error:
            raise JournalDamaged(str(error)) from error

    def lapse(self, time: datetime) -> None:
        """Let go for good of what is not charged any more at that time."""
        self._ledger.lapse(time - LATE_FOR - CERTAIN_AFTER)

    def received(self) -> int:
        """How far central holds the journal."""
        return self._ledger.received().seq

    def signed(self) -> SignedPosition | None:
        """How far central holds the journal, by its own signature."""
        received, signature = self._ledger.received(), self._ledger.signature()
        if received.seq == 0 or signature is None:
            return None
        return SignedPosition(
            received=received.seq, head=received.hash.hex(), signature=signature.hex()
        )

    def last_seq(self) -> int:
        """The newest record."""
        return self._ledger.head.seq

    def mark_received(self, seq: int, head: bytes | None, signature: bytes | None) -> None:
        """Keep central's word, if its chain is ours. Raises HeadDiffers."""
        ours = self._ledger.hash_at(seq)
        if ours is None or (seq > 0 and ours != head):
            raise HeadDiffers(f"central holds another record {seq} of this terminal than we do")
        if self._ledger.received().seq != seq:
            self._ledger.mark_received(seq, ours, signature)

    def holds(self, seq: int, head: bytes) -> bool:
        """Whether our record has that hash."""
        return self._ledger.hash_at(seq) == head

    def keep_states(self, states: Sequence[StateOfRecord]) -> None:
        """Keep what central made of our records."""
        if states:
            self._ledger.keep_states(
                [StoredState(each.seq, each.state.value, each.code) for each in states]
            )

    def forget(self, accounts: Collection[str]) -> None:
        """Delete what says who it was, of everything that was recorded here for these accounts."""
        self._ledger.forget(accounts)


class MembersUpdating:
    """One update of the members file, in the words of the wire."""

    def __init__(self, update: MembersUpdate, clock: Clock) -> None:
        self._update = update
        self._clock = clock

    def put(self, members: Sequence[MemberDelta]) -> None:
        """Take one page."""
        self._update.put(delta.to_member() for delta in members)

    def put_allowances(self, allowances: Sequence[WireAllowance]) -> None:
        """Take all allowances of this till."""
        self._update.put_allowances(
            Allowance(each.account, each.unit, each.quantity, each.until) for each in allowances
        )

    def erased(self) -> Sequence[str]:
        """All refs of everybody who was erased."""
        return self._update.erased()

    def commit(self, position: MembersAsOf) -> None:
        """Let everything be seen; the snapshot's time also tells how far central's clock is from ours."""
        self._clock.heard_from_central(position.as_of)
        self._update.commit(
            MembersPosition(
                position.after,
                position.epoch,
                position.applied_seq,
                position.as_of,
                position.member_count,
                self._clock.boot,
                position.parked,
                position.allowances_change,
                position.instance or "",
            )
        )


class MembersStore:
    """Where sync puts members."""

    def __init__(self, members: MembersFile, clock: Clock) -> None:
        self._members = members
        self._clock = clock

    def position(self) -> MembersAsOf | None:
        """Where the file stands."""
        position = self._members.position()
        if position is None:
            return None
        return MembersAsOf(
            position.change,
            position.epoch,
            position.applied_seq,
            position.as_of,
            position.member_count,
            position.parked,
            position.allowances_change,
            position.instance or None,
        )

    @property
    def incoming(self) -> Path:
        """Where a file is put that is on its way here."""
        return self._members.incoming

    @contextmanager
    def update(self, base: Path | None = None) -> Iterator[MembersUpdating]:
        """Begin an update, of `base` instead of the current file where one is given."""
        try:
            with self._members.update(base) as update:
                yield MembersUpdating(update, self._clock)
        except NotAMembersFile as error:
            raise MembersFileRefused(f"the members file cannot be used: {error}") from error


class ProgrammeStore:
    """Where sync puts programmes."""

    def __init__(self, shelf: ProgrammeShelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock

    def offer(self, programme: ProgrammeDelta) -> str | None:
        """Keep it if it loads; else say why not."""
        try:
            self._shelf.offer(
                programme.text, f"programme {programme.digest[:12]}", self._clock.now()
            )
        except ProgrammeInvalid as error:
            return str(error)
        return None

    def report(self) -> TillReport:
        """Which version applies now, which was refused, and what time it is here."""
        now = self._clock.now()
        current = self._shelf.current(now)
        refused = self._shelf.refused
        return TillReport(
            time=now,
            programme=None if current is None else current[0].digest,
            refused=None if refused is None else refused.digest,
            reason=None
            if refused is None
            else refused.reason.partition("\n")[0][:REASON_CHARACTERS_MAX],
        )

"""What central does by the wire's rules, in memory: the model that the till's end is tried against."""

import hashlib
import tempfile
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from edge_agent.domain.record import GENESIS, chain_hash
from sync.errors import Conflict, Folded, PositionUnknown
from sync.wire import (
    NO_REPORT,
    AuthorisationAnswer,
    AuthorisationMessage,
    Changes,
    Lot,
    MemberDelta,
    MembersManifest,
    ProgrammeDelta,
    ProgrammeReport,
    RecordsAnswer,
    RecordsMessage,
    RecordState,
    ReleaseAnswer,
    ReleaseMessage,
    StateOfRecord,
)
from tests.support.members_files import manifest_of, packed, write_members_file
from tests.unit.sync.real_till import TERMINAL


@dataclass(slots=True)
class Chain:
    """What is held of one epoch of one terminal."""

    begins_after: int = 0
    hashes: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    closed_by: str | None = None
    folded: int = 0
    """Up to which record nothing but the hash there is kept."""

    @property
    def received(self) -> int:
        """The last record that is held."""
        return self.begins_after + len(self.hashes)

    @property
    def head(self) -> str:
        """The hash of the last record that is held, in hex."""
        return self.hashes[-1] if self.hashes else GENESIS.hex()


class ModelCentral:
    """Takes records, counts their effects, and hands out members; any thread may call it."""

    def __init__(self, page_size: int = 3) -> None:
        self.terminal = TERMINAL
        self.page_size = page_size
        self.chains: dict[tuple[str, str], Chain] = {}
        self.effects: list[str] = []
        """The ids of records that had an effect, each time they had one."""
        self.done: set[str] = set()
        """Those of records that were folded: whatever comes under them again has none."""
        self.messages: list[int] = []
        """How many records each message brought."""
        self.changes_log: list[MemberDelta] = []
        self.programme: tuple[int, ProgrammeDelta] | None = None
        self.report = NO_REPORT
        self.take_at_most = 10**9
        self.authorised: dict[str, int] = {}
        self.asked: dict[str, int] = {}
        """What is set aside, by redemption."""
        self.quarantined: str | None = None
        self.files: dict[int, bytes] = {}
        self.etags: dict[int, str] = {}
        self.parts: list[int] = []
        """Where each part began that was asked for."""
        self.part_bytes = 500
        self.builds = 0
        self.changed = threading.Condition()

    def send(self, message: RecordsMessage) -> RecordsAnswer:
        """Take records: known ones must be the same, new ones must follow; what comes after a gap is not taken."""
        with self.changed:
            self.messages.append(len(message.records))
            chain = self._opened(message)
            states = []
            for record in message.records[: self.take_at_most]:
                held = chain.received
                if record.seq > held + 1:
                    break
                if chain.begins_after < record.seq <= chain.folded:
                    at = bytes.fromhex(chain.hashes[chain.folded - 1 - chain.begins_after])
                    same = [each.seq for each in message.records if each.id in self.done]
                    upto = max(same, default=0)
                    raise Folded("central answered 410 folded", record.seq, chain.folded, at, upto)
                if record.seq <= held:
                    if chain.hashes[record.seq - 1 - chain.begins_after] != record.hash:
                        raise Conflict("central answered 409 record-differs", record.seq)
                else:
                    self._append(chain, record.previous, record.hash, record.body, record.id)
                states.append(StateOfRecord(seq=record.seq, state=RecordState.ACCEPTED))
            self.changed.notify_all()
            return self._answer(chain, tuple(states))

    def _opened(self, message: RecordsMessage) -> Chain:
        key = (message.terminal, message.epoch)
        if key not in self.chains:
            for other in self.chains.values():
                other.closed_by = other.closed_by or message.epoch
            self.chains[key] = Chain(message.begins_after)
        chain = self.chains[key]
        if message.contests is not None and message.contests == chain.closed_by:
            self.quarantined = "cloned"
        return chain

    def _append(self, chain: Chain, previous: str, digest: str, body: str, record_id: str) -> None:
        head = chain.head
        if previous != head or chain_hash(bytes.fromhex(head), body.encode()).hex() != digest:
            raise Conflict("central answered 409 chain-differs")
        chain.hashes.append(digest)
        chain.bodies.append(body)
        if record_id not in self.done:
            self.effects.append(record_id)

    def _answer(self, chain: Chain, states: tuple[StateOfRecord, ...]) -> RecordsAnswer:
        return RecordsAnswer(
            received=chain.received,
            head=chain.head if chain.received else None,
            states=states,
            closed_by=chain.closed_by,
            quarantined=self.quarantined,
        )

    def authorise(self, message: AuthorisationMessage) -> AuthorisationAnswer:
        """Set aside whatever is asked for."""
        with self.changed:
            self.authorised[message.redemption_id] = message.quantity
            self.asked[message.redemption_id] = message.asked or 0
        return AuthorisationAnswer(redemption_id=message.redemption_id, quantity=message.quantity)

    def release(self, message: ReleaseMessage) -> ReleaseAnswer:
        """Let go of what is set aside."""
        with self.changed:
            gone = [
                each
                for each in message.redemption_ids
                if each in self.authorised and self.asked[each] < (message.asked or 0)
            ]
            for each in gone:
                del self.authorised[each]
        return ReleaseAnswer(released=len(gone))

    def fold(self, epoch: str, seq: int) -> None:
        """Keep the records up to `seq` no more, but for the ids of those that had an effect."""
        chain = self.chains[(TERMINAL, epoch)]
        chain.folded = seq
        self.done.update(self.effects[: seq - chain.begins_after])

    def restore(self, epoch: str, seq: int) -> None:
        """Come back from a backup of when `seq` records were held: effects and all."""
        chain = self.chains[(TERMINAL, epoch)]
        chain.folded = min(chain.folded, seq)
        self.done -= set(self.effects[seq:])
        self.effects = self.effects[:seq]
        del chain.hashes[seq:]
        del chain.bodies[seq:]

    def held(self, epoch: str) -> int:
        """How many records of our terminal are held."""
        chain = self.chains.get((TERMINAL, epoch))
        return 0 if chain is None else chain.received

    def closed_by(self, epoch: str) -> str | None:
        """The epoch that our terminal began since."""
        chain = self.chains.get((TERMINAL, epoch))
        return None if chain is None else chain.closed_by

    def set_points(self, ref: str, points: int) -> None:
        """Change a member."""
        lots = (Lot(unit="points", quantity=points),)
        with self.changed:
            self.changes_log.append(MemberDelta(ref=ref, lots=lots))
            self.changed.notify_all()

    def publish(self, text: str, digest: str | None = None) -> None:
        """Publish a programme."""
        right = hashlib.sha256(text.encode()).hexdigest()
        delta = ProgrammeDelta(digest=digest or right, published_at=datetime.now(UTC), text=text)
        with self.changed:
            self.changes_log.append(MemberDelta(ref="-"))
            self.programme = (len(self.changes_log), delta)
            self.changed.notify_all()

    def points(self) -> dict[str, int]:
        """What a till that has everything knows."""
        return {m.ref: sum(lot.quantity for lot in m.lots) for m in self.changes_log}

    def manifest(self) -> MembersManifest:
        """A members file of everything up to now."""
        with self.changed, tempfile.TemporaryDirectory() as folder:
            members = {each.ref: each.to_member() for each in self.changes_log}
            version = len(self.changes_log)
            plain = write_members_file(Path(folder) / "m", members.values(), version).read_bytes()
            self.files[version] = packed(plain)
            self.builds += 1
            made = manifest_of(plain, self.files[version], version, len(members), datetime.now(UTC))
            self.etags[version] = made.packed_sha256
            return made

    def members_part(self, manifest: MembersManifest, start: int) -> bytes:
        """Some bytes of a file."""
        self.parts.append(start)
        return self.files[manifest.version][start : start + self.part_bytes]

    def changes(
        self,
        after: int,
        epoch: str,
        wait_s: int = 0,
        report: ProgrammeReport = NO_REPORT,
        members_after: int = 0,
    ) -> Changes:
        """One page, after waiting for up to `wait_s` for something new."""
        self.report = report
        with self.changed:
            held = self.held(epoch)
            self.changed.wait_for(
                lambda: len(self.changes_log) > after or self.held(epoch) > held, wait_s
            )
            if after > len(self.changes_log):
                raise PositionUnknown("central answered 410")
            start = max(after, members_after)
            page = self.changes_log[start : start + self.page_size]
            end = start + len(page)
            programme = None
            if self.programme is not None and after < self.programme[0] <= end:
                programme = self.programme[1]
            chain = self.chains.get((self.terminal, epoch))
            return Changes(
                next=end,
                more=end < len(self.changes_log),
                as_of=datetime.now(UTC),
                applied_seq=self.held(epoch),
                received=self.held(epoch),
                head=None if chain is None else chain.head,
                closed_by=self.closed_by(epoch),
                member_count=len({m.ref for m in self.changes_log}),
                members=tuple(page),
                programme=programme,
            )
